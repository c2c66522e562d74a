#!/usr/bin/python3
"""stalled-login: a complete login packet, then silence at the auth switch."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import auth_attack
import scenario
from attackers import addresses


class StalledLogin(auth_attack.OnLoopback):
    kind = "stalled-login"

    def test_control(self):
        bare = self.bare(self.kind, addresses(120), 150)
        self.assertGreater(bare.slots, 40)
        self.assertGreater(bare.app.failed, 0)

    def test_from_120(self):
        outcome = self.run_from("150 from 120", addresses(120))
        self.assertGreater(outcome.status["acted"]["login_deadline"], 5)
        self.assertGreater(outcome.counts["switched"], 5)


@scenario.needs_root()
class StalledLoginHosts(auth_attack.OnThreeHosts):
    kind = "stalled-login"


if __name__ == "__main__":
    scenario.main()
