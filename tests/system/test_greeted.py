#!/usr/bin/python3
"""greeted: read the greeting, close, repeat. The server never hears of it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses


class Greeted(scenario.Scenario):

    def test_control(self):
        bare = self.bare("greeted", addresses(120), 150)
        self.assertGreater(bare.status["aborted"], 500)

    def run_from(self, name, sources):
        gate = self.start_gate()
        aborted, connections = (self.db.status(n) for n in ("Aborted_connects", "Connections"))
        outcome = self.under(gate, "greeted", sources, 150, seconds=4, pause=0.02)
        connections = self.db.status("Connections") - connections
        self.hold(name, gate, outcome)
        self.assertGreater(outcome.counts["opened"], 1000)
        self.assertEqual(self.db.status("Aborted_connects"), aborted)
        self.assertLessEqual(connections, outcome.app.opened + 8 + 10, "only the app connects")

    def test_from_120(self):
        self.run_from("150 from 120", addresses(120))

    def test_from_one(self):
        self.run_from("150 from 1", addresses(1))


if __name__ == "__main__":
    scenario.main()
