#!/usr/bin/python3
"""[firewall] redirect on a database host: the server keeps its port, who comes from outside meets the
gate, and what becomes of them when the gate goes, by fail = "closed" and "open" and by the drop-in
systemd/fail-open.conf."""
import pathlib
import shlex
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import database_host
import netns
import scenario
import slow_nft
from gate import Gate, binary
from private_mariadb import ROOT

# One login on its own line of business: says who the server sees it as, then answers each line of its
# input with a statement's result, until that ends.
TALK = '''
import sys, pymysql
host, port, source, user = sys.argv[1], int(sys.argv[2]), sys.argv[3] or None, sys.argv[4]
try:
    c = pymysql.connect(host=host, port=port, user=user, password=user + "-secret", bind_address=source,
                        connect_timeout=4, read_timeout=8)
    cursor = c.cursor()
    cursor.execute("SELECT HOST FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()")
    print("in", cursor.fetchone()[0].rsplit(":", 1)[0], flush=True)
    for line in sys.stdin:
        cursor.execute(line)
        print(cursor.fetchone()[0], flush=True)
except pymysql.Error as error:
    print("out", error.args, flush=True)
'''
DROP_IN = ROOT / "systemd" / "fail-open.conf"


class Talk:
    """A client's connection, from the namespace `where`; `.first` is what became of its login."""

    def __init__(self, where, address, source=None, user="app"):
        words = ["ip", "netns", "exec", where, "/usr/bin/python3", "-c", TALK, address[0],
                 str(address[1]), source or "", user]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.first = self.process.stdout.readline().strip()

    def ask(self, statement):
        try:
            self.process.stdin.write(statement + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return "gone"
        return self.process.stdout.readline().strip()

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.process.wait()


class OnRedirect(database_host.OnDatabaseHost):
    """The server on every address of its host, clients on its port, the gate on another."""

    def setUp(self):
        self.server = (database_host.HOST, self.db.address[1])
        self.addCleanup(self.nft, "flush", "ruleset")  # the last of all: the gate is gone then

    def gate_with(self, **over):
        over["firewall"] = {"redirect": self.server[1], **over.get("firewall", {})}
        gate = super().gate_with(**over)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["firewall"]["redirects"], 5),
                        gate.status()["firewall"])
        return gate

    def talk(self, source=netns.CLIENT, where=None, user="app"):
        talk = Talk(where or self.hosts.client, self.server, source, user)
        self.addCleanup(talk.end)
        return talk

    def path(self, gate=None):
        """How a new client of the server's port fares: "gate", "direct" or "refused"."""
        before = gate.status()["accepted"] if gate else 0
        talk = self.talk()
        try:
            if talk.first.startswith("out"):
                # Nobody listens; or a gate that drains answers.
                self.assertRegex(talk.first, "2003|1053")
                return "refused"
            self.assertEqual(talk.first, f"in {netns.CLIENT}")
            through = gate is not None and gate.status()["accepted"] > before
            return "gate" if through else "direct"
        finally:
            talk.end()

    def stop_post(self):
        """What systemd runs after the service has ended, however it ended."""
        line = next(l for l in DROP_IN.read_text().splitlines() if l.startswith("ExecStopPost="))
        words = shlex.split(line.split("=", 1)[1].lstrip("+"))
        self.assertEqual(words[0], "/usr/bin/headgate")
        began = time.monotonic()
        said = netns.inside(self.hosts.gate, binary(), *words[1:])
        self.figures("ExecStopPost", f"{1000 * (time.monotonic() - began):.0f} ms: {said.strip()}")
        return said

    def drained(self, gate):
        """The gate was told to end, and its sessions have."""
        self.assertEqual(gate.process.wait(15), 0, gate.text())
        gate.process = None
        gate.stop()

    def ruleset(self):
        return self.nft("list", "ruleset")


