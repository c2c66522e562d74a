"""The real headgate binary under a config written by the test.

start() waits until it listens and has learned the server's greeting. stop() ends it with SIGTERM
and raises when it died before, left with another status than 0, or wrote a sanitizer report.
As root the gate drops to `nobody`, so its folder lies under /tmp and is open to read.
"""
import collections
import contextlib
import http.client
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from private_mariadb import MONITOR, MONITOR_PASSWORD, ROOT, free_port

SANITIZER = ("AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:")


def binary():
    """HEADGATE_BINARY, else build/headgate."""
    path = pathlib.Path(os.environ.get("HEADGATE_BINARY") or ROOT / "build" / "headgate")
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built; `make build` makes it")
    return str(path)


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    return json.dumps(value)


def to_toml(config):
    """{"gate": {...}, "class": [{...}, ...]} as TOML; a list of dicts is an array of tables.

    A table in a table is written inline, or named with a dot: "query.unknown"."""
    lines = []
    for name, table in config.items():
        for entry in table if isinstance(table, list) else [table]:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            lines += [f"{key} = {toml_value(value)}" for key, value in entry.items()]
    return "\n".join(lines) + "\n"


class UnixHttp(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Gate:
    """`config` as in to_toml(); [gate] listen, [admin] socket and [known_good] state are filled in.

    A [monitor] table, even an empty one, gets the private server's account and a password file.
    """

    def __init__(self, config, host="127.0.0.1", netns=None, nofile=None, port=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-gate-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.host, self.port = host, port or free_port()
        self.netns, self.nofile = netns, nofile
        self.run_folder = self.folder / "run"
        self.run_folder.mkdir()
        self.run_folder.chmod(0o777)
        self.socket = str(self.run_folder / "admin.sock")
        self.file = self.folder / "headgate.toml"
        self.log = self.folder / "gate.log"
        self.process = None
        self.write(config)

    @property
    def address(self):
        return (self.host, self.port)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.stop(quiet=kind is not None)

    def write(self, config):
        config = {name: table for name, table in config.items()}
        config["gate"] = {"listen": [f"{self.host}:{self.port}"], **config.get("gate", {})}
        if os.geteuid() == 0:
            config["gate"].setdefault("user", "nobody")
        config["admin"] = {"socket": self.socket, "http": "", **config.get("admin", {})}
        # Of its own: gates of other tests must not meet in the one that is the default.
        config["known_good"] = {"state": str(self.run_folder / "state"),
                                **config.get("known_good", {})}
        # The wire is watched where a test says so: floods of tests are not to be alarms of others.
        config.setdefault("observer", {"interface": ""})
        self.monitored = "monitor" in config
        if self.monitored:
            config["monitor"] = {"user": MONITOR, "password_file": self._password_file(),
                                 **config["monitor"]}
        self.file.write_text(to_toml(config), encoding="utf8")
        self.file.chmod(0o644)

    def _password_file(self):
        file = self.folder / "monitor.password"
        file.write_text(MONITOR_PASSWORD + "\n", encoding="utf8")
        file.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(file, "nobody")
        return str(file)

    def start(self, wait=True, show=False, arguments=(), cwd="/", program=None, launcher=(),
              **options):
        """With `show` it writes to this process's stderr instead of the log file.

        `program` is run instead of binary(), by `launcher` if there is one; `options` as of Popen.
        """
        if os.geteuid() and "--core-dumps" not in arguments:
            arguments = (*arguments, "--core-dumps")  # else its descriptors could not be counted
        inside = ["ip", "netns", "exec", self.netns] if self.netns else []

        def limit():
            if self.nofile:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.nofile, self.nofile))

        with open(self.log, "wb") as log:
            out = None if show else log
            self.process = subprocess.Popen([*inside, *launcher, program or binary(), "run",
                                             "--config", str(self.file), *arguments],
                                            stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                            preexec_fn=limit, cwd=cwd, start_new_session=True,
                                            **options)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=15):
        until = time.monotonic() + seconds
        status = None
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                status = self.status()
                if (status["backend"]["up"] and status["backend"]["server_version"] and
                        (not self.monitored or status["monitor"]["up"])):
                    return
            time.sleep(0.02)
        text, config = self.text(), self.file.read_text()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        raise RuntimeError(f"headgate did not get ready; status {status}\n{config}\n{text}")

    def text(self):
        return self.log.read_text(errors="replace")[-6000:]

    def kill(self):
        """As kill -9 does; stop() has nothing to say about it then."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def stop(self, quiet=False, seconds=15):
        """Ends it in order. With `quiet` only cleans up: another failure is already on its way."""
        problem = None
        if self.process:
            if self.process.poll() is not None:
                problem = f"headgate ended by itself with {self.process.returncode}"
            else:
                problem = self._terminate(seconds)
            text = self.log.read_text(errors="replace")
            if any(mark in text for mark in SANITIZER):
                problem = "sanitizer report"
            self.process = None
        tail = self.text() if self.log.exists() else ""
        if problem == "sanitizer report" and quiet:
            print(f"gate: {problem}\n{tail}")
        shutil.rmtree(self.folder, ignore_errors=True)
        if problem and not quiet:
            raise AssertionError(f"{problem}\n{tail}")

    def _terminate(self, seconds):
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds / 2)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # a second one is immediate
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds / 2)
        if self.process.poll() is None:
            self.kill()
            return f"headgate did not end within {seconds} s of SIGTERM"
        if self.process.returncode != 0:
            return f"headgate left with status {self.process.returncode}"
        return None

    # The admin socket.

    def request(self, method, path, body=None, timeout=5):
        """(HTTP status, parsed JSON, or the text where it is none)."""
        connection = UnixHttp(self.socket, timeout)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if not answer.getheader("Content-Type", "").startswith("application/json"):
                return answer.status, text.decode() or None
            return answer.status, json.loads(text) if text.strip() else None
        finally:
            connection.close()

    def status(self):
        """GET /status; a reason that never came up counts 0."""
        status = self.request("GET", "/status")[1]
        for table in ("acted", "would_act"):
            status[table] = collections.Counter(status[table])
        return status

    def count(self, reason, table="acted"):
        return self.status()[table][reason]

    def cli(self, *words, socket_path=True):
        """(exit status, stdout, stderr) of `headgate WORDS --socket ...`."""
        tail = ["--socket", self.socket] if socket_path else []
        done = subprocess.run([binary(), *words, *tail], capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout, done.stderr

    # What it costs.

    def pid(self):
        return self.process.pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid()}/fd"))

    def limit_descriptors(self, soft):
        """Sets the running gate's soft limit, as its own user: a capability may be missing."""
        owner = os.stat(f"/proc/{self.pid()}")
        become = {} if os.geteuid() else {"user": owner.st_uid, "group": owner.st_gid,
                                          "extra_groups": []}
        subprocess.run(["prlimit", f"--pid={self.pid()}", f"--nofile={soft}:"], check=True,
                       **become)

    def memory(self):
        """Resident bytes; 0 where most of them are a sanitizer's own."""
        if os.environ.get("HEADGATE_SANITIZED"):
            return 0
        with open(f"/proc/{self.pid()}/statm", encoding="utf8") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu(self):
        """Seconds of CPU used so far."""
        with open(f"/proc/{self.pid()}/stat", encoding="utf8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log_bytes(self):
        return self.log.stat().st_size
