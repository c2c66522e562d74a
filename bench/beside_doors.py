"""The doors that `make bench` sets side by side: the server itself, the floor relay, HAProxy, nginx,
headgate, and whatever else already listens. Each to the server's port or to its unix socket."""
import contextlib
import dataclasses
import os
import pathlib
import subprocess
import time
import tomllib
import typing

import peers
from gate import Gate
from private_mariadb import ROOT, free_port
from wire import Blocking

HERE = pathlib.Path(__file__).resolve().parent
TITLES = {"bare": "no gate", "floor": "floor", "haproxy": "HAProxy", "nginx": "nginx",
          "headgate": "headgate", "floor-unix": "floor, unix socket",
          "haproxy-unix": "HAProxy, unix socket", "headgate-unix": "headgate, unix socket",
          "haproxy-splice": "HAProxy, splice"}
PROXIES = ("haproxy", "nginx", "haproxy-splice")


def tool(name):
    """A program of bench/, built."""
    path = pathlib.Path(os.environ.get("HEADGATE_BENCHES", ROOT / "build/release/bench"), name)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built; `make bench` makes it")
    return str(path)


@dataclasses.dataclass
class Door:
    name: str
    address: tuple
    pids: typing.Callable = lambda: ()
    gate: typing.Any = None  # the Gate, if it is one


def merged(base, over):
    return {name: {**base.get(name, {}), **over.get(name, {})} for name in {**base, **over}}


@contextlib.contextmanager
def bare(db, _unix, _workers, _over):
    yield Door("", db.address)


@contextlib.contextmanager
def floor(db, unix, workers, _over):
    port = free_port()
    backend = db.socket if unix else f"{db.host}:{db.port}"
    with subprocess.Popen([tool("floor_relay"), str(port), backend, str(workers)]) as relay:
        try:
            wait_open(("127.0.0.1", port))
            yield Door("", ("127.0.0.1", port), lambda: [relay.pid])
        finally:
            relay.terminate()


def wait_open(address, seconds=5):
    until = time.monotonic() + seconds
    while True:
        try:
            Blocking(address).sock.close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def peer(program, file, **words):
    @contextlib.contextmanager
    def door(db, unix, workers, _over):
        text = (HERE / file).read_text(encoding="utf8")
        scheme = {"haproxy": "unix@", "nginx": "unix:"}[program]
        backend = scheme + db.socket if unix else f"{db.host}:{db.port}"
        for word, value in {"OPTIONS": "", "LIMITS": "", **words, "WORKERS": str(workers),
                            "BACKEND": backend}.items():
            text = text.replace(word, value)
        with peers.Peer(program, text, db.address) as running:
            yield Door("", running.address, running.pids)
    return door


@contextlib.contextmanager
def headgate(db, unix, workers, over):
    config = tomllib.loads((HERE / "beside-headgate.toml").read_text(encoding="utf8"))
    backend = f"unix:{db.socket}" if unix else f"{db.host}:{db.port}"
    config = merged(config, {"gate": {"backend": [backend], "threads": workers}})
    with Gate(merged(config, over)) as gate:
        yield Door("", gate.address, lambda: [gate.pid()], gate)


MAKERS = {
    "bare": bare, "floor": floor, "headgate": headgate,
    "haproxy": peer("haproxy", "beside-haproxy.cfg"),
    "haproxy-splice": peer("haproxy", "beside-haproxy.cfg", OPTIONS="option splice-response"),
    "haproxy-limits": peer("haproxy", "beside-haproxy-limits.cfg"),
    "nginx": peer("nginx", "beside-nginx.conf"),
    "nginx-limits": peer("nginx", "beside-nginx.conf",
                         LIMITS="limit_conn_zone $binary_remote_addr zone=by_source:10m;\n"
                                "  limit_conn by_source 10;"),
}


@contextlib.contextmanager
def opened(name, db, workers=1, over=None):
    """The door of that name; `over` goes into the configuration of a headgate."""
    kind = name.removesuffix("-unix")
    with MAKERS[kind](db, name.endswith("-unix"), workers, over or {}) as door:
        door.name = name
        yield door


def others(words):
    """Doors that somebody else opened, of NAME=PORT:PID."""
    for word in words:
        name, _, where = word.partition("=")
        port, _, pid = where.partition(":")
        yield Door(name, ("127.0.0.1", int(port)), lambda pid=int(pid): [pid])


@contextlib.contextmanager
def all_opened(names, db, workers=1, over=None):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(opened(name, db, workers, over)) for name in names]
