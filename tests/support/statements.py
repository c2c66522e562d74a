"""What logged-in attackers run, and how a raw client asks and reads: for the query guard's tests.

Asker is a blocking client that is told errors as wire.ServerError and can prepare, execute and
send long data. The lives at the end register with attackers.LIVES by name: heavy,
prepare-leak, long-data, huge-header, half-said, slow-reader, orphan. Their options: user, sql (one
or many).
"""
import asyncio
import random
import socket
import struct

import attackers
import wire

COM_STMT_PREPARE, COM_STMT_EXECUTE, COM_STMT_LONG_DATA, COM_STMT_CLOSE = 22, 23, 24, 25
MULTI_STATEMENTS = 1 << 16
LARGEST = 0xFFFFFF
CROSS_JOIN = ("SELECT COUNT(*) FROM shop.items a, shop.items b, shop.items c, shop.items d"
              " WHERE a.stock + b.stock + c.stock + d.stock < {}")
# Each runs for minutes when nobody stops it.
HEAVY = ("SELECT BENCHMARK(4000000000, SHA1('heavy'))",
         CROSS_JOIN.format(-1),
         "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT r.n + 1 FROM r, shop.items"
         " WHERE r.n < 100) SELECT COUNT(*) FROM r",
         "SELECT COUNT(*) FROM seq_1_to_100000 x, seq_1_to_100000 y WHERE MD5(x.seq + y.seq) = ''")


def packets(payload):
    """`payload` as packets from sequence 0; a full one is always followed by another."""
    starts = range(0, len(payload) + 1, LARGEST)
    return b"".join(wire.packet(i, payload[start:start + LARGEST])
                    for i, start in enumerate(starts))


def query(sql):
    return packets(b"\x03" + sql.encode())


def ends(payload):
    """True for an EOF packet."""
    return payload[:1] == b"\xfe" and len(payload) < 9


class Asker(wire.Blocking):
    """A logged-in client."""

    def __init__(self, address, user="weak", source=None, database="shop", timeout=30):
        super().__init__(address, source, timeout)
        try:
            self.login(user, f"{user}-secret", database)
        except BaseException:
            self.sock.close()
            raise

    def ask(self, *commands):
        self.sock.sendall(b"".join(commands))

    def answer(self):
        """The rows of the next answer as raw payloads; [] for an OK. Raises ServerError."""
        payload = self.read()[1]
        if payload[:1] == b"\xff":
            raise wire.ServerError(payload)
        if payload[:1] == b"\0":
            return []
        rows, stage = [], 0
        while stage < 2:
            payload = self.read()[1]
            if payload[:1] == b"\xff":
                raise wire.ServerError(payload)
            if ends(payload):
                stage += 1
            elif stage == 1:
                rows.append(payload)
        return rows

    def run(self, sql):
        """How many rows `sql` gave. Raises ServerError."""
        self.ask(query(sql))
        return len(self.answer())

    def error(self, sql):
        """(code, sqlstate, text) of the ERR that answers `sql`, or None."""
        try:
            self.run(sql)
        except wire.ServerError as error:
            return error.code, error.sqlstate, error.text
        return None

    def prepare(self, sql):
        """The statement's id. Raises ServerError."""
        self.ask(packets(bytes([COM_STMT_PREPARE]) + sql.encode()))
        payload = self.read()[1]
        if payload[:1] == b"\xff":
            raise wire.ServerError(payload)
        statement, columns, parameters = struct.unpack_from("<IHH", payload, 1)
        for count in (parameters, columns):
            while count and not ends(self.read()[1]):
                pass
        return statement

    def execute(self, statement):
        """Without parameters; the number of rows. Raises ServerError."""
        self.ask(packets(struct.pack("<BIBI", COM_STMT_EXECUTE, statement, 0, 1)))
        return len(self.answer())

    def close_statement(self, statement):
        self.ask(packets(struct.pack("<BI", COM_STMT_CLOSE, statement)))

    def leave(self, how):
        """Goes away: "fin" closes, "rst" resets, "half" only says that no more will come."""
        if how == "half":
            self.sock.shutdown(socket.SHUT_WR)
            return
        if how == "rst":
            self.reset()
        self.sock.close()


# Lives.

async def login(life):
    user = life.options.get("user", "weak")
    await life.streams()
    await wire.login(life.reader, life.writer, user, f"{user}-secret", "shop")
    life.counts["in"] += 1


