#!/usr/bin/python3
"""hoard: weak logins sit idle on every slot they can get; the app comes, goes and comes back."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses
from scenario import APP_CLASS
import statements  # noqa: F401  its attackers
from siege import BUSY, CAPACITY, WORKERS, Siege

SOURCES = addresses(100)
RESERVE = APP_CLASS["reserve"]


class Hoard(Siege):

    def test_control(self):
        bare = self.bare("sit", SOURCES, WORKERS)
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def test_with_a_class(self):
        gate = self.start_gate(self.empty(**{"class": [APP_CLASS]}))
        outcome = self.besiege(gate, "with a class", "sit", SOURCES, slots=CAPACITY - RESERVE)
        self.assertGreater(outcome.slots, 10, "they were kept out altogether")
        self.assertGreater(outcome.counts["ok"], 10)
        self.assertIn(outcome.status["pressure"]["level"], ("elevated", "attack"))

    def test_with_a_class_that_lends(self):
        """What it does not use is lent, and called back when the app is there."""
        gate = self.start_gate(self.empty(**{"class": [{**APP_CLASS, "lend": True}]}))
        status = self.come_late(gate, "lent", "sit", SOURCES)
        self.assertGreater(status["acted"]["reclaimed"], 0)

    def test_half_a_statement_is_called_back(self):
        """A statement that never comes to its end is nothing that runs."""
        gate = self.start_gate(self.empty(**{"class": [{**APP_CLASS, "lend": True}]}))
        status = self.come_late(gate, "lent, half a statement", "half-said", SOURCES)
        self.assertGreater(status["acted"]["reclaimed"], 0)

    def test_with_nothing_configured(self):
        gate = self.start_gate(self.empty(self.app_history()))
        outcome = self.besiege(gate, "nothing configured", "sit", SOURCES, slots=CAPACITY - BUSY)
        self.assertGreater(outcome.slots, 10, "they were kept out altogether")
        implicit = outcome.status["slots"]["implicit"]
        self.assertTrue(implicit["binds"], outcome.status["pressure"])
        self.assertGreaterEqual(implicit["reserve"], BUSY)

    def shrink(self):
        """The server is to have fewer connections than it has: what is kept is held by others."""
        self.addCleanup(self.db.query, f"SET GLOBAL max_connections = {self.max_connections}")
        self.db.query("SET GLOBAL max_connections = 44")

    def test_the_server_shrinks_with_a_class(self):
        gate = self.start_gate(self.empty(**{"class": [APP_CLASS]}))
        status = self.come_late(gate, "shrunk, a class", "sit", SOURCES, then=self.shrink)
        self.assertGreater(status["acted"]["reclaimed"], 0)

    def test_the_server_shrinks_with_nothing_configured(self):
        """The app is away, and what would be its slots has to be called back from strangers."""
        gate = self.start_gate(self.empty(self.app_history()))
        status = self.come_late(gate, "shrunk, nothing configured", "sit", SOURCES,
                                then=self.shrink)
        self.assertGreater(status["acted"]["reclaimed"], 0)
        self.assertEqual(status["pressure"]["level"], "attack")

    def test_half_a_statement_keeps_no_slot(self):
        gate = self.start_gate(self.empty(self.app_history()))
        status = self.come_late(gate, "shrunk, half a statement", "half-said", SOURCES,
                                then=self.shrink)
        self.assertGreater(status["acted"]["reclaimed"], 0)


if __name__ == "__main__":
    scenario.main()
