"""Attackers: many raw sockets from many loopback addresses, in a process of their own.

Bounded in count and time. Each worker lives one life after another until the time is over: it
connects from its own source address, misbehaves as its kind does, and counts how that ended:
  opened, unreachable, closed (by the other side), left (by itself), ok (logged in), err_CODE,
  longest_ms (the longest life), and what single attacks add.
"""
import asyncio
import collections
import contextlib
import multiprocessing
import os
import random
import resource
import socket
import struct
import time

import wire
from app import enter_netns

FORK = multiprocessing.get_context("fork")


def addresses(count, groups=50, first=20, middle=1):
    """`count` loopback addresses spread over `groups` /24s, each in a /16 of its own."""
    return [f"127.{first + i % groups}.{middle}.{i // groups + 1}" for i in range(count)]


def addresses_in(prefix, count):
    """`count` addresses of one /24, e.g. addresses_in("127.0.0", 20)."""
    return [f"{prefix}.{i + 100}" for i in range(count)]


def anywhere():
    """Any loopback address."""
    return f"127.{random.randint(20, 219)}.{random.randrange(256)}.{random.randint(1, 254)}"


def any_64():
    """An address in any /64 of netns.OneHost's."""
    return f"2001:db8:{random.randrange(1 << 16):x}:{random.randrange(1 << 16):x}::1"


def in_one_64():
    """Any address of one /64."""
    return f"2001:db8:7:7::{random.randint(1, 65535):x}:{random.randint(1, 65535):x}"


