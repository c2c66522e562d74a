#!/usr/bin/python3
"""change-user: each COM_CHANGE_USER counts as a login; a failed one ends the connection."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import addresses
from scenario import APP_CLASS


class ChangeUser(scenario.Scenario):

    def test_control(self):
        bare = self.bare("change-user", addresses(10), 10)
        self.assertGreaterEqual(bare.counts["still_in"], 5, "MariaDB keeps the previous user")

    def test_loops_from_120(self):
        gate = self.start_gate(self.config(**{
            "class": [APP_CLASS], "known_good": {"minutes": 1}, "login": {"rate": "60/s"}}))
        outcome = self.under(gate, "change-user", addresses(120), 120, seconds=6)
        self.hold("120 from 120", gate, outcome, slots=60 - 5 - APP_CLASS["reserve"])
        self.assertGreater(outcome.counts["changed"], 0)
        self.assertGreater(outcome.counts["change_failed"], 0)
        self.assertEqual(outcome.counts["still_in"], 0)
        logins = outcome.counts["ok"] + outcome.counts["changed"] + outcome.counts["err_1045"]
        self.assertLess(logins, 60 * 10, "change user went past the login rate")

    def test_becomes_the_other_user(self):
        gate = self.start_gate()
        with wire.Blocking(gate.address, "127.0.0.33") as client:
            client.login("weak", "weak-secret", "shop")
            client.send(0, wire.change_user_payload("many", b"", "shop"))
            client.auth("many-secret")
            self.assertEqual(client.query_value("SELECT CURRENT_USER()"), "many@%")

    def test_one_right_behind_another_has_a_deadline_of_its_own(self):
        """Sent with what ends the first one, so that the session never rests between them."""
        gate = self.start_gate(self.config(login={"deadline": "2s"}))
        with wire.Blocking(gate.address, "127.0.0.33") as client:
            client.login("weak", "weak-secret", "shop")
            client.send(0, wire.change_user_payload("weak", b"", "shop"))
            sequence, switch = client.read()
            answer = wire.scramble("weak-secret", wire.switch_salt(switch))
            client.sock.sendall(wire.packet(sequence + 1, answer) +
                                wire.packet(0, wire.change_user_payload("many", b"", "shop")))
            self.assertEqual(client.read()[1][:1], b"\0")
            self.assertEqual(client.read()[1][:1], b"\xfe")
            self.assertTrue(scenario.wait_for(lambda: gate.count("login_deadline") == 1, 8))
        self.all_back(gate)

    def test_failed_one_is_closed_with_the_servers_error(self):
        gate, answers = self.start_gate(), []
        for target in (self.db.address, gate.address):
            with wire.Blocking(target, "127.0.0.33") as client:
                client.login("weak", "weak-secret", "shop")
                client.send(0, wire.change_user_payload("many", b"", "shop"))
                with self.assertRaises(wire.ServerError) as caught:
                    client.auth("wrong")
                answers.append((caught.exception.code, caught.exception.sqlstate,
                                caught.exception.text))
                if target == gate.address:
                    with self.assertRaises((EOFError, ConnectionError)):
                        client.query_value("SELECT CURRENT_USER()")
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(gate.count("change_user_failed"), 1)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
