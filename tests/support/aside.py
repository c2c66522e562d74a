"""What is compiled, and tested, while tests run, with what they leave of the processors.

Most tests of the real gate wait for most of their time, and what runs as idle takes no processor
from anybody: the kernel gives it what nobody else wants.
"""
import contextlib
import os
import pathlib
import select
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENDS_WITHIN = 60  # seconds, when it is told to


def leave_to_others():
    """In a session of its own, for the kernel shares the processors out by session first."""
    os.setsid()
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/autogroup").write_text("19", encoding="ascii")
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def in_order(commands):
    return " && ".join(commands)


class Aside:
    """Runs shell commands one after the other while it is open, until one fails.

    Each can be run again, and then does what the first time left undone. Behind them, while there
    is time, those of `may`: whether they fail is theirs to tell.
    """

    def __init__(self, name, commands, may=()):
        self.log, self.process = ROOT / "build" / f"aside-{name}.log", None
        self.commands, self.may = list(commands), list(may)

    def __enter__(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # It has the other end for as long as any process of it lives.
        self.alive, end = os.pipe()
        with open(self.log, "wb") as log:
            may = [f"({in_order(self.may)} || true)"] if self.may else []
            self.process = subprocess.Popen(["sh", "-c", in_order(self.commands + may)], cwd=ROOT,
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            pass_fds=(end,), preexec_fn=leave_to_others)
        os.close(end)
        return self

    def __exit__(self, *_):
        """All of its processes have ended then: two builds must not meet in one folder."""
        if self.alive is None:
            return
        for kind in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None or not self._nobody(0):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, kind)
            if self._nobody(ENDS_WITHIN):
                break
        self.process.wait()
        os.close(self.alive)
        self.alive = None

    def _nobody(self, seconds):
        return bool(select.select([self.alive], [], [], seconds)[0])

    def broken(self):
        """Whether one of them has failed by now."""
        return bool(self.process.poll())

    def finish(self):
        """Does what is left, as anybody else does; "" or what went wrong."""
        self.__exit__()
        if self.process.returncode == 0:
            return ""
        with open(self.log, "ab") as log:
            done = subprocess.run(["sh", "-c", in_order(self.commands)], cwd=ROOT, stdout=log,
                                  stderr=log, check=False)
        return "" if done.returncode == 0 else self.log.read_text(errors="replace")[-8000:]
