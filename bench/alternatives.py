#!/usr/bin/python3
"""`make bench-alternatives`: the same attacks against the server alone, HAProxy, nginx and headgate.

Before each of them works the same application: a pool of 8, and 20 new connections a second. Each
cell is a run of its own: calm, then the attack, then what became of the application's operations.
Results are compared within a run only. The tables go into docs/benchmarks.md, with medians.
"""
import argparse
import collections
import contextlib
import dataclasses
import json
import os
import pathlib
import statistics
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
import alternatives_report
import known_good
import peers
import statements  # noqa: F401  its attackers
from app import App
from attackers import Attackers, addresses, addresses_in
from gate import Gate
from private_mariadb import PrivateMariadb
from process_costs import processor
from scenario import wait_for

SLOTS = 100
APP = "127.0.0.10"
# Seconds. The attack goes on until what the application began in the measured part has ended.
WARM, CALM, RAMP, SETTLE, ATTACK, TIMEOUT = 0.5, 1.5, 0.7, 15.0, 3.0, 2


@dataclasses.dataclass(frozen=True)
class Attack:
    kind: str
    title: str
    workers: int = 300
    sources: tuple = tuple(addresses(100))
    options: tuple = ()


ATTACKS = {
    "silent": Attack("silent", "300 clients connect and say nothing"),
    "crowd": Attack("silent", "2,000 of them, from 200 addresses", 2000,
                    tuple(addresses(200))),
    "neighbours": Attack("silent", "300 of them, inside the application's own network", 300,
                         tuple(addresses_in("127.0.0", 20))),
    "drip": Attack("drip", "300 send a login, a byte each half second"),
    "stalled-login": Attack("stalled-login", "300 stop in the middle of the login"),
    "bad-password": Attack("bad-password", "150 guess passwords of the application's user", 150),
    "churn": Attack("churn", "150 log in and out with a weak account", 150),
    "hoard": Attack("sit", "300 log in with a weak account and sit idle"),
    "own-account": Attack("sit", "the same with the application's own account",
                          options=(("user", "app"),)),
    "heavy": Attack("heavy", "150 run heavy queries with a weak account", 150),
    "orphan": Attack("orphan", "150 start one, leave, and come again", 150),
}


class TimedApp(App):
    """Remembers (when it began, kind, milliseconds, success) of each operation."""

    def _record(self, report, lock, kind, began, error):
        super()._record(report, lock, kind, began, error)
        sample = (began, kind, (time.monotonic() - began) * 1000, error is None)
        with lock:
            report.__dict__.setdefault("samples", []).append(sample)

    @staticmethod
    def p99(values):
        return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))] if values else None


@contextlib.contextmanager
def no_gate(db):
    yield db.address


def behind(name, file):
    @contextlib.contextmanager
    def door(db):
        with peers.Peer(name, (HERE / file).read_text(encoding="utf8"), db.address) as peer:
            yield peer.address
    return door


def headgate(file, remembers):
    @contextlib.contextmanager
    def door(db):
        config = tomllib.loads((HERE / file).read_text(encoding="utf8"))
        config["gate"]["backend"] = [f"{db.host}:{db.port}"]
        gate = Gate({**config, "monitor": {}})
        if remembers:
            pair = known_good.pair(APP, "app", 12)
            known_good.write(gate.run_folder / "state", known_good.state([pair]))
        with gate:
            yield gate.address
    return door


GATES = {
    "none": ("no gate", no_gate),
    "haproxy": ("HAProxy", behind("haproxy", "haproxy.cfg")),
    "nginx": ("nginx", behind("nginx", "nginx.conf")),
    "headgate": ("headgate", headgate("headgate.toml", True)),
    "haproxy-told": ("HAProxy, told the network", behind("haproxy", "haproxy-told.cfg")),
    "headgate-told": ("headgate, told the network", headgate("headgate-told.toml", False)),
}


def figures(samples, since, until):
    """Of the operations that began then: the share that succeeded, and of each kind those that
    succeeded a second, and the p99 of pooled ones that did."""
    inside = [s for s in samples if since <= s[0] < until]
    good = {kind: [s[2] for s in inside if s[3] and s[1] == kind] for kind in ("opened", "pooled")}
    return {"ok": sum(map(len, good.values())) / max(1, len(inside)),
            **{kind: len(each) / (until - since) for kind, each in good.items()},
            "p99": TimedApp.p99(good["pooled"])}


def against(before, during):
    """What became of the rates and times of calm; a rate is not praised for being above it."""
    def kept(kind):
        return min(1.0, during[kind] / max(1e-9, before[kind]))
    both = during["p99"] is not None and before["p99"] is not None
    return {"new": kept("opened"), "work": kept("pooled"),
            "p99": during["p99"] / before["p99"] if both else None}


