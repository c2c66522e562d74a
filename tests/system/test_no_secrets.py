#!/usr/bin/python3
"""no-secrets: no password, nothing made from one, and no literal of a statement is ever written.

A gate that logs all it can, with relays on both sides that record what goes over the wire. All
kinds of logins, good and bad, then everything that was written while they ran is searched: for the
passwords, their hashes in every stage, and the scrambles that were on the wire. And no core file.
"""
import base64
import contextlib
import hashlib
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid

import pymysql

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import private_mariadb
import scenario
import wire
from gate import Gate, binary
from recorder import Recorder

PLUGIN_DIR = pathlib.Path("/usr/lib/mysql/plugin")
ADMIN_PATHS = ("/status", "/config", "/backends", "/bans", "/digests", "/digests?limit=100",
               "/waiting", "/wire", "/pools")
PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"
LOUD = {"level": "trace", "sample": "10000/s"}


def unusual(name):
    return f"Qx{name}!{uuid.uuid4().hex}~%"


def shapes(data):
    """A secret as somebody might have written it."""
    return {data, data.hex().encode(), data.hex().upper().encode(), base64.b64encode(data),
            base64.b64encode(data).rstrip(b"=")}


def stages(password):
    """All that is made of it: itself, the stages of mysql_native_password, ed25519's seed."""
    data = password.encode()
    once = hashlib.sha1(data).digest()
    out = set()
    for stage in (data, once, hashlib.sha1(once).digest(), hashlib.sha256(data).digest(),
                  hashlib.sha512(data).digest()):
        out |= shapes(stage)
    return out | {repr(password).encode()[1:-1]}


def packets(data):
    """(sequence, payload) of each packet, behind a PROXY v2 header where there is one."""
    data, at = bytes(data), 0
    if data.startswith(PROXY_V2):
        at = 16 + int.from_bytes(data[14:16], "big")
    while at + 4 <= len(data):
        length = int.from_bytes(data[at:at + 3], "little")
        yield data[at + 3], data[at + 4:at + 4 + length]
        at += 4 + length


def auth_answers(connection):
    """What the client's side sent that was made of a password: in the login packet, or behind it."""
    out = set()
    for sequence, payload in packets(connection.up):
        if sequence >= 2 and 16 <= len(payload) <= 256:
            out.add(payload)
        elif sequence == 1 and len(payload) > 40 and b"\0" in payload[32:]:
            user_end = payload.index(b"\0", 32) + 1
            answer = payload[user_end + 1:user_end + 1 + payload[user_end]]
            if len(answer) >= 16:
                out.add(answer)
    return out


def salts(connection):
    """Of the greeting, and of the switches."""
    out = set()
    for sequence, payload in packets(connection.down):
        with contextlib.suppress(Exception):
            if sequence == 0 and payload[:1] == b"\x0a":
                out.add(wire.Greeting(payload).salt)
            elif payload[:1] == b"\xfe" and len(payload) > 20:
                out.add(wire.switch_salt(payload))
    return {salt for salt in out if len(salt) == 20}


class Searched:
    """What was written, by where: files and answers. found() names where a secret is."""

    def __init__(self):
        self.texts = {}

    def add(self, where, data):
        self.texts[where] = data.encode() if isinstance(data, str) else data

    def add_folder(self, folder, skip=()):
        for file in pathlib.Path(folder).rglob("*"):
            if file.is_file() and file not in skip:
                self.add(str(file), file.read_bytes())

    def found(self, secrets):
        return [(where, name) for where, text in self.texts.items()
                for name, shape in secrets if shape in text]


