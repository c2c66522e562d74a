#!/usr/bin/python3
"""own-account: the application's own account from foreign addresses, idle and with heavy
statements."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses
from scenario import APP_CLASS
from siege import BUSY, CAPACITY, WORKERS, Siege
from statements import CROSS_JOIN

SOURCES = addresses(100)
RESERVE = APP_CLASS["reserve"]
HEAVY = ("SELECT BENCHMARK(4000000000, SHA1('own'))", CROSS_JOIN.format(-1))


class OwnAccount(Siege):
    """APP_CLASS is by sources and users: the account alone makes nobody a member."""

    def test_control(self):
        bare = self.bare("sit", SOURCES, WORKERS, user="app")
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def test_idle_with_a_class(self):
        gate = self.start_gate(self.empty(**{"class": [APP_CLASS]}))
        outcome = self.besiege(gate, "idle, a class", "sit", SOURCES, slots=CAPACITY - RESERVE,
                               user="app")
        self.assertGreater(outcome.slots, 10, "they were kept out altogether")

    def test_idle_with_nothing_configured(self):
        gate = self.start_gate(self.empty(self.app_history()))
        outcome = self.besiege(gate, "idle, nothing configured", "sit", SOURCES,
                               slots=CAPACITY - BUSY, user="app")
        self.assertGreater(outcome.slots, 10, "they were kept out altogether")
        implicit = outcome.status["slots"]["implicit"]
        self.assertGreaterEqual(implicit["reserve"], BUSY)
        self.assertEqual(implicit["pairs"], 1, "an address that only knows the password")

    def test_heavy_with_a_class(self):
        config = self.empty(**{"class": [APP_CLASS], "query": {"deadline": "2s"}})
        config["class"][0] = {**APP_CLASS, "query": {"deadline": "off"}}
        gate = self.start_gate(config)
        outcome = self.besiege(gate, "heavy, a class", "heavy", SOURCES, 100,
                               slots=CAPACITY - RESERVE, user="app", sql=HEAVY)
        self.assertGreater(outcome.counts["in"], 10)
        self.assertGreater(outcome.status["acted"]["query_deadline"], 5)

    def test_heavy_with_nothing_configured(self):
        gate = self.start_gate(self.empty(self.app_history()))
        outcome = self.besiege(gate, "heavy, nothing configured", "heavy", SOURCES, 100,
                               slots=CAPACITY - BUSY, seconds=13.0, user="app", sql=HEAVY)
        self.assertGreater(outcome.counts["in"], 10)
        # [query.unknown] binds above calm: ten seconds, and then what runs is killed.
        self.assertGreater(outcome.status["acted"]["query_deadline"], 5)


if __name__ == "__main__":
    scenario.main()
