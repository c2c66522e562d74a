#!/usr/bin/python3
"""drip: a login packet at one byte per half second meets an absolute deadline, not an idle one."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses


class Drip(scenario.Scenario):

    def test_control(self):
        bare = self.bare("drip", addresses(120), 150)
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def test_150_from_120(self):
        gate = self.start_gate(self.config(pending={"deadline": "2s"}))
        outcome = self.under(gate, "drip", addresses(120), 150, seconds=6)
        self.hold("150 from 120", gate, outcome)
        self.assertGreater(outcome.status["acted"]["pending_deadline"], 100)
        self.assertLess(outcome.counts["longest_ms"], 4500, "the deadline was not absolute")

    def test_100_from_one(self):
        gate = self.start_gate(self.config(pending={"deadline": "2s"}))
        outcome = self.under(gate, "drip", addresses(1), 100, seconds=5)
        self.hold("100 from 1", gate, outcome)
        self.assertGreater(outcome.status["acted"]["pending_deadline"], 50)
        self.assertLess(outcome.counts["longest_ms"], 4500, "the deadline was not absolute")


if __name__ == "__main__":
    scenario.main()
