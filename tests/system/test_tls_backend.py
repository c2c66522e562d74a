#!/usr/bin/python3
"""The leg to the server: what has to be right about its certificate, and what happens if it is not.

A client with TLS hears ERR 1105 and the reason is backend_tls; clients without TLS are none the
worse; the server never counts it against the gate.
"""
import pathlib
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import certificates
import netns
import scenario
import tls_socket
import wire
from encrypted import Encrypted, asks_all_the_same, leg
from private_mariadb import PrivateMariadb
from tls_backend import TlsBackend

UNREACHABLE = (1105, "headgate: the database server cannot be reached by TLS")


class Certificates(Encrypted, scenario.Scenario):
    """The server's files are changed under it: FLUSH SSL reads them again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = certificates.Authority("somebody else")
        cls.addClassCleanup(cls.other.remove)
        cls.pairs = {
            "right": cls.authority.issue("right"),
            "rsa": cls.authority.issue("rsa", kind=certificates.RSA),
            "by name": cls.authority.issue("named", names=("DNS:db.example",)),
            "no name at all": cls.authority.issue("bare", "127.0.0.1", names=()),
            "another CA": cls.other.issue("foreign"),
            "self-signed": cls.other.self_signed("alone"),
            "expired": cls.authority.issue("late", days=-1),
            "of a client": cls.authority.issue("client", client=True),
        }

    def setUp(self):
        self.gates = {}

    def server_shows(self, name):
        certificates.put(self.pairs[name], self.server_pair)
        self.db.query("FLUSH SSL")

    def gate_with(self, **keys):
        name = str(keys)
        if name not in self.gates:
            self.gates[name] = self.start_gate(self.config(gate=keys))
        return self.gates[name]

    def judge(self, gate, good, note):
        before = gate.count("backend_tls")
        if good:
            client = self.client(gate.address)
            self.assertEqual(leg(client)[:3], "TLS", note)
            client.sock.close()
        else:
            heard = self.heard(gate.address)
            self.assertEqual((heard[0], heard[2]), UNREACHABLE, note)
        self.assertEqual(gate.count("backend_tls") - before, 0 if good else 1, note)
        plain = self.client(gate.address, tls=False)
        self.assertEqual(leg(plain), "", note)
        plain.sock.close()

    def test_what_is_verified(self):
        """backend_verify against the server's certificate."""
        gates = {how: self.gate_with(backend_verify=how) for how in ("name", "ca", "none")}
        gates["named"] = self.gate_with(backend_name="db.example")
        expected = {
            "right": {"name", "ca", "none"}, "rsa": {"name", "ca", "none"},
            "by name": {"ca", "none", "named"}, "another CA": {"none"}, "self-signed": {"none"},
            "expired": {"none"}, "of a client": {"none"}}
        for pair, good in expected.items():
            self.server_shows(pair)
            for how, gate in gates.items():
                with self.subTest(f"{pair}, {how}"):
                    self.judge(gate, how in good, f"{pair}, {how}")
        self.server_shows("right")
        for gate in gates.values():
            self.all_back(gate)

    def test_a_common_name_is_no_address(self):
        self.server_shows("no name at all")
        self.judge(self.gate_with(), False, "an address in the common name")
        self.server_shows("right")

    def test_the_systems_cas(self):
        """Without backend_ca, ours is unknown."""
        self.server_shows("right")
        self.judge(self.gate_with(backend_ca=""), False, "no backend_ca")

    def test_many(self):
        """A hundred at once: each is told, no slot stays, nobody is banned or locked for it."""
        self.server_shows("another CA")
        gate = self.gate_with()
        for _ in range(100):
            heard = self.heard(gate.address)
            self.assertEqual((heard[0], heard[2]), UNREACHABLE)
        self.assertEqual(gate.count("backend_tls"), 100)
        app = self.start_app(gate.address)
        scenario.wait_for(lambda: app.progress()[0] > 100, 10)
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.server_shows("right")
        self.recovered(gate)
        self.all_back(gate)

    def recovered(self, gate):
        """A server whose TLS failed is tried again every ten seconds or so, and not by each."""
        def well():
            try:
                self.client(gate.address).sock.close()
            except wire.ServerError:
                return False
            return True
        self.assertTrue(scenario.wait_for(well, 15, 0.5))

    def test_reload(self):
        """backend_ca is read again, for new logins; live ones go on."""
        gate = self.start_gate(self.config())
        self.server_shows("right")
        live = self.client(gate.address)
        for ca, good in ((self.other.certificate, False), (self.authority.certificate, True)):
            gate.write(self.config(gate={"backend_ca": ca}))
            code, answer = gate.request("POST", "/reload")
            self.assertEqual(code, 200, answer)
            self.judge(gate, good, ca)
        self.assertEqual(live.query_value("SELECT 'goes on'"), "goes on")


