#!/usr/bin/python3
"""shadow: a candidate decides beside the running policy on real traffic: nobody is refused or held
up by it, the counts name its limits, a reload changes it, and a bad one changes nothing."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers, addresses
from gate import Gate, to_toml
from statements import Asker

STRANGER = "127.60.1.1"


class Shadow(scenario.Scenario):
    def beside(self, gate, **over):
        """Writes the candidate: the gate's own configuration, with `over` laid over it."""
        file = gate.folder / "candidate.toml"
        text = gate.file.read_text(encoding="utf8")
        text = text.replace('[shadow]\nconfig = "candidate.toml"\n', "")
        for table, keys in over.items():
            lines = to_toml({table: keys}).split("\n", 1)
            head = lines[0] + "\n"
            self.assertEqual(text.count(head), 1, text)
            for key in keys:
                text = "\n".join(line for line in text.split("\n")
                                 if not line.startswith(f"{key} = "))
            text = text.replace(head, head + lines[1].strip("\n") + "\n")
        file.write_text(text, encoding="utf8")
        file.chmod(0o644)
        return file

    def shadowed(self, over, **config):
        """A gate that begins with a candidate; `over` is what it has of its own."""
        settings = self.config(query={}, shadow={"config": "candidate.toml"}, **config)
        gate = Gate(settings)
        self.beside(gate, **over)
        gate.start()
        self.addCleanup(self._end_gate, gate)
        return gate

    @staticmethod
    def counted(gate, reason, how="refused", whose="candidate_only"):
        rows = gate.status()["shadow"]["limits"]
        return sum(row[how][whose] for row in rows if row["reason"] == reason)

    def settled(self, gate, reason, least, **what):
        self.assertTrue(scenario.wait_for(lambda: self.counted(gate, reason, **what) >= least, 10),
                        gate.status()["shadow"])

    def differences(self, gate):
        told = gate.status()["shadow"]
        return {how: {k: v for k, v in told[how].items() if v} for how in ("refused", "delayed")}

    def test_a_tighter_candidate_touches_nobody(self):
        """Its limits meet the app and a stranger; both notice nothing, and it is told."""
        gate = self.shadowed({"source": {"connect_rate": "1/h burst 2"},
                              "query": {"running": 1, "rate": "5/s burst 5"}})
        app = self.start_app(gate.address)
        for _ in range(6):
            with Asker(gate.address, source=STRANGER) as stranger:
                for _ in range(10):
                    self.assertEqual(stranger.query_value("SELECT 1"), "1")
        time.sleep(1)
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(report.pooled, 50)
        self.settled(gate, "connect_rate", 4)
        self.assertGreater(self.counted(gate, "query_rate", "delayed"), 0)
        status = gate.status()
        self.assertEqual(sum(status["acted"][r] for r in ("connect_rate", "query_rate",
                                                          "query_running")), 0)
        shadow = status["shadow"]
        self.assertEqual((shadow["found"], shadow["left_out"], shadow["begun_anew"]), (0, 0, 0))
        self.assertEqual(shadow["refused"]["live_only"], 0, shadow)
        self.figures("tighter", json.dumps(shadow))
        text = gate.cli("status")[1]
        self.assertRegex(text, r"shadow +refused connect_rate: \d+ candidate only")
        metrics = gate.request("GET", "/metrics")[1]
        self.assertRegex(metrics, r'headgate_shadow_refused_candidate_only_total\{reason='
                                  r'"connect_rate"\} [1-9]')
        self.assertIn("headgate_shadow_left_out_total 0", metrics)
        self.all_back(gate)

    def test_reloads(self):
        gate = self.shadowed({"source": {"connect_rate": "1/h burst 1"}})
        good = gate.file.read_text(encoding="utf8")

        def knock(n):
            for _ in range(n):
                Asker(gate.address, source=STRANGER).sock.close()
        knock(3)
        self.settled(gate, "connect_rate", 2)
        # The same again leaves the counts; another candidate begins from 0.
        self.assertEqual(gate.cli("reload")[0], 0)
        self.assertGreaterEqual(self.counted(gate, "connect_rate"), 2)
        with Asker(gate.address, source=STRANGER) as here:
            candidate = self.beside(gate, source={"connect_rate": "1/h burst 2"})
            self.assertEqual(gate.cli("reload")[0], 0)
            self.assertEqual(self.differences(gate), {"refused": {}, "delayed": {}})
            self.assertEqual(gate.status()["shadow"]["found"], 1)
            self.assertEqual(here.query_value("SELECT 1"), "1")
        # A bad one is an error of the reload, with its place; the one that runs goes on.
        candidate.write_text(candidate.read_text() + "\n[sorce]\n", encoding="utf8")
        code, answer = gate.request("POST", "/reload")
        self.assertEqual(code, 422, answer)
        self.assertRegex(answer["problems"][0], r"candidate\.toml:\d+:\d+: sorce: ")
        self.assertIsNotNone(gate.status()["shadow"])
        knock(4)
        self.settled(gate, "connect_rate", 1)
        # Without the key it is off.
        gate.file.write_text(good.replace('config = "candidate.toml"', 'config = ""'),
                             encoding="utf8")
        self.assertEqual(gate.cli("reload")[0], 0)
        self.assertIsNone(gate.status()["shadow"])
        self.assertNotIn("shadow", gate.cli("status")[1])
        self.assertNotIn("headgate_shadow_events", gate.request("GET", "/metrics")[1])
        # A record and a shadow at once.
        gate.file.write_text(good, encoding="utf8")
        self.beside(gate, source={"connect_rate": "1/h burst 1"})
        self.assertEqual(gate.cli("record", "both.trace")[0], 0)
        self.assertEqual(gate.cli("reload")[0], 0)
        knock(3)
        self.settled(gate, "connect_rate", 1)
        self.assertGreater(gate.request("GET", "/record")[1]["events"], 3)
        self.assertEqual(gate.cli("record", "--stop")[0], 0)
        knock(3)
        self.settled(gate, "connect_rate", 3)
        self.all_back(gate)

    @staticmethod
    def refused(gate):
        acted = gate.status()["acted"]
        return acted["connect_rate"] + acted["banned"]

    def flood(self, gate, seconds=2, most=10):
        """For that long, and until some hundred are refused."""
        app = self.start_app(gate.address)
        kinds = [Attackers("churn", gate.address, addresses(30), 16, most + 5),
                 Attackers("greeted", gate.address, addresses(30), 8, most + 5),
                 Attackers("bad-password", gate.address, addresses(20), 4, most + 5)]
        for kind in kinds:
            kind.start()
        time.sleep(seconds)
        scenario.wait_for(lambda: self.refused(gate) >= 300, most - seconds)
        opened = sum(kind.stop()["opened"] for kind in kinds)
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.all_back(gate)
        return opened

    def test_a_flood(self):
        """The gate keeps its verdicts; the same policy differs in nothing, one that differs in what
        meets nobody in next to nothing."""
        limits = {"class": [scenario.APP_CLASS],
                  "source": {"connect_rate": "1/m burst 2", "never_ban": []}}
        gate = self.shadowed({}, **limits)
        opened = self.flood(gate)
        shadow = gate.status()["shadow"]
        self.figures("same policy", f"{opened} connections, {json.dumps(shadow)}")
        self.assertGreater(shadow["refused"]["both"], 50)
        self.assertEqual(self.differences(gate)["refused"].keys() -
                         {"both", "protected_both"}, set())
        self.assertEqual(shadow["left_out"], 0)
        gate.stop()
        other = self.shadowed({"slots": {"keep_free": 6}}, **limits)
        opened = self.flood(other)
        shadow = other.status()["shadow"]
        self.figures("next to the same", f"{opened} connections, {json.dumps(shadow)}")
        both = shadow["refused"]["both"]
        self.assertGreater(both, 50)
        self.assertLess(shadow["refused"]["candidate_only"] + shadow["refused"]["live_only"],
                        both / 20)
        self.assertEqual(shadow["left_out"], 0)
        self.assertGreater(self.refused(other), 50)


if __name__ == "__main__":
    scenario.main()
