#!/usr/bin/python3
"""ordinary-day: dumps, backups, pools, sysbench and unpooled clients meet no limit by default."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from app import App
from private_mariadb import ADMIN_PASSWORD

ENDS = {"client_closed", "health_check", "backend_closed", "none"}


class OrdinaryDay(scenario.Scenario):
    max_connections = 300

    def default_gate(self):
        """Default config: the backend, how identity is kept, and how many slots there are."""
        host, port = self.db.address
        return self.start_gate({
            "gate": {"backend": [f"{host}:{port}"], "proxy_to_backend": "v2"},
            "slots": {"max_connections": self.max_connections}})

    def nothing_acted(self, gate):
        status = gate.status()
        acted = {k: v for k, v in status["acted"].items() if v and k not in ENDS}
        would = {k: v for k, v in status["would_act"].items() if v}
        self.assertEqual((acted, would), ({}, {}), "a limit acted on an ordinary day")

    def command(self, *words):
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        said = done.stdout[-800:] + done.stderr[-800:]
        self.assertEqual(done.returncode, 0, f"{words[0]}: {said}")
        return done.stdout

    def connect_options(self, gate, user="app"):
        return [f"--host={gate.host}", f"--port={gate.port}", f"--user={user}",
                f"--password={user}-secret"]

    def test_dump_and_backup(self):
        gate = self.default_gate()
        app = self.start_app(gate.address)
        dump = self.command("mysqldump", *self.connect_options(gate), "--single-transaction",
                            "--no-tablespaces", "shop", "items")
        self.assertEqual(dump.count("item 17'"), 1)
        self.assertIn("Dump completed", dump)
        target = tempfile.mkdtemp(prefix="headgate-backup-", dir="/tmp")
        try:
            if shutil.which("mariabackup"):
                self.command("mariabackup", "--no-defaults", "--backup", f"--target-dir={target}/b",
                             f"--datadir={self.db.folder}/data", f"--socket={self.db.socket}",
                             "--user=admin", f"--password={ADMIN_PASSWORD}")
        finally:
            shutil.rmtree(target)
        report = app.finish()
        self.figures("dump and backup", report.summary())
        self.assertEqual(report.failed, 0, report.errors)
        self.nothing_acted(gate)
        self.all_back(gate)

    def test_pool_of_200_and_unpooled_clients(self):
        gate = self.default_gate()
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

    def test_sysbench_at_full_speed(self):
        gate = self.default_gate()
        host, port, user, password = self.connect_options(gate)
        base = ["sysbench", "oltp_read_write", f"--mysql-{host[2:]}", f"--mysql-{port[2:]}",
                f"--mysql-{user[2:]}", f"--mysql-{password[2:]}", "--mysql-db=shop", "--tables=2",
                "--table-size=1000", "--threads=16"]
        self.command(*base, "prepare")
        out = self.command(*base, "--time=4", "run")
        self.command(*base, "cleanup")
        line = next(text for text in out.splitlines() if "queries:" in text)
        self.figures("sysbench", " ".join(line.split()))
        self.nothing_acted(gate)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
