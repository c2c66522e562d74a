#!/usr/bin/python3
"""garbage: what is no login packet ends with an ERR or a close, and is never passed through."""
import collections
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import GARBAGE, addresses, garbage_bytes


class Garbage(scenario.Scenario):

    def test_control(self):
        bare = self.bare("garbage", addresses(120), 150)
        self.assertGreater(bare.status["aborted"], 100)

    def test_150_from_120(self):
        """The application is in no class and not known yet, so that an attack would bind it: a quick
        host's attackers are refused more than 500 times a second."""
        self.garbage("150 from 120", **{"pressure.attack.when": {"refusals": "off"}})

    def test_an_attack(self):
        self.garbage("an attack", **{"pressure.elevated.when": {"refusals": "20/s"},
                                     "pressure.attack.when": {"refusals": "50/s"},
                                     "class": [scenario.APP_CLASS]})

    def garbage(self, name, **over):
        gate = self.start_gate(self.config(pending={"deadline": "2s"}, **over))
        aborted = self.db.status("Aborted_connects")
        outcome = self.under(gate, "garbage", addresses(120), 150, seconds=5)
        self.hold(name, gate, outcome)
        self.assertEqual(outcome.counts["ok"], 0)
        self.assertEqual(self.db.status("Aborted_connects"), aborted, "something passed through")

    def test_each_kind(self):
        gate = self.start_gate(self.config(pending={"deadline": "1s"}))
        connections, answers = self.db.status("Connections"), []
        told = collections.Counter()
        for kind in GARBAGE:
            with self.subTest(kind), wire.Blocking(gate.address, "127.30.1.1", 4) as client:
                client.greeting()
                began = time.monotonic()
                try:
                    client.sock.sendall(garbage_bytes(kind))
                    answer = b""
                    while chunk := client.sock.recv(4096):
                        answer += chunk
                except (BrokenPipeError, ConnectionResetError):
                    answer = b"reset"
                self.assertLess(time.monotonic() - began, 3)
                self.assertFalse(answer[4:5] == b"\0", f"{kind} was let in")
                answers.append(f"{kind}: {answer[7:].decode('utf8', 'replace') or 'closed'}")
                self.assertTrue(scenario.wait_for(lambda: not gate.status()["connections"], 3))
                before, told = told, gate.status()["acted"]
                because = [reason for reason in told if told[reason] > before[reason]]
                self.assertEqual(len(because), 1, f"{kind}: {because}")
                self.assertNotEqual(because, ["client_closed"], kind)
        self.figures("each kind", "; ".join(answers))
        self.assertEqual(self.db.status("Connections"), connections)
        reasons = gate.status()["acted"]
        self.assertGreater(reasons["malformed_login"] + reasons["protocol_error"], 0)
        self.assertGreater(reasons["oversized_login"], 0)
        self.assertGreater(reasons["tls_not_offered"], 0)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
