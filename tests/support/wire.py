"""A small MySQL handshake library for attackers and probes: packets, greetings, logins.

It exists because attackers must stop half-way, which no real client does. Only what a login
needs: protocol 4.1, mysql_native_password, one auth switch. Blocking helpers take a socket,
asyncio helpers a StreamReader.
"""
import asyncio
import hashlib
import socket
import struct

from tls_socket import TlsSocket

LONG_PASSWORD, CONNECT_WITH_DB, PROTOCOL_41, SSL = 1, 8, 0x200, 0x800
TRANSACTIONS, SECURE_CONNECTION, MULTI_RESULTS = 0x2000, 0x8000, 0x20000
PLUGIN_AUTH, CONNECT_ATTRS = 0x80000, 0x100000
CAPABILITIES = (LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | MULTI_RESULTS |
                PLUGIN_AUTH)
COM_QUIT, COM_QUERY, COM_CHANGE_USER, COM_RESET = 1, 3, 17, 31
NATIVE = b"mysql_native_password"
UTF8MB4 = 45


class ServerError(Exception):
    """An ERR packet: code, sqlstate (empty when the packet has none) and text."""

    def __init__(self, payload):
        self.code = struct.unpack_from("<H", payload, 1)[0]
        rest = payload[3:]
        self.sqlstate = rest[1:6].decode() if rest[:1] == b"#" else ""
        self.text = rest[6 if self.sqlstate else 0:].decode("utf8", "replace")
        super().__init__(f"{self.code} ({self.sqlstate}) {self.text}")


def packet(sequence, payload):
    return struct.pack("<I", len(payload))[:3] + bytes([sequence & 255]) + payload


def scramble(password, salt):
    """The answer of mysql_native_password; empty for an empty password."""
    if not password:
        return b""
    first = hashlib.sha1(password.encode()).digest()
    second = hashlib.sha1(salt[:20] + hashlib.sha1(first).digest()).digest()
    return bytes(a ^ b for a, b in zip(first, second))


class Greeting:
    """Protocol::HandshakeV10. Raises ServerError when the server greets with an ERR."""

    def __init__(self, payload):
        if payload[:1] == b"\xff":
            raise ServerError(payload)
        end = payload.index(b"\0", 1)
        self.version = payload[1:end].decode()
        self.connection_id, salt1 = struct.unpack_from("<I8s", payload, end + 1)
        low, self.charset, self.status, high, length = struct.unpack_from("<HBHHB", payload,
                                                                          end + 14)
        self.capabilities = low | high << 16
        self.salt = salt1 + payload[end + 32:end + 32 + max(13, length - 8)][:12]
        self.plugin = payload[end + 45:].split(b"\0")[0]


def login_payload(user, answer=b"", database="", capabilities=CAPABILITIES, plugin=NATIVE):
    """Protocol::HandshakeResponse41."""
    if database:
        capabilities |= CONNECT_WITH_DB
    out = struct.pack("<IIB23x", capabilities, 1 << 24, UTF8MB4)
    out += user.encode() + b"\0" + bytes([len(answer)]) + answer
    if database:
        out += database.encode() + b"\0"
    if capabilities & PLUGIN_AUTH:
        out += plugin + b"\0"
    return out


def ssl_request(capabilities=CAPABILITIES):
    return struct.pack("<IIB23x", capabilities | SSL, 1 << 24, UTF8MB4)


def change_user_payload(user, answer=b"", database=""):
    return (bytes([COM_CHANGE_USER]) + user.encode() + b"\0" + bytes([len(answer)]) + answer +
            database.encode() + b"\0" + struct.pack("<H", UTF8MB4) + NATIVE + b"\0")


def switch_salt(payload):
    """The salt of an AuthSwitchRequest."""
    plugin, _, salt = payload[1:].partition(b"\0")
    del plugin
    return salt[:20]


