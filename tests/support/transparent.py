"""The frame of tests of [gate] transparent: three hosts, and what `headgate firewall print` says is
loaded as it is."""
import contextlib
import json

import grants
import netns
import scenario
from gate import binary
from grants import HOSTS


class OnRoutedHosts(grants.OnThreeHosts):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        netns.ip("-n", cls.hosts.client, "route", "add", "local", "10.98.0.0/16", "dev", "lo")
        netns.ip("-n", cls.hosts.gate, "route", "add", "10.98.0.0/16", "via", netns.CLIENT)
        netns.ip("-n", cls.hosts.db, "route", "add", "blackhole", "10.98.0.0/16")

    def config(self, **over):
        return super().config(**scenario.merged(
            {"gate": {"transparent": True, "proxy_to_backend": "off"}}, over))

    def backends(self):
        port = self.db.port
        return [f"{netns.DB}:{port}", f"[{HOSTS.DB6}]:{port}"]

    def transparent_gate(self, backend=0, start=True, **over):
        return self.gate_with(start=start, **scenario.merged(
            {"gate": {"backend": self.backends()[backend:backend + 1]}}, over))

    def printed(self, gate, *more):
        return netns.inside(self.hosts.gate, binary(), "firewall", "print", "--config",
                            str(gate.file), *more)

    def load(self, gate):
        """What is printed, as it is: the table, and once each command of this and the db host."""
        text = self.printed(gate)
        netns.inside(self.hosts.gate, "nft", "-f", "-", input=text)
        told = json.loads(self.printed(gate, "--json"))["transparent"]
        commands = [line[4:] for line in text.splitlines() if line.startswith("#   ")]
        self.assertEqual(commands,
                         told["gate"] + [c for s in told["servers"] for c in s["commands"]])
        for command in told["gate"]:
            self.run_once(self.hosts.gate, command)
        self.lead_answers_back(gate)

    def lead_answers_back(self, gate):
        """What is printed for the server's host alone."""
        for server in json.loads(self.printed(gate, "--json"))["transparent"]["servers"]:
            for command in server["commands"]:
                netns.inside(self.hosts.db, *command.split())

    def run_once(self, host, command):
        words = command.split()
        if "rule" in words:
            family = ["-6"] if "-6" in words else []
            if "3306" in netns.inside(host, "ip", *family, "rule", "show", "priority", "3306"):
                return
        netns.inside(host, *words)

    def unload(self):
        for words in (("nft", "flush", "ruleset"), ("ip", "rule", "del", "priority", "3306"),
                      ("ip", "-6", "rule", "del", "priority", "3306")):
            with contextlib.suppress(RuntimeError):
                netns.inside(self.hosts.gate, *words)