def held(db, sources):
    return sum(host in sources for _, _, host in db.sessions())


def clear(db):
    """Nothing of the run before is left at the server."""
    until = time.monotonic() + 15
    while (left := db.sessions()) and time.monotonic() < until:
        for session, _, _ in left:
            with contextlib.suppress(Exception):  # it has ended by itself
                db.query("KILL %s", session)
        time.sleep(0.1)


def cell(db, attack, door, cap=None):
    """One attack on one gate; `cap` is the attackers' processor_cap.Cap."""
    with door(db) as address:
        app = TimedApp(address, source=APP, timeout=TIMEOUT).start()
        time.sleep(WARM)
        calm = time.monotonic()
        time.sleep(CALM)
        calm_end = time.monotonic()
        attackers = Attackers(attack.kind, address, attack.sources, attack.workers, 60,
                              ramp=RAMP, **dict(attack.options)).start()
        if cap:
            cap.put(attackers.pid)
        wait_for(lambda: attackers.opened() >= attack.workers, SETTLE)
        time.sleep(1.0 if attack.kind in LOGS_IN else 0.3)
        began, slots, used = time.monotonic(), 0, processor([attackers.pid])
        while time.monotonic() < began + ATTACK:
            slots = max(slots, held(db, set(attack.sources)))
            time.sleep(0.1)
        ended = time.monotonic()
        used = (processor([attackers.pid]) - used) / (ended - began)
        time.sleep(TIMEOUT)
        counts = attackers.stop()
        samples = getattr(app.finish(), "samples", [])
    clear(db)
    before, during = figures(samples, calm, calm_end), figures(samples, began, ended)
    return {"ok": during["ok"], "slots": slots, **against(before, during), "calm": before["ok"],
            "p99_ms": during["p99"], "processor": used, "attackers": dict(counts)}


LOGS_IN = ("sit", "heavy", "orphan")


def took_place(attack, result):
    """On a machine with too much else to do an attack may not get going, or the calm is none."""
    counts = result["attackers"]
    inside = attack.kind not in LOGS_IN or counts.get("ok", counts.get("in", 0)) > 24
    return result["calm"] == 1 and counts.get("opened", 0) >= attack.workers * 0.6 and inside


def honest_cell(db, attack, door, tries=3):
    """None when it could not be had."""
    for _ in range(tries):
        result = cell(db, attack, door)
        if took_place(attack, result):
            return result
        print(f"  again: the attack did not take place: {result}", flush=True)
    return None


def rounds(options, db):
    """{attack: {gate: [one result for each round]}}"""
    results = collections.defaultdict(lambda: collections.defaultdict(list))
    for turn in range(options.rounds):
        for name in options.attacks:
            for gate in options.gates:
                result = honest_cell(db, ATTACKS[name], GATES[gate][1])
                row = results[name][gate]
                if not result:
                    continue
                row.append(result)
                p99 = f"{result['p99']:.1f}x" if result["p99"] else "-"
                print(f"round {turn + 1}  {name:14} {gate:14} ok {result['ok']:6.1%}  new "
                      f"{result['new']:6.1%}  work {result['work']:5.0%}  p99 {p99:>6}  slots "
                      f"{result['slots']:3}  calm {result['calm']:.0%}  {result['attackers']}",
                      flush=True)
    return results


def median(results, name):
    values = [r[name] for r in results if r[name] is not None]
    return statistics.median(values) if len(values) * 2 > len(results) else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--attacks", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--gates", nargs="+", choices=GATES, default=list(GATES))
    parser.add_argument("--page", type=pathlib.Path, help="whose tables are written anew")
    parser.add_argument("--raw", type=pathlib.Path, help="all results, as JSON")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with PrivateMariadb(SLOTS, ["--proxy-protocol-networks=127.0.0.0/8",
                                "--connect-timeout=5"]) as db:
        version = db.query("SELECT VERSION()")[0][0]
        results = rounds(options, db)
    if options.raw:
        options.raw.write_text(json.dumps(results), encoding="utf8")
    facts = {"rounds": options.rounds, "load": load, "server": version}
    medians = {name: {gate: {key: median(each, key) for key in ("ok", "new", "work", "p99", "slots")}
                      for gate, each in gates.items()} for name, gates in results.items()}
    text = alternatives_report.tables(
        medians, {name: attack.title for name, attack in ATTACKS.items()},
        {name: title for name, (title, _) in GATES.items()}, facts)
    print(text)
    if options.page:
        alternatives_report.write(options.page, "alternatives", text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
