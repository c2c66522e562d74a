"""Three hosts in network namespaces: client - gate - db, on addresses that are not loopback.

The db host resolves names (a hosts file for the gate's address; any other lookup fails at once, as
nothing listens on its resolver), so its host cache and max_connect_errors are at work.
Needs root. Made and removed by the test that uses it.
"""
import contextlib
import os
import pathlib
import shutil
import subprocess

GATE_CLIENT_SIDE, CLIENT = "10.77.1.1", "10.77.1.2"
GATE_DB_SIDE, DB = "10.77.2.1", "10.77.2.2"
ATTACKERS = "10.99.0.0/16"
GATE_ATTACKER_SIDE, ATTACKER = "10.77.3.1", "10.77.3.2"


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class ThreeHosts:
    def __init__(self):
        mark = os.getpid()
        self.client, self.gate, self.db = (f"hg{mark}{role}" for role in ("c", "g", "d"))
        self.names = (self.client, self.gate, self.db)

    def __enter__(self):
        try:
            self._make()
        except Exception:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def _make(self):
        for name in self.names:
            etc = pathlib.Path("/etc/netns", name)
            etc.mkdir(parents=True, exist_ok=True)
            (etc / "resolv.conf").write_text("nameserver 127.0.0.1\n")
            (etc / "hosts").write_text(
                f"127.0.0.1 localhost\n{GATE_DB_SIDE} gate.test\n{DB} db.test\n{CLIENT} app.test\n")
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        self._wire(self.client, CLIENT, self.gate, GATE_CLIENT_SIDE)
        self._wire(self.gate, GATE_DB_SIDE, self.db, DB)
        ip("-n", self.client, "route", "add", "local", ATTACKERS, "dev", "lo")
        ip("-n", self.gate, "route", "add", ATTACKERS, "via", CLIENT)

    @staticmethod
    def _wire(left, left_address, right, right_address):
        near, far = f"{left[2:]}l", f"{right[2:]}r"
        ip("link", "add", near, "netns", left, "type", "veth", "peer", "name", far, "netns", right)
        for name, device, address in ((left, near, left_address), (right, far, right_address)):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")

    def remove(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
            shutil.rmtree(pathlib.Path("/etc/netns", name), ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir("/etc/netns")  # only when nobody else uses it


class OneHost:
    """A host of its own that has all of 2001:db8::/32 for itself, beside its loopback addresses."""

    def __init__(self):
        self.name = f"hg{os.getpid()}o"

    def __enter__(self):
        ip("netns", "add", self.name)
        try:
            ip("-n", self.name, "link", "set", "lo", "up")
            ip("-n", self.name, "-6", "route", "add", "local", "2001:db8::/32", "dev", "lo")
            # A route alone gives nobody the right to bind, as it does for IPv4.
            inside(self.name, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind")
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)


class RoutedHosts(ThreeHosts):
    """The three with IPv6 as well, the gate's host being the router between the other two.

    The client's host has ATTACKERS for itself. The db host has no way back to it yet: that is for
    the test to give.
    """
    GATE_CLIENT_SIDE6, CLIENT6 = "fd77:1::1", "fd77:1::2"
    GATE_DB_SIDE6, DB6 = "fd77:2::1", "fd77:2::2"

    def _make(self):
        super()._make()
        for name, device, address in (
                (self.client, f"{self.client[2:]}l", self.CLIENT6),
                (self.gate, f"{self.gate[2:]}r", self.GATE_CLIENT_SIDE6),
                (self.gate, f"{self.gate[2:]}l", self.GATE_DB_SIDE6),
                (self.db, f"{self.db[2:]}r", self.DB6)):
            ip("-n", name, "addr", "add", f"{address}/64", "dev", device, "nodad")
        ip("-n", self.client, "route", "add", "10.77.2.0/24", "via", GATE_CLIENT_SIDE)
        ip("-n", self.client, "route", "add", "fd77:2::/64", "via", self.GATE_CLIENT_SIDE6)
        for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            inside(self.gate, "sh", "-c", f"echo 1 > /proc/sys/net/{key}")


class DatabaseHost(ThreeHosts):
    """The app, the database host with the gate on it, and the attackers: each a host of its own.

    The attackers' host has ATTACKERS for itself; the database host answers everybody else through
    it, so that spoofed senders get their answers. A capture on the database host sees all of it.
    """

    def __init__(self):
        super().__init__()
        self.attacker = self.db  # nobody needs a third host behind the gate

    def _make(self):
        for name in self.names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        self._wire(self.client, CLIENT, self.gate, GATE_CLIENT_SIDE)
        self._wire(self.gate, GATE_ATTACKER_SIDE, self.attacker, ATTACKER)
        ip("-n", self.attacker, "route", "add", "local", ATTACKERS, "dev", "lo")
        ip("-n", self.attacker, "route", "add", f"{GATE_CLIENT_SIDE}/32", "via", GATE_ATTACKER_SIDE)
        ip("-n", self.gate, "route", "add", "default", "via", ATTACKER)


class DatabaseHost6(DatabaseHost):
    """With IPv6 between the database host and the attackers', whose all of 2001:db8::/32 is."""
    GATE6, ATTACKER6 = "fd77:3::1", "fd77:3::2"

    def _make(self):
        super()._make()
        for name, device, address in ((self.gate, f"{self.gate[2:]}l", self.GATE6),
                                      (self.attacker, f"{self.attacker[2:]}r", self.ATTACKER6)):
            ip("-n", name, "addr", "add", f"{address}/64", "dev", device, "nodad")
        ip("-n", self.gate, "route", "add", "2001:db8::/32", "via", self.ATTACKER6)


def inside(name, *words, **options):
    """A program inside the namespace, to its end: its output, or an error with what it said."""
    done = subprocess.run(["ip", "netns", "exec", name, *words], capture_output=True, text=True,
                          check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def attackers(count):
    """Addresses inside ATTACKERS, each in a /24 of its own up to 250."""
    return [f"10.99.{i % 250}.{i // 250 + 1}" for i in range(count)]
