#!/usr/bin/python3
"""Stock clients see the same through the gate as on the server itself.

Each program of clients/ is run twice, against the server and through the gate, and prints what it
saw as JSON lines; the two must be alike line by line. One test per client, so that CTest can name
them: `test_clients.py Clients.test_pymysql`.
"""
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "clients"))

# pylint: disable=wrong-import-position
from stage import DATABASE, PASSWORD, USER, Stage, lines_of, main, private_mariadb  # noqa: E402

PROGRAMS = HERE / "clients"
CONNECTOR_J = "/usr/share/java/mariadb-java-client.jar"
GO_PATH = "/usr/share/gocode"


def scratch():
    """Where compiled clients and npm packages go; never the source tree."""
    base = pathlib.Path(os.environ.get("HEADGATE_SCRATCH") or private_mariadb.ROOT / "build")
    path = base / "clients"
    path.mkdir(parents=True, exist_ok=True)
    return path


class Built:
    """A lock around what is built once and used by tests that run at the same time."""

    def __enter__(self):
        self.file = open(scratch() / "lock", "w", encoding="utf8")  # pylint: disable=R1732
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def node_modules(case):
    """The folder of the npm packages of clients/node, installed now if they are not there."""
    modules = scratch() / "node"
    wanted = (PROGRAMS / "node" / "package.json").read_text(encoding="utf8")
    with Built():
        mark = modules / "installed.json"
        if not mark.exists() or mark.read_text(encoding="utf8") != wanted:
            npm_install(case, modules, wanted)
            mark.write_text(wanted, encoding="utf8")
    return str(modules / "node_modules")


def npm_install(case, modules, wanted):
    modules.mkdir(exist_ok=True)
    (modules / "package.json").write_text(wanted, encoding="utf8")
    try:
        done = subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund",
                               "--ignore-scripts"], cwd=modules, capture_output=True, timeout=300,
                              check=False)
    except subprocess.TimeoutExpired:
        case.skipTest("npm could not install the clients: no answer from its registry in 300 s")
    if done.returncode:
        case.skipTest(f"npm could not install the clients: {done.stderr.decode()[-500:]}")


class Clients(Stage):
    more_arguments = ()  # for every program

    def need(self, *tools):
        for tool in tools:
            if not (os.path.exists(tool) if tool.startswith("/") else shutil.which(tool)):
                self.skipTest(f"{tool} is not installed")

    def transcript(self, command, address, environment):
        self.load_scenario()
        host, port = address
        done = subprocess.run([*command, host, str(port), USER, PASSWORD, DATABASE,
                               *self.more_arguments], capture_output=True, timeout=240, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment})
        out, err = done.stdout.decode("utf8", "replace"), done.stderr.decode("utf8", "replace")
        self.assertEqual(done.returncode, 0,
                         f"{command} on {address}:\n{out[-1500:]}\n{err[-1500:]}")
        return lines_of(out.replace(f"port={port}", "port=PORT"))

    def compare(self, name, command, steps, **environment):
        """`steps`: how many the program has at least, so that a silent one cannot pass."""
        before = self.gate.status()["logins_ok"]
        direct, through = self.both(lambda address: self.transcript(command, address, environment))
        for one, other in zip(direct, through):
            self.assertEqual(one, other, f"{name}: direct first, then through the gate")
        self.assertEqual(len(direct), len(through))
        self.assertGreaterEqual(len(direct), steps)
        logins = self.gate.status()["logins_ok"] - before
        self.assertGreater(logins, 0, "nothing went through the gate")
        self.all_back(self.gate)
        self.figures(name, f"{len(direct)} steps alike direct and through the gate, "
                     f"{logins} logins")

    def test_mariadb_cli(self):
        self.need("mariadb")
        self.compare("mariadb-cli", [sys.executable, PROGRAMS / "mariadb_cli.py"], 25)

    def test_pymysql(self):
        self.compare("pymysql", [sys.executable, PROGRAMS / "pymysql_client.py"], 20)

    def test_php_mysqlnd(self):
        self.need("php")
        self.compare("php-mysqlnd", ["php", "-d", "mysqli.allow_local_infile=On",
                                     PROGRAMS / "php_client.php"], 25)

    def test_php_mysqlnd_compressed(self):
        """Compression is not offered; who uses it all the same is told, and does not hang."""
        self.need("php")
        host, port = self.gate.address
        done = subprocess.run(["php", PROGRAMS / "php_compressed.php", host, str(port), USER,
                               PASSWORD, DATABASE], capture_output=True, timeout=30, check=True)
        self.assertEqual(done.stdout.decode().strip(),
                         "1105 headgate: compression is off, connect without")

    def test_dbd_mysql(self):
        self.need("perl")
        self.compare("dbd-mysql", ["perl", PROGRAMS / "dbd_mysql_client.pl"], 16)

    def test_ruby_mysql2(self):
        self.need("ruby")
        self.compare("ruby-mysql2", ["ruby", PROGRAMS / "ruby_mysql2_client.rb"], 16)

    def test_go(self):
        self.need("go", f"{GO_PATH}/src/github.com/go-sql-driver/mysql")
        program = scratch() / "go_client"
        with Built():
            environment = {**os.environ, "GO111MODULE": "off", "GOPATH": GO_PATH, "GOFLAGS": "",
                           "GOCACHE": str(scratch() / "go-cache"), "CGO_ENABLED": "0"}
            subprocess.run(["go", "build", "-o", program, PROGRAMS / "go" / "go_client.go"],
                           check=True, env=environment, timeout=300)
        self.compare("go", [program], 14)

    def test_connector_j(self):
        self.need("javac", "java", CONNECTOR_J)
        classes = scratch() / "java"
        with Built():
            subprocess.run(["javac", "-encoding", "UTF-8", "-d", classes,
                            PROGRAMS / "ConnectorJClient.java"], check=True, timeout=300)
        self.compare("connector-j", ["java", "-Xmx512m", "-cp", f"{classes}:{CONNECTOR_J}",
                                     "ConnectorJClient"], 50)

    def node(self, name, steps):
        self.need("node", "npm")
        self.compare(f"node-{name}", ["node", PROGRAMS / "node" / f"{name}_client.js"], steps,
                     NODE_PATH=node_modules(self))

    def test_node_mysql2(self):
        self.node("mysql2", 20)

    def test_node_mysql(self):
        self.node("mysql", 16)

    def test_node_mariadb(self):
        self.need("node")
        version = subprocess.run(["node", "--version"], capture_output=True, check=True).stdout
        if int(version.decode().lstrip("v").split(".")[0]) < 20:
            self.skipTest(f"the npm client mariadb needs node 20, here is {version.decode().strip()}")
        self.node("mariadb", 22)


if __name__ == "__main__":
    main()
