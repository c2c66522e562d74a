#!/usr/bin/python3
"""What is compiled aside is done in the end, or is told of. Usage: aside_test.py"""
import os
import pathlib
import tempfile
import time
import unittest
from unittest import mock

import aside
import kept
import run_tests
import sanitized


class AsideTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="headgate-aside-")
        self.addCleanup(self.folder.cleanup)
        patch = mock.patch.object(aside, "ROOT", pathlib.Path(self.folder.name))
        patch.start()
        self.addCleanup(patch.stop)

    def file(self, name):
        return pathlib.Path(self.folder.name) / name

    def wait_for(self, name):
        until = time.monotonic() + 20
        while not self.file(name).exists() and time.monotonic() < until:
            time.sleep(0.01)
        self.assertTrue(self.file(name).exists())

    def test_all_of_it_is_done_in_the_order_given(self):
        with aside.Aside("it", ["echo one > said", "echo two >> said"]) as work:
            self.assertEqual(work.finish(), "")
        self.assertEqual(self.file("said").read_text().split(), ["one", "two"])

    def test_what_has_begun_is_begun_again_with_the_right_to_the_processors(self):
        policy = "chrt -p $$ | grep -c SCHED_IDLE >> idle"
        with aside.Aside("it", [policy + "; touch begun; [ -e go ] || sleep 60"]) as work:
            self.wait_for("begun")
            self.file("go").touch()
            self.assertEqual(work.finish(), "")
        self.assertEqual(self.file("idle").read_text().split(), ["1", "0"])

    def test_what_only_may_be_done_is_left_when_it_is_wanted(self):
        with aside.Aside("it", ["echo must >> said"], ["touch begun; sleep 60"]) as work:
            self.wait_for("begun")
            began = time.monotonic()
            self.assertEqual(work.finish(), "")
            self.assertLess(time.monotonic() - began, 30)
        with aside.Aside("it", ["false"], ["touch never"]) as work:
            work.process.wait()
        self.assertFalse(self.file("never").exists())

    def test_what_fails_is_told_of_with_what_it_said(self):
        with aside.Aside("it", ["echo no such header; false", "touch behind"]) as work:
            work.process.wait()
            self.assertTrue(work.broken())
            self.assertIn("no such header", work.finish())
        self.assertFalse(self.file("behind").exists())

    def test_nobody_is_left_behind(self):
        with aside.Aside("it", ["sleep 60 & echo $! > pid; touch there; wait"]):
            self.wait_for("there")
        with self.assertRaises(ProcessLookupError):
            until = time.monotonic() + 20
            while time.monotonic() < until:
                os.kill(int(self.file("pid").read_text()), 0)
                time.sleep(0.01)


class Results(unittest.TestCase):

    def test_lines_of_ctest_are_told_apart(self):
        said = {" 1/9 Test  #7: system.drip .......   Passed   14.36 sec": ("system.drip", "Passed"),
                "10/99 Test #12: tls.mysql .....***Skipped   0.21 sec": ("tls.mysql", "Skipped"),
                " 2/9 Test #17: system.page ....***Failed  116.50 sec": ("system.page", "Failed"),
                " 3/9 Test #18: hangs ..........***Timeout 180.01 sec": ("hangs", "Timeout"),
                " 4/9 Test #2: a .....***Exception: SegFault  0.5 sec": ("a", "Exception"),
                " 5/9 Test #3: b ..Subprocess aborted***Exception:   0.1 sec": ("b", "Exception"),
                " 6/9 Test #4: c ....................***Not Run   0.00 sec": ("c", "Not Run")}
        for line, result in said.items():
            self.assertEqual(run_tests.RESULT.match(line).groups(), result)
        self.assertIsNone(run_tests.RESULT.match("      Start 18: system.herd"))

    def test_what_ctest_says_without_a_test_that_failed_is_a_failure_too(self):
        tally = run_tests.Tally()
        with tempfile.TemporaryDirectory() as empty:
            run_tests.run_ctest(empty, ["-L", "system"], 1, tally)
        self.assertEqual(len(tally.failed), 1)

    def test_what_has_passed_aside_is_told_of_and_not_run_again(self):
        with tempfile.TemporaryDirectory() as folder:
            tests = pathlib.Path(folder, "CTestTestfile.cmake")
            tests.write_text("".join(f"add_test({name} sh -c {command})\n" for name, command in (
                ("mysql_test.a", f'"echo ran >> {folder}/said"'), ("other_test.a", '"true"'),
                ("policies_test.a", f'"test -e {folder}/said && test -e {folder}/later"'))))
            run_tests.run_clockless(folder)
            self.assertEqual(run_tests.kept_of(folder).names(), ["mysql_test"])
            self.assertIn("policies_test", run_tests.kept_of(folder).failures())
            pathlib.Path(folder, "later").touch()
            tally = run_tests.Tally()
            run_tests.run_others(folder, 1, tally)
            run_tests.tell_what_failed_aside(run_tests.kept_of(folder), tally)
            self.assertEqual((tally.passed, tally.failed), (3, []))
            self.assertEqual(pathlib.Path(folder, "said").read_text(), "ran\n")

    def test_a_unit_that_has_passed_is_not_run_again(self):
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.object(sanitized, "KEPT", kept.Kept(folder)), \
                mock.patch.object(sanitized, "program", lambda name: "/bin/false"):
            self.assertFalse(sanitized.run_unit("mysql_test")[1])
            self.assertEqual(sanitized.KEPT.names(), [])
            sanitized.KEPT.keep("mysql_test", "7 tests, 1 s")
            self.assertEqual(sanitized.run_unit("mysql_test"),
                             ("sanitized.mysql_test", True, "7 tests, 1 s"))

    def test_a_sanitizers_report_beside_the_scenarios_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            some = kept.Kept(folder)
            some.keep("mysql_test", "a.h:1:2: runtime error: shift", good=False)
            some.keep("learn_test", "hangs: ended after 1200 s", good=False)
            tally = run_tests.Tally()
            run_tests.tell_what_failed_aside(some, tally)
            self.assertEqual(len(tally.failed), 1)

    def test_who_dies_without_a_word_has_not_passed(self):
        with mock.patch.object(sanitized, "program", lambda name: f"/bin/{name}"):
            self.assertEqual(sanitized.run_unit("true")[1], False)  # it ran no test
            self.assertEqual(sanitized.run_unit("false")[1], False)
        good, said = sanitized.outcome(["sh", "-c", "kill -9 $$"], {})
        self.assertEqual((good, said.split()), (False, ["left", "with", "-9"]))
        good, said = sanitized.outcome(["sh", "-c", "echo begun; exec sleep 60"], {}, seconds=1)
        self.assertFalse(good)
        self.assertRegex(said, "(?s)begun.*hangs")


if __name__ == "__main__":
    unittest.main()
