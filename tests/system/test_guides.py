#!/usr/bin/python3
"""The guides of docs/guides, played as they are written, on booted machines and a client that have
the addresses of the pages."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guides
import scenario

CLIENT = {"net": ["192.0.2.7/24"], "names": {"gate.example": "192.0.2.1"}}
DATABASE = {"net": ["198.51.100.10/24"], "machine": True}
GATE = {"net": ["192.0.2.1/24", "198.51.100.1/24"], "machine": True, "mask": ["mariadb"]}
PAIR = {"gate-a": {**GATE, "net": ["192.0.2.2/24", "198.51.100.2/24"]},
        "gate-b": {**GATE, "net": ["192.0.2.3/24", "198.51.100.3/24"]}}
SHOP = ["shop@192.0.2.7"] * 2  # USER() and CURRENT_USER() of the application
PASSWORD = "shop-secret"
# A connection of a pool that is used again when the file `goon` is there.
POOLED = """
import os, pymysql, time
pooled = pymysql.connect(host="192.0.2.1", read_default_file="/root/.my.cnf")
while not os.path.exists("goon"):
    time.sleep(0.05)
began = time.monotonic()
try:
    print(pooled.cursor().execute("SELECT 1"), "row")
except pymysql.Error as error:
    print(f"{error.args[0]} after {time.monotonic() - began:.1f} s")
"""


@unittest.skipIf(guides.why_not(), guides.why_not() or "")
class OnGuideHosts(unittest.TestCase):
    def up(self, hosts):
        """The hosts, with what every page takes for granted: the server is on the network, and the
        application has an account."""
        world = self.enterContext(guides.world(hosts))
        self.addCleanup(self.tell_when_failed, world)
        for name in hosts:
            if name.startswith("gate") or name == "db":
                guides.give_package(world[name])
        world["db"].write("/etc/mysql/mariadb.conf.d/55-network.cnf",
                          "[mariadbd]\nbind-address = 0.0.0.0\n")
        world.must("db", "systemctl restart mariadb; mariadb -e \"CREATE DATABASE shop; "
                         f"CREATE USER shop@'192.0.2.7' IDENTIFIED BY '{PASSWORD}'; "
                         "GRANT ALL ON shop.* TO shop@'192.0.2.7'\"")
        world["client"].write("/root/.my.cnf", f"[client]\nuser = shop\npassword = {PASSWORD}\n")
        return world

    def tell_when_failed(self, world):
        if not self._outcome.success:
            world.tell()

    def quiet(self, world, threads):
        """Logins of the blocks before have left the server: the next block counts who is there."""
        ask = "mariadb -N -e \"SHOW STATUS LIKE 'Threads_connected'\""
        self.assertTrue(scenario.wait_for(
            lambda: world.must("db", ask).split()[-1] == str(threads), 20, 0.2), world.must("db", ask))

    def who(self, world, host="192.0.2.1"):
        """USER() and CURRENT_USER() of a login from the client's host."""
        ask = f"mariadb -N -h {host} -e 'SELECT USER(), CURRENT_USER()'"
        return world.must("client", ask).split()


class Install(OnGuideHosts):
    def test_on_the_db_host(self):
        world = self.up({"client": CLIENT, "db": {**DATABASE, "net": ["192.0.2.10/24"]}})
        with world.guide("docs/guides/install-on-the-db-host.md") as guide:
            guide.play("Before")
            # What the page promises to end is there: without the gate, the attack shuts others out.
            attack = next(block for block in guide.blocks if "{silent}" in block.text)
            status, printed = world["client"].run(attack.text)
            self.assertNotEqual(status, 0, printed)
            self.assertIn("Too many connections", printed)
            for title in ("Install", "Two files", "The switch", "How to check it"):
                guide.play(title)
            self.quiet(world, 2)
            for title in ("What an attacker meets", "Without TCP at all", "When the gate is down"):
                guide.play(title)
            self.assertEqual(world.must("db", "ss -Hltn 'src 127.0.0.1:3306'"), "")
            self.assertEqual(self.who(world, "192.0.2.10"), SHOP)
            guide.play("Roll back")
        self.assertIn('"mariadbd"', world.must("db", "ss -Hltnp 'src 0.0.0.0:3306'"))
        self.assertEqual(self.who(world, "192.0.2.10"), SHOP)


class Gateway(OnGuideHosts):
    def test_gateway(self):
        world = self.up({"client": CLIENT, "gate": GATE, "db": DATABASE})
        with world.guide("docs/guides/gateway.md") as guide:
            for title in ("Install", "Plain", "PROXY v2", "Transparent, for any server"):
                guide.play(title)
            self.quiet(world, 2)
            guide.play("What an attacker meets")
        self.assertEqual(self.who(world), SHOP)

    def test_transparent(self):
        """The reference's own recipe."""
        world = self.up({"client": CLIENT, "gate": GATE, "db": DATABASE})
        world.guide("docs/guides/gateway.md").play("Install")
        with world.guide("docs/transparent.md") as guide:
            guide.play("Setting it up")
            guide.play("How to see that it works")


