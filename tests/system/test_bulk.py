#!/usr/bin/python3
"""What a logged-in client sends and gets goes through unchanged, byte for byte, however much it is.

The same bytes go to the server and to the gate; what comes back until the server closes must have
the same length and the same SHA-256, sequence numbers and packet borders included.
"""
import hashlib
import pathlib
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "clients"))

# pylint: disable=wrong-import-position
import rawsql  # noqa: E402
from rawsql import Raw, command, execute, query  # noqa: E402
from stage import DATABASE, PASSWORD, USER, Stage, main, wire  # noqa: E402

MEBIBYTE = 1 << 20
LIVE_ID = b"1073741825"  # an id of the gate's own range
CHECK_AND_EMPTY = (query("SELECT LENGTH(body), SHA2(body, 256) FROM scratch") +
                   query("DELETE FROM scratch"))
LOAD = ("LOAD DATA LOCAL INFILE 'any name' INTO TABLE loaded CHARACTER SET binary "
        "FIELDS TERMINATED BY '' ESCAPED BY '' LINES TERMINATED BY '\\n' (line)")
LOADED = (query("SELECT COUNT(*), SUM(LENGTH(line)), "
                "SHA2(GROUP_CONCAT(SHA1(line) ORDER BY line), 256) FROM loaded") +
          query("SHOW WARNINGS") + query("DELETE FROM loaded"))


