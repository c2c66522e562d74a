#!/usr/bin/python3
"""check --live: what it proves of a gate and its server, and what it says when something is wrong."""
import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from gate import Gate, binary, to_toml
from private_mariadb import MONITOR_PASSWORD, PrivateMariadb, free_port

LEVELS = ("ok", "unknown", "warning", "problem")
MARKED = "127.72.71.1"  # where it connects from to be told from the gate


def own_address():
    """One of this host that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))
        return asking.getsockname()[0]


def serve_impostor(listener, heard):
    """Greets as a gate does, and asks every login for the password in clear."""
    low, high = wire.CAPABILITIES & 0xffff, wire.CAPABILITIES >> 16
    greeting = (b"\x0a10.11.6-MariaDB\0" + struct.pack("<I", 0x40000005) + b"saltsalt\0" +
                struct.pack("<HBHHB10x", low, wire.UTF8MB4, 2, high, 21) + b"saltsaltsalt\0" +
                wire.NATIVE + b"\0")
    listener.settimeout(8)
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            peer.settimeout(3)
            try:
                peer.sendall(wire.packet(0, greeting))
                if peer.recv(4096):
                    peer.sendall(wire.packet(2, b"\xfemysql_clear_password\0"))
                    heard.append(peer.recv(4096))
            except OSError:
                pass


class Live(scenario.Scenario):

    def check(self, file, *words, said=None, status=0):
        """The findings, as (level, about, text); asserts the exit status and that no password shows."""
        done = subprocess.run([binary(), "check", "--live", str(file), *words], input=said,
                              stdin=subprocess.DEVNULL if said is None else None,
                              capture_output=True, text=True, timeout=100, check=False)
        out = done.stdout + done.stderr
        self.assertEqual(done.returncode, status, out)
        for password in (MONITOR_PASSWORD, "app-secret", "not-it"):
            self.assertNotIn(password, out)
        self.progress = done.stderr
        self.printed = done.stdout
        lines = [line.split(": ", 2) for line in done.stdout.splitlines()]
        return [tuple(line) for line in lines if len(line) == 3 and line[0] in LEVELS]

    def has(self, findings, level, about, *parts):
        found = [f for f in findings if f[0] == level and f[1] == about and
                 all(part in f[2] for part in parts)]
        self.assertTrue(found, f"no {level}: {about}: {parts} in {findings}")

    def levels(self, findings):
        return {f[0] for f in findings}

    def start_unready(self, config):
        """A gate whose backend or monitor does not come up."""
        gate = Gate(config)
        self.addCleanup(self._end_gate, gate)
        gate.start(wait=False)
        self.assertTrue(scenario.wait_for(lambda: pathlib.Path(gate.socket).exists()))
        return gate

    def other_file(self, gate, config):
        """A file for the same address and admin socket that says something else."""
        config = {**config, "gate": {"listen": [f"{gate.host}:{gate.port}"], "user": "nobody",
                                     **config["gate"]}, "admin": {"socket": gate.socket}}
        file = gate.folder / "other.toml"
        file.write_text(to_toml(config), encoding="utf8")
        return file


class CheckLive(Live):

    def test_all_well(self):
        gate = self.start_gate(self.config(monitor={}))
        found = self.check(gate.file)
        self.figures("all well", self.printed)
        self.assertEqual(self.levels(found), {"ok"}, found)
        self.has(found, "ok", "gate", "it is headgate")
        self.has(found, "ok", "gate", "this file's settings")
        self.has(found, "ok", "login", "USER() headgate@127.0.0.1", "CURRENT_USER() headgate@%",
                 "MariaDB")
        self.has(found, "ok", "identity", "accepts the PROXY header", f"USER() headgate@{MARKED}")
        self.has(found, "ok", "tls", "clients are offered none")
        self.has(found, "ok", "tls", "both legs plain")
        self.has(found, "ok", "monitor", "PROCESS and CONNECTION ADMIN")
        self.has(found, "ok", "server", "skip_name_resolve is on")
        self.has(found, "ok", "bypass", "127.0.0.1")
        for step in ("greeting", "logging in through", "as the monitor"):
            self.assertIn(step, self.progress)
        self.all_back(gate)

    def test_another_account(self):
        gate = self.start_gate(self.config())
        found = self.check(gate.file, "--user", "app", "--password-stdin", said="app-secret\n")
        self.has(found, "ok", "login", '"app" is in')
        self.has(found, "ok", "monitor", "none is set up")
        file = gate.folder / "app.password"
        file.write_text("app-secret\n")
        file.chmod(0o600)
        again = self.check(gate.file, "--user", "app", "--password-file", str(file))
        self.has(again, "ok", "identity", f"app@{MARKED}")
        nobody = self.check(gate.file)
        self.has(nobody, "unknown", "login", "no account was given", "--user NAME")
        self.has(nobody, "unknown", "server", "no login")

    def test_json(self):
        gate = self.start_gate(self.config(monitor={}))
        self.check(gate.file, "--json")
        answer = json.loads(self.printed)
        self.assertTrue(answer["ok"])
        self.assertEqual({f["level"] for f in answer["findings"]}, {"ok"})
        self.assertEqual(set(answer["findings"][0]), {"level", "about", "text", "remedy"})
        self.assertEqual(answer["gate"], f"{gate.host}:{gate.port}")
        self.assertEqual(answer["login"]["user"], "headgate@127.0.0.1")
        self.assertIsNone(answer["tls_login"])
        gate.stop()
        self.check(gate.file if gate.file.exists() else self.down_file(), "--json", status=1)
        self.assertFalse(json.loads(self.printed)["ok"])

    def down_file(self):
        gate = Gate(self.config(monitor={}))
        self.addCleanup(gate.stop)
        return gate.file

    def test_gate_down(self):
        found = self.check(self.down_file(), status=1)
        self.figures("down", self.printed)
        self.has(found, "problem", "gate", "Connection refused", "systemctl status headgate")
        self.has(found, "ok", "monitor", "PROCESS and CONNECTION ADMIN")
        self.assertFalse([f for f in found if f[1] == "login"])

    def test_the_server_itself_at_the_port(self):
        host, port = self.db.address
        found = self.check(self.down_file(), "--connect", f"{host}:{port}", status=1)
        self.has(found, "problem", "gate", "the server itself answers", "not headgate")
        self.has(found, "unknown", "login", "not tried", "instead of the gate")

    def test_from_a_load_balancers_own_address(self):
        gate = self.start_gate(self.config(gate={"proxy_from_clients": ["127.0.0.0/8"]}, monitor={}))
        found = self.check(gate.file)
        self.figures("from the balancer's address", self.printed)
        self.has(found, "ok", "login", '"headgate" is in')
        self.has(found, "ok", "identity", f"USER() headgate@{MARKED}")
        self.assertNotIn("problem", self.levels(found))

    def test_who_wants_the_password_in_clear(self):
        """An impostor with a gate's greeting, on an address that is not loopback."""
        heard = self.heard_by_impostor(own_address())
        self.assertNotIn(b"app-secret", heard)
        self.assertIn(b"app-secret", self.heard_by_impostor("127.0.0.1"), "the impostor works")

    def heard_by_impostor(self, address):
        heard = []
        with socket.create_server((address, 0)) as listener:
            impostor = threading.Thread(target=serve_impostor, args=(listener, heard), daemon=True)
            impostor.start()
            where = "{}:{}".format(*listener.getsockname())
            file = self.down_file()
            subprocess.run([binary(), "check", "--live", str(file), "--connect", where, "--user",
                            "app", "--password-stdin"], input=b"app-secret\n", timeout=100,
                           capture_output=True, check=False)
        impostor.join(5)
        return b"".join(heard)

    def test_identity_collapsed(self):
        plain = {"proxy_to_backend": "off", "clients_become_localhost": True}
        gate = self.start_gate(self.config(gate=plain, monitor={}))
        found = self.check(gate.file)
        self.figures("collapsed", self.printed)
        self.has(found, "warning", "identity", "every client is localhost", MARKED, "identity.md")
        password = {"password_file": str(gate.folder / "monitor.password"), "user": "headgate"}
        file = self.other_file(gate, self.config(monitor=password))
        found = self.check(file, status=1)
        self.figures("collapsed, against the file", self.printed)
        self.has(found, "problem", "identity", "every client is localhost", "run with this file?")
        self.has(found, "problem", "gate", "other settings", "gate.proxy_to_backend",
                 "headgate diff")

    def test_wrong_password(self):
        gate = self.start_gate(self.config())
        found = self.check(gate.file, "--user", "app", "--password-stdin", said="not-it\n",
                           status=1)
        self.figures("wrong password", self.printed)
        self.has(found, "problem", "login", "1045 Access denied for user 'app'@'127.0.0.1'",
                 "is the password right")

    def test_a_monitor_that_lacks_privileges(self):
        self.db.query("CREATE OR REPLACE USER poor@'%' IDENTIFIED BY 'headgate-secret'")
        gate = self.start_unready(self.config(monitor={"user": "poor"}))
        found = self.check(gate.file, status=1)
        self.figures("poor monitor", self.printed)
        self.has(found, "problem", "monitor", "lacks PROCESS and CONNECTION ADMIN",
                 "GRANT PROCESS, CONNECTION ADMIN ON *.* TO 'poor'@'%'")
        self.db.query("GRANT PROCESS ON *.* TO poor@'%'")
        found = self.check(gate.file, status=1)
        self.has(found, "problem", "monitor", "GRANT CONNECTION ADMIN ON *.* TO 'poor'@'%'")
        self.db.query("GRANT CONNECTION ADMIN ON *.* TO poor@'%'")
        self.assertTrue(scenario.wait_for(lambda: gate.status()["monitor"]["up"], 15))
        self.assertEqual(self.levels(self.check(gate.file)), {"ok"})

    def test_a_silent_gate_does_not_hang_it(self):
        with socket.create_server(("127.0.0.1", free_port())) as listener:
            where = "{}:{}".format(*listener.getsockname())
            found = self.check(self.down_file(), "--connect", where, status=1)
        self.has(found, "problem", "gate", "says nothing")

    def test_wrong_usage(self):
        file = self.down_file()
        for words in (("--user", "app"), ("--connect", "nonsense"), ("--password-stdin",),
                      ("--user", "app", "--password-file", "/no/such/file")):
            self.check(file, *words, status=2)
        file.write_text("[gate]\nlisten = 5\n")
        self.check(file, status=2)
        self.assertIn("gate.listen", self.printed)
        done = subprocess.run([binary(), "check", "--user", "app", str(file)], check=False,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, "--user goes with --live alone")


