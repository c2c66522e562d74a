#!/usr/bin/python3
"""proxy-from-clients: behind a load balancer that sends PROXY headers every limit is about the
client it names; who must send one must, and nobody else may."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import load_balancer
import netns
import peers
import scenario
import wire
from load_balancer import HEADERS, LOCAL, UNKNOWN, HAProxy, through

PROXY = "127.0.0.7"
PEER, OTHER = "203.0.113.7", "203.0.113.8"  # as a header names them
DENIED = (1045, 1698)  # MariaDB says 1698 where no account matches
RATE = {"connect_rate": "6/m burst 5", "ban_after": "off"}


class Behind(scenario.Scenario):
    def behind(self, **over):
        """A gate whose load balancer is PROXY."""
        return self.start_gate(scenario.merged(
            self.config(gate={"proxy_from_clients": [PROXY]}), over))

    def answer(self, client):
        """The error that came in place of a greeting; None: it is a greeting."""
        with client:
            try:
                client.greeting()
            except wire.ServerError as error:
                return error
        return None

    def login(self, gate, header, user="app"):
        with through(gate.address, PROXY, header) as client:
            client.login(user, f"{user}-secret")
            return client.query_value("SELECT CURRENT_USER()")


class FromPython(Behind):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db.query(f"CREATE USER peer@'{PEER}' IDENTIFIED BY 'peer-secret'")

    def test_limits_see_the_true_source(self):
        for version, header in HEADERS.items():
            with self.subTest(version):
                gate = self.behind(source=RATE)
                refused = sum(self.answer(through(gate.address, PROXY, header(PEER))) is not None
                              for _ in range(20))
                self.assertEqual(self.login(gate, header(OTHER)), "app@%")
                status = gate.status()
                self.figures(version, f"of 20 from {PEER} {refused} refused, {OTHER} is in")
                self.assertGreater(refused, 10)
                self.assertEqual(status["acted"]["connect_rate"], refused)
                self.all_back(gate)

    def test_the_server_sees_the_true_client(self):
        for sent in ("v1", "v2"):
            for version, header in HEADERS.items():
                with self.subTest(f"{version} in, {sent} out"):
                    gate = self.behind(gate={"proxy_to_backend": sent})
                    self.assertEqual(self.login(gate, header(PEER), "peer"), f"peer@{PEER}")
                    with self.assertRaises(wire.ServerError) as caught:
                        self.login(gate, header(OTHER), "peer")
                    self.assertIn(caught.exception.code, DENIED)
                    self.assertIn(OTHER, caught.exception.text)
                    self.all_back(gate)

    def test_tlvs_are_skipped(self):
        tlvs = b"\x20\0\x0d\x01\0\0\0\0\x21\0\5TLSv1" + b"\xea\0\x06\x01vpce-"
        gate = self.behind()
        self.assertEqual(self.login(gate, load_balancer.v2(PEER, tlvs=tlvs), "peer"),
                         f"peer@{PEER}")

    def test_a_ban_is_the_sources(self):
        gate = self.behind(source={**RATE, "ban_after": "6/m burst 3"})
        for _ in range(20):
            self.answer(through(gate.address, PROXY, load_balancer.v2(PEER)))
        bans = gate.request("GET", "/bans")[1]["bans"]
        self.assertEqual([(ban["source"], ban["gate_only"]) for ban in bans], [(PEER, True)])
        self.assertIn(f"{PEER} ", gate.cli("bans")[1])
        self.assertIn("through a proxy", gate.cli("bans")[1])
        self.assertGreater(gate.count("banned"), 0)
        self.assertEqual(self.login(gate, load_balancer.v2(OTHER)), "app@%")

    def test_local_is_the_balancer_itself(self):
        gate = self.behind(source=RATE)
        for _ in range(20):
            self.assertIsNone(self.answer(through(gate.address, PROXY, LOCAL)))
        self.assertEqual(self.login(gate, LOCAL), "app@%")
        self.assertEqual(gate.count("connect_rate"), 0)

    def test_who_bears_its_address_is_limited(self):
        """It may be anybody who came to it through a NAT that has the same address."""
        for name, header in (("v1 UNKNOWN", UNKNOWN), ("v1", load_balancer.v1(PROXY)),
                             ("v2", load_balancer.v2(PROXY))):
            with self.subTest(name):
                gate = self.behind(source={**RATE, "ban_after": "6/m burst 3"})
                refused = sum(self.answer(through(gate.address, PROXY, header)) is not None
                              for _ in range(20))
                self.assertGreater(refused, 10)
                self.assertEqual(gate.count("connect_rate"), refused)
                self.assertEqual(gate.request("GET", "/bans")[1]["bans"], [])
                self.assertEqual(self.login(gate, LOCAL), "app@%")  # a check gets in all the same
                self.all_back(gate)

    def test_required_and_silent(self):
        """Who must begin with a header and says nothing has no place anywhere, and an end."""
        gate = self.behind(pending={"deadline": "1s"}, source={"ban_after": "6/m burst 1"})
        silent = [wire.Blocking(gate.address, PROXY) for _ in range(20)]
        began = time.monotonic()
        time.sleep(0.3)
        status = gate.status()
        self.assertEqual((status["pending"]["now"], status["slots"]["leases"],
                          status["connections"], status["accepted"]), (0, 0, 0, 0))
        # The others behind it do not notice.
        self.assertEqual(self.login(gate, load_balancer.v2(OTHER)), "app@%")
        for client in silent:
            error = self.answer(client)
            self.assertIsNotNone(error, "greeted without a header")
            self.assertIn("PROXY header was expected", error.text)
        self.figures("silent", f"20 ended {time.monotonic() - began:.2f} s after the last came")
        for bytes_ in (b"\x01\0\0\x01\x0e", b"GET / HTTP/1.1\r\n\r\n", b"PROXY TCP4 1 2 3 4\r\n"):
            with wire.Blocking(gate.address, PROXY) as client:
                client.sock.sendall(bytes_)
                self.assertIn("PROXY header was expected", self.answer(client).text)
        self.assertTrue(scenario.wait_for(lambda: gate.count("proxy_header") == 23))
        self.assertEqual(gate.request("GET", "/bans")[1]["bans"], [])
        self.assertEqual(gate.status()["pressure"]["level"], "calm")
        self.all_back(gate)

    def test_forbidden_from_everybody_else(self):
        gate = self.behind(source={"ban_after": "6/m burst 3"})
        for header in (load_balancer.v1(PEER), load_balancer.v2(PEER), LOCAL):
            with through(gate.address, "127.0.0.8", header) as client:
                client.greeting()  # at once: nobody waits for a header
                with self.assertRaises((EOFError, ConnectionError, wire.ServerError)) as caught:
                    client.auth("")
                if isinstance(caught.exception, wire.ServerError):
                    self.assertIn("no PROXY header is taken", caught.exception.text)
        self.assertTrue(scenario.wait_for(lambda: gate.count("proxy_forbidden") == 3))
        for _ in range(5):
            self.answer(through(gate.address, "127.0.0.8", LOCAL))
        self.assertTrue(scenario.wait_for(lambda: gate.request("GET", "/bans")[1]["bans"]))
        bans = gate.request("GET", "/bans")[1]["bans"]
        self.assertEqual([(b["source"], b["gate_only"]) for b in bans], [("127.0.0.8", False)])

    def test_a_header_behind_the_header_is_the_clients(self):
        gate = self.behind()
        with through(gate.address, PROXY, load_balancer.v2(PEER) + load_balancer.v2(OTHER)) as c:
            with self.assertRaises((EOFError, ConnectionError, wire.ServerError)):
                c.greeting()
                c.auth("")
        self.assertTrue(scenario.wait_for(lambda: gate.count("proxy_forbidden") == 1))

    def test_a_reload_is_for_new_connections(self):
        gate = self.behind()
        with through(gate.address, PROXY, load_balancer.v2(PEER)) as inside:
            inside.login("peer", "peer-secret")
            gate.write(self.config())
            self.assertEqual(gate.request("POST", "/reload")[0], 200)
            with wire.Blocking(gate.address, PROXY) as direct:
                direct.login("app", "app-secret")
            self.assertTrue(inside.query_value("SELECT USER()").startswith(f"peer@{PEER}"))
        self.all_back(gate)

    def test_a_drain_does_not_wait_for_headers(self):
        gate = self.behind(gate={"drain": "10s"})
        with wire.Blocking(gate.address, PROXY) as silent:
            self.assertEqual(self.login(gate, LOCAL), "app@%")
            began = time.monotonic()
            gate.stop()
            self.assertLess(time.monotonic() - began, 5)
            self.assertEqual(self.answer(silent).code, 1053)


class FromHAProxy(Behind):
    """A real load balancer; its clients come from addresses of loopback."""
    QUIET, NOISY = "127.44.1.1", "127.44.1.2"

    @classmethod
    def setUpClass(cls):
        if peers.program("haproxy") is None:
            raise unittest.SkipTest("haproxy is not installed")
        super().setUpClass()
        cls.db.query(f"CREATE USER quiet@'{cls.QUIET}' IDENTIFIED BY 'quiet-secret'")

    def walk(self, send):
        gate = self.behind(source=RATE)
        with HAProxy(gate.address, PROXY, send) as balancer:
            with wire.Blocking(balancer.address, self.QUIET) as client:
                client.login("quiet", "quiet-secret")
                refused = sum(self.answer(wire.Blocking(balancer.address, self.NOISY)) is not None
                              for _ in range(20))
                self.assertEqual(client.query_value("SELECT CURRENT_USER()"),
                                 f"quiet@{self.QUIET}")
            with wire.Blocking(balancer.address, self.QUIET) as client:
                client.login("quiet", "quiet-secret")
            time.sleep(3)  # some checks
            with wire.Blocking(balancer.address, self.QUIET) as client:
                client.login("quiet", "quiet-secret")
        acted = {reason: n for reason, n in gate.status()["acted"].items() if n}
        self.figures(send, f"of 20 from {self.NOISY} {refused} refused; acted {acted}")
        self.assertGreater(refused, 10)
        if send == "send-proxy":  # its checks bear its own address, and more than RATE come
            self.assertGreater(acted["connect_rate"], refused)
        else:
            self.assertEqual(acted["connect_rate"], refused)
        self.assertNotIn("proxy_header", acted)
        self.all_back(gate)

    def test_send_proxy(self):
        self.walk("send-proxy")

    def test_send_proxy_v2(self):
        self.walk("send-proxy-v2")

    def test_one_that_sends_none(self):
        """A balancer that was set up without it gets nobody through, and is told why."""
        gate = self.behind(pending={"deadline": "500ms"})
        with HAProxy(gate.address, PROXY, "") as balancer:
            error = self.answer(wire.Blocking(balancer.address, self.QUIET))
        self.assertIn("PROXY header was expected", error.text)
        self.assertGreater(gate.count("proxy_header"), 0)


@scenario.needs_root()
class InTheKernel(database_host.OnDatabaseHost):
    """The packets of who came through a balancer have the balancer's address."""

    def greeted(self, gate, header):
        code = ("import socket, sys\n"
                "s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)\n"
                "s.sendall(bytes.fromhex(sys.argv[3]))\nhead = s.recv(5)\n"
                "print(len(head) == 5 and head[4] == 10)")
        return netns.inside(self.hosts.client, "/usr/bin/python3", "-c", code, gate.address[0],
                            str(gate.address[1]), header.hex()).strip() == "True"

    def test_neither_a_proxied_source_nor_the_balancer_is_dropped(self):
        gate = self.gate_with(gate={"proxy_from_clients": [netns.CLIENT]},
                              source={**RATE, "ban_after": "6/m burst 3", "ban": "5m"})
        for _ in range(20):
            self.greeted(gate, load_balancer.v2("10.99.3.7"))
        self.assertEqual(self.gate_bans(gate), {"10.99.3.7"})
        self.assertEqual(
            gate.request("POST", "/ban", {"address": f"{netns.CLIENT}", "for": "5m"})[0], 200)
        self.assertTrue(scenario.wait_for(lambda: self.kernel_bans() == {netns.CLIENT}, 5),
                        self.kernel_bans())
        # The balancer's packets pass all the same, and whose client is not banned is greeted.
        self.assertTrue(self.greeted(gate, load_balancer.v2("10.99.3.8")))
        self.assertFalse(self.greeted(gate, load_balancer.v2("10.99.3.7")))
        # Its own connections an operator has banned.
        self.assertFalse(self.greeted(gate, LOCAL))
        self.figures("kernel", f"gate {self.gate_bans(gate)}, kernel {self.kernel_bans()}")


if __name__ == "__main__":
    scenario.main()
