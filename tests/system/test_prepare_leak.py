#!/usr/bin/python3
"""prepare-leak: statements prepared and never closed; the server's own limit is never reached."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import addresses
from statements import Asker

SERVER_MAX = 400
LEAKER = "127.41.1.1"


class PrepareLeak(scenario.Scenario):
    max_connections = 150  # the attackers are not to fill the slots: that is another scenario
    db_options = (*scenario.Scenario.db_options, f"--max-prepared-stmt-count={SERVER_MAX}")

    def leak(self, client, most=1000):
        """Prepares until it is told to stop: how many there are, and what it was told."""
        held = []
        for _ in range(most):
            try:
                held.append(client.prepare("SELECT 1"))
            except wire.ServerError as error:
                return held, (error.code, error.sqlstate, error.text)
        return held, None

    def at_server(self):
        return self.db.status("Prepared_stmt_count")

    def comes_to(self, count):
        self.assertTrue(scenario.wait_for(lambda: self.at_server() == count, 5), self.at_server())

    def test_one_connection(self):
        gate = self.start_gate(self.guarded({"prepared": 50}))
        with Asker(gate.address, source=LEAKER) as client:
            held, told = self.leak(client)
            self.figures("told", str(told))
            self.assertEqual((len(held), told[:2]), (50, (1461, "42000")))
            self.assertIn("prepared", told[2])
            self.assertEqual(client.query_value("SELECT 'alive'"), "alive")
            self.assertEqual(client.execute(held[7]), 1)
            for statement in held[:10]:
                client.close_statement(statement)
            self.assertEqual(len(self.leak(client)[0]), 10)
            with Asker(gate.address, source=LEAKER) as other:
                self.assertEqual(len(self.leak(other)[0]), 50)
            client.ask(wire.packet(0, bytes([wire.COM_RESET])))
            client.answer()
            self.assertEqual(len(self.leak(client)[0]), 50)
            # One that the server refuses is none.
            client.close_statement(held[-1])
            for _ in range(5):
                self.assertRaises(wire.ServerError, client.prepare, "SELEC 1")
            self.comes_to(50)
        self.comes_to(0)
        self.all_back(gate)

    def test_one_source(self):
        """A number binds every source; what a connection held comes back with its end."""
        gate = self.start_gate(self.guarded({"prepared": 50, "prepared_per_source": 70}))
        first, second = (Asker(gate.address, source=LEAKER) for _ in range(2))
        with second:
            with first:
                self.assertEqual(len(self.leak(first)[0]), 50)
                held, told = self.leak(second)
                self.assertEqual((len(held), told[:2]), (20, (1461, "42000")))
                self.assertIn("prepared_per_source", told[2])
                with Asker(gate.address, source="127.41.2.1") as neighbour:
                    self.assertEqual(len(self.leak(neighbour)[0]), 50)
            self.comes_to(20)
            self.assertEqual(len(self.leak(second)[0]), 30)
        self.all_back(gate)

    def test_auto_is_a_quarter_of_the_servers(self):
        """By default, as the monitor learned it, for who is neither known-good nor in a class."""
        gate = self.start_gate(self.guarded({}))
        with Asker(gate.address, source=LEAKER) as leaker, \
                Asker(gate.address, user="app", source=scenario.APP_SOURCE) as app:
            held, told = self.leak(leaker)
            self.assertEqual((len(held), told[0]), (SERVER_MAX // 4, 1461))
            self.assertEqual(len(self.leak(app, 150)[0]), 150)
        self.all_back(gate)

    def test_from_many_sources(self):
        """The app prepares all the while."""
        gate = self.start_gate(self.guarded({"prepared": 4, "prepared_per_source": 5}))
        most = [0]
        with Asker(gate.address, user="app", source=scenario.APP_SOURCE) as app:
            def watch():
                most[0] = max(most[0], self.at_server())
                statement = app.prepare("SELECT 2")
                self.assertEqual(app.execute(statement), 1)
                app.close_statement(statement)
            outcome = self.under(gate, "prepare-leak", addresses(50), 100, seconds=5, watch=watch)
        self.figures("many sources", f"at most {most[0]} of {SERVER_MAX} at the server")
        self.hold("many sources", gate, outcome, slots=100)
        self.assertGreater(outcome.counts["err_1461"], 50)
        self.assertGreater(outcome.counts["prepared"], 50)
        self.assertLessEqual(most[0], 5 * 50 + 50)


if __name__ == "__main__":
    scenario.main()
