"""Section `bulk` of `make bench`: one long answer through each door."""
import json
import subprocess

from beside_doors import PROXIES, all_opened, tool
from beside_report import Goal, Measure, Section
from private_mariadb import PrivateMariadb
from process_costs import processor

NOTE = ("1 GB in rows of 1,000 bytes (`SELECT REPEAT(...) FROM seq_1_to_1000000`), where the server "
        "has most of the work, and in rows of 100,000, where it has less. Read and dropped by a "
        "client that follows the packets by their headers alone.")
ROWS = {1000: 1_000_000, 100_000: 10_000}  # how many, by their bytes
MEASURES = [measure for size in ROWS for measure in (
    Measure(f"rate.{size}", f"MB/s, rows of {size:,} bytes", 0),
    Measure(f"cpu.{size}", f"processor ms per GB, rows of {size:,} bytes", 0))]
DOORS = ("bare", "floor", "haproxy", "haproxy-splice", "nginx", "headgate", "floor-unix",
         "haproxy-unix", "headgate-unix")
GOALS = [Goal(f"rate.{size}", 0.95, PROXIES, least=True) for size in ROWS]


def run_once(door, size, rows):
    # In tenths: the server copies what it repeats once for each time.
    sql = f"SELECT REPEAT('{'x' * (size // 10)}', 10) FROM seq_1_to_{rows}"
    before = processor(door.pids())
    done = subprocess.run([tool("load_client"), "bulk", door.address[0], str(door.address[1]), sql],
                          capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(done.stdout)
    if found["bytes"] < rows * size:
        raise RuntimeError(f"{door.name}: {found}")
    return (found["bytes"] / 1e6 / found["seconds"],
            (processor(door.pids()) - before) * 1e12 / found["bytes"])


def run(bench):
    section = Section("A long answer", NOTE, MEASURES, GOALS)
    with PrivateMariadb(60, port=bench.server_port) as db, \
            all_opened(bench.chosen(DOORS), db) as doors:
        doors += bench.others
        for turn in bench.turns("bulk"):
            for size, rows in ROWS.items():
                for door in bench.order(doors, turn):
                    rate, cpu = run_once(door, size, rows // 10 if bench.quick else rows)
                    section.add(f"rate.{size}", door.name, turn, rate)
                    if door.pids():
                        section.add(f"cpu.{size}", door.name, turn, cpu)
                    bench.progress(f"bulk, rows of {size:6}: {door.name:14} {rate:6.0f} MB/s, "
                                   f"{cpu:5.0f} ms a GB")
    return [section]
