"""The unit tests and the fuzzers under address and undefined-behaviour sanitizers, for `make test`."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/asan"
# The longest first: so all processors are done at about the same time.
UNITS = ("guard_test", "net_test", "policies_test", "mysql_test", "query_policies_test",
         "learn_test")
FUZZ_SECONDS = 60  # of all fuzzers together
ENVIRONMENT = {"TSAN_OPTIONS": "halt_on_error=1 second_deadlock_stack=1",
               "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
               "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
RAN = re.compile(r"^\[==========\] (\d+) tests? from .* ran\.", re.M)


def build_commands(jobs):
    """None where there is no compiler for it."""
    if not shutil.which("clang++"):
        return []
    return ["cmake --preset asan", f"ninja -C {FOLDER} -j {jobs} {' '.join(UNITS)} fuzzers"]


def program(name, folder=FOLDER):
    """The path of a test binary below the folder of a build."""
    return str(next(path for path in (folder / "tests").rglob(name) if path.is_file()))


def run_unit(name):
    """(its name, what went wrong or "", what it says of itself)."""
    began = time.monotonic()
    done = subprocess.run([program(name), "--gtest_brief=1"], cwd=ROOT,
                          env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True,
                          errors="replace", check=False)
    ran = RAN.search(done.stdout)
    said = f"{ran[1] if ran else 0} tests, {time.monotonic() - began:.0f} s"
    wrong = "" if done.returncode == 0 and ran and int(ran[1]) else done.stdout + done.stderr
    return f"sanitized.{name}", wrong[-20000:], said


def run_fuzzers(jobs):
    """As run_unit()."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests/trust/fuzz.py"), "--together",
               str(FUZZ_SECONDS)]
    done = subprocess.run(command, env={**os.environ, "JOBS": jobs}, capture_output=True, text=True,
                          errors="replace", check=False)
    said = done.stdout if done.returncode == 0 else ""
    return "sanitized.fuzzers", "" if said else done.stdout + done.stderr, f"\n{said}"


def run(jobs):
    """Pairs of a name and a result, in ctest's words; says what each did."""
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        results = [*pool.map(run_unit, UNITS), run_fuzzers(jobs)]
    for name, wrong, said in results:
        print(f"{name}: {'FAILED' if wrong else 'passed'}, {said}\n{wrong}".rstrip(), flush=True)
    return [(name, "Failed" if wrong else "Passed") for name, wrong, _ in results]
