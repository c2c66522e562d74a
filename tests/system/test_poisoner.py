#!/usr/bin/python3
"""poisoner: a weak account that was active beside the app from the first minute, then hoards."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_good
import scenario
from attackers import addresses
from siege import BUSY, CAPACITY, WORKERS, Siege

POISONER = "127.20.1.1"
SHARE = 0.75  # of the slots, for all implicit reserves together: the default


class Poisoner(Siege):

    def test_control(self):
        bare = self.bare("sit", [POISONER], WORKERS)
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def beside(self, name, peaks, sources, allowed=None):
        """The attack by an account whose minutes had `peaks` while the app had its ten."""
        weak = known_good.pair(POISONER, "weak", peaks, allowed=allowed)
        gate = self.start_gate(self.empty(self.app_history(), weak))
        least = []

        def watch():
            slots = gate.status()["slots"]
            least.append((slots["implicit"]["reserve"], slots["free"]))
        outcome = self.besiege(gate, name, "sit", sources, watch=watch, slots=CAPACITY - BUSY)
        implicit = outcome.status["slots"]["implicit"]
        self.figures(name, f"implicit {implicit}, least {min(least)}")
        self.assertEqual(implicit["pairs"], 2)
        self.assertTrue(implicit["binds"], outcome.status["pressure"])
        self.assertGreaterEqual(min(least)[0], BUSY, "less than the app's own part is kept")
        return outcome

    def test_small_then_three_hundred_from_its_own_address(self):
        outcome = self.beside("from its own address", 2, [POISONER])
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], BUSY + 2)

    def test_small_then_three_hundred_from_everywhere(self):
        outcome = self.beside("from everywhere", 2, [POISONER, *addresses(99, first=21)])
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], BUSY + 2)

    def test_ramping(self):
        """Each minute twice as many as before, as far as the histogram goes."""
        outcome = self.beside("ramping", [1, 1, 1, 2, 2, 4, 4, 8, 16, 16], [POISONER], allowed=2)
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], BUSY + 2)

    def test_as_busy_as_the_app_all_along(self):
        """Who earned as much has as much; the app's part is not touched."""
        outcome = self.beside("as busy as the app", 16, [POISONER])
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], SHARE * CAPACITY)


if __name__ == "__main__":
    scenario.main()
