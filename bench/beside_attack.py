"""Section `attack` of `make bench`: what an application's queries take under each attack.

As bench/alternatives.py, and the attackers' processor time is capped. The p99 of the application's
pooled queries is set against a control run behind the same door in the same round, where a process
that attacks nobody burns processor time instead: at most what the attackers used.
"""
import asyncio
import time

import alternatives
import attackers
from alternatives import ATTACKS as KNOWN
from alternatives import GATES, Attack, SLOTS
from beside_report import Goal, Measure, Section
from private_mariadb import PrivateMariadb
from processor_cap import Cap

SHARE = 0.5  # of one processor
# What a control may burn. An attack is compared with the dearest one that is not dearer than it was.
LEVELS = (0.02, 0.1, 0.25, SHARE)
DOORS = {"none": "bare", "nginx": "nginx", "haproxy-told": "haproxy", "headgate-told": "headgate"}
BIG = "SELECT REPEAT('x', 1000000) FROM seq_1_to_4000"
ATTACKS = {
    **KNOWN,
    "greeted": Attack("greeted", "300 read the greeting and close"),
    "garbage": Attack("garbage", "300 send garbage"),
    "short-answer": Attack("short-answer", "300 answer the auth switch wrongly"),
    "claimed-user": Attack("claimed-user", "300 claim the application's user"),
    "change-user": Attack("change-user", "150 change user in a loop", 150),
    "prepare-leak": Attack("prepare-leak", "50 prepare and never close", 50),
    "long-data": Attack("long-data", "20 send parameters without an end", 20),
    "slow-reader": Attack("slow-reader", "50 ask for 4 GB and do not read", 50,
                          options=(("sql", BIG),)),
    "flood": Attack("connect-only", "100 connect and reset, as fast as they can", 100),
}
# Those that make the server work: whoever shares its processors notices.
HEAVIER = ("heavy", "orphan")
NOTE = """The application, the attackers and the doors of `make bench-alternatives`, each with its best
configuration: HAProxy and headgate know the application's network. The attackers together may use {:.0%} of a
processor ({}). Measured against a control run behind the same door, in which a process burns as much
without attacking. Not here, for their attackers are no clients of this kind: syn-flood, table-full, herd,
backend-gone, descriptor-famine, gate-killed, reload-storm; docs/threats.md says which tests show them."""


async def burn(life):
    """Attacks nobody: spends processor time."""
    life.counts["opened"] += 1
    until = time.monotonic() + 60
    while time.monotonic() < until:
        spin = time.monotonic() + 0.001
        while time.monotonic() < spin:
            pass
        await asyncio.sleep(0)


attackers.LIVES["burn"] = burn


def measures(attacks):
    for name in attacks:
        yield Measure(f"ok.{name}", f"operations that succeeded, %: {ATTACKS[name].title}")
    for name in attacks:
        yield Measure(f"p99.{name}", f"p99 / control: {ATTACKS[name].title}")


def goals(attacks):
    for name in attacks:
        yield Goal(f"ok.{name}", 100, least=True)
        yield Goal(f"p99.{name}", 2.0 if name in HEAVIER else 1.5)


def controls(db, door):
    """{level: p99 of a pooled query, ms} behind a door."""
    found = {}
    for level in LEVELS:
        with Cap(level) as cap:
            result = alternatives.cell(db, Attack("burn", "control", 1), door, cap)
        found[level] = result["p99_ms"]
    return found


def attacked(db, attack, door, tries=2):
    """None when the attack did not get going."""
    for _ in range(tries):
        with Cap(SHARE) as cap:
            result = alternatives.cell(db, attack, door, cap)
        if alternatives.took_place(attack, result):
            return result
    return None


def compared(result, control):
    """p99 over that of the control that burnt as much or less."""
    level = max([one for one in LEVELS if one <= result["processor"]], default=LEVELS[0])
    calm = control[level]
    return result["p99_ms"] / calm if calm and result["p99_ms"] else None


def one_round(bench, section, db, attacks, turn):
    names = [name for name in DOORS if DOORS[name] in bench.chosen(DOORS.values())]
    control = {name: controls(db, GATES[name][1]) for name in names}
    for name, levels in control.items():
        bench.progress(f"attack: control, {name}: " + ", ".join(
            f"{level:.0%} {p99:.1f} ms" for level, p99 in levels.items() if p99))
    for kind in attacks:
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            result = attacked(db, ATTACKS[kind], GATES[name][1])
            if result is None:
                bench.progress(f"attack: {kind}, {name}: did not take place")
                continue
            times = compared(result, control[name])
            section.add(f"ok.{kind}", DOORS[name], turn, result["ok"] * 100)
            section.add(f"p99.{kind}", DOORS[name], turn, times)
            bench.progress(f"attack: {kind:14} {name:14} ok {result['ok']:6.1%}, p99 "
                           f"{result['p99_ms'] or 0:.1f} ms, {times or 0:.1f} of the control; "
                           f"attackers used {result['processor']:.0%} of a processor")


def run(bench):
    attacks = ["silent", "churn", "heavy"] if bench.quick else list(ATTACKS)
    with Cap(SHARE) as cap:
        note = " ".join(NOTE.format(SHARE, cap.how).split())
    section = Section("An application under attack", note, measures(attacks), goals(attacks))
    with PrivateMariadb(SLOTS, ["--proxy-protocol-networks=127.0.0.0/8", "--connect-timeout=5"],
                        port=bench.server_port) as db:
        for turn in bench.turns("attack"):
            one_round(bench, section, db, attacks, turn)
    return [section]
