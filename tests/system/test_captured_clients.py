#!/usr/bin/python3
"""Real clients before a real server, captured by tcpdump: what is read out of the capture is what
the server's own log says that it was asked."""
import collections
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "clients"))

# pylint: disable=wrong-import-position
from stage import DATABASE, PASSWORD, USER, main, private_mariadb  # noqa: E402
import captured  # noqa: E402
import certificates  # noqa: E402
import scenario  # noqa: E402

PROGRAMS = HERE / "clients"
EVENTS = os.environ.get("HEADGATE_CAPTURE_EVENTS") or str(
    pathlib.Path(os.environ["HEADGATE_BINARY"]).parents[1] / "tests" / "net" / "capture_events")
# What the log calls it, and what an event is called. Of what fails the log does not tell.
WORDS = {"Query": "query", "Execute": "execute", "Long Data": "long_data",
         "Close stmt": "close_statement"}
SYSBENCH = ["sysbench", "oltp_read_write", "--mysql-user=app", "--mysql-password=app-secret",
            "--mysql-db=shop", "--tables=1", "--table-size=100", "--threads=4", "--events=60",
            "--time=0"]


def plain(text):
    """As capture_events prints it."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)


def shortened(record, most):
    """A packet of a pcap file as a capture with that snap length has it."""
    size = min(most, len(record) - 16)
    return record[:8] + size.to_bytes(4, sys.byteorder) + record[12:16 + size]


def comparable(text):
    """The log is in its own character set, and of a long text not all is looked at."""
    return text.isascii() and len(text) < 60_000


class CapturedClients(scenario.unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0 or not shutil.which("tcpdump"):
            raise scenario.unittest.SkipTest("needs root and tcpdump")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-captured-", dir="/tmp"))
        cls.folder.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        authority = certificates.Authority()
        cls.addClassCleanup(authority.remove)
        pair = authority.issue("db", reader="mysql")
        cls.db = private_mariadb.PrivateMariadb(
            max_connections=100, bind="*", tls=pair,
            options=("--plugin-load-add=auth_ed25519", "--log-output=TABLE"))
        cls.db.start()
        cls.addClassCleanup(cls.db.stop)

    def capture(self, work, name, **options):
        """work() is captured and logged: (events as (connection, word), the log's rows, file)."""
        path = self.folder / f"{name}.pcap"
        self.db.query("SET GLOBAL general_log = 0")
        self.db.query("TRUNCATE mysql.general_log")
        self.db.query("SET GLOBAL general_log = 1")
        with captured.Captured(path, self.db.port, **options) as tcpdump:
            work()
        self.db.query("SET GLOBAL general_log = 0")
        self.assertEqual(tcpdump.dropped, 0)
        rows = self.db.query("SELECT command_type, argument FROM mysql.general_log"
                             " WHERE user_host NOT LIKE 'admin%%'")
        log = [(kind, plain(text.decode("utf8", "replace") if isinstance(text, bytes) else text))
               for kind, text in rows]
        return self.events(path), log, path

    def events(self, *paths):
        done = subprocess.run([EVENTS, str(self.db.port), *map(str, paths)], capture_output=True,
                              timeout=60, check=True)
        lines = done.stdout.decode("utf8", "replace").splitlines()
        return [tuple(line.split("\t", 1)) for line in lines]

    def program(self, *command):
        private = ["mariadb", "--no-defaults", f"--socket={self.db.socket}", "--user=admin",
                   f"--password={private_mariadb.ADMIN_PASSWORD}",
                   "--default-character-set=utf8mb4"]
        script = (PROGRAMS / "scenario.sql").read_bytes()
        subprocess.run(private, input=script, check=True, timeout=60)
        words = [*map(str, command), "127.0.0.1", str(self.db.port), USER, PASSWORD, DATABASE]
        return lambda: subprocess.run(words, check=True, timeout=120, stdout=subprocess.DEVNULL,
                                      env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"})

    def sysbench(self, host="127.0.0.1", *more):
        where = [f"--mysql-host={host}", f"--mysql-port={self.db.port}"]
        subprocess.run([*SYSBENCH, *where, *more, "cleanup"], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        subprocess.run([*SYSBENCH, *where, *more, "prepare"], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        return lambda: subprocess.run([*SYSBENCH, *where, *more, "run"], check=True, timeout=60,
                                      stdout=subprocess.DEVNULL)

    def assert_as_logged(self, events, log):
        kinds = collections.Counter(word.split(":")[0] for _, word in events)
        logged = collections.Counter(kind for kind, _ in log)
        self.assertEqual({word: kinds[word] for word in WORDS.values()},
                         {word: logged[kind] for kind, word in WORDS.items()})
        asked = [word.split(":", 1)[1] for _, word in events if word.startswith("query:")]
        told = [text for kind, text in log if kind == "Query"]
        self.assertEqual(*(collections.Counter(filter(comparable, all)) for all in (asked, told)))
        self.assertGreater(kinds["query"] + kinds["execute"], 20)
        self.assertEqual(kinds["protocol_error"], 0)
        self.assertEqual(kinds["opaque"], 0)
        self.assertEqual(kinds["accepted"], kinds["forgotten"])

    def test_pymysql(self):
        work = self.program(sys.executable, PROGRAMS / "pymysql_client.py")
        events, log, _ = self.capture(work, "pymysql")
        self.assert_as_logged(events, log)

    def test_php(self):
        work = self.program("php", "-d", "mysqli.allow_local_infile=On",
                            PROGRAMS / "php_client.php")
        events, log, _ = self.capture(work, "php")
        self.assert_as_logged(events, log)

    def test_sysbench_prepared_over_ipv6(self):
        events, log, _ = self.capture(self.sysbench("::1"), "ipv6")
        self.assert_as_logged(events, log)

    def test_sysbench_of_which_a_part_is_missing(self):
        """Packed, cut in two, cut off by a small snap length, and with every 50th packet lost."""
        events, log, path = self.capture(self.sysbench("127.0.0.1", "--db-ps-mode=disable"), "text")
        self.assert_as_logged(events, log)
        packed = path.with_suffix(".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        self.assertEqual(self.events(packed), events)
        records = self.records(path)
        half = len(records) // 2
        first, second = self.rewritten(path, records[:half], 1), self.rewritten(path, records[half:], 2)
        self.assertEqual(self.events(first, second), events)
        self.assertEqual(self.events(second), [], "met in the middle")
        lossy = self.rewritten(path, [r for i, r in enumerate(records) if i % 50], 3)
        self.assert_part_of(self.events(lossy), events, at_least=0.5)
        # The greeting and the login fit, and most queries.
        short = self.rewritten(path, [shortened(r, 350) for r in records], 4)
        self.assert_part_of(self.events(short), events, at_least=0.9)

    def assert_part_of(self, some, events, at_least):
        """Nothing that was not asked, nobody to blame, and so much of the queries."""
        asked = [word for _, word in events if word.startswith("query:")]
        seen = [word for _, word in some if word.startswith("query:")]
        self.assertLessEqual(set(seen), set(asked))
        self.assertGreater(len(seen), len(asked) * at_least)
        self.assertLessEqual(len(seen), len(asked))
        self.assertNotIn("protocol_error", {word for _, word in some})

    def test_tls(self):
        ask = ["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={self.db.port}", "--ssl",
               "--user=app", "--password=app-secret", "shop", "--execute=SELECT 1"]
        events, _, _ = self.capture(
            lambda: subprocess.run(ask, check=True, timeout=30, stdout=subprocess.DEVNULL), "tls")
        words = [word for _, word in events]
        self.assertEqual(words[:4], ["accepted", "tls", "login:/", "opaque"])
        # Whoever is first.
        self.assertIn(words[4:], (["gone", "client_closed", "ended", "forgotten"],
                                  ["backend_closed", "ended", "forgotten"]))

    def records(self, path):
        """The packets of a pcap file as they lie in it."""
        data, at, out = path.read_bytes(), 24, []
        while at < len(data):
            size = 16 + int.from_bytes(data[at + 8:at + 12], sys.byteorder)
            out.append(data[at:at + size])
            at += size
        return out

    def rewritten(self, path, records, number):
        out = path.with_name(f"{path.stem}-{number}.pcap")
        out.write_bytes(path.read_bytes()[:24] + b"".join(records))
        return out


if __name__ == "__main__":
    main()
