"""The hosts of a guide, and the guide played on them: what the tests of pages begin with.

    with guides.world({"client": {"net": ["192.0.2.7/24"]},
                       "db": {"net": ["192.0.2.10/24"], "machine": True}}) as world:
        with world.guide("docs/guides/x.md") as guide:
            guide.play("Install")

Of a host: `net` its addresses (eth0, eth1, ...); `machine` a booted one with systemd (machine.py),
else a copy of this machine (copied_host.py), for clients; `mask` units that it is not to start;
`names` {name: address} of its hosts file. No other name is found by anybody, at once.
"""
import concurrent.futures
import contextlib
import os
import re
import shlex
import subprocess

import machine
import machine_root
import packing
from copied_host import CopiedHost
from lan import Lan
from private_mariadb import ROOT
from recipes import Guide


LAST_WORDS = "journalctl --no-pager -o cat -n 60 -u headgate -u mariadb -u keepalived"


class BootedHost:
    """A Machine as recipes.Guide wants a host."""

    def __init__(self, root, name, namespace, mask):
        masks = [f"systemd.mask={unit}.service" for unit in mask]
        self.machine = machine.Machine(root, netns=namespace, options=[
            "--resolv-conf=off", f"--hostname={name}", *masks])

    def __enter__(self):
        self.machine.start()
        self.machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        return self

    def __exit__(self, *_):
        self.machine.stop()

    def run(self, script, seconds=120):
        done = subprocess.run([*self.machine.enter(), "bash", "-e", "-c", script],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              stdin=subprocess.DEVNULL, errors="replace", timeout=seconds,
                              check=False)
        return done.returncode, done.stdout

    def write(self, path, text):
        folder, file = shlex.quote(os.path.dirname(path)), shlex.quote(path)
        self.machine.run(f"mkdir -p {folder} && cat > {file}", given=text)


class Desk:
    """Where the reader sits, with ssh to every host: its recipes are `scp HOST:/a HOST:/b`."""

    def __init__(self, hosts):
        self.hosts = hosts

    def run(self, script):
        for line in script.splitlines():
            found = re.fullmatch(r"scp ([a-z-]+):(/\S+) ([a-z-]+):(/\S+)", line)
            if not found:
                return 1, f"{line}: from a desk only `scp HOST:/a HOST:/b` can be played\n"
            status, text = self.hosts[found[1]].run(f"cat {found[2]}")
            if status:
                return status, text
            self.hosts[found[3]].write(found[4], text)
        return 0, ""


class World:
    """Hosts that are up: world["db"].run(...), world.lan."""

    def __init__(self, lan, hosts):
        self.lan, self.hosts = lan, hosts

    def __getitem__(self, name):
        return self.hosts[name]

    def must(self, name, script):
        """What it printed; an error when it fails."""
        status, printed = self.hosts[name].run(script)
        if status:
            raise RuntimeError(f"{name}: {script}\nleft with {status}\n{printed}")
        return printed

    def guide(self, page):
        return Guide(ROOT / page, self.hosts)

    def tell(self):
        """What the gates and servers of the world said last, for a test that failed."""
        for name, host in self.hosts.items():
            if isinstance(host, BootedHost):
                print(f"--- {name}\n{host.run(LAST_WORDS)[1]}")


@contextlib.contextmanager
def world(hosts):
    with contextlib.ExitStack() as stack:
        lan = stack.enter_context(Lan({name: host["net"] for name, host in hosts.items()}))
        up = {}
        for name, host in hosts.items():
            if host.get("machine"):
                up[name] = BootedHost(machine_root.cached(packing.scratch()), name, lan.of(name),
                                      host.get("mask", ()))
            else:
                up[name] = CopiedHost(name, lan.of(name))
        with concurrent.futures.ThreadPoolExecutor() as together:
            starts = [together.submit(host.__enter__) for host in up.values()]
            for host in up.values():
                stack.callback(host.__exit__)
            for start in starts:
                start.result()
        for name, host in hosts.items():
            lines = "".join(f"{address} {other}\n"
                            for other, address in host.get("names", {}).items())
            up[name].write("/etc/hosts", f"127.0.0.1 localhost {name}\n{lines}")
        yield World(lan, {**up, "desk": Desk(up)})


def why_not():
    """Why no such world can be made here; empty when it can."""
    return (machine.why_not() or packing.why_not()
            or machine_root.why_not(packing.scratch()))


def give_package(host):
    """It lies where a page's `apt-get install ./headgate_*.deb` finds it."""
    deb = packing.package()
    host.machine.copy_in(deb, f"/root/{deb.name}")
