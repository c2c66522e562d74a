#!/usr/bin/python3
"""churn: connect, log in, quit, in a loop. The server sees a bounded rate of logins."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses
from scenario import APP_CLASS

SECONDS = 5


class Churn(scenario.Scenario):

    def test_control(self):
        bare = self.bare("churn", addresses(120), 150)
        self.assertGreater(bare.counts["ok"], 500)

    def churn(self, name, sources, bound, **over):
        gate = self.start_gate(self.config(**{
            "class": [APP_CLASS], "known_good": {"minutes": 1}, **over}))
        before = self.db.status("Connections")
        outcome = self.under(gate, "churn", sources, 100, SECONDS)
        connections = self.db.status("Connections") - before - outcome.app.opened
        self.hold(name, gate, outcome, slots=30)
        self.assertGreater(outcome.counts["ok"], 0)
        self.assertLess(outcome.counts["ok"], bound)
        self.assertLess(connections, bound + 8 + 10, "the server heard of more than were let in")

    def test_from_120_at_the_login_rate(self):
        self.churn("100 from 120, 40 logins a second", addresses(120), 40 + 40 * (SECONDS + 2),
                   login={"rate": "40/s burst 40"})

    def test_from_one_at_its_connect_rate(self):
        self.churn("100 from 1", addresses(1), 20 + 20 * (SECONDS + 2),
                   source={"connect_rate": "20/s burst 20"})


if __name__ == "__main__":
    scenario.main()
