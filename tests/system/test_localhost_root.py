#!/usr/bin/python3
"""localhost-root: a remote root never becomes root@localhost, over a unix or a loopback backend."""
import os
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from gate import Gate, binary

REMOTE = "127.9.0.5"  # with local_sources below, not this host
COLLAPSED = {"clients_become_localhost": True, "proxy_to_backend": "off",
             "local_sources": ["127.0.0.1/32"]}
ARMSCII8 = 32
USERS = ("root", "mysql", "mariadb.sys", "debian-sys-maint", "")


def pump(left, right):
    while data := left.recv(4096):
        right.sendall(data)
    right.shutdown(socket.SHUT_WR)


def relay_once(listener, path):
    """What a plain TCP relay that runs as root does with one client."""
    client, _ = listener.accept()
    server = socket.socket(socket.AF_UNIX)
    server.connect(path)
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


class LocalhostRoot(scenario.Scenario):
    db_options = ()

    def gate_to(self, backend, **gate):
        return self.start_gate(self.config(gate={"backend": [backend], **COLLAPSED, **gate}))

    def tcp(self):
        return f"{self.db.host}:{self.db.port}"

    @scenario.needs_root()
    def test_control(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=relay_once, args=(listener, self.db.socket),
                             daemon=True).start()
            with wire.Blocking(listener.getsockname(), REMOTE) as client:
                client.login("root", "", raw_answer=b"")
                self.assertEqual(client.query_value("SELECT CURRENT_USER()"), "root@localhost")

    def refused(self, gate):
        connections, answers = self.db.status("Connections"), set()
        for user in USERS:
            for answer in (b"", b"x" * 20, os.urandom(20)):
                with self.subTest(user=user), wire.Blocking(gate.address, REMOTE) as client:
                    with self.assertRaises(wire.ServerError) as caught:
                        client.login(user, "", raw_answer=answer)
                    answers.add(str(caught.exception))
        self.assertEqual(self.db.status("Connections"), connections, "the server was asked")
        self.assertGreaterEqual(gate.count("passwordless_user"), 3 * len(USERS))
        return answers

    def change_user_refused(self, gate):
        with wire.Blocking(gate.address, REMOTE) as client:
            client.login("weak", "weak-secret", "shop")
            client.send(0, wire.change_user_payload("root", b"", ""))
            with self.assertRaises(wire.ServerError):
                client.auth("", raw_answer=b"")
            with self.assertRaises((EOFError, ConnectionError)):
                client.query_value("SELECT CURRENT_USER()")

    def not_root(self, gate):
        with open(f"/proc/{gate.pid()}/status", encoding="utf8") as status:
            line = next(text for text in status if text.startswith("Uid:"))
        self.assertNotIn("0", line.split()[1:])

    def walk(self, name, backend):
        gate = self.gate_to(backend)
        answers = self.refused(gate)
        self.change_user_refused(gate)
        self.not_root(gate)
        with wire.Blocking(gate.address, REMOTE) as client:
            client.login("app", "app-secret", "shop")
            self.assertEqual(client.query_value("SELECT 1 + 1"), "2")
        self.all_back(gate)
        self.figures(name, f"refused with {sorted(answers)}")

    def test_loopback_backend(self):
        self.walk("loopback", self.tcp())

    def test_unix_backend(self):
        self.walk("unix", f"unix:{self.db.socket}")

    def test_refused_in_observe_mode_too(self):
        self.refused(self.gate_to(f"unix:{self.db.socket}", mode="observe"))

    def test_quoted_in_another_character_set(self):
        """In armscii8 0xFF is a quote, and the server takes quotes off a name: no name of a login."""
        gate, plain = self.gate_to(self.tcp()), wire.login_payload("root")
        quoted = plain[:8] + bytes([ARMSCII8]) + plain[9:].replace(b"root", b"\xffroot\xff")
        with wire.Blocking(gate.address, REMOTE) as client:
            client.greeting()
            client.send(1, quoted)
            with self.assertRaises(wire.ServerError):
                client.auth("", raw_answer=b"")
        self.assertEqual(gate.count("malformed_login"), 1)

    def refuses_to_run(self, words, **gate):
        config = self.config(gate={"backend": [f"unix:{self.db.socket}"], **COLLAPSED, **gate})
        stopped = Gate(config)
        self.addCleanup(stopped.stop, quiet=True)
        stopped.start(wait=False)
        self.assertTrue(scenario.wait_for(lambda: stopped.process.poll() is not None, 10),
                        "it runs")
        self.assertNotEqual(stopped.process.returncode, 0)
        text = stopped.text()
        for word in words:
            self.assertIn(word, text)

    @scenario.needs_root()
    def test_does_not_run_as_root(self):
        self.refuses_to_run(["root"], user="root")

    @scenario.needs_root()
    def test_does_not_run_as_an_account(self):
        self.refuses_to_run(["mysql"], user="mysql")

    def test_needs_the_operators_word(self):
        self.refuses_to_run(["clients_become_localhost"], clients_become_localhost=False)
        config = Gate(self.config(gate={"backend": [self.tcp()], "proxy_to_backend": "off"}))
        self.addCleanup(config.stop, quiet=True)
        status, out, err = config.cli("check", str(config.file), socket_path=False)
        self.assertNotEqual(status, 0, binary())
        self.assertIn("clients_become_localhost", out + err)


if __name__ == "__main__":
    scenario.main()
