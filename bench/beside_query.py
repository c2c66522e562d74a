"""Section `query` of `make bench`: point selects through each door, by sysbench."""
import re
import subprocess

from beside_doors import all_opened
from beside_report import Goal, Measure, Section
from private_mariadb import PrivateMariadb
from process_costs import processor

TITLE = "Point selects"
NOTE = ("sysbench `oltp_point_select`, plain TCP, closed loop; headgate inspects, digests and counts "
        "each statement. Processor time is that of all threads of the gate. Latency is what comes on "
        "top of the server alone in the same round; its column has the whole.")
DOORS = ("bare", "floor", "haproxy", "nginx", "headgate", "floor-unix", "haproxy-unix",
         "headgate-unix")
MODES = {"text": "disable", "prepared": "auto"}
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
TABLE_ROWS = 10000


def key(workers, mode, clients, what):
    return f"{what}.{mode}.{clients}.{workers}"


def cases(workers):
    """(mode, clients): one client shows the way there and back without a queue."""
    if workers > 1:
        return [("text", 64)]
    return [("text", 1), ("text", 8), ("text", 64), ("prepared", 8), ("prepared", 64)]


def measures(all_workers):
    for workers in all_workers:
        for mode, clients in cases(workers):
            where = (f"{clients} client{'s' if clients > 1 else ''}, {mode}"
                     + (f", {workers} threads" if workers > 1 else ""))
            yield Measure(key(workers, mode, clients, "cpu"), f"processor µs per query, {where}")
            yield Measure(key(workers, mode, clients, "rate"), f"queries/s, {where}", 0)
            for share in SHARES:
                yield Measure(key(workers, mode, clients, share), f"{share} added, µs, {where}", 0)


def goals():
    for clients in (8, 64):
        for mode in MODES:
            cpu, rate = (key(1, mode, clients, what) for what in ("cpu", "rate"))
            yield Goal(cpu, 0.60, ("haproxy",))
            yield Goal(cpu, 1.25, ("floor",))
            yield Goal(rate, 1.25, ("haproxy",), least=True)


def sysbench(address, *words):
    done = subprocess.run(
        ["sysbench", "oltp_point_select", f"--mysql-host={address[0]}",
         f"--mysql-port={address[1]}", "--mysql-user=app", "--mysql-password=app-secret",
         "--mysql-db=shop", f"--table-size={TABLE_ROWS}", *words], capture_output=True, text=True,
        check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"sysbench: {done.stdout[-1500:]}{done.stderr[-500:]}")
    return done.stdout


def percentile(histogram, share):
    """Of [(milliseconds, count)], in order; in microseconds."""
    left = share * sum(count for _, count in histogram)
    for value, count in histogram:
        left -= count
        if left <= 0:
            return value * 1000
    return None


def run_once(door, clients, mode, seconds):
    before = processor(door.pids())
    said = sysbench(door.address, f"--threads={clients}", f"--time={seconds}", "--histogram",
                    f"--db-ps-mode={MODES[mode]}", "run")
    used = processor(door.pids()) - before
    queries, rate = re.search(r"queries:\s+(\d+)\s+\(([\d.]+) per sec", said).groups()
    histogram = [(float(value), int(count)) for value, count in
                 re.findall(r"^\s*([\d.]+) \|\S*\s+(\d+)$", said, re.M)]
    return {"cpu": used * 1e6 / int(queries), "rate": float(rate),
            **{name: percentile(histogram, share) for name, share in SHARES.items()}}


def one_round(bench, section, doors, workers, turn):
    for mode, clients in cases(workers):
        alone = None
        for door in bench.order(doors, turn, first="bare"):
            found = run_once(door, clients, mode, bench.seconds)
            if door.name == "bare":
                alone = found
            for what, value in found.items():
                if what == "cpu" and door.name == "bare" or what in SHARES and not alone:
                    continue
                if what in SHARES and door.name != "bare":
                    value -= alone[what]
                section.add(key(workers, mode, clients, what), door.name, turn, value)
            bench.progress(f"{mode}, {clients} clients, {workers} thread(s): {door.name:14} "
                           f"{found['cpu']:6.2f} µs a query, {found['rate']:8.0f}/s, "
                           f"p99 {found['p99']:.0f} µs")


def run(bench):
    section = Section(TITLE, NOTE, measures(bench.workers), goals())
    with PrivateMariadb(300, ["--thread-cache-size=128"], port=bench.server_port) as db:
        sysbench(db.address, "prepare")
        for workers in bench.workers:
            names = bench.chosen(DOORS)
            if workers > 1:
                names = [name for name in names if not name.endswith("-unix")]
            with all_opened(names, db, workers) as doors:
                doors += bench.others if workers == 1 else []
                for turn in bench.turns(f"query, {workers} thread(s)"):
                    one_round(bench, section, doors, workers, turn)
    return [section]
