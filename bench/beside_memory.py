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
GOALS = (Goal("session", 1500), Goal("pending", 700), Goal("source", 64))
SERVER = ("--thread-stack=192K", "--open-files-limit=12000", "--connect-timeout=600",
          "--back-log=4096", "--table-open-cache=2000")


def measures(count, sources):
    return (Measure("session", f"bytes per idle session, of {count:,}", 0),
            Measure("pending", f"bytes per client that has not logged in, of {count:,}", 0),
            Measure("source", f"bytes per known source, of {sources:,}", 0))


@contextlib.contextmanager
def engine(sources):
    """A running engine_growth, and how to let it go on."""
    with subprocess.Popen([tool("engine_growth"), "sources", str(sources)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.write("\n")


def source_bytes(sources):
    with engine(sources) as process:
        process.stdout.readline()
        before = private([process.pid])
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        return (private([process.pid]) - before) / sources


def run(bench):
    count, sources = (300, 100_000) if bench.quick else (SESSIONS, SOURCES)
    section = Section("Memory", NOTE, measures(count, sources), GOALS)
    with PrivateMariadb(5300, SERVER, port=bench.server_port) as db:
        for turn in bench.turns("memory"):
            for name in bench.chosen(DOORS):
                for measure, login in (("session", True), ("pending", False)):
                    with opened(name, db) as door:
                        each = grown(door.pids(), count, door.address, login, private)
                    section.add(measure, name, turn, each)
                    bench.progress(f"memory: {name:10} {each:7.0f} bytes per {measure}")
            if bench.chosen(["headgate"]):
                section.add("source", "headgate", turn, source_bytes(sources))
    return [section]
