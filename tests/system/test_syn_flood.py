#!/usr/bin/python3
"""syn-flood: spoofed SYNs at the port. The level rises, the app is unharmed, nobody is banned."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import scenario

CALM_AFTER = 2


@scenario.needs_root()
class SynFlood(database_host.OnDatabaseHost):
    def flooded_gate(self):
        return self.gate_with(pressure={"calm_after": f"{CALM_AFTER}s"},
                              **{"pressure.elevated.when": {"syn_rate": "500/s"}})

    def test_spoofed_from_everywhere(self):
        gate = self.flooded_gate()
        app = self.app_of(gate)
        memory = gate.memory()
        levels, most, sources = set(), 0, 0.0
        with self.syn_flood(gate, 4000, 8, "--rand-source") as flood:
            rise = self.seconds_until(lambda: gate.status()["pressure"]["level"] != "calm", 5)
            while flood.poll() is None:
                status = gate.status()
                levels.add(status["pressure"]["level"])
                most = max(most, status["observer"]["last"]["syn"])
                sources = max(sources, status["observer"]["sources"])
        calm = self.seconds_until(lambda: gate.status()["pressure"]["level"] == "calm",
                                  CALM_AFTER + 20)
        report = app.finish()
        status = gate.status()
        self.figures("spoofed", f"{report.summary()}; level up after {rise and round(rise, 1)} s, "
                     f"calm again {calm and round(calm, 1)} s after the end; at most {most} SYNs "
                     f"a second seen, from {sources:.0f} sources, missed "
                     f"{status['observer']['dropped']}; kernel {status['observer']['kernel']}; "
                     f"gate +{(gate.memory() - memory) / scenario.MEBIBYTE:.1f} MiB")
        self.assertIsNotNone(rise, "the level did not rise within 5 s")
        self.assertIsNotNone(calm, "the level did not fall")
        self.assertNotIn("attack", levels, "SYNs can be spoofed")
        self.assertGreater(most, 1000)
        self.assertGreater(sources, 500)
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(report.pooled, 50)
        self.assertEqual(self.gate_bans(gate), set())
        self.assertEqual(self.kernel_bans(), set())
        self.assertLess(gate.memory() - memory, 32 * scenario.MEBIBYTE)

    def test_spoofed_as_the_app(self):
        """Half-open handshakes in the app's own name earn it nothing, and no ban."""
        gate = self.flooded_gate()
        app = self.app_of(gate)
        with self.syn_flood(gate, 2000, 5, "-a", database_host.netns.CLIENT) as flood:
            flood.wait()
        report = app.finish()
        self.figures("spoofed as the app", report.summary())
        self.assertEqual(report.failed, 0, report.errors)
        self.assertEqual(self.gate_bans(gate), set())
        self.assertEqual(self.kernel_bans(), set())


if __name__ == "__main__":
    scenario.main()
