#!/usr/bin/python3
"""`make run`: headgate in front of a private MariaDB, or of BACKEND=host:port, until Ctrl-C.

PORT is where headgate listens on 127.0.0.1; without it 3306, or the next port that is free. The
private server's data folder lies in build/run/, or under /tmp where other users cannot reach that
(as root the server runs as `mysql` and the gate as `nobody`).
"""
import contextlib
import ipaddress
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from gate import Gate
from private_mariadb import ACCOUNTS, ROOT, PrivateMariadb


PAGE = 9933  # or the next one that is free


def first_free(ports):
    for port in ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    return None


def pick_port():
    wanted = os.environ.get("PORT")
    port = first_free([int(wanted)] if wanted else range(3306, 3400))
    if port:
        return port
    sys.exit(f"run: 127.0.0.1:{wanted or '3306 to 3399'} is taken; choose another with PORT=")


def reachable(path):
    """Can every user walk to `path`?"""
    return all(p.stat().st_mode & 0o001 for p in [path, *path.parents] if p.exists())


def run_folder():
    base = ROOT / "build" / "run"
    if os.geteuid() == 0 and not reachable(base):
        return pathlib.Path(tempfile.mkdtemp(prefix="headgate-run-", dir="/tmp"))
    base.mkdir(parents=True, exist_ok=True)
    for old in base.iterdir():  # what a killed run has left behind
        if old.name.isdigit() and not pathlib.Path("/proc", old.name).exists():
            shutil.rmtree(old, ignore_errors=True)
    return base / str(os.getpid())


def is_local(backend):
    """Would the server see every client of a plain relay as `localhost`?"""
    if backend.startswith("unix:"):
        return True
    host = backend.rpartition(":")[0].strip("[]")
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def config_for(backend, private):
    gate = {"backend": [backend]}
    if private:
        gate["proxy_to_backend"] = "v2"
    elif is_local(backend):
        # headgate listens on 127.0.0.1 only, so its clients are local indeed.
        gate["clients_become_localhost"] = True
    page = first_free(range(PAGE, PAGE + 100))
    return {"gate": gate, "admin": {"http": f"127.0.0.1:{page}" if page else ""},
            "observer": {}}  # as a file without one has it


def connect_line(gate, private):
    line = f"mariadb --host={gate.host} --port={gate.port}"
    if private:
        return f"{line} --user=app --password={ACCOUNTS['app']} shop"
    return f"{line} --user=USER --password"


def serve(backend, private):
    """Until Ctrl-C (0) or until headgate ends by itself (1)."""
    config = config_for(backend, private)
    gate = Gate(config, port=pick_port())
    try:
        gate.start(wait=False, show=True)
        if private:
            gate.wait_ready()
        else:
            time.sleep(1)
        if gate.process.poll() is not None:
            return 1
        print(f"\nheadgate listens on {gate.host}:{gate.port}, in front of "
              f"{'a private MariaDB on ' if private else ''}{backend}. Connect with\n\n"
              f"    {connect_line(gate, private)}\n\n"
              f"and watch with\n\n    build/headgate top --socket {gate.socket}\n\n"
              f"or in a browser: http://{config['admin']['http']}/\n\n"
              "Ctrl-C ends it.", flush=True)
        return 1 if gate.process.wait() else 0
    except KeyboardInterrupt:
        print("\nrun: ending", flush=True)
        return 0
    finally:
        gate.stop(quiet=True)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    backend = os.environ.get("BACKEND")
    try:
        if backend:
            return serve(backend, private=False)
        print("run: starting a private MariaDB", flush=True)
        with PrivateMariadb(max_connections=151, folder=run_folder(),
                            options=["--proxy-protocol-networks=127.0.0.0/8"]) as db:
            return serve(f"{db.host}:{db.port}", private=True)
    except KeyboardInterrupt:
        return 0
    except (OSError, RuntimeError, subprocess.SubprocessError) as problem:
        print(f"run: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
