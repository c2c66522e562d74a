#!/usr/bin/python3
"""Oracle MySQL behind the gate: its two authentication plugins, each way through them.

caching_sha2_password: fast, full by TLS, full by the server's RSA key; sha256_password by TLS and by
RSA. Raw clients name the steps they went through, which must be those of a direct connection, and
so must be every error. Stock clients log in as well. Optional: see private_mysql.py.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import private_mysql
import scenario
import tls_socket
import wire
from encrypted import Encrypted, leg

PASSWORD = "a long p4ssword, with spaces"
PLUGINS = ("caching_sha2_password", "sha256_password")
CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def exclusive_or(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def scrambled(password, salt):
    """caching_sha2_password's answer to a salt."""
    once = sha256(password.encode())
    return exclusive_or(once, sha256(sha256(once), salt)) if password else b""


def sealed(password, salt, key):
    """The password under the server's public key, as both plugins send it without TLS."""
    text = password.encode() + b"\0"
    repeated = (salt * (len(text) // len(salt) + 1))[:len(text)]
    with tempfile.NamedTemporaryFile(prefix="headgate-key-") as file:
        file.write(key)
        file.flush()
        done = subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", file.name,
                               "-pkeyopt", "rsa_padding_mode:oaep"],
                              input=exclusive_or(text, repeated), capture_output=True, check=True)
    return done.stdout


class Login:
    """A client that knows both plugins and writes down what it was asked for."""

    def __init__(self, client, password):
        self.client, self.password = client, password
        self.steps, self.salt, self.plugin = [], b"", ""

    def run(self, user, guess=b"other", database=""):
        """`guess`: the plugin that the login packet names."""
        greeting = self.client.greeting()
        self.plugin, self.salt = guess.decode(), greeting.salt[:20]
        answer = scrambled(self.password, self.salt) if guess.startswith(b"caching") else b""
        self.client.send(1, wire.login_payload(user, answer, database, plugin=guess))
        return self.finish()

    def change_user(self, user):
        self.client.send(0, wire.change_user_payload(user, b""))
        return self.finish()

    def finish(self):
        while True:
            sequence, payload = self.client.read()
            kind, rest = payload[:1], payload[1:]
            if kind == b"\0":
                return [*self.steps, "OK"]
            if kind == b"\xff":
                error = wire.ServerError(payload)
                return [*self.steps, error.code, error.sqlstate, error.text]
            if kind == b"\xfe":
                self.plugin = rest.split(b"\0")[0].decode()
                self.salt = wire.switch_salt(payload)
                self.steps.append(f"switch to {self.plugin}")
                answer = self.first_answer()
            else:
                answer = self.answer_to(rest)
            if answer is not None:
                self.client.send(sequence + 1, answer)

    def first_answer(self):
        if not self.password:
            return b"\0"
        if self.plugin == "sha256_password":
            return self.in_clear() if self.client.tls else b"\x01"
        return scrambled(self.password, self.salt)

    def in_clear(self):
        return self.password.encode() + b"\0"

    def answer_to(self, more):
        """Of "more data": fast, full, or the key that was asked for."""
        if more == b"\x03":
            self.steps.append("fast")
            return None
        if more == b"\x04":
            self.steps.append("full")
            return self.in_clear() if self.client.tls else b"\x02"
        self.steps.append("key")
        return sealed(self.password, self.salt, more)