async def read_packet(reader):
    """(sequence, payload). Raises asyncio.IncompleteReadError at the end of the stream."""
    header = await reader.readexactly(4)
    length = header[0] | header[1] << 8 | header[2] << 16
    return header[3], await reader.readexactly(length)


async def finish_auth(reader, writer, password):
    """Answers switches until OK. Raises ServerError on ERR."""
    while True:
        sequence, payload = await read_packet(reader)
        if payload[:1] == b"\0":
            return sequence
        if payload[:1] == b"\xff":
            raise ServerError(payload)
        if payload[:1] == b"\xfe":
            answer = scramble(password, switch_salt(payload))
            writer.write(packet(sequence + 1, answer))


async def login(reader, writer, user, password, database=""):
    """The whole login of a well-behaved client."""
    greeting = Greeting((await read_packet(reader))[1])
    writer.write(packet(1, login_payload(user, scramble(password, greeting.salt), database)))
    await finish_auth(reader, writer, password)
    return greeting


class Blocking:
    """The same over a blocking socket, for tests that walk through a login step by step.

    With `tls`, an ssl.SSLContext, of the class or of one of them (False: of none), it asks for TLS
    before it sends its login packet; who uses it counts the packets as if it had not.
    """
    tls = None

    def __init__(self, address, source=None, timeout=10, tls=None):
        self.tls = self.tls if tls is None else tls
        self._ahead = 0  # packets that the SSL request moved the login's sequence by
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        try:
            if source:
                self.sock.bind((source, 0))
            self.sock.connect(address)
        except OSError:
            self.sock.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def exactly(self, count):
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(count - len(data))
            if not chunk:
                raise EOFError(f"closed after {len(data)} of {count} bytes")
            data += chunk
        return data

    def read(self):
        header = self.exactly(4)
        payload = self.exactly(header[0] | header[1] << 8 | header[2] << 16)
        return (header[3] - self._ahead) & 255, payload

    def send(self, sequence, payload):
        if sequence == 0:
            self._ahead = 0  # a command
        elif sequence == 1 and self.tls and not isinstance(self.sock, TlsSocket):
            payload = self._start_tls(payload)
        self.sock.sendall(packet(sequence + self._ahead, payload))

    def _start_tls(self, login):
        """Asks for it with what `login` begins with; the login packet to send behind it."""
        head = login[:32] if len(login) >= 32 else ssl_request()
        head = struct.pack("<I", struct.unpack_from("<I", head)[0] | SSL) + head[4:]
        self.sock.sendall(packet(1, head))
        self.sock = TlsSocket(self.sock, self.tls).handshake()
        self._ahead = 1
        return head + login[32:] if len(login) >= 32 else login

    def greeting(self):
        return Greeting(self.read()[1])

    def reset(self):
        """Closes it with an RST in place of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def auth(self, password, raw_answer=None):
        """Answers switches until OK (the OK's payload). Raises ServerError on ERR."""
        while True:
            sequence, payload = self.read()
            if payload[:1] == b"\0":
                self._ahead = 0
                return payload
            if payload[:1] == b"\xff":
                raise ServerError(payload)
            answer = scramble(password, switch_salt(payload)) if raw_answer is None else raw_answer
            self.send(sequence + 1, answer)

    def login(self, user, password, database="", raw_answer=None):
        greeting = self.greeting()
        answer = scramble(password, greeting.salt) if raw_answer is None else raw_answer
        self.send(1, login_payload(user, answer, database))
        self.auth(password, raw_answer)
        return greeting

    def query_value(self, sql):
        """The first column of the first row as text. Raises ServerError."""
        self.send(0, bytes([COM_QUERY]) + sql.encode())
        value, stage = None, "columns"
        while True:
            payload = self.read()[1]
            if payload[:1] == b"\xff":
                raise ServerError(payload)
            if payload[:1] == b"\xfe" and len(payload) < 9:
                if stage == "rows":
                    return value
                stage = "rows"
            elif stage == "rows" and value is None:
                value = payload[1:1 + payload[0]].decode()
