#!/usr/bin/python3
"""Every mutant can still be put into the sources, changes them, and names tests that there are.

Usage: mutants_test.py
"""
import fnmatch
import re
import unittest

import mutants
from mutant_list import MUTANTS

TEST = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)|INSTANTIATE_TEST_SUITE_P\(\s*(\w+),\s*(\w+)",
                  re.M)


def test_names():
    names = set()
    for file in (mutants.ROOT / "tests").rglob("*_test.cc"):
        for suite, case, *_ in TEST.findall(file.read_text("utf8")):
            names.add(f"{suite}.{case}")
    return names


class Mutants(unittest.TestCase):

    def test_each_applies_and_changes_something(self):
        for mutant in MUTANTS:
            with self.subTest(mutant.name):
                text = (mutants.ROOT / mutant.file).read_text("utf8")
                self.assertNotEqual(mutants.applied(mutant, text), text)

    def test_one_that_does_not_apply_is_an_error(self):
        with self.assertRaises(mutants.Broken):
            mutants.applied(MUTANTS[0], "something else")
        with self.assertRaises(mutants.Broken):
            mutants.applied(MUTANTS[0], MUTANTS[0].old * 2)

    def test_names_are_distinct(self):
        self.assertEqual(len({m.name for m in MUTANTS}), len(MUTANTS))

    def test_each_names_tests_that_there_are(self):
        names = test_names()
        self.assertGreater(len(names), 1000)
        for mutant in MUTANTS:
            for pattern in mutant.tests.split(":"):
                with self.subTest(mutant=mutant.name, tests=pattern):
                    self.assertTrue(fnmatch.filter(names, pattern))


if __name__ == "__main__":
    unittest.main()
