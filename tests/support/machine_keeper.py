#!/usr/bin/python3
"""Keeps one booted machine for machine.py, which starts this in mount and pid namespaces of its own.

Usage: machine_keeper.py ROOT NAME [OPTION OF systemd-nspawn ...], or --try, which says whether this
host lets us. The root is laid below an
overlay in memory; the machine lives until standard input ends, which it does when the test that
holds the other end is gone, however it went. This process is the namespace's first: its end is
the end of everything in it, mounts included. Only the control groups need sweeping.
"""
import os
import pathlib
import select
import subprocess
import sys
import time

GROUPED = ("0", "name=systemd")  # the unified hierarchy, and systemd's own where it is not alone


def hierarchies():
    """Where this process stands in each hierarchy that systemd uses."""
    where = {}
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf8").splitlines():
        left, right = line.split(" - ")
        kind, options = right.split()[0], right.split()[-1].split(",")
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options):
            where["0" if kind == "cgroup2" else "name=systemd"] = left.split()[4]
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="utf8").splitlines():
        number, controllers, path = line.split(":", 2)
        key = "0" if number == "0" and not controllers else controllers
        if key in where:
            yield pathlib.Path(where[key]) / path.lstrip("/")


def enter_groups(name):
    """A control group of the machine's own in each, with this process in it."""
    made = []
    for parent in list(hierarchies()):
        group = parent / name
        group.mkdir()
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="utf8")
        made.append((parent, group))
    return made


def remove(group, seconds):
    """The group with those below it, as soon as nobody is in them any more."""
    until = time.monotonic() + seconds
    while group.exists():
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                time.sleep(0.02)  # somebody in it is not quite gone
        if time.monotonic() > until:
            return


def leave_groups(made):
    for parent, group in made:
        (parent / "cgroup.procs").write_text(str(os.getpid()), encoding="utf8")
        remove(group, seconds=10)


def run(*words):
    subprocess.run([str(w) for w in words], check=True)


def mount(root):
    """The root with a writable layer in memory; seen by this namespace only."""
    # In the folder that nspawn keeps its own files of each machine in: they go away likewise.
    memory = pathlib.Path("/run/systemd/nspawn")
    memory.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "machine", memory)
    layer = memory / "layer"
    for name in ("upper", "work", "root"):
        (layer / name).mkdir(parents=True)
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir={root},upperdir={layer}/upper,workdir={layer}/work", layer / "root")
    return layer / "root"


def end_everybody():
    """Everybody in this pid namespace, nested ones included."""
    try:
        os.kill(-1, 9)
    except ProcessLookupError:
        pass
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def attempt():
    """What a machine needs of this host: an error when it may not."""
    leave_groups(enter_groups(f"hgtry{os.getppid()}x{time.monotonic_ns()}"))
    run("mount", "-t", "tmpfs", "attempt", "/mnt")


def main(root, name, *options):
    groups = enter_groups(name)
    try:
        # pylint: disable-next=consider-using-with
        nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", f"--directory={mount(root)}", "--boot", "--register=no",
             "--keep-unit", f"--machine={name}", "--console=pipe", *options],
            stdin=subprocess.DEVNULL, env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        while nspawn.poll() is None:
            if select.select([sys.stdin], [], [], 0.2)[0] and not os.read(0, 1):
                break
    finally:
        end_everybody()
        leave_groups(groups)


if __name__ == "__main__":
    if sys.argv[1:] == ["--try"]:
        attempt()
    else:
        main(*sys.argv[1:])
