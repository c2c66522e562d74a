"""Most unit tests, and the fuzzers, under address and undefined-behaviour sanitizers, for `make test`.

Not: long simulations, what meets the kernel's tables, a terminal or a server.

Usage: sanitized.py   runs those that look at no clock but their own, but for what has passed since
                      the last `make test` began
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

from kept import Kept

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/asan"
# The longest first: so all processors are done at about the same time.
UNITS = ("mysql_test", "policies_test", "mysql_corpus_test", "guard_test", "net_test",
         "query_policies_test", "learn_test", "replay_test", "capture_test", "streams_test")
CLOCKLESS = tuple(name for name in UNITS if name not in ("guard_test", "net_test"))
KEPT = Kept(FOLDER / "kept")
FUZZ_SECONDS = 60  # of all fuzzers together
HANGS_AFTER = 1200  # seconds
ENVIRONMENT = {"TSAN_OPTIONS": "halt_on_error=1 second_deadlock_stack=1 "
                               f"suppressions={ROOT}/tests/trust/tsan.supp",
               "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
               "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
REPORT = re.compile(r"runtime error:|ERROR: \w+Sanitizer|WARNING: \w+Sanitizer")
RAN = re.compile(r"^\[==========\] (\d+) tests? from .* ran\.", re.M)


def missing():
    """Why nothing can be compiled for it here; "" where it can."""
    link = ["clang++", "-x", "c++", "-fsanitize=address,undefined", "-", "-o", os.devnull]
    try:
        done = subprocess.run(link, input="int main() {}", capture_output=True, text=True,
                              check=False)
    except OSError:
        return "no clang++ here"
    return "" if done.returncode == 0 else "clang++ here has no sanitizers"


def build_commands(jobs):
    return ["cmake --preset asan",
            f"cmake --build --preset asan -j {jobs} --target {' '.join(UNITS)} fuzzers"]


def program(name, folder=FOLDER):
    """The path of a test binary below the folder of a build, or one where there is no file."""
    tests = folder / "tests"
    return next((path for path in tests.rglob(name) if path.is_file()), tests / name)


def outcome(command, environment, seconds=HANGS_AFTER):
    """(whether it was left with 0, all that it said)."""
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired as hung:
        said = (hung.stdout or b"").decode("utf8", "replace")
        return False, f"{said}\nhangs: ended after {seconds} s"
    return done.returncode == 0, f"{done.stdout}\nleft with {done.returncode}"


def run_unit(name):
    """(its name, whether it passed, what is said of it)."""
    kept = KEPT.said(name)
    if kept is not None:
        return f"sanitized.{name}", True, kept
    began = time.monotonic()
    good, said = outcome([program(name), "--gtest_brief=1"], ENVIRONMENT)
    ran = RAN.search(said)
    if good and ran and int(ran[1]):
        said = f"{ran[1]} tests, {time.monotonic() - began:.0f} s"
        if name in CLOCKLESS:
            KEPT.keep(name, said)
        return f"sanitized.{name}", True, said
    if name in CLOCKLESS:
        KEPT.keep(name, said[-20000:], good=False)
    return f"sanitized.{name}", False, said[-20000:]


def run_fuzzers(jobs):
    """As run_unit()."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests/trust/fuzz.py"), "--together",
               str(FUZZ_SECONDS)]
    return "sanitized.fuzzers", *outcome(command, {"JOBS": jobs})


def run(jobs):
    """Pairs of a name and a result, in ctest's words; says what each did."""
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        results = [*pool.map(run_unit, UNITS), run_fuzzers(jobs)]
    for name, good, said in results:
        print(f"{name}: {'passed' if good else 'FAILED'}, {said}", flush=True)
    return [(name, "Passed" if good else "Failed") for name, good, _ in results]


if __name__ == "__main__":
    for each in CLOCKLESS:
        run_unit(each)
