"""What the attacks that stand behind a complete login packet share: limits, sources, the verdict.

On loopback from many sources and from one; on three hosts with name resolution, where the server
counts every broken login against the gate's own address.
"""
import netns
import scenario
from attackers import addresses
from private_mariadb import PrivateMariadb

LANE = {"in_progress": 8, "deadline": "1s"}
# The app has earned its trust: it is known-good from its first minute on.
TRUST = {"minutes": 1}
CROWD = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
         "ban_after": "off"}


class OnLoopback(scenario.Scenario):
    """The attack is `kind`; a scenario adds what its control and its many sources must show."""
    kind = ""

    def run_from(self, name, sources):
        gate = self.start_gate(self.config(login=LANE, known_good=TRUST, source=CROWD))
        outcome = self.under(gate, self.kind, sources, 150, seconds=5, users=["app", "weak"])
        self.hold(name, gate, outcome, slots=LANE["in_progress"])
        self.assertLessEqual(outcome.status["logins"]["now"], LANE["in_progress"])
        return outcome

    def test_from_one(self):
        self.run_from("150 from 1", addresses(1))


class OnThreeHosts(scenario.Scenario):
    """Three hosts, name resolution on, max_connect_errors = 5: the gate must never be blocked."""
    kind = ""

    @classmethod
    def setUpClass(cls):
        cls.hosts = netns.ThreeHosts()
        cls.enterClassContext(cls.hosts)
        cls.db = PrivateMariadb(60, ["--performance-schema=ON", "--max-connect-errors=5"],
                                bind=netns.DB, netns=cls.hosts.db, name_resolution=True,
                                **cls.database_keys).start()
        cls.addClassCleanup(cls.db.stop)

    def _held_by(self, sources):
        """All come from the gate's address here: whoever is not logged in as the app."""
        del sources
        return sum(user != "app" for _, user, _ in self.db.sessions())

    def start_hosts_gate(self):
        config = self.config(login=LANE, known_good=TRUST, source=CROWD,
                             gate={"proxy_to_backend": "off", "clients_become_localhost": False})
        return self.start_gate(config, host=netns.GATE_CLIENT_SIDE, netns=self.hosts.gate)

    def test_never_blocked(self):
        gate = self.start_hosts_gate()
        before = self.db.connect_errors().get(netns.GATE_DB_SIDE, (0, 0))
        app = self.start_app(gate.address, source=netns.CLIENT, netns=self.hosts.client)
        outcome = self.under(gate, self.kind, netns.attackers(120), 150, seconds=6, app=app,
                             netns=self.hosts.client, users=["app", "weak"])
        self.hold("150 from 120, three hosts", gate, outcome, slots=LANE["in_progress"])
        after = self.db.connect_errors().get(netns.GATE_DB_SIDE, (0, 0))
        self.figures("SUM_CONNECT_ERRORS", f"{before[0]} before, {after[0]} after")
        self.assertEqual(after, before)
        self.assertEqual(outcome.counts["err_1129"], 0)
        self.assertGreater(outcome.counts["switched"], 20, "the attack reached no switch")
