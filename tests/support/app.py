"""The legitimate application: a pool that queries and, beside it, new connections.

Runs in a process of its own so that attackers do not take its CPU time in Python. Every operation
is recorded; finish() returns an AppReport. An operation is a pooled query, or the whole of connect,
login, query and quit. A pooled connection that fails is opened again; its failure stays counted.
"""
import ctypes
import dataclasses
import encodings.idna  # noqa: F401  (looked up by connects: two threads at once may not find it)
import multiprocessing
import os
import threading
import time

import pymysql

FORK = multiprocessing.get_context("fork")
CLONE_NEWNET = 0x40000000
LOOKUP = "SELECT name, stock FROM items WHERE id = 17"
FOUND = (("item 17", 19),)


def enter_netns(name):
    """Moves this process into the network namespace `name` (as `ip netns` made it)."""
    handle = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {name}")
    finally:
        os.close(handle)


@dataclasses.dataclass
class AppReport:
    pooled: int = 0        # operations that succeeded
    opened: int = 0
    failed: int = 0
    errors: list = dataclasses.field(default_factory=list)  # the first few, as text
    pooled_ms: list = dataclasses.field(default_factory=list)
    opened_ms: list = dataclasses.field(default_factory=list)

    @staticmethod
    def percentile(values, share):
        return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0

    def summary(self):
        p99 = self.percentile
        return (f"app ok {self.pooled}+{self.opened} failed {self.failed}, p99 "
                f"{p99(self.pooled_ms, .99):.0f}/{p99(self.opened_ms, .99):.0f} ms")


class App:
    """`pool` connections with a query every `pause` seconds each, and `rate` new ones a second.

    The query is `sql`; anything but the rows `found` counts as a failure. With `ca`, a file, it
    uses TLS and believes no other.
    """

    def __init__(self, target, source="127.0.0.10", user="app", password="app-secret", pool=8,
                 rate=20, pause=0.02, timeout=10, netns=None, sql=LOOKUP, found=FOUND, ca=None):
        self.options = dict(user=user, password=password, database="shop", connect_timeout=timeout,
                            read_timeout=timeout, write_timeout=timeout, autocommit=True)
        if isinstance(target, str):
            self.options["unix_socket"] = target
        else:
            self.options.update(host=target[0], port=target[1], bind_address=source)
        if ca:
            self.options["ssl"] = {"ca": ca}
        self.pool, self.rate, self.pause, self.netns = pool, rate, pause, netns
        self.sql, self.found = sql, found
        self._stop = FORK.Event()
        self._done = FORK.Value("i", 0)
        self._failed = FORK.Value("i", 0)
        self._out, self._in = FORK.Pipe(False)
        self._process = self._report = None

    def start(self, warm=None):
        """Starts it; waits for `warm` operations (default: twice the pool) before returning."""
        self._process = FORK.Process(target=self._main, daemon=True)
        self._process.start()
        warm = 2 * self.pool + 2 if warm is None else warm
        until = time.monotonic() + 20
        while sum(self.progress()) < warm and time.monotonic() < until:
            time.sleep(0.02)
        return self

    def progress(self):
        """(operations that succeeded, that failed) so far."""
        return self._done.value, self._failed.value

    def finish(self):
        """Stops it; the report. Again the same when called again."""
        if self._report is None:
            self._stop.set()
            hung = AppReport(failed=1, errors=["hung"])
            self._report = self._out.recv() if self._out.poll(60) else hung
            self._process.join(5)
            if self._process.is_alive():
                self._process.kill()
        return self._report

    def finish_quietly(self):
        """For clean-ups."""
        self.finish()

    # In the child.

    def _main(self):
        if self.netns:
            enter_netns(self.netns)
        report, lock = AppReport(), threading.Lock()
        workers = [threading.Thread(target=self._pooled, args=(report, lock), daemon=True)
                   for _ in range(self.pool)]
        openers = min(8, self.rate)
        workers += [threading.Thread(target=self._opener, args=(report, lock, i, openers),
                                     daemon=True) for i in range(openers)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self._in.send(report)
        os._exit(0)

    def _record(self, report, lock, kind, began, error):
        with lock:
            if error is None:
                setattr(report, kind, getattr(report, kind) + 1)
                getattr(report, kind + "_ms").append((time.monotonic() - began) * 1000)
                self._done.value += 1
                return
            report.failed += 1
            self._failed.value += 1
            if len(report.errors) < 20:
                spent = time.monotonic() - began
                report.errors.append(f"{kind} after {spent:.2f} s: {error!r}")

    def _query(self, connection):
        with connection.cursor() as cursor:
            cursor.execute(self.sql)
            rows = cursor.fetchall()
            if rows != self.found:
                raise AssertionError(f"a wrong answer: {rows!r}")

    def _pooled(self, report, lock):
        connection = None
        while not self._stop.is_set():
            began, error = time.monotonic(), None
            try:
                connection = connection or pymysql.connect(**self.options)
                self._query(connection)
            except Exception as problem:  # every kind of failure counts
                error, connection = problem, None
            self._record(report, lock, "pooled", began, error)
            self._stop.wait(self.pause if error is None else 0.2)
        if connection:
            connection.close()

    def _opener(self, report, lock, index, openers):
        step = openers / self.rate
        due = time.monotonic() + step * index / openers
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + step, time.monotonic())
            began, error = time.monotonic(), None
            try:
                connection = pymysql.connect(**self.options)
                try:
                    self._query(connection)
                finally:
                    connection.close()
            except Exception as problem:
                error = problem
            self._record(report, lock, "opened", began, error)