class CheckLiveRefused(Live):
    """A server that takes no PROXY header from this gate, listens on every address and looks names
    up."""

    @classmethod
    def setUpClass(cls):
        cls.db = PrivateMariadb(cls.max_connections, bind="0.0.0.0", name_resolution=True).start()
        cls.addClassCleanup(cls.db.stop)

    def config(self, **over):
        backend = {"backend": [f"127.0.0.1:{self.db.port}"], **over.pop("gate", {})}
        return super().config(gate=backend, **over)

    def test_proxy_refused(self):
        gate = self.start_unready(self.config(monitor={}))
        found = self.check(gate.file, status=1)
        self.figures("proxy refused", self.printed)
        self.has(found, "problem", "monitor", "1130", "proxy_protocol_networks")

    def test_settings_that_defeat_a_gate(self):
        plain = {"proxy_to_backend": "off", "clients_become_localhost": True}
        gate = self.start_gate(self.config(gate=plain, monitor={}))
        found = self.check(gate.file)
        self.figures("settings", self.printed)
        self.has(found, "warning", "server", "skip_name_resolve is off", "after 100 in a row")
        self.has(found, "warning", "bypass", "0.0.0.0", str(self.db.port))
        self.has(found, "warning", "identity", "localhost")


if __name__ == "__main__":
    scenario.main()
