"""What the tests of the command line share: the binary, files of their own, a gate that runs.

For scripts that are started as SCRIPT BINARY SOURCE_DIR.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BINARY, SOURCE = sys.argv[1:3]


def headgate(*args, **kwargs):
    return subprocess.run([BINARY, *args], capture_output=True, text=True, timeout=30, **kwargs)


def free_port():
    """Below 32768: above it an outgoing connection may hold the port."""
    for port in range(21000 + os.getpid() % 5000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


class Files(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="headgate-cli-"))
        self.dir.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def file(self, text):
        path = self.dir / "headgate.toml"
        path.write_text(text)
        return str(path)

    def drop_in(self, name, text):
        path = self.dir / "conf.d" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)


class Gates(Files):
    """Against a backend that is not there: 192.0.2.0/24 is nobody's (RFC 5737)."""

    def config(self, extra="", listen=None, gate=""):
        self.port = listen or free_port()
        # A directory that whoever the gate becomes may write to.
        (self.dir / "run").mkdir(exist_ok=True)
        (self.dir / "run").chmod(0o777)
        self.socket = str(self.dir / "run/admin.sock")
        self.state = self.dir / "run/state"
        return self.file(f'''
[gate]
backend = ["127.0.0.1:1"]
clients_become_localhost = true
user = "nobody"
threads = 1
drain = "2s"
listen = ["127.0.0.1:{self.port}"]
{gate}
[slots]
max_connections = 20
[admin]
socket = "{self.socket}"
[known_good]
state = "{self.state}"
{extra}''')

    def start(self, path, binary=BINARY, **kwargs):
        log = open(self.dir / "log", "w+")
        self.addCleanup(log.close)
        gate = subprocess.Popen([binary, "run", "--config", path], stderr=log, **kwargs)
        self.addCleanup(self.finish, gate)
        for _ in range(200):
            if " is up" in self.log() or gate.poll() is not None:
                break
            time.sleep(0.05)
        self.assertIsNone(gate.poll(), self.log())
        return gate

    @staticmethod
    def finish(gate):
        if gate.poll() is None:
            gate.kill()
        gate.wait()

    def log(self):
        return (self.dir / "log").read_text()

    def ask(self, *args):
        return headgate(*args, "--socket", self.socket)

    def end(self, gate):
        gate.send_signal(signal.SIGTERM)
        self.assertEqual(gate.wait(timeout=10), 0, self.log())
