#!/usr/bin/python3
"""bans: the operator's ban, bans and unban through the command line, and what a ban does."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire

GUEST = "127.61.0.7"


class Bans(scenario.Scenario):

    def outcome(self, gate, source=GUEST):
        try:
            with wire.Blocking(gate.address, source) as client:
                client.login("app", "app-secret")
                return "in"
        except wire.ServerError as error:
            return error.code
        except (EOFError, ConnectionError):
            return "closed"

    def test_ban_and_unban(self):
        gate = self.start_gate()
        self.assertEqual(self.outcome(gate), "in")
        self.assertEqual(gate.cli("ban", GUEST, "10m")[0], 0)
        self.assertEqual(self.outcome(gate), 1040)
        self.assertEqual(self.outcome(gate, "127.61.0.8"), "in", "the neighbour is banned, too")
        status, out, _ = gate.cli("bans", "--json")
        self.assertEqual(status, 0)
        listed = json.loads(out)
        self.assertIn(GUEST, json.dumps(listed))
        self.assertIn(GUEST, gate.cli("bans")[1])
        self.assertEqual(gate.status()["bans"], 1)
        self.assertGreaterEqual(gate.count("banned"), 1)
        self.assertEqual(gate.cli("unban", GUEST)[0], 0)
        self.assertEqual(self.outcome(gate), "in")
        self.assertEqual(gate.cli("unban", GUEST)[0], 1, "nothing to unban: the answer is no")

    def test_unban_all(self):
        gate = self.start_gate()
        for last in range(1, 6):
            self.assertEqual(gate.cli("ban", f"127.61.1.{last}")[0], 0)
        self.assertEqual(gate.status()["bans"], 5)
        self.assertEqual(gate.cli("unban", "all")[0], 0)
        self.assertEqual(gate.status()["bans"], 0)
        self.assertEqual(self.outcome(gate, "127.61.1.1"), "in")

    def test_a_ban_ends_what_the_source_has(self):
        gate = self.start_gate()
        with wire.Blocking(gate.address, GUEST) as client:
            client.login("app", "app-secret")
            self.assertEqual(gate.cli("ban", GUEST, "1m")[0], 0)
            with self.assertRaises((EOFError, ConnectionError, wire.ServerError)):
                client.query_value("SELECT 1")
        self.all_back(gate)

    def test_wrong_usage(self):
        gate = self.start_gate()
        self.assertEqual(gate.cli("ban", "not-an-address")[0], 2)
        self.assertEqual(gate.cli("ban", GUEST, "soon")[0], 2)
        self.assertEqual(gate.cli("status", "--socket", "/nowhere.sock", socket_path=False)[0], 1)

    def test_status_in_text_and_json(self):
        gate = self.start_gate()
        status, out, _ = gate.cli("status", "--json")
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(out)["slots"]["capacity"], self.max_connections - 5)
        status, out, _ = gate.cli("status")
        self.assertEqual(status, 0)
        self.assertIn("slots", out)


if __name__ == "__main__":
    scenario.main()
