"""Section `kernel` of `make bench`: what a SYN costs the machine that the kernel drops for a ban.

In network namespaces of its own. Of all processors' time, softirq included; sending costs as well, so
the same SYNs into a device that leads nowhere are taken off. Needs root, and a machine that does
nothing else.
"""
import os
import re
import signal
import subprocess
import time
import tomllib

import netns
from beside_doors import HERE, merged
from beside_report import Measure, Section
from gate import Gate
from private_mariadb import PrivateMariadb
from process_costs import machine, processor

NOTE = ("hping3 floods one address that headgate banned and pushed into nftables, between network "
        "namespaces. All processors' time, softirq included, for each SYN; the time that sending "
        "costs, measured by the same flood into a device that leads nowhere, is taken off. The gate itself spends "
        "nothing for them.")
MEASURES = (Measure("whole", "processor µs of the machine per SYN, sending included", 2),
            Measure("send", "of it sending", 2),
            Measure("dropped", "processor µs of the machine per dropped SYN", 2),
            Measure("gate", "of the gate's own, µs", 3))
BANNED, NOWHERE, AWAY = "10.99.1.1", "10.78.0.1", "10.78.0.2"


def flood(hosts, target, port, seconds):
    """(SYNs that hping3 counted, busy seconds of the machine)."""
    busy = machine()["busy"]
    with subprocess.Popen(["ip", "netns", "exec", hosts.attacker, "hping3", "-q", "-n", "-S",
                           "--flood", "-a", BANNED, "-p", str(port), target], text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL) as hping:
        time.sleep(seconds)
        hping.send_signal(signal.SIGINT)  # then it says how many
        said = hping.stderr.read()
    return int(re.search(r"(\d+) packets transmitted", said)[1]), machine()["busy"] - busy


def one_round(bench, section, hosts, gate, turn):
    dropped = lambda: gate.status()["firewall"]["dropped_packets"]  # noqa: E731
    sent, busy = flood(hosts, AWAY, gate.port, bench.seconds)
    before, used = dropped(), processor([gate.pid()])
    arrived, whole = flood(hosts, gate.host, gate.port, bench.seconds)
    used = processor([gate.pid()]) - used
    time.sleep(1.2)  # until the gate has read the rule's counter again
    if dropped() - before < arrived * 0.9:
        raise RuntimeError(f"of {arrived} SYNs {dropped() - before} were dropped")
    figures = {"whole": whole * 1e6 / arrived, "send": busy * 1e6 / sent,
               "gate": used * 1e6 / arrived}
    figures["dropped"] = figures["whole"] - figures["send"]
    for measure, value in figures.items():
        section.add(measure, "headgate", turn, value)
    bench.progress(f"kernel: {arrived} SYNs, " + ", ".join(f"{k} {v:.3f} µs"
                                                           for k, v in figures.items()))


def run(bench):
    if os.geteuid() or not bench.chosen(["headgate"]):
        bench.progress("kernel: left out: needs root and headgate")
        return []
    base = tomllib.loads((HERE / "beside-headgate.toml").read_text(encoding="utf8"))
    section = Section("SYNs of a ban that the kernel has", NOTE, MEASURES)
    with netns.DatabaseHost() as hosts:
        host = netns.GATE_ATTACKER_SIDE
        netns.ip("-n", hosts.attacker, "tuntap", "add", "dev", "nowhere", "mode", "tun")
        netns.ip("-n", hosts.attacker, "addr", "add", f"{NOWHERE}/24", "dev", "nowhere")
        netns.ip("-n", hosts.attacker, "link", "set", "nowhere", "up")
        with PrivateMariadb(60, bind=host, netns=hosts.gate) as db:
            config = merged(base, {"gate": {"backend": [f"{host}:{db.port}"], "threads": 1},
                                   "firewall": {"enforce": True, "reconcile": "1s"}})
            with Gate(config, host=host, netns=hosts.gate) as gate:
                gate.request("POST", "/ban", {"address": BANNED, "for": "1d"})
                time.sleep(2)
                for turn in bench.turns("kernel"):
                    one_round(bench, section, hosts, gate, turn)
    return [section]
