#!/usr/bin/python3
"""Hours in minutes: the real gate between an application and one attack after another, with reloads
and restarts of the server in between. What it holds must be the same at the end as after the first
round: memory, descriptors, slots, sessions, statements, and what the server has of it.

Usage: soak.py [MINUTES]   30 if nothing is said. A line a minute; exit 1 says what was not the same,
or what the application lost while its server was there.
"""
import dataclasses
import itertools
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import statements
from app import App
from attackers import LIVES, Attackers, addresses
from gate import Gate
from private_mariadb import PrivateMariadb

CONNECTIONS = 150
SPELL = 5.0  # seconds of one attack
HUGE = "SELECT REPEAT(MD5(seq), 1000) FROM seq_1_to_1000000"
LIMITS = {"running": 2, "class_running": 6, "busy": 0.5, "deadline": "1s", "stalled_read": "1s",
          "packet": "4MiB", "idle_in_transaction": "5s"}
# Kind, how many at once, what else it is told.
ATTACKS = (("silent", 200, {}), ("drip", 60, {}), ("greeted", 40, {}), ("garbage", 40, {}),
           ("stalled-login", 60, {}), ("short-answer", 40, {}), ("leave-at-switch", 40, {}),
           ("bad-password", 40, {}), ("claimed-user", 40, {}), ("churn", 40, {}), ("sit", 200, {}),
           ("change-user", 40, {}), ("health-check", 20, {}), ("connect-only", 40, {}),
           ("heavy", 20, {"sql": statements.HEAVY, "user": "weak"}),
           ("orphan", 20, {"sql": statements.HEAVY, "user": "weak"}), ("prepare-leak", 20, {}),
           ("long-data", 20, {}), ("huge-header", 6, {}), ("slow-reader", 20, {"sql": HUGE}))
GROWTH = 1.10  # of the resident memory; beside SPARE, for what the allocator keeps
SPARE = 8 * scenario.MEBIBYTE


@dataclasses.dataclass(frozen=True)
class Held:
    """What the gate has when nobody is there."""
    descriptors: int
    leases: int
    orphans: int
    pending: int
    waiting: int
    logins: int
    connections: int
    running: int
    held: int
    at_server: int

    @staticmethod
    def by(gate, db):
        s = gate.status()
        return Held(gate.descriptors(), s["slots"]["leases"], s["slots"]["orphans"],
                    s["pending"]["now"], s["waiting"]["now"], s["logins"]["now"], s["connections"],
                    s["statements"]["running"], s["statements"]["held"], len(db.sessions()))

    def nobody(self):
        return not any(value for name, value in vars(self).items() if name != "descriptors")


class Soak:
    def __init__(self, db, gate):
        self.db, self.gate = db, gate
        self.good = gate.file.read_text(encoding="utf8")
        self.changed = self.good.replace("[source]", "[waiting]\nmax = 500\n[source]")
        self.began = self.told = time.monotonic()
        self.ok = self.failed = self.opened = self.restarts = 0
        self.problems = []
        self.turns = itertools.count()

    def say(self, attack, now=False):
        if not now and time.monotonic() < self.told + 60:
            return
        self.told = time.monotonic()
        status = self.gate.status()
        print(f"soak {(self.told - self.began) / 60:5.1f} min: {attack}; app ok {self.ok} failed "
              f"{self.failed}; attackers {self.opened}; {self.gate.memory() / scenario.MEBIBYTE:.1f} "
              f"MiB, {self.gate.descriptors()} fds, {status['slots']['leases']} slots, "
              f"{status['sources']} sources, {status['bans']} bans; reloads "
              f"{status['reloads']['done']} (+{status['reloads']['refused']} refused), server "
              f"restarts {self.restarts}", flush=True)

    def reload(self):
        turn = next(self.turns)
        text = ("this is no TOML [", self.good, self.changed)[turn % 3]
        self.gate.file.write_text(text, encoding="utf8")
        code, answer = self.gate.request("POST", "/reload")
        if (code == 200) != (turn % 3 != 0):
            self.problems.append(f"reload {turn}: {code} {answer}")

    def attack(self, kind, workers, options):
        attackers = Attackers(kind, self.gate.address, addresses(60), workers, SPELL + 20,
                              **options).start()
        until = time.monotonic() + SPELL
        while time.monotonic() < until:
            self.reload()
            time.sleep(0.5)
        counts = attackers.stop()
        self.opened += counts["opened"]
        if not counts["opened"]:
            self.problems.append(f"{kind} did not take place: {dict(counts)}")
        self.gate.request("POST", "/unban", {"address": "all"})

    def attacks(self):
        app = App(self.gate.address).start()
        before = (0, 0)
        for kind, workers, options in ATTACKS:
            self.attack(kind, workers, options)
            now = app.progress()
            self.ok += now[0] - before[0]
            self.failed += now[1] - before[1]
            before = now
            self.say(kind)
        report = app.finish()
        if report.failed:
            self.problems.append(f"the application lost {report.failed}: {report.errors[:3]}")

    def restart(self):
        """Logins meet a server that is not there, and come again when it is."""
        app = App(self.gate.address, timeout=3).start()
        self.db.end_process()
        time.sleep(1)
        self.db.start()
        self.restarts += 1
        before = app.progress()[0]
        if not scenario.wait_for(lambda: app.progress()[0] > before + 50, 30):
            self.problems.append("after a restart of the server the application did not come back")
        app.finish()

    def round(self):
        """What is held when all of it is over."""
        self.attacks()
        self.restart()
        self.gate.request("POST", "/unban", {"address": "all"})
        if not scenario.wait_for(lambda: Held.by(self.gate, self.db).nobody(), 30):
            self.problems.append(f"not everything came back: {Held.by(self.gate, self.db)}")
        time.sleep(2)  # the tables' own expiry
        return Held.by(self.gate, self.db), self.gate.memory()

    def compare(self, first, last):
        if last[0] != first[0]:
            self.problems.append(f"held after the first round: {first[0]}; at the end: {last[0]}")
        if last[1] > first[1] * GROWTH + SPARE:
            self.problems.append(f"memory grew from {first[1]} to {last[1]} bytes")


def config(db):
    host, port = db.address
    free = {key: "off" for key in LIMITS if key not in scenario.NO_LIMIT}
    return {"gate": {"backend": [f"{host}:{port}"], "proxy_to_backend": "v2"},
            "slots": {"max_connections": CONNECTIONS}, "monitor": {}, "query": LIMITS,
            "source": {"never_ban": [], "exempt": [], "ban": "1s", "ban_max": "2s"},
            "class": [{**scenario.APP_CLASS, "query": free}]}


def soak(minutes):
    """The problems there were."""
    assert all(kind in LIVES for kind, *_ in ATTACKS)
    with PrivateMariadb(CONNECTIONS, scenario.Scenario.db_options) as db, Gate(config(db)) as gate:
        run = Soak(db, gate)
        first = last = run.round()
        print(f"soak: after the first round {first[0]}, {first[1] / scenario.MEBIBYTE:.1f} MiB",
              flush=True)
        rounds = 1
        while time.monotonic() < run.began + minutes * 60 or rounds < 2:
            last = run.round()
            rounds += 1
        run.say(f"the end, after {rounds} rounds", now=True)
        print(f"soak: at the end {last[0]}, {last[1] / scenario.MEBIBYTE:.1f} MiB", flush=True)
        run.compare(first, last)
        return run.problems


def main(arguments):
    problems = soak(float(arguments[0]) if arguments else 30)
    for problem in problems:
        print(f"soak: {problem}")
    print(f"soak: {'all as it was' if not problems else f'{len(problems)} problems'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
