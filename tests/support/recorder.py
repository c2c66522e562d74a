"""A recording relay in front of a server: every byte of every connection, by direction.

Threads of its own, one for each direction of each connection; close() ends them all. What it hands
on it has recorded before, so whoever got an answer finds it in the record.
"""
import contextlib
import socket
import threading


class Connection:
    """up: what the server was sent; down: what it answered."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.up, self.down = bytearray(), bytearray()
        self.threads = [threading.Thread(target=self._pass_on, args=args, daemon=True)
                        for args in ((client, server, self.up), (server, client, self.down))]

    def start(self):
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _pass_on(source, target, record):
        with contextlib.suppress(OSError):
            while chunk := source.recv(1 << 18):
                record += chunk
                target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def wait(self, seconds=10):
        """Until both sides have ended."""
        for thread in self.threads:
            thread.join(seconds)

    def close(self):
        for sock in (self.client, self.server):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.wait()
        self.client.close()
        self.server.close()


class Recorder:
    def __init__(self, target):
        self.target, self.connections = target, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
                self.connections.append(Connection(client, server))
                self.connections[-1].start()  # only when it can be found

    def holding(self, marker):
        """The one connection that was sent `marker`."""
        found = [c for c in self.connections if marker in c.up]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} connections hold {marker!r}")
        return found[0]

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        for connection in self.connections:
            connection.close()


class RecordedSocket:
    """A client's socket that keeps what it sent and got."""

    def __init__(self, sock):
        self.sock, self.up, self.down = sock, bytearray(), bytearray()

    def sendall(self, data):
        self.up += data
        self.sock.sendall(data)

    def recv(self, count):
        data = self.sock.recv(count)
        self.down += data
        return data

    def close(self):
        self.sock.close()


def packets_of(data):
    """[(sequence, payload)]; raises when it does not end with a packet's end."""
    out, at = [], 0
    data = bytes(data)
    while at < len(data):
        length = int.from_bytes(data[at:at + 3], "little")
        end = at + 4 + length
        if end > len(data):
            raise AssertionError(f"cut inside a packet: {data[at:at + 40]!r}")
        out.append((data[at + 3], data[at + 4:end]))
        at = end
    return out
