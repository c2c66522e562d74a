#!/usr/bin/python3
"""docs/guides/migration.md is true: every line it says to write is one that `headgate check` takes,
and its HAProxy configuration and ours, side by side before one server, do what it says of them.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import peers
import scenario
from attackers import Attackers, addresses
from gate import binary
from private_mariadb import ROOT

PAGE = ROOT / "docs" / "guides" / "migration.md"
NEEDED = 'gate.backend = ["192.0.2.10:3306"]\n'


def rows():
    """(what they have, the pieces of configuration) of all tables."""
    for line in PAGE.read_text(encoding="utf8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 3 and cells[1] != "headgate" and not cells[1].startswith("---"):
            yield cells[0], [p for p in re.findall(r"`([^`]+)`", cells[1]) if " = " in p]


def example(name):
    """A fenced block of the page, by the mark in front of it."""
    text = PAGE.read_text(encoding="utf8")
    return re.search(rf"<!-- example: {name} -->\n```[^\n]*\n(.*?)```", text, re.S)[1]


class Rows(unittest.TestCase):

    def check(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "headgate.toml"
            file.write_text(text, encoding="utf8")
            done = subprocess.run([binary(), "check", str(file)], capture_output=True, text=True,
                                  timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_every_line(self):
        seen = 0
        for theirs, ours in rows():
            with self.subTest(theirs):
                text = "\n".join(ours) + "\n"
                if ours and "gate.backend" not in text:
                    text = NEEDED + text
                if ours:
                    code, said = self.check(text)
                    self.assertEqual(code, 0, f"{text}\n{said}")
                    seen += 1
        self.assertGreater(seen, 60)

    def test_a_wrong_line_would_be_seen(self):
        self.assertEqual(self.check(NEEDED + "slots.keep_fre = 5\n")[0], 2)


class SideBySide(scenario.Scenario):
    max_connections = 95

    def setUp(self):
        if not peers.program("haproxy"):
            self.skipTest("haproxy is not installed")

    def haproxy(self):
        text = example("haproxy").replace("0.0.0.0:3306", "LISTEN")
        peer = peers.Peer("haproxy", text.replace("192.0.2.10:3306", "BACKEND"), self.db.address)
        self.enterContext(peer)
        return peer.address

    def headgate(self):
        config = tomllib.loads(example("headgate"))
        del config["gate"]["listen"]  # the test's own
        config["gate"]["backend"] = ["%s:%d" % self.db.address]
        return self.start_gate(config)

    def besieged(self, address):
        """(the app's report, most connections of the silent at the server)"""
        app = self.start_app(address, timeout=2)
        silent = addresses(100)
        attackers = Attackers("silent", address, silent, 100, 30).start()
        most, until = 0, time.monotonic() + 4
        while time.monotonic() < until:
            most = max(most, self._held_by(set(silent)))
            time.sleep(0.1)
        report = app.finish()
        counts = attackers.stop()
        self.figures("side by side", f"{report.summary()}; silent {dict(counts)}, slots {most}")
        self.assertTrue(scenario.wait_for(lambda: not self._held_by(set(silent)), 15))
        return report, most

    def test_haproxy(self):
        self.db.query("CREATE USER IF NOT EXISTS haproxy@'%'")
        address = self.haproxy()
        calm = self.start_app(address, timeout=2)
        time.sleep(1)
        calm = calm.finish()
        self.assertEqual(calm.failed, 0, calm.errors)
        report, most = self.besieged(address)
        self.assertGreater(most, 70)
        self.assertGreater(report.failed, 0)

    def test_headgate(self):
        gate = self.headgate()
        report, most = self.besieged(gate.address)
        self.assertEqual((report.failed, most), (0, 0), report.errors)
        self.assertGreater(report.opened, 20)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
