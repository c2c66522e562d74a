#!/usr/bin/python3
"""Runs each fuzzer of build/fuzz for a while, one after another, and prints what each has done.

Usage: fuzz.py SECONDS [NAME...]   all fuzzers, or those named. What they learn is kept in
build/corpus/NAME; an input that is a finding in build/findings. Exit 1 when there is one.
"""
import dataclasses
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = ROOT / "build/fuzz/tests/fuzz"
STAT = re.compile(r"^stat::(\w+):\s+(\d+)", re.M)


@dataclasses.dataclass(frozen=True)
class Ran:
    name: str
    executions: int
    seconds: float
    new_inputs: int
    findings: tuple

    def row(self):
        found = " ".join(self.findings) or "none"
        return (f"{self.name:<14}{self.executions:>14,}{self.seconds:>9.0f}{self.new_inputs:>12,}"
                f"   {found}")


HEADER = f"{'fuzzer':<14}{'executions':>14}{'seconds':>9}{'new inputs':>12}   findings"


def stats(text):
    """What libFuzzer says of itself at the end; a run that crashed may have said less."""
    return {name: int(value) for name, value in STAT.findall(text)}


def executed(text):
    """By its statistics, or by the last line of progress before a finding."""
    told = stats(text).get("number_of_executed_units")
    progress = re.findall(r"^#(\d+)\t", text, re.M)
    return told if told is not None else int(progress[-1]) if progress else 0


def command(name, seconds, corpus, findings):
    seeds = ROOT / "tests/fuzz/corpus" / name
    words = ROOT / "tests/fuzz" / f"{name}.dict"
    return [str(BINARIES / f"{name}_fuzzer"), *([f"-dict={words}"] if words.exists() else []),
            f"-max_total_time={seconds}", "-print_final_stats=1", "-timeout=20",
            f"-artifact_prefix={findings}/{name}-", str(corpus), str(seeds)]


def run(name, seconds):
    corpus, findings = ROOT / "build/corpus" / name, ROOT / "build/findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    before, began = set(findings.glob(f"{name}-*")), time.monotonic()
    done = subprocess.run(command(name, seconds, corpus, findings), capture_output=True, text=True,
                          errors="replace", check=False)
    spent = time.monotonic() - began
    found = sorted(str(f.relative_to(ROOT)) for f in set(findings.glob(f"{name}-*")) - before)
    if done.returncode and not found:
        found = [f"left with {done.returncode}"]
    if found:
        print(done.stderr[-6000:])
    return Ran(name, executed(done.stderr), spent, stats(done.stderr).get("new_units_added", 0),
               tuple(found))


def names():
    return sorted(f.name.removesuffix("_fuzzer") for f in BINARIES.glob("*_fuzzer") if f.is_file())


def main(arguments):
    seconds, chosen = int(arguments[0]), arguments[1:] or names()
    unknown = set(chosen) - set(names())
    if unknown or not chosen:
        sys.exit(f"fuzz: not built: {' '.join(sorted(unknown)) or 'any fuzzer'}")
    rows = []
    for number, name in enumerate(chosen, 1):
        print(f"fuzz: [{number}/{len(chosen)}] {name}, {seconds} s", flush=True)
        rows.append(run(name, seconds))
    print("\n".join([HEADER, *(one.row() for one in rows)]))
    return 1 if any(one.findings for one in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
