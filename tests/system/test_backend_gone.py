#!/usr/bin/python3
"""backend-gone: whatever is wrong with the server, clients are told at once, and nobody restarts
anything when it is well again."""
import contextlib
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_good
import probe
import scenario
from faulty_backend import FaultyBackend
from gate import Gate
from statements import Asker

DEADLINE = 1.0  # [login] deadline
PROMPT = 1.0    # once the breaker is open
WELL_AGAIN = 5.0
FAREWELL = 2.0   # so long a server that greeted gets to end a login in order


class Gone(scenario.Scenario):

    def gate_for(self, address, **over):
        return self.start_gate(self.gone_config(address, **over))

    def gone_config(self, address, **over):
        return scenario.merged(self.config(
            gate={"backend": [f"{address[0]}:{address[1]}"]}, monitor={},
            source={"exempt": [probe.SOURCE]},
            login={"deadline": f"{DEADLINE:.0f}s"}), over)

    def up(self, gate):
        return gate.status()["backends"][0]["up"]

    def bad_and_well(self, name, gate, heal):
        """The server is broken by now: how clients hear of it; then how soon they are let in."""
        heard, opened = [], time.monotonic()
        while self.up(gate) and time.monotonic() - opened < 15:
            heard.append(probe.ask(gate.address))
            time.sleep(0.02)
        opened = time.monotonic() - opened
        self.assertFalse(self.up(gate), "the breaker did not open")
        after = []
        for _ in range(15):
            after.append(probe.ask(gate.address))
            time.sleep(0.1)
        heal()
        _, back = probe.ask_until(gate.address, lambda one: one.what == "in", 20)
        before = max((one.seconds for one in heard), default=0.0)
        self.figures(name, f"opened after {opened:.2f} s; slowest answer before {before:.2f} s, "
                     f"after {max(one.seconds for one in after):.2f} s; {after[-1].text!r}; "
                     f"back after {back} s")
        for one in heard:
            self.assertTrue(one.clear, one)
            self.assertLess(one.seconds, DEADLINE + 1.0, one)
        for one in after:
            self.assertEqual(one.what, 1105, one)
            self.assertTrue(one.text)
            self.assertLess(one.seconds, PROMPT, one)
        self.assertIsNotNone(back, "it did not recover by itself")
        self.assertLess(back, WELL_AGAIN)
        self.assertTrue(scenario.wait_for(lambda: self.up(gate), 3))
        self.all_back(gate)


class BackendGone(Gone):

    def test_control(self):
        """Without a gate a frozen server leaves its clients hanging."""
        self.db.process.send_signal(signal.SIGSTOP)
        try:
            heard = probe.ask(self.db.address, timeout=4)
        finally:
            self.db.process.send_signal(signal.SIGCONT)
        self.assertEqual(heard.what, "hang")

    def test_down(self):
        gate = self.gate_for(self.db.address)
        self.db.end_process()
        self.bad_and_well("down", gate, self.db.start)

    def test_frozen(self):
        gate = self.gate_for(self.db.address)
        self.db.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.db.process.send_signal, signal.SIGCONT)
        self.bad_and_well("frozen", gate,
                          lambda: self.db.process.send_signal(signal.SIGCONT))

    def test_frozen_under_load(self):
        """Those who are in hang with the server; those who come are told."""
        gate = self.gate_for(self.db.address)
        clients = [Asker(gate.address, "app", f"127.0.0.{i + 10}") for i in range(10)]
        for client in clients:
            self.addCleanup(client.sock.close)
        self.db.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.db.process.send_signal, signal.SIGCONT)

        def heal():
            self.db.process.send_signal(signal.SIGCONT)
            for client in clients:  # as if nothing had been
                with contextlib.suppress(EOFError, OSError):
                    self.assertEqual(client.query_value("SELECT 'on'"), "on")
                client.sock.close()
        self.bad_and_well("frozen under load", gate, heal)

    def test_what_listens_is_no_server(self):
        """The same port, by turns: nobody listens, silence, garbage."""
        with FaultyBackend(self.db.address) as backend:
            gate = self.gate_for(backend.address)
            for mode in ("closed", "silent", "garbage"):
                with self.subTest(mode):
                    backend.set(mode)
                    self.bad_and_well(mode, gate, lambda: backend.set("pass"))

    def half_a_server(self, mode, times, at_most):
        """It greets, so it may be there: each client tries, and is told."""
        with FaultyBackend(self.db.address) as backend:
            gate = self.gate_for(backend.address)
            backend.set(mode)
            heard = [probe.ask(gate.address) for _ in range(times)]
            backend.set("pass")
            _, back = probe.ask_until(gate.address, lambda one: one.what == "in", 20)
            self.figures(mode, f"slowest answer {max(one.seconds for one in heard):.2f} s; "
                         f"{heard[-1].text!r}; back after {back} s")
            for one in heard:
                self.assertTrue(one.clear, one)
                self.assertLess(one.seconds, at_most, one)
            self.assertIsNotNone(back)
            self.assertLess(back, WELL_AGAIN)
            self.all_back(gate)

    def test_it_greets_and_hangs_up(self):
        self.half_a_server("hangs_up", 30, PROMPT)

    def test_it_greets_and_stalls(self):
        self.half_a_server("stalls", 3, DEADLINE + FAREWELL + 0.9)

    def test_a_dead_server_is_left_alone(self):
        """Hundreds of clients come; the gate asks the server a few times a second at most."""
        with FaultyBackend(self.db.address) as backend:
            gate = self.gate_for(backend.address)
            backend.set("garbage")
            self.assertTrue(scenario.wait_for(
                lambda: probe.ask(gate.address).clear and not self.up(gate), 15))
            before, began, heard = backend.accepted, time.monotonic(), 0
            while time.monotonic() - began < 3:
                heard += probe.ask(gate.address).what == 1105
            asked = backend.accepted - before
            self.figures("left alone", f"{heard} clients told, the server asked {asked} times")
            self.assertGreater(heard, 50)
            self.assertLess(asked, 20)
            backend.set("pass")
            self.assertIsNotNone(probe.ask_until(gate.address, lambda one: one.what == "in",
                                                 WELL_AGAIN)[1])
            self.all_back(gate)


