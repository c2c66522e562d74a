#!/usr/bin/python3
"""The command line through the real binary: check, help, exit statuses, run and its refusals.

Usage: cli_test.py BINARY SOURCE_DIR
"""
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

from cli_testing import BINARY, SOURCE, Files, Gates, headgate


class Check(Files):
    def test_smallest_file(self):
        done = headgate("check", self.file('[gate]\nbackend = ["192.0.2.10:3306"]\n'))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("ok", done.stdout)

    def test_sample_file_has_no_error(self):
        done = headgate("check", f"{SOURCE}/docs/headgate.sample.toml")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_problem_at_once(self):
        path = self.file('[gate]\nbackend = ["127.0.0.1:3307"]\ntls = "yes"\n[pendin]\nmax = 1\n')
        done = headgate("check", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{path}:2:1: gate.backend: ", done.stdout)
        self.assertIn(f"{path}:3:7: gate.tls: ", done.stdout)
        self.assertIn(f"{path}:4:2: pendin: there is no such table; did you mean pending?",
                      done.stdout)

    def test_json(self):
        done = headgate("check", "--json", self.file("[gate]\nlisten = 5\n"))
        self.assertEqual(done.returncode, 2)
        answer = json.loads(done.stdout)
        self.assertFalse(answer["ok"])
        keys = [(p["key"], p["line"], p["severity"]) for p in answer["problems"]]
        self.assertIn(("gate.listen", 2, "error"), keys)

    def test_missing_file(self):
        done = headgate("check", str(self.dir / "none.toml"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("No such file", done.stdout)

    def test_several_backends(self):
        path = self.file('[gate]\nbackend = ["192.0.2.10:3306", "192.0.2.11:3306"]\n'
                         'failover = "sticky"\n')
        done = headgate("check", path)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("does not fence", done.stdout)


class Usage(Files):
    def test_help_teaches(self):
        done = headgate("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("run", "check", "diff", "conf.d", "status", "bans", "unban", "reload", "version", "digests", "explain",
                     "headgate ban 203.0.113.7 10m", "headgate top", "headgate sources", "headgate sessions",
                     "Exit status"):
            self.assertIn(word, done.stdout)
        self.assertIn("/run/headgate/admin.sock", headgate("status", "--help").stdout)

    def test_digests_help_names_the_columns(self):
        text = headgate("digests", "--help").stdout
        for word in ("--limit", "--sort", "--class", "p99", "no index"):
            self.assertIn(word, text)

    def test_wrong_usage(self):
        for args in (["status", "--instances", "3"], ["status", "--pools", "--instances", "0"],
                     ["status", "--pools", "--waiting"], ["status", "--limit", "5"],
                     ["backend", "use"], ["backend", "nonsense"], ["digests", "--sort", "x"], ["digests", "--limit", "0"],
                     ["digests", "--class", "a b"], ["explain"],
                     ["explain", "192.0.2.1", "a", "b"], [], ["nonsense"], ["ban"], ["status", "--nonsense"], ["unban"]):
            self.assertEqual(headgate(*args).returncode, 2, args)

    def test_version(self):
        self.assertRegex(headgate("version").stdout, r"^headgate \d+\.\d+\.\d+\n$")
        self.assertIn("version", json.loads(headgate("version", "--json").stdout))

    def test_nobody_there(self):
        for args in (["status"], ["status", "--pools"], ["status", "--waiting"], ["backend"],
                     ["backend", "use", "x"], ["bans"], ["reload"], ["digests"], ["ban", "192.0.2.1"], ["unban", "all"]):
            done = headgate(*args, "--socket", str(self.dir / "none.sock"))
            self.assertEqual(done.returncode, 1, args)
            self.assertIn("none.sock", done.stderr)
        # 1 is the answer "refused", so nobody there is something else.
        done = headgate("explain", "192.0.2.1", "--socket", str(self.dir / "none.sock"))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("none.sock", done.stderr)
        done = headgate("status", "--json", "--socket", str(self.dir / "none.sock"))
        self.assertIn("error", json.loads(done.stdout))


class Run(Gates):
    def test_whole_life(self):
        path = self.config()
        gate = self.start(path)
        self.assertIn(f"listening on 127.0.0.1:{self.port}", self.log())
        status = json.loads(self.ask("status", "--json").stdout)
        self.assertEqual(status["slots"]["capacity"], 15)
        self.assertIn("slots", self.ask("status").stdout)
        self.digests_of_nothing()
        self.explain_a_source()
        self.ban_and_unban()
        self.reload_good_and_bad(path, gate)
        gate.send_signal(signal.SIGTERM)
        self.assertEqual(gate.wait(timeout=10), 0, self.log())
        self.assertFalse(os.path.exists(self.socket))
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", self.port)), 0)

    def digests_of_nothing(self):
        self.assertEqual(self.ask("digests").stdout, "no statement has been seen\n")
        done = self.ask("digests", "--json", "--limit", "3", "--sort", "p99", "--class", "default")
        self.assertEqual(json.loads(done.stdout), {"digests": [], "total": 0, "sort": "p99"})
        status = json.loads(self.ask("status", "--json").stdout)
        self.assertEqual(status["digests"], {"now": 0, "max": 4096})
        self.assertFalse(status["monitor"]["up"])

    def explain_a_source(self):
        """The backend is not there: everybody is refused at the login."""
        done = self.ask("explain", "203.0.113.7", "shop", "--database", "a b")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(done.stdout.startswith("next connection: refused: backend_unreachable\n"),
                        done.stdout)
        self.assertIn("next query:      passes\n", done.stdout)
        self.assertRegex(done.stdout, r"slots.max_connections +0  20 = 15 +headgate.toml:\d+\n")
        self.assertNotIn("\x1b", done.stdout)
        told = json.loads(self.ask("explain", "203.0.113.7", "shop", "--json").stdout)
        self.assertEqual((told["source"], told["user"]), ("203.0.113.7", "shop"))
        rows = {row["key"]: row for row in told["rows"]}
        self.assertEqual(rows["pending.max"]["where"], "default")
        self.assertIn(f"{self.dir}/headgate.toml:", rows["slots.max_connections"]["where"])
        for wrong in ("nobody", "203.0.113.0/24", "", "203.0.113.7:3306"):
            done = self.ask("explain", wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)
            self.assertIn("is no address", done.stderr)
        self.ask("ban", "203.0.113.7", "10m")
        done = self.ask("explain", "203.0.113.7")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.startswith("next connection: refused: banned\n"), done.stdout)
        self.ask("unban", "203.0.113.7")

    def ban_and_unban(self):
        self.assertEqual(self.ask("ban", "203.0.113.7", "10m").returncode, 0)
        bans = json.loads(self.ask("bans", "--json").stdout)["bans"]
        self.assertEqual([b["source"] for b in bans], ["203.0.113.7"])
        self.assertTrue(590 <= bans[0]["remaining_s"] <= 600)
        self.assertIn("203.0.113.7", self.ask("bans").stdout)
        self.assertEqual(self.ask("ban", "not-an-address").returncode, 2)
        self.assertEqual(self.ask("unban", "203.0.113.8").returncode, 1)
        self.assertEqual(self.ask("unban", "203.0.113.7").returncode, 0)
        self.assertIn("nobody", self.ask("bans").stdout)

    def reload_good_and_bad(self, path, gate):
        text = pathlib.Path(path).read_text()
        rule = '[[rule]]\nname = "no sleep"\ntrait = "sleep"\naction = "refuse"\n'
        pathlib.Path(path).write_text(text.replace("= 20", "= 30") + rule)
        done = self.ask("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("rule no sleep: new, the last", done.stdout)
        self.assertIn('rule         "no sleep": acted 0', self.ask("status").stdout)
        self.assertIn("slots.max_connections: 20 -> 30", done.stdout)
        pathlib.Path(path).write_text(text.replace("= 20", "= nonsense"))
        self.assertEqual(self.ask("reload").returncode, 2)
        pathlib.Path(path).write_text(text.replace("= 20", "= -1").replace("drain", "drian"))
        done = self.ask("reload")
        self.assertEqual(done.returncode, 2)
        self.assertIn("slots.max_connections: -1 is outside", done.stderr)
        self.assertIn("did you mean gate.drain?", done.stderr)
        status = json.loads(self.ask("status", "--json").stdout)
        self.assertEqual(status["slots"]["capacity"], 25)
        self.assertEqual(status["reloads"], {"done": 1, "refused": 2, "last": "refused"})
        pathlib.Path(path).write_text(text.replace("= 20", "= 40"))
        gate.send_signal(signal.SIGHUP)
        for _ in range(100):
            if json.loads(self.ask("status", "--json").stdout)["reloads"]["done"] == 2:
                break
            time.sleep(0.05)
        status = json.loads(self.ask("status", "--json").stdout)
        self.assertEqual(status["slots"]["capacity"], 35)

    def test_state_outlives_it(self):
        path = self.config()
        self.end(self.start(path))
        first = json.loads(self.state.read_text())
        self.assertEqual(first["version"], 1)
        self.assertEqual(self.state.stat().st_mode & 0o777, 0o600)
        if os.geteuid() == 0:
            self.assertEqual(self.state.stat().st_uid, pwd.getpwnam("nobody").pw_uid)
        gate = self.start(path)
        status = json.loads(self.ask("status", "--json").stdout)["state"]
        self.assertEqual((status["path"], status["error"]), (str(self.state), ""))
        self.end(gate)
        self.assertEqual(json.loads(self.state.read_text())["keys"], first["keys"])
        self.assertIn("pairs and 0 bans as they were", self.log())

    def test_bad_state_is_put_aside(self):
        path = self.config()
        self.state.write_text('{"version":1,')
        self.state.chmod(0o666)
        self.end(self.start(path))
        self.assertEqual(self.log().count("[known_good] state:"), 1, self.log())
        self.assertIn("cannot be understood", self.log())
        self.assertEqual((self.dir / "run/state.bad").read_text(), '{"version":1,')
        self.assertEqual(json.loads(self.state.read_text())["version"], 1)

    def test_no_place_for_state_is_one_warning(self):
        path = self.config()
        text = pathlib.Path(path).read_text().replace(str(self.state), "/proc/none/state")
        pathlib.Path(path).write_text(text)
        gate = self.start(path)
        self.assertEqual(self.log().count("[known_good] state:"), 1, self.log())
        self.assertIn("nothing is kept across restarts: cannot make /proc/none", self.log())
        self.assertEqual(json.loads(self.ask("status", "--json").stdout)["state"]["path"], "")
        self.end(gate)

    def test_backends_pools_and_waiting(self):
        gate = self.start(self.config())
        answer = json.loads(self.ask("backend", "--json").stdout)
        self.assertEqual([b["name"] for b in answer["backends"]], ["127.0.0.1:1"])
        self.assertEqual(answer["failover"], "off")
        self.assertIn("* 127.0.0.1:1", self.ask("backend").stdout)
        self.assertEqual(self.ask("backend", "use", "127.0.0.1:2").returncode, 1)
        self.assertIn("there is no backend", self.ask("backend", "use", "127.0.0.1:2").stderr)
        pools = json.loads(self.ask("status", "--pools", "--instances", "3", "--json").stdout)
        self.assertEqual((pools["instances"], pools["classes"][0]["name"]), (3, "default"))
        self.assertIn("default: may use", self.ask("status", "--pools").stdout)
        self.assertEqual(self.ask("status", "--waiting").stdout, "nobody waits\n")
        rows = json.loads(self.ask("status", "--waiting", "--limit", "5", "--json").stdout)
        self.assertEqual(rows, {"waiting": [], "total": 0})
        self.assertIn("pressure     calm", self.ask("status").stdout)
        self.end(gate)

    def test_port_taken_is_said_plainly(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            done = headgate("run", "--config", self.config(listen=holder.getsockname()[1]))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"127.0.0.1:{self.port}", done.stderr)
        self.assertIn("in use", done.stderr)

    def test_bad_config_is_two(self):
        done = headgate("run", "--config", self.file("[gate]\n"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("gate.backend", done.stderr)

    def test_admin_socket_that_cannot_be_made(self):
        path = self.config()
        text = pathlib.Path(path).read_text().replace(self.socket, "/proc/none/admin.sock")
        pathlib.Path(path).write_text(text)
        done = headgate("run", "--config", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("[admin] socket", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to drop it")
    def test_started_as_root_it_becomes_the_user(self):
        gate = self.start(self.config())
        status = pathlib.Path(f"/proc/{gate.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        uid = pwd.getpwnam("nobody").pw_uid
        self.assertEqual(set(fields["Uid"].split()), {str(uid)})
        self.assertNotIn("0", fields["Gid"].split() + fields["Groups"].split())
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(fields[name], 16), 0, name)
        self.assertEqual(fields["NoNewPrivs"].strip(), "1")
        # Every thread: both are a thread's own.
        for thread in pathlib.Path(f"/proc/{gate.pid}/task").iterdir():
            text = (thread / "status").read_text()
            self.assertIn("NoNewPrivs:\t1", text)
            self.assertIn("CapEff:\t0000000000000000", text)
            self.assertIn(f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}", text)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be refused it")
    def test_root_is_refused_as_the_user(self):
        path = self.config()
        text = pathlib.Path(path).read_text().replace('"nobody"', '"root"')
        pathlib.Path(path).write_text(text)
        done = headgate("run", "--config", path)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("does not run as root", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody")
    def test_unknown_user_becomes_nobody(self):
        path = self.config()
        text = pathlib.Path(path).read_text().replace('"nobody"', '"no-such-user"')
        pathlib.Path(path).write_text(text)
        self.start(path)
        self.assertIn("running as nobody", self.log())

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody")
    def test_ordinary_user_runs_it(self):
        # The binary may lie where only root looks.
        binary = self.dir / "headgate"
        shutil.copy(BINARY, binary)
        path = self.config()
        self.dir.chmod(0o755)
        gate = self.start(path, str(binary), user="nobody", group="nogroup", extra_groups=[])
        self.assertEqual(self.ask("status").returncode, 0)
        gate.send_signal(signal.SIGINT)
        self.assertEqual(gate.wait(timeout=10), 0, self.log())


class Written(Files):
    def test_an_answer_that_cannot_be_written_is_no_success(self):
        good = self.file('[gate]\nbackend = ["192.0.2.10:3306"]\n')
        for args in (["version"], ["man", "5"], ["completion", "bash"], ["check", good],
                     ["firewall", "print", "--config", good]):
            with open("/dev/full", "w", encoding="utf8") as full:
                done = subprocess.run([BINARY, *args], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=60, check=False)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn("cannot write the answer", done.stderr, args)

    def test_what_is_read_is_not_written_over(self):
        """A slip in the order of names: the configuration, or a record of days, was gone."""
        good = self.file('[gate]\nbackend = ["192.0.2.10:3306"]\n')
        link = f"{good}.link"
        os.symlink(good, link)
        self.addCleanup(os.unlink, link)
        before = pathlib.Path(good).read_text(encoding="utf8")
        for args in (["replay", "--config", good, good, "--html", link],
                     ["learn", "--config", good, "--out", good, "nothing.trace"]):
            done = headgate(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn("name another file", done.stdout + done.stderr, args)
        self.assertEqual(pathlib.Path(good).read_text(encoding="utf8"), before)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
