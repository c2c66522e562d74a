#!/usr/bin/python3
"""The real gate under valgrind's memcheck: an application logs in, asks and leaves, beside clients
that stop half-way. No invalid access, no use of what was never set, nothing lost at the end.

Usage: valgrind_smoke.py [SECONDS]   10 if nothing is said.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from app import App
from attackers import Attackers, addresses
from gate import Gate
from private_mariadb import PrivateMariadb

MEMCHECK = ("valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--num-callers=20")
UNFINISHED = ("garbage", "stalled-login", "short-answer", "bad-password")


def smoke(seconds):
    with PrivateMariadb(60, scenario.Scenario.db_options) as db:
        host, port = db.address
        gate = Gate({"gate": {"backend": [f"{host}:{port}"], "proxy_to_backend": "v2"},
                     "monitor": {}, "source": {"never_ban": [], "ban_after": "off"}})
        # Everything takes a multiple of its time.
        gate.start(wait=False, launcher=MEMCHECK, arguments=("--core-dumps",))
        gate.wait_ready(120)
        app = App(gate.address, pool=2, rate=2, pause=0.2, timeout=30).start()
        opened = 0
        for kind in UNFINISHED:
            attackers = Attackers(kind, gate.address, addresses(8), 8, 60, pause=0.3).start()
            opened += attackers.stop_after(seconds / len(UNFINISHED))["opened"]
        report = app.finish()
        gate.stop(seconds=120)  # raises when it did not leave with 0
    print(f"valgrind: {report.summary()}; {opened} others; nothing found")
    if report.failed:
        print("\n".join(report.errors))
    return 1 if report.failed or not report.pooled or not opened else 0


if __name__ == "__main__":
    sys.exit(smoke(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
