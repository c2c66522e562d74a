#!/usr/bin/python3
"""short-answer: a complete login packet, then an auth answer that no plugin sends."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import auth_attack
import netns
import scenario
from attackers import Attackers, addresses


class ShortAnswer(auth_attack.OnLoopback):
    kind = "short-answer"

    def test_control(self):
        bare = self.bare(self.kind, addresses(120), 150)
        self.assertGreater(bare.counts["err_1043"], 500)

    def test_from_120(self):
        outcome = self.run_from("150 from 120", addresses(120))
        self.assertGreater(outcome.counts["err_1043"], 5)
        self.assertGreater(outcome.status["acted"]["malformed_auth"], 5)


@scenario.needs_root()
class ShortAnswerHosts(auth_attack.OnThreeHosts):
    kind = "short-answer"

    def test_control_blocked(self):
        app = self.start_app(self.db.address, source=netns.GATE_DB_SIDE, netns=self.hosts.gate)
        attackers = Attackers(self.kind, self.db.address, [netns.GATE_DB_SIDE], 5, 5,
                              netns=self.hosts.gate).start()
        scenario.wait_for(lambda: app.progress()[1] > 0, 5)
        counts, report = attackers.stop_after(0.5), app.finish()
        errors = self.db.connect_errors()
        self.db.query("FLUSH HOSTS")
        self.figures("control, no gate", f"{dict(counts)}, {report.summary()}, {errors}")
        self.assertGreater(counts["err_1129"], 0)
        self.assertGreater(report.failed, 0)


if __name__ == "__main__":
    scenario.main()
