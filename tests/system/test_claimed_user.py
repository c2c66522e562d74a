#!/usr/bin/python3
"""claimed-user: masses of logins that claim the app's user from elsewhere cost the app nothing."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses, addresses_in
from scenario import APP_CLASS

CROWD = {"connect_rate": "off", "connections": "off", "prefix_connections": "off",
         "ban_after": "off"}


class ClaimedUser(scenario.Scenario):

    def gate_for(self, **over):
        settings = {"class": [APP_CLASS], "source": CROWD, "known_good": {"minutes": 1},
                    "login": {"in_progress": 8, "deadline": "1s"}}
        return self.start_gate(self.config(**{**settings, **over}))

    def test_control(self):
        bare = self.bare("claimed-user", addresses(120), 150, users=["app"])
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def test_right_and_wrong_from_120(self):
        gate = self.gate_for()
        outcome = self.under(gate, "claimed-user", addresses(120), 150, seconds=8, users=["app"])
        self.hold("right and wrong from 120", gate, outcome, slots=60 - 5 - APP_CLASS["reserve"])
        self.assertGreater(outcome.counts["err_1045"], 0)

    def test_from_one(self):
        gate = self.gate_for()
        outcome = self.under(gate, "claimed-user", addresses(1), 150, seconds=5, users=["app"])
        self.hold("right and wrong from 1", gate, outcome, slots=60 - 5 - APP_CLASS["reserve"])

    def test_neighbours_with_defaults(self):
        """From the app's own /24, with every default of [source] but without the exemptions."""
        gate = self.gate_for(source={})
        outcome = self.under(gate, "claimed-user", addresses_in("127.0.0", 20), 60, seconds=5,
                             users=["app"])
        self.hold("from the app's /24", gate, outcome, slots=60 - 5 - APP_CLASS["reserve"])


if __name__ == "__main__":
    scenario.main()
