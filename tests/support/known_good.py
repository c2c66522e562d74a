"""Writes the gate's state file: what it remembers of (source, user) pairs across restarts.

So a test needs no ten minutes of traffic before the gate knows its application. The file is JSON:
    {"version": 1, "saved_unix_ms": N, "keys": [K0, K1], "backend": NAME,
     "known_good": [...], "greetings": [...]}
A pair's `user` is SipHash-2-4 of the user's name under the two keys, all as 16 hexadecimal digits.
"""
import json
import os
import pathlib
import shutil
import tempfile
import time

KEYS = (0x0123456789ABCDEF, 0x0F1E2D3C4B5A6978)
MASK = (1 << 64) - 1


def rotated(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def siphash(data, keys=KEYS):
    """SipHash-2-4 (Aumasson, Bernstein) of bytes."""
    v = [keys[0] ^ 0x736F6D6570736575, keys[1] ^ 0x646F72616E646F6D,
         keys[0] ^ 0x6C7967656E657261, keys[1] ^ 0x7465646279746573]

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = rotated(v[1], 13) ^ v[0]
            v[0] = rotated(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = rotated(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = rotated(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = rotated(v[1], 17) ^ v[2]
            v[2] = rotated(v[2], 32)
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for start in range(0, len(padded), 8):
        block = int.from_bytes(padded[start:start + 8], "little")
        v[3] ^= block
        rounds(2)
        v[0] ^= block
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def hexadecimal(value):
    return f"{value:016x}"


def pair(source, user, sessions, minutes=10, good=True, allowed=None):
    """One row: `minutes` in a row, up to now, in which `sessions` were busy at once.

    `sessions` is a number, or one for each minute; at most 31: those are counted exactly."""
    each = [sessions] * minutes if isinstance(sessions, int) else list(sessions)
    peaks = [0] * (max(each) + 1)
    for busy in each:
        assert 1 <= busy <= 31, busy
        peaks[busy] += 1
    return {"source": source, "user": hexadecimal(siphash(user.encode())), "good": good,
            "minutes": len(each), "age_s": 60 * len(each), "quiet_s": 0,
            "allowed": float(sorted(each)[len(each) // 2] if allowed is None else allowed),
            "peaks": peaks}


def state(pairs, greetings=()):
    """The file's text."""
    return json.dumps({"version": 1, "saved_unix_ms": int(time.time() * 1000),
                       "keys": [hexadecimal(key) for key in KEYS], "backend": "",
                       "known_good": list(pairs), "greetings": list(greetings)})


def folder(test):
    """A folder that the gate can write to, as whom it runs; gone after `test`."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="headgate-state-", dir="/tmp"))
    test.addCleanup(shutil.rmtree, path, ignore_errors=True)
    own(path, 0o755)
    return path


def own(path, mode):
    path.chmod(mode)
    if os.geteuid() == 0:
        shutil.chown(path, "nobody")


def file(test, *pairs):
    """The path of a state file that knows `pairs`."""
    path = folder(test) / "state"
    write(path, state(pairs))
    return str(path)


def write(path, text):
    path = pathlib.Path(path)
    path.write_text(text, encoding="utf8")
    own(path, 0o600)


def read(path):
    """The parsed file, or None while there is none."""
    try:
        return json.loads(pathlib.Path(path).read_text(encoding="utf8"))
    except FileNotFoundError:
        return None
