#!/usr/bin/python3
"""heavy: statements that run for minutes, from many sources; a busy budget and a deadline end them."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import addresses
from statements import CROSS_JOIN, HEAVY, Asker

LIMITS = {"running": 2, "class_running": 6, "busy": 0.5, "deadline": "1s"}
INTERRUPTED = (1317, "70100")
# What the app runs all day in a millisecond, and what it becomes with another literal.
OWN = ("SELECT COUNT(*) FROM items a JOIN items b ON b.id <= a.id JOIN items c ON c.id <= b.id"
       " WHERE a.id < {}")


class Heavy(scenario.Scenario):
    max_connections = 150  # the attackers are not to fill the slots: that is another scenario

    def attack(self, gate, name, app, sql, user):
        """40 workers from 20 sources; the longest any statement of theirs was seen to run."""
        longest, running = [0.0], [0]

        def watch():
            seen = self.db.query(
                "SELECT COUNT(*), COALESCE(MAX(TIME_MS), 0) FROM information_schema.PROCESSLIST"
                " WHERE COMMAND IN ('Query', 'Killed') AND USER = %s AND HOST NOT LIKE %s"
                " AND ID <> CONNECTION_ID()", user, f"{scenario.APP_SOURCE}:%")[0]
            running[0] = max(running[0], seen[0])
            longest[0] = max(longest[0], float(seen[1]) / 1000)
        outcome = self.under(gate, "heavy", addresses(20), 40, seconds=8, app=app, watch=watch,
                             pause=0.2, sql=sql, user=user)
        acted = outcome.status["acted"]
        self.figures(name, f"at most {running[0]} running, the longest {longest[0]:.1f} s")
        self.assertTrue(scenario.wait_for(lambda: not self.db.sessions(), 5), self.db.sessions())
        self.hold(name, gate, outcome, slots=40)
        self.assertGreater(outcome.counts["err_1317"], 5, "nothing was killed")
        self.assertGreater(outcome.counts["err_1226"], 20, "nothing was refused")
        self.assertGreater(acted["query_deadline"], 5)
        self.assertGreater(acted["query_busy"] + acted["class_running"], 20)
        self.assertLess(longest[0], 5, "a statement outlived its deadline by far")
        self.assertLessEqual(running[0], 12)

    def test_statements_that_never_end(self):
        gate = self.start_gate(self.guarded(LIMITS))
        self.attack(gate, "heavy", self.start_app(gate.address), HEAVY, "weak")

    def test_the_apps_own_account_and_digest(self):
        """From elsewhere, with a literal that makes it run long: the app's copies do not suffer."""
        gate = self.start_gate(self.guarded(LIMITS))
        app = self.start_app(gate.address, sql=OWN.format(5), found=((20,),))
        self.attack(gate, "own digest", app, OWN.format(100000), "app")

    def test_a_kill_never_hits_the_next_statement(self):
        """Statements that end just when their time is up, with the next one right behind."""
        gate = self.start_gate(self.guarded({"deadline": "200ms"}))
        killed = 0
        with Asker(gate.address) as client:
            for turn in range(40):
                killed += client.error(f"SELECT SLEEP({0.15 + turn * 0.004})") is not None
                self.assertEqual(client.query_value(f"SELECT 'next {turn}'"), f"next {turn}")
        self.figures("next statement", f"{killed} of 40 killed; {gate.count('query_deadline')}")
        self.assertGreater(killed, 5)
        self.assertLess(killed, 40)
        self.all_back(gate)

    def test_only_reading_statements_have_a_deadline(self):
        gate = self.start_gate(self.guarded({"deadline": "300ms"}))
        with Asker(gate.address) as client:
            self.assertEqual(client.error(CROSS_JOIN.format(-1))[:2], INTERRUPTED)
            began = time.monotonic()
            slow_write = "UPDATE items SET name = CONCAT('w', BENCHMARK(15000000, SHA1(id)))" \
                         " WHERE id = 1000"
            self.assertIsNone(client.error(slow_write))
            self.assertGreater(time.monotonic() - began, 0.5, "the write was too quick to tell")
        self.all_back(gate)

    def test_the_busy_budget(self):
        """A source that has used up its running time is told, and no other is."""
        gate = self.start_gate(self.guarded({"busy": 0.2, "deadline": "1s", "wait": "0ms"}))
        with Asker(gate.address, source="127.21.9.1") as client, \
                Asker(gate.address, source="127.22.9.1") as neighbour:
            errors = [client.error(CROSS_JOIN.format(-1)) for _ in range(6)]
            self.assertEqual([error[0] for error in errors[:2]], [1317, 1317])
            self.assertEqual(errors[-1][:2], (1226, "42000"))
            self.assertIn("query_busy", errors[-1][2])
            self.assertEqual(client.error("SELECT 1")[0], 1226)  # in debt
            self.assertIsNone(client.error("COMMIT"))
            self.assertIsNone(neighbour.error("SELECT 1"))
        self.assertGreater(gate.count("query_busy"), 1)
        self.all_back(gate)

    def test_benchmark(self):
        """MariaDB gives a killed BENCHMARK() a row instead of an error; it ends all the same."""
        gate = self.start_gate(self.guarded({"deadline": "300ms"}))
        with Asker(gate.address) as client:
            began = time.monotonic()
            client.error(HEAVY[0])
            self.assertLess(time.monotonic() - began, 6)
            self.assertEqual(client.query_value("SELECT 'on'"), "on")
        self.assertEqual(gate.count("query_deadline"), 1)
        self.all_back(gate)

    def test_in_a_prepared_statement(self):
        gate = self.start_gate(self.guarded({"deadline": "300ms"}))
        with Asker(gate.address) as client:
            heavy, quick = client.prepare(CROSS_JOIN.format(-1)), client.prepare("SELECT 5")
            with self.assertRaises(wire.ServerError) as caught:
                client.execute(heavy)
            self.assertEqual((caught.exception.code, caught.exception.sqlstate), INTERRUPTED)
            self.assertEqual(client.execute(quick), 1)
        self.assertEqual(gate.count("query_deadline"), 1)
        self.all_back(gate)

    def test_without_a_monitor(self):
        """The server keeps the deadline itself; on MariaDB for every statement, so only with `all`."""
        config = self.guarded({"deadline": "1s", "all": True})
        del config["monitor"]
        gate = self.start_gate(config)
        with Asker(gate.address) as client:
            for again in (False, True):
                if again:  # COM_RESET_CONNECTION forgets the limit; it has to be set again
                    client.ask(wire.packet(0, bytes([wire.COM_RESET])))
                    client.answer()
                began = time.monotonic()
                self.assertEqual(client.error(CROSS_JOIN.format(-1))[0], 1969)
                self.assertLess(time.monotonic() - began, 6)
                self.assertEqual(client.query_value("SELECT 'on'"), "on")
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
