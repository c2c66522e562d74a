"""One thread of a running program stopped in its tracks, as a hung one is: by ptrace, from outside.

The rest of the program goes on and knows nothing of it. Needs CAP_SYS_PTRACE.
"""
import contextlib
import ctypes
import os
import pathlib
import re
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
LIBC.ptrace.restype = ctypes.c_long
SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000
EPOLL_CALLS = ("232", "281", "441")  # epoll_wait, epoll_pwait, epoll_pwait2 on x86-64
LISTENING = "0A"


def listening_inodes(pid, port):
    """Sockets that listen on `port` in the network that the process is in."""
    for name in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield fields[9]


def watches(pid, epoll):
    """Inodes of the sockets that an epoll descriptor of the process watches."""
    text = pathlib.Path(f"/proc/{pid}/fdinfo/{epoll}").read_text()
    for descriptor in re.findall(r"^tfd:\s*(\d+)", text, re.M):
        found = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        if found:
            yield found[1]


def threads_at(pid, port):
    """The threads that wait for clients of `port`: those whose epoll watches a listening socket."""
    doors = set(listening_inodes(pid, port))
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        call = (task / "syscall").read_text().split()
        if call[0] in EPOLL_CALLS and doors & set(watches(pid, int(call[1], 16))):
            yield int(task.name)


def ptrace(request, thread):
    if LIBC.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        if not (request == DETACH and error in (3, 10)):  # gone meanwhile, as it should
            raise OSError(error, f"ptrace {request:#x} of {thread}: {os.strerror(error)}")


class Hung:
    """While `with` lasts the thread runs nothing; then, if it is still there, it goes on."""

    def __init__(self, thread):
        self.thread = thread
        self.mourner = None

    def __enter__(self):
        ptrace(SEIZE, self.thread)
        ptrace(INTERRUPT, self.thread)
        os.waitpid(self.thread, WALL)
        # When it is killed, its process ends for good only once its tracer has heard of it.
        self.mourner = threading.Thread(target=self._mourn, daemon=True)
        self.mourner.start()
        return self

    def _mourn(self):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.thread, WALL)

    def __exit__(self, *_):
        ptrace(DETACH, self.thread)
        self.mourner.join(5)
