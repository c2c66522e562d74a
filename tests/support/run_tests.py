#!/usr/bin/python3
"""Runs all tests with their progress, then says the sums: `N passed, N failed`. For `make test`.

Usage: run_tests.py BUILD_FOLDER JOBS. The scenarios come first, as what they do not need is made
meanwhile, and tested where no clock but its own matters; then all else; then the unit tests and the
fuzzers under sanitizers. Exit 1 unless all that ran has passed.
       run_tests.py --clockless BUILD_FOLDER   runs those tests, and keeps what has passed
"""
import contextlib
import re
import signal
import subprocess
import sys
import time

import sanitized
from aside import Aside
from kept import Kept

RESULT = re.compile(r"^\s*\d+/\d+ Test\s+#\d+: (.+?) \.*\s*(?:[\w ]*\*\*\*)?"
                    r"(Passed|Failed|Timeout|Skipped|Exception|Not Run)\b.*?[\d.]+ sec")


# Whose time is virtual, or of no account.
CLOCKLESS = ("whole_gate_test", "simulation_test", "explain_property_test", "policies_test",
             "query_policies_test", "query_stress_test", "slot_ledger_model_test", "mysql_test",
             "mysql_corpus_test", "learn_test", "streams_test")


def kept_of(folder):
    return Kept(f"{folder}/kept")


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.took = 0, [], [], []

    @contextlib.contextmanager
    def part(self, name):
        began = time.monotonic()
        yield
        self.took.append(f"{name} {time.monotonic() - began:.0f} s")

    def add(self, name, result):
        if result == "Passed":
            self.passed += 1
        else:
            (self.skipped if result == "Skipped" else self.failed).append(name)

    def take(self, line):
        """One of ctest's."""
        sys.stdout.write(line)
        sys.stdout.flush()
        found = RESULT.match(line)
        if found:
            self.add(*found.groups())

    def say(self):
        print(f"tests: {', '.join(self.took)}")
        for name in self.skipped:
            print(f"skipped, so not shown: {name}")
        for name in self.failed:
            print(f"failed: {name}")
        more = f", {len(self.skipped)} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {len(self.failed)} failed{more}")


def run_ctest(folder, chosen, jobs, tally, asides=()):
    failed_before, watched = len(tally.failed), list(asides)
    with subprocess.Popen(["ctest", "--test-dir", folder, *chosen, "--output-on-failure", "-j",
                           str(jobs), "--no-tests=error"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as ctest:
        for line in ctest.stdout:
            tally.take(line)
            for aside in [aside for aside in watched if aside.broken()]:
                print(f"tests: something does not compile, see {aside.log}")
                watched.remove(aside)
    if ctest.returncode and len(tally.failed) == failed_before:
        tally.failed.append(f"ctest {' '.join(chosen)}: left with {ctest.returncode}")


def run_clockless(folder):
    kept = kept_of(folder)
    for name in CLOCKLESS:
        done = subprocess.run(["ctest", "--test-dir", folder, "-R", rf"^{name}\.", "--no-tests=error",
                               "--output-on-failure"], text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        kept.keep(name, done.stdout, good=done.returncode == 0)


def run_others(folder, jobs, tally):
    """What is no scenario; what has passed meanwhile is only told of."""
    kept = kept_of(folder)
    for name in kept.names():
        for line in kept.said(name).splitlines(keepends=True):
            tally.take(line)
    left_out = ["-E", rf"^({'|'.join(kept.names())})\."] if kept.names() else []
    run_ctest(folder, ["-LE", "scenario", *left_out], jobs, tally)


def tell_what_failed_aside(kept, tally):
    """It has been run again since. A sanitizer's report is no want of time."""
    for name, said in kept.failures().items():
        print(f"{said}\ntests: {name} failed beside the scenarios, and was run again")
        if sanitized.REPORT.search(said):
            tally.failed.append(f"sanitized.{name}: a report, beside the scenarios")


def compiled(aside, what, tally):
    print(f"tests: {what}: compiling what is left of them ({aside.log})", flush=True)
    wrong = aside.finish()
    if wrong:
        print(wrong)
        tally.failed.append(f"{what}: do not compile")
    return not wrong


def run_sanitized(missing, aside, jobs, tally):
    if missing:
        tally.add(f"sanitized: {missing}", "Skipped")
    elif compiled(aside, "sanitized", tally):
        for name, result in sanitized.run(jobs):
            tally.add(name, result)


def main(folder, jobs):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(128 + signal.SIGHUP))
    tally, missing = Tally(), sanitized.missing()
    for kept in (kept_of(folder), sanitized.KEPT):
        kept.forget()
    here = f"{sys.executable} tests/support"
    later = [] if missing else sanitized.build_commands(jobs)
    with (Aside("tests", [f"cmake --build {folder} -j 1"],
                [f"{here}/run_tests.py --clockless {folder}"]) as tests,
          Aside("sanitized", later, [f"{here}/sanitized.py"] if later else []) as others):
        root = f"HEADGATE_SCRATCH={folder} {here}/machine.py --root"
        # If it is not there by then, the first to boot one makes it.
        with Aside("machines", [root]), tally.part("scenarios"):
            # Those that may run side by side wait more than they work.
            run_ctest(folder, ["-L", "scenario"], int(jobs) + 1, tally, (tests, others))
        with tally.part("compiling what was left"):
            ready = compiled(tests, "tests", tally)
        with tally.part("others"):
            if ready:
                run_others(folder, jobs, tally)
        with tally.part("sanitized"):
            run_sanitized(missing, others, jobs, tally)
    for kept in (kept_of(folder), sanitized.KEPT):
        tell_what_failed_aside(kept, tally)
    tally.say()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--clockless":
        run_clockless(sys.argv[2])
    else:
        sys.exit(main(*sys.argv[1:]))
