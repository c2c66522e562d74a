#!/usr/bin/python3
"""The relay that gates are measured against loses nothing: bytes both ways at once, readers that are
slow, ends one side at a time. Usage: floor_relay_test.py FLOOR_RELAY"""
import hashlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from private_mariadb import free_port

RELAY = sys.argv.pop()
SIZE = 24 << 20


def send(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def receive(sock, pause):
    """The digest of all that comes, with pauses at first: the relay's writes must fall short."""
    digest, chunks = hashlib.sha256(), 0
    while chunk := sock.recv(1 << 16):
        digest.update(chunk)
        chunks += 1
        if chunks <= 20:
            time.sleep(pause)
    return digest.hexdigest()


class Relay(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="headgate-floor-")
        self.addCleanup(self.folder.cleanup)

    def listen(self, family):
        listener = socket.socket(family)
        self.addCleanup(listener.close)
        path = f"{self.folder.name}/socket"
        listener.bind(("127.0.0.1", 0) if family == socket.AF_INET else path)
        listener.listen()
        listener.settimeout(10)
        name = listener.getsockname()
        relay = subprocess.Popen([RELAY, str(self.port),
                                  path if isinstance(name, str) else f"{name[0]}:{name[1]}", "2"])
        self.addCleanup(relay.wait)
        self.addCleanup(relay.terminate)
        return listener

    def pair(self, listener):
        for _ in range(500):
            client = socket.socket()
            if client.connect_ex(("127.0.0.1", self.port)) == 0:
                break
            client.close()
            time.sleep(0.01)
        server = listener.accept()[0]
        for sock in (client, server):
            self.addCleanup(sock.close)
            sock.settimeout(30)
        return client, server

    def both_ways(self, client, server):
        asked, answered = os.urandom(SIZE), os.urandom(SIZE)
        senders = [threading.Thread(target=send, args=pair)
                   for pair in ((client, asked), (server, answered))]
        found = {}
        readers = [threading.Thread(target=lambda s=sock, p=pause: found.update({s: receive(s, p)}))
                   for sock, pause in ((server, 0.01), (client, 0.02))]
        for thread in senders + readers:
            thread.start()
        for thread in senders + readers:
            thread.join()
        self.assertEqual(found[server], hashlib.sha256(asked).hexdigest())
        self.assertEqual(found[client], hashlib.sha256(answered).hexdigest())

    def test_tcp(self):
        self.both_ways(*self.pair(self.listen(socket.AF_INET)))

    def test_unix_socket(self):
        self.both_ways(*self.pair(self.listen(socket.AF_UNIX)))

    def test_an_answer_after_the_question_has_ended(self):
        client, server = self.pair(self.listen(socket.AF_INET))
        send(client, b"question")
        self.assertEqual(server.recv(100), b"question")
        self.assertEqual(server.recv(100), b"")
        server.sendall(b"answer")
        server.close()
        self.assertEqual(client.recv(100), b"answer")
        self.assertEqual(client.recv(100), b"")


if __name__ == "__main__":
    unittest.main(verbosity=2)
