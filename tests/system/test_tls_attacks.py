#!/usr/bin/python3
"""silent, drip, stalled-login and garbage on the TLS listener: an app that uses TLS is unharmed.

Half-open handshakes, SSL requests and then silence or plaintext, a byte in each record, logins that
stop at the switch, handshakes for their cost alone, renegotiation, key updates, old versions.
"""
import contextlib
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import auth_attack
import netns
import scenario
import tls_attackers
import tls_socket
import wire
from attackers import Attackers, addresses
from auth_attack import CROWD, LANE, TRUST
from encrypted import Encrypted

# Every budget must really fill: no rate stands in front of it.
FLOODED = {**CROWD, "tls_rate": "off"}


class Attacks(Encrypted, scenario.Scenario):

    def run_from(self, name, kind, sources, workers, slots=0, seconds=6.0, over=None, **options):
        """The attack beside an app that uses TLS; one without TLS gets in as well."""
        gate = self.start_gate(self.config(**scenario.merged(
            {"source": FLOODED, "known_good": TRUST, "pending": {"deadline": "2s", "max": 512}},
            over or {})))
        app = self.encrypted_app(gate.address)
        plain = self.start_app(gate.address, source="127.0.0.11", pool=2, rate=2)
        aborted = self.db.status("Aborted_connects")
        outcome = self.under(gate, kind, sources, workers, seconds, app=app, **options)
        outcome.status["aborted"] = self.db.status("Aborted_connects") - aborted
        beside = plain.finish()
        self.figures(f"{name}, an app without TLS", beside.summary())
        self.hold(name, gate, outcome, slots=slots)
        self.assertEqual(beside.failed, 0, beside.errors)
        self.assertLess(outcome.answer_ms, 1000, "the admin socket")
        return outcome

    def test_control(self):
        """Without the gate each of them holds a connection of the server."""
        bare = self.bare("tls-half-open", addresses(120), 150, seconds=4)
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def test_request_then_silence(self):
        for name, sources in (("300 from 120", addresses(120)), ("300 from 1", addresses(1))):
            outcome = self.run_from(f"ask, {name}", "tls-ask", sources, 300)
            self.assertGreater(outcome.status["acted"]["pending_deadline"], 100)
            self.assertLess(outcome.counts["longest_ms"], 4500, "the deadline was not absolute")

    def test_half_open(self):
        for name, sources in (("300 from 120", addresses(120)), ("300 from 1", addresses(1))):
            outcome = self.run_from(f"half-open, {name}", "tls-half-open", sources, 300)
            self.assertGreater(outcome.status["acted"]["pending_deadline"], 100)
            self.assertLess(outcome.counts["longest_ms"], 4500, "the deadline was not absolute")

    def test_silent_behind_the_handshake(self):
        outcome = self.run_from("no login, 150 from 120", "tls-silent", addresses(120), 150)
        self.assertGreater(outcome.counts["handshakes"], 100)
        self.assertGreater(outcome.status["acted"]["pending_deadline"], 50)
        self.assertLess(outcome.counts["longest_ms"], 4500, "the deadline was not absolute")

    def test_drip(self):
        outcome = self.run_from("drip, 150 from 120", "tls-drip", addresses(120), 150)
        self.assertGreater(outcome.status["acted"]["pending_deadline"], 100)
        self.assertLess(outcome.counts["longest_ms"], 4500, "the deadline was not absolute")

    def test_drip_login(self):
        outcome = self.run_from("drip in records, 100 from 100", "tls-drip-login", addresses(100),
                                100)
        self.assertGreater(outcome.status["acted"]["pending_deadline"], 50)
        self.assertLess(outcome.counts["longest_ms"], 4500, "the deadline was not absolute")

    def test_stalled_login(self):
        for name, sources in (("150 from 120", addresses(120)), ("100 from 1", addresses(1))):
            outcome = self.run_from(f"stalled, {name}", "tls-stalled-login", sources, 100,
                                    slots=LANE["in_progress"],
                                    over={"login": LANE},
                                    users=["app", "weak"])
            self.assertLessEqual(outcome.status["logins"]["now"], LANE["in_progress"])
            self.assertGreater(outcome.counts["switched"], 3)

    def test_garbage(self):
        outcome = self.run_from("garbage, 150 from 120", "tls-garbage", addresses(120), 150)
        self.assertGreater(outcome.status["acted"]["tls_failed"], 50)
        self.assertEqual(outcome.status["aborted"], 0, "something went through")

    def test_pending_full(self):
        """More half-open handshakes than there is room for: the oldest make room, the app's not."""
        outcome = self.run_from("half-open, 1000 for 256", "tls-half-open", addresses(500), 1000,
                                over={"pending": {"max": 256, "deadline": "5s"}}, ramp=2.0)
        self.assertLessEqual(outcome.status["pending"]["now"], 256)
        self.assertGreater(outcome.status["acted"]["pending_evicted"], 0)


