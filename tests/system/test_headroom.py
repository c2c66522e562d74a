#!/usr/bin/python3
"""headroom: what the gate hands out follows the server; what is kept, lent and waited for shows."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_good
import scenario
import wire
from attackers import Attackers, addresses
from scenario import APP_CLASS, APP_SOURCE
from siege import CAPACITY, Siege
from statements import Asker

INTERVAL = 0.5  # [monitor] interval
KEEP_FREE = 5
RESERVE = APP_CLASS["reserve"]


def row_of(status, name):
    return next(row for row in status["classes"] if row["name"] == name)


class Follows(Siege):

    def gate_for(self, *classes, **over):
        """A class with a reserve need not earn it: nobody is known-good yet."""
        return self.start_gate(self.empty(monitor={"interval": f"{INTERVAL * 1000:.0f}ms"}, **{
            "class": list(classes), **over}))

    def beside(self, count, user="many"):
        """Connections to the server that do not come through the gate."""
        others = [Asker(self.db.address, user) for _ in range(count)]
        self.addCleanup(lambda: [other.sock.close() for other in others])
        return others

    def refused(self):
        """How many the server itself has turned away."""
        return self.db.status("Connection_errors_max_connections")

    def wait_slots(self, gate, condition):
        """Seconds until condition(status.slots); fails after two intervals and a bit."""
        began = time.monotonic()
        followed = scenario.wait_for(lambda: condition(gate.status()["slots"]), 2 * INTERVAL + 0.5,
                                     0.02)
        self.assertTrue(followed, gate.status()["slots"])
        return time.monotonic() - began

    def test_set_global_max_connections(self):
        gate = self.gate_for()
        self.addCleanup(self.db.query, f"SET GLOBAL max_connections = {self.max_connections}")
        self.wait_slots(gate, lambda slots: slots["server_max"] == self.max_connections)
        took = []
        for most in (200, 25, 1000, self.max_connections):
            self.db.query(f"SET GLOBAL max_connections = {most}")
            took.append(self.wait_slots(gate, lambda slots, most=most:
                                        slots["server_max"] == most and
                                        slots["capacity"] == most - KEEP_FREE))
        self.figures("SET GLOBAL", f"followed within {max(took):.2f} s")
        self.all_back(gate)

    def test_lowered_below_what_is_in_use(self):
        """Nobody is put out, nobody else gets in, and the reserve's owner goes first after."""
        gate = self.gate_for(APP_CLASS)
        self.addCleanup(self.db.query, f"SET GLOBAL max_connections = {self.max_connections}")
        refused = self.refused()
        weak = [Asker(gate.address, "weak", source) for source in addresses(25)]
        self.db.query("SET GLOBAL max_connections = 28")
        self.wait_slots(gate, lambda slots: slots["free"] == 0)
        for client in weak:
            self.assertEqual(client.query_value("SELECT 'in'"), "in")
        for client in weak[:15]:
            client.sock.close()
        self.assertTrue(scenario.wait_for(lambda: gate.status()["slots"]["leases"] == 10))
        app = self.app_on(gate, pool=4, rate=4)
        time.sleep(1.5)
        report = app.finish()
        for client in weak:
            client.sock.close()
        self.assertEqual(report.failed, 0, report.errors)
        self.assertEqual(self.refused(), refused)
        self.all_back(gate)

    def test_control(self):
        """Thirty for something else, and the rest for whoever comes first: the app does not."""
        self.beside(30)
        app = self.start_app(self.db.address, timeout=3)
        hoard = Attackers("sit", self.db.address, addresses(100), 60, 10).start()
        time.sleep(2)
        hoard.stop()
        self.assertGreater(app.finish().failed, 0)

    def test_thirty_beside_the_gate(self):
        gate = self.gate_for(APP_CLASS)
        before = gate.status()["slots"]
        refused = self.refused()
        self.beside(30)
        took = self.wait_slots(gate, lambda slots: slots["foreign"] >= before["foreign"] + 30)
        slots = gate.status()["slots"]
        self.figures("thirty beside", f"seen after {took:.2f} s; before {before}, now {slots}")
        self.assertEqual(slots["foreign"], before["foreign"] + 30)
        self.assertLessEqual(slots["free"], before["free"] - 30)
        outcome = self.besiege(gate, "thirty beside", "sit", addresses(100), 60,
                               slots=CAPACITY - 30 - RESERVE)
        self.assertEqual(self.refused(), refused, outcome.status["slots"])

    def all_back(self, gate, seconds=10):
        for client in self.db.sessions():
            if client[1] == "many":  # those beside the gate
                self.db.query(f"KILL {client[0]}")
        super().all_back(gate, seconds)

    def test_lending(self):
        gate = self.gate_for({**APP_CLASS, "lend": True}, {"name": "guests", "users": ["weak"]})
        guests = Attackers("sit", gate.address, addresses(100), 100, 40).start()
        full = scenario.wait_for(lambda: row_of(gate.status(), "guests")["lent"] > 0 and
                                 gate.status()["waiting"]["now"] > 0, 10)
        before = gate.status()
        app = self.app_on(gate, pool=RESERVE - 6)
        time.sleep(3)
        after = gate.status()
        report, counts = app.finish(), guests.stop()
        self.figures("lending", f"guests before {row_of(before, 'guests')}, after "
                     f"{row_of(after, 'guests')}, reclaimed {after['acted']['reclaimed']}; "
                     f"{report.summary()}; {dict(counts)}")
        self.assertTrue(full, before)
        self.assertGreater(row_of(before, "guests")["leases"], CAPACITY - RESERVE)
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreaterEqual(after["acted"]["reclaimed"], RESERVE - 6 - 5)
        self.assertGreaterEqual(row_of(after, "shop")["leases"], RESERVE - 6)
        self.assertEqual(row_of(after, "shop")["lent"], 0)
        self.all_back(gate)

    def test_nothing_is_lent_unless_the_class_says_so(self):
        gate = self.gate_for(APP_CLASS, {"name": "guests", "users": ["weak"]})
        guests = Attackers("sit", gate.address, addresses(100), 100, 20).start()
        scenario.wait_for(lambda: gate.status()["waiting"]["now"] > 50, 5)
        time.sleep(1)
        status = gate.status()
        guests.stop()
        row = row_of(status, "guests")
        self.assertEqual(row["lent"], 0)
        self.assertGreater(row["leases"], 20)
        self.assertLessEqual(row["leases"], CAPACITY - RESERVE)
        self.assertLessEqual(row["may_use"], CAPACITY - RESERVE)
        self.all_back(gate)


