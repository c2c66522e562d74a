#!/usr/bin/python3
"""desync: what a client may do to have the gate take the server's answers for other answers than they
are. Procedures with cursors work as without a gate; nobody's statement runs without being asked about."""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "clients"))

# pylint: disable=wrong-import-position
import rawsql  # noqa: E402
from rawsql import Raw, command, execute, query  # noqa: E402
from stage import DATABASE, PASSWORD, USER, Stage, main, wire  # noqa: E402

REFUSED = [1148, "42000"]
PREPARED = 10
INSIDE = ("BEGIN NOT ATOMIC DECLARE v INT; DECLARE c CURSOR FOR SELECT 41; OPEN c; FETCH c INTO v; "
          "CLOSE c; SELECT v + 1; END")
SLEEPS = "BEGIN NOT ATOMIC DO SLEEP(1.5); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'slept'; END"


class Desync(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db.query(f"CREATE PROCEDURE {DATABASE}.rows_behind_a_cursor() BEGIN"
                     " DECLARE c CURSOR FOR SELECT 1; OPEN c; SELECT NULL UNION ALL"
                     " SELECT (SELECT seq FROM (SELECT 1 seq UNION SELECT 2) x); END")
        cls.db.query(f"CREATE FUNCTION {DATABASE}.opens_one() RETURNS INT DETERMINISTIC BEGIN"
                     " DECLARE v INT; DECLARE c CURSOR FOR SELECT 1; OPEN c; FETCH c INTO v; RETURN v; END")
        cls.db.query("CREATE USER expired@'%' IDENTIFIED BY 'old' PASSWORD EXPIRE")
        cls.db.query("SET GLOBAL max_prepared_stmt_count = 1000")

    def config(self, **over):
        return super().config(query={"prepared": PREPARED}, rule=[
            {"name": "sleepers", "trait": ["sleep"], "action": "refuse"}], **over)

    def client(self, address=None, user=USER, password=PASSWORD):
        raw = Raw(address or self.gate.address, user, password, DATABASE if user == USER else "")
        self.addCleanup(raw.sock.close)
        return raw

    def test_cursors_inside_routines(self):
        """Clients that take no DEPRECATE_EOF, as PyMySQL: the same bytes as without a gate."""
        statement = "SELECT opens_one(), id FROM items WHERE opens_one() = 1 ORDER BY id"
        for asked in (query(INSIDE), query(statement), query(INSIDE) + query(INSIDE) + query("SELECT 7")):
            seen = self.assert_alike(lambda address, a=asked: self.client(address).stream(a), asked[5:60])
            self.assertNotEqual(seen["bytes"], 0)

    def test_cursors_inside_prepared_statements(self):
        """Asked for a cursor or not: what the server sends for either."""
        for sql in (INSIDE, "SELECT opens_one()", "SELECT id FROM items", "SHOW TABLES"):
            for flags in (0, 1):
                def work(address, sql=sql, flags=flags):
                    raw = self.client(address)
                    return raw.stream(execute(raw.prepare(sql), flags))
                seen = self.assert_alike(work, f"{sql} {flags}")
                self.assertNotEqual(seen["bytes"], 0)

    def test_rows_are_not_the_next_answer(self):
        raw = self.client()
        raw.ask(query(SLEEPS))
        self.assertEqual(raw.outcome()[:2], REFUSED)
        raw = self.client()
        raw.ask(query("CALL rows_behind_a_cursor()") + query("SELECT nosuch"))
        for _ in range(5):  # the count, the definition, the EOF, a row, the ERR
            raw.read()
        self.assertEqual(raw.outcome()[0], 1054)
        raw.ask(query(SLEEPS))
        self.assertEqual(raw.outcome()[:2], REFUSED)

    def test_statements_closed_behind_a_load(self):
        raw = self.client()
        held = [raw.prepare("SELECT 42") for _ in range(PREPARED)]
        closes = b"".join(wire.packet(2 + i, struct.pack("<BI", rawsql.COM_STMT_CLOSE, statement))
                          for i, statement in enumerate(held))
        raw.ask(query("LOAD DATA LOCAL INFILE 'x' INTO TABLE loaded IGNORE 100000 LINES") + closes)
        self.assertEqual(raw.outcome(), "closed")
        self.assertEqual(self.gate.count("protocol_error"), 1)
        # One after the other it works.
        raw = self.client()
        raw.ask(query("LOAD DATA LOCAL INFILE 'x' INTO TABLE loaded"))
        self.assertEqual(raw.outcome(), b"\xfbx")
        raw.ask(wire.packet(2, b"1\n2\n") + wire.packet(3, b""))
        self.assertEqual(raw.outcome(), "OK")

    def test_long_data_under_an_expired_password(self):
        raw = self.client(user="expired", password="old")
        raw.ask(command(rawsql.COM_STMT_SEND_LONG_DATA, struct.pack("<IH", 99, 0) + b"ab") +
                query("SET @x = 1") + query("SET @y = 2"))
        self.assertEqual(raw.outcome(), "closed")
        self.assertEqual(self.gate.count("protocol_error"), 1)


if __name__ == "__main__":
    main()
