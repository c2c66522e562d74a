#!/usr/bin/python3
"""A private MariaDB in a folder of its own: for the system tests and for `make run`.

The data folder is a copy of a template that is made once per server version and kept under
build/. As root the server runs as `mysql`; its folder must then be reachable by that user, so
it lies under /tmp unless asked otherwise. Accounts: app, weak, many (password = name + "-secret"),
nopass (no password), headgate (the monitor's, same rule for its password), admin@localhost (all
rights, unix socket), and the stock root@localhost.
"""
import contextlib
import fcntl
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pymysql

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADMIN_PASSWORD = "admin-secret"
MONITOR, MONITOR_PASSWORD = "headgate", "headgate-secret"
ACCOUNTS = {name: f"{name}-secret" for name in ("app", "weak", "many")}
SERVER = next((p for p in ("/usr/sbin/mariadbd", "/usr/libexec/mariadbd", "/usr/sbin/mysqld")
               if os.path.exists(p)), "mariadbd")
SMALL = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M",
         "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--key-buffer-size=1M",
         "--aria-pagecache-buffer-size=1M", "--skip-log-bin"]


GIVEN = set()  # ports of this process: what has one may not have taken it yet, or is in another namespace


def free_port(address="127.0.0.1"):
    """A port below the ephemeral range: above it an outgoing connection may hold the port."""
    for _ in range(200):
        port = random.randint(15000, 31999)
        if port in GIVEN:
            continue
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind((address, port))
                GIVEN.add(port)
                return port
    raise RuntimeError("no free port below 32768")


def template_sql():
    yield "DELETE FROM mysql.global_priv WHERE User = '';"
    yield "FLUSH PRIVILEGES;"
    yield "CREATE DATABASE IF NOT EXISTS shop;"
    yield f"CREATE USER admin@localhost IDENTIFIED BY '{ADMIN_PASSWORD}';"
    yield "GRANT ALL ON *.* TO admin@localhost WITH GRANT OPTION;"
    for name, password in ACCOUNTS.items():
        yield f"CREATE USER {name}@'%' IDENTIFIED BY '{password}';"
        yield f"GRANT ALL ON shop.* TO {name}@'%';"
    yield "CREATE USER nopass@'%';"
    yield f"CREATE USER {MONITOR}@'%' IDENTIFIED BY '{MONITOR_PASSWORD}';"
    yield f"GRANT PROCESS, CONNECTION ADMIN ON *.* TO {MONITOR}@'%';"
    yield "CREATE TABLE shop.items (id INT PRIMARY KEY, name VARCHAR(80), stock INT);"
    values = ", ".join(f"({i}, 'item {i}', {i * 7 % 100})" for i in range(1, 1001))
    yield f"INSERT INTO shop.items VALUES {values};"


def drop_to_mysql():
    return ["--user=mysql"] if os.geteuid() == 0 else []


def give_to_mysql(path):
    if os.geteuid() == 0:
        entry = pwd.getpwnam("mysql")
        subprocess.run(["chown", "-R", f"{entry.pw_uid}:{entry.pw_gid}", str(path)], check=True)


