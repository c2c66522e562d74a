"""The Debian package of the binary under test: packed once for all tests of a run, from what is compiled.

Packed again when the binary or anything that goes into the package has changed. Needs debhelper.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

from gate import binary
from private_mariadb import ROOT

PACKED = ("debian", "docs", "systemd", "policies/presets", "README.md", "CHANGELOG.md", "LICENSE")


def why_not():
    """Why there can be no package here; empty when there can."""
    missing = [tool for tool in ("dpkg-buildpackage", "dh") if not shutil.which(tool)]
    return f"a package takes {', '.join(missing)}" if missing else ""


def scratch():
    return pathlib.Path(os.environ.get("HEADGATE_SCRATCH", ROOT / "build/release")).resolve()


def stamp():
    """A digest of all that the package is made of."""
    digest = hashlib.sha256()
    for name in PACKED:
        top = ROOT / name
        for file in [top] if top.is_file() else sorted(top.rglob("*")):
            if file.is_file() and not file.is_symlink():
                digest.update(str(file).encode() + file.read_bytes())
    with open(binary(), "rb") as program:
        digest.update(program.read())
    return digest.hexdigest()


def package():
    """The path of the .deb; the first who asks makes it, others wait for him."""
    out = scratch() / "package"
    with open(f"{out}.lock", "w", encoding="utf8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark, made_of = out / "made-of", stamp()
        if not mark.exists() or mark.read_text(encoding="utf8") != made_of:
            program = pathlib.Path(binary())  # as it is linked, or the copy of it in build/
            build = program.parents[1] if program.parent.name == "guard" else ROOT / "build/release"
            subprocess.run([ROOT / "debian/pack", build, out], check=True)
            mark.write_text(made_of, encoding="utf8")
    return next(out.glob("headgate_*.deb"))


def control(deb, field):
    return subprocess.run(["dpkg-deb", "-f", deb, field], capture_output=True, text=True,
                          check=True).stdout.strip()


def bumped(deb, folder, version):
    """The same package under another version, in `folder`: what an upgrade is tried with."""
    tree, control_file = pathlib.Path(folder, "tree"), "DEBIAN/control"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    text = (tree / control_file).read_text(encoding="utf8")
    former = f"Version: {control(deb, 'Version')}\n"
    if former not in text:
        raise AssertionError(text)
    (tree / control_file).write_text(text.replace(former, f"Version: {version}\n"),
                                     encoding="utf8")
    newer = pathlib.Path(folder, deb.name.replace(control(deb, "Version"), version))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, newer],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return newer
