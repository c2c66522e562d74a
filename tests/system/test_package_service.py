#!/usr/bin/python3
"""package-service: the installed unit on a booted machine, in front of MariaDB, under the load of an application.

Killed, hung, restarted, reloaded and upgraded: nobody is refused a connection, sessions of a gate
that is replaced in order go on until their deadline, and what the gate knew it still knows.
"""
import json
import pathlib
import re
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_good
import packing
import pymysql
import scenario
from packaged import UNIT, Packaged
from scenario import wait_for
from stopped_thread import stopped, threads

DRAIN = 30  # seconds for sessions of a gate that has been replaced
STATE = "/var/lib/headgate/state"
NOTICED = 10  # seconds of WatchdogSec here; the unit's own is longer
REFUSED = re.compile(r"refused|\(2002|\(2003")
QUESTIONS = ("status", "status --pools", "status --waiting", "digests", "sources", "sessions", "bans",
             "backend", "top --once", "explain 192.0.2.7 app", "diff /etc/headgate/headgate.toml",
             "firewall print", "ban 192.0.2.9 1m", "unban 192.0.2.9", "reload")
# What a filter of system calls or a missing capability would be told by.
FORBIDDEN = re.compile(r"SIGSYS|status=31|Operation not permitted|EPERM|Permission denied", re.I)


