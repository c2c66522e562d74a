"""Clients that bring sessions into every state there is and stay in it, each from an address of its
own: for tests that compare what the gate says of a session with what the server does.

A step is a method that IDLE or BUSY names. It leaves the client idle, or running something
(`busy`) that only finish() ends. LAST are the ways to leave.
"""
import struct

import scenario
import wire
from session_script import (COM_FIELD_LIST, COM_INIT_DB, COM_KILL, COM_PING, COM_SET_OPTION,
                            COM_STATISTICS, COM_STMT_FETCH, COM_STMT_RESET, LOCAL_FILES,
                            PS_MULTI_RESULTS, command)
from statements import (COM_STMT_EXECUTE, COM_STMT_LONG_DATA, COM_STMT_PREPARE,
                        MULTI_STATEMENTS, Asker, ends, query)

CAPABILITIES = wire.CAPABILITIES | LOCAL_FILES | MULTI_STATEMENTS | PS_MULTI_RESULTS
# Of what the server logs beside the command it came in: begins a further statement of one, and is
# in those of a routine.
MORE, INNER = "/*more*/", "/*inner*/"
LOCK = "same_sessions"
SCHEMA = ("CREATE TABLE shop.steps (id INT PRIMARY KEY, owner VARCHAR(20), body LONGBLOB)",
          "INSERT INTO shop.steps VALUES (0, '', '')",
          f"CREATE PROCEDURE shop.sits() BEGIN {INNER} START TRANSACTION {INNER};"
          f" SELECT id INTO @one FROM items WHERE id = 5 {INNER};"
          f" SIGNAL SQLSTATE '45000' {INNER}; END",
          f"CREATE PROCEDURE shop.two() BEGIN SELECT 1 {INNER}; SELECT 2 {INNER}; END")
MORE_RESULTS = 8