class Bulk(Stage):

    def setUp(self):
        super().setUp()
        self.load_scenario()

    def tearDown(self):
        self.all_back(self.gate)

    def same_stream(self, data, note, at_least=1, prepare=None):
        """`data` to both, with and without the newer capabilities. With `prepare` (SQL) `data` is a
        function of the statement's id."""
        def work(address):
            with Raw(address, USER, PASSWORD, DATABASE, capabilities) as client:
                script = data(client.prepare(prepare)) if prepare else data
                sent.append(len(script))
                return client.stream(script)
        sent = []
        for capabilities in (rawsql.CLASSIC, rawsql.MODERN):
            seen = self.assert_alike(work, note)
            self.assertGreaterEqual(seen["bytes"], at_least)
        self.figures(note, f"{sent[-1]} bytes up, {seen['bytes']} down, "
                     f"sha256 {seen['sha256'][:16]}")

    # Down.

    def test_result_of_100_megabytes(self):
        sql = "SELECT seq, REPEAT(MD5(seq), 32), seq * 7 FROM seq_1_to_100000"
        before = self.gate.memory()
        self.same_stream(query(sql), "100 MB result", 100_000_000)
        self.assertLess(self.gate.memory() - before, 32 * MEBIBYTE)

    def test_row_of_64_megabytes_down(self):
        self.same_stream(query("SELECT 1, REPEAT(MD5('x'), 2 * 1024 * 1024), 'tail'"), "64 MB row",
                         64 * MEBIBYTE)

    def test_rows_at_packet_borders(self):
        """Rows whose packet is exactly full need an empty one behind; sequences run on."""
        data = b"".join(query(f"SELECT REPEAT('b', {0xFFFFFF - 4 + delta})")
                        for delta in (-2, -1, 0, 1, 2))
        self.same_stream(data, "rows around 16 MB", 5 * 0xFFFFF0)

    def test_many_rows_wrap_the_sequence(self):
        self.same_stream(query("SELECT seq FROM seq_1_to_5000"), "5000 rows", 5000 * 5)

    def test_slow_reader(self):
        """A client that pauses holds the server back, and costs the gate no memory."""
        def work(address):
            with Raw(address, USER, PASSWORD, DATABASE) as client:
                client.ask(query("SELECT REPEAT(MD5(seq), 3200) FROM seq_1_to_1000"),
                           command(rawsql.COM_QUIT))
                time.sleep(1.5)
                grown.append(self.gate.memory())
                return client.until_closed()
        grown = [self.gate.memory()]
        self.assertGreater(self.assert_alike(work, "slow reader")["bytes"], 100_000_000)
        self.assertLess(max(grown) - grown[0], 16 * MEBIBYTE)

    # Up.

    def test_row_of_64_megabytes_up(self):
        body = hashlib.sha256(b"x").hexdigest().encode() * MEBIBYTE
        data = (query(b"INSERT INTO scratch (id, body) VALUES (1, '" + body + b"')") +
                CHECK_AND_EMPTY)
        self.same_stream(data, "64 MB statement")

    def test_statements_at_packet_borders(self):
        data = b""
        for delta in (-1, 0, 1):
            text = b"SELECT LENGTH('"
            data += query(text + b"u" * (0xFFFFFF - 1 - len(text) - 2 + delta) + b"')")
        self.same_stream(data, "statements around 16 MB", 3 * 20)

    def test_parameter_of_64_megabytes(self):
        body = bytes(range(256)) * (MEBIBYTE // 4)
        self.same_stream(
            lambda statement: execute(statement, types=b"\x03\x00\xfb\x00", nulls=b"\0",
                                      values=struct.pack("<I", 4) + rawsql.lenenc(body)) +
            CHECK_AND_EMPTY,
            "64 MB parameter", prepare="INSERT INTO scratch (id, body) VALUES (?, ?)")

    def test_long_data(self):
        """COM_STMT_SEND_LONG_DATA has no answer, whatever its payload looks like."""
        pieces = [bytes([i % 256]) * 50000 + b"KILL " + LIVE_ID for i in range(300)]

        def script(statement):
            which = struct.pack("<I", statement)
            data = b"".join(command(rawsql.COM_STMT_SEND_LONG_DATA, which + b"\0\0" + piece)
                            for piece in pieces + [b"\x11" * 0x1000001])
            return (data + execute(statement, types=b"\xfb\x00", nulls=b"\0") +
                    command(rawsql.COM_STMT_RESET, which) +
                    CHECK_AND_EMPTY + command(rawsql.COM_STMT_CLOSE, which) + query("SELECT 1"))
        self.same_stream(script, "long data",
                         prepare="INSERT INTO scratch (id, body) VALUES (9, ?)")

    # LOAD DATA LOCAL: the client's packets are data, not commands.

    def load(self, address, chunks, capabilities=rawsql.CLASSIC):
        """Sends `chunks` as the file; the OK, and what the table then holds."""
        with Raw(address, USER, PASSWORD, DATABASE, capabilities) as client:
            client.ask(query(LOAD))
            sequence, wanted = client.read()
            self.assertEqual(wanted, b"\xfbany name")
            data = bytearray()
            for chunk in [*chunks, b""]:
                for start in range(0, len(chunk) + 1, rawsql.LARGEST):
                    sequence += 1
                    data += wire.packet(sequence, chunk[start:start + rawsql.LARGEST])
            return client.stream(bytes(data) + LOADED)

    def same_load(self, chunks, note):
        for capabilities in (rawsql.CLASSIC, rawsql.MODERN):
            seen = self.assert_alike(lambda address: self.load(address, chunks, capabilities), note)
            self.assertGreater(seen["bytes"], 60)
        self.figures(note, f"{len(chunks)} data packets, {sum(map(len, chunks))} bytes, "
                     f"sha256 {seen['sha256'][:16]}")

    def test_load_wraps_and_looks_like_commands(self):
        """700 packets, so the sequence passes 0 twice; each begins like a command."""
        heads = [b"\x11carol\0\0stock\0", b"\x0c" + struct.pack("<I", 0x40000001), b"\x01",
                 b"\x03KILL " + LIVE_ID, b"KILL QUERY " + LIVE_ID,
                 b"\x03KILL QUERY " + LIVE_ID + b";",
                 b"\x1f", b"\xff\x01\x04#HY000no", b"\x00\x00\x00\x02\x00", b"\xfe\x00\x00\x02\x00",
                 b"\x16SELECT 1", b"\x17\x01\x00\x00\x00", b"\xfbname", b"\x02mysql",
                 b"\x1b\x00\x00"]
        chunks = [heads[i % len(heads)] + b" line %d" % i + b"z" * (i % 900) + b"\n"
                  for i in range(700)]
        self.same_load(chunks, "LOAD DATA LOCAL, tricky")

    def test_load_of_nothing_and_of_much(self):
        self.same_load([], "LOAD DATA LOCAL, empty")
        self.same_load([b"\x11" * 0xFFFFFE + b"\n", b"\x03KILL 1\n"],
                       "LOAD DATA LOCAL, full packet")
        self.same_load([b"\x0c" * 0x1000004 + b"\n"], "LOAD DATA LOCAL, beyond a packet")
        self.same_load([(b"%07d" % i) * 4000 + b"\n" for i in range(1500)],
                       "LOAD DATA LOCAL, 42 MB")

    def test_load_in_a_multi_statement(self):
        def work(address):
            with Raw(address, USER, PASSWORD, DATABASE) as client:
                client.ask(query(f"SELECT 1; {LOAD}; SELECT 2"))
                while (packet := client.read())[1][:1] != b"\xfb":
                    pass
                data = b"".join(wire.packet(packet[0] + 1 + i, line)
                                for i, line in enumerate([b"\x03KILL 1\n", b"\x11\n", b""]))
                return client.stream(data + LOADED)
        self.assert_alike(work, "LOAD DATA LOCAL among others")

    def test_load_refused(self):
        """The server says no: what follows is a command again."""
        data = (query("LOAD DATA LOCAL INFILE 'f' INTO TABLE no_such_table") +
                query("SELECT 'still here'"))
        self.same_stream(data, "LOAD DATA LOCAL refused")

    # Statements and cursors.

    def test_multi_statements(self):
        many = "; ".join(f"SELECT {i}, REPEAT('{i}', {i * 50})" for i in range(300))
        self.same_stream(query(many) + query("SELECT 1; SELEC 2; SELECT 3") +
                         query("CALL two_results()") + query("DO 0; DO 1; SELECT 5"),
                         "multi statements", 1000)

    def test_cursor(self):
        def script(statement):
            which, data = struct.pack("<I", statement), execute(statement, flags=1)
            for count in (1, 7, 1000, 0, 2500):
                data += command(rawsql.COM_STMT_FETCH, which + struct.pack("<I", count))
            data += command(rawsql.COM_STMT_RESET, which)
            data += command(rawsql.COM_STMT_CLOSE, which)
            return (data + command(rawsql.COM_STMT_FETCH, struct.pack("<II", 7654321, 5)) +
                    query("SELECT 'after'"))
        self.same_stream(script, "cursor", 3000 * 200,
                         "SELECT seq, REPEAT('c', 200) FROM seq_1_to_3000")

    def test_pipelined(self):
        """2600 commands in one go, those without an answer among them."""
        one = (command(rawsql.COM_PING) + query("SELECT 1") + query("SELEC 1") +
               command(rawsql.COM_INIT_DB, "stock2") + query("SELECT DATABASE()") +
               command(rawsql.COM_INIT_DB, "nowhere2") + command(rawsql.COM_INIT_DB, "stock") +
               command(rawsql.COM_FIELD_LIST, b"items\0%") +
               command(rawsql.COM_FIELD_LIST, b"nothing\0") +
               command(rawsql.COM_SET_OPTION, b"\1\0") + query("SELECT 1; SELECT 2") +
               command(rawsql.COM_SET_OPTION, b"\0\0") + query("SELECT 1; SELECT 2") +
               query("SET @v = 5") + query("SELECT @v") + command(rawsql.COM_RESET_CONNECTION) +
               query("SELECT @v") + command(rawsql.COM_STMT_PREPARE, "SELECT ?") +
               execute(rawsql.LAST_PREPARED, types=b"\xfd\x00", nulls=b"\0", values=b"\x03abc") +
               command(rawsql.COM_STMT_CLOSE, struct.pack("<I", rawsql.LAST_PREPARED)) +
               command(rawsql.COM_STMT_EXECUTE, b"") + command(0x50, b"what") +
               command(rawsql.COM_DEBUG) +
               query("") + query("   ") + query("-- nothing"))
        for capabilities in (rawsql.CLASSIC, rawsql.MODERN):
            def work(address):
                with Raw(address, USER, PASSWORD, DATABASE, capabilities) as client:
                    return client.stream(one * 100, read=client.same_ids)
            self.assertGreater(self.assert_alike(work, "pipelined")["bytes"], 10000)

    def test_one_byte_at_a_time(self):
        """Splits at every border of header and payload."""
        data = (query("SELECT 'drip'") + command(rawsql.COM_STMT_PREPARE, "SELECT 1") +
                execute(rawsql.LAST_PREPARED) +
                command(rawsql.COM_PING) + query("KILL QUERY 4000000") + command(rawsql.COM_QUIT))

        def work(address):
            with Raw(address, USER, PASSWORD, DATABASE) as client:
                client.sock.setsockopt(6, 1, 1)
                feeder = threading.Thread(
                    target=lambda: [client.sock.send(data[i:i + 1]) for i in range(len(data))])
                feeder.start()
                seen = client.same_ids()
                feeder.join()
                return seen
        self.assert_alike(work, "one byte at a time")

    def test_compression_asked_for_but_not_offered(self):
        """A client that sets the flag although the greeting does not has to be served in plain."""
        def work(address):
            asked = rawsql.CLASSIC | (rawsql.COMPRESS if address == self.gate.address else 0)
            with Raw(address, USER, PASSWORD, DATABASE, asked) as client:
                return client.stream(query("SELECT REPEAT('z', 3000000)") + query("SELECT 2"))
        self.assertGreater(self.assert_alike(work, "compression")["bytes"], 3_000_000)


if __name__ == "__main__":
    main()