class Rate(Encrypted, scenario.Scenario):

    def test_handshakes_of_one_source(self):
        """Above tls_rate the connection is closed; another source does not notice."""
        gate = self.start_gate(self.config(source={**CROWD, "tls_rate": "5/s burst 10"}))
        app = self.encrypted_app(gate.address, pool=4, rate=4)
        outcome = self.under(gate, "tls-handshakes", addresses(1), 40, seconds=5, app=app)
        self.hold("handshakes of one", gate, outcome)
        self.assertGreater(outcome.status["acted"]["tls_rate"], 50)
        self.assertLessEqual(outcome.counts["handshakes"], 10 + 5 * 7)
        self.assertGreater(outcome.counts["handshakes"], 5)

    def test_default(self):
        """With nothing said, handshakes for their own sake end in a ban or are refused."""
        gate = self.start_gate(self.config(source={"never_ban": []}))
        app = self.encrypted_app(gate.address, pool=4, rate=10)
        outcome = self.under(gate, "tls-handshakes", addresses(1), 40, seconds=5, app=app)
        self.hold("handshakes of one, defaults", gate, outcome)
        refused = outcome.status["acted"]
        self.assertGreater(refused["tls_rate"] + refused["connect_rate"] + refused["banned"], 50)
        self.assertLessEqual(outcome.counts["handshakes"], 100 + 20 * 7)


