#!/usr/bin/python3
"""What the gate says of each session is what the server says of it: who it is, whether it runs
something, whether it is in a transaction; and each command that the server logged is one that the
gate was asked about, in the same order.

Sessions are joined by the client's address, which the server is told by PROXY v2. What the gate
does not follow, by design, is stated in Differences.
"""
import collections
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from encrypted import Encrypted
from gate import binary
from private_mariadb import MONITOR
from session_states import BUSY, IDLE, INNER, LAST, LOCK, MORE, SCHEMA, Sitter
from statements import query
import wire

TRACE_EVENTS = os.environ.get("HEADGATE_TRACE_EVENTS") or str(
    pathlib.Path(binary()).parents[1] / "tests" / "guard" / "trace_events")
# A transaction counts when somebody began it, or autocommit is off: not a statement's own.
AT_SERVER = (
    "SELECT SUBSTRING_INDEX(P.HOST, ':', 1), P.ID, P.USER, P.COMMAND, P.DB, IF(P.COMMAND = 'Sleep',"
    " EXISTS(SELECT * FROM performance_schema.events_transactions_current T"
    "  WHERE T.THREAD_ID = H.THREAD_ID AND T.STATE = 'ACTIVE' AND T.AUTOCOMMIT = 'NO'), NULL)"
    " FROM information_schema.PROCESSLIST P"
    " LEFT JOIN performance_schema.threads H ON H.PROCESSLIST_ID = P.ID"
    f" WHERE P.HOST LIKE '127.0.60.%%' AND P.USER <> '{MONITOR}'")
# What the general log calls a command, and what the gate does. Of others the log does not tell.
WORDS = {"Query": "query", "Prepare": "prepare", "Execute": "execute", "Long Data": "long_data",
         "Close stmt": "close_statement", "Reset stmt": "reset_statement",
         "Init DB": "init_db", "Field List": "field_list", "Statistics": "statistics",
         "Quit": "quit", "Connect": "ok", "Change user": "change"}
COMMANDS = {*WORDS.values(), "fetch", "ping", "set_option", "reset_connection", "process_kill",
            "other"} - {"ok"}
UNANSWERED = {"quit", "close_statement", "long_data"}
NO_STATEMENT = 1243
NO_LIMITS = {"name": "all", "sources": ["127.0.60.0/24"], "users": ["weak", "many"], "reserve": 150,
             "query": {"deadline": "off", "running": "off", "idle_in_transaction": "1h"}}
WALKERS, ROUNDS = 20, 12


