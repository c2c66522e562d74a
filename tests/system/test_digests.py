#!/usr/bin/python3
"""digests: what `headgate digests` counts is what the server counts, the heaviest first."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from statements import Asker

# (how often, statement, what its digest's text has to hold)
TRAFFIC = (
    (5, "SELECT COUNT(*) AS heavy FROM items a, items b WHERE a.stock + b.stock < {}", "as heavy"),
    (200, "SELECT name FROM items WHERE id = {} /* light */", "name from items"),
    (30, "UPDATE items SET stock = stock WHERE id = {}", "update items"),
    (12, "SELECT no_such_column FROM items WHERE id = {}", "no_such_column"),
)
AT_SERVER = ("SELECT SUM(COUNT_STAR), SUM(SUM_ERRORS), SUM(SUM_ROWS_SENT)"
             " FROM performance_schema.events_statements_summary_by_digest"
             " WHERE SCHEMA_NAME = 'shop' AND LOWER(REPLACE(DIGEST_TEXT, '`', '')) LIKE %s")


class Digests(scenario.Scenario):
    db_options = (*scenario.Scenario.db_options, "--performance-schema=ON",
                  "--performance-schema-consumer-statements-digest=ON")

    def digests(self, gate, *words):
        status, out, err = gate.cli("digests", "--json", *words)
        self.assertEqual(status, 0, err)
        return json.loads(out)["digests"]

    def row_of(self, rows, text):
        found = [row for row in rows if text in row["text"].lower()]
        self.assertEqual(len(found), 1, f"{text}: {[row['text'] for row in rows]}")
        return found[0]

    def traffic(self, gate):
        """TRAFFIC, and 25 executions of a prepared statement."""
        self.db.query("TRUNCATE performance_schema.events_statements_summary_by_digest")
        with Asker(gate.address) as client:
            for times, sql, _ in TRAFFIC:
                for i in range(times):
                    client.error(sql.format(i + 1))
            statement = client.prepare("SELECT name FROM items WHERE id = 4711")
            for _ in range(25):
                client.execute(statement)

    def test_counts(self):
        gate = self.start_gate(self.guarded({}))
        self.traffic(gate)
        rows = self.digests(gate)
        for times, _, text in TRAFFIC:
            row = self.row_of(rows, text)
            self.figures(text, json.dumps(row))
            count, errors, sent = (int(n or 0) for n in self.db.query(AT_SERVER, f"%{text}%")[0])
            self.assertEqual(count, times)  # of the text protocol only
            executed = 25 if text == "name from items" else 0
            self.assertEqual(row["count"], count + executed)
            self.assertEqual((row["errors"], row["class"]), (errors, "default"))
            self.assertEqual(row["rows"], sent)
            self.assertLessEqual(row["p50_ms"], row["p95_ms"])
            self.assertLessEqual(row["p95_ms"], row["p99_ms"])
            self.assertLessEqual(row["p99_ms"], row["longest_ms"] * 2 + 1)
        self.all_back(gate)

    def test_the_heaviest_first(self):
        gate = self.start_gate(self.guarded({}))
        self.traffic(gate)
        rows = self.digests(gate)
        totals = [row["total_ms"] for row in rows]
        self.assertEqual(totals, sorted(totals, reverse=True))
        self.assertIn("heavy", rows[0]["text"])
        status, out, _ = gate.cli("digests")
        self.assertEqual(status, 0)
        lines = [line for line in out.splitlines() if "heavy" in line]
        self.assertEqual(len(lines), 1, out)
        self.figures("as text", "\n" + out)

    def test_classes_keep_their_own_history(self):
        gate = self.start_gate(self.guarded({}))
        sql = "SELECT name FROM items WHERE id = 3"
        with Asker(gate.address) as weak, \
                Asker(gate.address, user="app", source=scenario.APP_SOURCE) as app:
            for _ in range(3):
                weak.run(sql)
            for _ in range(4):
                app.run(sql)
        counts = {row["class"]: row["count"] for row in self.digests(gate)}
        self.assertEqual(counts, {"default": 3, "shop": 4})

    def test_refused_ones_are_counted_apart(self):
        gate = self.start_gate(self.guarded({}, rule=[
            {"name": "no names", "digest": "select name from items where id = 1",
             "action": "refuse"}]))
        with Asker(gate.address) as client:
            for _ in range(6):
                self.assertEqual(client.error("SELECT name FROM items WHERE id = 3")[0], 1148)
            self.assertRaises(wire.ServerError, client.prepare, "SELECT name FROM items WHERE id=?")
            client.run("SELECT stock FROM items WHERE id = 3")
        rows = self.digests(gate)
        self.assertGreaterEqual(self.row_of(rows, "select name")["refused"], 6)
        self.assertEqual(self.row_of(rows, "select stock")["refused"], 0)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