class OneByOne(Encrypted, scenario.Scenario):

    def setUp(self):
        self.gate = self.start_gate(self.config(source={**FLOODED}, pending={"deadline": "1500ms"}))

    def talk(self, data, wait=4):
        """What is answered to `data` behind the greeting until the gate closes."""
        with wire.Blocking(self.gate.address, "127.30.1.1", wait, tls=False) as client:
            client.greeting()
            answer = b""
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sock.sendall(data)
                while chunk := client.sock.recv(4096):
                    answer += chunk
            return answer

    def test_each_kind_of_garbage(self):
        connections, answers = self.db.status("Connections"), []
        for kind in tls_attackers.GARBAGE:
            with self.subTest(kind):
                before, began = self.gate.status()["acted"], time.monotonic()
                answer = self.talk(tls_attackers.garbage(kind))
                self.assertLess(time.monotonic() - began, 3)
                after = self.gate.status()["acted"]
                reasons = [name for name in after if after[name] > before[name]]
                answers.append(f"{kind}: {len(answer)} bytes, {'+'.join(reasons) or 'none'}")
                self.assertTrue(reasons, f"{kind}: closed without a reason")
        self.figures("each kind", "; ".join(answers))
        self.assertEqual(self.db.status("Connections"), connections)
        self.assertGreater(self.gate.count("tls_failed"), 5)
        self.all_back(self.gate)

    def hello_cut(self, data, size):
        """Sends an SSL request and `data` in pieces of `size`, then nothing."""
        asked = wire.packet(1, wire.ssl_request()) + data
        with wire.Blocking(self.gate.address, "127.30.1.1", 5, tls=False) as client:
            client.greeting()
            client.sock.setsockopt(6, 1, 1)
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):
                for i in range(0, len(asked), size):
                    client.sock.sendall(asked[i:i + size])
                while client.sock.recv(4096):
                    pass
            return time.monotonic() - began

    def test_truncated_hello(self):
        """However much of it came: the deadline ends it, and no slot is used."""
        connections, whole = self.db.status("Connections"), tls_attackers.hello()
        for length in (0, 1, 4, 5, 6, 50, len(whole) - 1):
            self.assertLess(self.hello_cut(whole[:length], 1000), 4, length)
        self.assertEqual(self.gate.count("pending_deadline"), 7)
        self.assertEqual(self.db.status("Connections"), connections)
        self.all_back(self.gate)

    def secured(self, client, send, together=False):
        """A whole login in which `send(sock, bytes)` puts the handshake on the wire."""
        client.greeting()
        asked = wire.packet(1, wire.ssl_request())
        secure = tls_socket.TlsSocket(client.sock, self.by_tls)
        first = [asked] if together else []
        if not together:
            client.sock.sendall(asked)

        def out(data):
            send(client.sock, (first.pop() if first else b"") + data)
        client.sock = secure.handshake(out)
        client.sock.sendall(wire.packet(2, wire.login_payload(
            "app", b"", "shop", tls_attackers.BY_TLS, b"other")))
        salt = wire.switch_salt(client.read()[1])
        client.sock.sendall(wire.packet(4, wire.scramble("app-secret", salt)))
        self.assertEqual(client.read()[1][:1], b"\0")
        return client.query_value("SELECT 'in'")

    def test_cut_anywhere_it_works(self):
        """A client may send its hello with the request, in many segments or in many records."""
        gate = self.start_gate(self.config(source=FLOODED, pending={"deadline": "10s"}))

        def whole(sock, data):
            sock.sendall(data)

        def bytewise(sock, data):
            sock.setsockopt(6, 1, 1)
            for i in range(len(data)):
                sock.sendall(data[i:i + 1])

        def recordwise(sock, data):
            plain = data[:5] + data[5:]
            if plain[:1] == bytes([tls_socket.HANDSHAKE]):
                plain = tls_socket.in_small_records(plain, 7)
            sock.sendall(plain)
        for name, send, together in (
                ("in one segment with the request", whole, True), ("bytewise", bytewise, False),
                ("bytewise with the request", bytewise, True),
                ("in records of 7 bytes", recordwise, False)):
            with self.subTest(name), wire.Blocking(gate.address, tls=False) as client:
                self.assertEqual(self.secured(client, send, together), "in")

    def test_login_in_small_records(self):
        """Legal, if absurd: each byte of the login and of a query in a record of its own."""
        with wire.Blocking(self.gate.address, tls=False) as client:
            client.greeting()
            client.sock.sendall(wire.packet(1, wire.ssl_request()))
            client.sock = tls_socket.TlsSocket(client.sock, self.by_tls).handshake()

            def bytewise(data):
                client.sock.raw.sendall(b"".join(client.sock.encrypted(data[i:i + 1])
                                                 for i in range(len(data))))
            bytewise(wire.packet(2, wire.login_payload("app", b"", "shop", tls_attackers.BY_TLS,
                                                       b"other")))
            salt = wire.switch_salt(client.read()[1])
            bytewise(wire.packet(4, wire.scramble("app-secret", salt)))
            self.assertEqual(client.read()[1][:1], b"\0")
            bytewise(wire.packet(0, b"\x03SELECT 'whole'"))
            answer = [client.read()[1] for _ in range(5)]
            self.assertIn(b"\x05whole", answer)

    def test_second_request_inside(self):
        """An SSL request where the login belongs, inside TLS: no login."""
        with wire.Blocking(self.gate.address, tls=False) as client:
            client.greeting()
            client.sock.sendall(wire.packet(1, wire.ssl_request()))
            client.sock = tls_socket.TlsSocket(client.sock, self.by_tls).handshake()
            client.sock.sendall(wire.packet(2, wire.ssl_request()))
            with contextlib.suppress(ConnectionError):
                while client.sock.recv(4096):
                    pass
        acted = self.gate.status()["acted"]
        self.assertEqual(acted["malformed_login"] + acted["protocol_error"], 1, acted)

    def test_old_versions(self):
        for version in ("1.0", "1.1"):
            before = self.gate.count("tls_failed")
            heard = self.heard(self.gate.address, tls=tls_socket.context(version=version))
            self.assertEqual(heard[0], "closed", version)
            self.assertTrue(scenario.wait_for(
                lambda: self.gate.count("tls_failed") == before + 1, 3), version)

    def test_no_shared_cipher(self):
        context = tls_socket.context(version="1.2")
        context.set_ciphers("AES128-SHA:@SECLEVEL=0")
        self.assertEqual(self.heard(self.gate.address, tls=context)[0], "closed")
        self.assertTrue(scenario.wait_for(lambda: self.gate.count("tls_failed") == 1, 3))

    def s_client(self, version, lines, pause):
        """`openssl s_client` that is given `lines`, one write each; what it said."""
        command = ["openssl", "s_client", "-connect", f"{self.gate.host}:{self.gate.port}",
                   "-starttls", "mysql", version, "-CAfile", self.authority.certificate]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, bufsize=0) as client:
            said = []
            reader = threading.Thread(target=lambda: said.append(client.stdout.read()))
            reader.start()
            time.sleep(0.5)
            with contextlib.suppress(BrokenPipeError):
                for line in lines:
                    client.stdin.write(line)
                    time.sleep(pause)
                client.stdin.close()
            client.wait(20)
            reader.join()
        return said[0].decode("utf8", "replace")

    def test_renegotiation(self):
        out = self.s_client("-tls1_2", [b"R\n"], 0.5)
        self.assertIn("RENEGOTIATING", out)
        self.assertRegex(out, "no renegotiation|read:errno|unexpected eof|closed")
        self.assertEqual(out.count("verify return:1"), 2, "a second handshake took place")

    def test_key_updates(self):
        """Each asks for an answer; an app beside it is unharmed, and memory stays."""
        app, memory = self.encrypted_app(self.gate.address), self.gate.memory()
        cpu, out = self.gate.cpu(), ""
        for _ in range(3):
            out += self.s_client("-tls1_3", [b"K\n"] * 300, 0.003)
        report = app.finish()
        self.figures("900 key updates", f"{out.count('KEYUPDATE')} sent, {report.summary()}, gate "
                     f"+{(self.gate.memory() - memory) / scenario.MEBIBYTE:.1f} MiB, "
                     f"{self.gate.cpu() - cpu:.2f} s CPU")
        self.assertGreater(out.count("KEYUPDATE"), 100)
        self.assertEqual(report.failed, 0, report.errors)
        self.assertLess(self.gate.memory() - memory, 32 * scenario.MEBIBYTE)
        self.all_back(self.gate)

    def test_random_bytes_into_a_live_session(self):
        """Someone who breaks into the stream breaks the stream, and the slot comes back."""
        for _ in range(20):
            client = self.client(self.gate.address, "weak")
            client.sock.raw.sendall(random.randbytes(random.randint(1, 2000)))
            with contextlib.suppress(OSError):
                client.sock.settimeout(5)
                while client.sock.raw.recv(4096):
                    pass
            client.sock.close()
        self.all_back(self.gate)


