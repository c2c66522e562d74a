"""A host that has all this machine has installed, in a namespace of lan.py: for clients on a page.

Its files are an overlay over this machine's root, so whatever a recipe writes is seen by later
recipes on that host and goes with it. It has no systemd: what needs that is a machine (machine.py).
Needs root. The host's first process reads a pipe of the test's, so it is gone when the test is.
"""
import os
import pathlib
import shlex
import signal
import subprocess
import time

# A file system of its own, laid over the root; what has to be the real thing is bound into it.
SET_UP = """set -e
mount -t tmpfs -o mode=0755 tmpfs {scratch}
mkdir {scratch}/upper {scratch}/work {scratch}/root
mount -t overlay overlay {scratch}/root \
    -o lowerdir=/,upperdir={scratch}/upper,workdir={scratch}/work
mount -t proc proc {scratch}/root/proc
mount --rbind /sys {scratch}/root/sys
mount --rbind /dev {scratch}/root/dev
mount -t tmpfs -o mode=1777 tmpfs {scratch}/root/tmp
mount -t tmpfs -o mode=0755 tmpfs {scratch}/root/run
echo 127.0.0.1 localhost > {scratch}/root/etc/hosts
echo nameserver 127.0.0.1 > {scratch}/root/etc/resolv.conf
hostname {name}
touch {scratch}/root/run/is-ready
exec cat > /dev/null
"""
ENVIRONMENT = {"HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive",
               "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


class CopiedHost:
    def __init__(self, name, namespace, scratch="/mnt"):
        self.name, self.namespace, self.scratch = name, namespace, scratch
        self.process = None

    def __enter__(self):
        text = SET_UP.format(scratch=self.scratch, namespace=self.namespace, name=self.name)
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "--pid", "--uts", "--ipc",
             "--fork", "--kill-child", "bash", "-c", text], stdin=subprocess.PIPE)
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_ready(self, seconds=20):
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            inner = self._inner()
            ready = f"/proc/{inner}/root{self.scratch}/root/run/is-ready"
            if inner and pathlib.Path(ready).exists():
                return
            time.sleep(0.02)
        raise RuntimeError(f"host {self.name} was not ready")

    def _inner(self):
        """The pid, as seen from here, of the first process inside."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return (children.read_text("ascii").split() or [None])[0]

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)  # and with it, by --kill-child, all inside
        self.process.wait()
        self.process.stdin.close()

    def run(self, script, seconds=60):
        """(exit status, what it printed) of bash running `script`, ended by its first failure."""
        done = subprocess.run(
            ["nsenter", f"--target={self._inner()}", "--mount", "--pid", "--uts", "--ipc", "--net",
             "chroot", f"{self.scratch}/root", "bash", "-e", "-c", f"cd; {script}"],
            env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            errors="replace", timeout=seconds, check=False)
        return done.returncode, done.stdout

    def write(self, path, text):
        place = shlex.quote(path)
        done = subprocess.run(
            ["nsenter", f"--target={self._inner()}", "--mount", "chroot", f"{self.scratch}/root",
             "sh", "-c", f"mkdir -p {shlex.quote(os.path.dirname(path))} && cat > {place}"],
            input=text, text=True, capture_output=True, env=ENVIRONMENT, check=False)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {path}: {done.stderr.strip()}")
