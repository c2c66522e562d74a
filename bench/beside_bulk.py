"""Section `bulk` of `make bench`: one long answer through each door."""
import json
import subprocess

from beside_doors import PROXIES, all_opened, tool
from beside_report import Goal, Measure, Section
from private_mariadb import PrivateMariadb
from process_costs import processor

NOTE = ("`SELECT REPEAT('x', 1000) FROM seq_1_to_1000000`, 1 GB, read and dropped by a client that "
        "follows the packets by their headers alone.")
MEASURES = (Measure("rate", "MB/s", 0), Measure("cpu", "processor ms per GB", 0))
DOORS = ("bare", "floor", "haproxy", "haproxy-splice", "nginx", "headgate", "floor-unix",
         "haproxy-unix", "headgate-unix")
GOALS = (Goal("rate", 0.95, PROXIES, least=True),)


def run_once(door, rows):
    sql = f"SELECT REPEAT('x', 1000) FROM seq_1_to_{rows}"
    before = processor(door.pids())
    done = subprocess.run([tool("load_client"), "bulk", door.address[0], str(door.address[1]), sql],
                          capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(done.stdout)
    if found["bytes"] < rows * 1000:
        raise RuntimeError(f"{door.name}: {found}")
    return (found["bytes"] / 1e6 / found["seconds"],
            (processor(door.pids()) - before) * 1e12 / found["bytes"])


def run(bench):
    section = Section("A long answer", NOTE, MEASURES, GOALS)
    rows = 100_000 if bench.quick else 1_000_000
    with PrivateMariadb(60, port=bench.server_port) as db, \
            all_opened(bench.chosen(DOORS), db) as doors:
        doors += bench.others
        for turn in bench.turns("bulk"):
            for door in bench.order(doors, turn):
                rate, cpu = run_once(door, rows)
                section.add("rate", door.name, turn, rate)
                if door.pids():
                    section.add("cpu", door.name, turn, cpu)
                bench.progress(f"bulk: {door.name:14} {rate:6.0f} MB/s, {cpu:5.0f} ms a GB")
    return [section]