class NoSecrets(scenario.Scenario):

    @classmethod
    def setUpClass(cls):
        options = [*cls.db_options]
        cls.ed25519 = (PLUGIN_DIR / "auth_ed25519.so").exists()
        if cls.ed25519:
            options.append("--plugin-load-add=auth_ed25519")
        cls.db = private_mariadb.PrivateMariadb(cls.max_connections, options).start()
        cls.addClassCleanup(cls.db.stop)
        cls.passwords = {name: unusual(name) for name in (
            "good", "other", "bad", "clear", "prepared", "literal", "monitor", "edwards")}
        p = cls.passwords
        for name in ("good", "other"):
            cls.db.query(f"CREATE USER {name}@'%%' IDENTIFIED BY %s", p[name])
            cls.db.query(f"GRANT ALL ON shop.* TO {name}@'%'")
        cls.db.query("CREATE USER watcher@'%%' IDENTIFIED BY %s", p["monitor"])
        cls.db.query("GRANT PROCESS, CONNECTION ADMIN ON *.* TO watcher@'%'")
        if cls.ed25519:
            cls.db.query("CREATE USER edwards@'%%' IDENTIFIED VIA ed25519 USING PASSWORD(%s)",
                         p["edwards"])

    def loud_gate(self, backend, **over):
        """All that is not exempt is logged and decided; its folder holds nothing else."""
        host, port = backend
        rules = [{"name": "watched", "regex": "(?i)watched", "action": "log"},
                 {"name": "never", "regex": "(?i)forbidden", "action": "refuse"}]
        gate = Gate(self.config(gate={"backend": [f"{host}:{port}"]}, rule=rules, monitor={}, **over))
        self.addCleanup(self._end_gate, gate)
        self.secret_file = gate.folder / "monitor.password"
        self.secret_file.write_text(self.passwords["monitor"] + "\n", encoding="utf8")
        config = gate.file.read_text().replace('user = "headgate"', 'user = "watcher"')
        decisions = gate.run_folder / "decisions.log"
        config += (f'[log]\nlevel = "{LOUD["level"]}"\nsample = "{LOUD["sample"]}"\n'
                   f'decisions = "{decisions}"\n')
        gate.file.write_text(config)
        return gate.start()

    # Logins of every kind; each returns nothing, and what fails is meant to.

    def by_cli(self, address, user, password, sql="SELECT 1"):
        environment = {**os.environ, "MYSQL_PWD": password}
        return subprocess.run(["mariadb", "--no-defaults", f"--host={address[0]}",
                               f"--port={address[1]}", f"--user={user}", "--protocol=tcp", "-e",
                               sql], env=environment, capture_output=True, text=True, check=False)

    def by_pymysql(self, address, user, password, *statements):
        client = pymysql.connect(host=address[0], port=address[1], user=user, password=password,
                                 database="shop")
        try:
            with client.cursor() as cursor:
                for sql in statements:
                    with contextlib.suppress(pymysql.Error):
                        cursor.execute(sql)
        finally:
            client.close()

    def in_clear(self, address, password):
        """A login packet, a switch's answer and a change of user that hold the password itself."""
        clear = password.encode() + b"\0"
        with wire.Blocking(address) as client:
            client.greeting()
            client.send(1, wire.login_payload("good", clear, "shop",
                                              plugin=b"mysql_clear_password"))
            with contextlib.suppress(wire.ServerError, EOFError):
                client.auth("", raw_answer=clear)
        with wire.Blocking(address) as client:
            client.login("good", self.passwords["good"], "shop")
            client.send(0, wire.change_user_payload("other", clear, "shop"))
            with contextlib.suppress(wire.ServerError, EOFError):
                client.auth("", raw_answer=clear)

    def change_user(self, address):
        with wire.Blocking(address) as client:
            client.login("good", self.passwords["good"], "shop")
            client.send(0, wire.change_user_payload("other", b"", "shop"))
            client.auth(self.passwords["other"])
            client.send(0, wire.change_user_payload("good", b"", "shop"))
            with contextlib.suppress(wire.ServerError):
                client.auth(self.passwords["bad"])

    def prepared(self, address, literal):
        with wire.Blocking(address) as client:
            client.login("good", self.passwords["good"], "shop")
            client.send(0, b"\x16" + f"SELECT '{literal}' AS watched".encode())  # COM_STMT_PREPARE
            client.read()

    def literals(self):
        """Statements whose literals are secrets, in the forms that literals have."""
        secret = self.passwords["literal"]
        return [f"SELECT '{secret}' AS watched", f'SELECT "{secret}" AS watched',
                f"SELECT N'{secret}', _utf8mb4'{secret}', x'{secret.encode().hex()}' AS watched",
                f"SELECT 1 FROM forbidden WHERE card = '{secret}'",
                f"SELECT 1 FROM forbidden WHERE card = 0x{secret.encode().hex()}",
                f"SET @watched = '{secret}'", f"SELECT 1 AS watched -- {secret}",
                f"SELECT 1 /* {secret} */ AS watched", f"SELECT 'a\\'{secret}' AS watched",
                f"SELECT 1 FROM forbidden WHERE a = '{secret}",
                f"CREATE USER watched IDENTIFIED BY '{secret}'",
                f"SET PASSWORD FOR watched = PASSWORD('{secret}')"]

    def walk(self, address, gate):
        p = self.passwords
        self.assertEqual(self.by_cli(address, "good", p["good"]).returncode, 0)
        self.assertIn("1045", self.by_cli(address, "good", p["bad"]).stderr)
        self.assertIn("Access denied", self.by_cli(address, "nobody-at-all", p["bad"]).stderr)
        self.by_pymysql(address, "good", p["good"], *self.literals())
        with self.assertRaises(pymysql.Error):
            self.by_pymysql(address, "good", p["bad"])
        if self.ed25519:
            self.assertEqual(self.by_cli(address, "edwards", p["edwards"]).returncode, 0)
            self.assertIn("1045", self.by_cli(address, "edwards", p["bad"]).stderr)
        self.change_user(address)
        self.in_clear(address, p["clear"])
        self.prepared(address, p["prepared"])
        self.live = [self.check_live(gate, "--user", "good", "--password-stdin", said=password)
                     for password in (p["good"], p["bad"])] + [self.check_live(gate)]

    def check_live(self, gate, *words, said=""):
        done = subprocess.run([binary(), "check", "--live", str(gate.file), *words],
                              input=said + "\n", capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def written(self, gate):
        searched = Searched()
        for path in ADMIN_PATHS:
            status, answer = gate.request("GET", path)
            if status == 200:
                searched.add(f"GET {path}", repr(answer) + str(answer))
        for words in (["status"], ["digests"], ["bans"], ["backend"], ["status", "--waiting"]):
            _, out, err = gate.cli(*words)
            searched.add(f"headgate {' '.join(words)}", out + err)
        for i, text in enumerate(self.live):
            searched.add(f"check --live {i}", text)
        for name in ("cmdline", "environ", "comm"):
            searched.add(f"/proc/PID/{name}",
                         pathlib.Path(f"/proc/{gate.pid()}/{name}").read_bytes())
        gate.process.send_signal(signal.SIGTERM)  # which saves the state, and says the last lines
        gate.process.wait(15)
        gate.process = None
        searched.add_folder(gate.folder, skip=(self.secret_file,))
        return searched

    def test_nothing_of_a_password_is_written(self):
        inner = Recorder(self.db.address)
        self.addCleanup(inner.close)
        gate = self.loud_gate(inner.address)
        outer = Recorder(gate.address)
        self.addCleanup(outer.close)
        self.walk(outer.address, gate)
        searched = self.written(gate)

        secrets = [(name, shape) for name, password in self.passwords.items()
                   for shape in stages(password)]
        answers, salt = set(), set()
        for relay in (outer, inner):
            answers_here = set().union(*map(auth_answers, relay.connections))
            salts_here = set().union(*map(salts, relay.connections))
            self.assertGreater(len(answers_here), 10, "a relay recorded no logins")
            self.assertGreater(len(salts_here), 10)
            answers |= answers_here
            salt |= salts_here
        for name, relay in (("good", outer), ("good", inner), ("monitor", inner)):
            self.scramble_was_sent(name, relay)
        for data in answers | salt:
            secrets += [("a scramble or a salt", shape) for shape in shapes(data)]
        sizes = {where.rsplit("/", 1)[-1]: len(text) for where, text in searched.texts.items()}
        self.figures("searched", f"{len(secrets)} shapes in {sizes}")
        self.is_not_vacuous(searched, outer)
        self.assertEqual(searched.found(secrets), [])

    def is_not_vacuous(self, searched, outer):
        """The log and the records do tell of what was done; the wire did carry what is looked for."""
        texts = {where.rsplit("/", 1)[-1]: text for where, text in searched.texts.items()}
        self.assertIn(b"nobody-at-all", texts["decisions.log"] + texts["gate.log"])
        self.assertIn(b"watched", texts["decisions.log"] + texts["gate.log"])
        self.assertGreater(len(texts["state"]), 100)
        self.assertIn(b"from forbidden", texts["digests?limit=100"].lower())
        self.assertEqual(len(self.live), 3)
        up = b"".join(bytes(connection.up) for connection in outer.connections)
        self.assertIn(self.passwords["clear"].encode(), up)

    def scramble_was_sent(self, name, relay):
        """One that is computed here was found where the search takes them from."""
        for connection in relay.connections:
            computed = {wire.scramble(self.passwords[name], salt) for salt in salts(connection)}
            if computed & auth_answers(connection):
                return
        self.fail(f"no scramble of the password of {name} was recorded")

    def test_the_search_finds_what_is_there(self):
        secret = unusual("control")
        once = hashlib.sha1(secret.encode()).digest()
        for text in (secret.encode(), once.hex().encode(), b"*" +
                     hashlib.sha1(once).hexdigest().upper().encode(),
                     base64.b64encode(secret.encode())):
            searched = Searched()
            searched.add("log", b"a line with " + text + b" in it")
            secrets = [("it", shape) for shape in stages(secret)]
            self.assertTrue(searched.found(secrets), text)


@unittest.skipIf(os.environ.get("HEADGATE_SANITIZED"), "a sanitizer takes the signal for a finding")
class NoCore(scenario.Scenario):
    """A core file would hold all that passes through."""

    def started(self, *arguments):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-core-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o777)
        before = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        try:
            gate = Gate(self.config())
            self.addCleanup(self._end_gate, gate)
            gate.start(arguments=arguments, cwd=str(folder))
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, before)
        return gate, folder

    def crash(self, gate, folder):
        gate.process.send_signal(signal.SIGSEGV)
        self.assertEqual(gate.process.wait(20), -signal.SIGSEGV)
        gate.process = None
        return [file.name for file in folder.iterdir()]

    def core_limit(self, gate):
        text = pathlib.Path(f"/proc/{gate.pid()}/limits").read_text()
        return next(line for line in text.splitlines() if "core file" in line).split()[4:6]

    @scenario.needs_root()
    def test_none_by_itself(self):
        gate, folder = self.started()
        self.assertEqual(self.core_limit(gate), ["0", "0"])
        # What is not dumpable belongs to root (proc(5)), whoever runs it: prctl(2).
        self.assertEqual(os.stat(f"/proc/{gate.pid()}/environ").st_uid, 0)
        self.assertEqual(self.crash(gate, folder), [])

    @scenario.needs_root()
    def test_one_where_it_is_asked_for(self):
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
        if pattern.startswith(("|", "/", "@")):
            self.skipTest(f"core files go elsewhere here: {pattern}")
        if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
            self.skipTest("no core file may be written here (ulimit -Hc)")
        gate, folder = self.started("--core-dumps")
        self.assertNotEqual(self.core_limit(gate)[0], "0")
        self.assertIn("--core-dumps", gate.text())
        self.assertNotEqual(self.crash(gate, folder), [], "the control: here a core file is written")


if __name__ == "__main__":
    scenario.main()
