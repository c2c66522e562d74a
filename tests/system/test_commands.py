#!/usr/bin/python3
"""Single commands whose meaning the gate has to know: KILL by the id it gave out, statistics, and
every way in which a connection ends."""
import pathlib
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "clients"))

# pylint: disable=wrong-import-position
import rawsql  # noqa: E402
from rawsql import Raw, command, query  # noqa: E402
from stage import DATABASE, PASSWORD, USER, Stage, main, wait_for  # noqa: E402

INTERRUPTED = [1317, "70100", "Query execution was interrupted"]
OUR_RANGE = 0x40000000


class Base(Stage):

    def setUp(self):
        super().setUp()
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.sock.close()
        self.all_back(self.gate)

    def login(self, address, capabilities=rawsql.CLASSIC, user=USER, password=PASSWORD):
        """A client that is closed at the test's end, if not before."""
        self.clients.append(Raw(address, user, password, DATABASE, capabilities))
        return self.clients[-1]

    def running(self, marker):
        return self.db.query("SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                             "WHERE INFO LIKE %s AND ID <> CONNECTION_ID()", f"%{marker}%")[0][0]


class Kill(Base):
    """The client knows the gate's id of a connection, the server another one."""

    def sleeper(self, address, marker):
        victim = self.login(address)
        victim.ask(query(f"SELECT SLEEP(30) AS {marker}"))
        self.assertTrue(wait_for(lambda: self.running(marker)), marker)
        return victim

    def last_word(self, victim):
        """The ERR that ends the victim's result, or "closed"."""
        while True:
            outcome = victim.outcome()
            if outcome == "closed" or isinstance(outcome, list):
                return outcome

    def test_ids(self):
        ids = [self.login(self.gate.address).our_id for _ in range(5)]
        self.assertEqual(len(set(ids)), 5)
        self.assertTrue(all(OUR_RANGE <= one < 1 << 31 for one in ids), ids)

    def test_forms(self):
        """Every way to write a KILL of a connection by the id its greeting carried."""
        forms = ["KILL {}", "KILL QUERY {}", "kill query {};", "Kill  Hard\tConnection {} ;  ",
                 "KILL SOFT QUERY {}", "/* c */ KILL /* d */ QUERY {} -- e",
                 "\n kill\nconnection\n{}\n",
                 "KILL HARD {}", "# first\nKILL QUERY {}", None]
        for capabilities in (rawsql.CLASSIC, rawsql.MODERN):
            for number, form in enumerate(forms):
                with self.subTest(form=form):
                    seen = self.assert_alike(
                        lambda address: self.kill_by(address, form, f"f{number}x", capabilities),
                        form)
                    self.assertEqual(seen[0], "OK", f"{form}: {seen}")
                    if form and "query" in form.lower():
                        self.assertEqual(seen[1], INTERRUPTED)
                    self.assertTrue(seen[2], "the victim slept on")
        self.figures("KILL", f"{len(forms)} forms alike, each ended its victim")

    def kill_by(self, address, form, marker, capabilities):
        victim = self.sleeper(address, marker)
        watcher = self.login(address, capabilities)
        start = time.monotonic()
        if form is None:
            watcher.ask(command(rawsql.COM_PROCESS_KILL, struct.pack("<I", victim.our_id)))
        else:
            watcher.ask(query(form.format(victim.our_id)))
        answer, end = watcher.outcome(), self.last_word(victim)
        return [answer, end, time.monotonic() - start < 8]

    def test_victim_of_kill_query_lives_on(self):
        victim = self.sleeper(self.gate.address, "lives")
        self.login(self.gate.address).ask(query(f"KILL QUERY {victim.our_id}"))
        self.assertEqual(self.last_word(victim), INTERRUPTED)
        self.assertEqual(victim.query_value("SELECT 'alive'"), "alive")

    def test_idle_victim_of_kill_is_closed(self):
        def work(address):
            victim = self.login(address)
            watcher = self.login(address)
            watcher.ask(query(f"KILL {victim.our_id}"))
            return [watcher.outcome(), victim.until_closed()]
        self.assertEqual(self.assert_alike(work)[0], "OK")

    def test_gone(self):
        """An id that was ours and is no more: 1094, with the number the client wrote."""
        gone = self.login(self.gate.address)
        gone.ask(command(rawsql.COM_QUIT))
        gone.until_closed()
        self.all_back(self.gate)
        client = self.login(self.gate.address)
        for ask in (query(f"KILL QUERY {gone.our_id}"), query(f"KILL {gone.our_id}"),
                    query(f"KILL {OUR_RANGE + 12345678}"),
                    command(rawsql.COM_PROCESS_KILL, struct.pack("<I", gone.our_id))):
            client.ask(ask)
            code, state, text = client.outcome()
            self.assertEqual((code, state), (1094, "HY000"))
            self.assertRegex(text, r"^Unknown thread id: \d+$")
            self.assertIn(re.search(r"\d+", text)[0], (str(gone.our_id), str(OUR_RANGE + 12345678)))
        self.assertEqual(client.query_value("SELECT 7"), "7")

    def test_server_ids_pass(self):
        """SELECT CONNECTION_ID() gives the id of the server: a KILL of that passes as it is."""
        def work(address):
            victim = self.login(address)
            server_id = victim.query_value("SELECT CONNECTION_ID()")
            watcher = self.login(address)
            watcher.ask(query(f"KILL {server_id}"))
            answers = [watcher.outcome(), victim.until_closed()["bytes"] >= 0]
            watcher.ask(query("KILL QUERY 4000000"))
            return answers + [watcher.outcome()]
        self.assertEqual(self.assert_alike(work),
                         ["OK", True, [1094, "HY000", "Unknown thread id: 4000000"]])

    def test_not_mine(self):
        """Somebody else's connection stays safe: 1095, and nothing was killed."""
        def work(address):
            victim = self.login(address, user="other", password="secret-other")
            watcher = self.login(address)
            watcher.ask(query(f"KILL {victim.our_id}"))
            code, state, text = watcher.outcome()
            return [code, state, re.sub(r"\d+", "N", text), victim.query_value("SELECT 'safe'")]
        self.assertEqual(self.assert_alike(work),
                         [1095, "HY000", "You are not owner of thread N", "safe"])

    def test_text_that_is_no_kill(self):
        """A live id of ours inside other text is data, and a failing form fails alike."""
        def work(address):
            live = self.login(address).our_id
            client = self.login(address, rawsql.CLASSIC)
            echoed = client.query_value(f"SELECT 'KILL QUERY {live}'") == f"KILL QUERY {live}"
            seen = [echoed]
            for text in ("KILL", "KILL QUERY", "KILL x", "KILL QUERY 0", "KILLER 5",
                         "KILL QUERY ID 99999999", "KILL USER nobody",
                         "KILL 18446744073709551616", "KILL -1", "KILL 1 2"):
                client.ask(query(text))
                seen.append(client.outcome())
            return seen
        self.assertTrue(self.assert_alike(work)[0])


class Ends(Base):
    """However a connection ends on one side, it ends on the other, with the same last bytes."""

    def test_client_half_close(self):
        """What was asked for before the client's FIN is still answered."""
        for sql in ("SELECT 'short'", "SELECT REPEAT(MD5(seq), 320) FROM seq_1_to_2000"):
            def work(address):
                client = self.login(address)
                client.ask(query(sql))
                client.sock.shutdown(socket.SHUT_WR)
                return client.until_closed()
            self.assertGreater(self.assert_alike(work, sql)["bytes"], 20)

    def test_quit(self):
        self.assert_alike(lambda address: self.login(address).stream(b""), "COM_QUIT")

    def test_client_vanishes(self):
        """A reset in the middle of a result ends the server's thread too."""
        for address in (self.db.address, self.gate.address):
            client = self.login(address)
            client.ask(query("SELECT REPEAT(MD5(seq), 320) FROM seq_1_to_20000 /* reset */"))
            client.exactly(100000)
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sock.close()
            self.assertTrue(wait_for(lambda: not self.db.sessions(), 10), self.db.sessions())

    def test_idle_client_vanishes(self):
        self.login(self.gate.address).sock.close()
        self.assertTrue(wait_for(lambda: not self.db.sessions(), 5), self.db.sessions())

    def test_wait_timeout(self):
        """The server gives up on an idle client: the client is closed too, and in time."""
        def work(address):
            client = self.login(address)
            client.ask(query("SET SESSION wait_timeout = 1"))
            self.assertEqual(client.outcome(), "OK")
            start = time.monotonic()
            return [client.until_closed(), time.monotonic() - start < 6]
        self.assertTrue(self.assert_alike(work)[1])

    def test_server_closes_after_an_error(self):
        """A packet beyond max_allowed_packet: the server says so and closes."""
        def work(address):
            client = self.login(address)
            client.sock.sendall(b"\xff\xff\xff\x00\x03" + b"SELECT 1;" * 100)
            client.sock.shutdown(socket.SHUT_WR)
            return client.until_closed()
        self.assert_alike(work, "truncated packet")

    def test_too_large(self):
        self.db.query("SET GLOBAL max_allowed_packet = 1048576")
        try:
            for address in (self.db.address, self.gate.address):
                client = self.login(address)
                # The server closes with the rest unread: its ERR may be lost to the reset.
                seen = client.stream(query("SELECT 1 /*" + "x" * 2000000 + "*/"))
                self.assertIn(seen["head"][10:14], ("", "8104"))
        finally:
            self.db.query("SET GLOBAL max_allowed_packet = 134217728")

    def test_wrong_sequence(self):
        def work(address):
            client = self.login(address)
            client.send(5, b"\x03SELECT 1")
            return client.until_closed()
        self.assert_alike(work, "wrong sequence")

    def test_server_stops(self):
        """The server's own goodbye reaches clients; the gate lets go of every slot."""
        clients = [self.login(self.gate.address) for _ in range(5)]
        self.db.query("SELECT 1")
        for server_id, user, _ in self.db.sessions():
            self.assertEqual(user, USER)
            self.db.query(f"KILL {server_id}")
        ends = [client.until_closed()["bytes"] for client in clients]
        self.assertEqual(len(set(ends)), 1, ends)


class Single(Base):

    def test_statistics(self):
        """A bare string, no OK around it."""
        def work(address):
            client = self.login(address)
            client.ask(command(rawsql.COM_STATISTICS))
            sequence, text = client.read()
            return [sequence, re.sub(rb"[\d.]+", b"N", text), client.query_value("SELECT 1")]
        self.assertIn(b"Uptime: N", self.assert_alike(work)[1])

    def test_unanswered(self):
        """COM_STMT_CLOSE and COM_STMT_SEND_LONG_DATA alone: silence, then the next answer."""
        def work(address):
            client = self.login(address)
            client.ask(command(rawsql.COM_STMT_CLOSE, struct.pack("<I", 77)),
                       command(rawsql.COM_STMT_SEND_LONG_DATA, struct.pack("<IH", 77, 0) + b"x"))
            client.sock.settimeout(0.3)
            try:
                seen = client.sock.recv(100)
            except TimeoutError:
                seen = b""
            client.sock.settimeout(10)
            return [seen, client.query_value("SELECT 3")]
        self.assertEqual(self.assert_alike(work), [b"", "3"])

    def test_unusual_commands(self):
        """Whatever the code, the answer is the server's."""
        for code in (0x00, 0x05, 0x06, 0x07, 0x08, 0x0b, 0x0d, 0x0f, 0x10, 0x12, 0x14, 0x15,
                     0x1d, 0x1e, 0x50, 0xF9, rawsql.COM_STMT_BULK_EXECUTE, 0xFF):
            with self.subTest(code=hex(code)):
                self.assert_alike(
                    lambda address: self.login(address).stream(
                        command(code, b"\1\0\0\0\0\0\0\0") + query("SELECT 'then'")), hex(code))

    def test_forbidden_commands(self):
        """What the gate cannot follow it answers itself, as a server that does not know it, and
        closes: COM_CLONE, COM_MULTI."""
        for code in (0x20, rawsql.COM_MULTI):
            seen = self.login(self.gate.address).stream(command(code, b"x") + query("SELECT 1"))
            error = bytes.fromhex(seen["head"])
            self.assertEqual(error, b"\x18\0\0\1\xff\x17\x04#08S01Unknown command")

    def test_two_talk_at_once(self):
        """Sessions do not mix: many connections, each with its own answer."""
        seen, clients = [], [self.login(self.gate.address) for _ in range(20)]

        def talk(number):
            for i in range(50):
                seen.append(clients[number].query_value(f"SELECT '{number}-{i}-{'x' * 100}'") ==
                            f"{number}-{i}-{'x' * 100}")
        threads = [threading.Thread(target=talk, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual((len(seen), all(seen)), (1000, True))


if __name__ == "__main__":
    main()
