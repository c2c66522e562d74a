#!/usr/bin/python3
"""A booted Debian 12 of the test's own: systemd and all, by systemd-nspawn, for as long as `with` lasts.

    with Machine.boot(scratch) as m:
        m.copy_in("headgate.deb", "/root/headgate.deb")
        m.run("apt-get install -y /root/headgate.deb")
        pymysql.connect(host=m.address, port=3306, ...)

The root is machine_root's, shared and never written to: what a machine writes is in memory.
A veth leads to it from the test, in a /24 of its own: m.address inside, m.outside here;
m.outsiders(n) are more of the test's own addresses there. Nothing else reaches the machine, and it
reaches nothing else. With netns="NAME" it stands in that network namespace instead.
Needs root; why_not() says what is missing. Run by hand, it gives a shell in a machine; with --root
it makes the root below HEADGATE_SCRATCH, unless it is there or why_not().
"""
import contextlib
import itertools
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import time

import machine_keeper
import machine_root

COUNT = itertools.count()  # machines of one process have names of their own
HERE = pathlib.Path(__file__).resolve().parent
NEEDED = ("systemd-nspawn", "debootstrap", "nsenter", "unshare", "ip")
# The host's own share of the machine's network is up to the test; both are the machine's to have.
CAPABILITIES = "CAP_NET_ADMIN,CAP_NET_RAW"


def why_not():
    """Why no machine can be booted here; empty when it can."""
    if os.geteuid() != 0:
        return "booting a machine needs root"
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        return f"booting a machine needs {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "--pid", "--fork",
                            "--mount-proc", sys.executable,
                            str(HERE / "machine_keeper.py"), "--try"], capture_output=True,
                           text=True, check=False)
    if tried.returncode:
        return f"booting a machine needs more rights: {tried.stderr.strip().splitlines()[-1:]}"
    return ""


class Failed(RuntimeError):
    pass


