#!/usr/bin/python3
"""upgrade: another process takes over, and nobody is refused or cut."""
import os
import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_good
import scenario
import wire
from service import ServiceManager
from upgraded import UpgradedGate, children

GUEST = "127.61.0.7"
DRAIN = "12s"
# A program that takes over, as upgrade_link.h has it, and is gone.
SHORT_LIVED = """#!/usr/bin/python3
import json, os, socket
link = socket.socket(fileno=int(os.environ["HEADGATE_UPGRADE_FD"]))
for heard, said in (("start", "ready"), ("go", "serving")):
    while json.loads(link.recv(1 << 16))["say"] != heard:
        pass
    link.send(json.dumps({"say": said}).encode())
os.kill(os.getpid(), 9)
"""


class Upgrade(scenario.Scenario):

    def gate(self, start=True, **over):
        over = scenario.merged({"gate": {"threads": 2, "upgrade_drain": DRAIN}}, over)
        gate = UpgradedGate(self.config(**over))
        self.addCleanup(self._end_gate, gate)
        return gate.start() if start else gate

    def login(self, gate, source="127.0.0.20"):
        client = wire.Blocking(gate.address, source)
        self.addCleanup(client.sock.close)
        client.login("app", "app-secret")
        return client

    def told(self, gate):
        return gate.request("GET", "/upgrade")[1]

    def in_time(self, condition, seconds=10, why=""):
        self.assertTrue(scenario.wait_for(condition, seconds), why)

    def test_under_load(self):
        """Twice in a row while the application works; then a third one has to wait."""
        folder = known_good.folder(self)
        gate = self.gate(start=False, known_good={"state": str(folder / "state")})
        (folder / "state").write_text(known_good.state([known_good.pair(scenario.APP_SOURCE, "app", 4)]))
        known_good.own(folder / "state", 0o600)
        gate.start()
        self.assertEqual(gate.cli("ban", GUEST, "1h")[0], 0)
        silent = wire.Blocking(gate.address, "127.0.0.21")
        self.addCleanup(silent.sock.close)
        app = self.start_app(gate.address, pool=4, rate=40)
        sitting = self.login(gate)
        for round in (1, 2):
            began = time.monotonic()
            code, why = gate.upgrade()
            self.assertEqual(code, 0, why + gate.text())
            self.figures(f"upgrade {round}", f"took {time.monotonic() - began:.2f} s")
            self.assertEqual(gate.status()["known_good"], 1)
            self.assertEqual(gate.status()["bans"], 1)
            self.login(gate)
            time.sleep(0.5)  # the application meets each of the gates
            if round == 1:
                # Who had not spoken yet finishes where it came in.
                silent.login("app", "app-secret")
                self.assertEqual(silent.query_value("SELECT 7"), "7")
        self.assertEqual(sitting.query_value("SELECT 7"), "7", "a session was cut")
        self.assertEqual(len(self.told(gate)["formers"]), 2, self.told(gate))
        code, why = gate.upgrade()
        self.assertEqual(code, 1)
        self.assertIn("2 former gates have sessions yet", why)
        self.assertIn(f"process {gate.former[0].pid} has ", why)
        # The pool's connections are in the former gates, and are cut when their time is over; from
        # here on the application is not ours to judge.
        report = app.finish()
        self.figures("load", report.summary())
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(report.opened, 20)
        self.in_time(lambda: not gate.alive(), 16, "a former gate has outlived its time")
        self.assertEqual([process.returncode for process in gate.former], [0, 0])
        self.in_time(lambda: not self.told(gate)["formers"], 3)
        self.assertEqual(gate.upgrade()[0], 0)
        with self.assertRaises((EOFError, ConnectionError, wire.ServerError)):
            sitting.query_value("SELECT 7")
        self.assertEqual(gate.status()["known_good"], 1)
        self.assertNotIn("state is not saved", gate.text())

    def test_what_cannot_take_over_changes_nothing(self):
        gate = self.gate()
        app = self.start_app(gate.address, pool=3, rate=20)
        good, good_config = gate.program.read_bytes(), gate.file.read_text()
        pid = gate.pid()

        def refused(*why):
            code, said = gate.upgrade()
            self.assertEqual(code, 1)
            for each in why:
                self.assertIn(each, said)
            self.assertEqual(gate.pid(), self.told(gate)["pid"])
            self.assertEqual(gate.process.pid, pid)

        gate.file.write_text(good_config.replace('"enforce"', '"enfoce"') + "\n[nonsense]\nx = 1\n")
        refused("nothing has changed", "nonsense")
        gate.file.write_text(good_config.replace("listen = [", 'listen = ["192.0.2.1:3307", '))
        refused("nothing has changed", "192.0.2.1:3307", "no interface of this host")
        gate.write(self.config(gate={"transparent": True, "proxy_to_backend": "off",
                                     "backend": ["192.0.2.10:3306"]}))
        refused("nothing has changed", "takes a restart, as it is an option of the listening")
        gate.file.write_text(good_config)
        gate.install(script="#!/bin/sh\nexit 3\n")
        refused("ended without a word")
        gate.install(script="not a program at all\n")
        refused("Exec format error")
        gate.program.unlink()
        refused("No such file or directory")
        gate.install(script="#!/bin/sh\nexec sleep 1000\n")
        self.assertEqual(gate.request("POST", "/upgrade")[0], 200)
        code, _, err = gate.cli("upgrade")
        self.assertEqual((code, "under way" in err), (1, True), err)
        self.assertEqual(gate.request("POST", "/ban", {"address": GUEST})[0], 409)
        self.in_time(lambda: self.told(gate)["state"] == "failed", 45)
        self.assertIn("has been ended", self.told(gate)["why"])
        report = app.finish()
        self.figures("five failures", report.summary())
        self.assertEqual(report.failed, 0, report.errors)
        self.assertEqual(gate.cli("ban", GUEST, "1h")[0], 0)
        gate.install(script="x")
        gate.program.write_bytes(good)
        self.assertEqual(gate.upgrade()[0], 0, gate.text())
        self.assertEqual(gate.status()["bans"], 1)

    def slots(self, **over):
        """Both gates together never hold more of the server's slots than there are."""
        most = 12
        gate = self.gate(slots={"max_connections": most, "keep_free": 0}, **over)
        held = [self.login(gate) for _ in range(5)]
        peak, done = [0], threading.Event()

        def watch():
            while not done.is_set():
                peak[0] = max(peak[0], len(self.db.sessions()))
                time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        self.addCleanup(watcher.join)
        self.addCleanup(done.set)
        app = self.start_app(gate.address, pool=4, rate=40)
        self.assertEqual(gate.upgrade()[0], 0, gate.text())
        self.in_time(lambda: self.told(gate)["formers"][0]["leases"] >= 5)
        # As many as there is room for, and the rest is told so.
        refused, more = 0, []
        for _ in range(most):
            client = wire.Blocking(gate.address, "127.0.0.22")
            self.addCleanup(client.sock.close)
            try:
                client.login("app", "app-secret")
                more.append(client)
            except wire.ServerError as error:
                self.assertIn(error.code, (1040, 1203))
                refused += 1
        former = self.told(gate)["formers"][0]
        mine = gate.status()["slots"]["leases"]
        self.assertLessEqual(former["leases"] + mine, most)
        self.assertGreater(refused, 0)
        app.finish_quietly()
        for client in held:
            client.sock.close()
        # What ends in the former one is there for the new one.
        self.in_time(lambda: not self.told(gate)["formers"], 16, self.told(gate))
        self.in_time(lambda: self.login(gate) is not None, 5)
        done.set()
        watcher.join()
        self.figures("slots", f"at most {peak[0]} of {most} at the server, {refused} refused")
        self.assertLessEqual(peak[0], most)

    def test_slots_without_a_monitor(self):
        self.slots(waiting={"queue": "300ms"})

    def test_slots_with_a_monitor(self):
        self.slots(waiting={"queue": "300ms"}, monitor={})

    def test_under_a_service_manager(self):
        manager = ServiceManager()
        self.addCleanup(manager.close)
        gate = self.gate(start=False)
        manager.start(gate, watchdog=4)
        self.in_time(lambda: len(manager.store) == 2)
        first = gate.pid()
        sitting = self.login(gate)
        gate.process.send_signal(signal.SIGUSR2)
        self.in_time(lambda: manager.main not in (None, first))
        self.in_time(lambda: manager.said("READY", "1", pid=manager.main))
        second = manager.main
        since = time.monotonic()
        self.in_time(lambda: manager.said("WATCHDOG", "1", since, second))
        self.assertFalse(manager.said("WATCHDOG", "1", since, first), "both ping")
        self.assertEqual(sitting.query_value("SELECT 7"), "7")
        self.assertEqual(gate.cli("upgrade")[0], 0)
        self.in_time(lambda: manager.main not in (first, second))
        self.assertEqual(len(manager.store), 2, "the same sockets, each once")
        self.assertFalse(manager.said("STOPPING"), "a former gate took the service down")
        sitting.sock.close()
        third = manager.main
        self.in_time(lambda: {first, second} & set(self.living()) == set(), 10)
        self.assertFalse(manager.said("STOPPING"), "a former gate took the service down")
        gate.process.wait(5)
        gate.process = None
        os.kill(third, signal.SIGTERM)
        self.in_time(lambda: manager.said("STOPPING", "1", pid=third))
        self.in_time(lambda: third not in self.living())

    def test_the_new_one_dies_when_it_has_only_just_served(self):
        """Either the old one goes on, or it ends, so that a service manager starts the next."""
        gate = self.gate()
        gate.install(script=SHORT_LIVED)
        self.assertEqual(gate.request("POST", "/upgrade")[0], 200)
        goes_on = "ended with its first clients"
        self.in_time(lambda: goes_on in gate.text() or gate.process.poll() is not None, 20)
        if gate.process.poll() is None:
            self.assertEqual(self.told(gate)["state"], "failed")
            self.assertEqual(self.login(gate).query_value("SELECT 7"), "7")
        else:
            self.assertEqual(gate.process.returncode, 0)
            gate.process = None

    def test_the_new_one_is_killed(self):
        """systemd then ends the former ones, and starts the next when they are gone."""
        gate = self.gate(gate={"drain": "60s", "upgrade_drain": "5m"})
        sitting = []
        for _ in range(2):
            sitting.append(self.login(gate))
            self.assertEqual(gate.upgrade()[0], 0, gate.text())
        gate.kill()
        for client in sitting:
            self.assertEqual(client.query_value("SELECT 7"), "7", "a session was cut")
        for process in gate.former:
            process.send_signal(signal.SIGTERM)
        for process in gate.former:
            self.assertEqual(process.wait(10), 0)

    def test_a_failed_one_gives_nothing_up(self):
        manager = ServiceManager()
        self.addCleanup(manager.close)
        gate = self.gate(start=False)
        both = [f"127.0.0.1:{gate.port}", f"127.0.0.2:{gate.port}"]
        good = self.config(gate={"listen": both, "threads": 1})
        gate.write(good)
        manager.start(gate)
        self.in_time(lambda: len(manager.store) == 2)
        # It has taken its sockets by the time that it finds no place for its admin socket.
        fewer = scenario.merged(good, {"gate": {"listen": both[:1]}})
        gate.write(scenario.merged(fewer, {"admin": {"socket": "/proc/none/admin.sock"}}))
        code, why = gate.upgrade()
        self.assertEqual((code, "/proc/none" in why), (1, True), why)
        self.assertFalse(manager.said("FDSTOREREMOVE"))
        self.assertEqual(len(manager.store), 2)
        gate.write(fewer)
        self.assertEqual(gate.upgrade()[0], 0, gate.text())
        self.in_time(lambda: len(manager.store) == 1, why=manager.messages[-8:])

    def living(self):
        """This process's gates; those that have ended are waited for."""
        for pid in children():
            os.waitpid(pid, os.WNOHANG)
        return children()


if __name__ == "__main__":
    scenario.main()