class Sitter(Asker):
    """`number` makes its address and its rows; `admin` is a PrivateMariadb, to end what it runs."""

    # pylint: disable=super-init-not-called
    def __init__(self, address, number, admin, user="weak", tls=False, database="shop"):
        self.source, self.number, self.admin = f"127.0.60.{number}", number, admin
        wire.Blocking.__init__(self, address, self.source, 30, tls)
        self.user, self.database, self.busy, self.gone = user, database, False, False
        self.owed, self.open, self.file = 0, [], False
        self.greeted = self.greeting()
        answer = wire.scramble(f"{user}-secret", self.greeted.salt)
        self.send(1, wire.login_payload(user, answer, database, CAPABILITIES))
        self.auth(f"{user}-secret")
        self.id = int(self.query_value("SELECT CONNECTION_ID()"))

    # Answers.

    def first(self, *commands):
        """The first packet of the answer to the last of `commands`; of which one packet is all."""
        self.ask(*commands)
        return self.read()[1]

    def results(self):
        """Reads all results of one command; the error's code, or None."""
        while True:
            payload = self.read()[1]
            if payload[:1] == b"\xff":
                return wire.ServerError(payload).code
            if payload[:1] == b"\0":
                status = self._status_of_ok(payload)
            else:
                seen = 0
                while seen < 2:
                    payload = self.read()[1]
                    if payload[:1] == b"\xff":
                        return wire.ServerError(payload).code
                    seen += ends(payload)
                status = struct.unpack_from("<H", payload, 3)[0]
            if not status & MORE_RESULTS:
                return None

    @staticmethod
    def _status_of_ok(payload):
        at = 1
        for _ in range(2):
            at += {0xfc: 3, 0xfd: 4, 0xfe: 9}.get(payload[at], 1)
        return struct.unpack_from("<H", payload, at)[0]

    def says(self, *texts):
        """Each as a query, read to its end."""
        for text in texts:
            self.ask(query(text))
            self.results()

    def hangs(self, *commands, owed=1):
        self.ask(*commands)
        self.busy, self.owed = True, owed

    def finish(self):
        """Ends what it runs; afterwards it is idle."""
        if self.file:
            self.send(3, b"")
            self.file = False
        elif self.busy:
            self.admin.query(f"KILL QUERY {self.id}")
        for _ in range(self.owed):
            self.results()
        self.busy, self.owed = False, 0

    def statement(self, sql):
        number = self.prepare(sql)
        self.open.append(number)
        return number

    # Steps after which it is idle.

    def select(self):
        self.says("SELECT 1")

    def several(self):
        self.says(f"SELECT 1; {MORE} DO 0; {MORE} SELECT 2")

    def several_and_an_error(self):
        self.says(f"SELECT 1; {MORE} SELECT nosuch")

    def procedure(self):
        self.says("CALL two()")

    def empty(self):
        self.says("")

    def begin(self):
        self.says("BEGIN")

    def begin_read_only(self):
        self.says("START TRANSACTION READ ONLY")

    def write_in_transaction(self):
        self.says("BEGIN", f"REPLACE INTO steps VALUES ({self.number}, 'w', '')")

    def commit(self):
        self.says("COMMIT")

    def rollback(self):
        self.says("ROLLBACK")

    def chained(self):
        self.says("BEGIN", "COMMIT AND CHAIN")

    def no_autocommit(self):
        self.says("SET autocommit = 0")

    def autocommit(self):
        self.says("SET autocommit = 1")

    def error(self):
        self.says("SELECT nosuch")

    def error_in_table(self):
        self.says("SELECT nosuch FROM items")

    def duplicate(self):
        self.says("INSERT INTO items VALUES (1, '', 1)")

    def begin_and_error(self):
        self.says(f"BEGIN; {MORE} SELECT nosuch")

    def commit_and_error(self):
        self.says(f"COMMIT; {MORE} SELECT nosuch")

    def committed_by_ddl_that_fails(self):
        self.says("BEGIN", "CREATE TABLE items (id INT)")

    def procedure_that_sits(self):
        self.says("ROLLBACK", "CALL sits()")

    def autocommit_off_by_an_error(self):
        self.says("SET autocommit = 0, @a = (SELECT 1 UNION SELECT 2)")
        self.duplicate()

    def first_one_fails(self):
        self.says("ROLLBACK", "SET autocommit = 0")
        self.duplicate()

    def use(self):
        self.says("USE information_schema", "USE shop")

    def init_db(self):
        self.first(command(COM_INIT_DB, b"information_schema"))
        self.first(command(COM_INIT_DB, b"shop"))

    def init_db_that_fails(self):
        self.first(command(COM_INIT_DB, b"nowhere"))

    def change_user(self):
        self.user = "many" if self.user == "weak" else "weak"
        self.ask(command(wire.COM_CHANGE_USER,
                         wire.change_user_payload(self.user, b"", self.database)[1:]))
        self.auth(f"{self.user}-secret")
        self.open = []

    def change_user_within_transaction(self):
        self.write_in_transaction()
        self.change_user()

    def reset(self):
        self.first(command(wire.COM_RESET))
        self.open = []

    def reset_within_transaction(self):
        self.write_in_transaction()
        self.reset()

    def ping(self):
        self.first(command(COM_PING))

    def statistics(self):
        self.first(command(COM_STATISTICS))

    def set_option(self):
        self.first(command(COM_SET_OPTION, b"\0\0"))

    def no_command(self):
        self.first(command(0x1d, b"?"))

    def field_list(self):
        self.ask(command(COM_FIELD_LIST, b"items\0%"))
        while not ends(self.read()[1]):
            pass

    def prepared(self):
        number = self.statement("SELECT name FROM items WHERE id = 1")
        self.ask(command(COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1)))
        self.results()

    def prepared_write(self):
        self.statement("UPDATE items SET stock = stock WHERE id = -1")

    def prepare_that_fails(self):
        self.first(command(COM_STMT_PREPARE, b"SELEC ?"))

    def prepare_that_finds_no_column(self):
        self.first(command(COM_STMT_PREPARE, b"SELECT nosuch FROM items"))

    def execute_that_fails(self):
        number = self.statement("INSERT INTO items VALUES (1, '', 1)")
        self.ask(command(COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1)))
        self.results()

    def execute_of_nothing(self):
        self.first(command(COM_STMT_EXECUTE, struct.pack("<IBI", 4711, 0, 1)))

    def cursor(self):
        number = self.statement("SELECT id FROM items ORDER BY id")
        self.ask(command(COM_STMT_EXECUTE, struct.pack("<IBI", number, 1, 1)))
        for _ in range(2):  # the count, the column; then the EOF
            self.read()
        self.read()
        self.ask(command(COM_STMT_FETCH, struct.pack("<II", number, 7)))
        while not ends(self.read()[1]):
            pass

    def long_data(self):
        number = self.statement(f"REPLACE INTO steps VALUES ({self.number}, 'l', ?)")
        for piece in (b"abc" * 1000, b"d" * 100000):
            self.ask(command(COM_STMT_LONG_DATA, struct.pack("<IH", number, 0) + piece))

    def long_data_run(self):
        self.long_data()
        self.ask(command(COM_STMT_EXECUTE, struct.pack("<IBIBBH", self.open[-1], 0, 1, 0, 1, 252)))
        self.results()

    def reset_statement(self):
        if self.open:
            self.first(command(COM_STMT_RESET, struct.pack("<I", self.open[-1])))

    def close(self):
        if self.open:
            self.close_statement(self.open.pop())

    def pipelined(self):
        texts = ["SELECT 1", "BEGIN", "SELEC", "SELECT name FROM items", "COMMIT", "DO 0"] * 8
        self.ask(b"".join(map(query, texts)))
        for _ in texts:
            self.results()

    def load(self):
        self.load_begun()
        self.finish()

    # Steps after which it runs something.

    def sleep(self):
        self.hangs(query("SELECT SLEEP(600)"))

    def wait_for_lock(self):
        self.hangs(query(f"SELECT GET_LOCK('{LOCK}', 600)"))

    def sleep_in_transaction(self):
        self.write_in_transaction()
        self.sleep()

    def amid_several(self):
        self.hangs(query(f"BEGIN; {MORE} SELECT SLEEP(600); {MORE} SELECT 3"))

    def sleep_prepared(self):
        number = self.statement("SELECT SLEEP(600)")
        self.hangs(command(COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1)))

    def sleep_before_others(self):
        self.hangs(*map(query, ("SELECT SLEEP(600)", "BEGIN", "SELECT 2")), owed=3)

    def load_begun(self):
        """Some of the file is sent; the server waits for the rest."""
        self.ask(query("LOAD DATA LOCAL INFILE 'any' REPLACE INTO TABLE steps (id, owner)"))
        sequence, payload = self.read()
        if payload[:1] == b"\xff":
            return  # within a transaction that only reads
        self.send(sequence + 1, b"%d\tw\n" % (1000 + self.number))
        self.busy, self.file, self.owed = True, True, 1

    # The last ones.

    def quit(self):
        self.ask(command(wire.COM_QUIT))
        self.gone = True

    def fin(self):
        self.leave("fin")
        self.gone = True

    def rst(self):
        self.leave("rst")
        self.gone = True

    def gone_while_it_runs(self):
        """Not before the server has logged it: the gate would end the session first."""
        self.sleep()
        sleeps = f"SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = {self.id}"
        assert scenario.wait_for(
            lambda: self.admin.query(f"{sleeps} AND STATE = 'User sleep'"), 15)
        self.fin()

    def kill_itself(self):
        self.ask(command(COM_KILL, struct.pack("<I", self.greeted.connection_id)))
        self.gone = True

    def killed_at_the_server(self):
        self.admin.query(f"KILL {self.id}")
        self.gone = True


def _between(first, last):
    names = [name for name in vars(Sitter) if not name.startswith("_")]
    return names[names.index(first):names.index(last) + 1]


IDLE = _between("select", "load")
BUSY = _between("sleep", "load_begun")
LAST = _between("quit", "killed_at_the_server")
