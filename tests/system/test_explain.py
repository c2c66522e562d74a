#!/usr/bin/python3
"""explain: what the gate tells of a client is what that client then meets, with the right line."""
import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from crowd import Crowd
from explained import Explained, explain_text, line_of
from scenario import APP_CLASS, APP_SOURCE
from statements import Asker, query

NAT = "127.44.1.1"
SOURCE = "127.71.0.1"


class Explain(scenario.Scenario):
    max_connections = 120

    def clients(self, gate, count, user="weak", source=SOURCE):
        out = [Asker(gate.address, user, source) for _ in range(count)]
        self.addCleanup(lambda: [client.sock.close() for client in out])
        return out

    def meets(self, gate, source=SOURCE, user="weak", password=None):
        """What a client of that source is really told: "in", or the server's code."""
        try:
            with wire.Blocking(gate.address, source, 8) as client:
                client.login(user, password or f"{user}-secret")
                return "in"
        except wire.ServerError as error:
            return error.code
        except (OSError, EOFError):
            return "closed"

    def test_three_hundred_behind_one_address(self):
        gate = self.start_gate(self.config(source={"connect_rate": "20/s burst 60"}, monitor={},
                                           **{"class": [APP_CLASS]}))
        app = self.start_app(gate.address)
        crowd = Crowd(gate.address, [NAT], 300, user="many", pause=0.5).start()
        self.addCleanup(crowd.stop)
        seen = set()

        def named():
            seen.update(Explained(gate, NAT, "many").binding())
            return seen & {"source.connect_rate", "source.connections", "ban", "source.ban"}
        self.assertTrue(scenario.wait_for(named, 10, 0.1), seen)
        one = Explained(gate, NAT, "many")
        safe = Explained(gate, APP_SOURCE, "app")
        status, text = explain_text(gate, NAT, "many")
        counts, report = crowd.stop(), app.finish()
        self.figures("300 behind one", f"{one.connection}; bound {sorted(seen)}; {dict(counts)}; "
                     f"{report.summary()}")
        print(text)
        self.assertEqual(one.line("source.connect_rate"), line_of(gate, "connect_rate"))
        self.assertEqual(safe.told["connection"]["verdict"], "admitted")
        self.assertEqual(safe.told["who"]["class"], "shop")
        self.assertTrue(text.startswith("next connection: "), text)
        self.assertIn(status, (0, 1))
        self.assertEqual(report.failed, 0, report.errors)
        self.all_back(gate)

    def test_a_connect_rate_that_is_used_up(self):
        gate = self.start_gate(self.config(source={"connect_rate": "1/m burst 2",
                                                   "ban_after": "off"}))
        for turn in range(2):
            self.assertEqual(Explained(gate, SOURCE).connection, "admitted", turn)
            self.assertEqual(self.meets(gate), "in")
        told = Explained(gate, SOURCE, "weak")
        self.assertEqual((told.status, told.connection), (1, "refused: connect_rate"))
        self.assertEqual(told.binding(), {"source.connect_rate"})
        self.assertEqual(told.line("source.connect_rate"), line_of(gate, "connect_rate"))
        self.assertGreater(told.rows["source.connect_rate"]["left_s"], 10)
        self.assertEqual(self.meets(gate), 1040)
        self.assertEqual(Explained(gate, "127.71.0.2").connection, "admitted")

    def test_a_dry_run(self):
        gate = self.start_gate(self.config(source={"connect_rate": "1/m burst 1",
                                                   "enforce": False}))
        self.assertEqual(self.meets(gate), "in")
        told = Explained(gate, SOURCE)
        self.assertEqual((told.status, told.connection), (0, "admitted"))
        self.assertEqual(told.binding(acts=False), {"source.connect_rate"})
        dry = told.rows["source.connect_rate"]["dry_run"]
        self.assertEqual(dry["key"], "source.enforce")
        self.assertTrue(dry["where"].endswith(f":{line_of(gate, 'enforce = false')}"), dry)
        self.assertIn("in a dry run:    connect_rate would bind", explain_text(gate, SOURCE)[1])
        self.assertEqual(self.meets(gate), "in")

    def test_observe(self):
        config = self.config(source={"connect_rate": "1/m burst 1"})
        config["gate"]["mode"] = "observe"
        gate = self.start_gate(config)
        self.assertEqual(self.meets(gate), "in")
        told = Explained(gate, SOURCE, "weak")
        self.assertEqual((told.connection, told.told["gate"]["mode"]), ("admitted", "observe"))
        self.assertEqual(told.rows["source.connect_rate"]["dry_run"]["key"], "gate.mode")
        self.assertEqual(told.binding(), set())
        self.assertEqual(self.meets(gate), "in")

    def test_a_banned_source(self):
        gate = self.start_gate()
        gate.request("POST", "/ban", {"address": "127.71.0.0/16", "for": "5m"})
        told = Explained(gate, SOURCE)
        self.assertEqual((told.status, told.connection), (1, "refused: banned"))
        ban = told.told["who"]["ban"]
        self.assertEqual((ban["network"], ban["by_operator"]), ("127.71.0.0/16", True))
        self.assertTrue(280 < ban["left_s"] <= 300, ban)
        self.assertIn("banned           127.71.0.0/16 for ", explain_text(gate, SOURCE)[1])
        self.assertNotEqual(self.meets(gate), "in")
        self.assertEqual(Explained(gate, "127.72.0.1").connection, "admitted")

    def test_a_locked_pair(self):
        gate = self.start_gate(self.config(login={"failures": "1/m burst 2", "lock": "60s"}))
        for _ in range(4):
            self.meets(gate, password="wrong")
        told = Explained(gate, SOURCE, "weak")
        self.assertEqual((told.status, told.connection), (1, "refused: pair_locked"))
        self.assertEqual(told.binding(), {"login.lock"})
        self.assertEqual(told.line("login.lock"), line_of(gate, "lock"))
        self.assertTrue(0 < told.rows["login.lock"]["left_s"] <= 60)
        self.assertNotEqual(self.meets(gate), "in")
        for who in ((SOURCE, "many"), (SOURCE,), ("127.71.0.2", "weak")):
            self.assertEqual(Explained(gate, *who).connection, "admitted", who)
        self.assertEqual(self.meets(gate, user="many"), "in")

    def test_a_class_that_is_full(self):
        office = {"name": "office", "users": ["weak"], "max": 2, "queue": "1s", "unproven": "100%"}
        gate = self.start_gate(self.config(**{"class": [APP_CLASS, office]}))
        self.clients(gate, 2)
        told = Explained(gate, SOURCE, "weak")
        self.assertEqual(told.status, 0)
        self.assertEqual(told.connection, "waits: class_full")
        self.assertEqual(told.told["connection"]["at_most_s"], 1)
        self.assertEqual((told.told["who"]["class"], told.told["who"]["class_why"]),
                         ("office", "by the user"))
        self.assertEqual((told.told["who"]["in"], told.told["who"]["in_of_user"]), (2, 2))
        self.assertEqual(told.binding(), {"class.office.max"})
        self.assertEqual(told.line("class.office.max"), line_of(gate, "max = 2"))
        self.assertEqual(self.meets(gate), 1040)
        # Another user is in neither class.
        other = Explained(gate, SOURCE, "many")
        self.assertEqual((other.connection, other.told["who"]["class"]), ("admitted", "default"))
        self.assertIn("office is not by the user", other.told["who"]["class_why"])
        self.assertIn("default_class.max", other.rows)
        self.assertEqual(self.meets(gate, user="many"), "in")

    def test_statements(self):
        config = self.config(query={"running": 1, "wait": "200ms"})
        gate = self.start_gate(config)
        first, second = self.clients(gate, 2)
        self.assertEqual(Explained(gate, SOURCE, "weak").query, "passes")
        first.ask(query("SELECT SLEEP(5)"))
        self.assertTrue(scenario.wait_for(
            lambda: Explained(gate, SOURCE, "weak").query == "waits: query_running", 4))
        told = Explained(gate, SOURCE, "weak")
        # The default class has it from [query].
        self.assertEqual(told.line("default_class.query.running"), line_of(gate, "running"))
        self.assertEqual(told.told["query"]["at_most_s"], 0.2)
        self.assertEqual(told.connection, "admitted")
        with self.assertRaises(wire.ServerError):
            second.query_value("SELECT 1")
        self.assertEqual(Explained(gate, "127.71.0.2", "weak").query, "passes")

    def test_a_rule(self):
        rule = {"name": "no reports", "user": ["weak"], "action": "refuse"}
        gate = self.start_gate(self.config(rule=[rule]))
        told = Explained(gate, SOURCE, "weak")
        self.assertEqual((told.connection, told.query), ("admitted", "refused: rule"))
        self.assertEqual(told.told["query"]["rule"], "no reports")
        self.assertEqual(told.line("rule.no reports"), line_of(gate, "[[rule]]"))
        client = self.clients(gate, 1)[0]
        with self.assertRaises(wire.ServerError):
            client.query_value("SELECT 1")
        self.assertEqual(Explained(gate, SOURCE, "many").query, "passes")

    def test_a_reload_moves_the_lines(self):
        gate = self.start_gate(self.config(source={"connect_rate": "9/s burst 20"}))
        before = Explained(gate, SOURCE)
        text = gate.file.read_text()
        gate.file.write_text("# one\n# more\n" + text.replace("9/s burst 20", "8/s burst 20"))
        self.assertEqual(gate.request("POST", "/reload")[0], 200)
        after = Explained(gate, SOURCE)
        self.assertEqual(after.line("source.connect_rate"), before.line("source.connect_rate") + 2)
        self.assertEqual(after.rows["source.connect_rate"]["configured"], '"8/s burst 20"')
        gate.file.write_text("nonsense = 1\n" + text)
        self.assertEqual(gate.request("POST", "/reload")[0], 422)
        self.assertEqual(Explained(gate, SOURCE).rows, after.rows)

    def test_an_ipv6_address(self):
        gate = self.start_gate()
        gate.request("POST", "/ban", {"address": "2001:db8::1", "for": "1m"})
        told = Explained(gate, "2001:db8::7")
        self.assertEqual((told.told["address"], told.told["source"]),
                         ("2001:db8::7", "2001:db8::/64"))
        self.assertEqual(told.connection, "refused: banned")
        self.assertEqual(Explained(gate, "2001:db8:0:1::7").connection, "admitted")
        self.assertEqual(Explained(gate, "::ffff:127.71.0.1").told["address"], "127.71.0.1")

    def test_wrong_input(self):
        gate = self.start_gate()
        for who in (("nobody",), ("127.0.0.0/8",), ("127.0.0.1:3306",), ("",),
                    ("127.0.0.1", "u" * 129), ("127.0.0.1", "u", "--database", "d" * 257)):
            status, text = explain_text(gate, *who)
            self.assertEqual(status, 2, who)
            self.assertTrue(text.startswith("headgate: "), text)
        for target in ("/explain", "/explain?address=%", "/explain?address=1.2.3.4&user=%zz",
                       "/explain?address=1.2.3.4&address=1.2.3.4", "/explain?who=1.2.3.4"):
            status, body = gate.request("GET", target)
            self.assertEqual(status, 400, target)
            self.assertTrue(body["error"], target)
        odd = Explained(gate, SOURCE, "a b&c=d%\x1b[2J'\u00e4")
        self.assertEqual(odd.told["user"], "a b&c=d%\ufffd[2J'\u00e4")

    def test_asking_changes_nothing(self):
        gate = self.start_gate(self.config(source={"connect_rate": "1/m burst 1"}))
        with contextlib.suppress(OSError, EOFError, wire.ServerError):
            self.meets(gate)
        self.assertTrue(scenario.wait_for(lambda: not gate.status()["connections"]))
        before = gate.status()
        for _ in range(50):
            Explained(gate, SOURCE, "weak")
        after = gate.status()
        for key in ("acted", "would_act", "accepted", "sources", "bans", "locked_pairs", "slots",
                    "pending", "waiting", "logins"):
            self.assertEqual(after[key], before[key], key)


if __name__ == "__main__":
    scenario.main()
