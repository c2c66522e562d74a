#!/usr/bin/python3
"""Runs all tests with their progress, then says the sums: `N passed, N failed`. For `make test`.

Usage: run_tests.py BUILD_FOLDER JOBS. The scenarios come first, as what they do not need is made
meanwhile; then all else; then the unit tests and the fuzzers under sanitizers. Exit 1 unless all
that ran has passed.
"""
import re
import signal
import subprocess
import sys

import sanitized
from aside import Aside

RESULT = re.compile(r"^\s*\d+/\d+ Test\s+#\d+: (.+?) \.*\s*(?:[\w ]*\*\*\*)?"
                    r"(Passed|Failed|Timeout|Skipped|Exception|Not Run)\b.*?[\d.]+ sec")


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def add(self, name, result):
        if result == "Passed":
            self.passed += 1
        else:
            (self.skipped if result == "Skipped" else self.failed).append(name)

    def say(self):
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
            sys.stdout.write(line)
            sys.stdout.flush()
            found = RESULT.match(line)
            if found:
                tally.add(*found.groups())
            for aside in [aside for aside in watched if aside.broken()]:
                print(f"tests: something does not compile, see {aside.log}")
                watched.remove(aside)
    if ctest.returncode and len(tally.failed) == failed_before:
        tally.failed.append(f"ctest {' '.join(chosen)}: left with {ctest.returncode}")


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
    later = [] if missing else sanitized.build_commands(jobs)
    with (Aside("tests", [f"cmake --build {folder} -j 1"]) as tests,
          Aside("sanitized", later) as others):
        root = f"HEADGATE_SCRATCH={folder} {sys.executable} tests/support/machine.py --root"
        with Aside("machines", [root]):  # if it is not there by then, the first to boot one makes it
            # Those that may run side by side wait more than they work.
            run_ctest(folder, ["-L", "scenario"], int(jobs) + 1, tally, (tests, others))
        if compiled(tests, "tests", tally):
            run_ctest(folder, ["-LE", "scenario"], jobs, tally)
        run_sanitized(missing, others, jobs, tally)
    tally.say()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
