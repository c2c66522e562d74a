#!/usr/bin/python3
"""herd: the server goes away and comes back; clients hear a clear error, then all get in again: in
a ramp, within seconds, and the server is never full."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from app import App
from crowd import Crowd
from private_mariadb import PrivateMariadb

CLIENTS = 200
MANY = 500
SERVERS = [f"127.0.0.{i}" for i in range(10, 20)]  # the application's
RAMP = 50  # [slots] start_ramp: logins a second and at once, doubling


class ManyPools(scenario.Scenario):
    """Five hundred clients that come back as pools do, at once."""
    max_connections = MANY + 30
    db_options = (*scenario.Scenario.db_options, "--back-log=600")

    def restarted(self, target):
        """A crowd through a restart of the server: (it, when the server began to start)."""
        crowd = Crowd(target, SERVERS, MANY).start()
        self.addCleanup(crowd.stop)
        self.assertTrue(scenario.wait_for(lambda: crowd.inside() == MANY, 30), crowd.inside())
        self.db.end_process()
        time.sleep(1.5)  # by now all of them have noticed
        self.assertEqual(crowd.inside(), 0)
        began = time.monotonic()
        self.db.start()
        return crowd, began

    def within(self, entries):
        """How many were in half a second, one, two and three after the first."""
        return [sum(entry < entries[0] + s for entry in entries) for s in (0.5, 1, 2, 3)]

    def test_control(self):
        """They come at a server that has just started, all of them at once."""
        crowd, began = self.restarted(self.db.address)
        self.assertTrue(scenario.wait_for(lambda: crowd.inside(began) == MANY, 25))
        within = self.within(crowd.entries(began))
        self.figures("control, no gate", f"in within 0.5, 1, 2, 3 s of the first: {within}")
        crowd.stop()
        self.assertGreater(within[0], 3 * RAMP)
        self.assertGreater(within[2], 6 * RAMP)

    def test_restart(self):
        shop = {"name": "shop", "sources": ["127.0.0.0/24"], "users": ["app"], "reserve": MANY}
        gate = self.start_gate(self.config(
            monitor={}, login={"rate": "off"}, slots={"start_ramp": f"{RAMP}/s"},
            **{"class": [shop]}))
        crowd, began = self.restarted(gate.address)
        back = scenario.wait_for(lambda: crowd.inside(began) == MANY, 25)
        entries, full = crowd.entries(began), gate.count("backend_full")
        first, within = entries[0], self.within(entries)
        refused = self.db.status("Connection_errors_max_connections")
        most = self.db.status("Max_used_connections")
        counts = crowd.stop()
        self.figures("many pools", f"{len(entries)} of {MANY} back, the first {first:.1f} s after "
                     f"the start, the last {entries[-1] - first:.1f} s later; in within 0.5, 1, 2, "
                     f"3 s of the first: {within}; server's 1040 {refused}, most {most}; "
                     f"{dict(counts)}")
        self.assertTrue(back)
        self.assertLess(entries[-1] - first, 12.0)
        self.assertEqual((refused, full), (0, 0))
        # The first second's worth and what may come at once; each next second twice as many.
        self.assertLess(within[0], 3 * RAMP)
        self.assertLess(within[1], 4.5 * RAMP)
        self.assertLess(within[2], 6 * RAMP)
        self.assertGreater(counts["err_1105"], 0, "nobody was told that the server is away")
        self.assertEqual(counts["err_1040"], 0, "somebody was told that the server is full")
        self.assertEqual(counts["hung"], 0)
        self.all_back(gate, 20)


class Herd(scenario.Scenario):

    @classmethod
    def setUpClass(cls):
        cls.db = PrivateMariadb(300, cls.db_options).start()
        cls.addClassCleanup(cls.db.stop)

    def test_restart(self):
        gate = self.start_gate(self.config(slots={"max_connections": 300},
                                           known_good={"minutes": 1}))
        app = App(gate.address, pool=CLIENTS, rate=5, pause=0.5, timeout=5).start(warm=CLIENTS)
        address = self.db.address
        self.db.end_process()
        try:
            self.assertTrue(scenario.wait_for(lambda: self.error_of(gate) == 1105, 10),
                            "no clear error while the server is down")
            self.assertTrue(scenario.wait_for(lambda: app.progress()[1] > 0, 5))
        finally:
            self.db.start()
        self.assertEqual(self.db.address, address)
        began = time.monotonic()
        back = scenario.wait_for(lambda: len(self.db.sessions()) >= CLIENTS, 20)
        spent, full = time.monotonic() - began, gate.count("backend_full")
        app.finish()
        self.figures("restart", f"{CLIENTS} clients back after {spent:.1f} s, 1040 {full}")
        self.assertTrue(back, f"only {len(self.db.sessions())} of {CLIENTS} came back")
        self.assertEqual(full, 0)
        self.all_back(gate)

    def error_of(self, gate):
        try:
            with wire.Blocking(gate.address, "127.0.0.77", timeout=5) as client:
                client.login("app", "app-secret")
        except wire.ServerError as error:
            return error.code
        except (EOFError, OSError):
            pass
        return None


if __name__ == "__main__":
    scenario.main()