class Shows(Siege):
    """What `status`, `--pools` and /waiting say."""

    def wait_in_line(self, gate, count):
        """Clients from different sources that have sent their logins and wait, in that order."""
        line = []
        for number in range(count):
            client = wire.Blocking(gate.address, f"127.61.{number}.1", timeout=20)
            self.addCleanup(client.sock.close)
            greeting = client.greeting()
            client.send(1, wire.login_payload("weak", wire.scramble("weak-secret", greeting.salt)))
            self.assertTrue(scenario.wait_for(
                lambda number=number: gate.status()["waiting"]["now"] == number + 1, 5))
            line.append(client)
        return line

    def waiting(self, gate, limit=10):
        code, answer = gate.request("GET", f"/waiting?limit={limit}")
        self.assertEqual(code, 200)
        return answer["waiting"]

    def test_who_waits_where(self):
        config = self.config(slots={"max_connections": 15}, waiting={"queue": "20s"})
        config["source"].update({"connections": "off", "prefix_connections": "off"})
        gate = self.start_gate(config)
        holders = [Asker(gate.address, "weak", f"127.60.{i}.1") for i in range(10)]
        line = self.wait_in_line(gate, 4)
        rows = self.waiting(gate)
        self.assertEqual([row["position"] for row in rows], [1, 2, 3, 4], rows)
        self.assertEqual([row["source"] for row in rows], [f"127.61.{i}.1" for i in range(4)], rows)
        self.assertEqual({row["user"] for row in rows}, {"weak"}, rows)
        for row in rows:
            self.assertLessEqual(row["waited_ms"], 10000, row)
            self.assertLessEqual(row["expected_ms"], 20000, row)
        answer = gate.request("GET", "/waiting?limit=2")[1]
        self.assertEqual((len(answer["waiting"]), answer["total"]), (2, 4))
        for number in range(4):  # one leaves, the next is in
            holders[number].sock.close()
            line[number].auth("weak-secret")
            rows = self.waiting(gate)
            self.assertEqual([row["position"] for row in rows], list(range(1, 4 - number)), rows)
        for client in holders + line:
            client.sock.close()
        self.all_back(gate)

    def test_the_expected_wait(self):
        """Places come free four times a second: the tenth in line waits for some seconds."""
        config = self.config(slots={"max_connections": 15}, waiting={"queue": "30s"})
        config["source"].update({"connections": "off", "prefix_connections": "off",
                                 "connect_rate": "off"})
        gate = self.start_gate(config)
        turns = Attackers("churn", gate.address, addresses(20), 20, 30, stay=2.5, pause=0.01,
                          user="weak").start()
        time.sleep(9)
        status, rows = gate.status(), self.waiting(gate, 100)
        counts = turns.stop()
        waits = [row["expected_ms"] for row in rows]
        seen = row_of(status, status["classes"][0]["name"])["expected_wait_ms"]
        self.figures("the expected wait", f"{seen} ms for one who comes; by row {waits}; "
                     f"{dict(counts)}")
        self.assertGreater(len(rows), 3)
        self.assertEqual(waits, sorted(waits))
        self.assertGreater(seen, 200)
        self.assertLess(seen, 15000)
        self.all_back(gate)

    def test_pools(self):
        reports = {"name": "reports", "users": ["weak"], "max": 10}
        gate = self.start_gate(self.empty(**{"class": [APP_CLASS, reports]}))
        code, said, problem = gate.cli("status", "--pools")
        self.assertEqual(code, 0, problem)
        self.figures("pools", said)
        for name in ("shop", "reports", "default"):
            self.assertIn(name, said)
        code, said, problem = gate.cli("status", "--pools", "--json")
        self.assertEqual(code, 0, problem)
        status = gate.status()
        self.assertGreaterEqual(row_of(status, "shop")["may_use"], RESERVE)
        self.assertEqual(row_of(status, "reports")["may_use"], 10)
        shop = next(row for row in json.loads(said)["classes"] if row["name"] == "shop")
        self.assertEqual((shop["guaranteed"], shop["size"]), (RESERVE, RESERVE))
        code, said, problem = gate.cli("status", "--pools", "--instances", "4")
        self.assertEqual(code, 0, problem)
        self.assertIn(f"SetMaxOpenConns({RESERVE // 4})", said)
        self.all_back(gate)


