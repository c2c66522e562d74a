#!/usr/bin/python3
"""TLS on both legs or on none: what the server says of its leg, what the client's library of its.

Accounts that insist on TLS, clients that go away in the middle, sessions that are resumed, and what
an idle session costs.
"""
import pathlib
import re
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import tls_socket
import wire
from encrypted import Encrypted, asks_all_the_same, leg

MEMORY = ("Private_Clean", "Private_Dirty")


class Legs(Encrypted, scenario.Scenario):

    def test_both_by_tls(self):
        gate = self.start_gate()
        for version in ("1.2", "1.3"):
            context = tls_socket.context(self.authority, version)
            client = self.client(gate.address, tls=context)
            self.assertEqual(client.sock.version(), f"TLSv{version}")
            self.assertEqual(client.sock.fingerprint(), self.gate_pair.fingerprint())
            self.assertEqual(leg(client)[:3], "TLS")
            self.assertNotEqual(leg(client, "Ssl_cipher"), "")
            self.figures(version, f"front {client.sock.version()}, back {leg(client)} "
                         f"{leg(client, 'Ssl_cipher')}")
            self.assertEqual(client.query_value("SELECT USER()"), "app@127.0.0.1")

    def test_the_server_is_another_one(self):
        """Without the gate the certificate is the server's own: the two can be told apart."""
        client = self.client(self.db.address)
        self.assertEqual(client.sock.fingerprint(), self.server_pair.fingerprint())

    def test_both_plain(self):
        gate = self.start_gate()
        client = self.client(gate.address, tls=False)
        self.assertEqual((leg(client), leg(client, "Ssl_cipher")), ("", ""))

    def test_offered(self):
        """The greeting says what the gate does, whatever the server offers."""
        for mode, offered in (("terminate", True), ("off", False)):
            keys = self.tls_keys() if offered else {}
            gate = self.start_gate(scenario.Scenario.config(self, gate=keys))
            with wire.Blocking(gate.address) as client:
                self.assertEqual(bool(client.greeting().capabilities & wire.SSL), offered, mode)
        with wire.Blocking(gate.address) as client:
            self.assertIn("TLS is not offered", asks_all_the_same(client)[2])
        self.assertEqual(gate.count("tls_not_offered"), 1)

    def test_require_ssl(self):
        self.db.query("CREATE OR REPLACE USER strict@'%' IDENTIFIED BY 'strict-secret' REQUIRE SSL")
        self.db.query("GRANT ALL ON shop.* TO strict@'%'")
        gate = self.start_gate()
        for address in (self.db.address, gate.address):
            client = self.client(address, "strict")
            self.assertEqual(client.query_value("SELECT CURRENT_USER()"), "strict@%")
        plain = [self.heard(address, "strict", tls=False)
                 for address in (self.db.address, gate.address)]
        self.assertEqual(plain[0][:2], (1045, "28000"))
        self.assertEqual(plain[0], plain[1])

    def test_require_x509(self):
        """The client's certificate ends at the gate: such accounts log in directly only."""
        self.db.query("CREATE OR REPLACE USER cert@'%' IDENTIFIED BY 'cert-secret' REQUIRE X509")
        self.db.query("GRANT ALL ON shop.* TO cert@'%'")
        pair = self.authority.issue("cert", client=True)
        context = tls_socket.context(self.authority, pair=pair)
        gate = self.start_gate(self.config(gate={"client_certificates": "optional",
                                                 "client_ca": self.authority.certificate}))
        self.client(self.db.address, "cert", tls=context)
        self.assertEqual(self.heard(gate.address, "cert", tls=context)[:2], (1045, "28000"))

    def test_leaves_in_the_middle_of_a_result(self):
        gate = self.start_gate()
        for way in ("reset", "fin", "goodbye", "both"):
            for _ in range(5):
                client = self.client(gate.address, "weak")
                client.send(0, b"\x03SELECT REPEAT(MD5(seq), 3200) FROM seq_1_to_2000")
                client.exactly(100000)
                self.leave(client.sock, way)
            with self.subTest(way):
                self.all_back(gate)

    @staticmethod
    def leave(sock, way):
        if way == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if way in ("goodbye", "both"):
            sock.raw.sendall(sock.goodbye())
        if way == "both":
            sock.raw.shutdown(socket.SHUT_WR)
        sock.close()

    def test_leaves_while_it_runs(self):
        """The server is not left with a query whose client has gone from behind two TLS legs."""
        gate = self.start_gate()
        for way in ("reset", "fin", "both"):
            client = self.client(gate.address, "weak")
            client.send(0, b"\x03SELECT SLEEP(60) /* left alone */")
            self.assertTrue(scenario.wait_for(lambda: self.db.running("left alone"), 5))
            began = time.monotonic()
            self.leave(client.sock, way)
            self.assertTrue(scenario.wait_for(lambda: not self.db.running("left alone"), 15), way)
            self.figures(f"SLEEP left by {way}", f"ended after {time.monotonic() - began:.1f} s")
        self.all_back(gate)

    def test_leaves_during_login(self):
        """After each step of a login over TLS: no slot stays, at the gate or at the server."""
        gate = self.start_gate()
        for step in ("request", "hello", "handshake", "login", "switch"):
            for way in ("reset", "fin"):
                client = wire.Blocking(gate.address, tls=False)
                self.up_to(client, step)
                if way == "reset":
                    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           struct.pack("ii", 1, 0))
                client.sock.close()
        self.all_back(gate)

    def up_to(self, client, step):
        client.greeting()
        client.sock.sendall(wire.packet(1, wire.ssl_request()))
        if step == "request":
            return
        secure = tls_socket.TlsSocket(client.sock, self.by_tls)
        if step == "hello":
            client.sock.sendall(secure.hello())
            return
        client.sock = secure.handshake()
        if step == "handshake":
            return
        client.sock.sendall(wire.packet(2, wire.login_payload(
            "app", b"", "shop", wire.CAPABILITIES | wire.SSL, b"other")))
        if step == "switch":
            self.assertEqual(client.read()[1][:1], b"\xfe")

    def test_app(self):
        gate = self.start_gate(self.config(source={"tls_rate": "off"}))
        app = self.encrypted_app(gate.address)
        time.sleep(3)
        report = app.finish()
        self.figures("app over TLS", report.summary())
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(report.opened, 20)
        self.all_back(gate)


