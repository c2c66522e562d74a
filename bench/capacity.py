#!/usr/bin/python3
"""`make bench-capacity`: what a session, a waiting client and a source cost the gate, in memory, and
a query and a login in processor time beside HAProxy. The table of docs/guides/capacity.md.

Memory is what the process's resident size grows by, divided by how many there are. Processor time is
the gate's own, of one worker thread, for the same work of mariadb-slap, HAProxy and headgate by turns.
"""
import argparse
import contextlib
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
import alternatives_report
import peers
import wire
from attackers import Attackers, addresses, anywhere
from gate import Gate
from private_mariadb import PrivateMariadb
from process_costs import processor, resident

SESSIONS, PENDING, SOURCES = 1000, 3000, 20000
QUERIES, LOGINS, TURNS = 20000, 1500, 5
FREE = ["127.0.0.0/8"]
SLOTS = SESSIONS + 100
FEW = 200  # events that a shadow may leave for later
HAPROXY = """
global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen mysql
  bind LISTEN
  maxconn 8000
  server db BACKEND send-proxy-v2
"""


def config(db, **over):
    return {"gate": {"backend": [f"{db.host}:{db.port}"], "proxy_to_backend": "v2", "threads": 1},
            "slots": {"max_connections": SLOTS},
            "login": {"rate": "off", "per_source": 16},
            "pending": {"max": PENDING + 500, "deadline": "5m"},
            "source": {"exempt": FREE, "connect_rate": "off"}, **over}


@contextlib.contextmanager
def many(count, address, login):
    """`count` connections from 100 addresses; logged in, or greeted and silent."""
    sources, clients = addresses(100), []
    try:
        for i in range(count):
            client = wire.Blocking(address, sources[i % 100])
            clients.append(client)
            if login:
                client.login("many", "many-secret", "shop")
                client.query_value("SELECT 1")
        for client in [] if login else clients:
            client.greeting()  # it is not in the backlog any more
        time.sleep(0.5)
        yield
    finally:
        for client in clients:
            client.sock.close()


def grown(pids, count, address, login, memory=resident):
    """Bytes for each."""
    with many(20, address, login):
        pass  # what is allocated once
    before = memory(pids)
    with many(count, address, login):
        return (memory(pids) - before) / count


def for_sources(db):
    """Bytes for each address that was seen once."""
    with Gate(config(db, source={"connect_rate": "1000/s", "never_ban": FREE})) as gate:
        time.sleep(0.5)
        before, known = resident([gate.pid()]), gate.status()["sources"]
        attackers = Attackers("connect-only", gate.address, addresses(1), 200, 120, pause=0.005,
                              roam=anywhere).start()
        until = time.monotonic() + 60
        while gate.status()["sources"] < known + SOURCES and time.monotonic() < until:
            time.sleep(0.1)
        attackers.stop()
        return (resident([gate.pid()]) - before) / (gate.status()["sources"] - known)


def slap(address, *options):
    subprocess.run(["mariadb-slap", "--no-defaults", f"--host={address[0]}", f"--port={address[1]}",
                    "--user=app", "--password=app-secret", "--create-schema=shop", "--silent",
                    "--query=SELECT name, stock FROM items WHERE id = 17", *options], check=True,
                   capture_output=True, timeout=120)


def costs(pids, address, settle=lambda: None):
    """Microseconds of the gate's processor for a query, and for a login with one query and quit.

    `settle` returns when what the gate does beside its clients is done."""
    out = []
    for number, options in ((QUERIES, ["--concurrency=8"]),
                            (LOGINS, ["--concurrency=8", "--detach=1"])):
        before = processor(pids)
        slap(address, *options, f"--number-of-queries={number}")
        settle()
        out.append((processor(pids) - before) * 1e6 / number)
    return out


def beside_haproxy(db):
    """(headgate's, HAProxy's) bytes for a session; [headgate's query and login over HAProxy's]."""
    ratios = []
    with Gate(config(db)) as gate, peers.Peer("haproxy", HAPROXY, db.address) as haproxy:
        ours, theirs = [gate.pid()], haproxy.pids()
        for pids, door in ((ours, gate), (theirs, haproxy)):
            costs(pids, door.address)  # warm
        for _ in range(TURNS):
            pair = [costs(pids, door.address) for pids, door in ((ours, gate), (theirs, haproxy))]
            ratios.append([mine / other for mine, other in zip(*pair)])
            print("  query and login, headgate / HAProxy: "
                  + ", ".join(f"{value:.2f}" for value in ratios[-1]), flush=True)
        memory = [grown(pids, SESSIONS, door.address, True)
                  for pids, door in ((ours, gate), (theirs, haproxy))]
    return memory, [statistics.median(column) for column in zip(*ratios)]