class WithoutTls(Encrypted, scenario.Scenario):
    """The server has no certificate."""
    server_has_tls = False
    db_options = (*scenario.Scenario.db_options, "--skip-ssl")

    def test_not_offered(self):
        """The gate offers what it can carry on, as the server itself: here, no TLS."""
        gate = self.start_gate()
        with wire.Blocking(gate.address, tls=False) as client:
            self.assertFalse(client.greeting().capabilities & wire.SSL)
        with wire.Blocking(gate.address, tls=False) as client:
            self.assertIn("TLS is not offered", asks_all_the_same(client)[2])
        self.assertEqual(gate.count("tls_not_offered"), 1)
        self.assertEqual(leg(self.client(gate.address, tls=False)), "")

    def test_plaintext_allowed(self):
        """On loopback, when the operator says so: what sends no password in clear works."""
        gate = self.start_gate(self.config(gate={"backend_plaintext": True}))
        for version in ("1.2", "1.3"):
            client = self.client(gate.address, tls=tls_socket.context(self.authority, version))
            self.assertEqual(leg(client), "", version)
            self.assertEqual(client.query_value("SELECT REPEAT('x', 100)"), "x" * 100)
        heard = self.heard(gate.address, password="wrong")
        self.assertEqual(heard, self.heard(self.db.address, password="wrong", tls=False))
        client = self.client(gate.address, "weak")
        client.send(0, wire.change_user_payload("many", b"", "shop"))
        client.auth("many-secret")
        self.assertEqual(client.query_value("SELECT CURRENT_USER()"), "many@%")

    def test_unix_socket(self):
        gate = self.start_gate(self.config(gate={
            "backend": [f"unix:{self.db.socket}"], "backend_plaintext": True,
            "proxy_to_backend": "off", "clients_become_localhost": True}))
        self.db.query("CREATE OR REPLACE USER app@localhost IDENTIFIED BY 'app-secret'")
        self.db.query("GRANT ALL ON shop.* TO app@localhost")
        self.assertEqual(leg(self.client(gate.address)), "")


class LosesTls(Encrypted, scenario.Scenario):

    def test_restarted_without(self):
        """Offered while the gate believes in it: refused then, and never carried on in plain."""
        gate = self.start_gate()
        self.client(gate.address).sock.close()
        self.db.end_process()
        self.db.options.append("--skip-ssl")
        self.db.start()
        self.assertTrue(scenario.wait_for(lambda: gate.status()["backend"]["up"], 15))
        for _ in range(20):
            with wire.Blocking(gate.address, tls=False) as client:
                offered = client.greeting().capabilities & wire.SSL
            if not offered:
                break
            heard = self.heard(gate.address)
            if heard[0] != "closed":  # it learned of it between those two
                self.assertEqual((heard[0], heard[2]), UNREACHABLE)
            time.sleep(0.2)
        self.figures("a server that lost its TLS", f"{gate.count('backend_tls')} refused")
        plain = self.client(gate.address, tls=False)
        self.assertEqual(leg(plain), "")
        plain.sock.close()
        self.all_back(gate)


