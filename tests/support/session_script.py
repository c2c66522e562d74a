"""One long session with every kind of command, so that two runs of it can be compared byte for byte.

A run keeps the client's own record and knows its place in a Recorder's. legs() gives what was said
from after the login's OK to the close, as packets, with what differs between any two connections
replaced: the connection's ids, statement ids, the server's uptime. The authentication inside
COM_CHANGE_USER is cut out: its salts are fresh each time.
"""
import re
import struct
import time

import wire
from recorder import RecordedSocket, packets_of
from statements import (COM_STMT_CLOSE, COM_STMT_EXECUTE, COM_STMT_LONG_DATA, COM_STMT_PREPARE,
                        LARGEST, MULTI_STATEMENTS, packets, query)

COM_INIT_DB, COM_FIELD_LIST, COM_STATISTICS, COM_KILL, COM_DEBUG, COM_PING = 2, 4, 9, 12, 13, 14
COM_STMT_RESET, COM_SET_OPTION, COM_STMT_FETCH = 26, 27, 28
LOCAL_FILES, PS_MULTI_RESULTS = 1 << 7, 1 << 18
CAPABILITIES = wire.CAPABILITIES | LOCAL_FILES | MULTI_STATEMENTS | PS_MULTI_RESULTS
MARKER = b"/* scripted session */"
HAS_ID = (COM_STMT_EXECUTE, COM_STMT_LONG_DATA, COM_STMT_CLOSE, COM_STMT_RESET, COM_STMT_FETCH)
SCHEMA = ("CREATE OR REPLACE TABLE shop.script (id INT PRIMARY KEY, word VARCHAR(100),"
          " body LONGBLOB)",
          "CREATE OR REPLACE PROCEDURE shop.two_results() BEGIN SELECT 1; SELECT 'b', 3; END")


def command(code, payload=b""):
    return packets(bytes([code]) + payload)


