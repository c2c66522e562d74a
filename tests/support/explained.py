"""`headgate explain` against a running gate, for tests: as JSON, and as an operator reads it."""
import json
import subprocess

from gate import binary


class Explained:
    """What the gate tells of one address, and of one user of it."""

    def __init__(self, gate, *who):
        done = subprocess.run([binary(), "explain", *who, "--json", "--socket", gate.socket],
                              capture_output=True, text=True, timeout=10)
        self.status, self.told = done.returncode, json.loads(done.stdout)
        self.rows = {row["key"]: row for row in self.told.get("rows", ())}

    @property
    def connection(self):
        """"admitted", "waits: no_slot", "refused: banned"."""
        return self._outlook(self.told["connection"])

    @property
    def query(self):
        return self._outlook(self.told["query"])

    @staticmethod
    def _outlook(outlook):
        reason = outlook["reason"]
        return outlook["verdict"] + (f": {reason}" if reason else "")

    def binding(self, acts=True):
        """The keys of the limits that bind, and act or do not."""
        return {key for key, row in self.rows.items()
                if row["state"] == "binds" and row["acts"] == acts}

    def line(self, key):
        """The line of the file that says so, or None."""
        where = self.rows[key]["where"]
        return int(where.rsplit(":", 1)[1]) if where != "default" else None


def explain_text(gate, *who):
    """(exit status, text) as for a terminal."""
    done = subprocess.run([binary(), "explain", *who, "--socket", gate.socket],
                          capture_output=True, text=True, timeout=10)
    return done.returncode, done.stdout + done.stderr


def line_of(gate, text):
    """The number of the line of the gate's file that begins so."""
    lines = gate.file.read_text().splitlines()
    return next(i for i, line in enumerate(lines, 1) if line.startswith(text))
