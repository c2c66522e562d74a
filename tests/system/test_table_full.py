#!/usr/bin/python3
"""table-full: connections, or SYNs, from more addresses than a table holds; memory stays bounded."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import netns
import scenario
from attackers import Attackers, addresses, any_64, anywhere, in_one_64
from gate import Gate
from private_mariadb import PrivateMariadb, free_port

SIZE = 1024
# Whoever came is in the table until what he took of the burst is back: long enough to fill it. The
# app's new connections are within the burst.
LIMITS = {"table_size": SIZE, "connect_rate": "2/m burst 1000"}


class TableFull(scenario.Scenario):

    def test_roaming_sources(self):
        gate = self.start_gate(self.config(known_good={"minutes": 1}, source=LIMITS))
        app = self.start_app(gate.address)
        most = []
        outcome = self.under(gate, "connect-only", addresses(1), 200, seconds=8, app=app,
                             roam=anywhere, pause=0.02,
                             watch=lambda: most.append(gate.status()["sources"]))
        self.hold(f"{outcome.counts['opened']} addresses, table of {SIZE}", gate, outcome,
                  memory=16 * scenario.MEBIBYTE)
        self.assertGreater(outcome.counts["opened"], 3 * SIZE)
        self.assertEqual(max(most), SIZE, "it was never full")
        self.assertGreaterEqual(gate.status()["known_good"], 1, "the app was forgotten")

    def test_silent_from_more_than_the_table(self):
        gate = self.start_gate(self.config(
            known_good={"minutes": 1}, source={"table_size": SIZE}, pending={"max": 2048}))
        outcome = self.under(gate, "silent", addresses(1), 4000, seconds=6, roam=anywhere,
                             pause=1.0)
        self.hold("4000 silent, one address each", gate, outcome)
        self.assertGreater(outcome.counts["opened"], 2 * SIZE)

    def test_memory_goes_flat(self):
        gate = self.start_gate(self.config(source={"table_size": SIZE}))
        memory = []
        for _ in range(3):
            Attackers("connect-only", gate.address, addresses(1), 200, 2, roam=anywhere,
                      pause=0.01).start().stop_after(2)
            memory.append(gate.memory())
        self.figures("memory after each round, MiB",
                     ", ".join(f"{m / scenario.MEBIBYTE:.1f}" for m in memory))
        self.assertLess(memory[-1] - memory[0], 4 * scenario.MEBIBYTE)


@scenario.needs_root()
class TableFullOfIpv6(scenario.Scenario):
    """Whoever has a /32 of IPv6 has four thousand million /64s, and in each more than that."""

    @classmethod
    def setUpClass(cls):
        cls.host = netns.OneHost()
        cls.enterClassContext(cls.host)
        cls.db = PrivateMariadb(cls.max_connections, cls.db_options, netns=cls.host.name).start()
        cls.addClassCleanup(cls.db.stop)

    def attacked(self, name, roam, seconds):
        """By those who connect and go: the gate, and how many sources it knew at most."""
        port = free_port()
        gate = Gate(self.config(known_good={"minutes": 1}, source=LIMITS,
                                gate={"listen": [f"127.0.0.1:{port}", f"[::1]:{port}"]}),
                    netns=self.host.name, port=port)
        self.addCleanup(self._end_gate, gate)
        gate.start()
        app = self.start_app(gate.address, netns=self.host.name)
        gate.host = "::1"  # for them
        most = []
        outcome = self.under(gate, "connect-only", addresses(1), 200, seconds, app=app, roam=roam,
                             pause=0.02, netns=self.host.name,
                             watch=lambda: most.append(gate.status()["sources"]))
        self.hold(f"{name}, {outcome.counts['opened']} connects", gate, outcome,
                  memory=16 * scenario.MEBIBYTE)
        self.assertGreater(outcome.counts["opened"], 3 * SIZE)
        self.assertGreaterEqual(gate.status()["known_good"], 1, "the app was forgotten")
        return gate, max(most)

    def test_each_from_a_64_of_its_own(self):
        gate, most = self.attacked("each from its own /64", any_64, 5)
        self.assertEqual(most, SIZE, "it was never full")
        self.assertEqual(gate.count("connect_rate"), 0)

    def test_all_from_one_64(self):
        """It is one source: at its rate, then banned, and the table holds little else."""
        gate, most = self.attacked("all from one /64", in_one_64, 4)
        self.assertLess(most, 10)
        self.assertGreater(gate.count("connect_rate"), 0)
        self.assertEqual([ban["source"] for ban in gate.request("GET", "/bans")[1]["bans"]],
                         ["2001:db8:7:7::/64"])


@scenario.needs_root()
class Syns(database_host.OnDatabaseHost):
    """Spoofed, so nobody is behind them: they are counted, and nobody is remembered for one."""
    Hosts = netns.DatabaseHost6
    COUNT, PER_SECOND = 100_000, 20_000

    def test_each_from_a_64_of_its_own(self):
        port = free_port()
        there = [f"{database_host.HOST}:{port}", f"[{self.hosts.GATE6}]:{port}"]
        gate = self.gate_with(port=port, known_good={"minutes": 1}, gate={"listen": there},
                              source={"table_size": SIZE})
        app = self.app_of(gate)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["known_good"] >= 1, 20))
        memory, seen, tables = gate.memory(), [0], []
        with self.sender(port) as sender:
            while sender.poll() is None:
                status = gate.status()
                seen.append(status["observer"]["sources"])
                tables.append(status["sources"])
            said = sender.stdout.read().strip()
        report, status = app.finish(), gate.status()
        grown = (gate.memory() - memory) / scenario.MEBIBYTE
        self.figures("SYNs", f"each from its own /64: {said}; at most {max(seen):.0f} seen in a second, "
                     f"missed {status['observer']['dropped']}; {max(tables)} sources in the table; "
                     f"gate +{grown:.1f} MiB; {report.summary()}")
        self.assertTrue(said.startswith(f"{self.COUNT} in "), said)
        self.assertGreater(max(seen), SIZE)
        self.assertLess(max(tables), 10)
        self.assertLess(grown, 32)
        self.assertGreaterEqual(status["known_good"], 1, "the app was forgotten")
        self.assertEqual((self.gate_bans(gate), self.kernel_bans()), (set(), set()))
        self.assertEqual(report.failed, 0, report.errors)

    def sender(self, port):
        program = pathlib.Path(__file__).resolve().parents[1] / "support/syn6.py"
        words = [sys.executable, program, self.hosts.GATE6, port, self.COUNT, self.PER_SECOND]
        sender = subprocess.Popen(
            ["ip", "netns", "exec", self.hosts.attacker, *map(str, words)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(sender.wait)
        self.addCleanup(sender.stdin.close)
        return sender


if __name__ == "__main__":
    scenario.main()
