#!/usr/bin/python3
"""herd: the server goes away and comes back; clients hear a clear error, then all get in again."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from app import App
from private_mariadb import PrivateMariadb

CLIENTS = 200


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
