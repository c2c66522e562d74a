#!/usr/bin/python3
"""reload-storm: 1,000 reloads under load, a third of them invalid: nothing drops, nothing is
forgotten, and what changed holds from the next verdict on."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import Attackers, addresses
from statements import Asker

BROKEN = ('[gate]\nbackend = ["127.0.0.1:1"]\nlissten = 3\n[pending]\nmax = "many"\n',
          "this is no TOML [", "")
RULE = '\n[[rule]]\nname = "storm"\nregex = "forbidden"\naction = "refuse"\nmessage = "turn {}"\n'


class ReloadStorm(scenario.Scenario):

    def reload(self, gate, text, done=True):
        gate.file.write_text(text, encoding="utf8")
        code, answer = gate.request("POST", "/reload")
        self.assertEqual(code == 200, done, answer)
        return answer

    @staticmethod
    def gets_in(gate, source):
        try:
            Asker(gate.address, source=source).sock.close()
        except (wire.ServerError, OSError, EOFError):
            return False
        return True

    def test_1000_reloads(self):
        """Beside the app: who knocks all the time, and one connection that is there throughout."""
        gate = self.start_gate(self.config())
        self.assertEqual(gate.cli("ban", "203.0.113.9", "1h")[0], 0)
        app = self.start_app(gate.address)
        noise = Attackers("greeted", gate.address, addresses(20), 20, 170, pause=0.05).start()
        good, refused = gate.file.read_text(encoding="utf8"), 0
        changed = good.replace("[source]", "[waiting]\nmax = 500\n[source]")
        with Asker(gate.address, source="127.51.1.1") as witness:
            own = witness.query_value("SELECT CONNECTION_ID()")
            for turn in range(1000):
                if turn % 3 == 1:
                    self.reload(gate, BROKEN[turn % len(BROKEN)], done=False)
                    refused += 1
                else:
                    self.reload(gate, changed if turn % 2 else good)
                if turn % 50 == 0:
                    self.assertEqual(witness.query_value("SELECT CONNECTION_ID()"), own)
            self.assertEqual(witness.query_value("SELECT CONNECTION_ID()"), own)
        report, counts = app.finish(), noise.stop()
        self.figures("1,000 reloads", f"{refused} refused, {report.summary()}, beside {counts}")
        self.assertEqual(refused, 333)
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(counts["opened"], 50)
        status = gate.status()
        self.assertEqual(status["reloads"], {"done": 667, "refused": 333, "last": "ok"})
        self.assertEqual(status["waiting"]["max"], 500)
        self.assertEqual(status["slots"]["capacity"], self.max_connections - 5)
        self.assertEqual(status["bans"], 1, "the ban was forgotten")
        self.assertLess(gate.descriptors(), 60)
        self.all_back(gate)

    def test_the_next_statement_meets_the_new_rules(self):
        gate = self.start_gate()
        good = gate.file.read_text(encoding="utf8")
        with Asker(gate.address) as live:
            for turn in range(30):
                self.reload(gate, good + RULE.format(turn))
                told = live.error("SELECT 'forbidden'")
                self.assertIsNotNone(told, turn)
                self.assertIn(f"turn {turn}", told[2])
                self.reload(gate, BROKEN[0], done=False)
                self.assertIsNotNone(live.error("SELECT 'forbidden'"), "a bad file lifted it")
                self.reload(gate, good)
                self.assertEqual(live.query_value("SELECT 'forbidden'"), "forbidden")
        self.all_back(gate)

    def test_the_next_connection_meets_the_new_limits(self):
        gate = self.start_gate()
        good = gate.file.read_text(encoding="utf8")
        tight = good.replace("[source]", '[source]\nconnect_rate = "1/m burst 1"')
        for turn in range(10):
            source = f"127.52.{turn}.1"
            with Asker(gate.address, source=source), Asker(gate.address, source=source):
                self.reload(gate, tight)
                # One more at most: the new limit's own burst, if the old one's rest is used up.
                self.assertLessEqual(sum(self.gets_in(gate, source) for _ in range(4)), 1)
                self.reload(gate, good)
                # What was owed at the old rate is owed at the new one: a fraction of a second.
                self.assertTrue(scenario.wait_for(lambda: self.gets_in(gate, source), 3))
        self.all_back(gate)

    def test_the_next_login_meets_the_new_class(self):
        gate = self.start_gate(self.config(waiting={"queue": "100ms"}))
        good = gate.file.read_text(encoding="utf8")
        one = good + '\n[[class]]\nname = "weak"\nusers = ["weak"]\nmax = 1\nunproven = "off"\n'
        for _ in range(5):
            self.reload(gate, one)
            with Asker(gate.address):
                self.assertRaises(wire.ServerError, Asker, gate.address)
                self.reload(gate, good)
                Asker(gate.address).sock.close()
        self.all_back(gate)

    def test_a_bad_file_changes_nothing_and_says_why(self):
        gate = self.start_gate()
        gate.file.write_text(BROKEN[0], encoding="utf8")
        status, out, err = gate.cli("reload")
        self.assertNotEqual(status, 0)
        self.assertIn("lissten", out + err)
        self.assertEqual(gate.status()["slots"]["capacity"], self.max_connections - 5)


if __name__ == "__main__":
    scenario.main()
