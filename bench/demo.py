#!/usr/bin/python3
"""`make demo ATTACK=silent`: an application under attack, without and with headgate, side by side.

Two private MariaDBs with 60 connections each, one bare and one behind headgate; before each an
application with a pool of 8 and 20 new connections a second, and the same attack. A small table
shows both as it goes on: a live one in a terminal, one line a second elsewhere. About 15 seconds.
"""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
from app import App
from attackers import LIVES, Attackers, addresses
from gate import Gate
from private_mariadb import PrivateMariadb

SLOTS, CALM, AFTER = 60, 2.0, 2.0
APP = "127.0.0.10"
WORKERS = {"silent": 300, "drip": 300, "garbage": 200}
RED, GREEN, DIM, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"


class Side:
    """One of the two columns."""

    def __init__(self, db, gate):
        self.db, self.gate = db, gate
        self.target = gate.address if gate else db.address
        self.app = App(self.target, source=APP, timeout=3)
        self.attackers, self.rate, self._last = None, 0.0, (time.monotonic(), 0)

    def attack(self, kind, seconds):
        workers = WORKERS.get(kind, 150)
        self.attackers = Attackers(kind, self.target, addresses(120), workers, seconds).start()

    def row(self):
        """What the table shows, by name."""
        done, failed = self.app.progress()
        now, (then, before) = time.monotonic(), self._last
        if now - then >= 0.9:
            self.rate, self._last = (done - before) / (now - then), (now, done)
        held = sum(host != APP for _, _, host in self.db.sessions())
        out = {"app: operations/s": f"{self.rate:.0f}", "app: succeeded": done,
               "app: failed": failed, "server slots held by attackers": f"{held} of {SLOTS}",
               "pending at the gate": "", "turned away by the gate": ""}
        if self.gate:
            status = self.gate.status()
            ends = ("client_closed", "backend_closed", "none")
            out["pending at the gate"] = status["pending"]["now"]
            out["turned away by the gate"] = sum(
                count for reason, count in status["acted"].items() if reason not in ends)
        return out


class Table:
    """Redraws itself in place in a terminal; elsewhere prints one line for each call."""

    def __init__(self, title):
        self.title, self.live, self.height = title, sys.stdout.isatty(), 0

    def show(self, phase, left, right):
        if not self.live:
            short = {"app: succeeded": "ok", "app: failed": "failed",
                     "server slots held by attackers": "attackers' slots"}
            print(f"{phase:24}" + "   ".join(
                f"{name}: " + ", ".join(f"{text} {side[key]}" for key, text in short.items())
                for name, side in (("without", left), ("with headgate", right))), flush=True)
            return
        lines = [f"{self.title}   {DIM}{phase}{PLAIN}", "",
                 f"{'':32}{'without':>16}{'with headgate':>16}"]
        for name, value in left.items():
            cells = ""
            for cell in (value, right[name]):
                colour = ""
                if name == "app: failed":
                    colour = RED if cell else GREEN
                cells += f"{colour}{cell!s:>16}{PLAIN if colour else ''}"
            lines.append(f"{name:32}{cells}")
        back = f"\x1b[{self.height}A" if self.height else ""
        sys.stdout.write(back + "".join(f"\x1b[2K{line}\n" for line in lines))
        sys.stdout.flush()
        self.height = len(lines)


def play(kind, seconds, sides):
    table = Table(f"headgate demo: {kind}, {WORKERS.get(kind, 150)} clients from 120 addresses")
    began = time.monotonic()
    end, attacked = began + CALM + seconds + AFTER, False
    pause = 0.25 if table.live else 1.0
    while (now := time.monotonic()) < end:
        if not attacked and now - began >= CALM:
            attacked = True
            for side in sides:
                side.attack(kind, seconds)
        phase = ("calm" if not attacked else f"under attack, {now - began - CALM:.0f} s"
                 if now - began < CALM + seconds else "the attack is over")
        table.show(phase, *(side.row() for side in sides))
        time.sleep(pause)
    for side in sides:
        side.attackers.stop()
    return [side.app.finish() for side in sides]


def main():
    parser = argparse.ArgumentParser(description="headgate under attack, beside a bare server")
    parser.add_argument("attack", nargs="?", default="silent", choices=sorted(LIVES))
    parser.add_argument("--seconds", type=float, default=10.0, help="of attack, 1 to 60")
    options = parser.parse_args()
    seconds = min(max(options.seconds, 1.0), 60.0)
    with PrivateMariadb(SLOTS) as bare, \
            PrivateMariadb(SLOTS, ["--proxy-protocol-networks=127.0.0.0/8"]) as behind:
        gate = Gate({"gate": {"backend": [f"{behind.host}:{behind.port}"],
                              "proxy_to_backend": "v2"},
                     "slots": {"max_connections": SLOTS},
                     "source": {"never_ban": []}, "known_good": {"minutes": 1}})
        with gate:
            sides = [Side(bare, None), Side(behind, gate)]
            for side in sides:
                side.app.start()
            without, with_gate = play(options.attack, seconds, sides)
    print(f"\nwithout headgate: {without.summary()}\nwith headgate:    {with_gate.summary()}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
