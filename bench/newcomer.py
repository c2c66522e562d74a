#!/usr/bin/python3
"""The newcomer's path: from a bare Debian 12 to the first query through the gate, timed.

    bench/newcomer.py package [FILE.deb]    a database host: MariaDB and the package
    bench/newcomer.py source                a clone: `make run`

Boots a machine that has what debootstrap installs and nothing else, does in it what the README
says, and prints each command with its seconds, then the sums. Needs root and a network: packages
come from the host's own mirror. `source` takes as long as a whole compilation.
"""
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
import machine
import packing

QUERY = "SELECT USER(), VERSION()"
CONFIG = """[gate]
listen = ["{address}:3306"]
backend = ["127.0.0.1:3306"]
proxy_to_backend = "v2"
"""
PROXY = "[mariadbd]\nproxy-protocol-networks = 127.0.0.1\n"


class Path:
    """Commands one after the other, each with its time."""

    def __init__(self, bare):
        self.bare, self.commands, self.seconds = bare, 0, 0.0

    def do(self, command, shown=None, **more):
        """One command of the newcomer's; `shown` where the README writes it otherwise."""
        began = time.monotonic()
        said = self.bare.run(command, timeout=5400, **more)
        self.count(shown or command, time.monotonic() - began)
        return said

    def count(self, shown, seconds):
        self.commands += 1
        self.seconds += seconds
        print(f"{seconds:8.1f} s  {shown}", flush=True)

    def edit(self, file, text):
        """A file that is written in an editor: a command, and no time of the machine's."""
        self.bare.run(f"cat > {file}", given=text)  # owner and mode of one that is there stay
        self.count(f"edit {file} ({len(text.splitlines())} lines)", 0.0)

    def sums(self, answer):
        print(f"first query through the gate: {answer.strip()}\n{self.commands} commands, "
              f"{self.seconds / 60:.1f} minutes of the machine's", flush=True)


def from_package(path, deb):
    bare = path.bare
    bare.copy_in(deb, f"/root/{deb.name}")
    path.do(f"apt-get install -y mariadb-server ./{deb.name} >/dev/null", host_network=True)
    bare.run("mariadb", given="CREATE USER app@'%' IDENTIFIED BY 'app-secret';")
    path.edit("/etc/mysql/mariadb.conf.d/60-headgate.cnf", PROXY)
    path.edit("/etc/headgate/headgate.toml", CONFIG.format(address=bare.address))
    path.do("systemctl restart mariadb")
    path.do("systemctl enable --now headgate")
    path.sums(path.do(f"mariadb -h {bare.address} -u app -papp-secret -NBe '{QUERY}'"))


def from_source(path):
    bare = path.bare
    with tempfile.TemporaryDirectory() as folder:
        bundle = pathlib.Path(folder, "headgate.bundle")
        subprocess.run(["git", "-C", ROOT, "bundle", "create", "--quiet", bundle, "HEAD"], check=True)
        bare.copy_in(bundle, "/root/headgate.bundle")
    path.do("apt-get update -qq && apt-get install -y git make >/dev/null", host_network=True)
    path.do("git clone -q headgate.bundle headgate", "git clone ... headgate")
    began = time.monotonic()
    # What has to be fetched comes over the host's network; the gate runs in the machine's.
    bare.run("make -C headgate build && bash headgate/.ci/install run", timeout=5400,
             host_network=True)
    with subprocess.Popen([*bare.enter(), "make", "-C", "headgate", "run"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        line = next(said.strip() for said in running.stdout
                    if said.strip().startswith("mariadb --host"))
        path.count("cd headgate && make run", time.monotonic() - began)
        path.sums(path.do(f"{line} -NBe '{QUERY}'"))
        running.kill()


def main(kind, deb=None):
    if machine.why_not():
        sys.exit(machine.why_not())
    with machine.Machine.boot(packing.scratch(), packages=(), variant="") as bare:
        path = Path(bare)
        if kind == "package":
            from_package(path, pathlib.Path(deb) if deb else packing.package())
        else:
            from_source(path)


if __name__ == "__main__":
    if sys.argv[1:2] not in (["package"], ["source"]):
        sys.exit(__doc__)
    main(*sys.argv[1:])