class Service(Packaged):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prepare_server()
        cls.m.run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=gate -keyout"
                  " /etc/headgate/key.pem -out /etc/headgate/cert.pem 2>/dev/null &&"
                  " chown root:headgate /etc/headgate/key.pem && chmod 640 /etc/headgate/key.pem")
        cls.configure(gate={"drain": "2s", "upgrade_drain": f"{DRAIN}s", "tls": "terminate", "backend_plaintext": True,
                            "certificate": "/etc/headgate/cert.pem",
                            "private_key": "/etc/headgate/key.pem"}, firewall={"enforce": True, "keep_bans": True},
                      observer={"interface": "host0"}, admin={"http": "127.0.0.1:9306"})
        cls.drop_in("firewall.conf")
        cls.drop_in("observer.conf")
        cls.drop_in("watchdog.conf", f"[Service]\nWatchdogSec={NOTICED}s\n")
        cls.m.run(f"mkdir -p {pathlib.Path(STATE).parent}")
        cls.m.run(f"cat > {STATE}; chown -R headgate:headgate /var/lib/headgate; chmod 600 {STATE}",
                  given=known_good.state([known_good.pair(cls.app_address, "app", 5)]))
        cls.m.run(f"systemctl enable --now {UNIT}")

    def setUp(self):
        self.pid = self.wait_ready()
        self.assertTrue(wait_for(lambda: self.gate_status()["backend"]["up"], 10))
        self.ban()

    def tearDown(self):
        super().tearDown()
        self.assertIsNone(FORBIDDEN.search(self.journal(10000)), self.journal(10000))

    def remembers(self):
        """The application is still known-good, the ban still stands in gate and kernel."""
        told = json.loads(self.m.run(f"headgate explain {self.app_address} app --json"))
        self.assertTrue(told["who"]["known_good"], told)
        self.assertIn(self.strangers[0], self.m.run("headgate bans"))
        self.assertIn(self.strangers[0], self.m.run("nft list ruleset"))
        with self.assertRaises(pymysql.OperationalError):
            self.login(self.strangers[0], timeout=1)

    def login(self, source=None, timeout=10, user="app", **more):
        return pymysql.connect(host=self.m.address, port=3306, user=user, password="app-secret",
                               bind_address=source or self.app_address, connect_timeout=timeout,
                               read_timeout=30, database="shop", **more)

    def ban(self):
        self.m.run(f"headgate ban {self.strangers[0]} 1h")
        self.assertTrue(wait_for(
            lambda: self.strangers[0] in self.m.run("nft list ruleset"), 10))

    def nobody_refused(self, report):
        refused = [error for error in report.errors if REFUSED.search(error)]
        self.assertEqual(refused, [], report.summary())

    def test_a_boots_and_serves(self):
        self.assertEqual(self.m.run(f"systemctl show -P Type {UNIT}").strip(), "notify")
        self.assertEqual(self.m.run(f"systemctl is-enabled {UNIT}").strip(), "enabled")
        with self.login() as session, session.cursor() as cursor:
            cursor.execute("SELECT CURRENT_USER(), SUBSTRING_INDEX(USER(), '@', -1)")
            self.assertEqual(cursor.fetchone(),
                             (f"app@{self.app_address}", self.app_address))
        with self.assertRaises(pymysql.OperationalError) as refused:
            self.login(self.strangers[1])  # the account is not for that address
        self.assertIn(self.strangers[1], str(refused.exception))
        owner = self.m.run(f"ps -o user= -p {self.pid}").strip()
        self.assertEqual(owner, "headgate")
        live = self.m.run("headgate check --live", check=False)
        self.assertNotRegex(live, r"(?m)^(problem|error)", live)
        self.remembers()

    def test_a_does_all_it_can(self):
        """Under the unit's filters: TLS, the observer, the page, nftables and every question."""
        authority = self.folder / "cert.pem"
        authority.write_bytes(self.m.inside("/etc/headgate/cert.pem").read_bytes())
        with self.login(ssl={"ca": str(authority), "check_hostname": False}) as session:
            self.assertIsInstance(session._sock, ssl.SSLSocket)
        for command in QUESTIONS:
            self.m.run(f"headgate {command}")
        for path in ("/", "/metrics"):
            self.m.run(f"curl -sf http://127.0.0.1:9306{path} >/dev/null")
        wire = self.m.run("headgate status --wire --json")
        self.assertTrue(json.loads(wire)["observer"]["up"], wire)

    def test_b_killed(self):
        app = self.start_app()
        began = time.monotonic()
        self.m.run(f"kill -9 {self.pid}")
        self.wait_ready(other_than=self.pid)
        took = time.monotonic() - began
        progress = app.progress()[0]
        self.assertTrue(wait_for(lambda: app.progress()[0] > progress + 50, 10))
        report = app.finish()
        self.figures(f"kill -9: ready again after {took:.2f} s; {report.summary()}")
        self.nobody_refused(report)
        self.remembers()

    def test_c_hung_worker(self):
        app = self.start_app()
        worker = threads(self.m.host_pid(self.pid))["worker 0"]
        began = time.monotonic()
        with stopped(worker):
            self.wait_ready(other_than=self.pid, seconds=NOTICED * 6)
            took = time.monotonic() - began
        progress = app.progress()[0]
        self.assertTrue(wait_for(lambda: app.progress()[0] > progress + 50, 10))
        report = app.finish()
        self.figures(f"a worker hung: ready again after {took:.1f} s; {report.summary()}")
        self.assertIn("watchdog", self.journal().lower())
        self.nobody_refused(report)
        self.remembers()

    def test_d_restart(self):
        app = self.start_app()
        self.m.run(f"systemctl restart {UNIT}")
        self.wait_ready(other_than=self.pid)
        progress = app.progress()[0]
        self.assertTrue(wait_for(lambda: app.progress()[0] > progress + 50, 10))
        report = app.finish()
        self.figures(report.summary())
        self.nobody_refused(report)
        self.remembers()

    def test_e_reload(self):
        app = self.start_app()
        self.m.run(f"systemctl reload {UNIT}")
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.assertEqual(self.main_pid(), self.pid)
        self.remembers()

    def upgrade(self, version):
        newer = packing.bumped(self.deb, self.folder, version)
        self.m.copy_in(newer, f"/root/{newer.name}")
        return self.install(f"/root/{newer.name}")

    def test_f_upgrade(self):
        app = self.start_app()
        idle = self.login()
        began = time.monotonic()
        said = self.upgrade("99.0.1")
        newer = self.wait_ready(other_than=self.pid)
        took = time.monotonic() - began
        self.assertIn(self.pid, self.processes(), "the former one drains")
        self.assertTrue(self.m.run(f"readlink /proc/{self.pid}/exe").strip().endswith("(deleted)"))
        self.assertEqual(self.m.run(f"readlink /proc/{newer}/exe").strip(), "/usr/bin/headgate")
        with idle.cursor() as cursor:
            cursor.execute("SELECT 1")
        report = app.finish()
        self.figures(f"installed and ready after {took:.1f} s; {report.summary()}")
        self.assertEqual(report.failed, 0, f"{report.errors}\n{said}")
        self.assertGreater(report.opened, 20)
        self.cut_at_the_deadline(idle, began + DRAIN)
        self.assertTrue(wait_for(lambda: self.processes() == [newer], 10), self.processes())
        self.assertEqual(self.m.run("dpkg-query -W -f '${Version}' headgate").strip(), "99.0.1")
        self.remembers()

    def cut_at_the_deadline(self, session, soonest):
        """A session that stays is ended by the former gate, no sooner than its drain."""
        def ended():
            try:
                session.ping(reconnect=False)
            except pymysql.Error:
                return True
            return False
        self.assertTrue(wait_for(ended, DRAIN + 10), "never cut")
        self.assertGreaterEqual(time.monotonic(), soonest, "cut before the deadline")

    def test_g_a_broken_configuration_stops_no_upgrade(self):
        self.m.run("cp -a /etc/headgate/headgate.toml /root/kept;"
                   " echo 'nonsense' >> /etc/headgate/headgate.toml")
        self.addCleanup(self.m.run, "cat /root/kept > /etc/headgate/headgate.toml")
        app = self.start_app()
        said = self.upgrade("99.0.2")
        self.assertIn("headgate: the gate that runs is still the former version", said)
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.assertEqual(self.main_pid(), self.pid)
        self.m.run("cat /root/kept > /etc/headgate/headgate.toml && headgate upgrade")
        self.wait_ready(other_than=self.pid)



if __name__ == "__main__":
    scenario.main()