@scenario.needs_root()
class Redirect(OnRedirect):
    def test_through_the_gate_and_past_it(self):
        """From outside through the gate, with its limits; from the host itself straight."""
        gate = self.gate_with()
        self.assertEqual(self.path(gate), "gate")
        before = gate.status()["accepted"]
        for source in ("127.0.0.1", database_host.HOST):
            local = self.talk(source=source, where=self.hosts.gate)
            self.assertTrue(local.first.startswith("in "), local.first)
            local.end()
        self.assertEqual(gate.status()["accepted"], before, "a local client came to the gate")
        self.assertEqual(gate.status()["observer"]["bypass"], 0)
        self.assertIn("redirect on", gate.cli("status")[1])

    def test_a_ban_binds_on_the_redirected_port(self):
        gate = self.gate_with()
        self.assertEqual(self.path(gate), "gate")
        self.assertEqual(gate.request("POST", "/ban", {"address": netns.CLIENT, "for": "1m"})[0], 200)
        self.assertTrue(scenario.wait_for(lambda: self.kernel_bans() == {netns.CLIENT}, 5))
        self.assertEqual(self.path(gate), "refused")
        self.assertTrue(scenario.wait_for(
            lambda: gate.status()["firewall"]["dropped_packets"] > 0, 5), "the kernel let it through")
        self.assertEqual(gate.request("POST", "/unban", {"address": netns.CLIENT})[0], 200)
        self.assertTrue(scenario.wait_for(lambda: not self.kernel_bans(), 5))
        self.assertEqual(self.path(gate), "gate")

    def test_a_reload_cuts_nobody(self):
        gate = self.gate_with()
        talk = self.talk()
        self.assertEqual(talk.ask("SELECT 1"), "1")
        for never in (["10.1.0.0/16"], []):
            self.reload(gate, source={"never_ban": never}, firewall={"redirect": self.server[1]})
            self.assertTrue(scenario.wait_for(lambda n=never: ("10.1.0.0" in self.ruleset()) == bool(n), 5))
            self.assertEqual(talk.ask("SELECT 2"), "2")
        self.assertEqual(self.path(gate), "gate")

    def test_flushed(self):
        """Repaired; meanwhile who comes goes past the gate."""
        gate = self.gate_with(firewall={"reconcile": "4s"})
        self.nft("flush", "ruleset")
        self.assertEqual(self.path(gate), "direct")
        self.assertTrue(scenario.wait_for(lambda: "redirect to" in self.ruleset(), 10))
        self.assertEqual(self.path(gate), "gate")
        self.assertEqual(gate.status()["firewall"]["drift"]["table_lost"], 1)

    def test_a_redirect_that_is_missing_is_seen(self):
        """Nothing leads to the gate: who comes to the server's port goes past it."""
        # Somebody else has a table of that name: the gate leaves it alone, and has no redirect.
        self.nft("add", "table", "inet", "headgate")
        self.nft("add", "chain", "inet", "headgate", "theirs")
        gate = self.start_gate(self.config_with(firewall={"redirect": self.server[1]}),
                               host=database_host.HOST, netns=self.hosts.gate)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["firewall"]["failing"], 5))
        self.assertEqual(self.path(gate), "direct")
        self.assertTrue(scenario.wait_for(lambda: gate.status()["observer"]["bypass"] == 1, 5),
                        gate.status()["observer"])
        self.assertFalse(gate.status()["firewall"]["redirects"])

    # A start with an nft that is slow, or hangs.

    def start_with(self, nft_takes):
        gate = Gate(self.config_with(firewall={"redirect": self.server[1]}), host=database_host.HOST,
                    netns=self.hosts.gate)
        gate.start(launcher=slow_nft.launcher(gate.folder, nft_takes))
        self.addCleanup(self._end_gate, gate)
        return gate

    def test_up_means_that_clients_are_led_here(self):
        gate = self.start_with(nft_takes=0.7)
        self.assertTrue(gate.status()["firewall"]["redirects"], gate.text())
        self.assertEqual(self.path(gate), "gate")

    def test_up_without_an_nft_that_answers(self):
        gate = self.start_with(nft_takes=60)
        self.assertFalse(gate.status()["firewall"]["redirects"])
        self.assertEqual(self.path(gate), "direct")


