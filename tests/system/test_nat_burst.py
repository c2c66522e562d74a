#!/usr/bin/python3
"""nat-burst: three hundred clients behind one address log in at once and stay."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import Attackers, addresses
from crowd import Crowd
from explained import Explained
from scenario import APP_CLASS

CLIENTS = 300
NAT = "127.44.1.1"
WITHIN = 20.0
# What may turn away one address that nobody knows.
LIMITS = {"connect_rate", "source_connections", "prefix_connections", "waiting_per_source",
          "banned"}


class NatBurst(scenario.Scenario):
    max_connections = 340  # with three hundred in, less than a fifth is free

    def burst(self, gate, seconds=WITHIN, pause=1.0):
        """The crowd, and how many were in after `seconds` at most."""
        crowd = Crowd(gate.address, [NAT], CLIENTS, user="many", pause=pause).start()
        self.addCleanup(crowd.stop)
        scenario.wait_for(lambda: crowd.inside() == CLIENTS, seconds)
        return crowd, crowd.inside()

    def admitted(self, name, *classes, may_act=(), **over):
        gate = self.start_gate(self.config(monitor={}, **{"class": [APP_CLASS, *classes]}, **over))
        app = self.start_app(gate.address)
        crowd, inside = self.burst(gate)
        entries, status = crowd.entries(0.001), gate.status()
        counts, report = crowd.stop(), app.finish()
        spread = entries[-1] - entries[0] if entries else 0.0
        self.figures(name, f"{inside} of {CLIENTS} in within {spread:.1f} s; {dict(counts)}; "
                     f"{report.summary()}")
        self.assertEqual(inside, CLIENTS)
        self.assertEqual(counts["lost"], 0, "somebody who was in was put out")
        self.assertEqual(report.failed, 0, report.errors)
        acted = [reason for reason in LIMITS if status["acted"][reason]]
        self.assertLessEqual(set(acted), set(may_act), status["acted"])
        self.assertEqual(status["acted"]["reclaimed"], 0)
        self.all_back(gate)

    def test_exempt(self):
        self.admitted("exempt", source={"exempt": [NAT]})

    def test_exempt_stay_when_strangers_hoard(self):
        """They say nothing for seconds while strangers wait for any slot: theirs are not called."""
        gate = self.start_gate(self.config(monitor={}, source={"exempt": [NAT]},
                                           **{"class": [APP_CLASS]}))
        crowd, inside = self.burst(gate, pause=7.0)
        self.assertEqual(inside, CLIENTS)
        strangers = Attackers("sit", gate.address, addresses(100), 100, 20).start()
        time.sleep(9)
        status, told = gate.status(), strangers.stop()
        time.sleep(3)
        still, counts = crowd.inside(), crowd.stop()
        self.figures("strangers hoard", f"{status['pressure']}; reclaimed "
                     f"{status['acted']['reclaimed']}; strangers {dict(told)}; {dict(counts)}")
        self.assertGreater(told["err_1040"], 0, "nobody else wanted a slot")
        self.assertEqual((still, counts["lost"]), (CLIENTS, 0))
        self.all_back(gate)

    def test_a_class(self):
        """How fast it connects is asked all the same; who is told so comes again."""
        self.admitted("a class", {"name": "office", "sources": [f"{NAT}/32"], "reserve": CLIENTS},
                      may_act=("connect_rate",))

    def test_neither_says_which_limit_acted(self):
        """`status` afterwards, and `explain` of the address while it lasts."""
        gate = self.start_gate(self.config(monitor={}, **{"class": [APP_CLASS]}))
        app = self.start_app(gate.address)
        told = set()
        crowd = Crowd(gate.address, [NAT], CLIENTS, user="many", pause=1.0).start()
        self.addCleanup(crowd.stop)
        until = time.monotonic() + 6
        while time.monotonic() < until:
            answer = Explained(gate, NAT, "many").told["connection"]
            told.add(answer["reason"])
            time.sleep(0.1)
        inside = crowd.inside()
        acted = {reason: n for reason, n in gate.status()["acted"].items() if n}
        counts, report = crowd.stop(), app.finish()
        self.figures("neither", f"{inside} in; acted {acted}; explained {told}; {dict(counts)}")
        self.assertLess(inside, CLIENTS)
        self.assertTrue(LIMITS & set(acted), acted)
        self.assertTrue(LIMITS & told, told)
        self.assertEqual(report.failed, 0, report.errors)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
