#!/usr/bin/python3
"""The root folder that machine.py boots: a Debian 12 by debootstrap, made once below a scratch folder.

PACKAGES are in it, so whoever installs headgate there needs no network. apt inside has the
host's sources, keys and Acquire settings (proxies) as they are when the root is made.
Needs root, the package debootstrap, and a network once. The root is made anew when the libraries
that binaries are linked with here have got other versions.

Usage: machine_root.py FOLDER VARIANT [PACKAGE ...] makes one in FOLDER; cached() starts that in
mount and pid namespaces of its own, so that nothing stays mounted and nobody is left when it ends.
"""
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

SUITE = "bookworm"
# What boots, what headgate stands before, what its package depends upon, and what tests ask with.
PACKAGES = (
    "systemd-sysv", "dbus", "procps", "iproute2", "ca-certificates", "man-db",
    "mariadb-server", "mariadb-client", "nftables", "haproxy", "tcpdump", "openssl", "curl",
    "python3", "python3-pymysql", "bash-completion", "keepalived",
    "libabsl20220623", "libspdlog1.10", "libfmt9", "libmariadb3", "libre2-9", "libpcap0.8",
    "libprometheus-cpp-core1.0", "libncurses6", "libtinfo6", "libstdc++6")
KEPT_OF_APT = ("sources.list", "sources.list.d", "trusted.gpg", "trusted.gpg.d", "keyrings",
               "auth.conf", "auth.conf.d")
# Settings of how to fetch; not of what the host has indexes for.
FETCHING = re.compile(r"^Acquire::(?!IndexTargets|cdrom|Changelogs)[^ ]+ \"[^\"]")
FETCH = "/usr/lib/apt/apt-helper"  # with the settings of this host
QUICK = {"DEBIAN_FRONTEND": "noninteractive", "DPKG_FORCE": "unsafe-io", "LC_ALL": "C.UTF-8"}


def run(*words, **variables):
    """Its output; an error with what it said when it fails."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, **QUICK, **variables})
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}:\n{done.stdout[-1500:]}\n"
                           f"{done.stderr[-1500:]}")
    return done.stdout


def fetch_settings():
    return [line for line in run("apt-config", "dump").splitlines() if FETCHING.match(line)]


def mirror():
    """The host's own mirror of SUITE, as its sources name it; None where they name none."""
    for found in re.finditer(r"^.*?'([a-z0-9+]+:\S+)/dists/(\S+?)/", indexes(), re.M):
        if found[2] == SUITE:
            return found[1]
    return None


def indexes():
    """A line per index that apt would fetch: 'URI' and where it keeps it."""
    return run("apt-get", "indextargets", "--format", "'$(URI)'")


def copy_apt(root):
    for name in KEPT_OF_APT:
        source, target = pathlib.Path("/etc/apt", name), root / "etc/apt" / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)  # with its mode: there may be a password in it
        elif name == "sources.list" and target.exists():
            target.unlink()
    fetching = root / "etc/apt/apt.conf.d/90fetch"
    fetching.touch(0o600)  # a proxy's password may be in it
    fetching.write_text("\n".join(fetch_settings()) + "\n", encoding="utf8")
    shutil.copytree("/usr/share/keyrings", root / "usr/share/keyrings", dirs_exist_ok=True)
    authorities = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    if authorities.exists():
        (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(authorities, root / "etc/ssl/certs/ca-certificates.crt")
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")


def make(root, packages=PACKAGES, variant="minbase"):
    """Makes it in place: nobody else may look yet."""
    proxies = [re.sub(r'^.* "(.*)";$', r"\1", line) for line in fetch_settings()
               if line.startswith("Acquire::http::Proxy ")]
    run("debootstrap", *([f"--variant={variant}"] if variant else []), SUITE, root, mirror(),
        **({"http_proxy": proxies[0]} if proxies else {}))
    copy_apt(root)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf8")
    policy.chmod(0o755)
    run("chroot", root, "apt-get", "update", "-qq")
    if packages:
        run("chroot", root, "apt-get", "install", "-y", "-qq", "--no-install-recommends",
            *packages)
    run("chroot", root, "apt-get", "clean")
    policy.unlink()
    (root / "etc/machine-id").write_text("", encoding="utf8")
    (root / "etc/hostname").write_text("machine\n", encoding="utf8")
    (root / "etc/hosts").write_text("127.0.0.1 localhost machine\n::1 localhost\n",
                                    encoding="utf8")


def libraries(packages):
    """What this host has of them: binaries that are linked here run in a root with the same."""
    names = [name for name in packages if name.startswith("lib")]
    if not names:
        return []
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "libc6", *names],
                           capture_output=True, text=True, check=False)
    return sorted(shown.stdout.splitlines())


def make_apart(root, packages, variant, lock):
    """make(), where a kill of this process ends all of it and takes its mounts away. Whoever is
    left for a moment still holds the lock."""
    words = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc",
             "--kill-child", sys.executable, __file__, root, variant, *packages]
    with subprocess.Popen(words, pass_fds=[lock.fileno()], stdin=subprocess.PIPE) as maker:
        if maker.wait():
            raise RuntimeError(f"machine_root: {root} could not be made, see above")


def end_with_parent():
    """Process 1 of the namespace goes, and with it everybody, when nobody holds the pipe any more."""
    os.read(0, 1)
    os._exit(1)


def place(scratch, packages=PACKAGES, variant="minbase"):
    """The folder below `scratch` that has such a root, or will."""
    made_of = repr((SUITE, packages, variant, libraries(packages)))
    kind = hashlib.sha256(made_of.encode()).hexdigest()[:8]
    return pathlib.Path(scratch).resolve() / f"machine-root-{kind}"


@functools.cache
def why_not(scratch):
    """Why there is no root and none can be made; empty when there is one or apt reaches a mirror."""
    if place(scratch).exists():
        return ""
    if not mirror():
        return f"making a machine's root needs a Debian mirror: apt's sources name none of {SUITE}"
    with tempfile.TemporaryDirectory() as folder:
        url = f"{mirror()}/dists/{SUITE}/Release"
        try:
            subprocess.run([FETCH, "download-file", url, f"{folder}/Release"], check=True,
                           timeout=60, capture_output=True, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError):
            return f"making a machine's root needs a Debian mirror: {url} could not be fetched"
    return ""


def cached(scratch, packages=PACKAGES, variant="minbase"):
    """The folder of such a root below `scratch`, made by the first who asks; others wait for him."""
    root = place(scratch, packages, variant)
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{root}.lock", "w", encoding="utf8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            began, half = time.monotonic(), pathlib.Path(f"{root}.half")
            shutil.rmtree(half, ignore_errors=True)
            make_apart(half, packages, variant, lock)
            half.rename(root)
            print(f"machine_root: {root.name} made in {time.monotonic() - began:.0f} s", flush=True)
    return root


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    make(pathlib.Path(sys.argv[1]), sys.argv[3:], sys.argv[2])
