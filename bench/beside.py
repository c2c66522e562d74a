#!/usr/bin/python3
"""`make bench`: headgate beside HAProxy, nginx, a bare relay and the server alone, in one run.

Sections: what a query, a login and a refusal cost, bulk, memory, growth, and an application's latency
under attack. Rounds alternate between the doors; figures are medians, and compared within a round.
"""
import argparse
import importlib
import os
import pathlib
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
import alternatives_report
import beside_doors
import beside_report
import peers
from gate import binary
from private_mariadb import SERVER

SECTIONS = {"query": "beside_query", "login": "beside_login", "kernel": "beside_kernel",
            "bulk": "beside_bulk", "memory": "beside_memory", "growth": "beside_growth",
            "attack": "beside_attack"}
# Of the page: written anew when all of its sections were run.
PARTS = {"beside": set(SECTIONS) - {"attack"}, "beside-attack": {"attack"}}


class Bench:
    """What the sections are told."""

    def __init__(self, options):
        self.quick = options.quick
        self.rounds = 1 if options.quick else options.rounds
        self.seconds = 1 if options.quick else options.seconds
        self.workers = options.workers
        self.doors, self.server_port = options.doors, options.server_port
        self.others = list(beside_doors.others(options.peer))
        self.began = time.monotonic()

    def chosen(self, names):
        return [name for name in names if not self.doors or name in self.doors]

    def turns(self, what):
        for turn in range(self.rounds):
            self.progress(f"{what}: round {turn + 1} of {self.rounds}")
            yield turn

    @staticmethod
    def order(doors, turn, first=None):
        """Another door begins in each round; `first` always does."""
        turned = doors[turn % len(doors):] + doors[:turn % len(doors)]
        return sorted(turned, key=lambda door: door.name != first) if first else turned

    def progress(self, text):
        spent = int(time.monotonic() - self.began)
        print(f"[{spent // 60:3}:{spent % 60:02}] {text}", flush=True)


def facts(bench, load):
    """Of the machine and the programs."""
    server = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True)
    ours = subprocess.run([binary(), "version"], capture_output=True, text=True, check=True)
    with open("/proc/cpuinfo", encoding="utf8") as info:
        names = {line.split(":")[1].strip() for line in info if line.startswith("model name")}
    return (f"Run on {alternatives_report.today()}: {', '.join(names) or 'unknown processor'}, "
            f"{alternatives_report.machine()}, load {load:.1f} when it began and "
            f"{os.getloadavg()[0]:.1f} when it ended; {ours.stdout.strip()}, MariaDB "
            f"{server.stdout.split('Ver ')[-1].split('-')[0]}, HAProxy {peers.version('haproxy')}, "
            f"nginx {peers.version('nginx')}. Medians of {bench.rounds} "
            f"round{'s' if bench.rounds > 1 else ''}; one worker thread each unless said otherwise.")


def words():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of one measurement")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="of section query")
    parser.add_argument("--doors", nargs="+", choices=beside_doors.TITLES, help="only these")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PORT:PID",
                        help="something that listens already, before the server at --server-port")
    parser.add_argument("--server-port", type=int, help="of the private server")
    parser.add_argument("--page", type=pathlib.Path,
                        help="its parts that are wholly run are written anew")
    return parser.parse_args()


def main():
    options = words()
    binary()  # says so now when it is not built
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench, load, sections, failed = Bench(options), os.getloadavg()[0], [], []
    titles = {**beside_doors.TITLES, **{door.name: door.name for door in bench.others}}
    for name in options.only:
        try:
            done = importlib.import_module(SECTIONS[name]).run(bench)
        except (RuntimeError, AssertionError, OSError, subprocess.SubprocessError) as problem:
            failed.append(name)  # the other sections are still worth their time
            print(f"section {name} failed: {problem!r}", flush=True)
            continue
        sections.append((name, done))
        if name != options.only[-1]:  # that one is in what comes at the end
            for section in done:
                print("\n" + beside_report.text(section, titles) + "\n", flush=True)
    for part, names in PARTS.items():
        chosen = [section for name, done in sections if name in names for section in done]
        if not chosen:
            continue
        page = "\n\n".join([f"{facts(bench, load)} {beside_report.kept(chosen)}".rstrip(),
                            *(beside_report.text(s, titles) for s in chosen)])
        print(page)
        if options.page and names <= {name for name, _ in sections}:
            alternatives_report.write(options.page, part, page)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
