"""A server that a test writes: it greets as MariaDB does, with TLS, and then does what it is told.

`how`: "refuses" answers the request for TLS in clear, as a server does that lost its certificate
while it ran; "stalls" says nothing to it; "holds" lets anybody in by TLS, sends a part of a long row to the first command, and
then says nothing more.
"""
import contextlib
import socket
import ssl
import struct
import threading

import wire
from private_mariadb import free_port

CAPABILITIES = 0xC1BFF7FE | 0x800
REQUEST = 36  # bytes; the first message of TLS may be right behind
DENIED = wire.packet(2, b"\xff\x15\x04#28000Access denied")
PART = 10_000_000  # bytes of the row that are sent


def greeting():
    low, high = CAPABILITIES & 0xFFFF, CAPABILITIES >> 16
    return wire.packet(0, b"\x0a5.5.5-10.11.6-MariaDB\0" + struct.pack("<I", 7) + b"abcdefgh\0" +
                       struct.pack("<HBHHB", low, 45, 2, high, 21) + bytes(6) +
                       struct.pack("<I", 0x1D) + b"abcdefghijkl\0mysql_native_password\0")


class TlsBackend:
    """`with`; each connection runs in a thread, and ends with the object at the latest."""

    def __init__(self, how, pair=None):
        self.how, self.pair = how, pair
        self.address = ("127.0.0.1", free_port())
        self.asked = 0       # for TLS
        self._open = []
        self._listener = socket.create_server(self.address)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock = self._listener.accept()[0]
                self._open.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError):
            sock.sendall(greeting())
            first = sock.recv(REQUEST)
            if first[:1] != bytes([REQUEST - 4]):  # the gate's own look
                sock.sendall(DENIED)
            elif self.how == "refuses":
                self.asked += 1
                sock.sendall(wire.packet(2, b"\xff\x13\x04#08S01Bad handshake"))
            elif self.how == "stalls":
                self.asked += 1
            else:
                self._hold(sock)
            while sock.recv(65536):
                pass
            sock.close()

    def _hold(self, sock):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        sock = context.wrap_socket(sock, server_side=True)
        self._open.append(sock)
        self.asked += 1
        sock.recv(65536)
        sock.sendall(wire.packet(3, b"\0\0\0\2\0\0\0"))
        sock.recv(65536)
        column = b"\3def\0\0\0\1x\0\x0c\x3f\0\0\0\0\0\xfd\0\0\0\0\0"
        sock.sendall(wire.packet(1, b"\1") + wire.packet(2, column) +
                     wire.packet(3, b"\xfe\0\0\2\0") + struct.pack("<I", 16_000_000)[:3] + b"\4" +
                     b"x" * PART)
