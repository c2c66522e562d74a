"""Section `growth` of `make bench`: what costs more where there is more of it."""
import re
import subprocess

import beside_query
from beside_doors import all_opened, tool
from beside_memory import SERVER
from beside_report import Goal, Measure, Section
from capacity import many
from private_mariadb import PrivateMariadb

SESSIONS = (10, 100, 1000, 5000)
KNOWN = {"decisions": (1000, 10_000, 100_000, 1_000_000), "digests": (10, 100, 1000, 10_000, 100_000)}
WHAT = {"decisions": "sources", "digests": "digests"}
EACH = {"decisions": "client", "digests": "statement"}
QUERY_NOTE = ("Processor time of the gate for a query of 8 busy clients, where so many sessions are "
              "there; all others are idle. The last row is that of the most sessions over that of the "
              "fewest, of the same round.")
ENGINE_NOTE = ("One client's accept, login, statement and end where the engine knows so many sources; "
               "one statement asked about and answered where it knows so many digests. Instructions as "
               "`valgrind --tool=callgrind` counts them: without caches. Nanoseconds of "
               "processor time have those in them, and what else goes on in the machine.")
DOORS = ("floor", "haproxy", "headgate")
RATIO = "most / fewest"


def measures(kinds):
    for kind, counts, unit, digits in kinds:
        for count in counts:
            yield Measure(f"{kind}.{count}", f"{unit.format(count)}", digits)
        yield Measure(kind, f"{unit.replace('{:,} ', '')}: {RATIO}", 2)


def add_ratio(section, kind, counts, door, turn):
    first, last = (section.figures[f"{kind}.{count}"][door][turn]
                   for count in (counts[0], counts[-1]))
    section.add(kind, door, turn, last / first)


def sessions(bench):
    counts = SESSIONS[:2] if bench.quick else SESSIONS
    section = Section("Growth with sessions", QUERY_NOTE, measures(
        [("query", counts, "processor µs per query, {:,} sessions", 1)]), [Goal("query", 1.1)])
    with PrivateMariadb(5300, SERVER, port=bench.server_port) as db:
        beside_query.sysbench(db.address, "prepare")
        with all_opened(bench.chosen(DOORS), db) as doors:
            for turn in bench.turns("growth with sessions"):
                for door in bench.order(doors, turn):
                    for count in counts:
                        with many(count - 8, door.address, True):
                            cost = beside_query.run_once(door, 8, "text", bench.seconds)["cpu"]
                        section.add(f"query.{count}", door.name, turn, cost)
                        bench.progress(f"growth: {door.name:10} {count:5} sessions: {cost:.1f} µs")
                    add_ratio(section, "query", counts, door.name, turn)
    return section


def instructions(kind, known, count=2000):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=measured",
                           "--callgrind-out-file=/dev/null", tool("engine_growth"), kind, str(known),
                           str(count)], capture_output=True, text=True, check=True, timeout=1800)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1]) / count


def nanoseconds(kind, known):
    done = subprocess.run([tool("engine_growth"), kind, str(known), "200000"], capture_output=True,
                          text=True, check=True, timeout=600)
    return float(done.stdout)


def engine(bench):
    """Instructions do not depend on the round: once is enough."""
    known = {kind: counts[:2] if bench.quick else counts for kind, counts in KNOWN.items()}
    section = Section("Growth with what is known", ENGINE_NOTE, measures(
        [(f"{what}.{kind}", known[kind], f"{what} per {EACH[kind]}, {{:,}} {WHAT[kind]}", 0)
         for kind in KNOWN for what in ("instructions", "ns")]),
        [Goal(f"instructions.{kind}", 1.1) for kind in KNOWN])
    for kind, counts in known.items():
        for count in counts:
            bench.progress(f"growth: {kind} with {count:,} {WHAT[kind]}")
            section.add(f"instructions.{kind}.{count}", "headgate", 0, instructions(kind, count))
            for turn in range(bench.rounds):
                section.add(f"ns.{kind}.{count}", "headgate", turn, nanoseconds(kind, count))
        add_ratio(section, f"instructions.{kind}", counts, "headgate", 0)
        for turn in range(bench.rounds):
            add_ratio(section, f"ns.{kind}", counts, "headgate", turn)
    return section


def run(bench):
    return [sessions(bench)] + ([engine(bench)] if bench.chosen(["headgate"]) else [])
