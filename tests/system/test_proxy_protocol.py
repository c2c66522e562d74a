#!/usr/bin/python3
"""proxy-protocol: with PROXY v1 and v2 the server sees who the client really is."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire

PEER, OTHER = "127.5.6.7", "127.5.6.8"
DENIED = (1045, 1698)  # MariaDB says 1698 where no account matches


class ProxyProtocol(scenario.Scenario):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db.query(f"CREATE USER peer@'{PEER}' IDENTIFIED BY 'peer-secret'")

    def walk(self, version):
        gate = self.start_gate(self.config(gate={"proxy_to_backend": version}))
        with wire.Blocking(gate.address, PEER) as client:
            client.login("peer", "peer-secret")
            self.assertEqual(client.query_value("SELECT CURRENT_USER()"), f"peer@{PEER}")
            self.assertTrue(client.query_value("SELECT USER()").startswith(f"peer@{PEER}"))
            self.assertEqual([host for _, _, host in self.db.sessions()], [PEER])
        with wire.Blocking(gate.address, OTHER) as client:
            with self.assertRaises(wire.ServerError) as caught:
                client.login("peer", "peer-secret")
        self.assertIn(caught.exception.code, DENIED)
        self.assertIn(OTHER, caught.exception.text)
        self.all_back(gate)
        self.figures(version, f"user@'client-ip' works; {caught.exception}")

    def test_v1(self):
        self.walk("v1")

    def test_v2(self):
        self.walk("v2")

    def test_control_without(self):
        gate = self.start_gate(self.config(
            gate={"proxy_to_backend": "off", "clients_become_localhost": True}))
        with wire.Blocking(gate.address, PEER) as client:
            with self.assertRaises(wire.ServerError) as caught:
                client.login("peer", "peer-secret")
        self.assertIn(caught.exception.code, DENIED)


if __name__ == "__main__":
    scenario.main()
