#!/usr/bin/python3
"""service: what the gate tells its service manager, the watchdog, and sockets that are passed."""
import contextlib
import os
import pathlib
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from gate import Gate
from service import ServiceManager, listening
from stopped_thread import stopped, threads

WATCHDOG = 4.0   # seconds
PATIENCE = 15.0  # seconds, for a machine that is busy with something else


class Service(scenario.Scenario):

    def setUp(self):
        self.manager = ServiceManager()
        self.addCleanup(self.manager.close)

    def gate(self, threads=2, **over):
        gate = Gate(self.config(**scenario.merged({"gate": {"threads": threads}}, over)))
        self.addCleanup(self._end_gate, gate)
        return gate

    def until(self, condition, seconds=10, why=""):
        self.assertTrue(scenario.wait_for(condition, seconds), f"{why} {self.manager.messages[-8:]}")

    def comes_in(self, gate, source="127.0.0.20"):
        with wire.Blocking(gate.address, source) as client:
            client.login("app", "app-secret")
            return client.query_value("SELECT 7")

    def watched(self, gate):
        """How many sockets each event loop of the gate watches, the busiest first."""
        folder, counts = pathlib.Path(f"/proc/{gate.pid()}"), []
        for fd in (folder / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile: it was no loop
                if os.readlink(fd) == "anon_inode:[eventpoll]":
                    lines = (folder / "fdinfo" / fd.name).read_text().splitlines()
                    counts.append(sum(line.startswith("tfd:") for line in lines))
        return sorted(counts, reverse=True)

    def test_what_it_is_told(self):
        gate = self.manager.start(self.gate())
        self.until(lambda: self.manager.said("READY", "1"))
        self.assertIn(f"{gate.port}", self.manager.said("STATUS")[0])
        self.assertFalse(self.manager.said("WATCHDOG"), "nobody has asked for pings")
        since = time.monotonic()
        gate.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.manager.said("READY", "1", since))
        order = [name for _, _, fields in self.manager.messages for name in ("RELOADING", "READY")
                 if name in fields]
        self.assertEqual(order, ["READY", "RELOADING", "READY"])
        self.assertTrue(self.manager.said("MONOTONIC_USEC"))
        self.assertEqual(gate.cli("reload")[0], 0)
        self.until(lambda: len(self.manager.said("RELOADING")) == 2)
        gate.process.send_signal(signal.SIGTERM)
        self.until(lambda: self.manager.said("STOPPING", "1"))
        self.assertEqual(gate.process.wait(10), 0)
        gate.process = None

    def test_a_thread_that_hangs_ends_the_pings(self):
        gate = self.manager.start(self.gate(), watchdog=WATCHDOG)
        self.until(lambda: len(self.manager.said("WATCHDOG")) >= 3)
        for name in ("worker 1", "backends"):
            with self.subTest(name), stopped(threads(gate.pid())[name]):
                began = time.monotonic()
                self.until(lambda: f"nothing is heard of: {name}" in gate.text(), PATIENCE, name)
                time.sleep(WATCHDOG / 4)
                quiet = time.monotonic()
                time.sleep(WATCHDOG / 2)
                self.assertFalse(self.manager.said("WATCHDOG", since=quiet), "it goes on to ping")
                self.figures(name, f"noticed after {quiet - began - WATCHDOG / 4:.1f} s")
            let_go = time.monotonic()
            self.until(lambda: self.manager.said("WATCHDOG", since=let_go), PATIENCE)

    def test_one_passed_socket_feeds_every_thread(self):
        gate = self.gate(threads=3, gate={"listen": ["systemd"]})
        with listening(gate.address) as passed:
            self.manager.start(gate, [("headgate.socket", passed)])
        self.assertFalse(self.manager.store, "the socket unit keeps it")
        idle = max(self.watched(gate))
        clients = [wire.Blocking(gate.address, "127.0.0.20") for _ in range(30)]
        for client in clients:
            self.addCleanup(client.sock.close)
            client.login("app", "app-secret")
        watched = self.watched(gate)[:3]
        self.figures("30 clients", f"sockets watched by the three busiest loops: {watched}")
        # Who gets how many is the kernel's choice, and uneven where other programs run.
        self.assertGreater(min(watched), idle, "a thread got nobody")
        # In a burst as well as one by one. The server has no room for both.
        for client in clients:
            client.sock.close()
        burst = [wire.Blocking(gate.address, "127.0.0.21") for _ in range(30)]
        for client in burst:
            self.addCleanup(client.sock.close)
        for client in burst:
            client.login("app", "app-secret")
        self.assertIn(f"listening on 127.0.0.1:{gate.port}", gate.text())

    def test_what_is_passed_is_looked_at(self):
        def udp(gate):
            return listening(gate.address, socket.SOCK_DGRAM)

        def deaf(gate):
            return listening(gate.address, backlog=0)

        for made, why in ((udp, "no stream socket"), (deaf, "does not listen"), (None, "LISTEN_FDS")):
            with self.subTest(why):
                gate = self.gate(gate={"listen": ["systemd"]})
                sockets = [("headgate.socket", made(gate))] if made else []
                self.manager.start(gate, sockets, wait=False)
                self.assertEqual(gate.process.wait(10), 1, gate.text())
                self.assertIn(why, gate.text())
                gate.process = None
                for _, each in sockets:
                    each.close()

    def test_killed_and_started_again(self):
        """Whoever has connected meanwhile is served, by fewer threads as well as by more."""
        gate = self.manager.start(self.gate(threads=3))
        self.until(lambda: len(self.manager.store) == 3)
        for count in (1, 5, 2):
            with self.subTest(threads=count):
                gate.kill()
                waiting = [wire.Blocking(gate.address, f"127.0.0.{30 + i}") for i in range(16)]
                gate.write(self.config(gate={"threads": count}))
                self.manager.start(gate, self.manager.store)
                for client in waiting:
                    client.login("app", "app-secret")
                    self.assertEqual(client.query_value("SELECT 7"), "7")
                    client.sock.close()
                self.assertEqual(sum(name.startswith("worker") for name in threads(gate.pid())),
                                 count)
                self.assertEqual(len(self.manager.store), 3, "the same sockets, each once")

    def test_nothing_is_stored_where_nobody_says_that_it_is_kept(self):
        for fdstore in (None, 0, 1):
            with self.subTest(fdstore=fdstore):
                gate = self.manager.start(self.gate(threads=2), fdstore=fdstore)
                self.until(lambda: "is up, pid" in gate.text())
                self.assertFalse(self.manager.said("FDSTORE"))
                self.assertNotIn("keeps copies", gate.text())
                self.assertEqual("and the service manager keeps 1" in gate.text(), fdstore == 1)

    def test_stopped_and_started_again(self):
        gate = self.manager.start(self.gate(threads=2, gate={"drain": "1s"}))
        self.until(lambda: len(self.manager.store) == 2)
        gate.process.send_signal(signal.SIGTERM)
        gate.process.wait(10)
        with wire.Blocking(gate.address, "127.0.0.20") as client:
            self.manager.start(gate, self.manager.store)
            client.login("app", "app-secret")
            self.assertEqual(client.query_value("SELECT 7"), "7")

    def test_what_no_address_asks_for_is_given_up(self):
        gate = self.gate()
        other = listening(("127.0.0.1", 0))
        name = "listen=127.0.0.1_%d" % other.getsockname()[1]
        self.manager.start(gate, [(name, other), ("odd", os.open("/dev/null", os.O_RDONLY))])
        self.until(lambda: {name, "odd"} <= set(self.manager.said("FDNAME")))
        self.assertEqual(len(self.manager.said("FDSTOREREMOVE")), 2)
        address = other.getsockname()
        other.close()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(address, 2)
        self.assertEqual(self.comes_in(gate), "7")

    def test_bans_and_known_good_outlive_it(self):
        gate = self.manager.start(self.gate())
        self.assertEqual(gate.cli("ban", "127.61.0.7", "1h")[0], 0)
        gate.process.send_signal(signal.SIGTERM)
        gate.process.wait(10)
        self.manager.start(gate, self.manager.store)
        bans = gate.request("GET", "/bans")[1]["bans"]
        self.assertEqual([ban["source"] for ban in bans], ["127.61.0.7"])
        self.assertTrue(3500 < bans[0]["remaining_s"] <= 3600, bans)
        self.assertEqual(bans[0]["reason"], "operator")
        with self.assertRaises((wire.ServerError, EOFError, ConnectionError)):
            self.comes_in(gate, "127.61.0.7")


if __name__ == "__main__":
    scenario.main()
