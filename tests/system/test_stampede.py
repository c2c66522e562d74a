#!/usr/bin/python3
"""stampede: hundreds of copies of one digest at once; few run, the others wait fairly or are told."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers, addresses
from statements import Asker, query

ALLOWED = 3
# Some milliseconds; each worker's literal differs, the digest does not.
COPY = ["SELECT COUNT(*) /* stampede */ FROM items a, items b, items c"
        f" WHERE a.id < 3 AND b.id < 40 AND a.stock + b.stock + c.stock < {i}" for i in range(9)]


class Stampede(scenario.Scenario):
    max_connections = 500

    def test_hundreds_of_copies(self):
        gate = self.start_gate(self.guarded({"digest_running": ALLOWED}, source={
            "connections": "off", "prefix_connections": "off"}))
        seen = collections.Counter()  # how often so many were running

        def watch():
            # "Writing to net": its answer is on its way or out, and the next may run.
            seen[self.db.query(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%stampede%'"
                " AND STATE <> 'Writing to net' AND ID <> CONNECTION_ID()")[0][0]] += 1
        outcome = self.under(gate, "heavy", addresses(60), 300, seconds=10, watch=watch, sql=COPY)
        served = sum(outcome.counts[f"ran {source}"] > 0 for source in addresses(60))
        status = outcome.status
        self.figures("copies", f"{dict(seen)} at once, {served} of 60 sources served, "
                     f"{outcome.counts['ran']} ran, {outcome.counts['err_1226']} told")
        for key in [key for key in outcome.counts if key.startswith("ran ")]:
            del outcome.counts[key]
        self.hold("copies", gate, outcome, slots=300)
        self.assertGreater(outcome.counts["in"], 200, "it was no stampede")
        # One whose answer is out may still be listed otherwise.
        self.assertLess(sum(n for count, n in seen.items() if count > ALLOWED),
                        0.1 * seen.total(), seen)
        self.assertLessEqual(max(seen), 2 * ALLOWED)
        self.assertGreater(outcome.counts["ran"], 60)
        self.assertGreater(outcome.counts["err_1226"], 100)
        self.assertGreater(status["acted"]["digest_running"] +
                           status["acted"]["statement_queue_full"], 100)
        self.assertGreaterEqual(served, 54, "some sources never had their turn")

    def test_the_greedy_do_not_starve_the_others(self):
        """200 connections of one source beside ten sources with one each."""
        gate = self.start_gate(self.guarded({"digest_running": 2}, source={
            "connections": "off", "prefix_connections": "off", "connect_rate": "off"}))
        greedy = Attackers("heavy", gate.address, ["127.33.9.9"], 200, 30, sql=COPY).start()
        self.assertTrue(scenario.wait_for(lambda: gate.status()["slots"]["leases"] > 150, 15))
        modest = Attackers("heavy", gate.address, addresses(10), 10, 30, sql=COPY).start()
        small = modest.stop_after(8)
        large = greedy.stop()
        told = small["err_1226"] / max(1, small["ran"] + small["err_1226"])
        self.figures("greedy", f"ten modest: {small['ran']} ran, {small['err_1226']} told; "
                     f"greedy: {large['ran']} ran, {large['err_1226']} told")
        self.assertGreater(small["ran"], 50)
        self.assertLess(told, 0.2, "the modest waited in vain")
        self.assertGreater(large["err_1226"], 50)
        self.assertGreater(2 * small["ran"], large["ran"], "one source got more than ten others")
        self.all_back(gate)

    def test_what_the_client_is_told(self):
        gate = self.start_gate(self.guarded({"digest_running": 1, "wait": "300ms"}))
        with Asker(gate.address) as first, Asker(gate.address) as second:
            first.ask(query("SELECT SLEEP(2)"))
            self.assertTrue(scenario.wait_for(lambda: self.db.running("SLEEP")))
            code, state, text = second.error("SELECT sleep( 1 )")
            self.assertEqual((code, state), (1226, "42000"))
            self.assertIn("'weak'", text)
            self.assertIn("digest_running", text)
            self.assertEqual(second.query_value("SELECT 'another digest'"), "another digest")
            self.assertEqual(len(first.answer()), 1)
            self.assertIsNone(second.error("SELECT SLEEP(0)"))
        self.all_back(gate)

    def test_inside_a_transaction_nobody_waits(self):
        """There twice the number may run; what is more is refused at once, and COMMIT never."""
        gate = self.start_gate(self.guarded({"digest_running": 1, "wait": "5s"}))
        with Asker(gate.address) as first, Asker(gate.address) as second, \
                Asker(gate.address) as third:
            for client in (second, third):
                self.assertIsNone(client.error("BEGIN"))
            for client, sql in ((first, "SELECT SLEEP(1.5)"), (second, "SELECT SLEEP(1.4)")):
                client.ask(query(sql))
                self.assertTrue(scenario.wait_for(
                    lambda sql=sql: self.db.running(sql[7:]), 3), sql)
            self.assertEqual(third.error("SELECT SLEEP(0)")[0], 1226)
            self.assertTrue(self.db.running("SLEEP"), "it waited, inside a transaction")
            self.assertIsNone(third.error("COMMIT"))
            for client in (first, second):
                self.assertEqual(len(client.answer()), 1)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
