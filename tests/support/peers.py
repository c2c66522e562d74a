"""Other people's gates in front of a private server: HAProxy and nginx, with a configuration of text.

In the text, LISTEN stands for where they listen and BACKEND for the server, both as HOST:PORT, and
FOLDER for a folder that they may write to.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

from private_mariadb import free_port


def program(name):
    """Its path, or None."""
    path = f"/usr/sbin/{name}"
    return path if os.path.exists(path) else shutil.which(name)


class Peer:
    """`with` starts and ends it. `address` is where it listens."""

    def __init__(self, name, text, backend):
        self.name, self.address = name, ("127.0.0.1", free_port())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"headgate-{name}-", dir="/tmp"))
        self.file = self.folder / "config"
        for word, value in {"LISTEN": f"{self.address[0]}:{self.address[1]}",
                            "BACKEND": f"{backend[0]}:{backend[1]}",
                            "FOLDER": str(self.folder)}.items():
            text = re.sub(rf"\b{word}\b", value, text)
        self.file.write_text(text, encoding="utf8")
        self.process = None

    def command(self):
        if self.name == "haproxy":
            return [program("haproxy"), "-db", "-f", str(self.file)]
        return [program("nginx"), "-e", str(self.folder / "error.log"), "-p", str(self.folder),
                "-c", str(self.file), "-g", "daemon off;"]

    def __enter__(self):
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(self.address) == 0:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        text = (self.folder / "log").read_text(errors="replace")
        self.__exit__()
        raise RuntimeError(f"{self.name} does not listen:\n{text}")

    def __exit__(self, *_):
        self.process.terminate()  # nginx takes its workers along
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self):
        """Its processes: nginx has a master and workers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text(encoding="utf8").split())]


def version(name):
    """As its package has it."""
    done = subprocess.run([program(name), "-v"], capture_output=True, text=True, check=False)
    return re.search(r"(\d+\.\d+\.\d+)", done.stdout + done.stderr)[1]
