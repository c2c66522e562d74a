#!/usr/bin/python3
"""replay: a capture by tcpdump of sysbench and of an attack, put to candidates; and what learn makes
of so little."""
import gzip
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from gate import binary, to_toml

BENCH = "127.0.0.1"
ATTACKER = "127.20.1.1"
ATTACKS = 2000
SECONDS = 4
THREADS = 4


def headgate(*words):
    return subprocess.run([binary(), *map(str, words)], capture_output=True, text=True, timeout=120)


class Replay(scenario.Scenario):
    @classmethod
    def setUpClass(cls):
        for tool in ("tcpdump", "sysbench"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"{tool} is not installed")
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(dir="/tmp")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.capture = cls.folder / "day.pcap"
        cls.record()

    @classmethod
    def sysbench(cls, address, *words):
        done = subprocess.run(
            ["sysbench", "oltp_read_write", f"--mysql-host={address[0]}",
             f"--mysql-port={address[1]}", "--mysql-user=app", "--mysql-password=app-secret",
             "--mysql-db=shop", "--tables=1", "--table-size=500", f"--threads={THREADS}", *words],
            capture_output=True, text=True, timeout=100)
        if done.returncode:
            raise RuntimeError(done.stdout[-800:] + done.stderr[-800:])

    @staticmethod
    def two_at_once(address):
        """What sysbench's own statements, of less than a millisecond, may not have been."""
        def ask():
            with wire.Blocking(address) as client:
                client.login("app", "app-secret")
                client.query_value("SELECT SLEEP(0.3)")

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @staticmethod
    def attack(address):
        for _ in range(ATTACKS):
            with socket.create_connection(address, 10, (ATTACKER, 0)):
                pass

    @classmethod
    def record(cls):
        """Sysbench, and somebody who connects and leaves as fast as he can."""
        address = cls.db.address
        cls.sysbench(address, "prepare")
        words = ["tcpdump", "-i", "lo", "-s", "0", "-B", "32768", "-U", "-Z", "root", "-w",
                 str(cls.capture), f"tcp port {address[1]}"]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tcpdump:
            if not scenario.wait_for(cls.capture.exists, 10):
                tcpdump.kill()
                raise RuntimeError(tcpdump.stderr.read())
            time.sleep(0.5)
            attack = threading.Thread(target=cls.attack, args=(address,))
            attack.start()
            cls.sysbench(address, f"--time={SECONDS}", "--rate=40", "run")
            attack.join()
            cls.two_at_once(address)
            time.sleep(1.5)
            tcpdump.send_signal(signal.SIGINT)
        cls.sysbench(address, "cleanup")

    def candidate(self, name, **over):
        path = self.folder / f"{name}.toml"
        host, port = self.db.address
        config = scenario.merged({
            "gate": {"backend": ["192.0.2.10:3306"], "listen": [f"{host}:{port}"]},
            "slots": {"max_connections": 151}}, over)
        path.write_text(to_toml(config), "utf8")
        return path

    def replay(self, config, *words, protect=BENCH):
        return headgate("replay", "--config", config, "--protect", protect, *words, self.capture)

    def test_the_default_reports_the_attack_and_touches_nobody(self):
        done = self.replay(self.candidate("default"), "--json")
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        report = json.loads(done.stdout)
        self.figures("default", f"{report['traffic']}; " + ", ".join(
            f"{limit['reason']} {limit['acted']}" for limit in report["limits"]))
        self.assertEqual(report["touched"], 0)
        self.assertGreater(report["traffic"]["commands"], 500)
        self.assertLess(abs(report["traffic"]["connects"] - ATTACKS - THREADS), 20)
        rate = next(limit for limit in report["limits"] if limit["reason"] == "connect_rate")
        self.assertGreater(rate["acted"]["refused"], 50)
        refused = [s["source"] for s in report["sources"] if s["acted"]["refused"]]
        self.assertEqual(refused, [ATTACKER])

    def test_one_that_is_too_tight_is_named(self):
        config = self.candidate("tight", query={"running": 1, "wait": "1ms"})
        done = self.replay(config)
        self.assertEqual(done.returncode, 1, done.stdout[-2000:] + done.stderr)
        self.assertIn("The protected would be touched", done.stdout)
        self.assertIn("query.running", done.stdout)
        self.assertIn("tight.toml:", done.stdout)

    def test_a_user_is_protected_before_his_login(self):
        config = self.candidate("door", source={"connect_rate": "1/s burst 1"})
        done = self.replay(config, protect="user:app")
        self.assertEqual(done.returncode, 1, done.stdout[-2000:] + done.stderr)
        self.assertIn("user app, class default: [source] connect_rate", done.stdout)
        self.assertEqual(self.replay(config, protect="user:root").returncode, 2)

    def test_of_whom_nobody_saw_there_is_nothing_to_say(self):
        done = self.replay(self.candidate("typo"), protect="user:apq")
        self.assertEqual(done.returncode, 2, done.stdout[-2000:] + done.stderr)
        self.assertIn("Nobody who is protected was seen", done.stdout)
        self.assertIn("--protect user:apq: nobody", done.stdout)

    def test_standard_input_and_a_page_that_cannot_be_written(self):
        config = self.candidate("pipe")
        with self.capture.open("rb") as capture:
            done = subprocess.run(
                [binary(), "replay", "--config", str(config), "--protect", BENCH, "-"],
                stdin=capture, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        self.assertEqual(done.stdout.replace("against -", f"against {self.capture}"),
                         self.replay(config).stdout)
        done = self.replay(config, "--html", self.folder / "missing" / "page.html")
        self.assertEqual(done.returncode, 2)
        self.assertIn("page.html", done.stderr)

    def test_the_same_file_gives_the_same_report(self):
        config = self.candidate("same")
        first, page = self.replay(config, "--html", self.folder / "a.html"), self.folder / "a.html"
        packed = self.folder / "day.pcap.gz"
        with gzip.open(packed, "wb") as out:
            out.write(self.capture.read_bytes())
        again = self.replay(config, "--html", self.folder / "b.html")
        self.assertEqual(first.stdout, again.stdout)
        text = page.read_text("utf8")
        self.assertEqual(text, (self.folder / "b.html").read_text("utf8"))
        self.assertIn("<svg", text)
        self.assertNotIn("<script", text)
        self.assertNotIn("http:", text)
        self.assertNotIn("https:", text)
        third = headgate("replay", "--config", config, "--protect", BENCH, packed)
        self.assertEqual(third.stdout.replace("day.pcap.gz", "day.pcap"), first.stdout)

    def test_a_damaged_capture_is_read_as_far_as_it_is_good(self):
        cut = self.folder / "cut.pcap"
        cut.write_bytes(self.capture.read_bytes()[:200_001])
        done = headgate("replay", "--config", self.candidate("cut"), "--json", cut)
        self.assertEqual(done.returncode, 2)
        report = json.loads(done.stdout)
        self.assertIn("cut.pcap", report["error"])
        self.assertGreater(report["traffic"]["connects"], 0)

    def test_what_is_no_capture(self):
        config = self.candidate("none")
        for wrong in (self.folder / "missing.pcap", config, self.folder):
            done = headgate("replay", "--config", config, wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertIn(str(wrong), done.stderr)
            self.assertEqual(done.stdout, "")
        done = headgate("replay", "--config", config, "--protect", "10.0.0.1/8", self.capture)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--protect", done.stderr)

    def test_learn_says_that_this_is_too_little(self):
        proposal = self.folder / "proposal.toml"
        done = headgate("learn", "--config", self.candidate("base"), "--out", proposal, self.capture)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("Too little was seen", done.stdout)
        self.assertIn("user app from 127.0.0.0/16: it worked in too few minutes", done.stdout)
        self.assertNotIn("[[class]]", proposal.read_text("utf8"))
        self.assertEqual(headgate("check", proposal).returncode, 0)


if __name__ == "__main__":
    scenario.main()
