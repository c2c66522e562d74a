#!/usr/bin/python3
"""reload-storm: 1,000 reloads under load, some invalid: nothing drops, nothing is forgotten."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario

BROKEN = '[gate]\nbackend = ["127.0.0.1:1"]\nlissten = 3\n[pending]\nmax = "many"\n'


class ReloadStorm(scenario.Scenario):

    def test_1000_reloads(self):
        gate = self.start_gate(self.config())
        self.assertEqual(gate.cli("ban", "203.0.113.9", "1h")[0], 0)
        app = self.start_app(gate.address)
        good, done, refused = gate.file.read_text(encoding="utf8"), 0, 0
        changed = good.replace("[source]", "[waiting]\nmax = 500\n[source]")
        for turn in range(1000):
            text = BROKEN if turn % 10 == 3 else changed if turn % 2 else good
            gate.file.write_text(text, encoding="utf8")
            code, answer = gate.request("POST", "/reload")
            if text is BROKEN:
                self.assertNotEqual(code, 200, answer)
                refused += 1
            else:
                self.assertEqual(code, 200, answer)
                done += 1
        report = app.finish()
        self.figures("1,000 reloads", f"{done} done, {refused} refused, {report.summary()}")
        self.assertEqual(report.failed, 0, report.errors)
        status = gate.status()
        self.assertEqual(status["waiting"]["max"], 500)
        self.assertEqual(status["slots"]["capacity"], self.max_connections - 5)
        self.assertEqual(status["bans"], 1, "the ban was forgotten")
        self.assertLess(gate.descriptors(), 60)
        self.all_back(gate)

    def test_a_bad_file_changes_nothing_and_says_why(self):
        gate = self.start_gate()
        gate.file.write_text(BROKEN, encoding="utf8")
        status, out, err = gate.cli("reload")
        self.assertNotEqual(status, 0)
        self.assertIn("lissten", out + err)
        self.assertEqual(gate.status()["slots"]["capacity"], self.max_connections - 5)


if __name__ == "__main__":
    scenario.main()
