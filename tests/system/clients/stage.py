"""What the direct-against-gate tests stand on: one private MariaDB, one gate, both reachable.

Every check runs once on the server itself and once through the gate, from the same source address
with the same bytes, and what came back must be alike. The gate's limits are set so wide that no
limit can be the reason of a difference.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))

# pylint: disable=wrong-import-position
from gate import Gate  # noqa: E402,F401
import private_mariadb  # noqa: E402
from scenario import Scenario, main, merged, wait_for  # noqa: E402,F401
import wire  # noqa: E402,F401

USER, PASSWORD, DATABASE = "carol", "secret-carol", "stock"


class Stage(Scenario):
    """`self.both(work)` gives what work(address) returns direct and through the gate."""
    max_connections = 100
    db_options = ("--proxy-protocol-networks=127.0.0.0/8", "--plugin-load-add=auth_ed25519")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.load_scenario()

    @classmethod
    def load_scenario(cls):
        cls.run_sql((HERE / "scenario.sql").read_text(encoding="utf8"))

    @classmethod
    def run_sql(cls, text):
        """A script with delimiters, over the unix socket as admin."""
        done = subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={cls.db.socket}", "--user=admin",
             f"--password={private_mariadb.ADMIN_PASSWORD}", "--default-character-set=utf8mb4"],
            input=text.encode(), capture_output=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    def config(self, **over):
        return super().config(**merged({
            "source": {"connect_rate": "off", "never_ban": ["127.0.0.0/8"], "exempt": ["127.0.0.0/8"]},
            "login": {"failures": "off", "rate": "off", "per_source": 16},
            "query": {"refuse_commands": []},  # what a server answers is to be seen, COM_DEBUG too
        }, over))

    def setUp(self):
        self.gate = self.start_gate()

    def both(self, work):
        """(direct, through the gate)"""
        direct = work(self.db.address)
        return direct, work(self.gate.address)

    def assert_alike(self, work, note=""):
        """work(address) gives the same on either way; returns it."""
        direct, through = self.both(work)
        self.assertEqual(direct, through, f"{note}: direct first, then through the gate")
        return direct


def lines_of(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]