def over_without(gate, begin, end, settle=lambda: None):
    """What a query and a login cost between `begin` and `end`, over what they cost otherwise."""
    ratios, pids = [], [gate.pid()]
    costs(pids, gate.address)  # warm
    for _ in range(TURNS):
        plain = costs(pids, gate.address)
        begin()
        more = costs(pids, gate.address, settle)
        end()
        ratios.append([dear / cheap for dear, cheap in zip(more, plain)])
    return [statistics.median(column) for column in zip(*ratios)]


def recording(db):
    with Gate(config(db)) as gate:
        return over_without(gate, lambda: gate.cli("record", "price.trace"),
                            lambda: gate.cli("record", "--stop"))


def shadowing(db):
    """Of a candidate that is another policy: one that is the same is asked in a simpler way."""
    with Gate(config(db, slots={"max_connections": SLOTS - 1})) as gate:
        shutil.copy(gate.file, gate.folder / "candidate.toml")

        def reload(candidate):
            gate.write(config(db, shadow={"config": candidate}))
            code, _, problem = gate.cli("reload")
            if code != 0:
                raise RuntimeError(f"reload: {problem}")

        def settle():
            until = time.monotonic() + 30
            while (shadow := gate.status()["shadow"])["queued"] > FEW:
                if time.monotonic() > until:
                    raise RuntimeError(f"the shadow does not keep up: {shadow}")
                time.sleep(0.05)
            if shadow["left_out"] > 0:
                raise RuntimeError(f"what the shadow left out has no price: {shadow}")
            time.sleep(0.2)  # it looks at few only now and then

        reload("")
        return over_without(gate, lambda: reload("candidate.toml"), lambda: reload(""), settle)


def fresh(db, threads):
    """Bytes of a gate that has just started, all limits as they are by default."""
    plain = {"gate": {**config(db)["gate"], "threads": threads}}
    with Gate(plain) as gate:
        time.sleep(0.5)
        return resident([gate.pid()])


def measure():
    with PrivateMariadb(SLOTS, ["--proxy-protocol-networks=127.0.0.0/8", "--thread-stack=256K",
                               "--open-files-limit=8192"]) as db:
        memory, ratios = beside_haproxy(db)
        with Gate(config(db)) as gate:
            pending = grown([gate.pid()], PENDING, gate.address, False)
        one, two = fresh(db, 1), fresh(db, 2)
        taped, shadowed = recording(db), shadowing(db)
        return {"taped_query": taped[0], "taped_login": taped[1], "shadowed_query": shadowed[0],
                "shadowed_login": shadowed[1], "start": one, "thread": two - one,
                "session": memory[0], "theirs": memory[1], "pending": pending,
                "source": for_sources(db), "query": ratios[0], "login": ratios[1],
                "server": db.query("SELECT VERSION()")[0][0]}


def table(found):
    return f"""Measured on {alternatives_report.today()}: {alternatives_report.machine()}; MariaDB {
        found["server"].split("-")[0]}, HAProxy {peers.version("haproxy")}.

| what | costs | how it was measured |
|---|---|---|
| a gate that has just started, 1 worker thread | {found["start"] / 2**20:.1f} MiB | default configuration, no observer |
| each further worker thread | {max(0, found["thread"]) / 2**20:.1f} MiB | the same with two |
| an idle session | {found["session"] / 1024:.1f} KiB | {SESSIONS:,} logged in, one query each, then idle; HAProxy {found["theirs"] / 1024:.1f} KiB |
| a client that has not logged in | {found["pending"] / 1024:.1f} KiB | {PENDING:,} that are connected and say nothing |
| a source that is remembered | {found["source"]:.0f} bytes | {SOURCES:,} addresses that connected once |
| a query | {found["query"]:.2f} times HAProxy's processor time | mariadb-slap, 8 clients, median of {TURNS} pairs of runs, one thread each |
| a login, a query, and quit | {found["login"]:.2f} times | the same, a connection for each query |
| a query while the gate records | {found["taped_query"]:.2f} times what it costs without | the same gate by turns; the thread that writes included |
| a login, a query, and quit while it records | {found["taped_login"]:.2f} times | the same |
| a query while a `[shadow]` decides beside | {found["shadowed_query"]:.2f} times what it costs without | the same gate by turns; a candidate with another limit, and its thread included |
| a login, a query, and quit beside a shadow | {found["shadowed_login"]:.2f} times | the same |"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=pathlib.Path, help="whose table is written anew")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    text = table(measure())
    print(text)
    if options.page:
        alternatives_report.write(options.page, "capacity", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
