"""Lives of attackers on a TLS listener; see attackers.py for what a life is and what it counts.

Their names in LIVES begin with "tls-". None of them verifies anything: that costs attackers time.
"""
import asyncio
import contextlib
import functools
import random
import struct

import attackers
import tls_socket
import wire

BY_TLS = wire.CAPABILITIES | wire.SSL


@functools.cache
def trusting(version=None):
    return tls_socket.context(version=version)


def hello():
    """A ClientHello, fresh."""
    return tls_socket.TlsSocket(None, trusting()).hello()


async def ask(life):
    """An SSL request behind the greeting."""
    await life.greeting()
    life.writer.write(wire.packet(1, wire.ssl_request()))


async def secure(life):
    """Through the handshake. Counts it."""
    await ask(life)
    await life.writer.start_tls(trusting(life.options.get("version")))
    life.counts["handshakes"] += 1


async def tls_ask(life):
    await ask(life)
    await life.until_closed()


async def tls_half_open(life):
    await ask(life)
    life.writer.write(hello())
    await life.until_closed()


async def drip_out(life, data, pause=0.25):
    """One byte at a time, until all is out or the other side closes; what it said is dropped."""
    for i in range(len(data)):
        life.writer.write(data[i:i + 1])
        with contextlib.suppress(asyncio.TimeoutError):
            if not await asyncio.wait_for(life.reader.read(4096), pause):
                raise EOFError


async def tls_drip(life):
    """The ClientHello: a byte in each segment, or in each record as well."""
    await ask(life)
    data = hello()
    if random.random() < 0.5:
        data = tls_socket.in_small_records(data)
    await drip_out(life, data)
    await life.until_closed()


async def tls_drip_login(life):
    """The handshake at once, then the login packet, each byte in a record of its own."""
    await secure(life)
    await drip_out(life, wire.packet(2, wire.login_payload("app", b"x" * 20, "shop", BY_TLS)))
    await life.until_closed()


async def tls_silent(life):
    """The handshake, then no login packet."""
    await secure(life)
    await life.until_closed()


async def tls_claim(life):
    await secure(life)
    user = random.choice(life.options.get("users", ["app"]))
    life.writer.write(wire.packet(2, wire.login_payload(user, b"", "shop", BY_TLS, b"other")))
    sequence, payload = await wire.read_packet(life.reader)
    if payload[:1] == b"\xff":
        raise wire.ServerError(payload)
    life.counts["switched"] += 1
    return sequence, wire.switch_salt(payload)


async def tls_stalled_login(life):
    await tls_claim(life)
    await life.until_closed()


async def tls_short_answer(life):
    """Or leaves at the switch, in order or not."""
    sequence, _ = await tls_claim(life)
    if random.random() < 0.3:
        life.close(reset=random.random() < 0.5)
        return
    life.writer.write(wire.packet(sequence + 1, b"x" * random.choice([1, 7, 19, 21])))
    raise wire.ServerError((await wire.read_packet(life.reader))[1])


async def tls_handshakes(life):
    """Handshake, close, again: what costs the other side a signature each time."""
    await secure(life)
    life.close()


def garbage(kind):
    """What follows the greeting, as one piece."""
    asked = wire.packet(1, wire.ssl_request())
    login = wire.login_payload("app", b"x" * 20, "shop")
    greeting = hello()
    return {
        "plaintext login": asked + wire.packet(2, login),
        "plaintext login, first sequence": asked + wire.packet(1, login),
        "random": asked + random.randbytes(random.randint(6, 3000)),
        "random record": asked + b"\x16\x03\x01\x02\x00" + random.randbytes(512),
        "huge record": asked + b"\x16\x03\x01\xff\xff" + random.randbytes(4000),
        "alert": asked + b"\x15\x03\x01\x00\x02\x02\x28",
        "application data": asked + b"\x17\x03\x03\x00\x20" + random.randbytes(32),
        "http": asked + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "ssl 2": asked + b"\x80\x2e\x01\x00\x02" + random.randbytes(43),
        "two requests": asked + asked,
        "request, request, hello": asked + asked + greeting,
        "login before the hello": asked + wire.packet(2, login) + greeting,
        "login behind the hello": asked + greeting + wire.packet(2, login),
        "hello twice": asked + greeting + greeting,
        "33 bytes": wire.packet(1, wire.ssl_request() + b"\0") + greeting,
        "31 bytes": wire.packet(1, wire.ssl_request()[:31]) + greeting,
        "request of another sequence": wire.packet(7, wire.ssl_request()) + greeting,
        "hello without a request": greeting,
        "old protocol asks": wire.packet(1, struct.pack("<HBBB", 0x0885, 0, 0, 1)) + greeting,
    }[kind]


GARBAGE = ("plaintext login", "plaintext login, first sequence", "random", "random record",
           "huge record", "alert", "application data", "http", "ssl 2", "two requests",
           "request, request, hello", "login before the hello", "login behind the hello",
           "hello twice", "33 bytes", "31 bytes", "request of another sequence",
           "hello without a request", "old protocol asks")


async def tls_garbage(life):
    await life.greeting()
    life.writer.write(garbage(random.choice(GARBAGE)))
    await life.until_closed()


attackers.LIVES |= {life.__name__.replace("_", "-"): life for life in (
    tls_ask, tls_half_open, tls_drip, tls_drip_login, tls_silent, tls_stalled_login,
    tls_short_answer, tls_handshakes, tls_garbage)}
