#!/usr/bin/python3
"""slow-reader: huge results that nobody takes; the gate keeps none of it and ends the connection."""
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses
from statements import Asker, query

MEBIBYTE = scenario.MEBIBYTE
HUGE = "SELECT REPEAT(MD5(seq), 1000) /* slow reader */ FROM seq_1_to_1000000"  # 32 GB
LARGE = "SELECT REPEAT(MD5(seq), 1000) /* slow reader */ FROM seq_1_to_1000"    # 32 MB


class SlowReader(scenario.Scenario):
    max_connections = 150  # the attackers are not to fill the slots: that is another scenario

    def asked(self, gate, sql):
        client = Asker(gate.address, source="127.51.1.1")
        self.addCleanup(client.sock.close)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.ask(query(sql))
        return client

    def test_from_many_sources(self):
        gate = self.start_gate(self.guarded({"stalled_read": "1s"}))
        outcome = self.under(gate, "slow-reader", addresses(50), 40, seconds=7, sql=HUGE)
        self.hold("many", gate, outcome, slots=40, memory=24 * MEBIBYTE)
        self.assertGreater(outcome.status["acted"]["stalled_read"], 20)

    def test_its_thread_is_gone(self):
        """While the client still sits there."""
        gate = self.start_gate(self.guarded({"stalled_read": "1s"}))
        self.asked(gate, HUGE)
        self.assertTrue(scenario.wait_for(lambda: self.db.running("slow reader"), 5))
        began = time.monotonic()
        self.assertTrue(scenario.wait_for(lambda: not self.db.sessions(), 8), self.db.sessions())
        self.figures("thread", f"gone after {time.monotonic() - began:.2f} s")
        self.assertEqual(gate.count("stalled_read"), 1)
        self.all_back(gate)

    def test_slow_but_steady(self):
        """Who takes a little all the time is let alone, however long it takes."""
        gate = self.start_gate(self.guarded({"stalled_read": "2s"}))
        client = self.asked(gate, LARGE)
        before, taken, began = gate.memory(), 0, time.monotonic()
        while taken < 32_000_000:
            taken += len(client.exactly(200_000))
            time.sleep(0.05)
        self.figures("steady", f"{taken} bytes in {time.monotonic() - began:.1f} s")
        self.assertLess(gate.memory() - before, 24 * MEBIBYTE)
        self.assertEqual(gate.count("stalled_read"), 0)
        client.sock.close()
        self.all_back(gate)

    def test_off_by_default(self):
        gate = self.start_gate(self.guarded({}))
        client = self.asked(gate, LARGE)
        time.sleep(3)
        self.assertEqual(len(client.answer()), 1000)
        client.sock.close()
        self.all_back(gate)

    def test_a_result_larger_than_allowed(self):
        """[query] result: the statement is killed, the connection lives."""
        gate = self.start_gate(self.guarded({"result": "1MiB"}))
        with Asker(gate.address) as client:
            code, state, _ = client.error(HUGE)
            self.assertEqual((code, state), (1317, "70100"))
            self.assertEqual(client.query_value("SELECT 'alive'"), "alive")
            self.assertIsNone(client.error("SELECT REPEAT('x', 900000)"))
        self.assertEqual(gate.count("result_size"), 1)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
