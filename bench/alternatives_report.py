"""The tables of `make bench-alternatives`, as Markdown, and their place in a page."""
import datetime
import os
import platform
import re
import subprocess

import peers
from gate import binary

def share(value):
    return "-" if value is None else f"{value:.1%}" if 0.99 < value < 0.9995 else f"{value:.0%}"


def ratio(value):
    return "-" if value is None else f"{value:.1f}" if value < 10 else f"{value:.0f}"


TABLES = (
    ("ok", "Operations of the application that succeeded", share,
     "within 2 s, of those it began during the attack."),
    ("new", "New connections that got in", share,
     "connect, login, a query: as many a second as in the calm before, in the same run."),
    ("work", "Queries of its pool that succeeded", share,
     "as many a second as in the calm before, in the same run."),
    ("p99", "p99 of a pooled query that succeeded", ratio,
     "times that of the calm before, in the same run; `-`: none succeeded."),
    ("slots", "Server connections that the attackers held", lambda value: "-" if value is None else f"{value:.0f}",
     "the most seen at once, of 100."),
)


def table(medians, attacks, gates, key, show):
    used = [gate for gate in gates if any(gate in row for row in medians.values())]
    lines = ["| attack | " + " | ".join(gates[gate] for gate in used) + " |",
             "|---" * (len(used) + 1) + "|"]
    for name, row in medians.items():
        cells = [show(row[gate][key]) if gate in row else "" for gate in used]
        lines.append(f"| {attacks[name]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def today():
    return datetime.date.today().isoformat()


def machine():
    with open("/proc/meminfo", encoding="utf8") as info:
        memory = int(re.search(r"MemTotal:\s+(\d+)", info.read())[1]) >> 20
    return f"{os.cpu_count()} cores, {memory} GB, {platform.machine()}, Linux {platform.release().split('-')[0]}"


def tables(medians, attacks, gates, facts):
    said = subprocess.run([binary(), "version"], capture_output=True, text=True, check=True)
    parts = [f"Run on {today()}: {machine()}, load {facts['load']:.1f} when it began; "
             f"{said.stdout.strip()}, MariaDB {facts['server'].split('-')[0]}, HAProxy "
             f"{peers.version('haproxy')}, nginx {peers.version('nginx')}. Medians of "
             f"{facts['rounds']} round{'s' if facts['rounds'] > 1 else ''}."]
    for key, title, show, what in TABLES:
        parts.append(f"**{title}**: {what}\n\n" + table(medians, attacks, gates, key, show))
    return "\n\n".join(parts)


def write(page, name, text):
    """Between the marks of that name in the page; raises where it has none."""
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    before, rest = page.read_text(encoding="utf8").split(begin)
    page.write_text(before + begin + text + "\n" + end + rest.split(end)[1], encoding="utf8")
