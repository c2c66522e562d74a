"""Raw commands for tests that compare answers byte for byte.

A Raw logs in as a client of its own capabilities; stream() sends any bytes, says goodbye and
returns everything that came back until the server closed. Statement ids differ from connection to
connection, also on the server itself: prepare() first, or use LAST_PREPARED and same_ids.
"""
import hashlib
import re
import struct
import threading

from stage import wire

COM_QUIT, COM_INIT_DB, COM_QUERY, COM_FIELD_LIST, COM_STATISTICS = 1, 2, 3, 4, 9
COM_PROCESS_KILL, COM_DEBUG, COM_PING = 12, 13, 14
COM_STMT_PREPARE, COM_STMT_EXECUTE, COM_STMT_SEND_LONG_DATA = 22, 23, 24
COM_STMT_CLOSE, COM_STMT_RESET, COM_SET_OPTION, COM_STMT_FETCH = 25, 26, 27, 28
COM_RESET_CONNECTION, COM_MULTI, COM_STMT_BULK_EXECUTE = 31, 0xFE, 0xFA
LAST_PREPARED = 0xFFFFFFFF

COMPRESS, LOCAL_FILES, MULTI_STATEMENTS, PS_MULTI_RESULTS = 1 << 5, 1 << 7, 1 << 16, 1 << 18
SESSION_TRACK, DEPRECATE_EOF = 1 << 23, 1 << 24
CLASSIC = wire.CAPABILITIES | LOCAL_FILES | MULTI_STATEMENTS | PS_MULTI_RESULTS
MODERN = CLASSIC | SESSION_TRACK | DEPRECATE_EOF
LARGEST = 0xFFFFFF


def packets(payload, sequence=0):
    """`payload` as packets; a full one is always followed by another, empty if need be."""
    out = []
    for start in range(0, len(payload) + 1, LARGEST):
        out.append(wire.packet(sequence, payload[start:start + LARGEST]))
        sequence += 1
    return b"".join(out)


def command(code, payload=b""):
    return packets(bytes([code]) + (payload if isinstance(payload, bytes) else payload.encode()))


def query(sql):
    return command(COM_QUERY, sql)


def execute(statement, flags=0, types=b"", values=b"", nulls=b""):
    """COM_STMT_EXECUTE; with parameters `types` are two bytes each, `nulls` their bitmap."""
    tail = nulls + b"\1" + types + values if types else b""
    return command(COM_STMT_EXECUTE, struct.pack("<IBI", statement, flags, 1) + tail)


def lenenc(data):
    size = len(data)
    if size < 251:
        return bytes([size]) + data
    if size < 1 << 16:
        return b"\xfc" + struct.pack("<H", size) + data
    if size < 1 << 24:
        return b"\xfd" + struct.pack("<I", size)[:3] + data
    return b"\xfe" + struct.pack("<Q", size) + data


class Raw(wire.Blocking):
    """A logged-in raw client."""

    def __init__(self, address, user, password, database="", capabilities=CLASSIC, source=None):
        super().__init__(address, source, timeout=120)
        self.modern = bool(capabilities & DEPRECATE_EOF)
        self.greeted = self.greeting()
        answer = wire.scramble(password, self.greeted.salt)
        self.send(1, wire.login_payload(user, answer, database, capabilities))
        self.auth(password)

    @property
    def our_id(self):
        """The connection id as this client was told it."""
        return self.greeted.connection_id

    def prepare(self, sql):
        """The statement's id; its parameters and columns are read away."""
        self.ask(command(COM_STMT_PREPARE, sql))
        statement, columns, parameters = struct.unpack_from("<IHH", self.read()[1], 1)
        for count in (parameters, columns):
            for _ in range(count + 1 if count and not self.modern else count):
                self.read()
        return statement

    def ask(self, *commands):
        self.sock.sendall(b"".join(commands))

    def chunks(self):
        """What comes until the other side closes, by FIN or by reset."""
        try:
            while chunk := self.sock.recv(1 << 18):
                yield chunk
        except ConnectionResetError:
            pass

    def until_closed(self):
        data = hashlib.sha256()
        size, head = 0, b""
        for chunk in self.chunks():
            data.update(chunk)
            size += len(chunk)
            head += chunk[:400 - len(head)]
        return {"bytes": size, "sha256": data.hexdigest(), "head": head.hex()}

    def same_ids(self):
        """until_closed() with every answer to a COM_STMT_PREPARE stripped of its id; in memory."""
        seen = b"".join(self.chunks())
        seen = re.sub(rb"(\x0c\x00\x00\x01\x00).{4}", rb"\1", seen, flags=re.DOTALL)
        return {"bytes": len(seen), "sha256": hashlib.sha256(seen).hexdigest(), "head": seen[:3000].hex()}

    def stream(self, data, goodbye=True, read=None):
        """Sends `data` while it reads; what came back until the server closed."""
        def send():
            try:
                self.sock.sendall(data)
                if goodbye:
                    self.sock.sendall(command(COM_QUIT))
            except OSError:
                pass  # the answer shows what became of it
        sender = threading.Thread(target=send)
        sender.start()
        try:
            return (read or self.until_closed)()
        finally:
            sender.join(60)

    def outcome(self):
        """The next packet as an ERR's code, sqlstate and text, or "OK", or its bytes."""
        try:
            payload = self.read()[1]
        except (EOFError, ConnectionError):
            return "closed"
        if payload[:1] == b"\xff":
            error = wire.ServerError(payload)
            return [error.code, error.sqlstate, error.text]
        return "OK" if payload[:1] == b"\0" else payload
