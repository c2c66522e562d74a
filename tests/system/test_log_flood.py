#!/usr/bin/python3
"""log-flood: a flood writes a bounded log, and the counters stay exact."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import addresses
from gate import Gate

SAMPLE = 10  # lines a second and reason
# Tight for strangers; the app is known-good from its first statement on.
TIGHT = {"source": {"connect_rate": "10/s burst 60"}, "known_good": {"minutes": 1}}


class LogFlood(scenario.Scenario):

    def test_volume(self):
        gate = self.start_gate(self.config(log={"sample": f"{SAMPLE}/s"}, **TIGHT))
        before = gate.log_bytes()
        outcome = self.under(gate, "greeted", addresses(20), 200, seconds=5, pause=0.005)
        written = gate.log_bytes() - before
        self.hold(f"{written} bytes of log", gate, outcome)
        reasons = sum(1 for count in outcome.status["acted"].values() if count)
        self.assertLess(written, 400 * SAMPLE * (outcome.seconds + 3) * max(reasons, 2))

    def test_decision_log(self):
        """JSON lines, sampled per reason."""
        config = self.config(log={"sample": f"{SAMPLE}/s", "decisions": ""}, **TIGHT)
        gate = Gate(config)
        decisions = gate.run_folder / "decisions.jsonl"
        config["log"]["decisions"] = str(decisions)
        gate.write(config)
        gate.start()
        self.addCleanup(self._end_gate, gate)
        outcome = self.under(gate, "greeted", addresses(20), 200, seconds=4, pause=0.005)
        lines = decisions.read_text(encoding="utf8").splitlines()
        self.hold(f"{len(lines)} decisions logged", gate, outcome)
        reasons = {json.loads(line)["reason"] for line in lines}
        self.assertIn("connect_rate", reasons)
        self.assertLess(len(lines), len(reasons) * SAMPLE * (outcome.seconds + 4))

    def test_counters_are_exact(self):
        gate = self.start_gate(self.config(source={"connect_rate": "5/s burst 5"}))
        refused = greeted = 0
        for _ in range(3000):
            with wire.Blocking(gate.address, "127.44.1.1") as client:
                try:
                    client.greeting()
                    greeted += 1
                except wire.ServerError as error:
                    self.assertEqual(error.code, 1040)
                    refused += 1
        self.assertTrue(scenario.wait_for(lambda: gate.status()["connections"] == 0, 5))
        status = gate.status()
        counted = status["acted"].get("connect_rate", 0) + status["acted"].get("banned", 0)
        self.figures("counters", f"refused {refused}, counted {counted}; greeted {greeted}, "
                     f"accepted {status['accepted']}")
        self.assertEqual(counted, refused)
        self.assertEqual(status["acted"].get("client_closed", 0), greeted)


if __name__ == "__main__":
    scenario.main()
