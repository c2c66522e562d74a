"""The frame of tests of the package: a booted machine with MariaDB, and the .deb in it.

MariaDB stays on loopback and takes PROXY headers from there; the gate has the machine's address, as
docs/guides/install-on-the-db-host.md tells. The application is on this side of the veth, and its
account is for its own address alone.
"""
import contextlib
import json
import pathlib
import tempfile
import unittest

import machine_root
import packing
from app import App
from gate import to_toml
from machine import Machine, why_not
from private_mariadb import template_sql
from scenario import merged, wait_for

UNIT = "headgate.service"
DROP_INS = "/etc/systemd/system/headgate.service.d"
CONFIG = "/etc/headgate/headgate.toml"
SERVER = "[mariadbd]\nbind-address = 127.0.0.1\nproxy-protocol-networks = 127.0.0.1\n"
DEB = "/root/headgate.deb"


class Packaged(unittest.TestCase):
    """One machine for the class, with the package copied in; `installed` says whether also installed."""
    installed = True
    longMessage = True

    @classmethod
    def setUpClass(cls):
        reason = why_not() or packing.why_not() or machine_root.why_not(packing.scratch())
        if reason:
            raise unittest.SkipTest(reason)
        cls.deb = packing.package()
        cls.m = cls.enterClassContext(Machine.boot(packing.scratch()))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.m.copy_in(cls.deb, DEB)
        if cls.installed:
            cls.install()

    @classmethod
    def install(cls, deb=DEB):
        """From the file alone: the machine has no way to a mirror."""
        return cls.m.run(f"apt-get install -y {deb}")

    @classmethod
    def prepare_server(cls):
        """The guide's server, with the application's account and what it reads."""
        cls.m.write("/etc/mysql/mariadb.conf.d/60-headgate.cnf", SERVER)
        cls.m.run("systemctl restart mariadb")
        cls.app_address, *cls.strangers = cls.m.outsiders(8)
        sql = "\n".join(template_sql()) + f"\nRENAME USER app@'%' TO app@'{cls.app_address}';\n"
        cls.m.run("mariadb", given=sql)
        cls.m.run("cat > /etc/headgate/monitor.password; chmod 0400 /etc/headgate/monitor.password;"
                  " chown headgate /etc/headgate/monitor.password", given="headgate-secret\n")

    @classmethod
    def configure(cls, **over):
        """Writes the file as an operator does: owner and mode stay as the package made them."""
        config = merged({
            "gate": {"listen": [f"{cls.m.address}:3306"], "backend": ["127.0.0.1:3306"],
                     "proxy_to_backend": "v2"},
            "monitor": {"user": "headgate", "password_file": "/etc/headgate/monitor.password"},
            "source": {"never_ban": [], "exempt": []},
        }, over)
        cls.m.run(f"cat > {CONFIG}", given=to_toml(config))

    @classmethod
    def drop_in(cls, name, text=None):
        """Ships one of the package's, or one of the test's own."""
        source = f"/usr/share/headgate/systemd/{name}"
        if text is None:
            cls.m.run(f"mkdir -p {DROP_INS} && ln -s {source} {DROP_INS}/")
        else:
            cls.m.write(f"{DROP_INS}/{name}", text)
        cls.m.run("systemctl daemon-reload")

    @property
    def address(self):
        return (self.m.address, 3306)

    def start_app(self, **options):
        app = App(self.address, source=self.app_address, **options).start()
        self.addCleanup(app.finish_quietly)
        return app

    def gate_status(self):
        return json.loads(self.m.run("headgate status --json"))

    def main_pid(self):
        return self.m.main_pid(UNIT)

    def wait_ready(self, other_than=0, seconds=20):
        """The main process of a unit that is ready, and is not `other_than`."""
        def ready():
            state = self.m.run(f"systemctl show -P ActiveState {UNIT}").strip()
            return state == "active" and self.main_pid() not in (0, other_than)
        if not wait_for(ready, seconds):
            self.fail(f"not ready again:\n{self.journal()}")
        return self.main_pid()

    def processes(self):
        """All processes of the unit, as the machine counts."""
        return [int(pid) for pid in self.m.run("pgrep -x headgate", check=False).split()]

    def journal(self, lines=60):
        return self.m.run(f"journalctl -u {UNIT} -o cat -n {lines} --no-pager", check=False)

    def tearDown(self):
        result = self._outcome.result if self._outcome else None
        bad = result is not None and any(t is self for t, _ in result.failures + result.errors)
        if bad:
            with contextlib.suppress(Exception):
                print(f"--- the unit's journal\n{self.journal()}\n---", flush=True)

    def figures(self, text):
        print(f"figures {type(self).__name__}.{self._testMethodName}: {text}", flush=True)
