#!/usr/bin/python3
"""The units of systemd/: systemd understands every line of them, and how much they expose is
bounded. Usage: units_test.py BINARY SOURCE_DIR"""
import itertools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ANALYZE = shutil.which("systemd-analyze")
BINARY, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
UNITS = SOURCE / "systemd"
DROP_INS = ("observer.conf", "firewall.conf", "transparent.conf", "fail-open.conf")
BASE, WITH_DROP_INS = 15, 22  # tenths, as --threshold= has it


@unittest.skipUnless(ANALYZE, "needs systemd-analyze")
class Units(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-units-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def copy(self, name, drop_ins=()):
        """The unit as installed, but for the program's place and pages that are not there yet."""
        text = self.placed(name)
        unit = self.folder / name
        unit.write_text(re.sub(r"(?m)^Documentation=.*\n", "", text))
        folder = self.folder / f"{name}.d"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for each in drop_ins:
            (folder / each).write_text(self.placed(each))
        return unit

    def placed(self, name):
        return (UNITS / name).read_text().replace("/usr/bin/headgate", str(BINARY))

    def analyze(self, *words):
        return subprocess.run([ANALYZE, *words], capture_output=True, text=True, timeout=60)

    def test_every_line_is_understood(self):
        # The exit status is 0 for a key that nobody knows.
        for drop_ins in ((), DROP_INS):
            unit = self.copy("headgate.service", drop_ins)
            done = self.analyze("verify", "--man=no", str(unit))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.copy("headgate.service")
        done = self.analyze("verify", "--man=no", str(self.copy("headgate.socket")))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_line_that_is_not_understood_is_noticed(self):
        unit = self.copy("headgate.service")
        unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdgSec="))
        self.assertIn("WatchdgSec", self.analyze("verify", "--man=no", str(unit)).stderr)

    def exposure(self, drop_ins, threshold):
        unit = self.copy("headgate.service", drop_ins)
        done = self.analyze("security", "--offline=true", f"--threshold={threshold}", str(unit))
        overall = re.search(r"Overall exposure level.*: ([0-9.]+)", done.stdout)
        self.assertTrue(overall, done.stdout + done.stderr)
        figure = overall.group(1)
        print(f"exposure with {', '.join(drop_ins) or 'no drop-in'}: {figure}")
        self.assertEqual(done.returncode, 0, f"{figure} with {drop_ins}")
        self.assertLessEqual(float(figure) * 10, threshold)

    def test_exposure(self):
        self.exposure((), BASE)
        for count in range(1, len(DROP_INS) + 1):
            for drop_ins in itertools.combinations(DROP_INS, count):
                self.exposure(drop_ins, WITH_DROP_INS)

    def test_the_base_has_no_capability(self):
        text = (UNITS / "headgate.service").read_text()
        self.assertRegex(text, r"(?m)^CapabilityBoundingSet=$")
        self.assertRegex(text, r"(?m)^AmbientCapabilities=$")
        self.assertRegex(text, r"(?m)^User=headgate$")

    def test_the_gate_is_told_what_is_kept(self):
        text = (UNITS / "headgate.service").read_text()
        kept = re.search(r"(?m)^FileDescriptorStoreMax=(\d+)$", text).group(1)
        self.assertIn(f"\nEnvironment=FDSTORE={kept}\n", text)

    def test_the_user_and_the_folders(self):
        for kind, tool in (("sysusers.d", "systemd-sysusers"), ("tmpfiles.d", "systemd-tmpfiles")):
            root = self.folder / "root"
            (root / "etc").mkdir(parents=True, exist_ok=True)
            # Made from it in a root of its own: what is wrong with a line is told.
            words = [tool, f"--root={root}", str(UNITS / kind / "headgate.conf")]
            if tool == "systemd-tmpfiles":
                words.insert(1, "--create")
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("headgate:", (self.folder / "root/etc/passwd").read_text())
        self.assertTrue((self.folder / "root/etc/headgate/conf.d").is_dir())


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False, verbosity=2)
    skipped = program.result.skipped and not program.result.testsRun - len(program.result.skipped)
    sys.exit(77 if skipped else not program.result.wasSuccessful())
