"""Networks between hosts that are network namespaces, with the very addresses of a page.

The wires end in bridges in a namespace of their own, so a page's 192.0.2.0/24 is nowhere on this
machine itself. Needs root. Everything goes with `with`.
"""
import itertools
import os
import re
import subprocess

from netns import ip

MARKS = itertools.count()


def sweep():
    """Removes the networks of tests that were killed before they could."""
    shown = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    for mark, pid in re.findall(r"^(hg(\d+)[a-z](?:\d+|w))\b", shown.stdout, re.M):
        if not os.path.exists(f"/proc/{pid}"):
            subprocess.run(["ip", "netns", "del", mark], capture_output=True, check=False)


class Lan:
    """`hosts` is {name: [address/length, ...]}: addresses of one network share a wire.

    `of(name)` is the namespace of a host, /run/netns/<that>.
    """

    def __init__(self, hosts):
        mark = f"hg{os.getpid()}{chr(ord('a') + next(MARKS))}"
        self.hosts, self.switch = hosts, f"{mark}w"
        self.namespaces = {name: f"{mark}{index}" for index, name in enumerate(hosts)}

    def of(self, name):
        return self.namespaces[name]

    def __enter__(self):
        sweep()
        try:
            self._make()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def _make(self):
        for namespace in (self.switch, *self.namespaces.values()):
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        bridges = {}
        for name, addresses in self.hosts.items():
            for number, address in enumerate(addresses):
                self._wire(name, number, address, self._bridge(bridges, address))

    def _bridge(self, bridges, address):
        network = address.rsplit(".", 1)[0]
        if network not in bridges:
            bridges[network] = f"lan{len(bridges)}"
            ip("-n", self.switch, "link", "add", bridges[network], "type", "bridge")
            ip("-n", self.switch, "link", "set", bridges[network], "up")
        return bridges[network]

    def _wire(self, name, number, address, bridge):
        """The host's end is eth0, eth1, ..."""
        near, far = f"eth{number}", f"{self.of(name)[2:]}p{number}"
        ip("link", "add", far, "netns", self.switch, "type", "veth", "peer", "name", near,
           "netns", self.of(name))
        ip("-n", self.switch, "link", "set", far, "master", bridge)
        ip("-n", self.switch, "link", "set", far, "up")
        ip("-n", self.of(name), "addr", "add", address, "dev", near)
        ip("-n", self.of(name), "link", "set", near, "up")

    def cut(self, name):
        """What a host sends arrives no more, and nothing reaches it; it does not notice."""
        for number in range(len(self.hosts[name])):
            ip("-n", self.switch, "link", "set", f"{self.of(name)[2:]}p{number}", "nomaster")

    def remove(self):
        for namespace in (*self.namespaces.values(), self.switch):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)
