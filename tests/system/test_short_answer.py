#!/usr/bin/python3
"""short-answer: a complete login packet, then an auth answer that no plugin sends."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import netns
import scenario
from attackers import Attackers, addresses
from private_mariadb import PrivateMariadb

LANE = {"in_progress": 8, "deadline": "1s"}
# The app has earned its trust: it is known-good from its first minute on.
TRUST = {"minutes": 1}
CROWD = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
         "ban_after": "off"}


class ShortAnswer(scenario.Scenario):

    def test_control(self):
        bare = self.bare("short-answer", addresses(120), 150)
        self.assertGreater(bare.counts["err_1043"], 500)

    def run_from(self, name, sources):
        gate = self.start_gate(self.config(login=LANE, known_good=TRUST, source=CROWD))
        outcome = self.under(gate, "short-answer", sources, 150, seconds=5, users=["app", "weak"])
        self.hold(name, gate, outcome, slots=LANE["in_progress"])
        self.assertLessEqual(outcome.status["logins"]["now"], LANE["in_progress"])
        return outcome

    def test_from_120(self):
        outcome = self.run_from("150 from 120", addresses(120))
        self.assertGreater(outcome.counts["err_1043"], 5)
        self.assertGreater(outcome.status["acted"]["malformed_auth"], 5)

    def test_from_one(self):
        self.run_from("150 from 1", addresses(1))


@scenario.needs_root()
class ShortAnswerHosts(scenario.Scenario):
    """Three hosts, name resolution on, max_connect_errors = 5: the gate must never be blocked."""

    @classmethod
    def setUpClass(cls):
        cls.hosts = netns.ThreeHosts()
        cls.enterClassContext(cls.hosts)
        cls.db = PrivateMariadb(60, ["--performance-schema=ON", "--max-connect-errors=5"],
                                bind=netns.DB, netns=cls.hosts.db, name_resolution=True).start()
        cls.addClassCleanup(cls.db.stop)

    def _held_by(self, sources):
        """All come from the gate's address here: whoever is not logged in as the app."""
        del sources
        return sum(user != "app" for _, user, _ in self.db.sessions())

    def start_hosts_gate(self):
        config = self.config(login=LANE, known_good=TRUST, source=CROWD,
                             gate={"proxy_to_backend": "off", "clients_become_localhost": False})
        return self.start_gate(config, host=netns.GATE_CLIENT_SIDE, netns=self.hosts.gate)

    def test_control_blocked(self):
        app = self.start_app(self.db.address, source=netns.GATE_DB_SIDE, netns=self.hosts.gate)
        attackers = Attackers("short-answer", self.db.address, [netns.GATE_DB_SIDE], 5, 5,
                              netns=self.hosts.gate).start()
        scenario.wait_for(lambda: app.progress()[1] > 0, 5)
        counts, report = attackers.stop_after(0.5), app.finish()
        errors = self.db.connect_errors()
        self.db.query("FLUSH HOSTS")
        self.figures("control, no gate", f"{dict(counts)}, {report.summary()}, {errors}")
        self.assertGreater(counts["err_1129"], 0)
        self.assertGreater(report.failed, 0)

    def test_never_blocked(self):
        gate = self.start_hosts_gate()
        before = self.db.connect_errors().get(netns.GATE_DB_SIDE, (0, 0))
        app = self.start_app(gate.address, source=netns.CLIENT, netns=self.hosts.client)
        outcome = self.under(gate, "short-answer", netns.attackers(120), 150, seconds=6, app=app,
                             netns=self.hosts.client, users=["app", "weak"])
        self.hold("150 from 120, three hosts", gate, outcome, slots=LANE["in_progress"])
        after = self.db.connect_errors().get(netns.GATE_DB_SIDE, (0, 0))
        self.figures("SUM_CONNECT_ERRORS", f"{before[0]} before, {after[0]} after")
        self.assertEqual(after, before)
        self.assertEqual(outcome.counts["err_1129"], 0)
        self.assertGreater(outcome.counts["switched"], 20, "the attack reached no switch")


if __name__ == "__main__":
    scenario.main()
