#!/usr/bin/python3
"""The firewall companion: who is banned is dropped by the kernel, and what it has is what the gate
says, whatever happens to either."""
import concurrent.futures
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import scenario
from attackers import Attackers
from gate import binary
from netns import attackers, inside

# The app opens 20 a second.
SOURCE = {"connect_rate": "30/s burst 40", "ban_after": "5/s burst 10", "ban": "5m"}
MANY = 20_000


@scenario.needs_root()
class KernelBans(database_host.OnDatabaseHost):
    def in_step(self, gate, seconds=5):
        if not scenario.wait_for(lambda: self.kernel_bans() == self.gate_bans(gate), seconds):
            kernel, wanted = self.kernel_bans(), self.gate_bans(gate)
            self.fail(f"kernel {kernel and len(kernel)}, gate {len(wanted)}: {gate.status()}")

    def ban(self, gate, network, how_long="10m"):
        self.assertEqual(gate.request("POST", "/ban", {"address": network, "for": how_long})[0], 200)

    def test_connection_flood(self):
        gate = self.gate_with(source=SOURCE)
        app = self.app_of(gate)
        flood = Attackers("connect-only", gate.address, attackers(20), 80, 40,
                          pause=0.005, netns=self.hosts.attacker).start()
        banned = self.seconds_until(lambda: self.gate_bans(gate), 10)
        self.assertIsNotNone(banned, "nobody was banned")
        pushed = self.seconds_until(self.kernel_bans, 2)
        self.assertIsNotNone(pushed, "not in the kernel within 2 s")
        everybody = set(attackers(20))
        self.assertTrue(scenario.wait_for(lambda: self.kernel_bans() == everybody, 10),
                        self.kernel_bans())
        time.sleep(0.5)  # what the kernel had accepted before
        before, cpu, began = gate.status(), gate.cpu(), time.monotonic()
        time.sleep(3)
        after = gate.status()
        used = (gate.cpu() - cpu) / (time.monotonic() - began)
        flood.stop()
        report = app.finish()
        accepted = after["accepted"] - before["accepted"]
        refused = after["acted"]["banned"] - before["acted"]["banned"]
        dropped = after["firewall"]["dropped_packets"]
        self.figures("flood", f"{report.summary()}; in the kernel {pushed:.2f} s after the first "
                     f"ban; then in 3 s {accepted} accepted (the app's), {refused} refused as "
                     f"banned, {dropped} SYNs dropped, {100 * used:.0f}% of a processor")
        self.assertEqual(refused, 0, "the gate still sees who is banned")
        self.assertGreater(dropped, 50)
        self.assertEqual(report.failed, 0, report.errors)

    def test_a_network(self):
        gate = self.gate_with()
        self.ban(gate, "10.99.3.0/24")
        self.ban(gate, "10.99.3.7")
        self.ban(gate, "2001:db8::/32")
        self.ban(gate, "2001:db8:1:2:3::4")
        # Within the /32 it is covered: the kernel takes no networks that overlap.
        want = {"10.99.3.0/24", "10.99.3.7", "2001:db8::/32", "2001:db8:1:2::/64"}
        self.assertEqual(self.gate_bans(gate), want)
        self.in_step(gate)
        probe = ("import socket, sys\ns = socket.socket()\ns.settimeout(1.5)\n"
                 f"s.bind((sys.argv[1], 0))\ns.connect({gate.address!r})\ns.recv(1)")
        for source, comes_in in (("10.99.3.9", False), ("10.99.4.9", True)):
            with self.subTest(source):
                run = lambda s=source: inside(self.hosts.attacker, "/usr/bin/python3", "-c", probe, s)
                if comes_in:
                    run()
                else:
                    self.assertRaises(RuntimeError, run)
        code, answer = gate.request("POST", "/unban", {"address": "10.99.3.9"})
        self.assertEqual(code, 404)
        self.assertIn("10.99.3.0/24", answer["error"])
        self.assertEqual(gate.request("POST", "/unban", {"address": "10.99.3.0/24"})[0], 200)
        self.in_step(gate)
        inside(self.hosts.attacker, "/usr/bin/python3", "-c", probe, "10.99.3.9")

    def test_many(self):
        gate = self.gate_with(log={"level": "warning"})
        networks = [f"10.{100 + i // 65536}.{i // 256 % 256}.{i % 256}" for i in range(MANY)]
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: self.ban(gate, n, "1h"), networks))
        asked = time.monotonic() - began
        pushed = self.seconds_until(
            lambda: gate.status()["firewall"]["in_kernel"] == MANY, 10)
        kernel = self.kernel_bans()
        self.figures("20,000", f"asked for in {asked:.1f} s, all there {pushed and round(pushed, 2)}"
                     f" s later; last push {gate.status()['firewall']['sync_took_us']} us")
        self.assertEqual(kernel, set(networks))
        self.assertEqual(gate.request("POST", "/unban", {"address": "all"})[0], 200)
        self.in_step(gate)
        self.assertEqual(self.kernel_bans(), set())

    def test_clean_stop_takes_it_away_or_keeps_it(self):
        gate = self.gate_with()
        self.ban(gate, "10.99.3.7")
        self.in_step(gate)
        gate.stop()
        self.assertIsNone(self.kernel_bans())
        gate = self.gate_with(firewall={"keep_bans": True})
        self.ban(gate, "10.99.3.7")
        self.ban(gate, "10.98.0.0/16")
        self.in_step(gate)
        gate.stop()
        self.assertEqual(self.kernel_bans(), {"10.99.3.7", "10.98.0.0/16"})
        again = self.gate_with(firewall={"keep_bans": True})
        self.assertEqual(self.gate_bans(again), {"10.99.3.7", "10.98.0.0/16"})
        left = {b["source"]: b["remaining_s"] for b in again.request("GET", "/bans")[1]["bans"]}
        self.assertGreater(min(left.values()), 500)
        self.in_step(again)

    def test_killed(self):
        """What a gate that was killed has left is taken over, or else taken away."""
        gate = self.gate_with(firewall={"keep_bans": True})
        self.ban(gate, "10.99.3.7")
        self.in_step(gate)
        gate.kill()
        self.assertEqual(self.kernel_bans(), {"10.99.3.7"})
        again = self.gate_with(firewall={"keep_bans": True})
        self.assertEqual(self.gate_bans(again), {"10.99.3.7"})
        again.kill()
        last = self.gate_with()
        self.assertEqual(self.gate_bans(last), set())
        self.in_step(last)

    def test_dry_run_never_touches_the_kernel(self):
        gate = self.gate_with(firewall={"enforce": False})
        self.ban(gate, "10.99.3.7")
        self.assertTrue(scenario.wait_for(
            lambda: gate.status()["firewall"]["would_push"] == 1, 5), gate.status()["firewall"])
        time.sleep(2 * database_host.RECONCILE)
        self.assertIsNone(self.kernel_bans())

    def test_a_reload_reaches_the_kernel(self):
        gate = self.gate_with(firewall={"reconcile": "1h"})
        self.ban(gate, "10.99.0.0/16")
        self.in_step(gate)
        spared = {"never_ban": ["10.99.4.0/24"]}
        self.reload(gate, source=spared, firewall={"reconcile": "1h"})
        self.assertTrue(scenario.wait_for(
            lambda: "10.99.4.0/24" in self.nft("list", "chain", "inet", "headgate", "banned"), 5))
        self.assertEqual(self.kernel_bans(), {"10.99.0.0/16"})
        # What one reaches for when the application is locked out.
        self.reload(gate, source=spared, firewall={"reconcile": "1h"}, gate={"mode": "observe"})
        self.assertTrue(scenario.wait_for(lambda: self.kernel_bans() == set(), 5))

    def test_redirect(self):
        """Clients go on calling the server's port, and come through the gate or not at all."""
        address = self.db.address
        gate = self.gate_with(firewall={"redirect": address[1]})
        self.ban(gate, "10.98.0.1")
        self.in_step(gate)
        before = gate.status()["accepted"]
        app = self.start_app(address, source=database_host.netns.CLIENT, netns=self.hosts.client)
        time.sleep(2)
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreaterEqual(gate.status()["accepted"] - before, report.opened)
        knock = ("/usr/bin/python3", "-c",
                 f"import socket; socket.create_connection({address!r}, 2).recv(1)")
        file = gate.folder.parent / f"redirect-{gate.pid()}.toml"
        file.write_text(gate.file.read_text())
        self.addCleanup(file.unlink)
        gate.stop()
        self.assertEqual(self.kernel_bans(), set())
        self.assertRaises(RuntimeError, inside, self.hosts.client, *knock)
        inside(self.hosts.gate, binary(), "firewall", "remove", "--config", str(file))
        self.assertIsNone(self.kernel_bans())
        inside(self.hosts.client, *knock)

    def test_by_hand(self):
        """`firewall print` loads as it is, `apply` keeps what is there, nobody else's is touched."""
        gate = self.gate_with()
        self.ban(gate, "10.99.3.7")
        self.in_step(gate)
        words = (binary(), "firewall")
        config = ("--config", str(gate.file))
        printed = inside(self.hosts.gate, *words, "print", *config)
        inside(self.hosts.gate, *words, "apply", *config)
        self.assertEqual(self.kernel_bans(), {"10.99.3.7"})
        inside(self.hosts.gate, "nft", "-f", "-", input=printed)
        self.in_step(gate)  # replaced as a whole, and filled again
        gate.stop()
        others = "table inet headgate { chain input { type filter hook input priority 0; }; }"
        inside(self.hosts.gate, "nft", "-f", "-", input=others)
        self.addCleanup(inside, self.hosts.gate, "nft", "flush", "ruleset")
        last = self.gate_with()
        self.assertTrue(scenario.wait_for(lambda: "somebody else's" in last.text(), 5), last.text())
        self.assertTrue(last.status()["firewall"]["failing"])
        last.stop()
        self.assertIn("chain input", self.nft("list", "table", "inet", "headgate"))

    def test_what_is_left_of_root(self):
        """One capability where bans are pushed, none where they are not."""
        for enforce, left in ((True, 1 << 12), (False, 0)):  # CAP_NET_ADMIN
            gate = self.gate_with(firewall={"enforce": enforce})
            for task in pathlib.Path(f"/proc/{gate.pid()}/task").iterdir():
                status = dict(line.split(":\t", 1) for line in
                              (task / "status").read_text().splitlines() if ":\t" in line)
                sets = {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
                self.assertEqual((sets, status["NoNewPrivs"]), ({left}, "1"))
                self.assertNotIn("0", status["Uid"].split())
            gate.stop()

    def test_observe_pushes_nothing(self):
        gate = self.gate_with(gate={"mode": "observe"})
        self.ban(gate, "10.99.3.7")
        time.sleep(1)
        self.assertEqual(self.kernel_bans(), set())


if __name__ == "__main__":
    scenario.main()