class OutOfConnections(scenario.Scenario):
    max_connections = 20

    def test_others_hold_everything(self):
        """Connections beside the gate fill the server: told after the queue, in when they go."""
        gate = self.start_gate(self.config(monitor={}, waiting={"queue": "1s"},
                                           slots={"max_connections": "auto"}))
        others = []
        with contextlib.suppress(Exception):
            for _ in range(self.max_connections + 1):
                others.append(Asker(self.db.address, "many"))
        self.addCleanup(lambda: [other.sock.close() for other in others])
        self.assertGreater(len(others), 10)
        heard = [probe.ask(gate.address) for _ in range(4)]
        self.figures("others hold everything", f"{[(one.what, one.seconds) for one in heard]}; "
                     f"{gate.status()['slots']}")
        for one in heard:
            self.assertEqual(one.what, 1040, one)
            self.assertLess(one.seconds, 1.0 + PROMPT, one)
        for other in others:
            other.sock.close()
        _, back = probe.ask_until(gate.address, lambda one: one.what == "in", 20)
        self.assertIsNotNone(back)
        self.assertLess(back, WELL_AGAIN)
        self.all_back(gate)


class StartedDuringAnOutage(Gone):

    def started_without(self, path):
        """A gate that never saw its server, with a copy of that state file."""
        gate = Gate(self.gone_config(self.db.address, known_good={"state": str(path)}))
        self.addCleanup(self._end_gate, gate)
        gate.start(wait=False)
        self.assertTrue(scenario.wait_for(
            lambda: probe.ask(gate.address).what != "unreachable", 10))
        return gate

    def test_the_greeting_is_remembered(self):
        path = known_good.folder(self) / "state"
        before = self.gate_for(self.db.address, known_good={"state": str(path)})
        greeted = probe.ask(before.address)
        self.assertEqual(greeted.what, "in")
        before.stop()
        self.assertTrue((known_good.read(path) or {}).get("greetings"), "nothing was written")
        self.db.end_process()
        try:
            gate = self.started_without(path)
            heard = [probe.ask(gate.address) for _ in range(3)]
        finally:
            self.db.start()
        for one in heard:
            self.assertEqual((one.what, one.greeting), (1105, greeted.greeting), one)
            self.assertLess(one.seconds, DEADLINE + 1.0)
        _, back = probe.ask_until(gate.address, lambda one: one.what == "in", 20)
        self.assertIsNotNone(back)
        self.assertLess(back, WELL_AGAIN)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
