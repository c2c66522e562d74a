#!/usr/bin/python3
"""descriptor-famine: out of file descriptors the gate does not spin, and its admin answers."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers, addresses

CROWD = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
         "ban_after": "off"}


class DescriptorFamine(scenario.Scenario):

    def test_small_limit(self):
        """RLIMIT_NOFILE of 800 at start: the budgets are sized from it."""
        gate = self.start_gate(self.config(source=CROWD, known_good={"minutes": 1}), nofile=800)
        outcome = self.under(gate, "silent", addresses(120), 600, seconds=6)
        self.hold("limit of 800", gate, outcome, descriptors=801)
        self.assertLess(outcome.cpu, outcome.seconds * 0.6, "the gate spins")

    @scenario.takes_all_descriptors()
    def test_limit_reached_while_running(self):
        """The limit is taken away under the running gate: accept() itself fails with EMFILE."""
        gate = self.start_gate(self.config(source=CROWD, pending={"deadline": "2s"}))
        full = gate.descriptors() + 40
        gate.limit_descriptors(full)
        attackers = Attackers("silent", gate.address, addresses(120), 400, 20).start()
        self.assertTrue(scenario.wait_for(lambda: gate.descriptors() >= full - 2, 5))
        cpu, most = gate.cpu(), 0.0
        for _ in range(20):
            most = max(most, self.timed_status(gate))
        cpu = gate.cpu() - cpu
        self.assertTrue(scenario.wait_for(
            lambda: (gate.status()["process"]["open_descriptors"] or 0) >= full - 4, 5),
            "whoever watches the descriptors is to see it")
        self.assertIsNotNone(gate.status()["host"]["memory_available"])
        counts = attackers.stop()
        gate.limit_descriptors(4096)
        self.figures("EMFILE", f"{dict(counts)}, {cpu:.2f} s CPU in 2 s, admin {most:.0f} ms, "
                     f"acted {gate.status()['acted'].get('descriptors')}")
        self.assertLess(cpu, 1.5, "the gate spins")
        app = self.start_app(gate.address)
        report = scenario.wait_for(lambda: app.progress()[0] > 100, 10) and app.finish()
        self.assertTrue(report, "the app did not get in again")
        self.assertEqual(report.failed, 0, report.errors)
        self.all_back(gate)

    def timed_status(self, gate):
        began = time.monotonic()
        gate.status()
        spent = (time.monotonic() - began) * 1000
        time.sleep(0.1)
        return spent


if __name__ == "__main__":
    scenario.main()
