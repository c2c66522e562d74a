#!/usr/bin/python3
"""docs/guides/pools.md is true: real pools of real drivers meet each of the gate's answers.

What each driver makes of them is measured, and has to stand in the page's tables word by word: a
failure prints the table as it should be. The settings are the page's own, which is compared as well,
and work through a silent flood and a storm of logins. `test_pools.py Answers.test_go` is one driver.
"""
import os
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import pools
import scenario
import statements
import test_clients
from attackers import Attackers, addresses
from faulty_backend import FaultyBackend
from private_mariadb import ROOT
from statements import Asker

PAGE = ROOT / "docs" / "guides" / "pools.md"
WHO = "SELECT CONNECTION_ID()"
BURN = statements.CROSS_JOIN.format(-1)
LOOKUP = "SELECT stock FROM items WHERE id = 17"
# As the page recommends it: a class for the application, named by its network and its user.
SHOP = {"name": "shop", "sources": ["127.0.0.1/32"], "users": ["app"], "reserve": 30}
STRICT = {"deadline": "400ms", "all": True, "digest_running": 1, "wait": "100ms"}
CLASSES = [{**SHOP, "query": STRICT},
           {"name": "one", "users": ["one"], "max": 1, "queue": "300ms"},
           {"name": "slow", "users": ["slow"], "max": 1, "queue": "2s"},
           {"name": "two", "users": ["two"], "max": 2, "queue": "300ms"},
           {"name": "idler", "users": ["idler"], "query": {"idle": "1s"}}]
RULES = [{"name": "marked", "digest": "SELECT 1 AS refused", "action": "refuse",
          "message": "use the reporting replica"}]
HEAD = ["| what happened | the application reads | tried again | its connection |",
        "|---|---|---|---|"]


def plain(text):
    """Without what differs from run to run, and as a table's cell holds it."""
    text = re.sub(r"127\.0\.0\.1:\d+(->127\.0\.0\.1:\d+)?", "HOST:PORT", text)
    text = re.sub(r"port:\d+", "port:PORT", text)
    text = re.sub(r"\b127\.0\.0\.1\b", "HOST", text)
    text = re.sub(r"\(conn[:=]\d+\)", "(conn=N)", text)
    text = re.sub(r"HikariPool-\d+", "HikariPool", text)
    text = re.sub(r"timed out after \d+ms", "timed out after N ms", text)
    return "`" + text.replace("|", "\\|").strip() + "`"


def measured_tables():
    """{driver: its table's lines} as the page has them, behind marks `<!-- measured: DRIVER -->`."""
    found, name = {}, None
    for line in PAGE.read_text(encoding="utf8").splitlines():
        mark = re.fullmatch(r"<!-- measured: (\w+) -->", line)
        if mark:
            name, found[mark[1]] = mark[1], []
        elif name and line.startswith("|"):
            found[name].append(line)
        elif name and found[name]:
            name = None
    return found


class Stand(scenario.Scenario):
    need = test_clients.Clients.need

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in ("one", "slow", "two", "idler"):
            cls.db.query(f"CREATE USER {user}@'%' IDENTIFIED BY '{user}-secret'")
            cls.db.query(f"GRANT ALL ON shop.* TO {user}@'%'")


