"""How others fingerprint statements: MariaDB's performance_schema and pt-fingerprint. And what
sysbench and mariadb-dump really send, by a private server's general log."""
import re
import subprocess
import tempfile

import pymysql

import private_mariadb
import scenario
from private_mariadb import ADMIN_PASSWORD
from statement_corpus import Statement

HISTORY = 1000
OPTIONS = ["--performance-schema=ON", "--performance-schema-digests-size=20000",
           f"--performance-schema-events-statements-history-size={HISTORY}",
           "--performance-schema-consumer-events-statements-current=ON",
           "--performance-schema-consumer-events-statements-history=ON",
           "--max-statement-time=0.5", "--lock-wait-timeout=1", "--innodb-lock-wait-timeout=1"]
SCRIPTS = ("oltp_read_write", "oltp_point_select", "oltp_insert", "oltp_delete", "oltp_update_index",
           "oltp_update_non_index", "oltp_write_only", "select_random_points",
           "select_random_ranges", "bulk_insert")
MARK = "what is asked follows"
QUERY = re.compile(r"^(?:\d{6} [ \d:]{8}\t|\t\t|\d{4}-\S+\s+)?\s*\d+ (?:Query|Prepare|Execute)\t(.*)")


class Peer(private_mariadb.PrivateMariadb):
    """A private server whose opinion of statements can be asked."""

    def __init__(self):
        super().__init__(options=OPTIONS)

    def digests(self, statements):
        """performance_schema's (digest, text) of each, None where it could not read it.

        They are run in an empty database: all but constants end with "no such table".
        """
        self.query("CREATE DATABASE IF NOT EXISTS nothing")
        found = []
        for i in range(0, len(statements), HISTORY // 2):
            part = statements[i:i + HISTORY // 2]
            done = self._run(part)
            if len(done) != len(part):
                raise RuntimeError(f"{len(done)} of {len(part)} statements in the history")
            found += done
        return found

    def _run(self, statements):
        client = pymysql.connect(unix_socket=self.socket, user="admin", password=ADMIN_PASSWORD,
                                 database="nothing", charset="utf8mb4")
        try:
            thread = self.query("SELECT THREAD_ID FROM performance_schema.threads"
                                " WHERE PROCESSLIST_ID = %s", client.thread_id())[0][0]
            # Behind what the client said at its login, which may not be in the history yet.
            client.query(f"SELECT '{MARK}'")
            scenario.wait_for(lambda: self._marked(thread), 5)
            before = self._marked(thread)
            for statement in statements:
                try:
                    client.query(statement.sql.decode("latin1").encode("latin1"))
                except pymysql.MySQLError:
                    pass
            # The server answers a statement before it writes its history.
            scenario.wait_for(lambda: len(self._history(thread, before)) >= len(statements), 5)
            return self._history(thread, before)
        finally:
            client.close()

    def _history(self, thread, before):
        return self.query(
            "SELECT DIGEST, DIGEST_TEXT FROM performance_schema.events_statements_history"
            " WHERE THREAD_ID = %s AND EVENT_ID > %s AND (NESTING_EVENT_TYPE IS NULL OR"
            " NESTING_EVENT_TYPE <> 'STATEMENT') ORDER BY EVENT_ID", thread, before)

    def _marked(self, thread):
        found = self.query("SELECT EVENT_ID FROM performance_schema.events_statements_history"
                           " WHERE THREAD_ID = %s AND SQL_TEXT LIKE %s", thread, f"%{MARK}%")
        return found[0][0] if found else 0

    def logged(self, run):
        """What run() made clients send, each text once."""
        log = self.folder / "general.log"
        self.query(f"SET GLOBAL general_log_file = '{log}'")
        self.query("SET GLOBAL general_log = 1")
        try:
            run()
        finally:
            self.query("SET GLOBAL general_log = 0")
        found, last = {}, None
        for line in log.read_text(errors="surrogateescape").split("\n"):
            query = QUERY.match(line)
            if query:
                last = [query.group(1)]
                found[len(found)] = last
            elif last and not re.match(r"^(\d{6} |\t\t)", line):
                last.append(line)
        return list(dict.fromkeys("\n".join(lines) for lines in found.values()))

    def sysbench(self):
        def run():
            for script in SCRIPTS:
                for step in ("prepare", "run", "cleanup"):
                    subprocess.run(
                        ["sysbench", script, "--db-driver=mysql", f"--mysql-socket={self.socket}",
                         "--mysql-user=admin", f"--mysql-password={ADMIN_PASSWORD}",
                         "--mysql-db=shop", f"--tables={1 if 'select' in script else 2}", "--table-size=500", "--threads=1",
                         "--time=0", "--events=40", "--db-ps-mode=disable", step],
                        capture_output=True, check=True, timeout=60)
        return [Statement(s.encode(errors="surrogateescape"), "sysbench") for s in self.logged(run)]

    def dump(self):
        def run():
            subprocess.run(["mariadb-dump", "--no-defaults", f"--socket={self.socket}",
                            "--user=admin", f"--password={ADMIN_PASSWORD}", "--all-databases",
                            "--routines", "--events", "--flush-logs", "--lock-all-tables"],
                           capture_output=True, check=True, timeout=60)
        return [Statement(s.encode(errors="surrogateescape"), "mariadb-dump") for s in self.logged(run)]


def pt_fingerprints(statements):
    """pt-fingerprint's text of each, None where it says nothing or more than one line."""
    rule = "select rule from rule"
    with tempfile.NamedTemporaryFile("wb", suffix=".sql") as file:
        for s in statements:
            file.write(b" ".join(s.sql.split(b"\n")) + f";\n{rule};\n".encode())
        file.flush()
        done = subprocess.run(["pt-fingerprint", file.name], capture_output=True, check=True)
    found = done.stdout.decode(errors="replace").split(f"{rule}\n")[:-1]
    if len(found) != len(statements):
        raise RuntimeError(f"{len(found)} fingerprints of {len(statements)} statements")
    return [f.strip() if f.count("\n") == 1 else None for f in found]
