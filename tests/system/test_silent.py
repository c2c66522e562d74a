#!/usr/bin/python3
"""silent: clients that connect and say nothing never cost a backend slot, and the app gets in."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses

# The budget must really fill: no rate stands in front of it.
FLOODED = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
           "ban_after": "off"}


class Silent(scenario.Scenario):

    def under(self, *arguments, **options):
        """No slot, and no connection that is over before anybody looks."""
        before = self.db.status("Connections")
        outcome = super().under(*arguments, **options)
        connections = self.db.status("Connections") - before
        self.assertLessEqual(connections, outcome.app.opened + 8 + 10, "only the app connects")
        return outcome

    def test_control(self):
        bare = self.bare("silent", addresses(120), 300)
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def test_300_from_one(self):
        gate = self.start_gate(self.config(source=FLOODED, pending={"max": 128}))
        outcome = self.under(gate, "silent", addresses(1), 300)
        self.hold("300 from 1", gate, outcome)
        self.assertGreater(outcome.status["acted"]["pending_evicted"], 0)

    def test_300_from_one_default_rates(self):
        gate = self.start_gate()
        outcome = self.under(gate, "silent", addresses(1), 300, seconds=4)
        self.hold("300 from 1, default rates", gate, outcome)

    def test_300_from_120(self):
        gate = self.start_gate(self.config(source=FLOODED, pending={"max": 128}))
        outcome = self.under(gate, "silent", addresses(120), 300)
        self.hold("300 from 120", gate, outcome)
        self.assertLessEqual(outcome.status["pending"]["now"], 128)

    def test_10000_from_1000(self):
        gate = self.start_gate(self.config(source=FLOODED, pending={"max": 1024}))
        outcome = self.under(gate, "silent", addresses(1000, groups=200), 10000, seconds=10,
                             ramp=3.0, pause=2.0)
        # Beside the pending: the app's, and who is on the way out.
        self.hold("10000 from 1000", gate, outcome, descriptors=1024 + 640)
        self.assertGreater(outcome.counts["opened"], 10000)
        self.assertLessEqual(outcome.status["pending"]["now"], 1024)
        self.assertGreater(outcome.status["acted"]["pending_evicted"], 0)


if __name__ == "__main__":
    scenario.main()
