"""Section `memory` of `make bench`: what an idle session, a client that has not logged in and a known
source cost each door."""
import contextlib
import subprocess

from beside_doors import opened, tool
from beside_report import Goal, Measure, Section
from capacity import grown
from private_mariadb import PrivateMariadb
from process_costs import private

NOTE = ("Private memory (`Private_Clean` and `Private_Dirty` of `smaps_rollup`) that a process grows "
        "by, for each; the kernel's sockets are not in it. Sessions have logged in and run one query; "
        "who has not logged in says nothing. Sources: the growth of a process with an engine in it, "
        "its empty tables included, that then sees each source once.")
DOORS = ("floor", "haproxy", "nginx", "headgate")
SESSIONS, SOURCES = 5000, 1_000_000
# headgate takes no more clients than it would have descriptors for, were all its slots in use.
OVER = {"session": {}, "pending": {"slots": {"max_connections": 100}}}
GOALS = (Goal("session", 1500), Goal("pending", 700), Goal("source", 64))
SERVER = ("--thread-stack=192K", "--open-files-limit=12000", "--connect-timeout=600",
          "--back-log=4096", "--table-open-cache=2000")


def measures(count):
    return (Measure("session", f"bytes per idle session, of {count:,}", 0),
            Measure("pending", f"bytes per client that has not logged in, of {count:,}", 0),
            Measure("source", f"bytes per known source, of {SOURCES:,}", 0))


@contextlib.contextmanager
def engine():
    """A running engine_growth, which a line lets go on."""
    with subprocess.Popen([tool("engine_growth"), "sources", str(SOURCES)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.write("\n")


def source_bytes():
    with engine() as process:
        process.stdout.readline()
        before = private([process.pid])
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        return (private([process.pid]) - before) / SOURCES


def bytes_each(door, measure, count):
    """Raises where a headgate did not have all of them."""
    held = []

    def memory(pids):
        if door.gate:
            status = door.gate.status()
            held.append({"session": status["slots"]["leases"],
                         "pending": status["pending"]["now"]}[measure])
        return private(pids)

    each = grown(door.pids(), count, door.address, measure == "session", memory)
    if held and held[-1] < count:
        raise RuntimeError(f"{door.name} had {held[-1]} of {count}: {measure}")
    return each


def run(bench):
    count = 300 if bench.quick else SESSIONS
    section = Section("Memory", NOTE, measures(count), GOALS)
    with PrivateMariadb(5300, SERVER, port=bench.server_port) as db:
        for turn in bench.turns("memory"):
            for name in bench.chosen(DOORS):
                for measure in OVER:
                    with opened(name, db, over=OVER[measure]) as door:
                        each = bytes_each(door, measure, count)
                    section.add(measure, name, turn, each)
                    bench.progress(f"memory: {name:10} {each:7.0f} bytes per {measure}")
            if bench.chosen(["headgate"]):
                section.add("source", "headgate", turn, source_bytes())
    return [section]