async def answer(life):
    """Reads one answer to its end; an ERR is raised."""
    first = (await wire.read_packet(life.reader))[1]
    if first[:1] == b"\xff":
        raise wire.ServerError(first)
    left = 0 if first[:1] == b"\0" else 2
    while left:
        payload = (await wire.read_packet(life.reader))[1]
        if payload[:1] == b"\xff":
            raise wire.ServerError(payload)
        left -= ends(payload)


def chosen(life):
    sql = life.options.get("sql", HEAVY)
    return sql if isinstance(sql, str) else random.choice(sql)


async def heavy(life):
    """One statement after the other for as long as it is let; errors are counted, not fatal."""
    await login(life)
    while True:
        life.writer.write(query(chosen(life)))
        try:
            await answer(life)
            life.counts["ran"] += 1
            life.counts[f"ran {life.source}"] += 1
        except wire.ServerError as error:
            life.counts[f"err_{error.code}"] += 1


async def orphan(life):
    """Asks, waits until it certainly runs, and goes."""
    await login(life)
    life.writer.write(query(chosen(life)))
    await life.writer.drain()
    await asyncio.sleep(0.2)
    life.counts["left"] += 1
    life.close(reset=random.random() < 0.5)


async def prepare_leak(life):
    await login(life)
    while True:
        life.writer.write(packets(bytes([COM_STMT_PREPARE]) + b"SELECT 1"))
        payload = (await wire.read_packet(life.reader))[1]
        if payload[:1] == b"\xff":
            life.counts[f"err_{wire.ServerError(payload).code}"] += 1
            await asyncio.sleep(0.05)
            continue
        life.counts["prepared"] += 1
        for _ in range(2):  # the column, its EOF
            await wire.read_packet(life.reader)


def told(life):
    """A task that ends with what the other side says next, or with its end."""
    task = asyncio.ensure_future(wire.read_packet(life.reader))
    task.add_done_callback(lambda t: t.cancelled() or t.exception())
    return task


async def long_data(life):
    """Parameters that never end: a mebibyte at a time, for a statement that is never executed."""
    await login(life)
    life.writer.write(packets(bytes([COM_STMT_PREPARE]) + b"SELECT LENGTH(?)"))
    payload = (await wire.read_packet(life.reader))[1]
    if payload[:1] == b"\xff":
        raise wire.ServerError(payload)
    for _ in range(4):  # the parameter and the column, an EOF behind each
        await wire.read_packet(life.reader)
    chunk = packets(struct.pack("<BIH", COM_STMT_LONG_DATA,
                                struct.unpack_from("<I", payload, 1)[0], 0) + bytes(1 << 20))
    closed = told(life)
    while not closed.done():
        life.writer.write(chunk)
        life.counts["mebibytes"] += 1
        await life.writer.drain()
    raise wire.ServerError((await closed)[1])


async def huge_header(life):
    """Claims a gigabyte: full packets, one behind the other, as fast as they are taken."""
    await login(life)
    piece = b"SELECT '" + bytes(0x10000 - 8)
    closed = told(life)
    for number in range(64):
        life.writer.write(b"\xff\xff\xff" + bytes([number]) + (b"\x03" if number == 0 else b"x"))
        left = LARGEST - 1
        while left and not closed.done():
            part = piece[:left]
            life.writer.write(part)
            life.counts["sent"] += len(part)
            left -= len(part)
            await life.writer.drain()
        if closed.done():
            raise wire.ServerError((await closed)[1])
    closed.cancel()


async def half_said(life):
    """Begins a statement, or the comment before one, and never comes to its end."""
    await login(life)
    life.counts["ok"] += 1
    begins = random.choice((b"\x03SELECT '", b"\x03/* "))
    life.writer.write(packets(begins + b" " * 200000)[:100000])
    ended = told(life)
    while not ended.done():
        life.writer.write(b"x" * 10)
        await life.writer.drain()
        await asyncio.sleep(0.1)
    life.counts["closed"] += 1


async def slow_reader(life):
    """Asks for gigabytes and takes only the first bytes, until the other side hangs up."""
    await login(life)
    life.writer.transport.pause_reading()
    life.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    life.writer.write(query(chosen(life)))
    await life.writer.drain()
    life.counts["asked"] += 1
    while not hung_up(life.sock):
        await asyncio.sleep(0.2)
    life.counts["closed"] += 1


def hung_up(sock):
    """Whether the other side closed or reset, with its data still unread."""
    state = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != 1  # TCP_ESTABLISHED


attackers.LIVES.update({life.__name__.replace("_", "-"): life for life in (
    heavy, orphan, prepare_leak, long_data, huge_header, half_said, slow_reader)})
