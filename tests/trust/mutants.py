#!/usr/bin/python3
"""Puts the deliberate bugs of mutant_list.py into a copy of the tree, one after another, and says
which the tests have seen.

Usage: mutants.py [NAME...]   all of them, or those named. Exit 1 when one was not caught.

The copy takes the release build along. It is built in a mount namespace in which it stands where
the tree does, so that build's paths hold and a mutant costs a few files: root is needed, or user
namespaces.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import sanitized
from mutant_list import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = "build/release"
COPY = ROOT / "build" / "mutants"
HANGS_AFTER = 180  # seconds; what hangs is caught as well
RAN = re.compile(r"^\[==========\] (\d+) tests? from .* ran\.", re.M)


class Broken(Exception):
    """Nothing can be said of the tests."""


def inside(command, timeout=None):
    """Runs a shell command with the copy in the tree's place."""
    apart = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    script = f'mount --bind "{COPY}" "{ROOT}" && cd "{ROOT}" && {command}'
    return subprocess.run([*apart, "sh", "-c", script], capture_output=True, text=True,
                          errors="replace", timeout=timeout, check=False)


def build(targets):
    done = inside(f"ninja -C {BUILD} -j{os.environ.get('JOBS', os.cpu_count())} {' '.join(targets)}")
    if done.returncode:
        raise Broken(f"does not build:\n{(done.stdout + done.stderr)[-2000:]}")


def binary(target):
    found = sanitized.program(target, COPY / BUILD)
    if not found.exists():
        raise Broken(f"{target}: not in {BUILD}")
    return found.relative_to(COPY)


def run(mutant):
    """(whether it passed, what it said last)."""
    command = f"{binary(mutant.target)} --gtest_brief=1 --gtest_filter='{mutant.tests}'"
    try:
        done = inside(command, HANGS_AFTER)
    except subprocess.TimeoutExpired:
        return False, "it hangs"
    failed = re.findall(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", done.stdout, re.M)
    ran = RAN.search(done.stdout)
    if done.returncode == 0 and not (ran and int(ran[1])):
        raise Broken(f"{mutant.tests}: no such test in {mutant.target}")
    last = failed[0] if failed else f"ended with {done.returncode}"
    return done.returncode == 0, last


def applied(mutant, text):
    times = text.count(mutant.old)
    if times != 1:
        raise Broken(f"{mutant.file} has its text {times} times, not once")
    return text.replace(mutant.old, mutant.new)


def copy_tree():
    if not (ROOT / BUILD / "build.ninja").exists():
        raise Broken(f"no {BUILD}: `make test` makes it")
    shutil.rmtree(COPY, ignore_errors=True)
    skipped = shutil.ignore_patterns(".git", "build")
    shutil.copytree(ROOT, COPY, symlinks=True, ignore=skipped)
    # A machine's root has devices, which have no end.
    shutil.copytree(ROOT / BUILD, COPY / BUILD, symlinks=True,
                    ignore=shutil.ignore_patterns("machine-*"))


def judge(mutant, undo):
    """What is said of one mutant; `undo` gets the file as it was."""
    file = COPY / mutant.file
    before = file.read_text("utf8")
    undo[file] = before
    file.write_text(applied(mutant, before), "utf8")
    build([mutant.target])
    passed, last = run(mutant)
    return passed, "NOT caught" if passed else f"caught by {last}"


def judge_all(chosen):
    copy_tree()
    build(sorted({m.target for m in chosen}))
    for mutant in chosen:
        if not run(mutant)[0]:
            raise Broken(f"{mutant.name}: its tests fail without it")
    missed = []
    for number, mutant in enumerate(chosen, 1):
        began, undo = time.monotonic(), {}
        try:
            passed, said = judge(mutant, undo)
        except Broken as why:
            passed, said = True, f"ERROR: {why}"
        for file, text in undo.items():
            file.write_text(text, "utf8")  # built anew with the next one
        if passed:
            missed.append(mutant.name)
        print(f"[{number}/{len(chosen)}] {mutant.name}: {said} ({mutant.what};"
              f" {time.monotonic() - began:.0f} s)", flush=True)
    print(f"mutants: {len(chosen) - len(missed)} of {len(chosen)} caught"
          + (f", not: {' '.join(missed)}" if missed else ""))
    return missed


def main(names):
    unknown = set(names) - {m.name for m in MUTANTS}
    if unknown:
        sys.exit(f"mutants: no such mutant: {' '.join(sorted(unknown))}")
    chosen = [m for m in MUTANTS if not names or m.name in names]
    try:
        missed = judge_all(chosen)
    except Broken as why:
        sys.exit(f"mutants: {why}")
    finally:
        shutil.rmtree(COPY, ignore_errors=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
