"""Load balancers that send PROXY headers: the header's bytes, and a private HAProxy.

Headers as in https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt.
"""
import socket
import struct

import peers
import wire

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TARGET = ("198.51.100.2", 3306)


def v1(source, port=40000, target=TARGET):
    return f"PROXY TCP4 {source} {target[0]} {port} {target[1]}\r\n".encode()


def v2(source, port=40000, target=TARGET, tlvs=b""):
    body = (socket.inet_aton(source) + socket.inet_aton(target[0]) +
            struct.pack(">HH", port, target[1]) + tlvs)
    return SIGNATURE + b"\x21\x11" + struct.pack(">H", len(body)) + body


UNKNOWN = b"PROXY UNKNOWN\r\n"
LOCAL = SIGNATURE + b"\x20\0\0\0"
HEADERS = {"v1": v1, "v2": v2}


def through(gate_address, proxy, header, timeout=10):
    """A client behind `proxy`: a wire.Blocking whose first bytes are the header."""
    client = wire.Blocking(gate_address, proxy, timeout)
    try:
        client.sock.sendall(header)
    except OSError:
        client.sock.close()
        raise
    return client


class HAProxy(peers.Peer):
    """In front of `backend`, which it reaches from the address `source`; `send` is the server
    line's word: send-proxy, send-proxy-v2, or "". With checks twice a second."""

    def __init__(self, backend, source, send):
        super().__init__("haproxy", f"""
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen mysql
  bind LISTEN
  server gate BACKEND source {source} check inter 500ms {send}
""", backend)
