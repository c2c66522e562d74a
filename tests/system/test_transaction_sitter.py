#!/usr/bin/python3
"""transaction-sitter: BEGIN, lock the rows the app writes, and idle: ended, and the app goes on."""
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from statements import Asker

LOCK = "SELECT stock FROM items WHERE id <= 10 FOR UPDATE"
SITTERS = {"BEGIN": ("BEGIN", LOCK), "autocommit": ("SET autocommit = 0", LOCK),
           "START": ("START TRANSACTION WITH CONSISTENT SNAPSHOT", "UPDATE items SET stock = 0"
                     " WHERE id <= 10")}


class TransactionSitter(scenario.Scenario):

    def last_word(self, client):
        """(code, sqlstate) of the ERR that announces the end, and the end."""
        sequence, payload = client.read()
        error = wire.ServerError(payload)
        self.assertEqual(sequence, 0)
        self.assertRaises((EOFError, ConnectionError), client.read)
        return error.code, error.sqlstate

    def sit(self, gate, how, source):
        client = Asker(gate.address, source=source)
        self.addCleanup(client.sock.close)
        for sql in SITTERS[how]:
            client.run(sql)
        return client

    def test_the_apps_write_goes_on(self):
        gate = self.start_gate(self.guarded({"idle_in_transaction": "1s"}))
        app = self.start_app(gate.address)
        for turn, how in enumerate(SITTERS):
            sitter = self.sit(gate, how, f"127.61.{turn}.1")
            began = time.monotonic()
            with Asker(gate.address, user="app", source=scenario.APP_SOURCE) as writer:
                self.assertIsNone(writer.error("UPDATE items SET stock = stock WHERE id = 5"))
            self.figures(how, f"the write took {time.monotonic() - began:.2f} s")
            self.assertGreater(time.monotonic() - began, 0.3, "it was never blocked")
            self.assertLess(time.monotonic() - began, 8)
            self.assertEqual(self.last_word(sitter), (4031, "HY000"))
            self.assertEqual(gate.count("idle_in_transaction"), turn + 1)
        self.assertEqual(app.finish().failed, 0, app.finish().errors)
        self.all_back(gate)

    def test_one_after_the_other(self):
        """Twenty at once, again and again: the app's writes all come through."""
        gate = self.start_gate(self.guarded({"idle_in_transaction": "1s"}))
        stop, failed = threading.Event(), []

        def sitting(index):
            while not stop.is_set():
                try:
                    with Asker(gate.address, source=f"127.62.{index}.1") as client:
                        client.run("BEGIN")
                        client.run(LOCK)
                        stop.wait(4)
                except (wire.ServerError, OSError, EOFError) as problem:
                    failed.append(problem)
        threads = [threading.Thread(target=sitting, args=(i,)) for i in range(20)]
        for thread in threads:
            thread.start()
        written, until = 0, time.monotonic() + 12
        try:
            with Asker(gate.address, user="app", source=scenario.APP_SOURCE) as writer:
                while time.monotonic() < until:
                    self.assertIsNone(writer.error("UPDATE items SET stock = stock WHERE id = 5"))
                    written += 1
        finally:
            stop.set()
            for thread in threads:
                thread.join(40)
        self.figures("one after the other", f"{written} writes; "
                     f"{gate.count('idle_in_transaction')} sitters ended")
        self.assertGreater(written, 1)
        self.assertGreater(gate.count("idle_in_transaction"), 5)
        self.all_back(gate)

    def test_only_inside_a_transaction(self):
        gate = self.start_gate(self.guarded({"idle_in_transaction": "1s"}))
        with Asker(gate.address) as client:
            for sql in ("BEGIN", LOCK, "COMMIT"):
                client.run(sql)
            time.sleep(2.5)
            self.assertEqual(client.query_value("SELECT 'on'"), "on")
            client.run("BEGIN")
            for _ in range(8):  # busy inside a transaction is not idle
                client.run(LOCK)
                time.sleep(0.3)
            client.run("SELECT SLEEP(2)")
            client.run("ROLLBACK")
        self.assertEqual(gate.count("idle_in_transaction"), 0)
        self.all_back(gate)

    def test_idle(self):
        """[query] idle: outside of transactions as well."""
        gate = self.start_gate(self.guarded({"idle": "1s"}))
        with Asker(gate.address) as client, \
                Asker(gate.address, user="app", source=scenario.APP_SOURCE) as app:
            client.run("SELECT 1")
            client.run("SELECT SLEEP(2)")
            self.assertEqual(self.last_word(client), (4031, "HY000"))
            self.assertEqual(app.query_value("SELECT 'on'"), "on")
        self.assertEqual(gate.count("idle"), 1)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
