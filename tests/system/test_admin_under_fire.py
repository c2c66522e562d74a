#!/usr/bin/python3
"""admin-under-fire: what operators look at and do is answered during every attack there is.

How fast is printed, and not asserted: the machine is shared with the attackers."""
import contextlib
import pathlib
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import scenario
import tls_attackers
from attackers import LIVES, Attackers, addresses, anywhere
from encrypted import Encrypted
from statements import HEAVY

SECONDS = 3
LOOKS = ("/status", "/explain?address=127.0.0.10&user=app", "/sources?limit=20",
         "/sources?sort=connections", "/sessions?limit=100", "/bans", "/digests?limit=20",
         "/waiting?limit=20", "/backends", "/config", "/metrics")
BANNED = {"address": "203.0.113.7"}
CROWD = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
         "ban_after": "off"}
COPY = "SELECT COUNT(*) /* stampede */ FROM items a, items b WHERE a.id < 3 AND b.id < 40"
HUGE = "SELECT REPEAT(MD5(seq), 1000) FROM seq_1_to_1000000"
LIMITS = {"running": 2, "class_running": 6, "busy": 0.5, "deadline": "1s", "digest_running": 3,
          "prepared": 50, "packet": "4MiB", "stalled_read": "1s"}

# By the scenario's name: the attackers' kind, how many of them, and what they are told.
BEFORE_LOGIN = {
    "silent": ("silent", 1000, {}), "drip": ("drip", 150, {}),
    "greeted": ("greeted", 200, {"pause": 0.005}), "garbage": ("garbage", 150, {}),
    "stalled_login": ("stalled-login", 150, {}), "short_answer": ("short-answer", 150, {}),
    "claimed_user": ("claimed-user", 150, {"users": ["app"]}),
    "bad_password": ("bad-password", 200, {}), "churn": ("churn", 100, {}),
    "table_full": ("connect-only", 200, {"roam": anywhere, "pause": 0.02}),
}
AFTER_LOGIN = {
    "change_user": ("change-user", 100, {}), "hoard": ("sit", 300, {}),
    "own_account": ("sit", 300, {"user": "app"}), "heavy": ("heavy", 40, {"sql": HEAVY}),
    "orphan": ("orphan", 60, {"sql": HEAVY}), "stampede": ("heavy", 200, {"sql": COPY}),
    "prepare_leak": ("prepare-leak", 100, {}), "long_data": ("long-data", 60, {}),
    "huge_header": ("huge-header", 60, {}), "slow_reader": ("slow-reader", 40, {"sql": HUGE}),
}
# The lives of tls_attackers.
TLS = {
    "silent": ("tls-silent", 150, {}), "half_open": ("tls-half-open", 150, {}),
    "drip": ("tls-drip", 100, {}), "garbage": ("tls-garbage", 100, {}),
    "handshakes": ("tls-handshakes", 40, {}), "stalled_login": ("tls-stalled-login", 100, {}),
}


class UnderFire(scenario.Scenario):
    max_connections = 150

    def ask(self, gate, method, path, body=None):
        began = time.monotonic()
        code, _ = gate.request(method, path, body)
        spent = (time.monotonic() - began) * 1000
        self.slowest[path] = max(self.slowest.get(path, 0.0), spent)
        self.asked += 1
        self.assertEqual(code, 200, path)

    def ask_all(self, gate):
        for path in LOOKS:
            self.ask(gate, "GET", path)
        self.ask(gate, "POST", "/ban", {**BANNED, "for": "1m"})
        self.ask(gate, "POST", "/unban", BANNED)
        self.ask(gate, "POST", "/reload")

    def begin(self):
        self.slowest, self.asked = {}, 0

    def told(self, name):
        path, spent = max(self.slowest.items(), key=lambda item: item[1])
        self.figures(name, f"{self.asked} questions answered, the slowest {path} {spent:.0f} ms")
        self.assertGreater(self.asked, 2 * len(LOOKS))

    def attack(self, name, gate, kind, workers, options, app=None):
        self.begin()
        outcome = self.under(gate, kind, addresses(120), workers, seconds=SECONDS, app=app,
                             watch=lambda: self.ask_all(gate), **options)
        self.told(name)
        self.assertGreater(outcome.counts["opened"], 0, "the attack did not take place")
        self.assertEqual(outcome.app.failed, 0, outcome.app.errors)