@scenario.needs_root()
class Hosts(Encrypted, auth_attack.OnThreeHosts):
    """On three hosts with name resolution: the server never counts an error against the gate."""
    kind = "tls-stalled-login"

    def start_app(self, target, **options):
        return super().start_app(target, **{"ca": self.authority.certificate, **options})

    def start_hosts_gate(self, **over):
        gate = {"proxy_to_backend": "off", "clients_become_localhost": False}
        config = self.config(login=LANE, known_good=TRUST, source=FLOODED, gate=gate, **over)
        return self.start_gate(config, host=netns.GATE_CLIENT_SIDE, netns=self.hosts.gate)

    def test_others(self):
        gate = self.start_hosts_gate(pending={"deadline": "1s"})
        app = self.start_app(gate.address, source=netns.CLIENT, netns=self.hosts.client)
        before = self.db.connect_errors().get(netns.GATE_DB_SIDE, (0, 0))
        counts = {}
        for kind in ("tls-short-answer", "tls-garbage", "tls-half-open", "tls-handshakes"):
            counts[kind] = Attackers(kind, gate.address, netns.attackers(60), 60, 8,
                                     netns=self.hosts.client, users=["app", "weak"]
                                     ).start().stop_after(3)
        report = app.finish()
        after = self.db.connect_errors().get(netns.GATE_DB_SIDE, (0, 0))
        self.figures("the other attacks", f"{ {k: dict(v) for k, v in counts.items()} }, "
                     f"{report.summary()}, SUM_CONNECT_ERRORS {before[0]} before, {after[0]} after")
        self.assertEqual(after, before)
        self.assertGreater(counts["tls-short-answer"]["err_1043"], 3)
        self.assertEqual(report.failed, 0, report.errors)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
