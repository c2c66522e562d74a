"""The frame of tests in which every n-th call of a function fails under a gate that runs: a strike
while clients of all kinds are there, and then the books."""
import errno
import os
import subprocess
import time

import scenario
from attackers import Attackers, addresses
from faults import Faults
from gate import Gate
from probe import ask_until

SECONDS = 3.0  # of each fault
IDLE = 1.0
CROWD = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
         "ban_after": "off"}


class Faulty(scenario.Scenario):

    def faulty_gate(self, config=None, **options):
        """With a monitor, and the library in it; a bad network earns nobody a limit."""
        config = scenario.merged(self.config(
            monitor={}, known_good={"minutes": 1}, query={"deadline": "1s"}, source=CROWD,
            login={"failures": "off", "rate": "off"}), config or {})
        gate = Gate(config, **options)
        self.faults = Faults(gate.run_folder / "faults")
        self.addCleanup(self._end_gate, gate)
        return gate.start(env=self.faults.environment())

    def settle(self, gate):
        """Nobody is left, and the monitor is there; how many descriptors the gate has so."""
        self.all_back(gate)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["monitor"]["up"], 20),
                        gate.status()["monitor"])
        return gate.descriptors()

    def crowd(self, gate, seconds=SECONDS, during=None):
        """Clients of all kinds for so long; the app's report."""
        app = self.start_app(gate.address, pool=4, rate=20, timeout=5)
        kinds = [Attackers(kind, gate.address, addresses(10), workers, seconds + 5,
                           pause=0.05).start() for kind, workers in (("silent", 10), ("garbage", 2))]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if during:
                during()
            time.sleep(0.05)
        for kind in kinds:
            kind.stop()
        report = app.finish()
        self.assertIsNone(gate.process.poll(), f"the gate has ended: {gate.text()}")
        self.assertNotIn("hung", report.errors)
        return report

    def strike(self, gate, function, every, error=None):
        """(how many calls the fault has hit, the app's report)."""
        before = self.faults.failed(function)[1]
        app = self.start_app(gate.address, pool=2, rate=5, timeout=5)  # is in when it begins
        with self.faults.failing(function, every, error):
            report = self.crowd(gate)
            hit = self.faults.failed(function)[1] - before
        app.finish()
        self.assertGreater(hit, 0, "the fault did not happen")
        return hit, report

    def recovered(self, gate, before):
        """Somebody new gets in, everything is back, nobody spins; what there is to say of it."""
        heard, took = ask_until(gate.address, lambda h: h.what == "in", 20)
        self.assertIsNotNone(took, [h.what for h in heard])
        self.settle(gate)
        self.assertTrue(scenario.wait_for(lambda: gate.descriptors() <= before, 10),
                        f"{gate.descriptors()} descriptors, {before} before")
        cpu = gate.cpu()
        time.sleep(IDLE)
        cpu = gate.cpu() - cpu
        self.assertLess(cpu, IDLE / 4, "the gate spins")
        return f"in again after {took:.2f} s, idle {cpu:.2f} s CPU"

    def round(self, gate, function, every, error=None):
        name = f"{function} 1 in {every} {errno.errorcode.get(error, '')}"
        with self.subTest(name):
            before = self.settle(gate)
            counts = gate.status()["acted"]
            hit, report = self.strike(gate, function, every, error)
            after = self.recovered(gate, before)
            acted = gate.status()["acted"] - counts
            self.figures(name, f"{hit} failed; {report.summary()}; {after}; acted {dict(acted)}")

    def rounds(self, function, everies, errors=(None,)):
        gate = self.faulty_gate()
        for error in errors:
            for every in everies:
                self.round(gate, function, every, error)
        return gate

    @staticmethod
    def limit_data(gate, more=None):
        """Sets the running gate's soft RLIMIT_DATA to what it has and `more` bytes; None: none."""
        with open(f"/proc/{gate.pid()}/status", encoding="utf8") as lines:
            used = next(int(line.split()[1]) for line in lines if line.startswith("VmData:")) << 10
        owner = os.stat(f"/proc/{gate.pid()}")
        become = {} if os.geteuid() else {"user": owner.st_uid, "group": owner.st_gid,
                                          "extra_groups": []}
        limit = "unlimited" if more is None else used + more
        subprocess.run(["prlimit", f"--pid={gate.pid()}", f"--data={limit}:"], check=True, **become)
