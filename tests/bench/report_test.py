#!/usr/bin/python3
"""The arithmetic of `make bench`: medians, ratios within a round, goals; and what it reads of sysbench."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "support")]
import beside_query
import beside_report
from beside_report import Goal, Measure, Section

TITLES = {"haproxy": "HAProxy"}


def section(goals=(), **figures):
    made = Section("A title", "A note.", [Measure("cost", "µs each"), Measure("rate", "a second", 0)],
                   goals)
    for name, rows in figures.items():
        measure, door = name.split("_")
        for turn, value in enumerate(rows):
            made.add(measure, door, turn, value)
    return made


class Figures(unittest.TestCase):
    def test_median(self):
        made = section(cost_headgate=[9, 1, 2, 3, 100])
        self.assertEqual(made.median("cost", "headgate"), 3)
        self.assertIsNone(made.median("cost", "nginx"))

    def test_a_round_without_a_figure_does_not_count(self):
        made = section(cost_headgate=[None, 4, 8], cost_haproxy=[1, None, 4])
        self.assertEqual(made.median("cost", "headgate"), 6)
        self.assertEqual(made.ratio(Goal("cost", 1, ("haproxy",))), 2)

    def test_ratios_are_of_one_round(self):
        # The machine got three times slower for both: of the medians it would be 3.
        made = section(cost_headgate=[1, 3, 3], cost_haproxy=[1, 1, 3])
        self.assertEqual(made.ratio(Goal("cost", 1, ("haproxy",))), 1)

    def test_the_best_of_several(self):
        made = section(cost_headgate=[6], cost_haproxy=[3], cost_nginx=[2], rate_headgate=[6],
                       rate_haproxy=[3], rate_nginx=[2])
        both = ("haproxy", "nginx")
        self.assertEqual(made.ratio(Goal("cost", 1, both)), 3)
        self.assertEqual(made.ratio(Goal("rate", 1, both, least=True)), 2)

    def test_against_another_measure(self):
        made = section(cost_headgate=[6], rate_haproxy=[12])
        self.assertEqual(made.ratio(Goal("cost", 1, ("haproxy",), of="rate")), 0.5)

    def test_no_such_measure(self):
        self.assertRaises(KeyError, section().add, "costs", "headgate", 0, 1)


class Goals(unittest.TestCase):
    def test_both_directions_and_the_limit_itself(self):
        made = section(cost_headgate=[6], cost_haproxy=[10], rate_headgate=[5])
        for goal, kept in ((Goal("cost", 0.6, ("haproxy",)), True),
                           (Goal("cost", 0.59, ("haproxy",)), False),
                           (Goal("rate", 5, least=True), True), (Goal("rate", 6, least=True), False),
                           (Goal("rate", 4), False)):
            with self.subTest(goal):
                self.assertEqual(made.reached(goal)[1], kept)

    def test_what_was_not_measured_is_not_met(self):
        self.assertEqual(section().reached(Goal("cost", 1)), (None, None))
        self.assertIsNone(beside_report.goals_table(section([Goal("cost", 1)]), TITLES))

    def test_how_many_were_met(self):
        goals = [Goal("cost", 1), Goal("cost", 9), Goal("rate", 1)]
        both = [section(goals, cost_headgate=[5]), section(goals, cost_headgate=[1])]
        self.assertEqual(beside_report.kept(both), "3 of 4 targets met.")

    def test_a_miss_is_said(self):
        goals = [Goal("cost", 0.5, ("haproxy",)), Goal("rate", 9), Goal("rate", 4, ("nginx",))]
        text = beside_report.text(section(goals, cost_headgate=[6], cost_haproxy=[10],
                                          rate_headgate=[5]), TITLES)
        self.assertIn("|  | headgate | HAProxy | target |\n|---|---|---|---|\n"
                      "| µs each | 6.0 | 10.0 |  |\n| a second | 5 |  | ≤ 9, met |", text)
        self.assertIn("| µs each: headgate / HAProxy | 0.60 | ≤ 0.50, **missed** |", text)
        self.assertNotIn("nginx", text)


class Percentiles(unittest.TestCase):
    def test_of_a_histogram(self):
        histogram = [(0.1, 50), (0.2, 45), (0.4, 4), (9.0, 1)]
        for share, microseconds in ((0.5, 100), (0.51, 200), (0.95, 200), (0.99, 400), (1, 9000)):
            with self.subTest(share):
                self.assertAlmostEqual(beside_query.percentile(histogram, share), microseconds)
        self.assertIsNone(beside_query.percentile([], 0.5))


if __name__ == "__main__":
    unittest.main(verbosity=2)
