#!/usr/bin/python3
"""poisoner: a weak account that was active beside the app from the first minute, then hoards: all
the while what is kept for the app is what it was."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_good
import scenario
from attackers import addresses
from crowd import Crowd
from explained import Explained
from gate import Gate
from siege import BUSY, CAPACITY, WORKERS, Siege

POISONER = "127.20.1.1"
SHARE = 0.75  # of the slots, for all implicit reserves together: the default
# A known-good poisoner has its turns in the lane as the app has: for a moment it may be full.
HAS_A_SLOT = ("admitted", "waits: login_lane")
STARTS_WITHIN = 5  # seconds, also on a busy host


class Beside(Siege):
    """The attack by an account that has its own history, and what has to hold all the while."""

    def kept(self, gate, source, user):
        """How many slots are kept for the pair, how many it has, and what its next login meets."""
        told = Explained(gate, source, user)
        share = told.rows.get("known_good.share", {"why": ""})
        own = share["why"].startswith("kept for this user from this source")
        return (share["limit"], share["now"], told.connection) if own else (0, 0, told.connection)

    def attacked(self, gate, name, sources, most, then=None):
        """For the poisoner no more than `most` is ever kept, for the app all it had. then() is
        called when the attack is over, before everybody has to be gone."""
        least, theirs = [], []

        def watch():
            slots = gate.status()["slots"]
            least.append((slots["implicit"]["reserve"], slots["free"]))
            own, used, next_one = self.kept(gate, scenario.APP_SOURCE, "app")
            self.assertEqual(own, BUSY)
            if used < own:
                self.assertIn(next_one, HAS_A_SLOT, f"with {used} of {own}")
            theirs.append(self.kept(gate, POISONER, "weak")[0])
        outcome = self.besiege(gate, name, "sit", sources, watch=watch, slots=CAPACITY - BUSY,
                               then=then)
        implicit = outcome.status["slots"]["implicit"]
        self.figures(name, f"implicit {implicit}, least {min(least)}, the poisoner's {set(theirs)}")
        self.assertEqual(implicit["pairs"], 2)
        self.assertTrue(implicit["binds"], outcome.status["pressure"])
        self.assertGreaterEqual(min(least)[0], BUSY, "less than the app's own part is kept")
        self.assertGreater(min(theirs), 0, "nothing was kept for it: it had no history")
        self.assertLessEqual(max(theirs), most, "the poisoner gained")
        return outcome


class Poisoner(Beside):

    def test_control(self):
        bare = self.bare("sit", [POISONER], WORKERS)
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def beside(self, name, peaks, sources, most=2, allowed=None):
        """The attack by an account whose minutes had `peaks` while the app had its ten."""
        weak = known_good.pair(POISONER, "weak", peaks, allowed=allowed)
        gate = self.start_gate(self.empty(self.app_history(), weak))
        return self.attacked(gate, name, sources, most)

    def test_small_then_three_hundred_from_everywhere(self):
        outcome = self.beside("from everywhere", 2, [POISONER, *addresses(99, first=21)])
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], BUSY + 2)

    def test_ramping(self):
        """Each minute twice as many as before, as far as the histogram goes."""
        outcome = self.beside("ramping", [1, 1, 1, 2, 2, 4, 4, 8, 16, 16], [POISONER], allowed=2)
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], BUSY + 2)

    def test_as_busy_as_the_app_all_along(self):
        """Who earned as much has as much; the app's part is not touched."""
        outcome = self.beside("as busy as the app", 16, [POISONER], most=16)
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], SHARE * CAPACITY)


@scenario.needs_root()
class AtTheMinutesEnd(Beside):
    """Histories are of minutes, by the gate's clock: one of them ends at the time that matters."""

    def gate_at(self, seconds, peaks):
        """A gate that knows both pairs, and whose minute ends in so many seconds."""
        weak = known_good.pair(POISONER, "weak", peaks, allowed=2)
        gate = Gate(self.empty(self.app_history(), weak))
        self.addCleanup(self._end_gate, gate)
        until = seconds + STARTS_WITHIN
        offset = round(60 - time.clock_gettime(time.CLOCK_MONOTONIC) % 60 - until) % 60
        gate.start(launcher=("unshare", "--time", f"--monotonic={offset}"))
        own = pathlib.Path(f"/proc/{gate.pid()}/ns")
        if (own / "time").readlink() != (own / "time_for_children").readlink():
            self.skipTest("this kernel gives a program no clock of its own by unshare(1) alone")
        left = 60 - self.clock(gate) % 60
        self.assertLessEqual(left, until + 1, "it was too slow to start")
        time.sleep(max(0, left - seconds))
        return gate

    def minute(self, gate):
        return self.clock(gate) // 60

    def clock(self, gate):
        """The gate's, in seconds."""
        with open(f"/proc/{gate.pid()}/timens_offsets", encoding="utf8") as offsets:
            own = next(int(line.split()[1]) for line in offsets if line.startswith("monotonic"))
        return time.clock_gettime(time.CLOCK_MONOTONIC) + own

    def test_small_then_three_hundred_from_its_own_address(self):
        gate = self.gate_at(6, 2)
        began = self.minute(gate)
        outcome = self.attacked(gate, "from its own address", [POISONER], most=2)
        self.assertLessEqual(outcome.status["slots"]["implicit"]["reserve"], BUSY + 2)
        self.assertEqual(self.minute(gate), began + 1)

    def test_at_work_when_calm(self):
        """As many of its sessions work as the app has, while nothing presses, for the third minute:
        were it not for how fast a history may grow, as much would be kept for it."""
        gate = self.gate_at(8, [2] * 8 + [BUSY] * 2)
        began = self.minute(gate)
        crowd = Crowd(gate.address, [POISONER], BUSY, user="weak", pause=0.3).start()
        self.addCleanup(crowd.stop)
        self.assertTrue(scenario.wait_for(lambda: crowd.inside() == BUSY, 3), crowd.inside())
        self.assertEqual(self.minute(gate), began, "the minute was over too soon")
        self.assertTrue(scenario.wait_for(lambda: self.minute(gate) > began, 20))
        time.sleep(1)
        self.assertEqual((gate.status()["pressure"]["level"], crowd.inside()), ("calm", BUSY))
        self.attacked(gate, "after a minute of work", [POISONER], most=3, then=crowd.stop)


if __name__ == "__main__":
    scenario.main()
