"""Many clients of an application that keep one connection each and come back as pools do.

In a process of its own. Whoever loses its connection tries again after a pause that doubles up to
a second. What each has at the moment is seen from outside: since when, and on which server's port.
"""
import asyncio
import collections
import os
import random
import resource
import socket
import time

import statements
import wire
from attackers import FORK

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
ASK_PORT = statements.query("SELECT @@port")


class Crowd:
    """`count` clients from `sources` in turn, each with a query every `pause` seconds."""

    def __init__(self, target, sources, count, user="app", pause=1.0, timeout=8):
        self.target, self.sources, self.count, self.user = target, sources, count, user
        self.pause, self.timeout = pause, timeout
        self.counts = collections.Counter()
        self._since = FORK.Array("d", count, lock=False)  # 0: has none
        self._ports = FORK.Array("i", count, lock=False)
        self._told = FORK.Value("i", 0)                   # the last ERR's code
        self._stop = FORK.Event()
        self._out, self._in = FORK.Pipe(False)
        self._process = None
        self._ending = False

    def start(self):
        self._process = FORK.Process(target=self._main, daemon=True)
        self._process.start()
        return self

    def inside(self, after=0.0):
        """How many have a connection that works, made after `after` (time.monotonic())."""
        return sum(since > after for since in self._since)

    def entries(self, after):
        """When each got in, in seconds after `after`, sorted; only those who did."""
        return sorted(since - after for since in self._since if since > after)

    def ports(self):
        """How many are on which server, by its port."""
        return collections.Counter(port for port, since in zip(self._ports, self._since) if since)

    @property
    def told(self):
        """The code of the last ERR that answered a login; 0 when none did."""
        return self._told.value

    def stop(self):
        """The counts: in, lost, err_CODE, closed, hung, longest_ms (of a login or a query)."""
        if self._process:
            self._stop.set()
            self.counts = self._out.recv() if self._out.poll(30) else collections.Counter(hung=1)
            self._process.join(5)
            if self._process.is_alive():
                self._process.kill()
            self._process = None
        return self.counts

    # In the child.

    def _main(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        asyncio.run(self._all())
        self._in.send(self.counts)
        os._exit(0)

    async def _all(self):
        tasks = [asyncio.ensure_future(self._client(i)) for i in range(self.count)]
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        self._ending = True
        for task in tasks:
            task.cancel()
        # wait_for() may swallow one cancellation: those see to it by themselves.
        await asyncio.wait(tasks, timeout=3)

    async def _client(self, index):
        pause = FIRST_PAUSE
        while not self._ending:
            writer, began = None, time.monotonic()
            try:
                reader, writer = await self._timed(self._log_in(index))
                pause = FIRST_PAUSE
                while True:
                    await asyncio.sleep(self.pause * random.uniform(0.5, 1.5))
                    began = time.monotonic()
                    await self._timed(self._ask(index, reader, writer))
            except asyncio.TimeoutError:
                self.counts["hung"] += 1
            except wire.ServerError as error:
                self.counts[f"err_{error.code}"] += 1
                self._told.value = error.code
            except (asyncio.IncompleteReadError, OSError, ValueError):
                self.counts["closed"] += 1
            finally:
                self.counts["lost"] += self._since[index] > 0 and not self._ending
                self._since[index] = 0
                if writer:
                    writer.transport.abort()
            self._longest(began)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _timed(self, work):
        began = time.monotonic()
        result = await asyncio.wait_for(work, self.timeout)
        self._longest(began)
        return result

    def _longest(self, began):
        spent = int((time.monotonic() - began) * 1000)
        self.counts["longest_ms"] = max(self.counts["longest_ms"], spent)

    async def _log_in(self, index):
        sock = socket.socket()
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            sock.bind((self.sources[index % len(self.sources)], 0))
            await asyncio.get_running_loop().sock_connect(sock, self.target)
            reader, writer = await asyncio.open_connection(sock=sock)
        except BaseException:
            sock.close()
            raise
        try:
            await wire.login(reader, writer, self.user, f"{self.user}-secret", "shop")
            await self._ask(index, reader, writer)
        except BaseException:
            writer.transport.abort()
            raise
        self.counts["in"] += 1
        self._since[index] = time.monotonic()
        return reader, writer

    async def _ask(self, index, reader, writer):
        writer.write(ASK_PORT)
        self._ports[index] = int(await first_value(reader))


async def first_value(reader):
    """The only row's only column, as bytes. Raises ServerError."""
    value, ends = b"", 0
    first = (await wire.read_packet(reader))[1]
    if first[:1] == b"\xff":
        raise wire.ServerError(first)
    while ends < 2:
        payload = (await wire.read_packet(reader))[1]
        if statements.ends(payload):
            ends += 1
        elif ends == 1:
            value = payload[1:]
    return value
