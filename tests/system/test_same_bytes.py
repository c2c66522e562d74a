#!/usr/bin/python3
"""same-bytes: where nothing may act, every payload of a session is that of a direct connection.

Limits, shape and rules stand so that every one of them would act; in mode observe, and likewise
with enforce = false in each table, what the server gets and what the client gets is the same, byte
for byte, from after the login's OK to the close.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from recorder import Recorder
from session_script import SCHEMA, Script

EVERYTHING = {
    "rate": "1/s", "user_rate": "1/s", "class_rate": "1/s", "running": 1, "busy": 0.001,
    "digest_running": 1, "wait": "500ms", "deadline": "100ms", "all": True, "prepared": 1,
    "prepared_per_source": 1, "packet": "1KiB", "result": "1KiB", "inspect": "1KiB",
    "idle": "1s", "idle_in_transaction": "1s", "stalled_read": "1s",
    "refuse_commands": ["debug", "ping", "fetch", "statistics", "long_data", "init_db"]}
SHAPE = {"enforce": True, "log": 1, "delay": 2, "refuse": 3}
RULES = [{"name": f"no refused, {action}", "digest": "select name as refused from items where id = 1",
          "action": action} for action in ("log", "refuse")] + [
    {"name": "none of these", "regex": "(?i)rand|two_results", "action": "close"},
    {"name": "nor those", "command": "set_option", "action": "ban"},
    {"name": "nor slow ones", "trait": "sleep", "action": "delay"}]
ENDS = {"client_closed", "health_check", "backend_closed", "none", "shape_log"}


class SameBytes(scenario.Scenario):

    def fresh_tables(self):
        for sql in SCHEMA:
            self.db.query(sql)

    def recorder(self):
        recorder = Recorder(self.db.address)
        self.addCleanup(recorder.close)
        return recorder

    def strict(self, **over):
        """Everything set to act. The gate's monitor asks the server itself, past any recorder."""
        config = self.config(query=dict(EVERYTHING), shape=dict(SHAPE),
                             rule=[dict(rule) for rule in RULES])
        config["monitor"] = {"address": "{}:{}".format(*self.db.address)}
        return scenario.merged(config, over)

    def behind(self, recorder, config):
        """A gate whose backend is the recorder."""
        config["gate"]["backend"] = ["{}:{}".format(*recorder.address)]
        return self.start_gate(config)

    def first_difference(self, name, expected, got):
        for i, (one, other) in enumerate(zip(expected, got)):
            if one != other:
                self.fail(f"{name}: packet {i} of {len(expected)}:\n direct {one[0]} "
                          f"{one[1][:200]!r}\n gate   {other[0]} {other[1][:200]!r}")
        self.assertEqual(len(expected), len(got), f"{name}: {expected[-1:]} {got[-1:]}")

    def compare(self, config):
        """The scripted session, direct and through a gate of that config; the gate's status."""
        straight = self.recorder()
        self.fresh_tables()
        direct = Script(straight.address, straight).run().legs()
        recorder = self.recorder()
        gate = self.behind(recorder, config)
        self.fresh_tables()
        through = Script(gate.address, recorder).run().legs()
        for name, packets in through.items():
            self.first_difference(name, direct[name], packets)
        self.assertNotIn(b"max_statement_time", b"".join(c.up for c in recorder.connections))
        status = gate.status()
        would = {k: v for k, v in status["would_act"].items() if v}
        self.figures("same bytes", ", ".join(
            f"{name} {len(packets)} packets {sum(len(p) for _, p in packets)} bytes"
            for name, packets in through.items()) + f"; would_act {would}")
        self.assertEqual({k for k, v in status["acted"].items() if v} - ENDS, set())
        self.assertEqual((status["bans"], status["monitor"]["kills"]), (0, 0))
        self.all_back(gate)
        return would

    def test_observe(self):
        would = self.compare(self.strict(gate={"mode": "observe"}))
        for reason in ("query_rate", "command_refused", "packet_too_large", "query_deadline",
                       "result_size", "idle_in_transaction"):
            self.assertGreater(would.get(reason, 0), 0, would)

    def test_observe_without_a_monitor(self):
        """Where the server would keep the deadline, it is not told of it."""
        config = self.strict(gate={"mode": "observe"})
        del config["monitor"]
        self.assertGreater(len(self.compare(config)), 3)

    def test_shape_and_rules(self):
        """With the limits out of the way they are what would act."""
        config = self.strict(gate={"mode": "observe"}, query={
            key: "off" for key in ("rate", "user_rate", "class_rate", "running", "busy", "prepared",
                                   "prepared_per_source", "packet", "digest_running", "deadline")})
        would = self.compare(config)
        for reason in ("rule", "shape_refuse"):
            self.assertGreater(would.get(reason, 0), 0, would)

    def test_dry_run_of_every_table(self):
        config = self.strict(query={"enforce": False}, shape={"enforce": False})
        for rule in config["rule"]:
            rule["enforce"] = False
        self.assertGreater(len(self.compare(config)), 3)

    def test_the_same_session_is_refused_when_enforced(self):
        """The control: these limits do act."""
        recorder = self.recorder()
        gate = self.behind(recorder, self.strict())
        self.fresh_tables()
        script = Script(gate.address, recorder)
        with self.assertRaises((EOFError, OSError, ValueError, wire.ServerError)):
            script.run()
        script.sock.close()
        acted = {k for k, v in gate.status()["acted"].items() if v} - ENDS
        self.assertGreater(len(acted), 0)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
