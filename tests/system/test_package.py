#!/usr/bin/python3
"""package: what `apt-get install` brings, before anybody has configured it, and what takes it away.

The fresh package hurts nobody: it starts nothing, and mysqld keeps its port.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import packing
import scenario
from packaged import CONFIG, DROP_INS, UNIT, Packaged
from private_mariadb import ROOT

OWNED = {  # owner, group and mode of what is not plain
    "/etc/headgate": "root headgate 750", CONFIG: "root headgate 640",
    "/etc/headgate/conf.d": "root headgate 750", "/usr/bin/headgate": "root root 755"}
SHIPPED = ("/usr/share/headgate/systemd/observer.conf", "/usr/share/headgate/systemd/firewall.conf",
           "/usr/share/headgate/presets/gateway.toml", "/usr/share/headgate/prometheus/alerts.yml",
           "/usr/share/doc/headgate/README.md", "/usr/share/doc/headgate/copyright",
           "/usr/share/bash-completion/completions/headgate",
           "/usr/share/zsh/vendor-completions/_headgate",
           "/usr/share/fish/vendor_completions.d/headgate.fish")

# As docs/guides/first-day.md has it: clients come to the server's own port until a gate is there.
EVERYWHERE = "[mariadbd]\nbind-address = 0.0.0.0\nproxy-protocol-networks = localhost\n"


class Built(unittest.TestCase):
    """What can be said of the file alone."""

    @classmethod
    def setUpClass(cls):
        if packing.why_not():
            raise unittest.SkipTest(packing.why_not())
        cls.deb = packing.package()

    def test_lintian_has_nothing_to_say(self):
        if not shutil.which("lintian"):
            self.skipTest("takes lintian")
        changes = next(self.deb.parent.glob("*.changes"))
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", changes],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")

    def test_the_same_twice(self):
        """From one binary, byte by byte."""
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(packing.binary()).parents[1]
            subprocess.run([ROOT / "debian/pack", build, f"{folder}/again"], check=True,
                           stdout=subprocess.DEVNULL)
            again = next(pathlib.Path(folder, "again").glob("headgate_*.deb"))
            self.assertEqual(again.read_bytes(), self.deb.read_bytes())

    def test_version_is_the_program_s(self):
        told = subprocess.run([packing.binary(), "--version"], capture_output=True, text=True,
                              check=True).stdout
        self.assertIn(packing.control(self.deb, "Version"), told)

    def test_build_depends_on_what_is_installed_for_a_build(self):
        """.ci/packages and debian/control name the same."""
        control = (ROOT / "debian/control").read_text(encoding="utf8")
        wanted = re.search(r"Build-Depends:\n((?: .*\n)+)", control)[1]
        names = set(re.findall(r"^ ([a-z0-9.+-]+)", wanted, re.M)) - {"debhelper-compat"}
        packages = (ROOT / ".ci/packages").read_text(encoding="utf8")
        build = set(re.search(r"\[build\]\n(.*?)\n\[", packages, re.S)[1].split("\n"))
        self.assertEqual(names - build, set())
        libraries = {name for name in build if name.startswith("lib") or name.endswith("-dev")}
        self.assertEqual(libraries - names, set())


class Fresh(Packaged):

    def test_owners_and_modes(self):
        for path, wanted in OWNED.items():
            self.assertEqual(self.m.run(f"stat -c '%U %G %a' {path}").strip(), wanted, path)
        odd = self.m.run("dpkg -L headgate | xargs -d '\\n' stat -c '%U %G %A %n' | grep -v ' /\\.$'")
        for line in odd.splitlines():
            owner, group, mode, path = line.split(" ", 3)
            if path not in OWNED and mode[0] != "l":
                self.assertEqual((owner, group), ("root", "root"), line)
                self.assertNotIn("w", mode[4:], line)
                self.assertNotIn("s", mode, line)

    def test_what_is_shipped(self):
        for path in SHIPPED:
            self.assertEqual(self.m.status(f"test -s {path}"), 0, path)
        for page in ("8 headgate", "5 headgate.toml"):
            self.assertIn("/usr/share/man/man", self.m.run(f"man -w {page}"))
        self.assertIn("HEADGATE.TOML(5)", self.m.run("man -P cat 5 headgate.toml | col -b | head -1"))
        self.assertIn("headgate", self.m.run(
            "bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader headgate;"
            " complete -p headgate'"))

    def test_links_of_the_pages_lead_somewhere(self):
        """But for those to sources, which no package has."""
        top = self.m.inside("/usr/share/doc/headgate")
        pages, seen = list(top.rglob("*.md")), 0
        self.assertGreater(len(pages), 20)
        for page in pages:
            for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf8")):
                if "://" in link or link.startswith("../../") or (
                        link.startswith("../") and page.parent == top):
                    continue
                target = self.m.inside(link) if link.startswith("/") else page.parent / link
                self.assertTrue(target.exists(), f"{page.relative_to(top)}: {link}")
                seen += 1
        self.assertGreater(seen, 100)

    def test_the_user_is_no_account_anybody_can_have(self):
        fields = self.m.run("getent passwd headgate").strip().split(":")
        self.assertLess(int(fields[2]), 1000)
        self.assertEqual(fields[6], "/usr/sbin/nologin")
        self.assertEqual(self.m.run("getent shadow headgate").split(":")[1][0], "!")

    def test_what_the_unit_may(self):
        """systemd's own judgement, of the unit alone, with each of its drop-ins, and with all."""
        self.assertLessEqual(self.exposure(), 1.5)
        self.addCleanup(self.m.run, f"rm -rf {DROP_INS} && systemctl daemon-reload")
        names = self.m.run("cd /usr/share/headgate/systemd && ls *.conf").split()
        self.assertGreaterEqual(len(names), 4)
        for some in [*([name] for name in names), names]:
            with self.subTest(some):
                self.m.run(f"rm -rf {DROP_INS}")
                for name in some:
                    self.drop_in(name)
                self.assertLessEqual(self.exposure(), 2.2)

    def exposure(self):
        self.assertEqual(self.m.run(f"systemd-analyze verify {UNIT}"), "")
        told = self.m.run(f"systemd-analyze security --no-pager {UNIT}")
        return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)[1])

    def test_nothing_is_started_and_the_server_keeps_its_port(self):
        self.assertEqual(self.m.run(f"systemctl is-enabled {UNIT}", check=False).strip(), "disabled")
        self.assertEqual(self.m.run(f"systemctl is-active {UNIT}", check=False).strip(), "inactive")
        self.assertRegex(self.m.run("ss -ltnp 'sport = :3306'"), r"127\.0\.0\.1:3306.*mariadbd")
        self.assertIn("running", self.m.run("systemctl is-system-running"))

    def test_started_before_it_is_configured_it_says_what_is_missing(self):
        self.assertNotEqual(self.m.status(f"systemctl start {UNIT}"), 0)
        said = self.m.run(f"journalctl -u {UNIT} -o cat --no-pager")
        self.assertIn(CONFIG, said)
        self.assertIn("gate.backend", said)
        self.assertEqual(self.m.run(f"systemctl show -P NRestarts {UNIT}").strip(), "0")
        self.assertEqual(self.m.run(f"systemctl is-active {UNIT}", check=False).strip(), "failed")
        self.m.run(f"systemctl reset-failed {UNIT}")

    def test_the_conffile_is_right_but_for_the_server(self):
        told = self.m.run("headgate check", check=False)
        errors = [line for line in told.splitlines() if line and "warning:" not in line]
        self.assertEqual(len(errors), 1, told)
        self.assertIn("gate.backend", errors[0])
        self.m.run(f"cp {CONFIG} /root/kept && sed -i 's/^#backend/backend/' {CONFIG}")
        self.addCleanup(self.m.run, f"cat /root/kept > {CONFIG}")
        self.assertEqual(self.m.status("headgate check"), 0, self.m.run("headgate check",
                                                                      check=False))


