#!/usr/bin/python3
"""docs/threat-model.md names the scenarios of docs/threats.md, each once, and tests that there are.

Usage: threat_model_test.py
"""
import re
import unittest

import mutants
from mutant_list import MUTANTS
from mutants_test import test_names

MODEL = (mutants.ROOT / "docs/threat-model.md").read_text("utf8")
THREATS = (mutants.ROOT / "docs/threats.md").read_text("utf8")
SYSTEM = (mutants.ROOT / "tests/system/CMakeLists.txt").read_text("utf8")
ENTRIES = (mutants.ROOT / "tests/fuzz/entries.h").read_text("utf8")


def rows(text, header):
    """The cells of the table that begins with this first cell, row by row."""
    table = re.search(rf"^\| {header} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)[1]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


class ThreatModel(unittest.TestCase):

    def test_the_scenarios_are_those_of_the_threats(self):
        model = [row[0] for row in rows(MODEL, "scenario")]
        self.assertEqual(sorted(model), sorted(row[0] for row in rows(THREATS, "scenario")))
        self.assertGreaterEqual(len(set(model)), 34)

    def test_every_promise_is_one(self):
        promised = set(re.findall(r"^(\d+)\. \*\*", MODEL, re.M))
        for row in rows(MODEL, "scenario"):
            self.assertLessEqual(set(row[1].split()), promised, row[0])

    def test_every_system_test_is_registered(self):
        for row in rows(MODEL, "scenario"):
            found = re.findall(r"`system\.([\w-]+)`", row[2])
            self.assertTrue(found, row[0])
            for name in found:
                with self.subTest(row[0], test=name):
                    self.assertRegex(SYSTEM, rf"(?m)[ (]{name}(?:[ )]|\.\$|$)")

    def test_every_unit_test_fuzzer_and_mutant_is_there(self):
        suites = {name.split(".")[0] for name in test_names()}
        bugs = {m.name for m in MUTANTS}
        fuzzers = set(re.findall(r'\{"(\w+)", Fuzz', ENTRIES))
        for row in rows(MODEL, "scenario"):
            for name in re.findall(r"`([\w-]+)`", row[3]):
                with self.subTest(row[0], named=name):
                    self.assertIn(name, suites | bugs | fuzzers)


if __name__ == "__main__":
    unittest.main()
