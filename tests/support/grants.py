"""The frame of tests of user@'client-ip': client, gate and server each on a host of its own, with
IPv4 and IPv6, and stock clients on the client's host."""
import json
import subprocess

import netns
import scenario
from private_mariadb import PrivateMariadb, free_port

HOSTS = netns.RoutedHosts
PASSWORD = "peer-secret"
STRANGER = "10.99.0.9"  # an address of the client's host that the account is not for
DENIED = (1045, 1130, 1698)  # MariaDB: wrong host, no account for that host at all, no such account

# One login by PyMySQL: what the server says to the statements, or its error.
SESSION = """
import json, pymysql, sys
options, statements = json.loads(sys.argv[1])
try:
    session = pymysql.connect(**options)
    with session.cursor() as cursor:
        answers = []
        for sql in statements:
            cursor.execute(sql)
            answers.append(cursor.fetchone())
    print(json.dumps({"answers": answers}, default=str))
except pymysql.Error as error:
    print(json.dumps({"code": error.args[0], "text": str(error.args[-1])}))
"""


class OnThreeHosts(scenario.Scenario):
    db_options = ()

    @classmethod
    def setUpClass(cls):
        cls.hosts = HOSTS()
        cls.enterClassContext(cls.hosts)
        cls.db = PrivateMariadb(60, cls.db_options, bind="*", netns=cls.hosts.db).start()
        cls.addClassCleanup(cls.db.stop)
        for host in (netns.CLIENT, HOSTS.CLIENT6):
            cls.db.query(f"CREATE USER peer@'{host}' IDENTIFIED BY '{PASSWORD}'")

    def gate_with(self, start=True, **over):
        """A gate on both sides of its host, over both families; a flood from one source is a ban."""
        port = free_port()
        config = scenario.merged(self.config(
            gate={"backend": [f"{netns.DB}:{self.db.port}"], "drain": "2s",
                  "listen": [f"0.0.0.0:{port}", f"[::]:{port}"]},
            source={"connect_rate": "30/s burst 40", "ban_after": "5/s burst 10", "ban": "5m"}), over)
        options = {"host": netns.GATE_CLIENT_SIDE, "netns": self.hosts.gate, "port": port}
        return self.start_gate(config, **options) if start else scenario.Gate(config, **options)

    def words_of(self, target, statements, user="peer", password=PASSWORD, source=None, host=None):
        options = {"host": target[0], "port": target[1], "user": user, "password": password,
                   "connect_timeout": 10, "read_timeout": 20}
        if source:
            options["bind_address"] = source
        return ["ip", "netns", "exec", host or self.hosts.client, "/usr/bin/python3", "-c", SESSION,
                json.dumps([options, statements])]

    def login(self, target, statements=("SELECT CURRENT_USER(), USER()",), **who):
        """What came of it, as SESSION prints it."""
        done = subprocess.run(self.words_of(target, list(statements), **who), capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def seen(self, target, **who):
        """(CURRENT_USER(), the host in USER()) of a login that works."""
        came = self.login(target, **who)
        self.assertIn("answers", came, came)
        current, user = came["answers"][0]
        return current, user.split("@")[1]

    def grants_hold(self, target4, target6):
        """The account works from its own addresses and from no other."""
        self.assertEqual(self.seen(target4), (f"peer@{netns.CLIENT}", netns.CLIENT))
        self.assertEqual(self.seen(target6), (f"peer@{HOSTS.CLIENT6}", HOSTS.CLIENT6))
        refused = self.login(target4, source=STRANGER)
        self.assertIn(refused.get("code"), DENIED, refused)
        self.assertIn(STRANGER, refused["text"])
        self.assertEqual(self.seen(target4, user="app", password="app-secret", source=STRANGER),
                         ("app@%", STRANGER))
        return refused["text"]

    def limits_see_the_source(self, gate, target):
        """A source that floods is banned by its own address; the others do not feel it."""
        app = self.start_app(target, source=netns.CLIENT, netns=self.hosts.client)
        flood = self.attack(target)
        banned = scenario.wait_for(lambda: gate.request("GET", "/bans")[1]["bans"], 10)
        bans = {ban["source"] for ban in gate.request("GET", "/bans")[1]["bans"]}
        counts, report = flood.stop(), app.finish()
        self.figures("flood", f"{report.summary()}; {dict(counts)}; banned {bans}")
        self.assertTrue(banned, "nobody was banned")
        self.assertEqual(bans, {STRANGER})
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(report.opened, 5)

    def attack(self, target):
        return scenario.Attackers("greeted", target, [STRANGER], 20, 20, pause=0.01,
                                  netns=self.hosts.client).start()
