#!/usr/bin/python3
"""observe: everything is decided and counted, nothing is refused, delayed or locked."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import addresses

STRICT = {"connect_rate": "2/s burst 2", "ban_after": "1/s burst 2"}


class Observe(scenario.Scenario):

    def strict(self, **over):
        return self.config(source={**STRICT, **over}, login={"failures": "2/m"})

    def walk(self, gate):
        """30 wrong passwords and 30 right ones from one source; what came of the right ones."""
        out = []
        for turn in range(60):
            try:
                with wire.Blocking(gate.address, "127.71.0.1") as client:
                    client.login("weak", "wrong" if turn % 2 else "weak-secret")
                    out.append("in")
            except wire.ServerError as error:
                if turn % 2 == 0:
                    out.append(error.code)
        return out

    def test_nothing_acts(self):
        config = self.strict()
        config["gate"]["mode"] = "observe"
        gate = self.start_gate(config)
        self.assertEqual(self.walk(gate), ["in"] * 30)
        status = gate.status()
        would = {k: v for k, v in status["would_act"].items() if v}
        self.figures("observe", f"would_act {would}")
        self.assertEqual(status["mode"], "observe")
        self.assertGreater(would["connect_rate"], 20)
        self.assertEqual(status["bans"], 0)
        for reason in would:
            self.assertEqual(status["acted"].get(reason, 0), 0, reason)
        self.all_back(gate)

    def test_the_same_acts_when_enforced(self):
        gate = self.start_gate(self.strict())
        self.assertIn(1040, self.walk(gate))
        self.assertGreater(gate.count("connect_rate"), 0)

    def test_enforce_false_of_one_table(self):
        gate = self.start_gate(self.config(source={**STRICT, "enforce": False}))
        results = []
        for _ in range(30):
            with wire.Blocking(gate.address, "127.71.0.2") as client:
                client.login("weak", "weak-secret")
                results.append("in")
        self.assertEqual(len(results), 30)
        self.assertGreater(gate.count("connect_rate", "would_act"), 20)
        self.assertEqual(gate.count("connect_rate"), 0)

    def test_deferral_still_holds(self):
        config = self.config(pending={"max": 128, "deadline": "2s"})
        config["gate"]["mode"] = "observe"
        gate = self.start_gate(config)
        outcome = self.under(gate, "silent", addresses(120), 300, seconds=4)
        self.hold("silent, observed", gate, outcome)


if __name__ == "__main__":
    scenario.main()
