#!/usr/bin/python3
"""Every file of `wrong` and `accepted` through the real `headgate check`: all that it prints.

NAME.toml is checked in its folder, NAME/headgate.toml with the conf.d beside it in NAME. What it
prints stands in NAME.expected, to the letter; where there is only that, the file is made here.
`wrong` has what is refused, `accepted` what is not, with its warnings and notes.

Usage: wrong_config_test.py BINARY SOURCE_DIR
"""
import datetime
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY, SOURCE = sys.argv[1:3]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
import certificates  # noqa: E402

NOBODY = 65534
DESCRIPTORS = 8192
FINE = '[gate]\nbackend = ["192.0.2.10:3306"]\n\n[slots]\nmax_connections = 151\n'


def make_wrong(folder):
    """What cannot lie in a repository, or is too large for one."""
    (folder / "directory.toml").mkdir()
    os.mkfifo(folder / "fifo.toml")
    (folder / "huge.toml").write_text(FINE + "#" * (1 << 20))
    (folder / "unreadable.toml").write_text(FINE)
    (folder / "unreadable.toml").chmod(0)
    (folder / "link_to_nothing.toml").symlink_to("nothing.toml")
    (folder / "link_to_itself.toml").symlink_to("link_to_itself.toml")
    (folder / "device.toml").symlink_to("/dev/zero")
    for name in ("conf_d_odd_files", "conf_d_is_a_file", "conf_d_unreadable", "conf_d_many",
                 "conf_d_large"):
        (folder / name).mkdir()
        (folder / name / "headgate.toml").write_text(FINE)
    odd = folder / "conf_d_odd_files/conf.d"
    odd.mkdir()
    (odd / "10-directory.toml").mkdir()
    os.mkfifo(odd / "20-fifo.toml")
    (odd / "30-huge.toml").write_text("#" * ((1 << 20) + 1))
    (odd / "40-unreadable.toml").write_text("")
    (odd / "40-unreadable.toml").chmod(0)
    (odd / "50-link.toml").symlink_to("nothing")
    (odd / "60-binary.toml").write_bytes(bytes(range(256)))
    (odd / "70-\x1b[31m.toml").write_text("[slots]\nkeep_free = -1\n")
    (folder / "conf_d_is_a_file/conf.d").write_text("")
    (folder / "conf_d_unreadable/conf.d").mkdir()
    (folder / "conf_d_unreadable/conf.d").chmod(0)
    for name, count, size in (("conf_d_many", 65, 0), ("conf_d_large", 5, 1 << 20)):
        (folder / name / "conf.d").mkdir()
        for i in range(count):
            (folder / name / "conf.d" / f"{i:02}.toml").write_text("#" * size)


def make_certificates(folder):
    with certificates.Authority() as authority:
        for name, days in (("own", 30), ("other", 30), ("expired", -1), ("soon", 3)):
            pair = authority.issue(name, days=days)
            shutil.copy(pair.certificate, folder / f"{name}.pem")
            shutil.copy(pair.key, folder / f"{name}.key")
            (folder / f"{name}.key").chmod(0o644)
    certificates.openssl("genrsa", "-out", folder / "rsa.key", 2048)
    (folder / "rsa.key").chmod(0o644)
    certificates.openssl("ec", "-in", folder / "own.key", "-aes128", "-passout", "pass:secret",
                         "-out", folder / "locked.key")
    (folder / "locked.key").chmod(0o644)
    shutil.copy(folder / "own.key", folder / "unreadable.key")
    (folder / "unreadable.key").chmod(0)


def dated(text):
    """`{-1 days}` is yesterday's date."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return re.sub(r"\{([+-]\d+) days\}",
                  lambda found: str(today + datetime.timedelta(days=int(found[1]))), text)


def line_of(problem):
    """As the text has it, of an element of --json."""
    where = problem["file"]
    if problem["line"]:
        where += f":{problem['line']}:{problem['column']}"
    severity = "" if problem["severity"] == "error" else problem["severity"] + ": "
    key = problem["key"] + ": " if problem["key"] else ""
    return f"{where}: {severity}{key}{problem['message']}"


class WrongConfigs(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="headgate-wrong-"))
        cls.dir.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        # Where whoever is not root can run it.
        cls.binary = shutil.copy(BINARY, cls.dir / "headgate")
        for kind in ("wrong", "accepted"):
            shutil.copytree(pathlib.Path(SOURCE, "tests/guard", kind), cls.dir / kind)
            make_certificates(cls.dir / kind)
        make_wrong(cls.dir / "wrong")

    def check(self, kind, name, *options):
        folder, file = self.dir / kind, f"{name}.toml"
        if (folder / name).is_dir():
            folder, file = folder / name, "headgate.toml"

        def bounded():
            hard = min(DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        # Root may read everything.
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run([self.binary, "check", *options, file], cwd=folder, timeout=30,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              preexec_fn=bounded, **who)
        self.assertEqual(done.stderr, b"")
        return done.returncode, done.stdout.decode("utf8")

    def every(self, kind, status):
        names = sorted(path.stem for path in (self.dir / kind).glob("*.expected"))
        for name in names:
            with self.subTest(kind=kind, name=name):
                expected = dated((self.dir / kind / f"{name}.expected").read_text("utf8"))
                self.assertEqual(self.check(kind, name), (status, expected))
                self.as_json(kind, name, status, expected)
        return names

    def as_json(self, kind, name, status, expected):
        returned, text = self.check(kind, name, "--json")
        answer = json.loads(text)
        lines = [line_of(problem) for problem in answer["problems"] + answer["notes"]]
        told = [line for line in expected.splitlines() if not line.endswith(".toml: ok")]
        self.assertEqual((returned, answer["ok"], lines), (status, status == 0, told))

    def test_what_is_wrong_is_refused(self):
        names = self.every("wrong", 2)
        self.assertGreaterEqual(len(names), 70)

    def test_what_is_odd_is_accepted_and_told(self):
        self.every("accepted", 0)

    def test_every_file_has_its_expectation(self):
        for kind in ("wrong", "accepted"):
            folder = pathlib.Path(SOURCE, "tests/guard", kind)
            given = {p.stem for p in folder.iterdir() if p.suffix != ".expected"}
            self.assertEqual(given - {p.stem for p in folder.glob("*.expected")}, set())

    def test_a_file_that_is_not_there(self):
        self.assertEqual(self.check("wrong", "missing"),
                         (2, "missing.toml: No such file or directory\n"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
