#!/usr/bin/python3
"""Runs ctest with its progress, then says the sums: `N passed, N failed`. For `make test`.

Usage: run_tests.py BUILD_FOLDER JOBS. Leaves with ctest's exit status.
"""
import re
import subprocess
import sys

RESULT = re.compile(r"^\s*\d+/\d+ Test\s+#\d+: (.+?) \.*\s*\**(\w+)\s+[\d.]+ sec")


def main(folder, jobs):
    passed, failed, skipped = 0, [], []
    with subprocess.Popen(["ctest", "--test-dir", folder, "--output-on-failure", "-j", jobs,
                           "--no-tests=error"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace") as ctest:
        for line in ctest.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            found = RESULT.match(line)
            if not found:
                continue
            name, result = found.groups()
            if result == "Passed":
                passed += 1
            elif result == "Skipped":
                skipped.append(name)
            else:
                failed.append(name)
    for name in skipped:
        print(f"skipped, so not shown: {name}")
    for name in failed:
        print(f"failed: {name}")
    more = f", {len(skipped)} skipped" if skipped else ""
    print(f"{passed} passed, {len(failed)} failed{more}")
    return ctest.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
