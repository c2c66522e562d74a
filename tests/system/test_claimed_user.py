#!/usr/bin/python3
"""claimed-user: masses of logins that claim the app's user from elsewhere cost the app nothing: what
is free of its reserve stays free, it has its places in the lane, and it never waits."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_good
import scenario
from attackers import addresses, addresses_in
from explained import Explained
from scenario import APP_CLASS, APP_SOURCE

CROWD = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
         "ban_after": "off"}
LANE = 16
STRANGERS = LANE // 2  # the rest is kept for known-good pairs
MOST = 8 + 8           # the app's pool, and its openers at once: no more than half of the lane
KEPT = 20              # the app's, by its class or by its history


class ClaimedUser(scenario.Scenario):

    def gate_for(self, **over):
        settings = {"class": [APP_CLASS], "source": CROWD, "login": {"in_progress": LANE,
                                                                     "deadline": "1s"}}
        pair = known_good.pair(APP_SOURCE, "app", KEPT)
        state = {"known_good": {"state": known_good.file(self, pair)}}
        return self.start_gate(self.config(**{**settings, **state, **over}))

    def claimed(self, name, gate, sources, workers, seconds, kept):
        """The attack, and at each look what there is for the app. `kept(status)`: how much of what
        is kept for it is used."""
        most = collections.Counter()

        def watch():
            status, app = gate.status(), Explained(gate, APP_SOURCE, "app")
            self.assertEqual(app.connection, "admitted")
            self.assertEqual((app.told["who"]["known_good"], app.told["who"]["waiting"]), (True, 0))
            self.assertEqual(status["protected"]["waiting"], 0, "the app waits")
            used = kept(status)
            self.assertLessEqual(used, MOST, "others are counted as the app")
            self.assertGreaterEqual(status["slots"]["free"], KEPT - used, status["slots"])
            most["waiting"] = max(most["waiting"], status["waiting"]["now"])
            most["lane"] = max(most["lane"], status["logins"]["now"])
        outcome = self.under(gate, "claimed-user", sources, workers, seconds, watch=watch,
                             users=["app"])
        turned_away = {reason: n for reason, n in outcome.status["of_protected"].items() if n}
        self.figures(name, f"at most {dict(most)}; of the app {turned_away}")
        self.hold(name, gate, outcome, slots=60 - 5 - KEPT)
        self.assertEqual(turned_away, {})
        return outcome, most

    def test_control(self):
        bare = self.bare("claimed-user", addresses(120), 150, users=["app"])
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def by_class(self, status):
        return status["classes"][0]["leases"]

    def by_history(self, status):
        return status["slots"]["implicit"]["reserve"] - status["slots"]["implicit"]["unused"]

    def test_right_and_wrong_from_120(self):
        gate = self.gate_for()
        outcome, most = self.claimed("right and wrong from 120", gate, addresses(120), 150, 8,
                                     self.by_class)
        self.assertGreater(outcome.counts["err_1045"], 0)
        self.assertGreaterEqual(most["lane"], STRANGERS, "there was no lack of places in the lane")
        self.assertGreater(most["waiting"], 40, "hardly anybody had to wait")

    def test_with_nothing_configured(self):
        """No class: what is kept is the app's by its history, whatever the level."""
        gate = self.gate_for(**{"class": []})
        outcome, most = self.claimed("nothing configured", gate, addresses(120), 150, 5,
                                     self.by_history)
        self.assertGreater(outcome.counts["err_1045"], 0)
        self.assertGreaterEqual(most["lane"], STRANGERS)

    def test_from_one(self):
        gate = self.gate_for()
        self.claimed("right and wrong from 1", gate, addresses(1), 150, 5, self.by_class)

    def test_neighbours_with_defaults(self):
        """From the app's own /24, with every default of [source] but without the exemptions."""
        gate = self.gate_for(source={})
        self.claimed("from the app's /24", gate, addresses_in("127.0.0", 20), 60, 5, self.by_class)


if __name__ == "__main__":
    scenario.main()