class OverMysql(Encrypted, scenario.Scenario):
    raw_by_tls = False
    max_connections = 100
    server_options = ()

    @classmethod
    def setUpClass(cls):
        reason = private_mysql.why_not()
        if reason:
            raise unittest.SkipTest(reason)
        cls.make_certificates()
        cls.db = private_mysql.PrivateMysql(cls.max_connections, cls.server_options,
                                            cls.server_pair, cls.authority.certificate).start()
        cls.addClassCleanup(cls.db.stop)
        version, = cls.db.query("SELECT VERSION()")
        print(f"figures MySQL {version[0]}", flush=True)
        cls.make_accounts()

    @classmethod
    def make_accounts(cls):
        cls.db.query("CREATE DATABASE shop")
        for plugin in PLUGINS:
            name = plugin.split("_")[0]
            for user, more in ((name, ""), (f"{name}_strict", " REQUIRE SSL"),
                               (f"{name}_locked", " ACCOUNT LOCK"),
                               (f"{name}_expired", " PASSWORD EXPIRE")):
                cls.db.query(f"CREATE USER {user}@'%%' IDENTIFIED WITH {plugin} BY %s{more}",
                             PASSWORD)
                cls.db.query(f"GRANT ALL ON shop.* TO {user}@'%'")
            cls.db.query(f"CREATE USER {name}_empty@'%' IDENTIFIED WITH {plugin} BY ''")

    def config(self, by_tls=True):
        host, port = self.db.address
        # MySQL takes no PROXY header.
        gate = {"backend": [f"{host}:{port}"], "proxy_to_backend": "off",
                "clients_become_localhost": True, **(self.tls_keys() if by_tls else {})}
        return {"gate": gate, "slots": {"max_connections": self.max_connections},
                "source": {"never_ban": ["127.0.0.0/8"], "exempt": ["127.0.0.0/8"]},
                "login": {"failures": "off", "rate": "off", "per_source": 16}}

    def attempt(self, address, user, tls, password=PASSWORD, forget=False, **options):
        """The steps of one login; with `forget` the server's cache is emptied before."""
        if forget:
            self.db.query("FLUSH PRIVILEGES")
        with wire.Blocking(address, tls=tls) as client:
            return Login(client, password).run(user, **options)

    def alike(self, gate, expected, *words, forget=False, **options):
        options["forget"] = forget
        if not forget:
            self.attempt(self.db.address, *words, **options)  # the server may remember it now
        direct = self.attempt(self.db.address, *words, **options)
        through = self.attempt(gate.address, *words, **options)
        self.assertEqual(direct, through, "direct first, then through the gate")
        self.assertEqual(direct[len(direct) - len(expected):], expected)
        return direct


class Ways:
    """What holds by TLS and without; `tls` are the contexts of the clients."""

    def test_caching_sha2(self):
        for tls in self.tls:
            key = [] if tls else ["key"]
            first = self.alike(self.gate, ["full", *key, "OK"], "caching", tls, forget=True)
            again = self.alike(self.gate, ["fast", "OK"], "caching", tls)
            self.assertEqual((first[0], again[0]), ("switch to caching_sha2_password",) * 2)
            self.figures(str(tls and tls.maximum_version), f"{first}, then {again}")

    def test_caching_sha2_guessed(self):
        """A client that names the right plugin is asked to switch to it all the same."""
        for tls in self.tls:
            for forget in (True, False):
                words = {"guess": b"caching_sha2_password", "forget": forget}
                direct = self.attempt(self.db.address, "caching", tls, **words)
                through = self.attempt(self.gate.address, "caching", tls, **words)
                self.assertEqual(direct, [s for s in through if not s.startswith("switch")])
                self.assertEqual(direct[-1], "OK")

    def test_sha256(self):
        for tls in self.tls:
            key = [] if tls else ["key"]
            self.alike(self.gate, ["switch to sha256_password", *key, "OK"], "sha256", tls)

    def test_empty_password(self):
        for tls in self.tls:
            for user in ("caching_empty", "sha256_empty"):
                self.alike(self.gate, ["OK"], user, tls, password="")

    def test_errors(self):
        for tls in self.tls:
            for name in ("caching", "sha256"):
                for forget in (True, False):
                    for user, password, code in (
                            (name, "wrong", 1045), (name, "", 1045),
                            (f"{name}_locked", PASSWORD, 3118), (f"{name}_locked", "wrong", 1045),
                            (f"{name}_expired", "wrong", 1045), (f"{name}_empty", "given", 1045)):
                        with self.subTest(f"{user} {password} {forget}"):
                            seen = self.alike(self.gate, [], user, tls, password=password,
                                              forget=forget)
                            self.assertIn(code, seen)
            for database, code in (("nowhere", 1044), ("mysql", 1044)):
                self.assertIn(code, self.alike(self.gate, [], "caching", tls,
                                                database=database, forget=True))
            self.assertIn(1045, self.alike(self.gate, [], "nobody9", tls))
        self.all_back(self.gate)

    def test_change_user(self):
        for tls in self.tls:
            for target in ("sha256", "caching"):
                seen = []
                for address in (self.db.address, self.gate.address):
                    self.db.query("FLUSH PRIVILEGES")
                    with wire.Blocking(address, tls=tls) as client:
                        login = Login(client, PASSWORD)
                        login.run("caching")
                        login.steps = []
                        steps = login.change_user(target)
                        seen.append([*steps, client.query_value("SELECT CURRENT_USER()")])
                self.assertEqual(seen[0], seen[1])
                self.assertEqual(seen[0][-2:], ["OK", f"{target}@%"])
        self.all_back(self.gate)