class Answers(Stand):
    """Each of the gate's answers, met by a pool of one connection.

    An event gives (what the application reads, tried again, what became of its connection)."""

    def compare(self, kind):
        self.gate = self.start_gate(self.classes(monitor={}))
        self.pool = pools.Pool(self, kind)
        rows = list(HEAD)
        for name, event in EVENTS.items():
            began = time.monotonic()
            rows.append("| " + " | ".join((name, *event(self))) + " |")
            self.figures(kind, f"{name}: {time.monotonic() - began:.1f} s")
        self.pool.close()
        print("\n".join(rows))
        self.assertEqual(rows, measured_tables().get(kind), "as measured, then as the page has it")

    def classes(self, **over):
        base = self.config(**{"class": CLASSES, "rule": RULES, **over})
        return scenario.merged(base, {"gate": {"drain": "1s"}})

    def again(self):
        """Starts the gate anew once it has ended, at the same address."""
        self.gate.process.wait(10)
        self.gate.process = None
        self.gate.start()

    def killed(self):
        self.gate.process.kill()
        self.again()

    def drain(self):
        os.kill(self.gate.pid(), signal.SIGTERM)
        self.assertTrue(scenario.wait_for(lambda: self.gate.status()["draining"], 3))

    def refused(self, gate, reason, user="one", **options):
        """A pool's first connection, for which `reason` is counted."""
        self.pool.open(gate.address, user, patience=1.5, **options)
        before = gate.count(reason)
        good, text = self.pool.ask("SELECT 1")
        tries = gate.count(reason) - before
        self.assertFalse(good)
        self.assertGreater(tries, 0, f"{reason} never came up: {text}")
        return plain(text), "yes" if tries > 1 else "no", "none"

    def on_open(self, user, event, gate=None):
        """event() happens to an open connection; it returns what it asked, or the next one asks."""
        self.pool.open((gate or self.gate).address, user)
        good, before = self.pool.ask(WHO)
        self.assertTrue(good, before)
        good, text = event() or self.pool.ask("SELECT 1")
        alive, after = self.pool.ask(WHO)
        self.assertTrue(alive, after)
        cell = "kept" if before == after else "replaced"
        if good:
            self.assertEqual(cell, "replaced", "nothing happened")
        return "nothing" if good else plain(text), "yes" if good else "no", cell

    def one_runs(self):
        """The statement that was begun is at the server: a pool may have asked it something before,
        and has not sent this one while that runs."""
        self.assertTrue(scenario.wait_for(lambda: self.db.query(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST"
            " WHERE INFO LIKE 'SELECT SLEEP(%'")[0][0] == 1, 5, 0.01))

    def no_slot(self):
        holder = Asker(self.gate.address, "one")
        cells = self.refused(self.gate, "waiting_deadline")
        holder.sock.close()
        return cells

    def queue_outlasts(self):
        holder = Asker(self.gate.address, "slow")
        self.pool.open(self.gate.address, "slow", patience=1.0)
        before = self.gate.count("waiting_deadline")
        good, text = self.pool.ask("SELECT 1")
        outlasted = self.gate.count("waiting_deadline") > before  # the gate's answer came first
        self.assertFalse(good)
        holder.sock.close()
        return plain(text), "no: the timeout does not act" if outlasted else "no", "none"

    def door(self):
        gate = self.start_gate(self.config(source={"connect_rate": "1/h burst 1",
                                                   "never_ban": ["127.0.0.0/8"]}))
        Asker(gate.address, "app").sock.close()
        return self.refused(gate, "connect_rate")

    def password(self):
        return self.refused(self.gate, "login_failed", password="wrong")

    def unreachable(self):
        with FaultyBackend(self.db.address) as backend:
            name = f"{backend.address[0]}:{backend.address[1]}"
            gate = self.start_gate(scenario.merged(self.classes(), {"gate": {"backend": [name]}}))
            backend.set("closed")
            return self.refused(gate, "backend_unreachable")

    def gate_gone(self):
        self.gate.process.kill()
        self.gate.process.wait()
        self.pool.open(self.gate.address, "one", patience=1.5)
        good, text = self.pool.ask("SELECT 1")
        self.assertFalse(good)
        self.again()
        return plain(text), "yes" if self.pool.kind == "hikari" else "no", "none"

    def draining(self):
        """Who waits for a slot then is told; after that the port is closed, as of a gate that is
        down."""
        holder = Asker(self.gate.address, "slow")
        self.pool.open(self.gate.address, "slow", patience=1.5)
        self.pool.begin("SELECT 1")
        self.assertTrue(scenario.wait_for(lambda: self.gate.status()["waiting"]["now"], 3))
        self.drain()
        good, text = self.pool.answer()
        holder.sock.close()
        self.again()
        self.assertFalse(good)
        return plain(text), "yes" if self.pool.kind == "hikari" else "no", "none"

    def rule(self):
        return self.on_open("app", lambda: self.pool.ask("SELECT 1 AS refused"))

    def limit(self):
        other = Asker(self.gate.address, "app")

        def event():
            other.ask(statements.query("SELECT SLEEP(0.3)"))
            self.one_runs()
            return self.pool.ask("SELECT SLEEP(0.01)")
        try:
            return self.on_open("app", event)
        finally:
            other.answer()
            other.sock.close()

    def deadline(self):
        return self.on_open("app", lambda: self.pool.ask(BURN))

    def deadline_without_monitor(self):
        gate = self.start_gate(self.classes())
        return self.on_open("app", lambda: self.pool.ask(BURN), gate)

    def idle(self):
        def event():
            before = self.gate.count("idle")
            self.assertTrue(scenario.wait_for(lambda: self.gate.count("idle") > before, 5))
            time.sleep(0.1)
        return self.on_open("idler", event)

    def cut_while_it_runs(self):
        def event():
            self.pool.begin("SELECT SLEEP(5)")
            self.one_runs()
            self.killed()
            return self.pool.answer()
        return self.on_open("one", event)

    def cut_while_idle(self):
        def event():
            time.sleep(0.6)  # HikariCP does not look at what was used half a second ago
            self.killed()
        return self.on_open("one", event)

    def drained(self):
        def event():
            self.drain()
            self.again()
        return self.on_open("one", event)

    def larger(self):
        """A pool of four in a class that may have two. PHP's pool is its processes."""
        several = self.pool.kind == "php"
        each = [pools.Pool(self, "php") for _ in range(4)] if several else [self.pool]
        before = self.gate.count("waiting_deadline")
        for pool in each:
            pool.open(self.gate.address, "two", size=4)
            pool.load(4, 1.5, 0, "SELECT SLEEP(0.05)")
        loads = [pool.loaded() for pool in each]
        self.assertGreater(self.gate.count("waiting_deadline"), before)
        self.assertGreater(sum(load.done for load in loads), 20)
        for pool in each:
            pool.close()
        errors = [load.error for load in loads if load.error]
        if not errors:
            return "nothing: two serve all", "yes", "two"
        return f"now and then {plain(errors[0])}", "no", "two"

    def test_go(self):
        self.compare("go")

    def test_hikari(self):
        self.compare("hikari")

    def test_sqlalchemy(self):
        self.compare("sqlalchemy")

    def test_mysql2(self):
        self.compare("mysql2")

    def test_php(self):
        self.compare("php")


