#!/usr/bin/python3
"""long-data: parameters without end, headers of 16 MB, claims of a gigabyte: caps, and no memory."""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import addresses
from statements import COM_STMT_LONG_DATA, LARGEST, Asker, packets, query

MEBIBYTE = scenario.MEBIBYTE
TOO_LARGE = (1153, "08S01")


class LongData(scenario.Scenario):
    max_connections = 150  # the attackers are not to fill the slots: that is another scenario

    @staticmethod
    def send(client, data):
        """Whoever is closed while he still sends learns it there."""
        try:
            client.ask(data)
        except ConnectionError:
            pass

    def ended(self, client):
        """The ERR it is told before the end; None when only a reset came, as servers do it, too."""
        try:
            payload = client.read()[1]
        except (EOFError, ConnectionError):
            return None
        error = wire.ServerError(payload)
        self.assertEqual((error.code, error.sqlstate), TOO_LARGE)
        self.assertRaises((EOFError, ConnectionError), client.read)
        return error

    def test_long_data_without_end(self):
        gate = self.start_gate(self.guarded({"packet": "4MiB"}))
        outcome = self.under(gate, "long-data", addresses(50), 60, seconds=6)
        self.hold("long data", gate, outcome, slots=60, memory=24 * MEBIBYTE)
        self.assertGreater(outcome.status["acted"]["packet_too_large"], 20)
        self.assertGreater(outcome.counts["mebibytes"], 60)

    def test_headers_of_16_megabytes(self):
        """They promise a gigabyte; with a limit below that their first header is too much."""
        gate = self.start_gate(self.guarded({"packet": "4MiB"}))
        outcome = self.under(gate, "huge-header", addresses(50), 60, seconds=5)
        self.hold("huge headers", gate, outcome, slots=60, memory=24 * MEBIBYTE)
        self.assertGreater(outcome.status["acted"]["packet_too_large"], 20)

    def test_a_gigabyte_by_default(self):
        """What the server takes goes through; it says itself when it is too much."""
        config = self.config(**{"class": [scenario.APP_CLASS]})
        gate = self.start_gate(config)
        outcome = self.under(gate, "huge-header", addresses(20), 6, seconds=6)
        self.hold("a gigabyte", gate, outcome, slots=20, memory=24 * MEBIBYTE)
        self.assertGreater(outcome.counts["sent"], 40 * MEBIBYTE)

    def test_auto_is_the_servers_own(self):
        self.db.query("SET GLOBAL max_allowed_packet = 1048576")
        try:
            gate = self.start_gate(self.guarded({}))
            with Asker(gate.address) as client:
                self.assertIsNone(client.error(f"SELECT LENGTH('{'x' * 900000}')"))
                self.send(client, query(f"SELECT LENGTH('{'x' * 1200000}')"))
                self.ended(client)
            self.assertEqual(gate.count("packet_too_large"), 1)
            self.all_back(gate)
        finally:
            self.db.query("SET GLOBAL max_allowed_packet = 134217728")

    def test_it_takes_the_place_of_a_statement_that_runs(self):
        limits = {"class_running": 1, "wait": "1s"}
        gate = self.start_gate(self.guarded(limits))
        piece = bytes(1 << 20)
        with Asker(gate.address) as sender, Asker(gate.address) as other:
            head = struct.pack("<BIH", COM_STMT_LONG_DATA, sender.prepare("SELECT LENGTH(?)"), 0)
            message = packets(head + piece)
            self.runs(gate, 0)  # the prepare no more
            sender.ask(message[:100000])
            self.runs(gate, 1)
            self.assertEqual(other.error("SELECT 1")[0], 1226)
            sender.ask(message[100000:])
            self.assertEqual(other.query_value("SELECT 1"), "1")
            self.assertEqual(sender.query_value("SELECT 'alive'"), "alive")
        self.assertEqual(gate.count("class_running"), 1)
        self.all_back(gate)

    def runs(self, gate, count):
        self.assertTrue(scenario.wait_for(
            lambda: gate.status()["statements"]["running"] == count, 5), gate.status()["statements"])

    def test_at_the_limit(self):
        """A command may be as long as the limit; a statement's long data likewise, in all."""
        gate = self.start_gate(self.guarded({"packet": "64KiB"}))
        with Asker(gate.address) as client:
            sql = "SELECT LENGTH('{}')"
            fits = 65536 - 1 - len(sql.format(""))
            self.assertIsNone(client.error(sql.format("x" * fits)))
            self.assertEqual(client.query_value("SELECT 'alive'"), "alive")
            statement = client.prepare("SELECT LENGTH(?)")
            head = struct.pack("<BIH", COM_STMT_LONG_DATA, statement, 0)
            for _ in range(6):
                client.ask(packets(head + bytes(10000)))
            self.assertEqual(client.query_value("SELECT 'alive'"), "alive")
            self.send(client, packets(head + bytes(10000)))
            self.ended(client)
        with Asker(gate.address) as client:
            self.send(client, query(sql.format("x" * (fits + 1))))
            self.ended(client)
        with Asker(gate.address) as client:  # claimed, and hardly any of it sent
            self.send(client, struct.pack("<I", LARGEST)[:3] + b"\0\x03" + b"x" * 70000)
            self.ended(client)
        self.assertEqual(gate.count("packet_too_large"), 3)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
