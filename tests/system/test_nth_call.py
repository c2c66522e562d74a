#!/usr/bin/python3
"""Every n-th call of one function fails under the running gate, then none does any more: nothing of
anybody has stayed behind, and the gate serves."""
import contextlib
import errno
import http.client
import pathlib
import sys
import threading
import time

import pymysql

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import scenario
from attackers import Attackers, addresses
from faults import FUNCTIONS, ONCE, Faults
from faulty import Faulty
from gate import Gate
from private_mariadb import MONITOR, free_port

HEAVY = "SELECT COUNT(*) AS heavy FROM items a, items b, items c"


class Accept(Faulty):

    def test_out_of_descriptors(self):
        gate = self.rounds("accept4", (1, 2, 5))
        self.assertGreater(gate.count("descriptors"), 0)

    def test_the_client_has_gone(self):
        self.rounds("accept4", (2, 3), (errno.ECONNABORTED,))

    def test_for_no_known_reason(self):
        """Nobody can be taken, and nothing is missing: the gate waits, and says so."""
        gate = self.rounds("accept4", (1,), (errno.EPERM,))
        self.assertGreater(gate.count("accept_failed"), 0)
        self.assertIn("nobody can be taken on", gate.text())


class Sockets(Faulty):

    def test_socket(self):
        self.rounds("socket", (1, 2, 3))

    def test_connect(self):
        self.rounds("connect", (1, 2, 3), (errno.ECONNREFUSED, errno.EADDRNOTAVAIL))

    def test_epoll(self):
        gate = self.rounds("epoll_add", (1, 2, 3), (errno.ENOSPC, errno.ENOMEM))
        self.assertGreater(gate.count("descriptors"), 0, "clients left without a reason")


class Bytes(Faulty):

    def test_send(self):
        gate = self.rounds("send", (2, 7, 31), (errno.ENOBUFS, errno.ECONNRESET))
        self.assertEqual(gate.count("login_deadline"), 0, "the loss of a server was not seen")
        self.assertEqual(gate.count("query_deadline"), 0)

    def test_recv(self):
        self.rounds("recv", (2, 7, 31), (errno.ENOMEM, errno.ECONNRESET))

    def test_sendmsg(self):
        """The admin socket's answers."""
        gate = self.faulty_gate()
        before = self.settle(gate)
        for every in (1, 2, 3):
            with self.faults.failing("sendmsg", every):
                for _ in range(10):
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        gate.status()
        self.assertGreater(self.faults.failed("sendmsg")[1], 0)
        self.recovered(gate, before)


class Memory(Faulty):

    def test_new(self):
        """Each time one is closed, and told why; the books stay even."""
        gate = self.rounds("new", (1009, 211, 53))
        self.assertGreater(gate.count("memory"), 0)

    def test_none_left(self):
        """The kernel gives no more: newcomers are turned away, and who is in works on."""
        gate = self.faulty_gate()
        before = self.settle(gate)
        app = self.start_app(gate.address, pool=4, rate=1)
        self.limit_data(gate, 0)
        silent = Attackers("silent", gate.address, addresses(100), 600, 20).start()
        self.assertTrue(scenario.wait_for(lambda: gate.count("memory") > 0, 15))
        pooled = app.progress()[0]
        self.assertTrue(scenario.wait_for(lambda: app.progress()[0] > pooled + 50, 10))
        silent.stop()
        self.limit_data(gate)
        report = app.finish()
        self.figures("no memory", f"{report.summary()}; {self.recovered(gate, before)}; "
                     f"memory {gate.count('memory')}")


class Monitor(Faulty):

    def in_session(self, gate):
        host, port = gate.address
        client = pymysql.connect(host=host, port=port, user="app", password="app-secret",
                                 database="shop", read_timeout=20)
        self.addCleanup(lambda: client.open and client.close())
        return client

    def kill_monitor(self, killed, looks, every):
        """Each `every`-th time that it is seen."""
        with contextlib.suppress(pymysql.Error):
            for number, in self.db.query("SELECT ID FROM information_schema.PROCESSLIST"
                                         " WHERE USER = %s", MONITOR):
                looks.append(number)
                if len(looks) % every == 0:
                    self.db.query(f"KILL {number}")
                    killed.add(number)

    def run_heavy(self, gate, ends, stop):
        """Statements that only the monitor can end, one after the other."""
        while not stop.is_set():
            with contextlib.suppress(pymysql.Error, OSError), \
                    contextlib.closing(self.in_session(gate)) as client:
                try:
                    client.cursor().execute(HEAVY)
                except pymysql.Error as error:
                    ends.append(error.args[0])

    def test_killed_at_the_server(self):
        gate = self.faulty_gate()
        for every in (1, 5, 20):
            before, ends, stop = self.settle(gate), [], threading.Event()
            killed, looks = set(), []
            kills = gate.status()["monitor"]["kills"]
            heavy = threading.Thread(target=self.run_heavy, args=(gate, ends, stop))
            heavy.start()
            report = self.crowd(gate, 5, lambda: self.kill_monitor(killed, looks, every))
            stop.set()
            heavy.join(30)
            self.assertFalse(heavy.is_alive(), "a statement was never ended")
            self.assertGreater(len(killed), 0)
            after = self.recovered(gate, before)
            self.figures(f"monitor 1 in {every}", f"killed {len(killed)} times; {report.summary()}; {after};"
                         f" kills {gate.status()['monitor']['kills'] - kills}, ends {ends}")
            self.assertEqual(report.failed, 0, report.errors)
        with self.assertRaises(pymysql.Error) as raised:
            self.in_session(gate).cursor().execute(HEAVY)
        self.assertEqual(raised.exception.args[0], 1317)