class Leaving(Packaged):
    """Remove, purge and install again."""
    installed = False

    def files(self):
        """All files with what is theirs, but for what changes by itself."""
        skipped = " -o ".join(f"-path {path}" for path in (
            "/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/var/log", "/var/cache",
            "/var/lib/mysql", "/var/lib/dpkg", "/var/lib/apt", "/var/lib/systemd", "/var/tmp"))
        return set(self.m.run(f"find / \\( {skipped} \\) -prune -o -printf '%p %M %u %g %l\\n'")
                   .splitlines())

    def ruleset(self):
        return self.m.run("nft list ruleset")

    def test_the_whole_life(self):
        self.m.run("nft add table inet other")
        before, ruleset = self.files(), self.ruleset()
        self.install()
        self.live()
        self.m.run(f"echo nonsense >> {CONFIG}")  # that has to be right for nothing of this
        self.m.run("apt-get remove -y headgate")
        self.port_is_free(ruleset)
        self.assertEqual(self.m.status(f"test -e {CONFIG}"), 0, "remove keeps the configuration")
        self.assertEqual(self.m.status("test -e /var/lib/headgate"), 0, "and the state")
        self.m.run("apt-get purge -y headgate")
        left = {line for line in self.files() ^ before
                if line.split()[0] not in ("/etc/passwd", "/etc/shadow", "/etc/group",
                                           "/etc/gshadow", "/etc/passwd-", "/etc/shadow-",
                                           "/etc/group-", "/etc/gshadow-", "/etc")}
        self.assertEqual({line.split()[0] for line in left}, {
            "/etc/mysql/mariadb.conf.d/60-headgate.cnf", "/etc/headgate",
            "/etc/headgate/monitor.password"}, "what the operator has made, and no more")
        self.assertEqual(self.m.status("getent passwd headgate"), 0, "the user stays")
        self.install()
        self.assertEqual(self.m.run(f"systemctl is-enabled {UNIT}", check=False).strip(), "disabled")
        self.live(server=False)

    def live(self, server=True):
        """Configured and started with its table in the kernel; the application is served."""
        if server:
            self.prepare_server()
        self.configure(firewall={"enforce": True, "keep_bans": True})
        self.drop_in("firewall.conf")
        self.m.run(f"systemctl enable --now {UNIT}")
        self.m.run(f"headgate ban {self.strangers[0]} 10m")
        self.assertTrue(scenario.wait_for(lambda: self.strangers[0] in self.ruleset(), 10))
        report = self.start_app(pool=2, rate=5).finish()
        self.assertEqual(report.failed, 0, report.errors)

    def port_is_free(self, ruleset):
        self.assertEqual(self.processes(), [])
        listening = self.m.run("ss -ltnp 'sport = :3306'")
        self.assertNotIn(self.m.address, listening)
        self.assertRegex(listening, r"127\.0\.0\.1:3306.*mariadbd")
        self.assertEqual(self.ruleset(), ruleset)
        self.assertEqual(self.m.run("mariadb -NBe 'SELECT 1'").strip(), "1")
        self.assertEqual(self.m.status(f"systemctl is-enabled {UNIT}"), 1)
        self.assertIn("running", self.m.run("systemctl is-system-running"))


class LeavingRedirected(Packaged):
    """Removed while a redirect that fails open leads to the gate."""

    def test_the_application_does_not_notice(self):
        before = self.m.run("nft list ruleset")
        self.prepare_server()
        self.m.write("/etc/mysql/mariadb.conf.d/60-headgate.cnf", EVERYWHERE)
        self.m.run("systemctl restart mariadb")
        self.configure(gate={"listen": ["0.0.0.0:3307"],
                             "backend": ["unix:/run/mysqld/mysqld.sock"]},
                       firewall={"enforce": True, "redirect": 3306, "fail": "open"})
        self.drop_in("firewall.conf")
        self.drop_in("fail-open.conf")
        self.m.run(f"systemctl enable --now {UNIT}")
        app = self.start_app(pool=0, rate=20)
        self.assertTrue(scenario.wait_for(lambda: self.gate_status()["accepted"] > 20, 10))
        self.m.run("apt-get remove -y headgate")
        self.assertEqual(self.m.run("nft list ruleset"), before)
        self.assertEqual(self.processes(), [])
        done = sum(app.progress())
        self.assertTrue(scenario.wait_for(lambda: sum(app.progress()) > done + 20, 10))
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)


if __name__ == "__main__":
    scenario.main()
