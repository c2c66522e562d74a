"""Section `login` of `make bench`: what a login and what a refusal costs each door."""
import contextlib
import json
import subprocess
import time

from beside_doors import all_opened, tool
from beside_report import Goal, Measure, Section
from private_mariadb import PrivateMariadb
from process_costs import processor
from wire import Blocking

LOGIN_NOTE = ("8 clients of libmariadb log in and quit, again and again. Processor time is that of all "
              "threads of the gate.")
REFUSED_NOTE = ("8 clients of one address connect, read what comes, and go, again and again, above what "
                "the address may: for headgate `source.connect_rate` (answered by ERR 1040, as it "
                "comes), then a ban; for HAProxy a rate of connections, refused at its first rule; for "
                "nginx `limit_conn`. headgate's `error` tells the client why, the others close.")
LOGIN_DOORS = ("floor", "haproxy", "nginx", "headgate", "floor-unix", "haproxy-unix",
               "headgate-unix")
LIMITS = {"haproxy": "haproxy-limits", "nginx": "nginx-limits", "headgate": "headgate"}
FLOODER = "127.7.7.7"
# What binds: the rate, and nobody banned for it.
RATE = {"source": {"connect_rate": "10/s burst 20", "ban_after": "off"}}
MEASURES = {
    "login": (Measure("login", "processor µs per login and quit"),
              Measure("logins", "logins/s", 0)),
    "refused": (Measure("rate", "processor µs per connection refused by a limit"),
                Measure("rate_second", "refused a second", 0),
                Measure("drop", "the same with `refuse.how = \"drop\"`: closed without a word"),
                Measure("banned", "processor µs per connection of a banned source")),
}
GOALS = {"login": [Goal("login", 1.0, ("haproxy",))],
         "refused": [Goal("rate", 0.5, ("haproxy",)), Goal("drop", 0.5, ("haproxy",), of="rate"),
                     Goal("banned", 0.5, ("haproxy",), of="rate")]}


def load(what, door, *words):
    done = subprocess.run([tool("load_client"), what, door.address[0], str(door.address[1]),
                           *map(str, words)], capture_output=True, text=True, check=True,
                          timeout=120)
    return json.loads(done.stdout)


def login_once(door, seconds):
    before = processor(door.pids())
    found = load("logins", door, 8, seconds)
    used = processor(door.pids()) - before
    if found["failed"]:
        raise RuntimeError(f"{door.name}: {found}")
    return used * 1e6 / found["in"], found["in"] / found["seconds"]


def logins(bench, db):
    section = Section("Login and quit", LOGIN_NOTE, MEASURES["login"], GOALS["login"])
    with all_opened(bench.chosen(LOGIN_DOORS), db) as doors:
        doors += bench.others
        for turn in bench.turns("login"):
            for door in bench.order(doors, turn):
                each, rate = login_once(door, bench.seconds)
                section.add("login", door.name, turn, each)
                section.add("logins", door.name, turn, rate)
                bench.progress(f"login: {door.name:14} {each:6.1f} µs each, {rate:.0f}/s")
    return section


@contextlib.contextmanager
def full(door):
    """nginx counts who is there at once."""
    held = [Blocking(door.address, FLOODER) for _ in range(10)] if door.name == "nginx-limits" else []
    try:
        yield
    finally:
        for client in held:
            client.sock.close()


def refused_once(door, seconds):
    with full(door):
        load("connects", door, 8, 0.3, FLOODER)  # uses up what the address may
        before = processor(door.pids())
        found = load("connects", door, 8, seconds, FLOODER)
        used = processor(door.pids()) - before
    if found["refused"] < 20 * found["greeted"] or found["failed"] * 100 > found["refused"]:
        raise RuntimeError(f"{door.name} did not refuse: {found}")
    return used * 1e6 / found["refused"], found["refused"] / found["seconds"]


def refusals(bench, db):
    section = Section("Refused connections", REFUSED_NOTE, MEASURES["refused"], GOALS["refused"])
    names = {name: LIMITS[name] for name in bench.chosen(LIMITS)}
    dropping = {**RATE, "refuse": {"how": "drop"}}
    banning = {"source": {**RATE["source"], "never_ban": []}}
    with all_opened(names.values(), db, over=RATE) as doors, \
            all_opened([n for n in names if n == "headgate"], db, over=dropping) as silent, \
            all_opened([n for n in names if n == "headgate"], db, over=banning) as banned:
        for door in banned:
            door.gate.request("POST", "/ban", {"address": FLOODER, "for": "1d"})
        rows = ([("rate", name, door) for name, door in zip(names, doors)]
                + [("drop", "headgate", door) for door in silent]
                + [("banned", "headgate", door) for door in banned])
        for turn in bench.turns("refused"):
            for measure, name, door in rows:
                each, second = refused_once(door, bench.seconds)
                section.add(measure, name, turn, each)
                if measure == "rate":
                    section.add("rate_second", name, turn, second)
                bench.progress(f"refused ({measure}): {name:10} {each:6.2f} µs each, "
                               f"{second:.0f}/s")
                time.sleep(0.2)
    return section


def run(bench):
    with PrivateMariadb(300, ["--thread-cache-size=128"], port=bench.server_port) as db:
        return [logins(bench, db), refusals(bench, db)]
