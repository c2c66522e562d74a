#!/usr/bin/python3
"""transparent: what is not the gate's business: the server's own host, and other servers behind the
host that routes; and whoever comes before the kernel knows of the gate."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import netns
import scenario
import slow_nft
import transparent

THIRD = "10.77.9.9"  # a server that is no backend; behind the gate's host
# From the same port as it goes to. Not from where the last such connection was not yet forgotten.
FROM_PORT = '''
import socket, struct, sys
server, port = sys.argv[1], int(sys.argv[2])
with socket.socket() as client:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.settimeout(5)
    client.bind(("", port))
    client.connect((server, port))
    print("greeted" if client.recv(100) else "closed")
'''


@scenario.needs_root()
class NotOurs(transparent.OnRoutedHosts):
    def test_a_client_on_the_servers_host(self):
        """Its kernel takes no packet from its own address out of the wire: an answer at once."""
        gate = self.transparent_gate(login={"deadline": "30s"})
        self.load(gate)
        began = time.monotonic()
        came = self.login((netns.GATE_DB_SIDE, gate.port), user="app", password="app-secret",
                          host=self.hosts.db)
        self.assertEqual(came.get("code"), 1105, came)
        self.assertLess(time.monotonic() - began, 15)
        self.assertIn("clients on the server's host cannot come through", gate.text())
        self.all_back(gate)

    def test_what_is_for_other_servers_passes(self):
        """From the server's port to that port elsewhere: not an answer, though the gate's own
        listener would take it. Nor does the ban of its sender drop it."""
        port = self.db.port
        gate = self.start_gate(self.config(gate={"backend": self.backends()[:1],
                                                 "listen": [f"0.0.0.0:{port}"]}),
                               host=netns.GATE_CLIENT_SIDE, netns=self.hosts.gate, port=port)
        self.load(gate)
        self.addCleanup(self.unload)
        netns.ip("-n", self.hosts.db, "addr", "add", f"{THIRD}/32", "dev", "lo")
        self.addCleanup(netns.ip, "-n", self.hosts.db, "addr", "del", f"{THIRD}/32", "dev", "lo")
        netns.ip("-n", self.hosts.gate, "route", "add", THIRD, "via", netns.DB)
        self.addCleanup(netns.ip, "-n", self.hosts.gate, "route", "del", THIRD)
        netns.ip("-n", self.hosts.client, "route", "add", THIRD, "via", netns.GATE_CLIENT_SIDE)
        self.addCleanup(netns.ip, "-n", self.hosts.client, "route", "del", THIRD)
        before = gate.status()["accepted"]
        reach = lambda: netns.inside(self.hosts.client, "/usr/bin/python3", "-c", FROM_PORT, THIRD,
                                     str(port)).strip()
        self.assertEqual(reach(), "greeted")
        self.assertEqual(gate.status()["accepted"], before, "the gate took it")
        netns.inside(self.hosts.gate, "nft", "add", "element", "inet", "headgate", "banned4",
                     "{", netns.CLIENT, "timeout", "5m", "}")
        self.assertEqual(reach(), "greeted")
        self.assertEqual(self.login((netns.DB, port)).get("code"), 2003)


@scenario.needs_root()
class First(transparent.OnRoutedHosts):
    def test_who_comes_before_the_table_waits_for_it(self):
        """Without it the server's answers do not come back: the first login would fail."""
        self.unload()
        gate = self.transparent_gate(start=False, firewall={"enforce": True})
        for command in json.loads(self.printed(gate, "--json"))["transparent"]["gate"]:
            self.run_once(self.hosts.gate, command)
        self.lead_answers_back(gate)
        self.addCleanup(self.unload)
        gate.start(wait=False, launcher=slow_nft.launcher(gate.folder, seconds=1.2))
        self.addCleanup(self._end_gate, gate)
        until = time.monotonic() + 10
        while (came := self.login(gate.address)).get("code") == 2003 and time.monotonic() < until:
            time.sleep(0.02)
        self.assertIn("answers", came, gate.text())


if __name__ == "__main__":
    scenario.main()
