"""Connection pools of real drivers, each in a program of its own that is driven line by line.

The programs are tests/system/clients/pools. A line is words with tabs between them; each is answered
by one line:
    open HOST PORT USER PASSWORD SIZE PATIENCE    a new pool, PATIENCE in seconds      ok
    ask SQL            its first value, by way of the pool                ok VALUE | error TEXT
    load WORKERS SECONDS PAUSE SQL     the same over and over    done N FAILED LONGEST_MS ERROR
"""
import dataclasses
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import test_clients  # noqa: E402  pylint: disable=wrong-import-position

PROGRAMS = test_clients.PROGRAMS / "pools"
JARS = [f"/usr/share/java/{name}.jar" for name in ("HikariCP", "slf4j-api", "slf4j-nop",
                                                  "mariadb-java-client")]


@dataclasses.dataclass
class Load:
    done: int
    failed: int
    longest_ms: int
    error: str  # the first one


def go(case):
    program = test_clients.scratch() / "go_pool"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": test_clients.GO_PATH,
                   "GOFLAGS": "", "GOCACHE": str(test_clients.scratch() / "go-cache"),
                   "CGO_ENABLED": "0"}
    case.need("go", f"{test_clients.GO_PATH}/src/github.com/go-sql-driver/mysql")
    with test_clients.Built():
        subprocess.run(["go", "build", "-o", program, PROGRAMS / "go_pool.go"], check=True,
                       env=environment, timeout=300)
    return [program], {}


def hikari(case):
    case.need("java", "javac", *JARS)
    classes, path = test_clients.scratch() / "java-pools", ":".join(JARS)
    with test_clients.Built():
        subprocess.run(["javac", "-encoding", "UTF-8", "-cp", path, "-d", classes,
                        PROGRAMS / "HikariPool.java"], check=True, timeout=300)
    return ["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{path}",
            "HikariPool"], {}


def sqlalchemy(_):
    return ["/usr/bin/python3", PROGRAMS / "sqlalchemy_pool.py"], {}


def mysql2(case):
    case.need("node", "npm")
    return (["node", PROGRAMS / "mysql2_pool.js"],
            {"NODE_PATH": test_clients.node_modules(case)})


def php(case):
    case.need("php")
    return ["php", PROGRAMS / "php_pool.php"], {}


# By the name that the page and the tests use.
KINDS = {"go": go, "hikari": hikari, "sqlalchemy": sqlalchemy, "mysql2": mysql2, "php": php}
SOURCES = {"go": "go_pool.go", "hikari": "HikariPool.java", "sqlalchemy": "sqlalchemy_pool.py",
           "mysql2": "mysql2_pool.js", "php": "php_pool.php"}


class Pool:
    """One program; close() ends it. PHP has no pool: its `size` is that of one process, 1."""

    def __init__(self, case, kind):
        self.kind = kind
        self._command, more = KINDS[kind](case)
        self._environment = {**os.environ, "LC_ALL": "C.UTF-8", **more}
        self._process = None
        case.addCleanup(self.close)

    def open(self, address, user, size=1, patience=3.0, password=None):
        """For `user`, whose password is as private_mariadb.py has it."""
        if self.kind == "php" or self._process is None:  # PHP's connection ends with its process
            self.close()
            self._process = subprocess.Popen(
                self._command, env=self._environment, text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._say("open", *address, user, password or f"{user}-secret", size, patience)
        self.answer()
        return self

    def close(self):
        """Ends the program and, with it, its connections."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    def begin(self, sql):
        """Asks; answer() has what came of it."""
        self._say("ask", sql)

    def ask(self, sql):
        """(True, value) or (False, the error as the driver words it)."""
        self.begin(sql)
        return self.answer()

    def load(self, workers, seconds, pause, sql):
        """Begins; loaded() waits for its end."""
        self._say("load", workers, seconds, pause, sql)

    def loaded(self):
        words = (*self._line(), "")
        return Load(int(words[1]), int(words[2]), int(words[3]), words[4])

    def answer(self):
        word, *rest = self._line()
        return word == "ok", rest[0] if rest else ""

    def _say(self, *words):
        self._process.stdin.write("\t".join(str(word) for word in words) + "\n")
        self._process.stdin.flush()

    def _line(self):
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.kind} ended with {self._process.wait()}")
        return line.rstrip("\n").split("\t")
