#!/usr/bin/python3
"""tls = "passthrough": the greeting and TLS are the server's own, and the gate limits connections.

It lets a client through by its source alone, so silent ones do cost a connection of the server: no
longer than the login deadline, and never more at once than the login lane. Behind the client's first
packet the gate sees nothing of who logs in: there the server's own connect_timeout ends it, and the
source's limits bound how many there are.
"""
import contextlib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import tls_attackers
import tls_socket
import wire
from attackers import addresses
from auth_attack import CROWD
from encrypted import Encrypted, leg
from explained import Explained, explain_text

LANE = {"in_progress": 8, "deadline": "1s"}
OUR_RANGE = 0x40000000


class Passthrough(Encrypted, scenario.Scenario):
    db_options = (*scenario.Scenario.db_options, "--connect-timeout=3")

    def tls_keys(self, **over):
        return {"tls": "passthrough", **over}

    def test_the_servers_own_tls(self):
        gate = self.start_gate()
        for version in ("1.2", "1.3"):
            context = tls_socket.context(self.authority, version)
            client = self.client(gate.address, tls=context)
            self.assertEqual(client.sock.fingerprint(), self.server_pair.fingerprint())
            self.assertEqual(client.sock.version(), f"TLSv{version}")
            self.assertEqual(leg(client), f"TLSv{version}")
            self.assertEqual(client.query_value("SELECT USER()"), "app@127.0.0.1")
            client.sock.close()
        self.all_back(gate)

    def test_explain_says_what_is_not_seen(self):
        gate = self.start_gate()
        told = Explained(gate, "127.0.0.1", "app")
        self.assertEqual((told.status, told.connection), (0, "admitted"))
        self.assertEqual((told.told["user"], told.told["query"]), (None, None))
        self.assertEqual({row["part"] for row in told.rows.values()}, {"accept", "login"})
        self.assertNotIn("source.tls_rate", told.rows)
        self.assertIn('next query:      (not seen: [gate] tls = "passthrough")',
                      explain_text(gate, "127.0.0.1", "app")[1])

    def test_the_servers_own_greeting(self):
        """Its connection id is the server's, so KILL needs no translation."""
        gate = self.start_gate()
        with wire.Blocking(gate.address) as client:
            greeting = client.login("app", "app-secret", "shop")
            self.assertLess(greeting.connection_id, OUR_RANGE)
            self.assertEqual(client.query_value("SELECT CONNECTION_ID()"),
                             str(greeting.connection_id))
        with wire.Blocking(self.db.address) as client:
            direct = client.greeting()
            self.assertEqual((greeting.version, greeting.capabilities, greeting.plugin),
                             (direct.version, direct.capabilities, direct.plugin))

    def test_plain(self):
        gate = self.start_gate()
        client = self.client(gate.address, tls=False)
        self.assertEqual(leg(client), "")
        self.assertEqual(len(client.query_value("SELECT REPEAT('x', 200)")), 200)
        client.sock.close()
        self.all_back(gate)

    def test_accounts_that_need_a_certificate(self):
        """What the gate cannot do when it ends TLS itself."""
        self.db.query("CREATE OR REPLACE USER cert@'%' IDENTIFIED BY 'cert-secret' REQUIRE X509")
        self.db.query("GRANT ALL ON shop.* TO cert@'%'")
        gate = self.start_gate()
        pair = self.authority.issue("cert", client=True)
        client = self.client(gate.address, "cert", tls=tls_socket.context(self.authority,
                                                                          pair=pair))
        self.assertEqual(client.query_value("SELECT CURRENT_USER()"), "cert@%")
        self.assertEqual(self.heard(gate.address, "cert")[:2], (1045, "28000"))

    def test_errors_are_the_servers(self):
        gate = self.start_gate()
        for tls in (None, False):
            for user, password in (("app", "wrong"), ("nobody", "x"), ("app", "")):
                direct = self.heard(self.db.address, user, password, tls=tls)
                self.assertEqual(direct, self.heard(gate.address, user, password, tls=tls))
        self.all_back(gate)

    def test_much(self):
        """Megabytes either way, byte for byte."""
        gate, body = self.start_gate(), "u" * 8_000_000
        for tls in (None, False):
            client = self.client(gate.address, tls=tls)
            self.assertEqual(client.query_value(f"SELECT LENGTH('{body}')"), str(len(body)))
            client.send(0, b"\x03SELECT REPEAT('d', 12000000)")
            packets = [client.read()[1] for _ in range(5)]
            self.assertEqual(packets[3][-12_000_000:], b"d" * 12_000_000)
            client.sock.close()
        self.all_back(gate)

    def test_gone_while_the_server_takes_nothing(self):
        """The gate sees it at its next look at all sessions. In each case the server ends the session
        at another moment around that: what it sends is out of order."""
        gate, count = self.start_gate(), 30
        clients = [self.client(gate.address, tls=False) for _ in range(count)]
        for number, client in enumerate(clients):
            client.send(0, f"\x03DO SLEEP({1 + number / 25})".encode())
            client.sock.setblocking(False)
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            for client in clients:
                with contextlib.suppress(BlockingIOError):
                    client.sock.send(b"\x01\0\0\x07\x0e" * 100_000)
        for client in clients:
            client.reset()
        self.all_back(gate)
        self.assertEqual(self.client(gate.address).query_value("SELECT 1"), "1")

    def test_app(self):
        gate = self.start_gate()
        apps = [self.encrypted_app(gate.address), self.start_app(gate.address, pool=3, rate=5)]
        time.sleep(3)
        for report in [app.finish() for app in apps]:
            self.figures("app", report.summary())
            self.assertEqual(report.failed, 0, report.errors)
            self.assertGreater(report.opened, 8)
        self.all_back(gate)

    # Limits.

    def test_slots(self):
        """One more than there are: 1040 in the place of the greeting."""
        gate = self.start_gate(self.config(slots={"max_connections": 3, "keep_free": 0},
                                           waiting={"queue": "300ms"}))
        held = [self.client(gate.address) for _ in range(3)]
        for tls in (None, False):
            self.assertEqual(self.heard(gate.address, tls=tls)[0], 1040)
        held[0].sock.close()
        self.assertTrue(scenario.wait_for(
            lambda: gate.status()["slots"]["leases"] < 3, 5), gate.status())
        self.client(gate.address)

    def test_connections_of_a_source(self):
        """They bind while room is scarce: the last fifth of the slots is for others."""
        gate = self.start_gate(self.config(source={"connections": 3, "ban_after": "off"},
                                           slots={"max_connections": 10, "keep_free": 0}))
        held = []
        for _ in range(12):
            with contextlib.suppress(wire.ServerError, EOFError, OSError):
                held.append(self.client(gate.address, source="127.0.0.40"))
        self.assertLess(len(held), 10)
        self.client(gate.address, source="127.9.0.1")
        self.assertGreater(gate.count("source_connections"), 0)

    def test_connect_rate(self):
        gate = self.start_gate(self.config(source={"connect_rate": "2/s burst 5",
                                                   "ban_after": "off"}))
        inside = 0
        for _ in range(30):
            with contextlib.suppress(wire.ServerError, EOFError, OSError):
                self.client(gate.address, source="127.0.0.40").sock.close()
                inside += 1
        self.assertGreater(gate.count("connect_rate"), 5)
        self.assertLess(inside, 25)
        self.client(gate.address, source="127.0.0.41")

    def attack(self, kind, sources=120, workers=150, source=None, slots=LANE["in_progress"]):
        """The app's connections go on. Its new ones stand in the one lane with those that never log
        in, whom the gate cannot tell from it: with many sources some are turned away."""
        gate = self.start_gate(self.config(login=LANE, source={
            **(source or CROWD), "exempt": [f"{scenario.APP_SOURCE}/32"]}))
        app = self.encrypted_app(gate.address)
        outcome = self.under(gate, kind, addresses(sources), workers, 6, app=app)
        crowded = [text for text in outcome.app.errors if text.startswith("opened")]
        if sources > 1 and len(crowded) == len(outcome.app.errors):
            self.figures(f"{kind}, turned away", str(outcome.app.failed))
            outcome.app.failed = 0
        self.hold(f"{kind}, {workers} from {sources}", gate, outcome, slots=slots)
        self.assertLessEqual(outcome.status["logins"]["now"], LANE["in_progress"])
        return outcome

    def test_silent(self):
        outcome = self.attack("silent")
        self.assertGreater(outcome.status["acted"]["login_deadline"], 5)

    def test_silent_from_one(self):
        self.attack("silent", 1, 100)

    def test_request_then_silence(self):
        """Behind it the gate sees nothing more: what one source may hold while room is scarce is
        what bounds it."""
        few = {"connections": 10, "ban_after": "off"}
        for kind in ("tls-ask", "tls-half-open"):
            self.attack(kind, 1, 100, few, slots=46)

    def test_drip(self):
        self.attack("drip")

    def test_deadline_is_absolute(self):
        """A silent client is closed after the login deadline; who asked, by the server."""
        gate = self.start_gate(self.config(login=LANE))
        asked = wire.packet(1, wire.ssl_request())
        for name, data, most in (("silent", b"", 3), ("half a request", asked[:20], 3),
                                 ("request", asked, 7),
                                 ("hello", asked + tls_attackers.hello(), 7)):
            began = time.monotonic()
            with wire.Blocking(gate.address, "127.0.0.42", 12, tls=False) as client:
                client.greeting()
                client.sock.sendall(data)
                with contextlib.suppress(ConnectionError):
                    while client.sock.recv(4096):
                        pass
            spent = time.monotonic() - began
            self.figures(name, f"closed after {spent:.1f} s")
            self.assertLess(spent, most, name)
        self.all_back(gate)

    def test_garbage(self):
        """No login and no SSL request: closed by the gate, and the server is left politely."""
        gate = self.start_gate(self.config(login=LANE, source=CROWD))
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\x01" + b"x" * 100,
                     wire.packet(1, b""), wire.packet(0, b"\x03SELECT 1")):
            with wire.Blocking(gate.address, "127.0.0.42", 8, tls=False) as client:
                client.greeting()
                with contextlib.suppress(ConnectionError):
                    client.sock.sendall(data)
                    while client.sock.recv(4096):
                        pass
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
