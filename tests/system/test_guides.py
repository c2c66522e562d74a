#!/usr/bin/python3
"""The guides of docs/guides, played as they are written on booted machines and a client that have the
addresses of the pages."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guides
import scenario

CLIENT = {"net": ["192.0.2.7/24"], "names": {"gate.example": "192.0.2.1"}}
DATABASE = {"net": ["198.51.100.10/24"], "machine": True}
PASSWORD = "shop-secret"


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
        world.must("db", "systemctl restart mariadb; mariadb -e \"CREATE DATABASE shop; CREATE USER "
                         f"shop@'192.0.2.7' IDENTIFIED BY '{PASSWORD}'; "
                         "GRANT ALL ON shop.* TO shop@'192.0.2.7'\"")
        world["client"].write("/root/.my.cnf", f"[client]\nuser = shop\npassword = {PASSWORD}\n")
        return world

    def tell_when_failed(self, world):
        if not self._outcome.success:
            world.tell()

    def who(self, world, host="192.0.2.1"):
        """USER() and CURRENT_USER() of a login from the client's host."""
        return world.must("client", f"mariadb -N -h {host} -e 'SELECT USER(), CURRENT_USER()'").split()


class Install(OnGuideHosts):
    def test_on_the_db_host(self):
        world = self.up({"client": CLIENT, "db": {**DATABASE, "net": ["192.0.2.10/24"]}})
        with world.guide("docs/guides/install-on-the-db-host.md") as guide:
            guide.play()
        self.assertEqual(self.who(world, "192.0.2.10"), ["shop@192.0.2.7"] * 2)


GATE = {"net": ["192.0.2.1/24", "198.51.100.1/24"], "machine": True, "mask": ["mariadb"]}


class Gateway(OnGuideHosts):
    def test_gateway(self):
        world = self.up({"client": CLIENT, "gate": GATE, "db": DATABASE})
        with world.guide("docs/guides/gateway.md") as guide:
            guide.play()


PAIR = {"gate-a": {**GATE, "net": ["192.0.2.2/24", "198.51.100.2/24"]},
        "gate-b": {**GATE, "net": ["192.0.2.3/24", "198.51.100.3/24"]}}


class Pair(OnGuideHosts):
    def test_pair(self):
        world = self.up({"client": CLIENT, **PAIR, "db": DATABASE})
        with world.guide("docs/guides/gateway-pair.md") as guide:
            guide.play()


class Tls(OnGuideHosts):
    def test_tls(self):
        world = self.up({"client": CLIENT, "gate": GATE, "db": DATABASE})
        before = world.guide("docs/guides/gateway.md")
        for title in ("Install", "PROXY v2"):
            before.play(title)
        with world.guide("docs/guides/with-tls.md") as guide:
            guide.play()


if __name__ == "__main__":
    scenario.main()
