#!/usr/bin/python3
"""Runs all tests with their progress, then says the sums: `N passed, N failed`. For `make test`.

Usage: run_tests.py BUILD_FOLDER JOBS. The scenarios come first, as what they do not need is compiled
meanwhile; then the unit tests; then these and the fuzzers under sanitizers. Exit 1 unless all that
ran has passed.
"""
import re
import subprocess
import sys

import sanitized
from aside import Aside

RESULT = re.compile(r"^\s*\d+/\d+ Test\s+#\d+: (.+?) \.*\s*\**(\w+)\s+[\d.]+ sec")


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


def run_ctest(folder, chosen, jobs, tally, aside=None):
    with subprocess.Popen(["ctest", "--test-dir", folder, *chosen, "--output-on-failure", "-j",
                           str(jobs), "--no-tests=error"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as ctest:
        for line in ctest.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            found = RESULT.match(line)
            if found:
                tally.add(*found.groups())
            if aside and aside.broken():
                print(f"tests: something does not compile: {aside.log}")
    if ctest.returncode and not tally.failed:
        tally.failed.append(f"ctest {' '.join(chosen)}: {ctest.returncode}")


def compiled(aside, what, tally):
    print(f"tests: {what}: compiling what is left ({aside.log})", flush=True)
    wrong = aside.finish()
    if wrong:
        print(wrong)
        tally.failed.append(f"{what}: does not compile")
    return not wrong


def main(folder, jobs):
    tally = Tally()
    sanitizers = sanitized.build_commands(jobs)
    with Aside("aside", [f"cmake --build {folder} -j {jobs}", *sanitizers]) as aside:
        # Those that may run side by side wait more than they work.
        run_ctest(folder, ["-L", "system"], int(jobs) + 1, tally, aside)
        if compiled(aside, "all else", tally):
            run_ctest(folder, ["-LE", "system"], jobs, tally)
            for name, result in (sanitized.run(jobs) if sanitizers else
                                 [("sanitized: no clang++ here", "Skipped")]):
                tally.add(name, result)
    tally.say()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
