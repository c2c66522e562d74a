"""One thread of another process, held still as a debugger does: the others go on."""
import contextlib
import ctypes
import os
import pathlib
import threading

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # __WALL: waitpid(2) for a thread

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace({request}) of {thread}")


def threads(pid):
    """{name: thread id}, of those whose names are theirs alone."""
    return {pathlib.Path(f"/proc/{pid}/task/{task}/comm").read_text().strip(): int(task)
            for task in os.listdir(f"/proc/{pid}/task")}


@contextlib.contextmanager
def stopped(thread):
    """Only for the thread that calls: the kernel ties both together.

    The process may be killed meanwhile: it is gone for good only once its tracer has heard of it."""
    _ptrace(PTRACE_SEIZE, thread)
    mourner = threading.Thread(target=_mourn, args=(thread,), daemon=True)
    try:
        _ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)
        mourner.start()
        yield
    finally:
        with contextlib.suppress(OSError):
            _ptrace(PTRACE_DETACH, thread)


def _mourn(thread):
    with contextlib.suppress(ChildProcessError):
        os.waitpid(thread, WALL)
