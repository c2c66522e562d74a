#!/usr/bin/python3
"""`headgate man`: pages that every reader of manual pages takes without a complaint, which hold all
there is.

Usage: manual_test.py BINARY SOURCE_DIR
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BINARY, SOURCE = sys.argv[1:3]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
import help_tree  # noqa: E402
from terminal import Terminal  # noqa: E402

SECTIONS = {"8": ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXAMPLES",
                  "EXIT STATUS", "FILES", "SIGNALS", "ENVIRONMENT", "SEE ALSO"],
            "5": ["NAME", "SYNOPSIS", "DESCRIPTION", "VALUES", "KEYS", "EXAMPLES", "SEE ALSO"]}


def run(*command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          **kwargs)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages, cls.shown = {}, {}
        for number in SECTIONS:
            with tempfile.NamedTemporaryFile("w", suffix="." + number) as file:
                cls.pages[number] = run(BINARY, "man", number).stdout
                file.write(cls.pages[number])
                file.flush()
                cls.shown[number] = cls.as_text(file.name)

    @staticmethod
    def as_text(name):
        """As man(1) shows it, in lines that are long enough for every word."""
        text = run("man", "-l", name, env={"PATH": os.environ["PATH"], "MANWIDTH": "5000",
                                           "LC_ALL": "C.UTF-8"}).stdout
        return re.sub(".\b", "", text)

    def test_readers_have_no_complaint(self):
        for number, page in self.pages.items():
            with tempfile.NamedTemporaryFile("w", suffix="." + number) as file:
                file.write(page)
                file.flush()
                environment = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
                for command in (["man", "--warnings", "-l", file.name],
                                ["groff", "-man", "-ww", "-z", "-Tutf8", file.name],
                                ["mandoc", "-T", "lint", "-W", "warning", file.name]):
                    with self.subTest(" ".join(command[:-1]) + " " + number):
                        done = run(*command, env=environment)
                        said = done.stderr + ("" if command[0] == "man" else done.stdout)
                        self.assertEqual((done.returncode, said), (0, ""))

    def test_the_readers_do_complain(self):
        bad = ".TH X 8\n.SH NAME\n.nosuch\n\\fBx"
        self.assertIn("nosuch", run("groff", "-man", "-ww", "-z", input=bad).stderr)
        self.assertIn("nosuch", run("mandoc", "-T", "lint", "-W", "warning", input=bad).stdout)

    def test_sections(self):
        for number, titles in SECTIONS.items():
            found = re.findall(r"^([A-Z][A-Z ]+)$", self.shown[number], re.MULTILINE)
            self.assertEqual(found, titles)

    def test_every_command_and_option(self):
        for words, command in help_tree.tree(BINARY).items():
            if not words:
                continue
            title = "   headgate " + " ".join(words)
            with self.subTest(title):
                if words == ("firewall",):  # none by itself
                    self.assertNotIn(title + "\n", self.shown["8"])
                    continue
                part = re.split(r"\n {0,3}(?=\S)", self.shown["8"].split(title + "\n", 1)[1])[0]
                for name in [*command.options, *command.arguments]:
                    if name in ("-h", "--help"):
                        continue
                    self.assertRegex(part, rf"(?m)^ +(.*, )?{re.escape(name)}( |,|$)")

    def test_every_key(self):
        rows = re.findall(r"^\| `([a-z_.A-Z]+)` \|.*\| (.*) \|$",
                          pathlib.Path(SOURCE, "docs/config.md").read_text("utf8"), re.MULTILINE)
        self.assertGreater(len(rows), 200)
        for key, meaning in rows:
            with self.subTest(key):
                found = re.search(rf"^ +{re.escape(key)}\n +(.*)$", self.shown["5"], re.MULTILINE)
                self.assertIsNotNone(found)
                plain = re.sub(r"\[([^]]*\.md)\]\([^)]*\)", r"\1", meaning).replace("`", "")
                self.assertEqual(re.sub(r"\s+", " ", found[1].replace("\u2010", "-"))[:40],
                                 plain.split("](")[0][:40])

    def test_the_example_is_right(self):
        text = self.shown["5"].split("EXAMPLES\n")[1].split("SEE ALSO")[0]
        lines = text.split("[gate]", 1)[1]
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "headgate.toml")
            file.write_text("[gate]" + re.sub(r"(?m)^ +", "", lines))
            done = run(BINARY, "check", str(file))
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("ok", done.stdout)

    def test_eight_unless_told_otherwise(self):
        self.assertEqual(run(BINARY, "man").stdout, self.pages["8"])
        done = run(BINARY, "man", "7")
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_twice_the_same(self):
        for number, page in self.pages.items():
            self.assertEqual(run(BINARY, "man", number, env={"TZ": "Asia/Tokyo"}).stdout, page)


class OnATerminal(unittest.TestCase):
    def test_man_shows_it(self):
        with Terminal([BINARY, "man", "5"], PAGER="cat", MANPAGER="cat", columns=100,
                      rows=50) as screen:
            self.assertEqual(screen.wait_end(60), 0)
            self.assertIn(b"HEADGATE.TOML(5)", screen.raw)
            self.assertNotIn(b".TH ", screen.raw)

    def test_man_that_ends_before_it_has_read_anything(self):
        """Which of the two is first differs: the status must not."""
        ends = set()
        for _ in range(40):
            with Terminal([BINARY, "man", "5"], PATH="/nowhere") as screen:
                ends.add(screen.process.wait(60))
        self.assertEqual(ends, {1})

    def test_without_man(self):
        with Terminal([BINARY, "man"], PATH="/nowhere") as screen:
            self.assertEqual(screen.wait_end(60), 1)
            self.assertIn("man(1) is not installed here", screen.read(0.1))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
