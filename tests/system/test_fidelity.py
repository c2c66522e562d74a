#!/usr/bin/python3
"""A login that fails, fails alike: code, sqlstate and text through the gate are the server's own.

Raw clients from chosen source addresses (the server is told them by PROXY v2) send the same login
to the server and to the gate. What is compared is the whole last packet of the authentication and,
after an OK, who the server says we are. Where the gate differs on purpose the test states the
difference.
"""
import contextlib
import pathlib
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "clients"))

# pylint: disable=wrong-import-position
from raw_login import NEAR, Login, attempt, authenticate, readable, WHO  # noqa: E402
from stage import DATABASE, PASSWORD, USER, Gate, Stage, main, wait_for, wire  # noqa: E402

FAR = "127.9.0.1"
LENENC, EXPIRED_OK = 1 << 21, 1 << 22
# Character sets in which grüße, as UTF-8 writes it and as latin1 does, is no text. No server knows 60;
# what is not known counts as UTF-8.
BIG5 = (1,)
NOT_LATIN1 = (*BIG5, 33, 45, 224, 255, 0, 60)

ACCOUNTS = """
CREATE OR REPLACE USER locked@'%' IDENTIFIED BY 'pw' ACCOUNT LOCK;
CREATE OR REPLACE USER expired@'%' IDENTIFIED BY 'pw' PASSWORD EXPIRE;
CREATE OR REPLACE USER tlsonly@'%' IDENTIFIED BY 'pw' REQUIRE SSL;
CREATE OR REPLACE USER x509only@'%' IDENTIFIED BY 'pw' REQUIRE X509;
CREATE OR REPLACE USER farhost@'127.9.0.0/255.255.0.0' IDENTIFIED BY 'pw';
CREATE OR REPLACE USER nowherehost@'10.99.99.99' IDENTIFIED BY 'pw';
CREATE OR REPLACE USER twice@'%' IDENTIFIED BY 'pw-any';
CREATE OR REPLACE USER twice@'127.9.0.1' IDENTIFIED BY 'pw-far';
CREATE OR REPLACE USER bysocket@'%' IDENTIFIED VIA unix_socket;
CREATE OR REPLACE USER few@'%' IDENTIFIED BY 'pw' WITH MAX_USER_CONNECTIONS 1;
CREATE OR REPLACE USER hourly@'%' IDENTIFIED BY 'pw' WITH MAX_CONNECTIONS_PER_HOUR 2;
CREATE OR REPLACE USER empty@'%';
CREATE OR REPLACE USER 'grüße'@'%' IDENTIFIED BY 'pw';
CREATE OR REPLACE USER everything@'%' IDENTIFIED BY 'pw';
GRANT ALL ON *.* TO everything@'%';
CREATE OR REPLACE ROLE arole;
"""


