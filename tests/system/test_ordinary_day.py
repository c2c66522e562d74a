#!/usr/bin/python3
"""ordinary-day: dumps, backups, replicas, an ALTER, pools, sysbench and unpooled clients meet no
limit by default."""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from app import App
from private_mariadb import ADMIN_PASSWORD, PrivateMariadb

ENDS = {"client_closed", "health_check", "backend_closed", "none"}
LOOKED_AT = {"shape_log"}  # a score worth a line in the log; nobody is turned away at it
ROWS = 60000  # about 60 MB
DUMP_BYTES_PER_S = 2_700_000


class OrdinaryDay(scenario.Scenario):
    max_connections = 300
    db_options = (*scenario.Scenario.db_options, "--log-bin=bin", "--server-id=1",
                  "--binlog-format=MIXED", "--innodb-log-file-size=128M")

    def default_gate(self, **more):
        """Default config: the backend, how identity is kept, and how many slots there are."""
        host, port = self.db.address
        return self.start_gate({
            "gate": {"backend": [f"{host}:{port}"], "proxy_to_backend": "v2"},
            "slots": {"max_connections": self.max_connections}, "observer": {}, **more})

    def nothing_acted(self, gate):
        status = gate.status()
        acted = {k: v for k, v in status["acted"].items() if v and k not in ENDS}
        would = {k: v for k, v in status["would_act"].items() if v and k not in LOOKED_AT}
        delayed = {k: v for k, v in status.get("delayed", {}).items() if v}
        self.assertEqual((acted, would, delayed), ({}, {}, {}), "a limit acted on an ordinary day")
        self.assertEqual(status["observer"].get("alarms_raised", 0), 0, status["observer"])

    def command(self, *words):
        done = subprocess.run(words, capture_output=True, text=True, timeout=100)
        said = done.stdout[-800:] + done.stderr[-800:]
        self.assertEqual(done.returncode, 0, f"{words[0]}: {said}")
        return done.stdout

    def connect_options(self, address, user="app"):
        return [f"--host={address[0]}", f"--port={address[1]}", f"--user={user}",
                f"--password={user}-secret"]

    # What takes long, all at the same time.

    def slow_dump(self, gate):
        """A dump whose reader takes it slowly, as a disk or a network does; its rows."""
        dump = subprocess.Popen(
            ["mysqldump", *self.connect_options(gate.address), "--single-transaction",
             "--no-tablespaces", "--skip-extended-insert", "shop", "bulk"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        rows, size, began, tail = 0, 0, time.monotonic(), b""
        while chunk := dump.stdout.read(1 << 18):
            rows += (tail[-20:] + chunk).count(b"INSERT INTO `bulk`") \
                - tail[-20:].count(b"INSERT INTO `bulk`")
            size, tail = size + len(chunk), chunk
            time.sleep(max(0.0, began + size / DUMP_BYTES_PER_S - time.monotonic()))
        self.assertEqual(dump.wait(20), 0, dump.stderr.read())
        dump.stderr.close()
        dump.stdout.close()
        self.assertIn(b"Dump completed", tail)
        return rows, time.monotonic() - began

    def long_alter(self, gate):
        """A copy of the whole table, with a checksum of each row and two indexes."""
        began = time.monotonic()
        self.command("mariadb", *self.connect_options(gate.address), "shop", "-e",
                     "ALTER TABLE altered ADD COLUMN checksum CHAR(128) AS (SHA2(body, 512))"
                     " PERSISTENT, ADD INDEX (body(700)), ADD INDEX (checksum), ALGORITHM = COPY")
        return time.monotonic() - began

    def backup(self, target):
        """Over the server's own socket: it copies the server's files and needs to be local."""
        if not shutil.which("mariabackup"):
            return "not installed"
        self.command("mariabackup", "--no-defaults", "--backup", f"--target-dir={target}/b",
                     f"--datadir={self.db.folder}/data", f"--socket={self.db.socket}",
                     "--user=admin", f"--password={ADMIN_PASSWORD}")
        return "done"

    def replica(self, gate):
        """A second server that follows the first one through the gate."""
        replica = PrivateMariadb(options=("--server-id=2",)).start()
        self.addCleanup(replica.stop)
        self.db.query("RESET MASTER")
        self.db.query("CREATE OR REPLACE USER repl@'%' IDENTIFIED BY 'repl-secret'")
        self.db.query("GRANT REPLICATION SLAVE ON *.* TO repl@'%'")
        replica.query("CHANGE MASTER TO MASTER_HOST = %s, MASTER_PORT = %s, MASTER_USER = 'repl',"
                      " MASTER_PASSWORD = 'repl-secret', MASTER_CONNECT_RETRY = 1,"
                      " MASTER_HEARTBEAT_PERIOD = 1,"
                      " MASTER_LOG_FILE = 'bin.000001', MASTER_LOG_POS = 4", *gate.address)
        replica.query("START SLAVE")
        return replica

    def following(self, replica):
        """Both threads run without an error."""
        return replica.query("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
                             " WHERE COMMAND IN ('Slave_IO', 'Slave_SQL')")[0][0] == 2

    def test_what_takes_long(self):
        """A slow dump, a replica, an ALTER and a backup, with the app beside them."""
        gate = self.default_gate()
        replica = self.replica(gate)
        for name in ("bulk", "altered"):
            self.db.query(f"CREATE TABLE shop.{name} (id INT PRIMARY KEY, body VARCHAR(1100))")
            self.db.query(f"INSERT INTO shop.{name} SELECT seq, REPEAT(MD5(seq), 32)"
                          f" FROM shop.seq_1_to_{ROWS}")
        app = self.start_app(gate.address)
        target = tempfile.mkdtemp(prefix="headgate-backup-", dir="/tmp")
        try:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                dump = pool.submit(self.slow_dump, gate)
                backup = self.backup(target)  # a backup gives up when a table changes under it
                alter = pool.submit(self.long_alter, gate)
                (rows, dumped), altered = dump.result(), alter.result()
        finally:
            shutil.rmtree(target)
        followed = scenario.wait_for(lambda: replica.query(
            "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_NAME = 'altered'"
            " AND COLUMN_NAME = 'checksum'")[0][0] == 1, 40)
        report = app.finish()
        self.figures("what takes long", f"dump {dumped:.0f} s, ALTER {altered:.0f} s, backup "
                     f"{backup}; {report.summary()}")
        self.assertTrue(followed and self.following(replica), replica.query("SHOW SLAVE STATUS"))
        self.assertEqual(replica.query("SELECT COUNT(*) FROM shop.bulk")[0][0], ROWS)
        self.assertEqual(rows, ROWS)
        self.assertGreater(dumped, 18)
        self.assertGreater(altered, 0.5)
        self.assertEqual(report.failed, 0, report.errors)
        self.nothing_acted(gate)
        replica.query("STOP SLAVE")
        self.all_back(gate, 15)

    def test_pool_of_200_and_unpooled_clients(self):
        gate = self.default_gate(monitor={})
        pool = App(gate.address, pool=200, rate=5, pause=0.5).start(warm=0)
        php = App(gate.address, source="127.0.0.11", pool=0, rate=40).start(warm=0)
        time.sleep(6)
        leases = gate.status()["slots"]["leases"]
        reports = pool.finish(), php.finish()
        self.figures("pool of 200, unpooled", f"{leases} leases; " +
                     "; ".join(r.summary() for r in reports))
        for report in reports:
            self.assertEqual(report.failed, 0, report.errors)
        self.assertGreaterEqual(leases, 200)
        self.nothing_acted(gate)
        self.all_back(gate)

    def test_ten_hosts_in_one_24(self):
        gate = self.default_gate()
        apps = [App(gate.address, source=f"127.0.0.{20 + i}", pool=10, rate=4, pause=0.1)
                .start(warm=0) for i in range(10)]
        time.sleep(5)
        reports = [app.finish() for app in apps]
        self.figures("ten hosts", "; ".join(r.summary() for r in reports[:3]))
        for report in reports:
            self.assertEqual(report.failed, 0, report.errors)
        self.nothing_acted(gate)
        self.all_back(gate)

    def sysbench(self, address, *words):
        host, port, user, password = self.connect_options(address)
        return self.command(
            "sysbench", "oltp_read_write", f"--mysql-{host[2:]}", f"--mysql-{port[2:]}",
            f"--mysql-{user[2:]}", f"--mysql-{password[2:]}", "--mysql-db=shop", "--tables=2",
            "--table-size=1000", "--threads=16", *words)

    def test_sysbench_at_full_speed(self):
        """Server-side prepared statements, then plain text; the rates are for the reader only."""
        gate = self.default_gate(monitor={})
        self.sysbench(gate.address, "prepare")
        for ps_mode in ("auto", "disable"):
            for name, address in (("direct", self.db.address), ("gate", gate.address)):
                out = self.sysbench(address, f"--db-ps-mode={ps_mode}", "--time=4", "run")
                line = next(text for text in out.splitlines() if "queries:" in text)
                errors = next(text for text in out.splitlines() if "ignored errors:" in text)
                self.figures(f"sysbench ps-mode={ps_mode} {name}",
                             f"{' '.join(line.split())}; {' '.join(errors.split())}")
        self.sysbench(gate.address, "cleanup")
        self.nothing_acted(gate)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