class Pair(OnGuideHosts):
    def test_pair(self):
        world = self.up({"client": CLIENT, **PAIR, "db": DATABASE})
        with world.guide("docs/guides/gateway-pair.md") as guide:
            for title in ("The server", "Both gates", "How to check it"):
                guide.play(title)
            self.quiet(world, 3)
            guide.play("What an attacker meets")
            # Who runs something when the gate begins to drain gets to its end.
            world.must("client", "(mariadb -h 192.0.2.1 -e 'DO SLEEP(2)'; echo left with $? >slept)"
                                 " >/dev/null 2>&1 &")
            self.assertTrue(scenario.wait_for(lambda: self.sessions_of(world, "192.0.2.7") == 1))
            guide.play("A planned change")
            self.assertEqual(self.words(world, "slept"), "left with 0\n")
            for title in ("Whose slots", "Transparent gateways"):
                guide.play(title)
        self.host_is_gone(world, *self.roles(world))

    @staticmethod
    def roles(world):
        """Which gate has the addresses, both of them, and which has none."""
        shown = {name: world.must(name, "ip -brief address show") for name in PAIR}
        has = [name for name, text in shown.items() if "192.0.2.1/24" in text]
        has_database = [name for name, text in shown.items() if "198.51.100.1/24" in text]
        if len(has) != 1 or has != has_database:
            raise AssertionError(shown)
        return has[0], next(name for name in PAIR if name not in has)

    def host_is_gone(self, world, holder, other):
        """The one with the addresses has a session of the application that rests, and one whose
        answer finds nobody; then nothing is heard of it any more."""
        world["client"].write("/root/pooled.py", POOLED)
        world.must("client", "/usr/bin/python3 pooled.py >pooled.out 2>&1 &")
        world.must("client", "timeout 60 mariadb -h 192.0.2.1 -e 'DO SLEEP(2)' >/dev/null 2>&1 &")
        self.assertTrue(scenario.wait_for(lambda: self.sessions_of(world, "192.0.2.7") == 2))
        cut = time.monotonic()
        world.lan.cut(holder)
        self.assertTrue(scenario.wait_for(lambda: self.logs_in(world), 20, 0.2))
        moved = time.monotonic() - cut
        self.assertIn("192.0.2.1/24", world.must(other, "ip -brief address show dev eth0"))
        world.must("client", "touch goon")
        lost = self.words(world, "pooled.out")
        self.assertRegex(lost, r"^20(06|13) after", "a pooled connection is to be reset")
        self.assertTrue(scenario.wait_for(
            lambda: not self.sessions_of(world, "192.0.2.7"), 60, 0.5))
        print(f"figures Pair: a login through the other gate {moved:.1f} s after a host was gone, "
              f"its sessions ended after {time.monotonic() - cut:.1f} s; pooled: {lost.strip()}")

    def words(self, world, file):
        """What somebody in the background on the client's host has written, once there is a line."""
        ask = f"cat {file} 2>/dev/null || true"
        self.assertTrue(scenario.wait_for(lambda: world.must("client", ask).endswith("\n"), 20, 0.2))
        return world.must("client", ask)

    @staticmethod
    def sessions_of(world, address):
        return int(world.must("db", "mariadb -N -e \"SELECT COUNT(*) FROM "
                              f"information_schema.PROCESSLIST WHERE HOST LIKE '{address}:%'\""))

    @staticmethod
    def logs_in(world):
        status, printed = world["client"].run(
            "mariadb --connect-timeout=1 -N -h 192.0.2.1 -e 'SELECT USER()'")
        return status == 0 and printed.strip() == SHOP[0]


class Tls(OnGuideHosts):
    def test_tls(self):
        world = self.up({"client": CLIENT, "gate": GATE, "db": DATABASE})
        before = world.guide("docs/guides/gateway.md")
        for title in ("Install", "Plain", "PROXY v2"):
            before.play(title)
        with world.guide("docs/guides/with-tls.md") as guide:
            for title in ("Certificates", "The server", "The gate", "How to check it",
                          "Nobody without TLS"):
                guide.play(title)
            before = self.serial(world)
            guide.play("Renewal")
            self.assertNotEqual(self.serial(world), before)
            guide.play("Passthrough")

    @staticmethod
    def serial(world):
        """Of the certificate that the gate shows."""
        return world.must("client", "openssl s_client -connect 192.0.2.1:3306 -starttls mysql "
                                    "</dev/null 2>/dev/null | openssl x509 -noout -serial")


if __name__ == "__main__":
    scenario.main()