class Fidelity(Stage):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_sql(ACCOUNTS)
        cls.compared = 0

    def alike(self, expected, **login):
        """Same outcome on both ways, and it begins like `expected` (a code, or "OK")."""
        login = Login(**login)
        outcome = self.assert_alike(lambda address: attempt(login, address), str(login)[:300])
        self.assertEqual(outcome[1] if outcome[0] == "ERR" else outcome[0], expected, outcome)
        type(self).compared += 1
        return outcome

    def tearDown(self):
        self.figures(self._testMethodName, f"{self.compared} logins alike so far")

    def test_passwords(self):
        for source in (NEAR, FAR):
            self.assertIn(f"carol@{source}|stock",
                          self.alike("OK", database=DATABASE, source=source)[1])
            self.alike("OK", source=source)
            for user in (USER, "nobody", "x", ""):
                self.alike(1045, user=user, password="wrong", source=source)
                self.alike(1045, user=user, password="", source=source)
        self.alike("OK", user="empty", password="")
        self.alike(1045, user="empty", password="given")
        self.assertIn("using password: NO", self.alike(1045, password="")[3])
        self.alike(1045, user="arole", password="")
        self.alike(1045, user="CAROL")

    def test_accounts(self):
        for password in ("pw", "wrong"):
            self.alike(4151 if password == "pw" else 1045, user="locked", password=password)
            self.alike(1045, user="tlsonly", password=password)
            self.alike(1045, user="x509only", password=password)
            self.alike(1045, user="nowherehost", password=password)
            self.alike(1045, user="farhost", password=password, source=NEAR)
            self.alike("OK" if password == "pw" else 1045, user="farhost", password=password,
                       source=FAR)
        who = self.alike("OK", user="twice", password="pw-far", source=FAR)[1]
        self.assertEqual(who.split("|")[0], "twice@127.9.0.1")
        self.alike(1045, user="twice", password="pw-far", source=NEAR)
        self.alike("OK", user="twice", password="pw-any", source=NEAR)
        self.alike(1698, user="bysocket", password="pw")

    def test_expired(self):
        self.alike("OK, then", user="expired", password="pw")
        self.alike(1045, user="expired", password="wrong")
        self.db.query("SET GLOBAL disconnect_on_expired_password = 1")
        try:
            self.alike(1862, user="expired", password="pw")
            self.alike("OK, then", user="expired", password="pw",
                       capabilities=wire.CAPABILITIES | EXPIRED_OK)
        finally:
            self.db.query("SET GLOBAL disconnect_on_expired_password = 0")

    def test_databases(self):
        self.alike(1049, database="nowhere")
        self.alike(1044, database="mysql")
        self.alike(1044, database="not_granted")
        self.alike("OK", database="")
        for length in (64, 65, 200, 300, 1000):
            self.both_alike_any(user="everything", password="pw", database="d" * length)
            self.both_alike_any(database="d" * length)
        self.both_alike_any(user="everything", password="pw", database="sl/a.sh\\es ")
        self.both_alike_any(user="everything", password="pw", database="世界")
        self.broken_name(user="everything", password="pw", database=b"\xff\xfe")
        self.alike(1045, database="nowhere", password="wrong")
        self.alike("OK", database="information_schema")

    def both_alike_any(self, **login):
        """Same outcome, whichever it is."""
        login = Login(**login)
        self.assert_alike(lambda address: attempt(login, address), str(login)[:300])
        type(self).compared += 1

    def broken_name(self, **login):
        """In bytes that are none in its character set: a server makes another name of them, or
        reads those of a set that it does not know in its own."""
        self.assertEqual(attempt(Login(**login), self.gate.address)[:2], ["ERR", 1043])

    def test_users(self):
        for length in (80, 81, 128, 129, 255, 256, 385, 1000):
            self.both_alike_any(user="u" * length)
            self.both_alike_any(user="ü" * (length // 2 + 1))
        # The server cuts any name to fit; the gate keeps none beyond 1 KiB.
        self.assertEqual(attempt(Login("u" * 1025), self.gate.address)[:2], ["ERR", 1043])
        for charset in (8, 33, 45, 63, 1, 28, 13, 224, 255, 0, 60):
            utf8, latin1 = self._reading(charset in BIG5), self._reading(charset in NOT_LATIN1)
            utf8(user="grüße", password="pw", charset=charset)
            latin1(user="grüße".encode("latin1"), password="pw", charset=charset)
            self.both_alike_any(user="geschlüsselt", password="wrong", charset=charset)
        # 17 is "filename", whose escapes could disguise a name: the gate calls it a broken packet.
        self.assertEqual(attempt(Login(charset=17), self.gate.address)[:2], ["ERR", 1043])
        self.both_alike_any(user="quo'te\"\\`", password="x")
        self.both_alike_any(user="'carol'", password=PASSWORD)

    def _reading(self, broken):
        return self.broken_name if broken else self.both_alike_any

    def test_shapes(self):
        """Shorter and longer forms of the login packet."""
        attributes = b"\x0a" + b"\x04_pid" + b"\x041234"
        self.alike("OK", capabilities=wire.CAPABILITIES | LENENC, attributes=attributes)
        self.alike(1045, capabilities=wire.CAPABILITIES | LENENC, attributes=attributes,
                   password="x")
        self.alike("OK", trailing=bytes(50))
        self.alike("OK", plugin=b"no_such_plugin")
        self.alike(1045, plugin=b"no_such_plugin", password="x")
        self.alike("OK", plugin=b"dialog")
        self.alike("OK", plugin=b"mysql_clear_password", raw_answer=None)
        self.alike("OK", plugin=b"")
        self.alike("OK", capabilities=wire.CAPABILITIES & ~wire.LONG_PASSWORD)

    def test_malformed_answers(self):
        """An answer of a length the plugin cannot have: 1043, and never a blocked gate."""
        for length in (1, 19, 21, 32, 250):
            self.alike(1043, raw_answer=b"a" * length)
            # MariaDB calls the same of ed25519 a wrong password; the gate does not pass it on.
            edward = Login("edward", raw_answer=b"a" * length, plugin=b"client_ed25519")
            self.assertEqual(attempt(edward, self.gate.address)[:2], ["ERR", 1043])
        self.both_alike_any(user="edward", raw_answer=b"a" * 64, plugin=b"client_ed25519")

    def test_malformed_packets(self):
        head = struct.pack("<IIB23x", wire.CAPABILITIES, 1 << 24, wire.UTF8MB4)
        for whole in (b"", b"\0", head[:20], head, head + b"carol",
                      head + b"carol\0\x14short", head + b"carol\0\xff" + b"a" * 30):
            self.both_alike_any(whole=whole)
        # Without any answer field: to the gate an empty answer, so the switch asks for the password.
        short = Login(whole=head + b"carol\0")
        self.assertEqual(attempt(short, self.gate.address)[0], "OK")
        wrong = Login(whole=head + b"carol\0", password="wrong")
        self.assertEqual(attempt(wrong, self.gate.address)[:2], ["ERR", 1045])

    def test_without_plugin_auth(self):
        """A client that does not name plugins and answers a switch all the same, as npm's mysql."""
        old = wire.CAPABILITIES & ~wire.PLUGIN_AUTH
        self.alike("OK", capabilities=old, database=DATABASE)
        self.alike(1045, capabilities=old, password="wrong")
        self.alike(1049, capabilities=old, database="nowhere")

    def test_older_than_plugins(self):
        """One that takes the switch for an OK and sends a command: told why, as its answer."""
        login = Login(capabilities=wire.CAPABILITIES & ~wire.PLUGIN_AUTH)
        with wire.Blocking(self.gate.address) as client:
            client.send(1, login.payload(client.greeting().salt))
            self.assertEqual(client.read()[1][:1], b"\xfe")
            client.send(0, b"\x03SELECT 1")
            sequence, payload = client.read()
            error = wire.ServerError(payload)
            self.assertEqual((sequence, error.code, error.sqlstate), (1, 1251, "08004"))
        self.all_back(self.gate)

    def test_change_user(self):
        for user, password, database in (
                (USER, "wrong", ""), (USER, "", ""), ("nobody", "x", ""),
                (USER, PASSWORD, "nowhere"),
                (USER, PASSWORD, "mysql"), ("locked", "pw", ""), ("tlsonly", "pw", ""),
                ("nowherehost", "pw", ""), ("farhost", "pw", ""), ("bysocket", "pw", ""),
                ("u" * 300, "x", ""), (USER, PASSWORD, "d" * 65),
                ("other", "secret-other", "stock2"),
                ("empty", "", ""), (USER, PASSWORD, DATABASE)):
            self.assert_alike(lambda address: self._change(address, user, password, database),
                              f"{user} {password} {database}")
            type(self).compared += 1

    @staticmethod
    def _change(address, user, password, database):
        with wire.Blocking(address) as client:
            greeting = client.login(USER, PASSWORD, DATABASE)
            client.send(0, wire.change_user_payload(user, wire.scramble(password, greeting.salt),
                                                    database))
            try:
                authenticate(client, Login(user, password))
            except wire.ServerError as error:
                return ["ERR", error.code, error.sqlstate, error.text]
            return ["OK", readable(client.query_value(WHO))]

    def test_failed_change_user_closes(self):
        """The server would keep the old user; the gate passes the ERR on and closes."""
        with wire.Blocking(self.gate.address) as client:
            client.login(USER, PASSWORD, DATABASE)
            client.send(0, wire.change_user_payload("other", b"", "stock2"))
            with self.assertRaises(wire.ServerError):
                client.auth("wrong")
            with self.assertRaises((EOFError, ConnectionError)):
                client.query_value("SELECT 1")
        self.all_back(self.gate)

    def test_user_limits(self):
        def second(address):
            self.db.query("FLUSH USER_RESOURCES")
            with wire.Blocking(address) as holder:
                holder.login("few", "pw")
                return attempt(Login("few", "pw"), address)
        self.assertEqual(self.after_quiet(second)[:3], ["ERR", 1226, "42000"])

        def third(address):
            self.db.query("FLUSH USER_RESOURCES")
            return [attempt(Login("hourly", "pw"), address) for _ in range(3)][2]
        self.assertEqual(self.after_quiet(third)[:3], ["ERR", 1226, "42000"])

        def too_many(address):
            with contextlib.ExitStack() as held:
                for _ in range(3):
                    held.enter_context(wire.Blocking(address)).login(USER, PASSWORD)
                return attempt(Login(), address)
        # The server counts an account by it only when the limit was not 0 at its start.
        self.assertEqual(self.after_quiet(too_many)[0], "OK")

    def after_quiet(self, work):
        """assert_alike(), each time with nobody logged in any more."""
        def quietly(address):
            self.all_back(self.gate)
            return work(address)
        return self.assert_alike(quietly)

    def test_backend_full(self):
        """1040 from the server itself, after the login and, with its last slot taken, before it."""
        gate = self.start_gate(self.config(slots={"max_connections": 200, "keep_free": 0}))
        self.db.query("SET GLOBAL max_connections = 10")
        try:
            with contextlib.ExitStack() as held:
                self._fill(held)
                full = ["ERR", 1040, "08004", "Too many connections"]
                # Who was refused last holds the last slot until the server's thread has ended.
                self.assertTrue(wait_for(lambda: attempt(Login(), self.db.address) == full, 20))
                self.assertEqual(attempt(Login(), gate.address), full)
                # The slot beyond the last, kept for administrators: held by one who never logs in.
                self.assertTrue(wait_for(lambda: self._is_greeted(held), 20))
                self.assertEqual(attempt(Login(), self.db.address), full[:2] + ["", full[3]])
                self.assertEqual(attempt(Login(), gate.address), full)
        finally:
            self.db.query(f"SET GLOBAL max_connections = {self.max_connections}")

    def _is_greeted(self, held):
        try:
            return held.enter_context(wire.Blocking(self.db.address)).greeting() is not None
        except wire.ServerError:
            return False

    def _fill(self, held):
        for _ in range(20):
            client = held.enter_context(wire.Blocking(self.db.address))
            try:
                client.login(USER, PASSWORD)
            except wire.ServerError as error:
                self.assertEqual(error.code, 1040)
                return
        self.fail("the server is never full")

    def test_gate_full(self):
        """The gate's own refusal reads like the server's."""
        gate = self.start_gate(self.config(slots={"max_connections": 2, "keep_free": 0},
                                           waiting={"queue": "300ms"}))
        with contextlib.ExitStack() as held:
            for _ in range(2):
                held.enter_context(wire.Blocking(gate.address)).login(USER, PASSWORD)
            start = time.monotonic()
            self.assertEqual(attempt(Login(), gate.address),
                             ["ERR", 1040, "08004", "Too many connections"])
            self.assertLess(time.monotonic() - start, 5)
        self.all_back(gate)

    def test_backend_away(self):
        """A dead backend behind a running gate: 1105, not a hang and not a close."""
        host, _ = self.db.address
        with socket.create_server((host, 0)) as dead:
            port = dead.getsockname()[1]
        gate = Gate(self.config(gate={"backend": [f"{host}:{port}"]})).start(wait=False)
        self.addCleanup(gate.stop)
        deadline = time.monotonic() + 10
        outcome = None
        while time.monotonic() < deadline and outcome is None:
            with contextlib.suppress(ConnectionError):
                outcome = attempt(Login(), gate.address)
            time.sleep(0.05)
        self.assertEqual(outcome and outcome[:2], ["ERR", 1105])


if __name__ == "__main__":
    main()
