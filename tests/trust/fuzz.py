#!/usr/bin/python3
"""Runs each fuzzer of build/asan for a while, as many at once as there are processors, and prints
what each has done.

Usage: fuzz.py [--together] SECONDS [NAME...]   all fuzzers, or those named, each so long; with
--together all of them in so long, and what they learn is forgotten. Else it is kept in
build/corpus/NAME. JOBS says how many at once. An input that is a finding is in build/findings; exit
1 when there is one.
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = ROOT / "build/asan/tests/fuzz"
JOBS = int(os.environ.get("JOBS") or os.cpu_count())
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


def run(name, seconds, corpora):
    corpus, findings = corpora / name, ROOT / "build/findings"
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


def run_all(chosen, seconds, corpora):
    rows = []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        futures = [pool.submit(run, name, seconds, corpora) for name in chosen]
        try:
            for number, future in enumerate(concurrent.futures.as_completed(futures), 1):
                rows.append(future.result())
                print(f"fuzz: [{number}/{len(chosen)}] {rows[-1].name}, {rows[-1].seconds:.0f} s",
                      flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(rows, key=lambda row: row.name)


def main(arguments):
    together = arguments[0] == "--together"
    seconds, *chosen = arguments[1:] if together else arguments
    chosen = chosen or names()
    unknown = set(chosen) - set(names())
    if unknown or not chosen:
        sys.exit(f"fuzz: not built: {' '.join(sorted(unknown)) or 'any fuzzer'}")
    share = int(seconds) * min(JOBS, len(chosen)) / len(chosen) if together else int(seconds)
    with tempfile.TemporaryDirectory(prefix="headgate-fuzz-") as forgotten:
        corpora = pathlib.Path(forgotten) if together else ROOT / "build/corpus"
        rows = run_all(chosen, max(1, round(share)), corpora)
    print("\n".join([HEADER, *(one.row() for one in rows)]))
    return 1 if any(one.findings for one in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
