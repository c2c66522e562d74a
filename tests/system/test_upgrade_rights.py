#!/usr/bin/python3
"""upgrade-rights: what takes a right that was kept goes on in the process that takes over: the
kernel's table of bans. A capture takes one that a gate started as root has dropped. In a network
namespace of its own."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from upgraded import UpgradedGate

BANNED = "127.61.0.9"
NET_ADMIN = 1 << 12
INSIDE = "HEADGATE_TEST_INSIDE"


class UpgradeRights(scenario.Scenario):

    def rights(self, gate):
        text = pathlib.Path(f"/proc/{gate.pid()}/status").read_text()
        lines = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        return int(lines["Uid"].split()[0]), {name: int(lines[f"Cap{name}"], 16)
                                              for name in ("Inh", "Prm", "Eff", "Amb")}

    def settled(self, gate):
        firewall = gate.status()["firewall"]
        return firewall["in_kernel"] == 1 and not firewall["failing"]

    def watches(self, gate):
        observer = gate.status()["observer"]
        return bool(observer) and observer.get("up", False) and observer["frames"] > 0

    def kernel(self):
        return subprocess.run(["nft", "list", "table", "inet", "headgate"], check=True,
                              capture_output=True, text=True).stdout

    def gate(self):
        config = self.config(observer={"interface": "lo"}, firewall={"enforce": True},
                             gate={"upgrade_drain": "2s"})
        gate = UpgradedGate(config).start()
        self.addCleanup(self._end_gate, gate)
        return config, gate

    def test_no_table_is_left_behind(self):
        config, gate = self.gate()
        self.assertTrue(scenario.wait_for(lambda: gate.status()["firewall"]["synced_ms_ago"] is not None, 10))
        for other in ({"table": "headgate_b"}, {"enforce": False}):
            gate.write(scenario.merged(config, {"firewall": other}))
            code, why = gate.upgrade()
            self.assertEqual(code, 1)
            self.assertIn("table headgate would be left behind", why)
            self.assertIn("chain", self.kernel())

    def test_twice(self):
        _, gate = self.gate()
        self.assertEqual(gate.cli("ban", BANNED, "1h")[0], 0)
        self.assertTrue(scenario.wait_for(lambda: self.settled(gate), 10), gate.status())
        self.assertTrue(scenario.wait_for(lambda: self.watches(gate), 10), gate.status())
        uid, first = self.rights(gate)
        self.assertNotEqual(uid, 0)
        self.assertEqual(first, dict.fromkeys(("Inh", "Prm", "Eff", "Amb"), NET_ADMIN))
        for _ in range(2):
            code, why = gate.upgrade()
            self.assertEqual(code, 0, why)
            self.assertIn(BANNED, self.kernel(), "the table was taken away meanwhile")
            self.assertTrue(scenario.wait_for(lambda: self.settled(gate), 10), gate.status())
            self.assertEqual(self.rights(gate), (uid, first))
            self.assertFalse(self.watches(gate))
            self.assertTrue(scenario.wait_for(lambda: not gate.alive(), 10))
            self.assertIn(BANNED, self.kernel(), "the former gate took the table away")
        gate.stop()
        self.assertNotIn("headgate", subprocess.run(["nft", "list", "tables"], check=True,
                                                    capture_output=True, text=True).stdout)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIPPED: needs root, for a network namespace")
        sys.exit(scenario.SKIPPED)
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    scenario.main()
