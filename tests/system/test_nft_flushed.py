#!/usr/bin/python3
"""nft-flushed: someone flushes the ruleset, or changes ours. The reconcile loop puts it right, and
the drift shows."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import scenario

BANS = {"10.99.3.7", "10.99.4.0/24", "2001:db8:1:2::/64"}


@scenario.needs_root()
class NftFlushed(database_host.OnDatabaseHost):
    def banned_gate(self):
        gate = self.gate_with()
        for ban in BANS:
            self.assertEqual(gate.request("POST", "/ban", {"address": ban, "for": "1h"})[0], 200)
        self.assertTrue(scenario.wait_for(lambda: self.kernel_bans() == BANS, 5))
        return gate

    def restored(self, gate, what):
        took = self.seconds_until(lambda: self.kernel_bans() == BANS, 3 * database_host.RECONCILE)
        # On a busy host reading back takes long, and the looks come further apart: a tenth of the time.
        scenario.wait_for(lambda: gate.status()["firewall"]["drift"]["repairs"] > 0, 15)
        firewall = gate.status()["firewall"]
        self.figures(what, f"as it was after {took and round(took, 2)} s of a reconcile of "
                     f"{database_host.RECONCILE:g} s; drift {firewall['drift']}")
        self.assertIsNotNone(took, firewall)
        self.assertGreaterEqual(firewall["drift"]["repairs"], 1)
        self.assertFalse(firewall["failing"], firewall)
        return firewall["drift"]

    def test_flush_ruleset(self):
        gate = self.banned_gate()
        app = self.app_of(gate)
        self.nft("flush", "ruleset")
        self.assertEqual(self.restored(gate, "flush ruleset")["table_lost"], 1)
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)

    def test_bans_taken_out_and_put_in(self):
        gate = self.banned_gate()
        self.nft("delete", "element", "inet", "headgate", "banned4", "{ 10.99.3.7 }")
        self.nft("add", "element", "inet", "headgate", "banned4", "{ 10.1.2.3 timeout 1h }")
        drift = self.restored(gate, "one out, one in")
        self.assertEqual((drift["missing"], drift["foreign"]), (1, 1))

    def test_rules_taken_out(self):
        gate = self.banned_gate()
        before = self.nft("-s", "list", "table", "inet", "headgate")
        self.nft("flush", "chain", "inet", "headgate", "banned")
        drift = self.restored(gate, "rules out")
        self.assertGreaterEqual(drift["rules_changed"], 1)
        # Elements have the time they have left: only the rules are compared.
        rules = [line for line in before.splitlines() if "comment" in line and "saddr" in line]
        after = self.nft("-s", "list", "table", "inet", "headgate")
        for rule in rules:
            self.assertIn(rule, after)


if __name__ == "__main__":
    scenario.main()
