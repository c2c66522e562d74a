#!/usr/bin/python3
"""proxy-grants: user@'client-ip' through PROXY v2, with client, gate and server on hosts of their
own."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import grants
import netns
import scenario
from grants import HOSTS


@scenario.needs_root()
class ProxyGrants(grants.OnThreeHosts):
    db_options = (f"--proxy-protocol-networks={netns.GATE_DB_SIDE}",)

    def setUp(self):
        self.gate = self.gate_with()
        self.target = self.gate.address
        self.target6 = (HOSTS.GATE_CLIENT_SIDE6, self.gate.port)

    def test_grants_hold(self):
        refused = self.grants_hold(self.target, self.target6)
        self.all_back(self.gate)
        self.figures("v2", f"user@'client-ip' works over both families; {refused}")

    def test_limits_see_the_source(self):
        self.limits_see_the_source(self.gate, self.target)


if __name__ == "__main__":
    scenario.main()