class Script(wire.Blocking):
    def __init__(self, address, recorder):
        super().__init__(address, timeout=60)
        self.sock = RecordedSocket(self.sock)
        self.greeted = self.greeting()
        answer = wire.scramble("weak-secret", self.greeted.salt)
        self.send(1, wire.login_payload("weak", answer, "shop", CAPABILITIES))
        self.auth("weak-secret")
        self.query_value(f"SELECT 1 {MARKER.decode()}")
        self.recorded = recorder.holding(MARKER)
        self.statements, self.steps = {}, 0
        self.kept, self.begin = [], self._places()

    # Marks: where the four records stand now.

    def _records(self):
        return (self.sock.up, self.sock.down, self.recorded.up, self.recorded.down)

    def _places(self):
        return tuple(len(record) for record in self._records())

    def _keep(self):
        self.kept.append((self.begin, self._places()))

    def legs(self):
        """{"client up": packets, "client down", "server up", "server down"}"""
        names = ("client up", "client down", "server up", "server down")
        out = {}
        for i, (name, record) in enumerate(zip(names, self._records())):
            parts = [bytes(record[begin[i]:end[i]]) for begin, end in self.kept]
            tidy = self._tidy_up if "up" in name else self._tidy_down
            out[name] = [(sequence, tidy(payload)) for part in parts
                         for sequence, payload in packets_of(part)]
        return out

    def _tidy_up(self, payload):
        if payload[:1] == bytes([COM_KILL]):
            return b"KILL OWN"
        if payload and payload[0] in HAS_ID and len(payload) >= 5:
            statement = struct.unpack_from("<I", payload, 1)[0]
            if statement in self.statements:
                return payload[:1] + b"ID%d" % self.statements[statement] + payload[5:]
        return re.sub(rb"^(\x03KILL .*?)\d+", rb"\1OWN", payload)

    def _tidy_down(self, payload):
        if len(payload) == 12 and payload[:1] == b"\0":
            statement = struct.unpack_from("<I", payload, 1)[0]
            if statement in self.statements:
                return b"\0ID%d" % self.statements[statement] + payload[5:]
        if payload.startswith(b"Uptime"):
            return b"Uptime"
        return re.sub(rb"statement handler \(\d+\)", b"statement handler (ID)", payload)

    # Steps.

    def step(self, data, answered=True):
        """Sends `data`, reads everything that is answered to it, and returns the first of that."""
        self.sock.sendall(data)
        payload = self.read()[1] if answered else b""
        if data[4] == COM_STMT_PREPARE and payload[:1] == b"\0":
            statement = struct.unpack_from("<I", payload, 1)[0]
            self.statements[statement] = len(self.statements)
        self.settle()
        return payload

    def settle(self):
        """Asks for a row that marks the end of all answers so far, and reads up to it."""
        self.steps += 1
        mark = b"end of step %d" % self.steps
        self.sock.sendall(query(f"SELECT '{mark.decode()}' LIMIT 1"))
        while self.read()[1] != bytes([len(mark)]) + mark:
            pass
        self.read()  # the EOF behind the row

    def prepare(self, sql):
        """The statement's id."""
        return struct.unpack_from("<I", self.step(command(COM_STMT_PREPARE, sql.encode())), 1)[0]

    def run(self):
        """All of it, to the close."""
        self.texts()
        self.prepared()
        self.large()
        self.commands()
        self.transaction()
        self.pipelined()
        self.change_user()
        self.load_file()
        self.the_end()
        return self

    def texts(self):
        for sql in ("SELECT 1", "SELECT seq, REPEAT('r', 50) FROM seq_1_to_5000", "SELEC 1", "DO 0",
                    "SELECT 1; SELECT 'two'; DO 0; CALL two_results(); SELEC; SELECT 3",
                    "SET NAMES utf8mb4", "SELECT * FROM items, script, items x LIMIT 5",
                    "SELECT SLEEP(0.4)", "UPDATE script SET word = 'all'",
                    "SELECT name /* \x00 */ FROM items WHERE name LIKE '%1' ORDER BY RAND(1)",
                    "SELECT name AS refused FROM items WHERE id = 1", ""):
            self.step(query(sql))

    def prepared(self):
        one = self.prepare("SELECT name AS refused FROM items WHERE id = 1")
        many = self.prepare("SELECT id FROM items ORDER BY id")
        insert = self.prepare("REPLACE INTO script VALUES (7, 'long', ?)")
        self.step(command(COM_STMT_PREPARE, b"SELEC ?"))
        for _ in range(3):
            self.step(command(COM_STMT_EXECUTE, struct.pack("<IBI", one, 0, 1)))
        self.step(command(COM_STMT_EXECUTE, struct.pack("<IBI", many, 1, 1)))  # with a cursor
        for count in (10, 500, 1000):
            self.step(command(COM_STMT_FETCH, struct.pack("<II", many, count)))
        self.step(command(COM_STMT_RESET, struct.pack("<I", many)))
        for piece in (b"abc" * 1000, b"d" * 100000):
            self.step(command(COM_STMT_LONG_DATA, struct.pack("<IH", insert, 0) + piece), False)
        self.step(command(COM_STMT_EXECUTE, struct.pack("<IBIBBH", insert, 0, 1, 0, 1, 252)))
        self.step(command(COM_STMT_CLOSE, struct.pack("<I", one)), False)
        self.step(command(COM_STMT_EXECUTE, struct.pack("<IBI", one, 0, 1)))
        self.step(command(COM_STMT_PREPARE, b"SELECT 1") +
                  command(COM_STMT_EXECUTE, struct.pack("<IBI", 0xFFFFFFFF, 0, 1)) +
                  command(COM_STMT_CLOSE, struct.pack("<I", 0xFFFFFFFF)))

    def large(self):
        self.step(query(f"SELECT LENGTH('{'u' * (LARGEST + 1000)}')"))
        self.step(query(f"SELECT LENGTH('{'u' * (LARGEST - 18)}')"))  # exactly full, or about
        self.step(query(f"SELECT REPEAT('d', {LARGEST + 1000})"))

    def commands(self):
        for code, payload in ((COM_PING, b""), (COM_INIT_DB, b"shop"), (COM_INIT_DB, b"nowhere"),
                              (COM_FIELD_LIST, b"items\0%"), (COM_STATISTICS, b""),
                              (COM_DEBUG, b""), (COM_SET_OPTION, b"\1\0"), (0x1d, b"?"),
                              (COM_SET_OPTION, b"\0\0"), (wire.COM_RESET, b"")):
            self.step(command(code, payload))

    def transaction(self):
        for sql in ("BEGIN", "INSERT INTO script VALUES (1, 'one', '')", "ROLLBACK",
                    "SET autocommit = 0", "DELETE FROM script", "COMMIT", "SET autocommit = 1"):
            self.step(query(sql))
            if sql.startswith(("INSERT", "COMMIT")):
                time.sleep(2.5)  # idle, in a transaction and out of it

    def pipelined(self):
        self.step(b"".join(query(f"SELECT {i}") for i in range(200)) + command(COM_PING) +
                  query("SELEC") + query("SELECT name AS refused FROM items WHERE id = 1"))

    def change_user(self):
        self._keep()
        self.sock.sendall(command(wire.COM_CHANGE_USER, wire.change_user_payload(
            "many", b"", "shop")[1:]))
        self.auth("many-secret")
        self.begin = self._places()

    def load_file(self):
        self.sock.sendall(query("LOAD DATA LOCAL INFILE 'any' INTO TABLE script (id, word)"))
        sequence, payload = self.read()
        if payload[:1] == b"\xfb":
            for i in range(3):
                sequence += 1
                self.send(sequence, b"".join(b"%d\tw\n" % (i * 500 + j) for j in range(500)))
            self.send(sequence + 1, b"")
            self.read()
        self.settle()

    def the_end(self):
        self.step(query(f"KILL QUERY {self.greeted.connection_id}"))
        self.sock.sendall(query(f"KILL {self.greeted.connection_id}"))
        try:
            while self.sock.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        self.sock.close()
        self.recorded.wait()
        self._keep()
