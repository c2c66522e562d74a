#!/usr/bin/python3
"""top --once, sources, sessions: what is printed rather than drawn."""
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers
from gate import binary
from watched import Watched


class Once(Watched):

    def test_once(self):
        self.start_app(self.gate.address)
        code, out, err = self.gate.cli("top", "--once", "--interval", "300ms")
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertIn("application SAFE", out)
        self.assertRegex(out, r"a second: admitted \d")
        self.assertNotIn("q quit", out)
        self.assertNotIn("\x1b", out)

    def test_sizes(self):
        for columns, rows in ((1, 1), (40, 10), (200, 50), (1000, 1000)):
            code, out, _ = self.gate.cli("top", "--once", "--interval", "200ms", "--columns",
                                         str(columns), "--rows", str(rows))
            self.assertEqual(code, 0)
            self.assertEqual(len(out.splitlines()), rows)
            self.assertLessEqual(max(map(len, out.splitlines())), columns)

    def test_json(self):
        code, out, _ = self.gate.cli("top", "--once", "--json", "--interval", "300ms")
        answer = json.loads(out)
        self.assertEqual(code, 0)
        self.assertEqual(answer["application"]["word"], "SAFE")
        self.assertGreaterEqual(answer["rates"]["connects"], 0)
        self.assertEqual(answer["status"]["mode"], "enforce")

    def test_wrong_usage(self):
        for words in (["--json"], ["--columns", "80"], ["--interval", "1ms"], ["--rows", "0"],
                      ["--interval", "soon", "--once"], ["--once", "--columns", "5000"]):
            code, out, err = self.gate.cli("top", *words)
            self.assertEqual(code, 2, words)
            self.assertTrue(out + err)

    def test_no_gate(self):
        done = subprocess.run([binary(), "top", "--once", "--socket", "/nowhere/s"], text=True,
                              capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no headgate listens there", done.stderr)


class Tables(Watched):

    def test_sources_and_sessions(self):
        self.start_app(self.gate.address, pool=4, rate=1)
        guesses = Attackers("bad-password", self.gate.address, ["127.77.7.7"], 4, 30,
                            pause=0.05).start()
        try:
            refused = scenario.wait_for(
                lambda: re.search(r"^127\.77\.7\.7 +\d+ +[\d.]+ ",
                                  self.gate.cli("sources", "--sort", "refused")[1], re.MULTILINE),
                20)
            self.assertTrue(refused)
            code, out, _ = self.gate.cli("sources", "--limit", "1")
            self.assertEqual(code, 0)
            lines = out.splitlines()
            self.assertRegex(lines[0], r"^SOURCE +REFUSED +/S +CONNS ")
            self.assertRegex(lines[1], r"^127\.77\.7\.7 +\d+ +[\d.]+ .*[a-z_]+$")
            self.assertRegex(lines[2], r"^1 shown; \d+ sources are tracked$")
            code, out, _ = self.gate.cli("sources", "--sort", "connections", "--json")
            first = json.loads(out)["sources"][0]
            self.assertEqual(first["source"], scenario.APP_SOURCE)
        finally:
            guesses.stop()
        code, out, _ = self.gate.cli("sessions", "--limit", "2")
        self.assertEqual(code, 0)
        self.assertRegex(out.splitlines()[0], r"^ID +PEER +STATE +FOR +DOES +USER +CLASS ")
        self.assertRegex(out, r"\n\S+ +127\.0\.0\.10 +in +\S+ +(busy|idle \S+) +app +shop ")
        self.assertRegex(out.splitlines()[-1], r"^2 of \d+; --limit shows more$")
        code, out, _ = self.gate.cli("sessions", "--json")
        self.assertEqual({s["user"] for s in json.loads(out)["sessions"]}, {"app"})

    def test_wrong_usage(self):
        for words in (["sources", "--limit", "0"], ["sources", "--sort", "x"],
                      ["sessions", "--limit", "1001"], ["sessions", "--sort", "x"]):
            self.assertEqual(self.gate.cli(*words)[0], 2, words)


if __name__ == "__main__":
    scenario.main()
