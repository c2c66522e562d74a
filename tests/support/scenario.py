"""The frame of a system test: a private MariaDB, the real gate, the app, an attack, the verdict.

Each scenario states its config and its attack; hold() asserts what must always hold: every
operation of the app succeeded, the attackers held no backend slot (or at most what the scenario
grants), the gate's memory and descriptors stayed bounded, and every slot came back.
"""
import dataclasses
import os
import sys
import time
import unittest

from app import App, AppReport
from attackers import Attackers
from gate import Gate
from private_mariadb import PrivateMariadb

SKIPPED = 77  # the exit status that CTest maps to "Skipped"
MEBIBYTE = 1 << 20
APP_SOURCE = "127.0.0.10"
NO_LIMIT = ("wait", "inspect", "all", "enforce", "digests")  # keys of [query] that are none
APP_CLASS = {"name": "shop", "sources": [f"{APP_SOURCE}/32"], "users": ["app"], "reserve": 20}


def merged(base, over):
    """`over` laid over `base`, table by table."""
    out = dict(base)
    for name, table in over.items():
        out[name] = {**base.get(name, {}), **table} if isinstance(table, dict) else table
    return out


def wait_for(condition, seconds=10.0, step=0.05):
    """True as soon as condition() is, False when it was not in `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(step)
    return True


@dataclasses.dataclass
class Outcome:
    """What one attack did."""
    counts: dict = dataclasses.field(default_factory=dict)
    app: AppReport = dataclasses.field(default_factory=AppReport)
    slots: int = 0         # the most backend sessions of attackers seen at once
    descriptors: int = 0   # the gate's, at most
    memory: int = 0        # bytes the gate grew by, at most
    cpu: float = 0.0       # seconds the gate used
    seconds: float = 0.0
    status: dict = dataclasses.field(default_factory=dict)  # the gate's, during the attack
    answer_ms: float = 0.0  # the slowest answer of the admin socket

    def summary(self):
        acted = {k: v for k, v in self.status.get("acted", {}).items() if v}
        return (f"{self.app.summary()}; attackers {dict(self.counts)}, slots {self.slots}; gate "
                f"{self.descriptors} fds, +{self.memory / MEBIBYTE:.1f} MiB, {self.cpu:.2f} s CPU "
                f"in {self.seconds:.1f} s, admin {self.answer_ms:.0f} ms; acted {acted}")


class Scenario(unittest.TestCase):
    """One MariaDB for the class, a fresh gate for each test."""
    max_connections = 60
    db_options = ("--proxy-protocol-networks=127.0.0.0/8",)
    database_keys = {}  # of PrivateMariadb, beside those two
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.db = PrivateMariadb(cls.max_connections, cls.db_options, **cls.database_keys).start()
        cls.addClassCleanup(cls.db.stop)

    def config(self, **over):
        """What attack tests start from: nobody is exempt from anything."""
        host, port = self.db.address
        return merged({
            "gate": {"backend": [f"{host}:{port}"], "proxy_to_backend": "v2"},
            "slots": {"max_connections": self.max_connections},
            "source": {"never_ban": [], "exempt": []},
        }, over)

    def guarded(self, query, **over):
        """config() with `query` as [query] for all but the app's class, and with a monitor."""
        free = {key: "off" for key in query if key not in NO_LIMIT}
        app = {**APP_CLASS, "query": free} if free else APP_CLASS
        return merged(self.config(query=query, monitor={}, **{"class": [app]}), over)

    def start_gate(self, config=None, **options):
        gate = Gate(self.config() if config is None else config, **options).start()
        self.addCleanup(self._end_gate, gate)
        return gate

    def _end_gate(self, gate):
        result = self._outcome.result if self._outcome else None
        failed = result is not None and any(t is self for t, _ in result.failures + result.errors)
        if failed and gate.process and gate.log.exists():
            print(f"--- end of the gate's log\n{gate.text()[-2500:]}\n---")
        gate.stop(quiet=failed)

    def start_app(self, target, **options):
        app = App(target, **options).start()
        self.addCleanup(app.finish_quietly)
        return app

    def bare(self, kind, sources, workers, seconds=2.0, **options):
        """The control: the same attack on the server itself."""
        app = self.start_app(self.db.address, timeout=3)
        aborted = self.db.status("Aborted_connects")
        attackers = Attackers(kind, self.db.address, sources, workers, seconds + 5, **options)
        attackers.start()
        outcome, until = Outcome(), time.monotonic() + seconds
        while time.monotonic() < until:
            outcome.slots = max(outcome.slots, self._held_by(set(sources)))
            time.sleep(0.1)
        outcome.counts = attackers.stop()
        outcome.app = app.finish()
        outcome.status["aborted"] = self.db.status("Aborted_connects") - aborted
        self.figures("control, no gate", outcome)
        self.assertTrue(wait_for(lambda: not self.db.sessions(), 20), self.db.sessions())
        return outcome

    def _held_by(self, sources):
        return sum(host in sources for _, _, host in self.db.sessions())

    def under(self, gate, kind, sources, workers, seconds=5.0, app=None, watch=None, **options):
        """The attack on the gate, with the app beside it. `watch()` is called all the while."""
        app = app or self.start_app(gate.address)
        attackers = Attackers(kind, gate.address, sources, workers, seconds + 10, **options)
        outcome = Outcome()
        memory, cpu, began = gate.memory(), gate.cpu(), time.monotonic()
        attackers.start()
        while time.monotonic() < began + seconds:
            asked = time.monotonic()
            outcome.status = gate.status()
            outcome.answer_ms = max(outcome.answer_ms, (time.monotonic() - asked) * 1000)
            outcome.slots = max(outcome.slots, self._held_by(set(sources)))
            outcome.descriptors = max(outcome.descriptors, gate.descriptors())
            outcome.memory = max(outcome.memory, gate.memory() - memory)
            if watch:
                watch()
            time.sleep(0.05)
        outcome.cpu, outcome.seconds = gate.cpu() - cpu, time.monotonic() - began
        outcome.status = gate.status()
        outcome.counts = attackers.stop()
        outcome.app = app.finish()
        return outcome

    def hold(self, name, gate, outcome, slots=0, memory=64 * MEBIBYTE, descriptors=5000):
        """What must hold under every attack; prints the figures first."""
        self.figures(name, outcome)
        self.assertGreater(outcome.counts["opened"], 0, "the attack did not take place")
        self.assertEqual(outcome.app.failed, 0, outcome.app.errors)
        self.assertGreater(outcome.app.pooled, 50)
        self.assertGreater(outcome.app.opened, 10)
        self.assertLessEqual(outcome.slots, slots, "backend slots held by attackers")
        self.assertLess(outcome.memory, memory, "the gate's memory")
        self.assertLess(outcome.descriptors, descriptors, "the gate's descriptors")
        self.all_back(gate)

    def all_back(self, gate, seconds=10):
        """Nobody is left: no lease, no pending, no session at the server."""
        def empty():
            status = gate.status()
            return not (status["slots"]["leases"] or status["slots"]["orphans"] or
                        status["pending"]["now"] or status["waiting"]["now"] or
                        status["logins"]["now"] or status["connections"])
        if not wait_for(empty, seconds):
            self.fail(f"not everything came back: {gate.status()}")
        self.assertTrue(wait_for(lambda: not self.db.sessions(), 5), self.db.sessions())

    def figures(self, name, outcome):
        text = outcome if isinstance(outcome, str) else outcome.summary()
        print(f"figures {type(self).__name__} {name}: {text}", flush=True)


def needs_root():
    return unittest.skipUnless(os.geteuid() == 0, "needs root, for network namespaces")


def takes_all_descriptors():
    """UBSan looks at an object's type through a pipe, and knows none where there is no pipe."""
    return unittest.skipIf("undefined" in os.environ.get("HEADGATE_SANITIZED", ""),
                           "the sanitizer needs descriptors itself")


def main():
    """Runs the file's tests. A skipped test makes the whole file count as skipped, not as shown."""
    program = unittest.main(verbosity=2, exit=False)
    if not program.result.wasSuccessful():
        sys.exit(1)
    if program.result.skipped:
        for test, why in program.result.skipped:
            print(f"SKIPPED {test}: {why}")
        sys.exit(SKIPPED)
    sys.exit(0 if program.result.testsRun else 1)