def make_template(target):
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="headgate-template-", dir="/tmp"))
    try:
        scratch.chmod(0o755)
        data = scratch / "data"
        data.mkdir()
        give_to_mysql(data)
        user = drop_to_mysql()
        done = subprocess.run(["mariadb-install-db", "--no-defaults", *user, f"--datadir={data}",
                               "--skip-test-db", *SMALL], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout}\n{done.stderr}")
        done = subprocess.run([SERVER, "--no-defaults", *user, f"--datadir={data}", "--bootstrap",
                               f"--tmpdir={data}", *SMALL], capture_output=True, text=True,
                              input="\n".join(template_sql()) + "\n")
        if done.returncode or "ERROR" in done.stderr:
            raise RuntimeError(f"the accounts could not be made:\n{done.stderr}")
        shutil.move(data, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def template():
    """The path of the template, made now if this server version has none yet."""
    build = pathlib.Path(os.environ.get("HEADGATE_SCRATCH", ROOT / "build"))
    build.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True)
    name = version.stdout.split("Ver ")[-1].split()[0].replace("/", "_")
    target = build / f"mariadb-template-4-{name}"
    with open(build / "mariadb-template.lock", "w", encoding="utf8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            make_template(target)
    return target


class PrivateMariadb:
    """start() or `with`; stop() ends it by its pid and removes the folder.

    `tls` is a pair of certificates.py that the server's user can read, `ca` whose certificates its
    clients may show."""

    def __init__(self, max_connections=60, options=(), bind="127.0.0.1", port=None, folder=None,
                 netns=None, name_resolution=False, tls=None, ca=None):
        self.host, self.port = bind, port or free_port()
        self.netns = netns
        self.folder = pathlib.Path(folder) if folder else None
        self.options = [f"--max-connections={max_connections}", *options]
        if not name_resolution:
            self.options.append("--skip-name-resolve")
        if tls:
            self.options += [f"--ssl-cert={tls.certificate}", f"--ssl-key={tls.key}"]
        if ca:
            self.options.append(f"--ssl-ca={ca}")
        self.process = None
        self._admin = None

    @property
    def socket(self):
        return str(self.folder / "mysqld.sock")

    @property
    def address(self):
        return (self.host, self.port)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        source = template()
        if self.folder is None:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-db-", dir="/tmp"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        if not (self.folder / "data").exists():
            subprocess.run(["cp", "-a", "--sparse=always", str(source), str(self.folder / "data")],
                           check=True)
            give_to_mysql(self.folder)
        inside = ["ip", "netns", "exec", self.netns] if self.netns else []
        command = [*inside, SERVER, "--no-defaults", *drop_to_mysql(),
                   f"--datadir={self.folder}/data", f"--socket={self.socket}",
                   f"--port={self.port}", f"--bind-address={self.host}",
                   f"--pid-file={self.folder}/mysqld.pid", f"--tmpdir={self.folder}",
                   "--local-infile=1", "--max-allowed-packet=128M", *SMALL, *self.options]
        with open(self.folder / "server.log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        self._wait()
        return self

    def _wait(self, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(pymysql.Error, OSError):
                self.query("SELECT 1")
                return
            time.sleep(0.1)
        text = (self.folder / "server.log").read_text(errors="replace")[-3000:]
        self.stop()
        raise RuntimeError(f"MariaDB did not start:\n{text}")

    def end_process(self):
        """Ends the server; start() starts it again with the same data, port and socket."""
        if self._admin:
            with contextlib.suppress(pymysql.Error, OSError):
                self._admin.close()
            self._admin = None
        if self.process:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(20)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
            self.process = None

    def stop(self):
        self.end_process()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, sql, *args):
        """All rows, over the unix socket, as admin."""
        if self._admin is None:
            self._admin = pymysql.connect(unix_socket=self.socket, user="admin",
                                          password=ADMIN_PASSWORD, autocommit=True)
        with self._admin.cursor() as cursor:
            cursor.execute(sql, args or None)
            return cursor.fetchall()

    def status(self, name):
        return int(self.query("SHOW GLOBAL STATUS LIKE %s", name)[0][1])

    def sessions(self):
        """(id, user, host without port) of all but this admin connection, the server, the monitor.

        Until its login is through, a session counts as `unauthenticated user`: the server shows
        the user it claims.
        """
        rows = self.query("SELECT ID, IF(COMMAND = 'Connect', 'unauthenticated user', USER), HOST"
                          " FROM information_schema.PROCESSLIST"
                          " WHERE ID <> CONNECTION_ID() AND COMMAND <> 'Daemon'"
                          " AND USER NOT IN ('event_scheduler', 'system user', %s)", MONITOR)
        return [(i, user, host.rsplit(":", 1)[0]) for i, user, host in rows]

    def running(self, marker):
        """(id, seconds it has run) of the statements whose text holds `marker`."""
        rows = self.query("SELECT ID, TIME_MS / 1000 FROM information_schema.PROCESSLIST"
                          " WHERE INFO LIKE %s AND ID <> CONNECTION_ID() AND COMMAND <> 'Sleep'",
                          f"%{marker}%")
        return [(i, float(seconds)) for i, seconds in rows]

    def connect_errors(self):
        """{address: (SUM_CONNECT_ERRORS, COUNT_HOST_BLOCKED_ERRORS)}; needs performance_schema."""
        return {ip: (int(errors), int(blocked)) for ip, errors, blocked in self.query(
            "SELECT IP, SUM_CONNECT_ERRORS, COUNT_HOST_BLOCKED_ERRORS"
            " FROM performance_schema.host_cache")}


if __name__ == "__main__":
    with PrivateMariadb(folder=sys.argv[1] if len(sys.argv) > 1 else None) as db:
        print(f"mariadb --host={db.host} --port={db.port} --user=app "
              f"--password={ACCOUNTS['app']} shop", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
