"""A gate that is upgraded: the process that takes over is a child of this one, as the first was."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import time

from gate import Gate, binary


class Process:
    """As much of subprocess.Popen as Gate needs, for a child that somebody else has started."""

    def __init__(self, pid):
        self.pid, self.returncode = pid, None

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, seconds=None):
        until = None if seconds is None else time.monotonic() + seconds
        while self.poll() is None:
            if until and time.monotonic() > until:
                raise TimeoutError(f"process {self.pid} has not ended")
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class UpgradedGate(Gate):
    """Runs a copy of the binary, so that another can be put in its place."""

    def __init__(self, config, **options):
        super().__init__(config, **options)
        self.program = self.folder / "headgate"
        self.install(binary())
        self.former = []

    def install(self, source=None, script=None):
        """By a rename, as a package manager does it."""
        new = self.folder / "headgate.new"
        if script is None:
            shutil.copy(source, new)
        else:
            new.write_text(script)
        new.chmod(0o755)
        new.rename(self.program)

    def start(self, **options):
        return super().start(program=str(self.program), **options)

    def upgrade(self):
        """(exit status, why not). Where it went well `process` is the new one's."""
        code, out, err = self.cli("upgrade", "--json")
        answer = json.loads(out) if out else {"error": err}
        if code == 0:
            assert answer["from"] == self.process.pid, answer
            self.former.append(self.process)
            self.process = Process(answer["pid"])
        return code, answer.get("error", "")

    def alive(self):
        """The former ones that have not ended yet."""
        return [process.pid for process in self.former if process.poll() is None]

    def stop(self, quiet=False, seconds=15):
        for process in self.former:
            for number in (signal.SIGTERM, signal.SIGTERM):
                process.send_signal(number)
                time.sleep(0.1)
            with contextlib.suppress(Exception):
                process.wait(5)
            process.kill()
            with contextlib.suppress(Exception):
                process.wait(5)
        super().stop(quiet=quiet, seconds=seconds)


def children():
    """Processes of this one's that have this program's name, zombies included."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text()
                name = fields[fields.index("(") + 1:fields.rindex(")")]
                if name == "headgate" and int(fields.rsplit(")", 1)[1].split()[1]) == os.getpid():
                    found.append(int(entry.name))
    return found
