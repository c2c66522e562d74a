"""Hoarders against an app that comes and goes: what hoard, own-account and poisoner share.

The app keeps POOL connections busy, opens new ones, and keeps IDLE connections that say nothing;
BUSY is the most it has at once. During an attack its pool is torn down and opened again.
"""
import time

import known_good
import scenario
from app import AppReport
from attackers import Attackers
from statements import Asker

POOL, OPENERS, IDLE = 8, 5, 3
BUSY = POOL + OPENERS + IDLE
WORKERS = 300
CAPACITY = 55  # of a server with 60 connections, 5 kept free


class ReopenedApp:
    """An app that goes away at `leaves` seconds after begin() and is back `away` seconds later.

    step() is to be called all the while; finish() gives one report of both lives."""

    def __init__(self, start, leaves=2.0, away=0.7):
        self._start, self._leaves, self._away = start, leaves, away
        self._lives = [start()]
        self._began = time.monotonic()
        self._left = False

    def begin(self):
        self._began = time.monotonic()

    def step(self):
        spent = time.monotonic() - self._began
        if not self._left and spent > self._leaves:
            self._lives[0].finish()
            self._left = True
        elif self._left and len(self._lives) == 1 and spent > self._leaves + self._away:
            self._lives.append(self._start())

    @property
    def reopened(self):
        return len(self._lives) == 2

    def finish(self):
        total = AppReport()
        for report in (life.finish() for life in self._lives):
            for field, value in vars(report).items():
                setattr(total, field, getattr(total, field) + value)
        return total


class Siege(scenario.Scenario):

    def empty(self, *pairs, **over):
        """A config that names the backend and says nothing of classes or limits.

        The gate remembers `pairs`, as known_good.pair(). Only that loopback is never banned is
        taken from the defaults: the attackers come from there."""
        host, port = self.db.address
        base = {"gate": {"backend": [f"{host}:{port}"], "proxy_to_backend": "v2"},
                "monitor": {}, "source": {"never_ban": []}}
        if pairs:
            base["known_good"] = {"state": known_good.file(self, *pairs)}
        return scenario.merged(base, over)

    def app_history(self, sessions=BUSY):
        return known_good.pair(scenario.APP_SOURCE, "app", sessions)

    def app_on(self, gate, **options):
        return self.start_app(gate.address, **{"pool": POOL, "rate": OPENERS, **options})

    def idle_pool(self, gate):
        """Connections of the app that stay open and say nothing."""
        idle = [Asker(gate.address, "app", scenario.APP_SOURCE) for _ in range(IDLE)]
        for client in idle:
            self.addCleanup(client.sock.close)
        return idle

    def besiege(self, gate, name, kind, sources, workers=WORKERS, seconds=6.0, watch=None, slots=0,
                then=None, **options):
        """The attack, with the app's pool reopened in the middle; then(); holds what must hold."""
        idle = self.idle_pool(gate)
        app = ReopenedApp(lambda: self.app_on(gate))

        def step():
            app.step()
            if watch:
                watch()
        app.begin()
        outcome = self.under(gate, kind, sources, workers, seconds, app=app, watch=step, **options)
        self.assertTrue(app.reopened)
        for client in idle:
            self.assertEqual(client.query_value("SELECT 'still here'"), "still here")
            client.sock.close()
        if then:
            then()
        self.hold(name, gate, outcome, slots=slots)
        return outcome

    def come_late(self, gate, name, kind, sources, workers=WORKERS, seconds=4.0, then=None,
                  **options):
        """The attackers are there first; then() happens; then the app comes and needs room."""
        attackers = Attackers(kind, gate.address, sources, workers, seconds + 20, **options).start()
        full = scenario.wait_for(lambda: self._held_by(set(sources)) >= 20 and
                                 gate.status()["waiting"]["now"] > 0, 8)
        before = self._held_by(set(sources))
        if then:
            then()
            time.sleep(2.2)  # for the monitor to see it
        app = self.app_on(gate, pool=BUSY - OPENERS)
        time.sleep(seconds)
        status = gate.status()
        report = app.finish()
        counts = attackers.stop()
        self.figures(name, f"{report.summary()}; attackers {dict(counts)}, {before} slots before, "
                     f"reclaimed {status['acted']['reclaimed']}, pressure {status['pressure']}")
        self.assertTrue(full, f"the attackers filled nothing: {before} slots")
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(report.pooled, 50)
        self.all_back(gate)
        return status