class ByTls(Ways, OverMysql):

    def setUp(self):
        self.gate = self.start_gate(self.config())
        self.tls = [tls_socket.context(self.authority, version) for version in ("1.2", "1.3")]

    def test_legs(self):
        for tls in self.tls:
            with wire.Blocking(self.gate.address, tls=tls) as client:
                self.assertEqual(Login(client, PASSWORD).run("caching")[-1], "OK")
                self.assertEqual(leg(client)[:3], "TLS")

    def test_require_ssl(self):
        for name in ("caching", "sha256"):
            for tls in self.tls:
                self.alike(self.gate, ["OK"], f"{name}_strict", tls)
            refused = self.alike(self.gate, [], f"{name}_strict", False)
            self.assertIn(1045, refused)

    def test_plain_beside(self):
        """A client without TLS has the same gate's plain leg, and the server's RSA key."""
        self.alike(self.gate, ["full", "key", "OK"], "caching", False, forget=True)

    # Stock clients: [who, by TLS?], as each prints it.

    def same(self, name, command, by_tls, **environment):
        """`command(address)` prints the same on either way, with the cache empty and full."""
        seen = []
        for address in (self.db.address, self.gate.address):
            self.db.query("FLUSH PRIVILEGES")
            for _ in range(2):
                done = subprocess.run(command(address), capture_output=True, text=True, timeout=60,
                                      check=False, env={**os.environ, **environment})
                self.assertEqual(done.returncode, 0, f"{name}: {done.stdout} {done.stderr}")
                seen.append(done.stdout.split())
        self.assertEqual(seen, [seen[0]] * 4, name)
        self.assertEqual(seen[0], ["caching@%", "1" if by_tls else "0"], name)
        self.figures(name, f"{'TLS' if by_tls else 'plain'}: full and fast alike")

    WHO = ("SELECT CURRENT_USER(), VARIABLE_VALUE LIKE 'TLS%' FROM performance_schema"
           ".session_status WHERE VARIABLE_NAME = 'Ssl_version'")

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"{tool} is not installed")

    def test_mysql_cli(self):
        """MySQL's own client, from the chroot."""
        ca = self.db.inside / "server-ca.pem"
        for by_tls, words in ((True, ["--ssl-mode=VERIFY_IDENTITY", f"--ssl-ca={ca}"]),
                              (False, ["--ssl-mode=DISABLED", "--get-server-public-key"])):
            self.same("mysql", lambda address: [
                "chroot", self.db.root, "mysql", "--no-defaults", "-N", "-h", address[0], "-P",
                str(address[1]), "-u", "caching", f"-p{PASSWORD}", *words, "-e", self.WHO], by_tls)

    def test_mariadb_cli(self):
        """Its library fetches the key by itself when it has no TLS."""
        ca = [f"--ssl-ca={self.authority.certificate}", "--ssl-verify-server-cert"]
        for by_tls in (True, False):
            self.same("mariadb", lambda address: [
                "mariadb", "--no-defaults", "-N", "-h", address[0], "-P", str(address[1]), "-u",
                "caching", f"-p{PASSWORD}", *(ca if by_tls else ["--skip-ssl"]), "-e", self.WHO],
                      by_tls)

    def test_php(self):
        self.need("php")
        program = ("mysqli_report(MYSQLI_REPORT_STRICT | MYSQLI_REPORT_ERROR); $l = mysqli_init();"
                   "[, $h, $p, $ca, $w, $q] = $argv;"
                   "if ($ca) $l->ssl_set(null, null, $ca, null, null);"
                   "$l->real_connect($h, 'caching', $w, 'shop', (int)$p, null,"
                   " $ca ? MYSQLI_CLIENT_SSL : 0);"
                   "echo implode(' ', $l->query($q)->fetch_row());")
        for ca in (self.authority.certificate, ""):
            self.same("php", lambda address: ["php", "-r", program, "--", address[0],
                                              str(address[1]), ca, PASSWORD, self.WHO], bool(ca))

    def test_node_mysql2(self):
        self.need("node")
        modules = pathlib.Path(os.environ.get("HEADGATE_SCRATCH", private_mysql.ROOT / "build"),
                               "clients", "node", "node_modules")
        if not (modules / "mysql2").exists():
            self.skipTest("npm's mysql2 is not installed yet: test_clients.py does that")
        program = ("const [h, p, ca, w, q] = process.argv.slice(1);"
                   "const ssl = ca ? {ca: require('fs').readFileSync(ca)} : undefined;"
                   "require('mysql2').createConnection({host: h, port: +p, user: 'caching',"
                   " password: w, database: 'shop', ssl}).query({sql: q, rowsAsArray: true},"
                   " (e, r) => { console.log(e ? e.message : r[0].join(' ')); process.exit(0); });")
        for ca in (self.authority.certificate, ""):
            self.same("node-mysql2", lambda address: [
                "node", "-e", program, address[0], str(address[1]), ca, PASSWORD, self.WHO],
                      bool(ca), NODE_PATH=str(modules))

    def test_much(self):
        """Megabytes either way over TLS, DEPRECATE_EOF and all, by MySQL's own client."""
        ca, seen = self.db.inside / "server-ca.pem", []
        script = ("SELECT SHA2(REPEAT('x', 9000000), 256), REPEAT('y', 9000000);"
                  f"SELECT LENGTH('{'z' * 3_000_000}'); PREPARE p FROM 'SELECT ? + 1';"
                  "SET @v = 41; EXECUTE p USING @v; SHOW WARNINGS;")
        for address in (self.db.address, self.gate.address):
            done = subprocess.run(
                ["chroot", self.db.root, "mysql", "--no-defaults", "-N", "-h", address[0], "-P",
                 str(address[1]), "-u", "caching", f"-p{PASSWORD}", "--ssl-mode=VERIFY_CA",
                 f"--ssl-ca={ca}", "--max-allowed-packet=64M", "shop"], input=script.encode(),
                capture_output=True, timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            seen.append((len(done.stdout), hashlib.sha256(done.stdout).hexdigest()))
        self.assertEqual(seen[0], seen[1])
        self.assertGreater(seen[0][0], 9_000_000)


class PlainServer(OverMysql):
    """The client has TLS and the server none: what would need the password in clear fails."""
    server_options = ("--tls-version=",)

    def test_what_works(self):
        gate = self.start_gate(scenario.merged(self.config(),
                                               {"gate": {"backend_plaintext": True}}))
        tls = tls_socket.context(self.authority)
        for user in ("caching", "sha256"):
            seen = self.attempt(gate.address, user, tls, forget=True)
            self.figures(f"{user}, TLS, then plaintext", str(seen))
            self.assertIn(1045, seen)
        self.attempt(self.db.address, "caching", False)  # now the server remembers it
        seen = self.attempt(gate.address, "caching", tls)
        self.assertEqual(seen, ["switch to caching_sha2_password", "fast", "OK"])
        with wire.Blocking(gate.address, tls=tls) as client:
            self.assertEqual(Login(client, PASSWORD).run("caching")[-1], "OK")
            self.assertEqual(client.query_value("SELECT 'in'"), "in")
        self.all_back(gate)


class Plain(Ways, OverMysql):
    """Without TLS in the gate: what the deferral does for MySQL's plugins."""

    def setUp(self):
        self.gate = self.start_gate(self.config(by_tls=False))
        self.tls = [False]


if __name__ == "__main__":
    scenario.main()