class Sessions(scenario.Scenario):
    max_connections = 200
    db_options = (*scenario.Scenario.db_options, "--performance-schema=ON", "--log-output=TABLE",
                  "--performance-schema-instrument=transaction=ON",
                  "--performance-schema-consumer-events-transactions-current=ON")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for sql in SCHEMA:
            cls.db.query(sql)
        cls.db.query("SELECT GET_LOCK(%s, 0)", LOCK)  # so that nobody gets it

    def setUp(self):
        self.db.query("SET GLOBAL general_log = 0")
        self.db.query("TRUNCATE mysql.general_log")
        self.db.query("SET GLOBAL general_log = 1")
        self.sitters, self.made = [], {}
        self.gate = self.start_gate(self.config(monitor={}, **{"class": [NO_LIMITS]}))
        status, _, err = self.gate.cli("record", "same.trace")
        self.assertEqual(status, 0, err)
        self.compared = 0

    def sit(self, number, **options):
        sitter = Sitter(self.gate.address, number, self.db, **options)
        self.addCleanup(lambda: sitter.sock.close())
        self.sitters.append(sitter)
        self.made[sitter.source] = sitter
        return sitter

    # At one moment.

    def of_gate(self):
        """{address: (user, runs something, in a transaction)}"""
        status, out, err = self.gate.cli("sessions", "--json", "--limit", "1000")
        self.assertEqual(status, 0, err)
        rows = json.loads(out)["sessions"]
        self.assertEqual(len(rows), len({row["peer"] for row in rows}), rows)
        return {row["peer"]: (row["user"], row["state"] == "in" and row["busy"],
                              None if row["busy"] else row["in_transaction"]) for row in rows}

    def of_server(self):
        rows = self.db.query(AT_SERVER)
        self.assertEqual(len(rows), len({row[0] for row in rows}), rows)
        return {peer: (user, command != "Sleep", None if sits is None else bool(sits))
                for peer, _, user, command, _, sits in rows}

    def expected(self):
        return {s.source: (s.user, s.busy) for s in self.sitters if not s.gone}

    def same(self, about):
        """Once the server is where the clients have brought it, the gate says the same."""
        wanted = self.expected()
        there = scenario.wait_for(
            lambda: {peer: row[:2] for peer, row in self.of_server().items()} == wanted, 15)
        if not there:
            others = {peer: row[:2] for peer, row in self.of_server().items()}.items()
            self.fail(f"{about}: the server has {others - wanted.items()}, "
                      f"not {wanted.items() - others}")
        if not scenario.wait_for(lambda: self.of_gate() == self.of_server(), 5):
            gate, server = self.of_gate(), self.of_server()
            self.ask_about_transactions(gate, server)
            wrong = [(peer, "gate", gate.get(peer), "server", server.get(peer))
                     for peer in sorted({*gate, *server}) if gate.get(peer) != server.get(peer)]
            self.assertEqual(wrong, [], about)
        self.compared += len(wanted)

    def ask_about_transactions(self, gate, server):
        """The performance schema loses sight of one when a routine is called in it. The session
        itself knows, and is only asked now: its answer tells the gate as well."""
        for sitter in self.sitters:
            seen = server.get(sitter.source)
            if not sitter.busy and seen != gate.get(sitter.source) and seen is not None:
                sits = sitter.query_value("SELECT @@in_transaction") == "1"
                server[sitter.source] = (*seen[:2], sits)

    # At the end.

    def logged(self):
        """{server's connection id: its commands as the gate calls them}"""
        out = collections.defaultdict(list)
        for number, kind, text in self.db.query(
                "SELECT thread_id, command_type, argument FROM mysql.general_log"):
            text = text.decode("utf8", "replace") if isinstance(text, bytes) else text
            if kind in WORDS and INNER not in text and not text.lstrip(" ;").startswith(MORE):
                out[number].append(WORDS[kind])
        return out

    def counted(self):
        """{address: the commands that the gate was asked about, in order}, but for those that the
        log does not tell of: what could not be prepared, and what runs no statement."""
        self.assertEqual(self.gate.cli("record", "--stop")[0], 0)
        done = subprocess.run([TRACE_EVENTS, str(self.gate.run_folder / "same.trace")],
                              capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(done.stderr, "")
        peers, kinds, owed = {}, collections.defaultdict(list), collections.defaultdict(list)
        for line in done.stdout.splitlines():
            number, word = line.split("\t")
            kind, _, rest = word.partition(":")
            if kind == "accepted":
                peers[number] = rest
            elif kind in ("answer", "error"):
                self.take_answer(kinds[number], owed[number].pop(0), kind == "error" and int(rest))
            elif kind != "ok" or "ok" not in kinds[number]:  # of a change-user: it has its own word
                kinds[number].append(kind)
                if kind in COMMANDS - UNANSWERED:
                    owed[number].append(len(kinds[number]) - 1)
        return {peers[number]: [kind for kind in those if kind in WORDS.values()]
                for number, those in kinds.items()}

    @staticmethod
    def take_answer(kinds, at, error):
        if error and (kinds[at] == "prepare" or error == NO_STATEMENT):
            kinds[at] = "failed"

    def same_commands(self):
        logged, counted = self.logged(), self.counted()
        for peer, sitter in self.made.items():
            with self.subTest(peer):
                self.assertEqual(counted[peer], logged[sitter.id])
        return sum(map(len, counted.values()))

    def leave(self):
        for sitter in self.sitters:
            if not sitter.gone:
                sitter.finish()
                sitter.quit()
        self.same("all have left")
        self.all_back(self.gate)


class SameSessions(Sessions):

    def test_each_state(self):
        """All states at one time, and each way out of them."""
        for number, step in enumerate(IDLE + BUSY + LAST, 1):
            getattr(self.sit(number), step)()
        self.same("all at once")
        self.leave()
        self.figures("each", f"{self.compared} compared, {self.same_commands()} commands")

    def test_walk(self):
        """Sessions that each go their own way, in an order that the seed makes."""
        seed = int(os.environ.get("HEADGATE_SEED") or 11)
        print(f"HEADGATE_SEED={seed}", flush=True)
        dice = random.Random(seed)
        for number in range(1, WALKERS + 1):
            self.sit(number, user=dice.choice(("weak", "many")))
        said = collections.defaultdict(list)
        for round_number in range(ROUNDS):
            for sitter in list(self.sitters):
                self.walk(sitter, dice, said)
            self.same(f"seed {seed}, round {round_number}, {dict(said)}")
        self.leave()
        self.figures(f"seed {seed}", f"{self.compared} compared, {self.same_commands()} commands")

    def walk(self, sitter, dice, said):
        """A step of one that is there; one that has left is followed by another."""
        if sitter.gone:
            self.sitters.remove(sitter)
            sitter = self.sit(max(s.number for s in self.made.values()) + 1)
        sitter.finish()
        step = dice.choice(IDLE if dice.random() < 0.75 else BUSY if dice.random() < 0.8 else LAST)
        said[sitter.source].append(step)
        # A refusal of the server's is an answer like any other: of a write in a transaction that
        # is read only, say.
        with contextlib.suppress(wire.ServerError):
            getattr(sitter, step)()


class OverTls(Encrypted, SameSessions):
    """Every other one of them."""
    raw_by_tls = False

    def sit(self, number, **options):
        return super().sit(number, tls=self.by_tls if number % 2 else False, **options)


class Differences(Sessions):
    """What the gate does not know, by design (docs/admin.md): each is one."""

    def row(self, sitter):
        rows = json.loads(self.gate.cli("sessions", "--json")[1])["sessions"]
        return next(row for row in rows if row["peer"] == sitter.source)

    def at_server(self, sitter):
        """(command, database)"""
        return next(row[3:5] for row in self.db.query(AT_SERVER) if row[0] == sitter.source)

    def test_the_database_is_that_of_the_login(self):
        sitter = self.sit(1)
        sitter.says("USE information_schema")
        self.same("elsewhere")
        self.assertEqual(self.at_server(sitter)[1], "information_schema")
        self.assertEqual(self.row(sitter)["database"], "shop")
        sitter.database = ""
        sitter.change_user()
        self.same("no database")
        self.assertEqual((self.at_server(sitter)[1], self.row(sitter)["database"]), (None, ""))

    def test_a_command_counts_from_its_first_byte(self):
        """The server only looks at it when it is there whole."""
        sitter = self.sit(1)
        text = query(f"SELECT '{'x' * 100_000}'")
        sitter.ask(text[:70_000])
        self.assertTrue(scenario.wait_for(lambda: self.row(sitter)["busy"], 5))
        self.assertEqual(self.at_server(sitter)[0], "Sleep")
        sitter.ask(text[70_000:])
        sitter.results()
        self.same("all of it")

    def test_an_error_does_not_say_whether_a_transaction_is_open(self):
        """And is only asked after where [query] idle_in_transaction acts."""
        self.gate.write(self.config(monitor={}, query={"idle_in_transaction": "off"}, **{
            "class": [scenario.merged(NO_LIMITS, {"query": {"idle_in_transaction": "off"}})]}))
        self.assertEqual(self.gate.cli("reload")[0], 0)
        sitter = self.sit(1)
        sitter.procedure_that_sits()
        self.assertTrue(scenario.wait_for(lambda: self.of_server()[sitter.source][2], 5))
        time.sleep(0.5)
        self.assertFalse(self.row(sitter)["in_transaction"])
        sitter.select()
        self.same("the next answer tells")


if __name__ == "__main__":
    scenario.main()
