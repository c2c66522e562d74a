"""Every n-th call of a function fails in a program: the other side of nth_call.cc."""
import contextlib
import errno
import mmap
import os
import pathlib
import struct

from private_mariadb import ROOT

FUNCTIONS = ("accept4", "connect", "epoll_add", "send", "sendmsg", "recv", "socket", "new", "spawn",
             "eventfd", "timerfd", "epoll_create", "signalfd", "bind", "listen",
             "thread")  # as in nth_call.cc
ENTRY = struct.Struct("<QQQQ")
KINDS = {"accept4": errno.EMFILE, "connect": errno.ECONNREFUSED, "epoll_add": errno.ENOSPC,
         "send": errno.ENOBUFS, "sendmsg": errno.ENOBUFS, "recv": errno.ENOMEM,
         "socket": errno.EMFILE, "new": errno.ENOMEM, "spawn": 0, "eventfd": errno.EMFILE,
         "timerfd": errno.EMFILE, "epoll_create": errno.EMFILE, "signalfd": errno.EMFILE,
         "bind": errno.EADDRINUSE, "listen": errno.EADDRINUSE, "thread": errno.EAGAIN}
ONCE = 1 << 63  # with how manieth: that call alone


def library():
    """HEADGATE_NTH_CALL, else where the build puts it."""
    build = pathlib.Path(os.environ.get("HEADGATE_SCRATCH", ROOT / "build"))
    path = pathlib.Path(os.environ.get("HEADGATE_NTH_CALL") or build / "tests/system/libnth_call.so")
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built; `make build` makes it")
    return str(path)


class Faults:
    """Of one program, which is started with environment(). All are off at first."""

    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.file.write_bytes(bytes(ENTRY.size * len(FUNCTIONS)))
        with open(self.file, "r+b") as shared:
            self._shared = mmap.mmap(shared.fileno(), 0)

    def environment(self):
        return {**os.environ, "LD_PRELOAD": library(), "HEADGATE_FAULTS": str(self.file)}

    def set(self, function, every, error=None):
        """Each `every`-th call fails from now on; 0: none."""
        at = FUNCTIONS.index(function) * ENTRY.size
        error = KINDS[function] if error is None else error
        self._shared[at:at + 16] = struct.pack("<QQ", every, error)

    def failed(self, function):
        """(calls so far, how many of them failed)"""
        return ENTRY.unpack_from(self._shared, FUNCTIONS.index(function) * ENTRY.size)[2:]

    @contextlib.contextmanager
    def failing(self, function, every, error=None):
        self.set(function, every, error)
        try:
            yield self
        finally:
            self.set(function, 0)