class Broken(Encrypted, scenario.Scenario):
    """Servers that do what no server should: nothing turns round and round for it."""

    def gate_before(self, server, **over):
        return self.start_gate(self.config(gate={
            "backend": [f"127.0.0.1:{server.address[1]}"], "proxy_to_backend": "off",
            "clients_become_localhost": True, "backend_verify": "none"}, **over))

    def rests(self, gate):
        before = gate.cpu()
        time.sleep(2)
        used = gate.cpu() - before
        self.figures("CPU in 2 s", f"{used:.2f} s")
        self.assertLess(used, 1)

    def test_refuses_what_it_has_offered(self):
        with TlsBackend("refuses") as server:
            gate = self.gate_before(server)
            for _ in range(3):
                heard = self.heard(gate.address)
                self.assertEqual((heard[0], heard[2]), UNREACHABLE)
            self.assertGreater(server.asked, 0)
            self.rests(gate)
            self.all_back(gate)
            self.assertEqual(gate.status()["tls"]["sessions"], 0)

    def test_stalls(self):
        """Each handshake that comes to no end counts at the server: after ten it is spared."""
        with TlsBackend("stalls") as server:
            gate = self.gate_before(server, login={"deadline": "300ms"})
            for _ in range(20):
                heard = self.heard(gate.address)
                self.assertEqual((heard[0], heard[2]), UNREACHABLE)
            self.figures("asked for TLS", f"{server.asked} times by 20 clients")
            self.assertLessEqual(server.asked, 12)
            self.all_back(gate)

    def test_holds_a_result_whose_client_has_gone(self):
        pair = self.authority.issue("holds")
        with TlsBackend("holds", pair) as server:
            gate = self.gate_before(server)
            client = self.client(gate.address)
            client.send(0, b"\x03SELECT 1")
            time.sleep(1)  # all that fits is on its way
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sock.close()
            self.assertTrue(scenario.wait_for(lambda: gate.status()["slots"]["orphans"] == 1, 10))
            self.rests(gate)
            self.assertEqual(gate.status()["tls"]["sessions"], 0)
        self.all_back(gate)


@scenario.needs_root()
class NeverBlocked(Encrypted, scenario.Scenario):
    """On three hosts, with name resolution: max_connect_errors = 5 is never come near to."""

    @classmethod
    def setUpClass(cls):
        cls.hosts = netns.ThreeHosts()
        cls.enterClassContext(cls.hosts)
        cls.make_certificates()
        cls.other = certificates.Authority("somebody else")
        cls.addClassCleanup(cls.other.remove)
        cls.db = PrivateMariadb(60, ["--performance-schema=ON", "--max-connect-errors=5"],
                                bind=netns.DB, netns=cls.hosts.db, name_resolution=True,
                                tls=cls.server_pair).start()
        cls.addClassCleanup(cls.db.stop)

    def blamed(self):
        return self.db.connect_errors().get(netns.GATE_DB_SIDE, (0, 0))

    def test_all_that_can_be_wrong(self):
        gate = self.start_gate(self.config(gate={"proxy_to_backend": "off"}),
                               host=netns.GATE_CLIENT_SIDE, netns=self.hosts.gate)
        app = self.start_app(gate.address, source=netns.CLIENT, netns=self.hosts.client)
        before = self.blamed()
        good = self.authority.issue("good")
        for name, pair in (("wrong name", self.authority.issue("n", names=("DNS:elsewhere",))),
                           ("another CA", self.other.issue("foreign")),
                           ("expired", self.authority.issue("late", days=-1))):
            certificates.put(pair, self.server_pair)
            self.db.query("FLUSH SSL")
            failed = self.encrypted_app(gate.address, source=netns.CLIENT, pool=2, rate=10,
                                        netns=self.hosts.client)
            scenario.wait_for(lambda: failed.progress()[1] > 30, 10)
            report = failed.finish()
            self.figures(name, f"{report.failed} failed, connect errors {self.blamed()}")
            self.assertEqual((report.pooled, report.opened), (0, 0))
            self.assertIn("1105", report.errors[0])
            self.assertEqual(self.blamed(), before, name)
        certificates.put(good, self.server_pair)
        self.db.query("FLUSH SSL")
        time.sleep(11)  # the gate spares a server whose TLS fails
        well = self.encrypted_app(gate.address, source=netns.CLIENT, netns=self.hosts.client)
        scenario.wait_for(lambda: well.progress()[0] > 50, 10)
        for report in (well.finish(), app.finish()):
            self.assertEqual(report.failed, 0, report.errors)
        self.assertEqual(self.blamed(), before)


if __name__ == "__main__":
    scenario.main()
