#!/usr/bin/python3
"""The guides for the first day, for tuning and for an attack, played as they are written on one database
host: the redirect is put in front of a running server, tuned, attacked, taken out and put back."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guides
import scenario

HOSTS = {"client": {"net": ["192.0.2.7/24"]}, "attacker": {"net": ["192.0.2.66/24"]},
         "db": {"net": ["192.0.2.10/24"], "machine": True}}
PASSWORD = "shop-secret"
# The database host's own firewall, as many have it: the server's port, and nothing else.
FILTER = """
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        iif lo accept
        ct state established,related accept
        tcp dport 3306 accept
    }
}
"""
ALLOWED = "\t\ttcp dport 3307 accept\n"  # what first-day.md adds to it
# What the attacker's host does while the runbook is played: wrong passwords, silent connections held,
# connections as fast as they are answered. Once it is banned the kernel answers nothing, but the SYN that
# waits for an answer comes again when the ban is lifted, and earns the next: the attack is ended first.
ATTACK = """
for i in $(seq 6); do timeout 5 mariadb -h 192.0.2.10 -u shop -pwrong -e 'SELECT 1' || true; done
(for i in $(seq 200); do exec {s}<>/dev/tcp/192.0.2.10/3306 || break; done; exec sleep 200) &
echo $! >/root/attack.pids
timeout 60 bash -c 'while :; do exec {s}<>/dev/tcp/192.0.2.10/3306 && exec {s}>&-; done' &
echo $! >>/root/attack.pids
"""
ATTACK_ENDS = "kill $(cat /root/attack.pids)"


@unittest.skipIf(guides.why_not(), guides.why_not() or "")
class Operate(unittest.TestCase):
    def test_first_day_tuning_and_an_attack(self):
        world = self.enterContext(guides.world(HOSTS))
        self.addCleanup(lambda: None if self._outcome.success else world.tell())
        self.prepare(world)
        with world.guide("docs/guides/first-day.md") as guide:
            nobody = self.ruleset(world)
            pid = self.server_pid(world)
            for title in ("Install", "Is it in the path?", "After an hour", "After a day",
                          "Step by step", "How to go back"):
                guide.play(title)
            self.assertEqual(self.server_pid(world), pid, "the server was restarted")
        with world.guide("docs/guides/tune.md") as guide:
            guide.play()
        with world.guide("docs/guides/runbook.md") as guide:
            self.attack(world)
            for title in ("Detect", "Diagnose", "Contain", "Evidence"):
                guide.play(title)
            guide.play("When the gate itself is the problem")
            self.assertEqual(self.accepted(world, "SELECT 'back'"), 1, "not in the path again")
            world["attacker"].run(ATTACK_ENDS)
            guide.play("Recover")
        self.crash(world)
        world.must("db", "systemctl disable --now headgate; headgate firewall remove")
        left = self.ruleset(world)
        self.assertIn(ALLOWED, left)
        self.assertEqual(left.replace(ALLOWED, ""), nobody)

    def prepare(self, world):
        guides.give_package(world["db"])
        world["db"].write("/etc/mysql/mariadb.conf.d/55-network.cnf",
                          "[mariadbd]\nbind-address = 0.0.0.0\n")
        world.must("db", "systemctl restart mariadb; mariadb -e \"CREATE DATABASE shop; CREATE USER "
                         f"shop@'192.0.2.7' IDENTIFIED BY '{PASSWORD}'; "
                         "GRANT ALL ON shop.* TO shop@'192.0.2.7'\"")
        world["db"].write("/root/filter.nft", FILTER)
        world.must("db", "nft -f /root/filter.nft")
        world["client"].write("/root/.my.cnf", f"[client]\nuser = shop\npassword = {PASSWORD}\n")

    def attack(self, world):
        world["attacker"].write("/root/attack", ATTACK)
        world.must("attacker", "bash /root/attack >/dev/null 2>&1")
        self.assertTrue(scenario.wait_for(
            lambda: "192.0.2.66" in world.must("db", "headgate sources --limit 3"), 10))

    def crash(self, world):
        """kill -9: the drop-in opens, and the gate that systemd starts closes again."""
        world.must("db", "mkdir -p /run/systemd/system/headgate.service.d; printf "
                         "'[Service]\\nRestartSec=8s\\n' > /run/systemd/system/headgate.service.d/slow.conf; "
                         "systemctl daemon-reload; systemctl kill -s KILL headgate")
        self.assertTrue(scenario.wait_for(lambda: "ct state new" in self.ruleset(world), 6))
        self.assertEqual(world.must("client", "mariadb -N -h 192.0.2.10 -e \"SELECT 'direct'\"").strip(),
                         "direct")
        self.assertTrue(scenario.wait_for(lambda: "redirect on" in world["db"].run("headgate status")[1],
                                          30), world["db"].run("headgate status")[1])
        self.assertEqual(self.accepted(world, "SELECT 'through'"), 1)

    @staticmethod
    def accepted(world, statement):
        """How many connections the gate has accepted for this one of the application's."""
        count = "headgate status --json | sed 's/.*\"accepted\":\\([0-9]*\\).*/\\1/'"
        before = int(world.must("db", count))
        world.must("client", f"mariadb -N -h 192.0.2.10 -e \"{statement}\"")
        return int(world.must("db", count)) - before

    @staticmethod
    def ruleset(world):
        return world.must("db", "nft list ruleset")

    @staticmethod
    def server_pid(world):
        return world.must("db", "pidof mariadbd")


if __name__ == "__main__":
    scenario.main()
