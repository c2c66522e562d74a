"""A port in front of a real server that can be told to misbehave, as broken servers do.

Modes: pass (bytes go through), closed (nothing listens), silent (accepts and says nothing),
garbage (a greeting that is none), hangs_up (greets and closes), stalls (greets, then says nothing).
A change closes what is open.
"""
import contextlib
import selectors
import socket
import threading

import wire
from private_mariadb import free_port

GARBAGE = wire.packet(0, b"\x2a" + b"this is no greeting " * 3) + b"\xff" * 50


class FaultyBackend:
    """start() or `with`; runs in a thread."""

    def __init__(self, target, mode="pass"):
        self.target, self.mode = target, mode
        self.address = ("127.0.0.1", free_port())
        self.accepted = 0       # since the last change
        self._listener = None
        self._pipes = []        # (client, server or None)
        self._greeting = b""
        self._wake, self._waker = socket.socketpair()
        self._lock = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self._greeting = self._learn()
        self.set(self.mode)
        self._thread.start()
        return self

    def stop(self):
        self._ended = True
        self._waker.send(b"x")
        self._thread.join(5)
        with self._lock:
            self._drop()
            self._unlisten()
        self._wake.close()
        self._waker.close()

    def set(self, mode):
        with self._lock:
            self._drop()
            self.mode, self.accepted = mode, 0
            if mode == "closed":
                self._unlisten()
            elif self._listener is None:
                self._listener = socket.create_server(self.address, backlog=256)
        self._waker.send(b"x")

    def _learn(self):
        """The server's greeting, as it sends it."""
        with wire.Blocking(self.target) as client:
            return wire.packet(0, client.read()[1])

    def _unlisten(self):
        if self._listener:
            self._listener.close()
            self._listener = None

    def _drop(self):
        for pair in self._pipes:
            close(pair)
        self._pipes = []

    # In its thread.

    def _run(self):
        while not self._ended:
            with selectors.DefaultSelector() as ready:
                with self._lock:
                    self._watch(ready)
                events = ready.select(5)
                with self._lock:
                    for key, _ in events:
                        self._handle(key)

    def _watch(self, ready):
        ready.register(self._wake, selectors.EVENT_READ)
        if self._listener:
            ready.register(self._listener, selectors.EVENT_READ)
        for pair in self._pipes:
            for side in pair:
                if side:
                    ready.register(side, selectors.EVENT_READ, pair)

    def _handle(self, key):
        if key.fileobj is self._wake:
            self._wake.recv(100)
        elif key.fileobj is self._listener:
            with contextlib.suppress(OSError):
                self._accept(self._listener.accept()[0])
        elif key.data in self._pipes:
            self._move(key.fileobj, key.data)

    def _accept(self, client):
        self.accepted += 1
        if self.mode == "garbage":
            client.sendall(GARBAGE)
        elif self.mode in ("hangs_up", "stalls"):
            client.sendall(self._greeting)
        if self.mode == "hangs_up":
            client.close()
            return
        server = socket.create_connection(self.target) if self.mode == "pass" else None
        self._pipes.append((client, server))

    def _move(self, source, pair):
        other = pair[1] if source is pair[0] else pair[0]
        with contextlib.suppress(OSError):
            data = source.recv(1 << 16)
            if data:
                if other:
                    other.sendall(data)
                return
        close(pair)
        self._pipes.remove(pair)


def close(pair):
    for side in pair:
        if side:
            side.close()
