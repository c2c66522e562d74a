"""TLS by hand: for clients that stop half-way, and for what a session's two legs say of themselves.

A TlsSocket is a client's side of TLS over a blocking socket, by memory BIOs: one thread may read
while another writes, and the bytes on their way out can be cut and counted.
"""
import hashlib
import socket
import ssl
import struct
import threading
import warnings

CHUNK = 1 << 16
HANDSHAKE = 22  # the type of its records


def context(authority=None, version=None, pair=None, oldest=None):
    """Of a client that verifies signature and name against `authority`; without one, nothing.

    `version` is the newest it offers ("1.2"), `oldest` the oldest; `pair` is its certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        made.load_verify_locations(authority.certificate)
    else:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if pair:
        made.load_cert_chain(pair.certificate, pair.key)
    if version in ("1.0", "1.1") or oldest in ("1.0", "1.1"):
        made.set_ciphers("ALL:@SECLEVEL=0")
    if version:
        made.maximum_version = made.minimum_version = numbered(version)
    if oldest:
        made.minimum_version = numbered(oldest)
    return made


def numbered(version):
    warnings.filterwarnings("ignore", "ssl.TLSVersion", DeprecationWarning)  # 1.0 and 1.1
    return {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]


def records(data):
    """(type, version, body) of the whole TLS records that `data` consists of."""
    out = []
    while data:
        kind, version, length = struct.unpack_from(">BHH", data)
        out.append((kind, version, data[5:5 + length]))
        data = data[5 + length:]
    return out


def in_small_records(data, size=1):
    """The same records with at most `size` bytes in each; only for what is not yet encrypted."""
    return b"".join(struct.pack(">BHH", kind, version, len(body[i:i + size])) + body[i:i + size]
                    for kind, version, body in records(data) for i in range(0, len(body), size))


class TlsSocket:
    """As a socket, as far as this project's test clients use one."""

    def __init__(self, sock, with_context, hostname="127.0.0.1", session=None):
        self.raw = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = with_context.wrap_bio(
            self._in, self._out, session=session,
            server_hostname=hostname if with_context.check_hostname else None)
        self._state, self._order = threading.Lock(), threading.Lock()

    def hello(self):
        """The bytes of the ClientHello."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self._out.read()

    def handshake(self, send=None):
        """`send` puts bytes on the wire instead of the socket's sendall. Raises OSError."""
        send = send or self.raw.sendall
        while True:
            try:
                self.tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            except ssl.SSLError:
                self._send_quietly()  # the alert
                raise
            if self._out.pending:
                send(self._out.read())
            if done:
                return self
            self._fill()

    def _send_quietly(self):
        try:
            self.raw.sendall(self._out.read())
        except OSError:
            pass

    def _fill(self):
        data = self.raw.recv(CHUNK)
        with self._state:
            if data:
                self._in.write(data)
            else:
                self._in.write_eof()

    def recv(self, count):
        while True:
            with self._state:
                try:
                    return self.tls.read(count)
                except ssl.SSLWantReadError:
                    answer = self._out.read()
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return b""
            if answer:
                with self._order:
                    self.raw.sendall(answer)
            self._fill()

    def encrypted(self, data):
        """The records that carry `data`; the caller sends them."""
        with self._state:
            self.tls.write(data)
            return self._out.read()

    def sendall(self, data):
        data = memoryview(data)
        for start in range(0, len(data), CHUNK):
            with self._order:
                self.raw.sendall(self.encrypted(data[start:start + CHUNK]))

    def send(self, data):
        self.sendall(data)
        return len(data)

    def goodbye(self):
        """The record that says that nothing more comes."""
        with self._state:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass  # it wants the other side's, or has data to read before that
            return self._out.read()

    def close(self):
        self.raw.close()

    def fileno(self):
        return self.raw.fileno()

    def settimeout(self, seconds):
        self.raw.settimeout(seconds)

    def setsockopt(self, *words):
        self.raw.setsockopt(*words)

    def shutdown(self, how):
        """In order: TLS first, so that what still comes is read."""
        if how != socket.SHUT_RD:
            self.raw.sendall(self.goodbye())
        self.raw.shutdown(how)

    def version(self):
        return self.tls.version()

    def fingerprint(self):
        """SHA-256 of the other side's certificate, in hex."""
        return hashlib.sha256(self.tls.getpeercert(binary_form=True)).hexdigest()
