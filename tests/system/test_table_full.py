#!/usr/bin/python3
"""table-full: connections from more addresses than the source table holds; memory stays bounded."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers, addresses

SIZE = 1024


class TableFull(scenario.Scenario):

    def test_roaming_sources(self):
        gate = self.start_gate(self.config(
            known_good={"minutes": 1}, source={"table_size": SIZE}))
        app = self.start_app(gate.address)
        outcome = self.under(gate, "connect-only", addresses(1), 200, seconds=8, app=app,
                             roam=True, pause=0.02)
        self.hold(f"{outcome.counts['opened']} addresses, table of {SIZE}", gate, outcome,
                  memory=16 * scenario.MEBIBYTE)
        self.assertGreater(outcome.counts["opened"], 3 * SIZE)
        self.assertLessEqual(outcome.status["sources"], SIZE)
        self.assertGreaterEqual(gate.status()["known_good"], 1, "the app was forgotten")

    def test_silent_from_more_than_the_table(self):
        gate = self.start_gate(self.config(
            known_good={"minutes": 1}, source={"table_size": SIZE}, pending={"max": 2048}))
        outcome = self.under(gate, "silent", addresses(1), 4000, seconds=6, roam=True, pause=1.0)
        self.hold("4000 silent, one address each", gate, outcome)
        self.assertGreater(outcome.counts["opened"], 2 * SIZE)

    def test_memory_goes_flat(self):
        gate = self.start_gate(self.config(source={"table_size": SIZE}))
        memory = []
        for _ in range(3):
            Attackers("connect-only", gate.address, addresses(1), 200, 2, roam=True,
                      pause=0.01).start().stop_after(2)
            memory.append(gate.memory())
        self.figures("memory after each round, MiB",
                     ", ".join(f"{m / scenario.MEBIBYTE:.1f}" for m in memory))
        self.assertLess(memory[-1] - memory[0], 4 * scenario.MEBIBYTE)


if __name__ == "__main__":
    scenario.main()