EVENTS = {
    "no slot until the queue ran out": Answers.no_slot,
    "the queue is longer than the driver's patience": Answers.queue_outlasts,
    "a pool of 4 where the class may have 2": Answers.larger,
    "refused at the door (connect rate, ban)": Answers.door,
    "the server refuses the password": Answers.password,
    "the server is down": Answers.unreachable,
    "the gate is down": Answers.gate_gone,
    "the gate drains while it waits for a slot": Answers.draining,
    "a statement refused by a rule": Answers.rule,
    "a statement over a limit": Answers.limit,
    "a statement over its deadline": Answers.deadline,
    "the same without a monitor": Answers.deadline_without_monitor,
    "closed by the gate while idle": Answers.idle,
    "cut while a statement runs": Answers.cut_while_it_runs,
    "cut while idle in the pool": Answers.cut_while_idle,
    "the drain ended while idle in the pool": Answers.drained,
}


class Settings(Stand):
    """What the page recommends is what the programs do, and it holds."""

    def test_the_page_has_the_programs_lines(self):
        text = PAGE.read_text(encoding="utf8")
        for kind, name in pools.SOURCES.items():
            source = (pools.PROGRAMS / name).read_text(encoding="utf8")
            source = {line.strip() for line in source.splitlines()}
            block = re.search(rf"<!-- settings: {kind} -->\n```\w+[^\n]*\n(.*?)```", text, re.S)
            self.assertTrue(block, f"no settings of {kind}")
            lines = [line.strip() for line in block[1].splitlines() if line.strip()]
            self.assertGreater(len(lines), 2)
            for line in lines:
                self.assertIn(line, source, f"{kind}: in the page and not in {name}")

    def test_under_attack(self):
        """Every pool opens in the middle of a silent flood and a storm of logins, and works."""
        gate = self.start_gate(self.config(monitor={}, **{"class": [SHOP]}))
        attacks = [Attackers("silent", gate.address, addresses(100), 300, 40),
                   Attackers("bad-password", gate.address, addresses(60, middle=7), 60, 40,
                             users=["app", "weak"]),
                   Attackers("churn", gate.address, addresses(60, middle=9), 60, 40)]
        each = {kind: pools.Pool(self, kind) for kind in pools.KINDS}
        for attack in attacks:
            attack.start()
        self.assertTrue(scenario.wait_for(lambda: gate.status()["pending"]["now"] >= 200, 10))
        for pool in each.values():
            pool.open(gate.address, "app", size=4, patience=10)
        for pool in each.values():
            pool.load(4, 5, 0.02, LOOKUP)
        loads = {kind: pool.loaded() for kind, pool in each.items()}
        counts = [dict(attack.stop()) for attack in attacks]
        for pool in each.values():
            pool.close()
        self.figures("under attack", f"{loads}; attackers {counts}")
        for kind, load in loads.items():
            self.assertEqual((load.failed, load.error), (0, ""), kind)
            self.assertGreater(load.done, 20, kind)
        self.assertTrue(all(count["opened"] > 50 for count in counts), counts)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
