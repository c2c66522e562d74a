"""Plays the service manager to a gate: is told by it, and passes it sockets (sd_notify(3),
sd_listen_fds(3))."""
import array
import contextlib
import os
import pathlib
import shutil
import socket
import tempfile
import threading
import time

# Puts what is passed where it belongs, and tells whom it is for.
LAUNCHER = """
import os, sys
fds, names, argv = sys.argv[1].split(","), sys.argv[2], sys.argv[3:]
high = [os.dup2(int(fd), 200 + i) for i, fd in enumerate(fds) if fd]
for fd in filter(None, fds):
    os.close(int(fd))
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.close(fd)
if high:
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names)
os.execv(argv[0], argv)
"""


class ServiceManager:
    """`messages` are (monotonic time, pid, {"READY": "1", ...}); `store` has (name, fd) pairs."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-service-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.path = self.folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        self.socket.settimeout(0.1)
        self.messages, self.store, self.main = [], [], None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self):
        self._stop.set()
        self._thread.join()
        self.socket.close()
        for _, fd in self.store:
            os.close(fd)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listen(self):
        while not self._stop.is_set():
            with contextlib.suppress(socket.timeout):
                data, ancillary, _, _ = self.socket.recvmsg(65536, 4096)
                self._take(data.decode(), ancillary)

    def _take(self, text, ancillary):
        fds, pid = [], 0
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(data[:len(data) - len(data) % numbers.itemsize])
                fds += numbers
            elif level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                pid = int.from_bytes(data[:4], "little")
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if "MAINPID" in fields:
            self.main = int(fields["MAINPID"])
        if "FDSTORE" in fields:
            self._keep(fields.get("FDNAME", "stored"), fds)
        else:
            if "FDSTOREREMOVE" in fields:
                self._forget(fields.get("FDNAME"))
            for fd in fds:  # of a barrier: whoever sent it waits for this
                os.close(fd)
        self.messages.append((time.monotonic(), pid, fields))

    def _keep(self, name, fds):
        """Each socket once, as systemd does."""
        known = {os.fstat(fd).st_ino for _, fd in self.store}
        for fd in fds:
            if os.fstat(fd).st_ino in known:
                os.close(fd)
            else:
                self.store.append((name, fd))

    def _forget(self, name):
        for stored in [s for s in self.store if s[0] == name]:
            self.store.remove(stored)
            os.close(stored[1])

    def said(self, name, value=None, since=0.0, pid=None):
        """The values of what was said under that name."""
        return [fields[name] for at, by, fields in list(self.messages)
                if name in fields and at >= since and value in (None, fields[name]) and
                pid in (None, by)]

    def start(self, gate, sockets=(), watchdog=None, wait=True, fdstore=1024, **options):
        """Starts it as its own. `sockets`: (name, socket or descriptor) pairs; `fdstore`: how many
        it says that it keeps, None: it does not say."""
        env = {key: value for key, value in os.environ.items()
               if key not in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "INVOCATION_ID", "FDSTORE")}
        env["NOTIFY_SOCKET"] = str(self.path)
        if fdstore is not None:
            env["FDSTORE"] = str(fdstore)
        if watchdog:
            env["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        fds = [s if isinstance(s, int) else s.fileno() for _, s in sockets]
        names = ":".join(name for name, _ in sockets)
        launcher = ["/usr/bin/python3", "-c", LAUNCHER, ",".join(map(str, fds)), names]
        return gate.start(wait=wait, launcher=launcher, env=env, pass_fds=fds, **options)


def listening(address, kind=socket.SOCK_STREAM, backlog=64):
    """A socket as a socket unit makes it."""
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address)
    if kind == socket.SOCK_STREAM and backlog:
        made.listen(backlog)
    return made
