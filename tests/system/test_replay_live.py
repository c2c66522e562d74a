#!/usr/bin/python3
"""replay of packets beside the gate that they went to: what it says of rates and connections is what
that gate has counted."""
import json
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers, addresses
from captured import Captured
from gate import binary

SECONDS = 8
# What goes by who connects, how often, and how long it says nothing. Not how many a ban meets that
# are logged in: a login that waited in the gate is a slow one of the server's in its packets.
REASONS = ("connect_rate", "source_connections", "prefix_connections", "banned", "pending_deadline",
           "pending_full", "pending_evicted")


class Beside(scenario.Scenario):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("tcpdump"):
            raise unittest.SkipTest("tcpdump is not installed")
        super().setUpClass()

    def attacked(self, gate):
        """The application beside who connects too often, says nothing, or has no password; banned
        and not."""
        app = self.start_app(gate.address)
        lives = [Attackers("churn", gate.address, addresses(4), 8, SECONDS + 10),
                 Attackers("churn", gate.address, addresses(3, first=60), 3, SECONDS + 10),
                 Attackers("silent", gate.address, addresses(2, first=90), 40, SECONDS + 10),
                 Attackers("bad-password", gate.address, addresses(20, first=120), 20, SECONDS + 10)]
        for life in lives:
            life.start()
        time.sleep(SECONDS)
        for life in lives:
            life.stop()
        self.assertEqual(app.finish().failed, 0)
        self.all_back(gate)

    def replayed(self, gate, capture):
        done = subprocess.run([binary(), "replay", "--json", "--config", gate.file, str(capture)],
                              capture_output=True, text=True, timeout=120)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def test_rates_and_connections(self):
        gate = self.start_gate(self.guarded(
            {}, slots={"max_connections": 140},
            default_class={"unproven": "100%"}, pending={"deadline": "1s"},
            source={"connect_rate": "5/s burst 20", "ban_after": "1/s burst 40", "ban": "2s"}))
        # Nothing here is longer, and the kernel has room for more of them.
        with Captured(pathlib.Path(gate.run_folder) / "packets.pcap", gate.address[1],
                      snap_length=4096) as captured:
            self.attacked(gate)
        self.assertEqual(captured.dropped, 0)
        live = gate.status()["acted"]
        report = self.replayed(gate, captured.path)
        again = {}
        for limit in report["limits"]:
            again[limit["reason"]] = again.get(limit["reason"], 0) + sum(
                n for what, n in limit["acted"].items() if what not in ("queued", "delayed"))
        beside = {reason: (live[reason], again.get(reason, 0)) for reason in REASONS
                  if live[reason] or again.get(reason, 0)}
        self.figures("counts of the gate, and of replay", f"{beside}; {report['traffic']}; "
                     f"{report['notes']}")
        for reason, (then, now) in beside.items():
            with self.subTest(reason=reason):
                self.assertLessEqual(abs(then - now), max(4, 0.02 * then))


if __name__ == "__main__":
    scenario.main()
