#!/usr/bin/python3
"""clang-tidy over the units that changed since they last passed. For `make check`.

Usage: lint.py BUILD_FOLDER JOBS UNIT... A unit is judged again when it, a header of ours it includes,
its compile command, .clang-tidy or clang-tidy itself has changed; BUILD_FOLDER/stamps holds a digest
for each unit that passed. Exit 1 when a unit fails.

Neighbours are judged together, as most of the time goes into the headers that they share. One at a
time where that has findings, or does not compile. Two things are not judged that way: an #include of
a .cc file, and a name that hides another, which g++ has its own warning for.
"""
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import shlex
import subprocess
import sys

TOGETHER = 8
OURS = r"(policies|net|guard)/.*\.(h|cc)$"
# Which clang++ says of neighbours alone (cmake/together.cmake).
QUIET = ("-Wno-shadow", "-Wno-overlength-strings")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


@functools.cache
def text_of(path):
    return pathlib.Path(path).read_text()


def our_files(unit):
    """The unit and all headers of ours it includes, directly or not."""
    found, ahead = set(), [unit]
    while ahead:
        path = ahead.pop()
        if path not in found and pathlib.Path(path).is_file():
            found.add(path)
            ahead += INCLUDE.findall(text_of(path))
    return sorted(found)


def digest(unit, surroundings):
    parts = [surroundings] + [part for path in our_files(unit) for part in (path, text_of(path))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def tidy(build, unit):
    """What clang-tidy says of `unit`; empty when it is content."""
    done = subprocess.run(["clang-tidy", "-p", build, "--quiet", unit], text=True, check=False,
                          capture_output=True)
    # On stderr it counts what it keeps quiet about, and says why it could not start at all.
    return "" if done.returncode == 0 else done.stdout or done.stderr or "no word"


def flags_of(command):
    """What of a compile command says how to read a unit, and neither which nor what comes of it."""
    words = shlex.split(command)[1:]
    kept, skip = [], False
    for word in words:
        if skip or word == "-c" or word.endswith(".cc"):
            skip = False
        elif word == "-o":
            skip = True
        else:
            kept.append(word)
    return kept


def batches(units, commands):
    """Neighbours in one folder that are read alike, at most TOGETHER in each."""
    out, last = [], None
    for unit in units:
        alike = pathlib.Path(unit).parent, flags_of(commands.get(pathlib.Path(unit).resolve(), ""))
        if alike != last or len(out[-1]) == TOGETHER:
            out.append([])
        out[-1].append(unit)
        last = alike
    return out


def tidy_together(build, units, flags):
    """Whether clang-tidy is content with all of them as one unit."""
    whole = pathlib.Path(build, "stamps", f"together-{units[0].replace('/', '-')}")
    whole.write_text("".join(f'#include "{pathlib.Path(unit).resolve()}"\n' for unit in units))
    try:
        done = subprocess.run(["clang-tidy", "--quiet", f"--header-filter={OURS}",
                               "--config-file=.clang-tidy", "--checks=-bugprone-suspicious-include",
                               str(whole), "--", *flags, *QUIET], check=False, capture_output=True)
    finally:
        whole.unlink()
    return done.returncode == 0


def judge(build, units, commands):
    """[(unit, what is said of it)]; nothing where clang-tidy is content."""
    flags = flags_of(commands.get(pathlib.Path(units[0]).resolve(), ""))
    if len(units) > 1 and tidy_together(build, units, flags):
        return [(unit, "") for unit in units]
    return [(unit, tidy(build, unit)) for unit in units]


def main(build, jobs, units):
    stamps = pathlib.Path(build, "stamps")
    stamps.mkdir(parents=True, exist_ok=True)
    tool = subprocess.run(["clang-tidy", "--version"], text=True, check=True, capture_output=True)
    commands = {pathlib.Path(entry["file"]).resolve(): entry["command"]
                for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text())}
    strangers = [unit for unit in units if pathlib.Path(unit).resolve() not in commands]
    for unit in strangers:
        print(f"lint: {unit} is not part of the build")
    due = {}
    for unit in units:
        command = commands.get(pathlib.Path(unit).resolve(), "")
        now = digest(unit, tool.stdout + command + text_of(".clang-tidy"))
        stamp = stamps / unit.replace("/", "-")
        if not stamp.exists() or stamp.read_text() != now:
            due[unit] = stamp, now
    print(f"lint: {len(due)} of {len(units)} units to judge, {jobs} at a time", flush=True)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        said = [pool.submit(judge, build, batch, commands) for batch in batches(due, commands)]
        results = (pair for future in concurrent.futures.as_completed(said)
                   for pair in future.result())
        for count, (unit, findings) in enumerate(results, 1):
            stamp, now = due[unit]
            print(f"lint: {count}/{len(due)} {unit}" + (f": fails\n{findings}" if findings else ""),
                  flush=True)
            if findings:
                failed.append(unit)
            else:
                stamp.write_text(now)
    for unit in failed:
        print(f"lint: failed: {unit}")
    return 1 if failed or strangers else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
