#!/usr/bin/python3
"""What operators do to a running gate: watched files, a group that may ask, curl, drain."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from gate import Gate, binary
from statements import Asker

GROUP = "games"  # there on every Debian, and nobody of ours is in it
LOOKS = ("status", "sources", "sessions", "bans", "digests", "backends", "waiting", "config", "wire",
         "pools")


class Watch(scenario.Scenario):

    def reloads(self, gate):
        return gate.status()["reloads"]

    def comes_to(self, gate, **wanted):
        self.assertTrue(scenario.wait_for(
            lambda: wanted.items() <= self.reloads(gate).items(), 8), self.reloads(gate))

    def test_a_changed_file_is_read(self):
        gate = self.start_gate(self.config(admin={"watch": True}))
        good = gate.file.read_text(encoding="utf8")
        gate.file.write_text(good.replace("[source]", "[waiting]\nmax = 77\n[source]"))
        self.comes_to(gate, done=1, refused=0)
        self.assertEqual(gate.status()["waiting"]["max"], 77)
        # Half a file is refused, and nothing is lost by it.
        gate.file.write_text(good + "[waiting]\nmax =")
        self.comes_to(gate, done=1, refused=1)
        self.assertEqual(gate.status()["waiting"]["max"], 77)
        self.assertIn("headgate.toml:", gate.text())
        # A file that takes its place, as editors do it; and one in conf.d.
        new = gate.folder / "new"
        new.write_text(good)
        new.chmod(0o644)
        new.replace(gate.file)
        self.comes_to(gate, done=2)
        drop_ins = gate.folder / "conf.d"
        drop_ins.mkdir()
        (drop_ins / "50-more.toml").write_text("[waiting]\nmax = 55\n")
        self.comes_to(gate, done=3)
        self.assertEqual(gate.status()["waiting"]["max"], 55)
        # The last one it takes by itself.
        gate.file.write_text(good.replace("watch = true", "watch = false"))
        self.comes_to(gate, done=4)
        gate.file.write_text(good)
        self.assertFalse(scenario.wait_for(lambda: self.reloads(gate)["done"] > 4, 3))
        self.assertEqual(gate.cli("reload")[0], 0)

    def test_unasked_it_is_not(self):
        gate = self.start_gate()
        good = gate.file.read_text(encoding="utf8")
        gate.file.write_text(good.replace("[source]", "[waiting]\nmax = 77\n[source]"))
        self.assertFalse(scenario.wait_for(lambda: self.reloads(gate)["done"], 3))


class Admin(scenario.Scenario):

    def asked_as(self, gate, user, group, groups):
        """(exit status, output) of `headgate status --json`."""
        done = subprocess.run([binary(), "status", "--json", "--socket", gate.socket],
                              capture_output=True, text=True, timeout=20, check=False,
                              user=user, group=group, extra_groups=groups, cwd="/")
        return done.returncode, done.stdout + done.stderr

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_who_may_ask(self):
        gate = self.start_gate(self.config(admin={"group": GROUP}))
        self.assertEqual(pathlib.Path(gate.socket).group(), GROUP)
        self.assertEqual(self.asked_as(gate, "daemon", GROUP, [])[0], 0)
        self.assertEqual(self.asked_as(gate, "daemon", "daemon", [GROUP])[0], 0)
        status, text = self.asked_as(gate, "daemon", "daemon", [])
        self.assertEqual(status, 1)
        self.assertIn("permission denied", text)

    def test_a_group_that_there_is_not(self):
        gate = self.start_gate(self.config(admin={"group": "no-such-group"}))
        self.assertIn('[admin] group: there is no group "no-such-group" here', gate.text())
        self.assertEqual(gate.status()["mode"], "enforce")

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_what_a_reload_could_not_read_is_told_at_the_start(self):
        for secret in ("10-secret.toml", "."):
            gate = Gate(self.config())
            self.addCleanup(gate.stop)
            drop_ins = gate.folder / "conf.d"
            drop_ins.mkdir()
            (drop_ins / "10-secret.toml").write_text("")
            (drop_ins / secret).chmod(0o700)
            (drop_ins / "10-secret.toml").chmod(0o600)
            gate.start()
            name = drop_ins / secret
            self.assertIn(f"{name}: cannot be read: Permission denied: the user nobody cannot",
                          gate.text())
            code, answer = gate.request("POST", "/reload")
            self.assertEqual(code, 422, answer)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_a_group_the_gate_is_no_member_of(self):
        gate = Gate(self.config(admin={"group": GROUP}))
        self.addCleanup(gate.stop)
        process = subprocess.Popen([binary(), "run", "--config", str(gate.file)], cwd="/",
                                   stderr=subprocess.PIPE, text=True, user="daemon",
                                   group="daemon", extra_groups=[])
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.kill)
        log = ""
        for line in process.stderr:
            log += line
            if "is up, pid" in line:
                break
        self.assertIn("is up, pid", log)
        self.assertIn("SupplementaryGroups=" + GROUP, log)
        self.assertEqual(self.asked_as(gate, "daemon", "daemon", [])[0], 0)

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_curl_is_enough(self):
        gate = self.start_gate()

        def curl(*words):
            done = subprocess.run(["curl", "-sS", "-i", "--max-time", "5", "--unix-socket",
                                   gate.socket, *words], capture_output=True, check=True)
            head, _, body = done.stdout.decode().partition("\r\n\r\n")
            return head.split("\r\n")[0], body
        for page in LOOKS:
            line, body = curl(f"http://headgate/{page}")
            self.assertEqual(line, "HTTP/1.1 200 OK", page)
            json.loads(body)
        line, body = curl("-d", '{"address":"203.0.113.5"}', "http://headgate/ban")
        self.assertEqual(json.loads(body)["banned"], "203.0.113.5")
        line, _ = curl("http://headgate/ban")
        self.assertIn("405", line)
        line, _ = curl("http://headgate/nothing")
        self.assertIn("404", line)

    def test_drain_lets_work_finish(self):
        gate = self.start_gate()
        with Asker(gate.address) as client:
            status, out, err = gate.cli("drain")
            self.assertEqual((status, err), (0, ""))
            self.assertIn("draining for at most 10s", out)
            self.assertTrue(scenario.wait_for(lambda: self.closed(gate), 3), "still accepts")
            self.assertEqual(client.query_value("SELECT 'still here'"), "still here")
            self.assertEqual(gate.cli("drain")[0], 0, "once more is no second signal")
            self.assertEqual(client.query_value("SELECT 'still here'"), "still here")
            self.assertTrue(gate.status()["draining"])
        self.assertEqual(gate.process.wait(10), 0)
        gate.process = None

    @staticmethod
    def closed(gate):
        try:
            socket.create_connection(gate.address, 1).close()
        except ConnectionRefusedError:
            return True
        return False


if __name__ == "__main__":
    scenario.main()