class Life:
    """One connection of an attacker."""

    def __init__(self, attack, source):
        self.attack, self.source = attack, source
        self.options, self.counts = attack.options, attack.counts
        self.sock = self.reader = self.writer = None

    async def connect(self):
        target = self.attack.target
        family = (socket.AF_UNIX if isinstance(target, str) else
                  socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        if family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            self.sock.bind((self.source, 0))
        await asyncio.get_running_loop().sock_connect(self.sock, target)
        self.counts["opened"] += 1

    async def streams(self):
        await self.connect()
        self.reader, self.writer = await asyncio.open_connection(sock=self.sock, limit=1 << 18)

    async def greeting(self):
        await self.streams()
        return wire.Greeting((await wire.read_packet(self.reader))[1])

    async def until_closed(self):
        """Reads and drops until the other side closes."""
        loop = asyncio.get_running_loop()
        while await (self.reader.read(65536) if self.reader else loop.sock_recv(self.sock, 65536)):
            pass
        self.counts["closed"] += 1

    def close(self, reset=False):
        if reset and self.sock and self.sock.fileno() >= 0:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.writer:
            self.writer.transport.abort()
        elif self.sock:
            self.sock.close()


async def silent(life):
    await life.connect()
    await life.until_closed()


async def drip(life):
    """A login packet, one byte each half second."""
    await life.greeting()
    data = wire.packet(1, wire.login_payload("app", b"x" * 20, "shop"))
    for i in range(len(data)):
        life.writer.write(data[i:i + 1])
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(life.reader.read(4096), 0.5)
            break  # an ERR, or the end
    await life.until_closed()


async def greeted(life):
    await life.greeting()
    life.counts["left"] += 1
    life.close(reset=random.random() < 0.5)


def garbage_bytes(kind):
    login = wire.login_payload("app", b"x" * 20, "shop")
    ssl = struct.pack("<IIB23x", wire.CAPABILITIES | wire.SSL, 1 << 24, 45)
    return {
        "random": os.urandom(random.randint(1, 3000)),
        "absurd length": b"\xff\xff\xff\x01" + os.urandom(400),
        "one megabyte": wire.packet(1, login + b"A" * (1 << 20)),
        "ssl then plaintext": wire.packet(1, ssl) + wire.packet(2, login),
        "truncated": wire.packet(1, login[:50]),
        "no user end": wire.packet(1, struct.pack("<IIB23x", wire.CAPABILITIES, 1, 45) + b"u" * 99),
        "empty packet": wire.packet(1, b""),
        "wrong sequence": wire.packet(77, login),
        "a query, no login": wire.packet(0, b"\x03SELECT 1"),
        "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "old protocol": wire.packet(1, struct.pack("<HBBB", 0x0485, 0, 0, 1) + b"app\0xxxxxxxx\0"),
    }[kind]


GARBAGE = ("random", "absurd length", "one megabyte", "ssl then plaintext", "truncated",
           "no user end", "empty packet", "wrong sequence", "a query, no login", "http",
           "old protocol")


async def garbage(life):
    await life.greeting()
    life.writer.write(garbage_bytes(random.choice(GARBAGE)))
    await life.until_closed()


async def claim(life):
    """A complete login packet; returns the sequence and the salt at the switch."""
    await life.greeting()
    user = random.choice(life.options.get("users", ["app"]))
    life.writer.write(wire.packet(1, wire.login_payload(user, b"", "shop", plugin=b"other")))
    sequence, payload = await wire.read_packet(life.reader)
    if payload[:1] == b"\xff":
        raise wire.ServerError(payload)
    life.counts["switched"] += 1
    return sequence, wire.switch_salt(payload)


async def stalled_login(life):
    await claim(life)
    await life.until_closed()


async def leave_at_switch(life):
    await claim(life)
    life.counts["left"] += 1
    life.close(reset=random.random() < 0.5)


async def short_answer(life):
    sequence, _ = await claim(life)
    life.writer.write(wire.packet(sequence + 1, b"x" * random.choice([1, 7, 19, 21])))
    _, payload = await wire.read_packet(life.reader)
    raise wire.ServerError(payload)


async def bad_password(life):
    await life.streams()
    user = random.choice(life.options.get("users", ["app"]))
    await wire.login(life.reader, life.writer, user, f"wrong-{random.random()}")
    life.counts["ok"] += 1


async def claimed_user(life):
    """Claims the app's user: right and wrong passwords, and some that stall at the switch."""
    shape = random.random()
    if shape < 0.3:
        await stalled_login(life)
    elif shape < 0.8:
        await bad_password(life)
    else:
        await churn(life)


async def churn(life):
    await life.streams()
    user = random.choice(life.options.get("users", ["weak"]))
    await wire.login(life.reader, life.writer, user, life.options.get("password", f"{user}-secret"))
    life.counts["ok"] += 1
    await asyncio.sleep(life.options.get("stay", 0))
    life.writer.write(wire.packet(0, bytes([wire.COM_QUIT])))
    await life.until_closed()


async def sit(life):
    """Logs in and sits idle."""
    await life.streams()
    user = life.options.get("user", "weak")
    await wire.login(life.reader, life.writer, user, f"{user}-secret")
    life.counts["ok"] += 1
    await life.until_closed()


async def change_user(life):
    """Logs in, then changes user in a loop; every third one fails on purpose."""
    await life.streams()
    await wire.login(life.reader, life.writer, "weak", "weak-secret")
    life.counts["ok"] += 1
    for turn in range(1, 1000):
        wrong = turn % 3 == 0
        user = "many" if turn % 2 else "weak"
        password = "wrong" if wrong else f"{user}-secret"
        life.writer.write(wire.packet(0, wire.change_user_payload(user, b"", "shop")))
        try:
            await wire.finish_auth(life.reader, life.writer, password)
            life.counts["changed"] += 1
        except wire.ServerError as error:
            life.counts[f"err_{error.code}"] += 1
            life.counts["change_failed"] += 1
            life.writer.write(wire.packet(0, b"\x03SELECT CURRENT_USER()"))
            if await life.reader.read(100):
                life.counts["still_in"] += 1
            raise EOFError from None


async def health_check(life):
    """HAProxy's mysql-check: the login packet and COM_QUIT in one piece."""
    await life.greeting()
    user = life.options.get("users", ["nopass"])[0]
    life.writer.write(wire.packet(1, wire.login_payload(user)) + wire.packet(0, b"\x01"))
    await life.until_closed()


async def connect_only(life):
    await life.connect()
    life.close(reset=True)


LIVES = {life.__name__.replace("_", "-"): life for life in (
    silent, drip, greeted, garbage, stalled_login, leave_at_switch, short_answer, bad_password,
    claimed_user, churn, sit, change_user, health_check, connect_only)}


class Attackers:
    """`workers` of one kind from `sources`, for at most `seconds`; stop() returns the counts."""

    def __init__(self, kind, target, sources, workers, seconds, pause=0.05, netns=None, **options):
        self.kind, self.target, self.sources, self.workers = kind, target, sources, workers
        self.seconds, self.pause, self.netns, self.options = seconds, pause, netns, options
        self.counts = collections.Counter()
        self._stop = FORK.Event()
        self._opened = FORK.Value("i", 0)
        self._out, self._in = FORK.Pipe(False)
        self._process = None

    def opened(self):
        """How many connections so far, while it goes on."""
        return self._opened.value

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._process = FORK.Process(target=self._main, daemon=True)
        self._process.start()
        return self

    def stop(self):
        self._stop.set()
        self.counts = self._out.recv() if self._out.poll(30) else collections.Counter(hung=1)
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
        return self.counts

    def stop_after(self, seconds):
        time.sleep(seconds)
        return self.stop()

    # In the child.

    def _main(self):
        if self.netns:
            enter_netns(self.netns)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        os.nice(5)  # the machine is small; the attackers must not win by CPU time alone
        asyncio.run(self._all())
        self._in.send(self.counts)
        os._exit(0)

    async def _all(self):
        until = time.monotonic() + self.seconds
        tasks = [asyncio.ensure_future(self._worker(self.sources[i % len(self.sources)], i))
                 for i in range(self.workers)]
        while time.monotonic() < until and not self._stop.is_set():
            self._opened.value = self.counts["opened"]
            await asyncio.sleep(0.05)
        # More than once: asyncio.wait_for() loses a cancellation that meets its own timeout.
        while pending := [task for task in tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.2)

    async def _worker(self, source, index):
        await asyncio.sleep(index * self.options.get("ramp", 1.0) / self.workers)
        while True:
            if roam := self.options.get("roam"):  # a new address for each life
                source = roam()
            life, began = Life(self, source), time.monotonic()
            try:
                await LIVES[self.kind](life)
            except wire.ServerError as error:
                self.counts[f"err_{error.code}"] += 1
            except (asyncio.IncompleteReadError, EOFError, ValueError):
                self.counts["closed"] += 1
            except ConnectionRefusedError:
                self.counts["unreachable"] += 1
            except OSError:
                self.counts["closed"] += 1
            finally:
                life.close()
                self.counts["longest_ms"] = max(self.counts["longest_ms"],
                                                int((time.monotonic() - began) * 1000))
            await asyncio.sleep(self.pause * random.uniform(0.5, 1.5))