class Start(Faulty):
    """One call fails while the gate starts. It ends in order and says what it lacks, or it does
    without, where it can be done without or tried again."""
    NAMED = {"eventfd": "eventfd", "epoll_create": "epoll", "signalfd": "signalfd",
             "socket": "socket|cannot listen", "bind": "bind|cannot listen",
             "listen": "listen", "thread": "thread", "epoll_add": "epoll|admin socket"}

    def everything(self):
        """A gate whose start needs all of these."""
        gate = Gate(scenario.merged(self.config(monitor={}, admin={
            "http": f"127.0.0.1:{free_port()}", "watch": True}), {
                "observer": {"interface": "lo"}, "firewall": {"enforce": False}}))
        self.faults = Faults(gate.run_folder / "faults")
        self.addCleanup(self._end_gate, gate)
        return gate

    def begin(self, gate):
        gate.start(wait=False, env=self.faults.environment())

    def calls_of_a_start(self):
        gate = self.everything()
        self.begin(gate)
        gate.wait_ready()
        calls = {function: self.faults.failed(function)[0] for function in FUNCTIONS}
        gate.stop()
        return calls

    def serves(self, gate):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, pymysql.Error):
            host, port = gate.address
            pymysql.connect(host=host, port=port, user="app", password="app-secret",
                            database="shop", connect_timeout=2).close()
            return gate.status()["backend"]["up"] and "is up, pid" in gate.text()
        return False

    def one_fails(self, function, number):
        """The last line of a gate that has ended, or None."""
        gate = self.everything()
        self.faults.set(function, ONCE | number)
        self.begin(gate)
        ends = scenario.wait_for(lambda: gate.process.poll() is not None or self.serves(gate), 15)
        self.assertTrue(ends, f"neither up nor ended: {gate.text()}")
        text, status = gate.text(), gate.process.poll()
        self.assertEqual(self.faults.failed(function)[1], 1, "the fault did not happen")
        if status is None:
            gate.stop()
            return None
        gate.process = None
        self.assertEqual(status, 1, text)
        last = text.splitlines()[-1]
        self.assertRegex(last, " error ")
        self.assertRegex(last, self.NAMED[function])
        self.assertFalse(pathlib.Path(gate.socket).exists(), last)
        gate.stop()
        return last

    def test_each_call(self):
        calls = self.calls_of_a_start()
        for function in ("signalfd", "eventfd", "epoll_create", "epoll_add", "timerfd", "socket",
                         "bind", "listen", "thread"):
            ended = []
            for number in range(1, calls[function] + 1):
                with self.subTest(function, number=number):
                    ended.append(self.one_fails(function, number))
            lines = sorted({line.split(" error ")[1] for line in ended if line})
            self.figures(function, f"{len(ended)} calls, {sum(map(bool, ended))} ended: {lines}")


@scenario.needs_root()
class Firewall(Faulty, database_host.OnDatabaseHost):
    """nft fails every n-th time, or cannot be started; the bans are those of the gate in the end."""

    def in_step(self, gate, seconds=20):
        same = scenario.wait_for(lambda: self.kernel_bans() == self.gate_bans(gate), seconds)
        self.assertTrue(same, (self.kernel_bans(), self.gate_bans(gate), gate.status()["firewall"]))

    def act(self, gate, act, address, **more):
        code, answer = gate.request("POST", act, {"address": address, **more})
        self.assertEqual(code, 200, answer)

    def change(self, gate, first):
        """Ten bans of addresses of this round's own, of which every other is lifted again."""
        for i in range(10):
            self.act(gate, "/ban", f"10.99.{first}.{i}", **{"for": "10m"})
            time.sleep(0.1)
            if i % 2:
                self.act(gate, "/unban", f"10.99.{first}.{i}")

    def test_nft(self):
        gate = self.faulty_gate(self.config_with(), host=database_host.HOST,
                                netns=self.hosts.gate)
        before = self.settle(gate)
        for number, (every, error) in enumerate(((1, 0), (2, 0), (3, 0), (2, errno.EAGAIN))):
            failures = gate.status()["firewall"]["failures"]
            with self.faults.failing("spawn", every, error):
                self.change(gate, number)
                noticed = scenario.wait_for(
                    lambda n=failures: gate.status()["firewall"]["failures"] > n, 10)
                self.assertTrue(noticed, "the fault did not happen")
            self.in_step(gate)
            self.assertTrue(scenario.wait_for(
                lambda: not gate.status()["firewall"]["failing"], 10), gate.status()["firewall"])
            self.assertEqual(len(self.gate_bans(gate)), 5 * (number + 1))
            # The admin connection of the last question is closed a moment after its answer.
            self.assertTrue(scenario.wait_for(lambda: gate.descriptors() <= before, 10),
                            (gate.descriptors(), before))
        children = pathlib.Path(f"/proc/{gate.pid()}/task/{gate.pid()}/children").read_text()
        self.assertEqual(children, "", "processes that nobody has waited for")


if __name__ == "__main__":
    scenario.main()