@scenario.needs_root()
class Stopped(OnRedirect):
    def test_closed(self):
        gate = self.gate_with()
        talk = self.talk()
        gate.process.terminate()
        self.assertTrue(scenario.wait_for(lambda: self.path() == "refused", 8, 0.2))
        self.assertEqual(talk.ask("SELECT 1"), "1", "who was in stays for the time of the drain")
        talk.end()
        self.drained(gate)
        self.assertEqual(self.path(), "refused")
        again = self.gate_with()
        self.assertEqual(self.path(again), "gate")

    def test_open(self):
        """Nobody is refused: who is in stays with the gate to the end, who is new goes past it."""
        untouched = self.ruleset()
        gate = self.gate_with(firewall={"fail": "open"})
        self.assertEqual(self.path(gate), "gate")
        # First: it is forked, and would keep the other's input open.
        app = self.start_app(self.server, source=netns.CLIENT, netns=self.hosts.client, pool=0)
        talk = self.talk()
        gate.process.terminate()
        self.assertTrue(scenario.wait_for(lambda: "led to the server" in gate.text(), 10), gate.text())
        self.assertEqual(self.path(), "direct")
        self.assertEqual(talk.ask("SELECT 1"), "1")
        self.assertIsNone(gate.process.poll(), "it was to drain yet")
        talk.end()
        self.drained(gate)
        self.assertEqual(self.path(), "direct")
        self.assertEqual(self.ruleset(), untouched)
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(report.opened, 5)
        again = self.gate_with(firewall={"fail": "open"})
        self.assertEqual(self.path(again), "gate")

    def test_open_keeps_the_bans_that_are_to_be_kept(self):
        gate = self.gate_with(firewall={"fail": "open", "keep_bans": True})
        self.assertEqual(gate.request("POST", "/ban", {"address": "10.99.3.7", "for": "1h"})[0], 200)
        self.assertTrue(scenario.wait_for(lambda: self.kernel_bans() == {"10.99.3.7"}, 5))
        gate.stop()
        self.assertEqual(self.kernel_bans(), {"10.99.3.7"})
        self.assertEqual(self.path(), "direct")
        again = self.gate_with(firewall={"keep_bans": True})
        self.assertEqual(self.gate_bans(again), {"10.99.3.7"})
        self.assertEqual(self.path(again), "gate")

    def test_fail_changes_by_reload(self):
        gate = self.gate_with()
        answer = self.reload(gate, firewall={"redirect": self.server[1], "fail": "open"})
        self.assertTrue(any("firewall.fail" in line for line in answer["changed"]), answer)
        self.assertEqual(answer["need_restart"], [])
        gate.stop()
        self.assertEqual(self.path(), "direct")


@scenario.needs_root()
class Killed(OnRedirect):
    def test_killed(self):
        """kill -9: closed, until what systemd runs then opens; the next start closes again."""
        gate = self.gate_with(firewall={"keep_bans": True})
        self.assertEqual(gate.request("POST", "/ban", {"address": "10.99.3.7", "for": "1h"})[0], 200)
        self.assertTrue(scenario.wait_for(lambda: self.kernel_bans() == {"10.99.3.7"}, 5))
        gate.kill()
        self.assertEqual(self.path(), "refused")
        self.assertIn("opened: table inet headgate", self.stop_post())
        self.assertEqual(self.path(), "direct")
        self.assertEqual(self.kernel_bans(), {"10.99.3.7"}, "bans were to stay")
        self.assertIn("nothing to open", self.stop_post())
        again = self.gate_with(firewall={"keep_bans": True})
        self.assertEqual(self.path(again), "gate")
        self.assertEqual(self.gate_bans(again), {"10.99.3.7"})

    def test_a_broken_configuration_opens_all_the_same(self):
        gate = self.gate_with()
        gate.kill()
        gate.file.write_text("[firewall\nredirect =\n")
        code, _, said = gate.cli("firewall", "remove", "--config", str(gate.file), socket_path=False)
        self.assertEqual(code, 2, said)
        self.assertIn("opened", self.stop_post())
        self.assertEqual(self.path(), "direct")
        netns.inside(self.hosts.gate, binary(), "firewall", "remove", "--table", "headgate")
        self.assertEqual(self.ruleset(), "")

    def test_others_tables_are_let_be(self):
        """What is not headgate's stays, whatever it is called; the ruleset is as it was in the end."""
        theirs = ("table inet headgate_x { chain redirect_clients { type nat hook prerouting priority"
                  " -90; tcp dport 1 redirect to :2; }; }\ntable ip nat { chain p { type nat hook"
                  " prerouting priority -110; tcp dport 9 redirect to :10; }; }\n")
        netns.inside(self.hosts.gate, "nft", "-f", "-", input=theirs)
        before = self.ruleset()
        gate = self.gate_with()
        gate.kill()
        self.stop_post()
        self.assertEqual(self.path(), "direct")
        netns.inside(self.hosts.gate, binary(), "firewall", "remove", "--config", str(gate.file))
        self.assertEqual(self.ruleset(), before)


if __name__ == "__main__":
    scenario.main()
