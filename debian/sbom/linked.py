"""What a binary is made of, found from the binary and its build folder: shared libraries from its
own headers, static ones from the linker, code in headers from what the compiler has read.
"""
import os
import pathlib
import re
import shlex
import subprocess
import tempfile


def run(*command, **kwargs):
    return subprocess.run(command, check=True, capture_output=True, text=True, **kwargs).stdout


def needed(path):
    """The names a binary or library asks the dynamic linker for."""
    return re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-dW", path))


def libraries(binary):
    """{"libssl.so.3": its path} of all that is loaded with it, by others as well."""
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", binary), re.MULTILINE))
    return {name: str(pathlib.Path(path)) for name, path in found.items()}


def _spellings(path):
    """Debian 12 has merged /usr, but not in dpkg's own list."""
    real = os.path.realpath(path)
    return dict.fromkeys((real, real.removeprefix("/usr"), path, path.removeprefix("/usr")))


def owners(paths):
    """{path: the package it is of}, of each. dpkg reads its whole list at each call: it is asked
    once."""
    asked = sorted({one for path in paths for one in _spellings(path)})
    if not asked:
        return {}
    said = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True,
                          check=False).stdout
    known = {}
    for line in said.splitlines():
        packages, _, path = line.rpartition(": ")
        known[path] = packages.split(",")[0].split(":")[0]
    found = {path: next((known[one] for one in _spellings(path) if one in known), None)
             for path in paths}
    lost = sorted(path for path, package in found.items() if package is None)
    if lost:
        raise SystemExit(f"sbom: no package has {', '.join(lost)}")
    return found


def ninja(build, *arguments):
    return run("ninja", "-C", str(build), *arguments).splitlines()


def objects(build, target):
    return [one for one in ninja(build, "-t", "inputs", target) if one.endswith(".o")]


def headers(build, target):
    """Files outside of the build's own sources that were compiled into the target."""
    source = next(line.split("=", 1)[1] for line in
                  pathlib.Path(build, "CMakeCache.txt").read_text("utf8").splitlines()
                  if line.startswith("CMAKE_HOME_DIRECTORY:"))
    # ninja takes names as it is given them: by the hundred, not by the thousand.
    names, found = objects(build, target), set()
    for i in range(0, len(names), 100):
        found.update(line.strip() for line in ninja(build, "-t", "deps", *names[i:i + 100]))
    return sorted({os.path.realpath(name) for name in found
                   if name.startswith("/") and not name.startswith(source + "/")})


def static_parts(build, target):
    """Objects and archives of packages that the linker takes in: it is asked to link once more, and
    to name them."""
    command = ninja(build, "-t", "commands", "-s", target)[0]
    line = next(part for part in command.split(" && ") if f"-o {target}" in part)
    with tempfile.TemporaryDirectory() as folder:
        words = shlex.split(line.replace(f"-o {target}", f"-o {folder}/linked"))
        # The objects as they are: optimised as a whole they would be files of the linker's own.
        words = [one for one in words if not one.startswith("-flto")]
        said = run(*words, "-fno-lto", "-Wl,--trace", cwd=build)
    names = set(re.findall(r"(?m)^\(?(/[^()\s]+\.(?:o|a))\b", said))
    return sorted(name for name in names if not name.startswith(str(pathlib.Path(build).resolve())))


def chart_library(build):
    """The script that is part of the page."""
    return next(line.split("=", 1)[1] for line in
                pathlib.Path(build, "CMakeCache.txt").read_text("utf8").splitlines()
                if line.startswith("HEADGATE_CHART_JS:"))