class BeforeLogin(UnderFire):

    def play(self, name, kind, workers, options):
        gate = self.start_gate(self.config(known_good={"minutes": 1}))
        self.attack(name, gate, kind, workers, options)


class AfterLogin(UnderFire):

    def play(self, name, kind, workers, options):
        self.attack(name, self.start_gate(self.guarded(LIMITS)), kind, workers, options)


class Tls(Encrypted, UnderFire):

    def play(self, name, kind, workers, options):
        gate = self.start_gate(self.config(
            known_good={"minutes": 1}, pending={"deadline": "2s", "max": 512},
            source={**CROWD, "tls_rate": "off"}))
        self.attack(f"tls {name}", gate, kind, workers, options, self.encrypted_app(gate.address))


def add_tests(case, attacks):
    """A method for each attack, so that each is reported by its name."""
    for name, (kind, workers, options) in attacks.items():
        def test(self, name=name, kind=kind, workers=workers, options=options):
            self.play(name, kind, workers, options)
        setattr(case, f"test_{name}", test)


add_tests(BeforeLogin, BEFORE_LOGIN)
add_tests(AfterLogin, AFTER_LOGIN)
add_tests(Tls, TLS)
assert {kind for kind, _, _ in TLS.values()} <= LIVES.keys(), tls_attackers.__doc__


class OtherTroubles(UnderFire):

    def beside(self, name, gate, seconds=SECONDS):
        self.begin()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.ask_all(gate)
            time.sleep(0.05)
        self.told(name)

    def test_backend_frozen(self):
        gate = self.start_gate(self.config(monitor={}))
        attackers = Attackers("churn", gate.address, addresses(50), 50, 20).start()
        self.db.process.send_signal(signal.SIGSTOP)
        try:
            self.beside("backend frozen", gate)
        finally:
            self.db.process.send_signal(signal.SIGCONT)
            attackers.stop()

    def test_herd(self):
        """The clients of a server that was away come back all at once."""
        gate = self.start_gate(self.config(monitor={}, source=CROWD))
        attackers = Attackers("sit", gate.address, addresses(120), 400, 30).start()
        self.assertTrue(scenario.wait_for(lambda: gate.status()["slots"]["leases"] > 50, 8))
        self.db.end_process()
        self.db.start()
        self.beside("herd", gate)
        attackers.stop()

    @scenario.takes_all_descriptors()
    def test_descriptor_famine(self):
        gate = self.start_gate(self.config(source=CROWD, pending={"deadline": "2s"}))
        full = gate.descriptors() + 40
        gate.limit_descriptors(full)
        attackers = Attackers("silent", gate.address, addresses(120), 400, 20).start()
        self.assertTrue(scenario.wait_for(lambda: gate.descriptors() >= full - 2, 5))
        self.begin()
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            # A reload reads files, for which there may be no descriptor.
            for path in LOOKS:
                self.ask(gate, "GET", path)
        self.told("descriptor famine")
        attackers.stop()
        gate.limit_descriptors(4096)

    def test_many_who_ask(self):
        """Others that hold connections of the admin socket open do not keep one more away."""
        gate = self.start_gate()
        with contextlib.ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(contextlib.closing(self.idle(gate)))
            self.beside("idle askers", gate, 1)

    @staticmethod
    def idle(gate):
        one = socket.socket(socket.AF_UNIX)
        one.connect(gate.socket)
        return one


@scenario.needs_root()
class SynFlood(database_host.OnDatabaseHost, UnderFire):

    def test_syn_flood(self):
        gate = self.gate_with()
        app = self.app_of(gate)
        self.begin()
        with self.syn_flood(gate, 4000, SECONDS, "--rand-source") as flood:
            while flood.poll() is None:
                self.ask_all(gate)
        self.told("syn-flood")
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)


if __name__ == "__main__":
    scenario.main()
