#!/usr/bin/python3
"""orphan: ask for something heavy and go; what runs on is killed, and counts until it is gone."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import addresses
from statements import HEAVY, Asker, query

WAYS = ("fin", "rst", "half")
FOREVER = "SELECT BENCHMARK(4000000000, SHA1('orphan'))"
SECONDS = "SELECT BENCHMARK(40000000, SHA1('orphan'))"  # a few
WRITE = "UPDATE items SET name = CONCAT('written ', BENCHMARK(25000000, SHA1('orphan')))" \
        " WHERE id = 1000"


class Orphan(scenario.Scenario):
    max_connections = 150  # the attackers are not to fill the slots: that is another scenario

    def started(self, gate, sql, source="127.31.1.1"):
        """A client whose `sql` runs at the server."""
        client = Asker(gate.address, source=source)
        self.addCleanup(client.sock.close)
        before = len(self.db.running("orphan"))
        client.ask(query(sql))
        self.assertTrue(scenario.wait_for(lambda: len(self.db.running("orphan")) > before))
        return client

    def gone(self, seconds):
        return scenario.wait_for(lambda: not self.db.running("orphan"), seconds, 0.02)

    def unmonitored(self):
        config = self.guarded({})
        del config["monitor"]
        return config

    def test_killed_at_once(self):
        gate = self.start_gate(self.guarded({}))
        for turn, way in enumerate(WAYS * 3):
            client = self.started(gate, FOREVER)
            client.leave(way)
            began = time.monotonic()
            self.assertTrue(self.gone(4), f"{way}: runs on")
            self.figures(way, f"gone after {time.monotonic() - began:.2f} s")
            self.assertTrue(scenario.wait_for(lambda: not gate.status()["slots"]["leases"], 3), way)
            self.assertEqual(gate.count("orphan_killed"), turn + 1)
        self.all_back(gate)

    def test_in_masses(self):
        gate = self.start_gate(self.guarded({}))
        most = [0]

        def watch():
            status = gate.status()
            most[0] = max(most[0], status["slots"]["orphans"])
            self.assertLessEqual(status["slots"]["leases"], status["slots"]["capacity"])
        outcome = self.under(gate, "orphan", addresses(50), 60, seconds=6, watch=watch, sql=HEAVY)
        self.figures("in masses", f"at most {most[0]} orphans at once")
        # A slot counts until the server's thread has ended; the rest of the 145 were enough.
        self.hold("in masses", gate, outcome, slots=140)
        self.assertGreater(outcome.counts["left"], 20)
        self.assertGreater(outcome.status["acted"]["orphan_killed"], 15)

    def test_without_a_monitor_the_slot_counts(self):
        """Nobody can kill it: the slot is free when the server's thread is gone, not before."""
        gate = self.start_gate(self.unmonitored())
        for way in WAYS:
            client = self.started(gate, SECONDS)
            client.leave(way)
            looks = 0
            while True:
                slots = gate.status()["slots"]
                if not self.db.running("orphan"):
                    break
                self.assertEqual(slots["leases"], 1, way)
                looks += slots["orphans"] == 1
                time.sleep(0.05)
            self.assertGreater(looks, 5, f"{way}: it ended too early to tell")
            self.assertTrue(scenario.wait_for(lambda: not gate.status()["slots"]["leases"], 3), way)
        self.assertEqual(gate.count("orphan_killed"), 0)
        self.all_back(gate)

    def test_a_write_is_let_through_when_calm(self):
        gate = self.start_gate(self.guarded({}))
        for way in WAYS:
            self.db.query("UPDATE shop.items SET name = 'before' WHERE id = 1000")
            self.started(gate, WRITE).leave(way)
            time.sleep(0.5)
            self.assertTrue(self.db.running("orphan"), f"{way}: it is gone")
            self.assertTrue(self.gone(20))
            self.assertEqual(self.name(), "written 0", way)
        self.assertEqual(gate.count("orphan_killed"), 0)
        self.all_back(gate)

    def test_a_write_is_killed_above_calm(self):
        """All slots are taken, and somebody else wants one."""
        config = self.guarded({}, slots={"max_connections": 10, "keep_free": 5})
        config["class"] = []
        config["source"].update({"connections": "off", "prefix_connections": "off"})
        gate = self.start_gate(config)
        self.db.query("UPDATE shop.items SET name = 'before' WHERE id = 1000")
        with Asker(gate.address), Asker(gate.address), Asker(gate.address), Asker(gate.address):
            writer = self.started(gate, WRITE)
            with wire.Blocking(gate.address) as late:
                late.greeting()
                late.send(1, wire.login_payload("weak", b"x" * 20, "shop"))
                self.assertTrue(scenario.wait_for(lambda: gate.status()["waiting"]["now"], 3))
                writer.leave("rst")
                self.assertTrue(self.gone(3), "it was not killed")
        self.assertEqual(self.name(), "before")
        self.assertEqual(gate.count("orphan_killed"), 1)
        self.all_back(gate)

    def name(self):
        return self.db.query("SELECT name FROM shop.items WHERE id = 1000")[0][0]


if __name__ == "__main__":
    scenario.main()
