#!/usr/bin/python3
"""A private Oracle MySQL, from Debian sid in a chroot: Debian's stable releases have none.

HEADGATE_MYSQL_ROOT names a folder with such a chroot; it is made there when it does not exist.
HEADGATE_MYSQL=1 makes one below the scratch folder, once: some minutes, 500 MiB. Without
either, why_not() says that the server is not there. Needs root, and the package debootstrap.

Accounts: admin@localhost (all rights, unix socket) and the monitor's; a test makes its own.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pymysql

from private_mariadb import ADMIN_PASSWORD, MONITOR, MONITOR_PASSWORD, ROOT, free_port

SUITE = "sid"
PACKAGES = ("mysql-server-core", "mysql-client-core")
USER, UID = "nobody", 65534
SMALL = ("--innodb-redo-log-capacity=8M", "--innodb-buffer-pool-size=32M", "--mysqlx=OFF",
         "--innodb-flush-log-at-trx-commit=0", "--disable-log-bin", "--secure-file-priv=")
# The suite's files are signed for a week only, and a mirror of it may be older.
NO_DATES = 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n'


def wanted_root():
    """Where the chroot is, or is to be; None when nobody asked for it."""
    named = os.environ.get("HEADGATE_MYSQL_ROOT")
    if named:
        return pathlib.Path(named)
    if os.environ.get("HEADGATE_MYSQL", "0") not in ("", "0"):
        return pathlib.Path(os.environ.get("HEADGATE_SCRATCH", ROOT / "build")) / "mysql-root"
    return None


def why_not():
    """Why there is no server; empty when there is, or can be."""
    root = wanted_root()
    if root is None:
        return ("Oracle MySQL is not asked for: HEADGATE_MYSQL=1 makes a chroot with it (two"
                " minutes, 500 MiB), HEADGATE_MYSQL_ROOT=FOLDER keeps it elsewhere")
    if os.geteuid() != 0:
        return "a chroot needs root"
    if not has_server(root) and not shutil.which("debootstrap"):
        return f"{root} has no MySQL, and the package debootstrap, which would make it, is missing"
    return ""


def has_server(root):
    return (root / "usr/sbin/mysqld").exists()


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}:\n{done.stdout[-1500:]}\n"
                           f"{done.stderr[-1500:]}")
    return done.stdout


def make_root(root):
    """A minimal sid with MySQL's server and client, whole or not at all."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{root}.lock", "w", encoding="utf8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if has_server(root):
            return
        began, half = time.monotonic(), pathlib.Path(f"{root}.half")
        shutil.rmtree(half, ignore_errors=True)
        run("debootstrap", "--variant=minbase", SUITE, half)
        (half / "etc/apt/apt.conf.d/90no-dates").write_text(NO_DATES, encoding="utf8")
        policy = half / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf8")
        policy.chmod(0o755)
        run("chroot", half, "apt-get", "update", "-qq")
        run("chroot", half, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES)
        run("chroot", half, "apt-get", "clean")
        shutil.rmtree(half / "var/lib/apt/lists", ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)
        half.rename(root)
        print(f"private_mysql: {root} made in {time.monotonic() - began:.0f} s", flush=True)


def template(root):
    """A data folder with the two accounts, made once; the path as seen from inside."""
    inside = pathlib.Path("/srv/headgate-template")
    if not (root / inside.relative_to("/")).exists():
        half = root / "srv/headgate-template.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        os.chown(half, UID, UID)
        script = half / "accounts.sql"
        script.write_text(
            f"CREATE USER admin@localhost IDENTIFIED BY '{ADMIN_PASSWORD}';\n"
            "GRANT ALL ON *.* TO admin@localhost WITH GRANT OPTION;\n"
            f"CREATE USER {MONITOR}@'%' IDENTIFIED BY '{MONITOR_PASSWORD}';\n"
            f"GRANT PROCESS, CONNECTION_ADMIN ON *.* TO {MONITOR}@'%';\n", encoding="utf8")
        run("chroot", root, "mysqld", "--no-defaults", "--initialize-insecure", f"--user={USER}",
            "--datadir=/srv/headgate-template.half/data", *SMALL,
            "--init-file=/srv/headgate-template.half/accounts.sql")
        script.unlink()
        half.rename(root / "srv/headgate-template")
    return inside / "data"


class PrivateMysql:
    """start() or `with`; stop() ends it by its pid and removes its folder."""

    def __init__(self, max_connections=60, options=(), tls=None, ca=None):
        self.root = wanted_root()
        self.host, self.port = "127.0.0.1", free_port()
        self.options = [f"--max-connections={max_connections}", "--skip-name-resolve", *options]
        self.tls, self.ca = tls, ca
        self.folder = self.inside = self.process = self._admin = None

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
        if not has_server(self.root):
            make_root(self.root)
        source = self.root / template(self.root).relative_to("/")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-db-", dir=self.root / "srv"))
        self.inside = pathlib.Path("/") / self.folder.relative_to(self.root)
        run("cp", "-a", "--sparse=always", source, self.folder / "data")
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "data/auto.cnf").unlink()
        self._certificates()
        run("chown", "-R", f"{UID}:{UID}", self.folder)
        self.folder.chmod(0o755)
        command = ["chroot", self.root, "mysqld", "--no-defaults", f"--user={USER}",
                   f"--datadir={self.inside}/data", f"--socket={self.inside}/mysqld.sock",
                   f"--port={self.port}", f"--bind-address={self.host}",
                   f"--pid-file={self.inside}/mysqld.pid", f"--tmpdir={self.inside}",
                   "--local-infile=1", "--max-allowed-packet=128M", *SMALL, *self.options]
        with open(self.folder / "server.log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        self._wait()
        return self

    def _certificates(self):
        """Copies the pair to where the server can see it."""
        if self.tls:
            for kind, file in (("cert", self.tls.certificate), ("key", self.tls.key),
                               ("ca", self.ca)):
                shutil.copyfile(file, self.folder / f"server-{kind}.pem")
                self.options.append(f"--ssl-{kind}={self.inside}/server-{kind}.pem")

    def _wait(self, seconds=90):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(pymysql.Error, OSError):
                self.query("SELECT 1")
                return
            time.sleep(0.1)
        text = (self.folder / "server.log").read_text(errors="replace")[-3000:]
        self.stop()
        raise RuntimeError(f"MySQL did not start:\n{text}")

    def stop(self):
        if self._admin:
            with contextlib.suppress(pymysql.Error, OSError):
                self._admin.close()
            self._admin = None
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
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

    def sessions(self):
        """As PrivateMariadb.sessions()."""
        rows = self.query("SELECT ID, IF(COMMAND = 'Connect', 'unauthenticated user', USER), HOST"
                          " FROM performance_schema.processlist WHERE ID <> CONNECTION_ID()"
                          " AND COMMAND <> 'Daemon' AND USER NOT IN ('event_scheduler', %s)",
                          MONITOR)
        return [(i, user, host.rsplit(":", 1)[0]) for i, user, host in rows]


if __name__ == "__main__":
    if why_not():
        sys.exit(why_not())
    with PrivateMysql() as db:
        print(f"MySQL on {db.host}:{db.port}, {db.socket}; Ctrl-C ends it", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
