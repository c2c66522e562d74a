"""The frame of tests of the wire: a database host with gate, server, observer and nftables, an app
on another host, attackers on a third."""
import contextlib
import json
import subprocess
import time

import netns
import scenario
from private_mariadb import PrivateMariadb

HOST = netns.GATE_CLIENT_SIDE
TABLE = "headgate"
RECONCILE = 1.0


class OnDatabaseHost(scenario.Scenario):
    """One host setup and one MariaDB for the class, a fresh gate for each test."""
    Hosts = netns.DatabaseHost

    @classmethod
    def setUpClass(cls):
        cls.hosts = cls.Hosts()
        cls.enterClassContext(cls.hosts)
        options = [f"--proxy-protocol-networks={HOST}"]
        cls.db = PrivateMariadb(60, options, bind=HOST, netns=cls.hosts.gate).start()
        cls.addClassCleanup(cls.db.stop)

    def config_with(self, **over):
        """Of a gate that watches every interface and pushes its bans into the kernel."""
        return scenario.merged(self.config(
            observer={"interface": "any"},
            firewall={"enforce": True, "reconcile": f"{RECONCILE:g}s"}), over)

    def gate_with(self, port=None, **over):
        return self.start_gate(self.config_with(**over), host=HOST, netns=self.hosts.gate, port=port)

    def reload(self, running, **over):
        running.write(self.config_with(**over))
        code, answer = running.request("POST", "/reload")
        self.assertEqual(code, 200, answer)
        return answer

    def app_of(self, gate, **options):
        return self.start_app(gate.address, source=netns.CLIENT, netns=self.hosts.client, **options)

    def nft(self, *words):
        return netns.inside(self.hosts.gate, "nft", *words)

    def kernel_bans(self):
        """What is in the sets of the table; None where there is no table."""
        try:
            text = self.nft("-j", "list", "table", "inet", TABLE)
        except RuntimeError:
            return None
        bans = set()
        for item in json.loads(text)["nftables"]:
            for element in item.get("set", {}).get("elem", []):
                value = element["elem"]["val"] if "elem" in element else element
                if isinstance(value, dict):
                    value = f"{value['prefix']['addr']}/{value['prefix']['len']}"
                elif ":" in value:
                    value += "/64"
                bans.add(value)
        return bans

    @staticmethod
    def gate_bans(gate):
        return {ban["source"] for ban in gate.request("GET", "/bans")[1]["bans"]}

    @contextlib.contextmanager
    def syn_flood(self, gate, per_second, seconds, *options):
        """hping3 from the attackers' host; ends by its count, or with the block."""
        words = ["ip", "netns", "exec", self.hosts.attacker, "hping3", "-q", "-n", "-S",
                 "-p", str(gate.port), "-i", f"u{int(1e6 / per_second)}",
                 "-c", str(int(per_second * seconds)), *options, HOST]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL) as flood:
            try:
                yield flood
            finally:
                flood.terminate()

    @staticmethod
    def seconds_until(condition, seconds):
        """How long it took until condition() was true; None when it was not in time."""
        began = time.monotonic()
        return time.monotonic() - began if scenario.wait_for(condition, seconds) else None
