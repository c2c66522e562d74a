#!/usr/bin/python3
"""record: what a gate decided under attack, put to another engine: each verdict is the same."""
import json
import os
import pathlib
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import statements  # noqa: F401  registers the lives of logged-in attackers
from attackers import Attackers, addresses
from gate import binary

LIMITED = {"rate": "20/s burst 20", "running": 2, "deadline": "1s", "result": "1MiB"}


def replay(gate, *words):
    done = subprocess.run([binary(), "replay", "--json", *map(str, words)], capture_output=True,
                          text=True, timeout=120)
    return done, json.loads(done.stdout)


class Record(scenario.Scenario):
    def recorded(self, gate, name="t.trace", **how):
        """Under a mixed attack; the trace, and the gate's figures when nothing was going on."""
        status, out, err = gate.cli("record", name, *how.get("options", ()))
        self.assertEqual(status, 0, err)
        self.assertIn("recording to", out)
        app = self.start_app(gate.address)
        lives = [Attackers("bad-password", gate.address, addresses(20), 20, 20),
                 Attackers("churn", gate.address, addresses(4), 8, 20),
                 Attackers("silent", gate.address, addresses(10), 20, 20),
                 Attackers("heavy", gate.address, addresses(3), 4, 20, user="weak")]
        for life in lives:
            life.start()
        time.sleep(5)
        for life in lives:
            life.stop()
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.all_back(gate)
        figures = gate.status()
        status, out, err = gate.cli("record", "--stop")
        self.assertEqual(status, 0, err)
        self.assertNotEqual(figures["acted"]["connect_rate"] + figures["acted"]["login_failed"], 0)
        return pathlib.Path(gate.run_folder) / name, figures

    def test_the_same_again(self):
        gate = self.start_gate(self.guarded(
            LIMITED, source={"connect_rate": "5/s burst 20", "never_ban": []}))
        self.assertTrue(scenario.wait_for(lambda: gate.status()["slots"]["server_max"], 10))
        time.sleep(1.5)
        trace, figures = self.recorded(gate)
        self.assertEqual(stat.S_IMODE(os.stat(trace).st_mode), 0o600)
        self.assertNotIn(b"secret", trace.read_bytes())
        done, again = replay(gate, "--verbatim", "--config", gate.file, trace)
        self.figures("verbatim", f"{trace.stat().st_size} bytes, {again['agreement']}, "
                                 f"{again['traffic']}")
        self.assertEqual(again["agreement"]["different"], 0, again["agreement"]["first"])
        self.assertGreater(again["agreement"]["same"], 2000)
        self.assertEqual(again["notes"], [])
        # Who had to wait is told by replay, and has no count in the gate.
        # Replay also counts those that ended in their middle.
        self.assertGreaterEqual(again["traffic"]["logins_failed"], figures["acted"]["login_failed"])
        for reason in ("connect_rate", "query_deadline", "query_running", "pair_locked"):
            acted = sum(n for limit in again["limits"] if limit["reason"] == reason
                        for what, n in limit["acted"].items() if what not in ("queued", "delayed"))
            self.assertEqual(acted, figures["acted"][reason], reason)
        self.assertEqual(replay(gate, "--verbatim", "--config", gate.file, trace)[1], again)
        # As a candidate, which decides by itself when what waits goes on, it is much the same.
        done, candidate = replay(gate, "--config", gate.file, trace)
        self.figures("as candidate", candidate["verdict"])
        # Another policy says something else, and that is told.
        gate.write(self.guarded(LIMITED, source={"connect_rate": "1/s burst 2", "never_ban": []}))
        done, other = replay(gate, "--verbatim", "--config", gate.file, trace)
        self.assertGreater(other["agreement"]["different"], 0)
        self.assertTrue(any("another configuration" in note for note in other["notes"]))

    def test_orders(self):
        gate = self.start_gate()
        self.assertEqual(gate.cli("record")[1], "nothing is recorded\n")
        self.assertEqual(gate.cli("record", "--stop")[0], 1)
        self.assertEqual(gate.cli("record", "x", "--for", "never")[0], 2)
        self.assertEqual(gate.cli("record", "/proc/x")[0], 1)
        (gate.run_folder / "precious").write_text("precious")
        self.assertEqual(gate.cli("record", "precious")[0], 1)
        self.assertEqual((gate.run_folder / "precious").read_text(), "precious")
        self.assertEqual(gate.cli("record", "short", "--for", "1s")[0], 0)
        self.assertEqual(gate.cli("record", "other")[0], 1)
        self.assertTrue(scenario.wait_for(
            lambda: not gate.request("GET", "/record")[1]["recording"], 10))
        self.assertIn("recorded to", gate.cli("record")[1])
        # And with one under way it ends as it should.
        self.assertEqual(gate.cli("record", "last")[0], 0)
        gate.stop()
        self.assertEqual(gate.process and gate.process.returncode, None)


if __name__ == "__main__":
    scenario.main()
