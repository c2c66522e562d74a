#!/usr/bin/python3
"""What is too long for every change, one part after another: `make trust`.

Usage: trust.py [PART...]   all parts, or those named. The table at the end stands in
build/trust.txt as well, and what each part said in build/trust/PART.log. Exit 1 unless all passed.
"""
import dataclasses
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import sanitized

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/trust"
RELEASE = ROOT / "build/release"
LOGS = ROOT / "build/trust"
JOBS = os.environ.get("JOBS") or str(os.cpu_count())
PYTHON = ("/usr/bin/python3", "-W", "ignore")


def option(name, otherwise):
    return os.environ.get(name) or otherwise


@dataclasses.dataclass(frozen=True)
class Step:
    """One command of a part."""
    command: tuple = ()
    env: dict = dataclasses.field(default_factory=dict)


def build(preset, targets):
    return (Step(("cmake", "--preset", preset, "-DHEADGATE_TESTS=ON")),
            Step(("ninja", "-C", f"build/{preset}", "-j", JOBS, *targets)))


def units(preset):
    """The unit tests, with a sanitizer that ends the process at its first finding."""
    names = (*sanitized.UNITS, "whole_gate_test")
    yield from build(preset, names)
    for name in names:
        yield Step((str(sanitized.program(name, ROOT / "build" / preset)), "--gtest_brief=1"),
                   {**sanitized.ENVIRONMENT, "HEADGATE_SEEDS": "2000"})


def system(preset):
    """The scenarios with a gate that ends at its first finding; not those that boot a machine."""
    yield from build(preset, ("headgate", "system_tools"))
    yield Step(("ctest", "--test-dir", f"build/{preset}", "-L", "scenario",
                "-j", str(int(JOBS) + 1), "--output-on-failure"), sanitized.ENVIRONMENT)


def coverage():
    """Of the decisions and of the protocol, by the tests that need no server."""
    names = ("policies_test", "query_policies_test", "learn_test", "simulation_test",
             "slot_ledger_model_test", "explain_property_test", "mysql_test", "capture_test",
             "replay_test")
    yield from build("coverage", names)
    yield Step(("find", "build/coverage", "-name", "*.gcda", "-delete"))
    for name in names:
        yield Step((str(sanitized.program(name, ROOT / "build/coverage")), "--gtest_brief=1"))
    yield Step(("gcovr", "-j", JOBS, "--root", ".", "--object-directory", "build/coverage",
                "--filter", "policies/", "--filter", "net/mysql/", "--fail-under-line", "95",
                "--print-summary", "--txt", "build/trust/coverage.txt"))


def valgrind():
    yield Step((*PYTHON, str(HERE / "valgrind_smoke.py")))


def seeds():
    """Both simulations, with more of chance than `make test` gives them."""
    count = option("HEADGATE_SEEDS", "100000")
    worlds = str(int(time.time()))
    for name, tests, env in (
            ("whole_gate_test", "*", {"HEADGATE_SEEDS": count}),
            ("simulation_test", "SimulationTest.*", {"HEADGATE_SIMULATION_SEED": worlds})):
        yield Step((str(sanitized.program(name, RELEASE)), "--gtest_brief=1",
                    f"--gtest_filter={tests}"), env)


def fuzz():
    yield from build("asan", ("fuzzers",))
    yield Step((*PYTHON, str(HERE / "fuzz.py"), option("TRUST_FUZZ_SECONDS", "600")))


def mutants():
    yield Step((*PYTHON, str(HERE / "mutants.py")))


def soak():
    yield Step((*PYTHON, str(HERE / "soak.py"), option("TRUST_SOAK_MINUTES", "30")))


PARTS = {"tsan": lambda: units("tsan"), "asan": lambda: units("asan"),
         "tsan-system": lambda: system("tsan"), "asan-system": lambda: system("asan"),
         "coverage": coverage, "valgrind": valgrind, "seeds": seeds, "fuzz": fuzz, "mutants": mutants, "soak": soak}


def run(step, log):
    """How it ended, in words: "passed" is the one good one. What it says is shown and kept."""
    settings = [f"{name}={value}" for name, value in step.env.items() if "HEADGATE" in name]
    shown = " ".join([*settings, *(pathlib.Path(word).name for word in step.command[:6])])
    log.write(f"--- {shown}\n")
    try:
        process = subprocess.Popen(step.command, cwd=ROOT, env={**os.environ, **step.env},
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace")
    except OSError as error:
        return f"not there: {error}"
    with process:
        for line in process.stdout:
            log.write(line)
            log.flush()
            if line.startswith(("soak", "mutants", "fuzz:", "[", "valgrind", "lines:")):
                print(f"  {line.rstrip()[:180]}", flush=True)
    return "passed" if process.returncode == 0 else f"failed ({process.returncode}): {shown}"


def judge(name):
    """(what came of a part, its seconds)."""
    began, results = time.monotonic(), []
    with open(LOGS / f"{name}.log", "w", encoding="utf8") as log:
        for step in PARTS[name]():
            results.append(run(step, log))
            if results[-1].startswith("failed"):
                break  # what comes behind a build that failed proves nothing
    bad = [result for result in results if result != "passed"]
    return "; ".join(bad) or "passed", time.monotonic() - began


def main(chosen):
    unknown = set(chosen) - set(PARTS)
    if unknown:
        sys.exit(f"trust: no such part: {' '.join(sorted(unknown))}; there are {' '.join(PARTS)}")
    chosen = chosen or list(PARTS)
    LOGS.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("HEADGATE_BINARY", str(RELEASE / "guard/headgate"))
    os.environ.setdefault("HEADGATE_SCRATCH", str(RELEASE))
    rows = []
    for number, name in enumerate(chosen, 1):
        print(f"trust: [{number}/{len(chosen)}] {name}", flush=True)
        said, spent = judge(name)
        rows.append((name, said, spent))
        print(f"trust: [{number}/{len(chosen)}] {name}: {said}, {spent:.0f} s", flush=True)
    table = "\n".join(f"{name:<13}{spent:>7.0f} s  {said}" for name, said, spent in rows)
    (ROOT / "build/trust.txt").write_text(table + "\n", encoding="utf8")
    print(f"{table}\ntrust: the table is in build/trust.txt, what was said in build/trust/")
    return 0 if all(said == "passed" for _, said, _ in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
