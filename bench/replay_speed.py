#!/usr/bin/python3
"""How fast `headgate replay` reads a capture, beside tshark with its MySQL dissector, by turns in the
same run, each on one and the same core.

Without --capture it makes one: sysbench before a private MariaDB, captured by tcpdump (as root).
tshark is given the least that makes it dissect MySQL at all: to count what is MySQL.
"""
import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
import captured
from gate import binary
from private_mariadb import PrivateMariadb

CONFIG = """
[gate]
listen = ["127.0.0.1:{port}"]
backend = ["192.0.2.1:3306"]
[slots]
max_connections = 500
"""


def make_capture(path, seconds, script, prepared):
    """The port of the server in it."""
    with PrivateMariadb() as db:
        sysbench = ["sysbench", script, "--mysql-host=127.0.0.1", f"--mysql-port={db.port}",
                    "--mysql-user=app", "--mysql-password=app-secret", "--mysql-db=shop",
                    "--tables=4", "--table-size=10000", "--threads=16", f"--time={seconds}",
                    f"--db-ps-mode={'auto' if prepared else 'disable'}"]
        subprocess.run([*sysbench, "prepare"], check=True, stdout=subprocess.DEVNULL)
        with captured.Captured(path, db.port) as tcpdump:
            subprocess.run([*sysbench, "run"], check=True, stdout=subprocess.DEVNULL)
        print(f"{script}: {path.stat().st_size / 1e6:.1f} MB captured, {tcpdump.dropped} dropped")
        return db.port


def on_one_core():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def timed(command, allowed=(0,)):
    """(seconds by the clock, seconds of processor time, what it printed)."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=on_one_core,
                          check=False)
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in allowed:
        raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, used, done.stdout


def measure(path, port, rounds, folder):
    config = folder / "headgate.toml"
    config.write_text(CONFIG.format(port=port), encoding="utf8")
    commands = {
        "tshark": ["tshark", "-n", "-r", str(path), "-d", f"tcp.port=={port},mysql", "-q", "-z",
                   "io,stat,0,mysql"],
        "headgate": [binary(), "replay", "--config", str(config), "--port", str(port), "--json",
                     str(path)],
    }
    clock, processor = ({name: [] for name in commands} for _ in range(2))
    for _ in range(rounds):
        for name, command in commands.items():
            # 1: somebody who is protected would have been touched. That is not asked here.
            took, used, _ = timed(command, allowed=(0, 1) if name == "headgate" else (0,))
            clock[name].append(took)
            processor[name].append(used)
    size = path.stat().st_size / 1e6
    for name in commands:
        took, used = statistics.median(clock[name]), statistics.median(processor[name])
        print(f"{name:10} {size / took:9.1f} MB/s by the clock, {size / used:9.1f} MB/s of "
              f"processor time, {took:.3f} s")
    for what, figures in (("the clock", clock), ("processor time", processor)):
        times = statistics.median(figures["tshark"]) / statistics.median(figures["headgate"])
        print(f"headgate is {times:.1f} times as fast by {what}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--capture", type=pathlib.Path, help="instead of one of sysbench")
    parser.add_argument("--port", type=int, default=3306, help="of the server in --capture")
    parser.add_argument("--seconds", type=int, default=60, help="of sysbench")
    parser.add_argument("--script", default="oltp_read_write", help="of sysbench")
    parser.add_argument("--prepared", action="store_true", help="sysbench prepares its statements")
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    missing = [tool for tool in ("tshark", "sysbench", "tcpdump") if not shutil.which(tool)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}; `.ci/install bench` does it")
    with tempfile.TemporaryDirectory(prefix="headgate-speed-") as name:
        folder = pathlib.Path(name)
        path, port = words.capture, words.port
        if path is None:
            path = folder / "sysbench.pcap"
            port = make_capture(path, words.seconds, words.script, words.prepared)
        measure(path, port, words.rounds, folder)


if __name__ == "__main__":
    main()
