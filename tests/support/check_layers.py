#!/usr/bin/python3
"""The layer rule, read off the includes: policies <- net/mysql <- net <- guard.

A folder may include what is to its left and itself, never back. The two pure folders may include no
OS, socket, file, thread or clock header; `now()` and random devices are refused there as well.
Usage: check_layers.py ROOT. Exit 1 and one line for each breach.
"""
import pathlib
import re
import sys

LAYERS = ["policies", "net/mysql", "net", "guard"]
PURE = {"policies", "net/mysql"}
# std headers that reach outside the value world; everything else of std and absl is welcome.
IMPURE_STD = {"thread", "fstream", "iostream", "filesystem", "random", "future", "cstdio", "ctime",
              "condition_variable", "csignal"}
# As are the parts of absl that read the clock, roll dice or start threads.
IMPURE_ABSL = ("absl/time/clock.h", "absl/random/", "absl/synchronization/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
IMPURE_CODE = re.compile(r"::now\(\)|absl::Now\(|std::random_device|\bgetenv\b|\brand\(\)")


def layer_of(path):
    for layer in sorted(LAYERS, key=len, reverse=True):
        if path == layer or path.startswith(layer + "/"):
            return layer
    return None


def is_pure(header):
    if header.startswith("absl/"):
        return not header.startswith(IMPURE_ABSL)
    return not (header.endswith(".h") or "/" in header or header in IMPURE_STD)


def breaches(file, layer, text):
    """A line for each breach in `text`, the contents of `file`, which stands in `layer`."""
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{file}:{number}"
        match = INCLUDE.match(line)
        if match:
            quote, name = match.groups()
            target = layer_of(str(pathlib.PurePosixPath(name).parent))
            if target and LAYERS.index(target) > LAYERS.index(layer):
                yield f"{where}: {layer} must not include {name}"
            if quote == '"' and target is None:
                yield f"{where}: \"{name}\" is not of this project; use <> or the path from the root"
            if layer in PURE and quote == "<" and not is_pure(name):
                yield f"{where}: {layer} is pure and must not include <{name}>"
        elif layer in PURE and IMPURE_CODE.search(line.split("//")[0]):
            yield f"{where}: {layer} is pure: {line.strip()}"


def main(root):
    found, files = [], 0
    for top in ("policies", "net", "guard"):
        for path in sorted(pathlib.Path(root, top).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            files += 1
            name = path.relative_to(root).as_posix()
            found += breaches(name, layer_of(name), path.read_text())
    print("\n".join(found) if found else f"layers: {files} files, no arrow against the rule")
    return 1 if found or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