class Remembers(Siege):
    """The state file."""

    def gate_with(self, path, **over):
        return self.start_gate(self.empty(known_good={"minutes": 1, "state": str(path)}, **over))

    def kept(self, gate):
        return gate.status()["slots"]["implicit"]

    def test_across_a_restart_and_a_kill(self):
        path = known_good.folder(self) / "state"
        gate = self.gate_with(path)
        app = self.app_on(gate)
        time.sleep(2)
        self.assertEqual(app.finish().failed, 0)
        gate.stop()
        saved = known_good.read(path)
        keys = [int(key, 16) for key in saved["keys"]]
        wanted = known_good.hexadecimal(known_good.siphash(b"app", keys))
        self.assertEqual([(row["source"], row["user"], row["good"]) for row in saved["known_good"]],
                         [(APP_SOURCE, wanted, True)])
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertNotIn("app", path.read_text(encoding="utf8").replace("shop", ""))
        for life in ("after a restart", "after a kill"):
            again = self.gate_with(path)
            kept = self.kept(again)
            self.figures(life, f"{kept}")
            self.assertEqual(kept["pairs"], 1, life)
            self.assertGreater(kept["reserve"], 3, life)
            again.kill()
        self.assertEqual(known_good.read(path)["keys"], saved["keys"])

    def test_what_the_test_writes_the_gate_reads(self):
        path = known_good.file(self, self.app_history(12), known_good.pair("127.5.5.5", "many", 3),
                               known_good.pair("127.6.6.6", "weak", 9, 3, good=False))
        gate = self.start_gate(self.empty(known_good={"state": path}))
        kept = self.kept(gate)
        self.assertEqual((kept["pairs"], kept["reserve"]), (2, 15), kept)
        gate.stop()
        self.assertEqual(len(known_good.read(path)["known_good"]), 3)

    def test_a_file_that_is_none(self):
        texts = {"empty": "", "no JSON": "{", "another version": '{"version": 99}',
                 "wrong fields": '{"version": 1, "saved_unix_ms": "x", "keys": 7}',
                 "random": "\x00\x01\x02" * 500}
        for name, text in texts.items():
            with self.subTest(name):
                path = known_good.folder(self) / "state"
                known_good.write(path, text)
                gate = self.gate_with(path)
                self.assertIn(str(path), gate.text(), "no word of it")
                self.assertTrue(path.with_name("state.bad").exists(), "it is not put aside")
                with Asker(gate.address, "app", APP_SOURCE) as client:
                    self.assertEqual(client.query_value("SELECT 'in'"), "in")
                gate.stop()
                self.assertEqual(len(known_good.read(path)["known_good"]), 1)

    def test_a_place_that_cannot_be_written(self):
        """Said once, and otherwise nothing is different."""
        gate = self.gate_with("/proc/headgate/state")
        self.assertIn("nothing is kept across restarts", gate.text())
        with Asker(gate.address, "app", APP_SOURCE) as client:
            self.assertEqual(client.query_value("SELECT 'in'"), "in")
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
