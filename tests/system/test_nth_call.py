#!/usr/bin/python3
"""Every n-th call of one function fails under the running gate, then none does any more: nothing of
anybody has stayed behind, and the gate serves."""
import errno
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers, addresses
from faults import Faults
from gate import Gate
from probe import ask_until

SECONDS = 3.0  # of each fault
IDLE = 1.0


class Faulty(scenario.Scenario):
    """One gate with the library in it for each test."""

    def faulty_gate(self, **over):
        config = scenario.merged(self.config(
            monitor={}, known_good={"minutes": 1}, query={"deadline": "1s"},
            login={"failures": "off", "rate": "off"},
            source={"connect_rate": "off", "connections": "off", "prefix_connections": "off",
                    "ban_after": "off"}), over)
        gate = Gate(config)
        self.faults = Faults(gate.run_folder / "faults")
        self.addCleanup(self._end_gate, gate)
        return gate.start(env=self.faults.environment())

    def settle(self, gate):
        """What the gate holds while nobody is there."""
        self.all_back(gate)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["monitor"]["up"], 15),
                        gate.status()["monitor"])
        return gate.descriptors()

    def strike(self, gate, function, every, error=None):
        """Clients of all kinds while the fault is on; how many calls it has hit."""
        app = self.start_app(gate.address, pool=4, rate=20, timeout=5)
        silent = Attackers("silent", gate.address, addresses(10), 10, SECONDS + 5).start()
        garbage = Attackers("garbage", gate.address, addresses(10), 2, SECONDS + 5,
                            pause=0.05).start()
        before = self.faults.failed(function)[1]
        with self.faults.failing(function, every, error):
            time.sleep(SECONDS)
            hit = self.faults.failed(function)[1] - before
        silent.stop()
        garbage.stop()
        report = app.finish()
        self.assertIsNone(gate.process.poll(), f"the gate has ended: {gate.text()}")
        self.assertNotIn("hung", report.errors)
        return hit, report

    def round(self, gate, function, every, error=None):
        """A strike, and then: everything is back, somebody new gets in, nobody spins."""
        before = self.settle(gate)
        counts = gate.status()["acted"]
        hit, report = self.strike(gate, function, every, error)
        with self.subTest(function, every=every, error=error and errno.errorcode[error]):
            self.assertGreater(hit, 0, "the fault did not happen")
            heard, took = ask_until(gate.address, lambda h: h.what == "in", 20)
            self.assertIsNotNone(took, [h.what for h in heard])
            self.settle(gate)
            self.assertTrue(scenario.wait_for(lambda: gate.descriptors() <= before, 10),
                            f"{gate.descriptors()} descriptors, {before} before")
            cpu = gate.cpu()
            time.sleep(IDLE)
            cpu = gate.cpu() - cpu
            self.assertLess(cpu, IDLE / 4, "the gate spins")
            acted = gate.status()["acted"] - counts
            self.figures(f"{function} 1 in {every}", f"{hit} failed; {report.summary()}; in again "
                         f"after {took:.2f} s; idle {cpu:.2f} s CPU; acted {dict(acted)}")

    def rounds(self, function, everies, errors=(None,), **over):
        gate = self.faulty_gate(**over)
        for error in errors:
            for every in everies:
                self.round(gate, function, every, error)
        return gate


class Accept(Faulty):

    def test_out_of_descriptors(self):
        self.rounds("accept4", (1, 2, 5))

    def test_the_client_has_gone(self):
        self.rounds("accept4", (2, 3), (errno.ECONNABORTED,))

    def test_for_no_known_reason(self):
        """Nobody can be taken, and no resource is missing: the gate waits, and says so."""
        gate = self.rounds("accept4", (1,), (errno.EPERM,))
        self.assertGreater(gate.count("accept_failed"), 0)
        self.assertIn("accept", gate.text())


class Sockets(Faulty):

    def test_socket(self):
        self.rounds("socket", (1, 2, 3))

    def test_connect(self):
        self.rounds("connect", (1, 2, 3), (errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EADDRNOTAVAIL))

    def test_epoll(self):
        gate = self.rounds("epoll_add", (1, 2, 3), (errno.ENOSPC, errno.ENOMEM))
        self.assertGreater(gate.count("descriptors"), 0, "a client left without a reason")


class Bytes(Faulty):

    def test_send(self):
        self.rounds("send", (2, 7, 31), (errno.ENOBUFS, errno.ECONNRESET))

    def test_sendmsg(self):
        """The admin socket's answers, and what systemd is told."""
        gate = self.faulty_gate()
        for every in (1, 2, 3):
            with self.faults.failing("sendmsg", every):
                for _ in range(10):
                    try:
                        gate.status()
                    except OSError:
                        pass
        self.round(gate, "recv", 11)

    def test_recv(self):
        self.rounds("recv", (2, 7, 31), (errno.ENOMEM, errno.ECONNRESET))


class Memory(Faulty):

    def test_new(self):
        gate = self.rounds("new", (1009, 211, 53))
        self.assertGreater(gate.count("memory"), 0)


if __name__ == "__main__":
    scenario.main()
