#!/usr/bin/python3
"""A statement refused in the middle of a session is a plain error to every stock client, as text,
while it is prepared and when it is executed; the next query on that same connection works.

The programs of clients/ run with a last argument `refused`, and print a JSON line for each refusal:
the error as their library tells it, and whether the connection is still the same one.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import test_clients

MESSAGE = "use the reporting replica"
RULES = [{"name": "marked", "digest": "SELECT name AS refused FROM items WHERE id = 1",
          "action": "refuse", "message": MESSAGE},
         {"name": "marked for later", "command": "execute", "action": "refuse", "message": MESSAGE,
          "digest": "SELECT name AS refused_later FROM items WHERE id = 1"}]
# How many lines, and which ways of refusing, a program has at least.
EXPECTED = {
    "mariadb-cli": (2, {"text"}), "pymysql": (2, {"text"}), "node-mysql": (2, {"text"}),
    "connector-j": (10, {"text", "prepared", "executed"})}
OTHERS = (4, {"text", "prepared", "executed"})


class Refused(test_clients.Clients):
    more_arguments = ("refused",)
    test_php_mysqlnd_compressed = None  # nothing to refuse there

    def config(self, **over):
        return super().config(rule=RULES, **over)

    def compare(self, name, command, steps, **environment):
        lines = self.transcript(command, self.gate.address, environment)
        at_least, ways = EXPECTED.get(name, OTHERS)
        self.assertGreaterEqual(len(lines), at_least)
        for line in lines:
            told = json.dumps(line)
            self.assertIn("1148", told)
            self.assertIn(MESSAGE, told)
            if line["step"] in ways:
                self.assertIs(line["same"], True, told)
        self.assertLessEqual(ways, {line["step"] for line in lines})
        self.assertGreaterEqual(self.gate.count("rule"), len(lines))
        self.all_back(self.gate)
        self.figures(name, f"{len(lines)} refusals, e.g. {json.dumps(lines[-1])}")


if __name__ == "__main__":
    test_clients.main()