class Resumed(Encrypted, scenario.Scenario):
    """Tickets: a client that comes again saves the handshake's signatures."""

    def again(self, gate, version, session):
        """What `openssl s_client` says of two connections: "New" and, with the ticket, "Reused"."""
        said = []
        for option in ("-sess_out", "-sess_in"):
            command = ["openssl", "s_client", "-connect", f"{gate.host}:{gate.port}",
                       "-starttls", "mysql", f"-tls{version.replace('.', '_')}", option, session,
                       "-CAfile", self.authority.certificate, "-verify_return_error"]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT) as client:
                time.sleep(0.7)  # for a ticket of 1.3, which comes behind the handshake
                out = client.communicate(b"Q\n", timeout=20)[0].decode("utf8", "replace")
            said.append(re.search(r"^(New|Reused), ", out, re.MULTILINE))
            self.assertIsNotNone(said[-1], out)
        return [match.group(1) for match in said]

    def test_openssl(self):
        gate = self.start_gate()
        for version in ("1.2", "1.3"):
            session = str(self.authority.folder / f"session-{version}")
            self.assertEqual(self.again(gate, version, session), ["New", "Reused"], version)
        self.all_back(gate)

    def test_then_logs_in(self):
        """The whole login behind a resumed handshake, with client certificates as without."""
        pair = self.authority.issue("guest", client=True)
        for certificates in ("off", "optional"):
            gate = self.start_gate(self.config(gate={"client_certificates": certificates,
                                                     "client_ca": self.authority.certificate}))
            for version in ("1.2", "1.3"):
                context = tls_socket.context(self.authority, version, pair)
                first = self.client(gate.address, tls=context)
                first.query_value("SELECT 1")  # 1.3: the ticket is read by now
                with wire.Blocking(gate.address, tls=False) as client:
                    client.greeting()
                    client.sock.sendall(wire.packet(1, wire.ssl_request()))
                    client.sock = tls_socket.TlsSocket(client.sock, context,
                                                       session=first.sock.tls.session).handshake()
                    self.assertTrue(client.sock.tls.session_reused, f"{certificates} {version}")
                    client.sock.sendall(wire.packet(2, wire.login_payload(
                        "app", b"", "shop", wire.CAPABILITIES | wire.SSL, b"other")))
                    salt = wire.switch_salt(client.read()[1])
                    client.sock.sendall(wire.packet(4, wire.scramble("app-secret", salt)))
                    self.assertEqual(client.read()[1][:1], b"\0")


class Idle(Encrypted, scenario.Scenario):
    max_connections = 620
    COUNT = 500

    def private(self, gate):
        """The gate's own memory, in bytes."""
        text = pathlib.Path(f"/proc/{gate.pid()}/smaps_rollup").read_text(encoding="utf8")
        found = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE))
        return sum(int(found[name]) for name in MEMORY) * 1024

    def test_memory(self):
        """Printed, not judged: it is the library's, and differs from one to the next."""
        cost = {}
        for name, context in (("plain", False), ("TLS 1.2", "1.2"), ("TLS 1.3", "1.3")):
            gate = self.start_gate(self.config(source={
                "connect_rate": "off", "connections": "off", "prefix_connections": "off",
                "tls_rate": "off", "exempt": ["127.0.0.0/8"]}))
            tls = context and tls_socket.context(self.authority, context)
            self.client(gate.address, tls=tls)  # what the first one brings
            before = self.private(gate)
            held = [self.client(gate.address, tls=tls) for _ in range(self.COUNT)]
            time.sleep(1)
            cost[name] = (self.private(gate) - before) / self.COUNT / 1024
            self.assertEqual(held[-1].query_value("SELECT 'here'"), "here")
            for client in held:
                client.sock.close()
        self.figures(f"{self.COUNT} idle sessions", ", ".join(
            f"{name} {each:.1f} KiB each" for name, each in cost.items()))


if __name__ == "__main__":
    scenario.main()
