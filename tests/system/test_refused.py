#!/usr/bin/python3
"""refused: what is refused in the middle of a session leaves everything around it as it was."""
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from statements import COM_STMT_EXECUTE, COM_STMT_PREPARE, LARGEST, Asker, packets, query

NO = "SELECT name AS refused FROM items WHERE id = 1"
MESSAGE = "use the reporting replica"
TOLD = (1148, "42000", MESSAGE)
LAST_PREPARED = 0xFFFFFFFF


def rule(action, **more):
    return {"rule": [{"name": f"to {action}", "digest": NO, "action": action, **more}]}


class Refused(scenario.Scenario):

    def outcomes(self, client, count):
        """The next answers: how many rows, or the error."""
        out = []
        for _ in range(count):
            try:
                out.append(len(client.answer()))
            except wire.ServerError as error:
                out.append((error.code, error.sqlstate, error.text))
        return out

    def test_pipelined(self):
        """Sent in one piece, the answers come in their order."""
        gate = self.start_gate(self.config(**rule("refuse", message=MESSAGE)))
        with Asker(gate.address) as client:
            client.ask(query("SELECT seq FROM seq_1_to_2000"), query(NO), query("DO 0"), query(NO),
                       query(NO), query("SELECT SLEEP(0.3)"), query(NO), query("SELECT 7"))
            self.assertEqual(self.outcomes(client, 8), [2000, TOLD, 0, TOLD, TOLD, 1, TOLD, 1])
        self.assertEqual(gate.count("rule"), 4)
        self.all_back(gate)

    def test_the_last_prepared_statement(self):
        """An EXECUTE of "the last prepared" behind a refused PREPARE must not run another one."""
        gate = self.start_gate(self.config(**rule("refuse", message=MESSAGE)))
        prepare = packets(bytes([COM_STMT_PREPARE]) + NO.encode())
        execute = packets(struct.pack("<BIBI", COM_STMT_EXECUTE, LAST_PREPARED, 0, 1))
        for pipelined in (True, False):
            with Asker(gate.address) as client:
                client.prepare("UPDATE items SET stock = stock + 1000 WHERE id = 2")
                if pipelined:
                    client.ask(prepare, execute, query("SELECT 7"))
                    seen = self.outcomes(client, 3)
                else:
                    seen = []
                    for one in (prepare, execute, query("SELECT 7")):
                        client.ask(one)
                        seen += self.outcomes(client, 1)
                self.assertEqual((seen[0], seen[2]), (TOLD, 1))
                self.assertEqual(seen[1][:2], (1243, "HY000"))
        self.assertEqual(self.db.query("SELECT stock FROM shop.items WHERE id = 2")[0][0], 14)
        self.all_back(gate)

    def test_long_ones(self):
        """What is not looked at any more is dropped, over packet borders, and is held nowhere."""
        gate = self.start_gate(self.config(rule=[
            {"name": "no", "regex": "forbidden", "action": "refuse", "message": MESSAGE}]))
        before = gate.memory()
        with Asker(gate.address) as client:
            for size in (100_000, LARGEST - 30, LARGEST, 40_000_000):
                client.ask(query("SELECT 'forbidden', '" + "x" * size + "'"), query("SELECT 7"))
                self.assertEqual(self.outcomes(client, 2), [TOLD, 1], size)
        self.assertLess(gate.memory() - before, 24 * scenario.MEBIBYTE)
        self.all_back(gate)

    def test_a_transaction_goes_on(self):
        gate = self.start_gate(self.config(**rule("refuse")))
        with Asker(gate.address) as client:
            client.run("BEGIN")
            client.run("UPDATE items SET name = 'kept' WHERE id = 3")
            code, state, text = client.error(NO)
            self.assertEqual((code, state), (1148, "42000"))
            self.assertIn("rule", text)  # without a message of its own
            client.run("UPDATE items SET stock = 333 WHERE id = 3")
            client.run("COMMIT")
        self.assertEqual(self.db.query("SELECT name, stock FROM shop.items WHERE id = 3"),
                         (("kept", 333),))
        self.all_back(gate)

    def test_commands(self):
        """[query] refuse_commands, by name; "debug" by default."""
        gate = self.start_gate(self.config(query={"refuse_commands": ["debug", "statistics"]}))
        with Asker(gate.address) as client:
            for code in (13, 9):
                client.ask(packets(bytes([code])))
                self.assertEqual(self.outcomes(client, 1)[0][:2], (1148, "42000"))
            client.ask(packets(b"\x0e"))
            self.assertEqual(self.outcomes(client, 1), [0])
        self.assertEqual(gate.count("command_refused"), 2)
        self.all_back(gate)

    def test_rates(self):
        """1226 for who is too fast; COMMIT and its kind go through."""
        gate = self.start_gate(self.guarded({"rate": "5/s burst 10", "wait": "0s"}))
        with Asker(gate.address) as client:
            errors = [client.error("SELECT 1") for _ in range(40)]
            told = [error for error in errors if error]
            self.figures("told", str(told[-1]))
            self.assertTrue(10 <= errors.count(None) <= 20, errors.count(None))
            self.assertEqual({error[:2] for error in told}, {(1226, "42000")})
            self.assertIn("'weak' has exceeded the", told[-1][2])
            for sql in ("COMMIT", "ROLLBACK"):
                self.assertIsNone(client.error(sql))
        self.assertEqual(gate.count("query_rate"), len(told))
        self.all_back(gate)

    def test_rates_make_wait(self):
        """What comes soon enough is held instead."""
        gate = self.start_gate(self.guarded({"rate": "20/s burst 5", "wait": "2s"}))
        with Asker(gate.address) as client:
            began = time.monotonic()
            self.assertEqual([client.error("SELECT 1") for _ in range(25)], [None] * 25)
            self.assertGreater(time.monotonic() - began, 0.7)
        self.assertGreater(gate.status()["delayed"]["query_rate"], 10)
        self.all_back(gate)

    def test_close(self):
        gate = self.start_gate(self.config(**rule("close", message=MESSAGE)))
        with Asker(gate.address) as client:
            client.ask(query(NO))
            self.assertEqual(self.outcomes(client, 1), [TOLD])
            self.assertRaises((EOFError, ConnectionError), client.read)
        self.all_back(gate)

    def test_ban(self):
        gate = self.start_gate(self.config(**rule("ban")))
        with Asker(gate.address, source="127.71.1.1") as client:
            client.ask(query(NO))
            self.assertEqual(self.outcomes(client, 1)[0][0], 1148)
            self.assertRaises((EOFError, ConnectionError), client.read)
        self.assertEqual(gate.status()["bans"], 1)
        with self.assertRaises((wire.ServerError, EOFError, ConnectionError)):
            Asker(gate.address, source="127.71.1.1")
        Asker(gate.address, source="127.71.2.1").sock.close()
        self.all_back(gate)

    def test_delay_and_allow(self):
        gate = self.start_gate(self.config(
            shape={"enforce": True}, rule=[
                {"name": "slowly", "digest": NO, "action": "delay", "delay": "500ms"},
                {"name": "this one may", "regex": "benchmark", "action": "allow"}]))
        with Asker(gate.address) as client:
            began = time.monotonic()
            self.assertIsNone(client.error(NO))
            self.assertGreater(time.monotonic() - began, 0.4)
            self.assertIsNone(client.error("SELECT benchmark(10, 1)"))
            self.assertEqual(client.error("SELECT BENCHMARK(10, 1)")[:2], (1148, "42000"))
            self.assertEqual(client.query_value("SELECT 7"), "7")
        self.assertEqual(gate.count("shape_refuse"), 1)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