class Machine:
    """boot() or `with`; stop() ends it at once. One thread at a time."""

    def __init__(self, root, netns=None, options=()):
        self.root, self.netns, self.options = root, netns, list(options)
        self.name = f"hg{os.getpid()}x{next(COUNT) % 100}"
        self.keeper = self.leader = self.address = self.outside = None

    @classmethod
    def boot(cls, scratch, packages=machine_root.PACKAGES, variant="minbase", **more):
        return cls(machine_root.cached(scratch, packages, variant), **more).start()

    def __enter__(self):
        return self if self.keeper else self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        network = [f"--network-namespace-path=/run/netns/{self.netns}"] if self.netns else [
            "--network-veth"]
        self.log = open(f"{self.root}.{self.name}.log", "w+", encoding="utf8", errors="replace")
        pathlib.Path(self.log.name).unlink()
        sweep()
        self.keeper = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc",
             "--kill-child", sys.executable, str(HERE / "machine_keeper.py"), str(self.root),
             self.name, f"--capability={CAPABILITIES}", *network, *self.options],
            stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, start_new_session=True,
            # The machine's own sysctls of its network, as a real one's; with a namespace as well.
            env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"})
        try:
            self._wait_boot()
            if not self.netns:
                self._wire()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        if self.keeper:
            self.keeper.stdin.close()
            try:
                self.keeper.wait(20)
            except subprocess.TimeoutExpired:
                self.keeper.kill()
                self.keeper.wait()
            self.keeper = None
            self.log.close()

    def _said(self):
        self.log.seek(0)
        return self.log.read()[-3000:]

    def _wait_boot(self, seconds=120):
        until = time.monotonic() + seconds
        state = ""
        while time.monotonic() < until:
            if self.keeper.poll() is not None:
                raise Failed(f"the machine ended while it booted:\n{self._said()}")
            self.leader = self.leader or first_process(self.keeper.pid)
            if self.leader and self.inside("/run/systemd/private").exists():
                with contextlib.suppress(Failed, subprocess.TimeoutExpired):
                    state = self.run("systemctl is-system-running --wait", check=False,
                                     timeout=60).strip()
            if state in ("running", "degraded"):
                return
            time.sleep(0.1)
        raise Failed(f"the machine did not boot in {seconds} s, it is {state!r}:\n{self._said()}")

    def _wire(self):
        """Addresses for both ends; the first /24 that nobody on this host has."""
        device = f"ve-{self.name}"
        taken = subprocess.run(["ip", "-4", "-o", "addr"], capture_output=True, text=True,
                               check=True).stdout
        net = next(net for net in (f"10.78.{random.randrange(256)}" for _ in range(1000))
                   if f" {net}." not in taken)
        self.outside, self.address = f"{net}.1", f"{net}.2"
        ip("addr", "add", f"{self.outside}/24", "dev", device)
        ip("link", "set", device, "up")
        self.host_run("ip", "addr", "add", f"{self.address}/24", "dev", "host0")
        self.host_run("ip", "link", "set", "host0", "up")
        self.device = device

    def outsiders(self, count):
        """More addresses of the test's own on the machine's network, at most 200."""
        net = self.outside.rsplit(".", 1)[0]
        addresses = [f"{net}.{i + 10}" for i in range(count)]
        for address in addresses:
            subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", self.device],
                           capture_output=True, check=False)
        return addresses

    def inside(self, path):
        """The path of the machine's file as this host sees it: to look at, not to write to."""
        return pathlib.Path(f"/proc/{self.leader}/root") / str(path).lstrip("/")

    def copy_in(self, path, inside):
        self._put(inside, pathlib.Path(path).read_bytes(), 0o644)

    def write(self, inside, text, mode=0o644):
        self._put(inside, text.encode(), mode)

    def _put(self, inside, content, mode):
        """By a process of the machine's: a link in its way is the machine's own, not this host's."""
        folder, file = shlex.quote(os.path.dirname(inside)), shlex.quote(inside)
        self.run(f"mkdir -p {folder} && cat > {file} && chmod {mode:o} {file}", given=content)

    def enter(self, host_network=False):
        """The words before a command that make it run in the machine, as its root."""
        spaces = ["-m", "-u", "-i", "-p"] + ([] if host_network else ["-n"])
        return ["nsenter", "-t", str(self.leader), *spaces, "env", "-i", "-C", "/root",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/root", "LC_ALL=C.UTF-8", "TERM=dumb", "DEBIAN_FRONTEND=noninteractive"]

    def run(self, command, check=True, timeout=120, host_network=False, given=None):
        """A line for the machine's own sh, to its end: what it said on both streams.

        host_network: with this host's network instead of the machine's (to fetch packages).
        """
        given = given.encode() if isinstance(given, str) else given
        done = subprocess.run([*self.enter(host_network), "sh", "-c", command],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              input=given or b"", timeout=timeout, check=False)
        said = done.stdout.decode("utf8", "replace")
        if check and done.returncode:
            raise Failed(f"{command}: left with {done.returncode}:\n{said[-3000:]}")
        return said

    def status(self, command, **more):
        """Its exit status alone."""
        return int(self.run(f"({command}) >/dev/null 2>&1; echo $?", **more).split()[-1])

    def host_run(self, *words):
        """A program of this host's in the machine's network."""
        done = subprocess.run(["nsenter", "-t", str(self.leader), "-n", *words],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def main_pid(self, unit):
        """The main process of a unit, as the machine counts; 0 when it has none."""
        return int(self.run(f"systemctl show -P MainPID {unit}"))

    def host_pid(self, pid):
        """A process of the machine as this host counts: to stop or to trace from here."""
        space = os.readlink(f"/proc/{self.leader}/ns/pid")
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(folder / "ns/pid") == space and inner_pid(folder) == pid:
                    return int(folder.name)
        raise Failed(f"no process {pid} in the machine")


def sweep():
    """Removes the control groups of machines whose keeper was killed, and the test with it."""
    for parent in machine_keeper.hierarchies():
        for group in parent.glob("hg*x*"):
            if not pathlib.Path("/proc", group.name[2:].split("x")[0]).exists():
                machine_keeper.remove(group, seconds=0)


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"ip {' '.join(words)}: {done.stderr.strip()}")


def inner_pid(folder):
    for line in (folder / "status").read_text(encoding="utf8").splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return 0


def children(pid):
    with contextlib.suppress(OSError):
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf8")
        return [int(word) for word in text.split()]
    return []


def first_process(keeper):
    """The machine's process 1 as this host counts, below unshare, the keeper and nspawn."""
    for one in children(keeper):
        for nspawn in children(one):
            for pid in children(nspawn):
                with contextlib.suppress(OSError):
                    if inner_pid(pathlib.Path(f"/proc/{pid}")) == 1:
                        return pid
    return None


if __name__ == "__main__":
    SCRATCH = os.environ.get("HEADGATE_SCRATCH", HERE.parents[1] / "build")
    if sys.argv[1:] == ["--root"]:
        print(why_not() or machine_root.why_not(SCRATCH) or machine_root.cached(SCRATCH))
        sys.exit()
    if why_not():
        sys.exit(why_not())
    with Machine.boot(SCRATCH) as machine:
        print(f"{machine.name} at {machine.address}; `exit` ends it", flush=True)
        subprocess.run([*machine.enter(), "bash", "-l"], check=False)
