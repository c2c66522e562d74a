#!/usr/bin/python3
"""failover: the first of two servers dies under load; the second serves until somebody says
otherwise."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import probe
import scenario
from crowd import Crowd
from private_mariadb import PrivateMariadb
from upgraded import UpgradedGate

CLIENTS = 60
SOURCES = [f"127.0.0.{i}" for i in range(10, 22)]
SHOP = {"name": "shop", "sources": ["127.0.0.0/24"], "users": ["app"], "reserve": 80}
LANE = 8
# A program that says when it has all that is handed over, and is ready once it may be.
LATE = """#!/usr/bin/python3
import json, os, pathlib, socket, time
link = socket.socket(fileno=int(os.environ["HEADGATE_UPGRADE_FD"]))
while json.loads(link.recv(1 << 16))["say"] != "start":
    pass
pathlib.Path("{has_all}").touch()
while not pathlib.Path("{may}").exists():
    time.sleep(0.02)
link.send(json.dumps({{"say": "ready"}}).encode())
link.recv(1 << 16)
"""


class Failover(scenario.Scenario):
    max_connections = 120

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = PrivateMariadb(cls.max_connections, cls.db_options).start()
        cls.addClassCleanup(cls.second.stop)

    def setUp(self):
        self.addCleanup(self.first_back)

    def first_back(self):
        if self.db.process.poll() is not None:
            self.db.end_process()
            self.db.start()

    def two(self, failover):
        return self.start_gate(self.of_two(failover))

    def of_two(self, failover):
        names = [f"{host}:{port}" for host, port in (self.db.address, self.second.address)]
        return self.config(
            gate={"backend": names, "failover": failover}, monitor={},
            login={"in_progress": LANE, "per_source": LANE, "deadline": "1s"}, **{"class": [SHOP]})

    def crowd(self, gate):
        crowd = Crowd(gate.address, SOURCES, CLIENTS, pause=0.3).start()
        self.addCleanup(crowd.stop)
        self.assertTrue(scenario.wait_for(lambda: crowd.inside() == CLIENTS, 15), crowd.inside())
        return crowd

    def on(self, crowd, db):
        return crowd.ports()[db.port]

    def current(self, gate):
        return [backend["name"] for backend in gate.status()["backends"] if backend["current"]]

    def kill_first(self):
        self.db.process.kill()
        self.db.process.wait()
        return time.monotonic()

    def name_of(self, db):
        return f"{db.address[0]}:{db.address[1]}"

    def test_control(self):
        """Who knows only the first server is out when that is."""
        crowd = Crowd(self.db.address, SOURCES, CLIENTS, pause=0.3).start()
        self.addCleanup(crowd.stop)
        self.assertTrue(scenario.wait_for(lambda: crowd.inside() == CLIENTS, 15))
        self.kill_first()
        self.assertTrue(scenario.wait_for(lambda: crowd.inside() == 0, 5))
        time.sleep(2)
        self.assertEqual(crowd.inside(), 0)
        crowd.stop()

    def test_sticky(self):
        gate = self.two("sticky")
        crowd = self.crowd(gate)
        self.assertEqual(self.on(crowd, self.db), CLIENTS)
        killed = self.kill_first()
        self.assertTrue(scenario.wait_for(lambda: self.on(crowd, self.second), 5, 0.02))
        first_served = time.monotonic() - killed
        self.assertTrue(scenario.wait_for(lambda: crowd.inside(killed) == CLIENTS, 15),
                        f"{crowd.inside(killed)} of {CLIENTS}")
        entries = crowd.entries(killed)
        self.assertEqual(self.on(crowd, self.second), CLIENTS)
        self.assertEqual(self.current(gate), [self.name_of(self.second)])
        self.stays_unused(gate, crowd)
        most = self.told_to_go_back(gate, crowd)
        counts = crowd.stop()
        self.figures("sticky", f"first served after {first_served:.2f} s, half after "
                     f"{entries[CLIENTS // 2]:.2f} s, all after {entries[-1]:.2f} s; then "
                     f"{most} logins at once at most; {dict(counts)}")
        self.assertLess(first_served, 2.0)
        self.assertLess(entries[-1], 8.0)
        self.all_back(gate)
        self.assertFalse(self.second.sessions())

    def stays_unused(self, gate, crowd):
        """The first server is well again, and nobody goes there."""
        self.first_back()
        self.assertTrue(scenario.wait_for(
            lambda: all(backend["up"] for backend in gate.status()["backends"]), 10),
            gate.status()["backends"])
        until = time.monotonic() + 3
        while time.monotonic() < until:
            self.assertEqual(probe.ask(gate.address, SOURCES[0]).text, str(self.second.port))
            self.assertEqual(self.on(crowd, self.db), 0)
            time.sleep(0.1)
        self.assertEqual(self.current(gate), [self.name_of(self.second)])
        self.assertEqual(self.db.sessions(), [])

    def told_to_go_back(self, gate, crowd):
        """`headgate backend use`: the most logins that were in progress at once meanwhile."""
        told, said, problem = gate.cli("backend", "use", self.name_of(self.db))
        self.assertEqual(told, 0, said + problem)
        began, most = time.monotonic(), 0
        self.assertEqual(probe.ask(gate.address, SOURCES[0]).text, str(self.db.port))
        while crowd.inside(began) < CLIENTS and time.monotonic() < began + 15:
            most = max(most, gate.status()["logins"]["now"])
            time.sleep(0.02)
        self.assertEqual(self.on(crowd, self.db), CLIENTS, crowd.ports())
        self.assertEqual(self.current(gate), [self.name_of(self.db)])
        self.assertLessEqual(most, LANE)
        for server in (self.db, self.second):
            self.assertEqual(server.status("Connection_errors_max_connections"), 0)
        return most

    def test_off_stays(self):
        gate = self.two("off")
        crowd = self.crowd(gate)
        killed = self.kill_first()
        self.assertTrue(scenario.wait_for(lambda: crowd.told == 1105, 5))
        until = time.monotonic() + 3
        while time.monotonic() < until:
            self.assertEqual(probe.ask(gate.address, SOURCES[0]).what, 1105)
            time.sleep(0.1)
        self.assertEqual(self.second.sessions(), [])
        self.assertEqual(self.current(gate), [self.name_of(self.db)])
        self.first_back()
        self.assertTrue(scenario.wait_for(lambda: crowd.inside(killed) == CLIENTS, 15))
        self.assertEqual(self.on(crowd, self.db), CLIENTS)
        crowd.stop()
        self.all_back(gate)

    def test_during_an_upgrade(self):
        """The new gate was told of the first server: it would go back there."""
        gate = UpgradedGate(self.of_two("sticky"))
        self.addCleanup(gate.stop)
        gate.start()
        has_all, may = gate.run_folder / "has-all", gate.run_folder / "may-be-ready"
        gate.install(script=LATE.format(has_all=has_all, may=may))
        self.assertEqual(gate.request("POST", "/upgrade")[0], 200)
        self.assertTrue(scenario.wait_for(has_all.exists, 10))
        self.kill_first()
        self.assertTrue(scenario.wait_for(
            lambda: self.current(gate) == [self.name_of(self.second)], 15))
        may.touch()

        def told():
            return gate.request("GET", "/upgrade")[1]

        self.assertTrue(scenario.wait_for(lambda: told()["state"] == "failed", 15), told())
        self.assertIn("another backend came into use meanwhile", told()["why"])
        self.assertEqual(probe.ask(gate.address, SOURCES[0]).text, str(self.second.port))
        self.first_back()
        self.all_back(gate)

    def test_a_name_that_is_none(self):
        gate = self.two("sticky")
        told, said, problem = gate.cli("backend", "use", "127.0.0.1:9")
        self.assertNotEqual(told, 0)
        self.assertIn("127.0.0.1:9", said + problem)
        self.assertEqual(self.current(gate), [self.name_of(self.db)])
        self.all_back(gate)

    def test_what_each_of_them_is(self):
        gate = self.two("sticky")
        rows = gate.status()["backends"]
        self.assertEqual([row["name"] for row in rows],
                         [self.name_of(self.db), self.name_of(self.second)])
        self.assertTrue(scenario.wait_for(
            lambda: all(row["up"] for row in gate.status()["backends"]), 5), rows)
        told, said, problem = gate.cli("backend")
        self.assertEqual(told, 0, problem)
        for db in (self.db, self.second):
            self.assertIn(self.name_of(db), said)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
