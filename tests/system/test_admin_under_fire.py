#!/usr/bin/python3
"""admin-under-fire: status, ban, unban and reload are answered during an attack."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses


class AdminUnderFire(scenario.Scenario):

    def ask(self, gate, method, path, body=None):
        began = time.monotonic()
        code, _ = gate.request(method, path, body)
        spent = (time.monotonic() - began) * 1000
        self.slowest[path] = max(self.slowest.get(path, 0.0), spent)
        self.assertEqual(code, 200, path)

    def under_fire(self, kind, workers, **options):
        gate, self.slowest = self.start_gate(self.config(known_good={"minutes": 1})), {}

        def watch():
            self.ask(gate, "GET", "/status")
            self.ask(gate, "POST", "/ban", {"address": "203.0.113.7", "for": "1m"})
            self.ask(gate, "GET", "/bans")
            self.ask(gate, "POST", "/unban", {"address": "203.0.113.7"})
            self.ask(gate, "POST", "/reload")

        outcome = self.under(gate, kind, addresses(120), workers, seconds=4, watch=watch, **options)
        slowest = ", ".join(f"{path} {spent:.0f}" for path, spent in self.slowest.items())
        self.hold(f"{kind}; slowest answers in ms: {slowest}", gate, outcome, slots=16)

    def test_silent(self):
        self.under_fire("silent", 1000)

    def test_greeted(self):
        self.under_fire("greeted", 200, pause=0.005)

    def test_bad_password(self):
        self.under_fire("bad-password", 200)


if __name__ == "__main__":
    scenario.main()
