#!/usr/bin/python3
"""transparent: with [gate] transparent the server sees who the client really is, by TPROXY and
without PROXY headers; what `headgate firewall print` says is what it takes."""
import json
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import grants
import netns
import scenario
import transparent
from gate import binary
from grants import HOSTS

# A client of the server's address that tells it, as a router would, that its packets are too long.
TOO_LONG = '''
import socket, struct, sys
server, port = sys.argv[1], int(sys.argv[2])
with socket.create_connection((server, port), 10) as client:
    client.recv(100)
    here, from_port = client.getsockname()
    quoted = struct.pack("!BBHHHBBH4s4sHHI", 0x45, 0, 1500, 0, 0x4000, 64, 6, 0,
                         socket.inet_aton(server), socket.inet_aton(here), port, from_port, 0)
    message = struct.pack("!BBHHH", 3, 4, 0, 0, 1400) + quoted
    total = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total & 0xffff) + (total >> 16)
    message = message[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + message[4:]
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.sendto(message, (server, 0))
'''

LOST = "10.98.0.7"  # of the client's host; the server has no way back to it
NET_ADMIN, NET_RAW = 1 << 12, 1 << 13


@scenario.needs_root()
class Transparent(transparent.OnRoutedHosts):
    # Clients call the gate's own address.

    def test_grants_hold(self):
        for backend, side, account in ((0, netns.GATE_CLIENT_SIDE, netns.CLIENT),
                                       (1, HOSTS.GATE_CLIENT_SIDE6, HOSTS.CLIENT6)):
            with self.subTest(account):
                gate = self.transparent_gate(backend)
                self.load(gate)
                target = (side, gate.port)
                self.assertEqual(self.seen(target), (f"peer@{account}", account))
                hosts = self.login(target, ["SELECT HOST FROM information_schema.PROCESSLIST"
                                            " WHERE ID = CONNECTION_ID()"])["answers"]
                self.assertTrue(hosts[0][0].startswith(account), hosts)
                self.all_back(gate)
                gate.stop()

    def test_another_address_is_refused_by_the_server(self):
        gate = self.transparent_gate()
        self.load(gate)
        refused = self.login(gate.address, source=grants.STRANGER)
        self.assertIn(refused.get("code"), grants.DENIED, refused)
        self.assertIn(grants.STRANGER, refused["text"])
        self.figures("refused", refused["text"])
        self.assertEqual(self.seen(gate.address, user="app", password="app-secret",
                                   source=grants.STRANGER), ("app@%", grants.STRANGER))
        self.all_back(gate)

    def test_limits_see_the_source(self):
        gate = self.transparent_gate()
        self.load(gate)
        self.limits_see_the_source(gate, gate.address)
        self.all_back(gate)

    # Clients call the server's address.

    def test_the_servers_own_address(self):
        """Led here by TPROXY; and nobody gets past a gate that is down, though this host routes."""
        for backend, server, account in ((0, netns.DB, netns.CLIENT),
                                         (1, HOSTS.DB6, HOSTS.CLIENT6)):
            with self.subTest(account):
                target = (server, self.db.port)
                self.unload()
                gate = self.transparent_gate(backend)
                self.lead_answers_back(gate)
                self.assertEqual(self.seen(target), (f"peer@{account}", account))
                self.assertEqual(gate.status()["accepted"], 0, "it was to come past the gate")
                self.load(gate)
                self.assertEqual(self.seen(target), (f"peer@{account}", account))
                self.assertEqual(gate.status()["accepted"], 1)
                self.all_back(gate)
                gate.stop()
                began = time.monotonic()
                refused = self.login(target)
                self.assertEqual(refused.get("code"), 2003, refused)
                self.assertLess(time.monotonic() - began, 8, "no prompt answer")

    def test_limits_see_the_source_by_the_servers_address(self):
        gate = self.transparent_gate()
        self.load(gate)
        self.limits_see_the_source(gate, (netns.DB, self.db.port))
        self.all_back(gate)

    def test_errors_of_routers_are_the_gates(self):
        gate = self.transparent_gate()
        self.load(gate)
        target = (netns.DB, str(self.db.port))
        self.assertEqual(self.packets("errors"), 0)
        netns.inside(self.hosts.client, "/usr/bin/python3", "-c", TOO_LONG, *target)
        self.assertTrue(scenario.wait_for(lambda: self.packets("errors") == 1, 5))
        self.all_back(gate)

    def packets(self, name):
        listing = json.loads(netns.inside(self.hosts.gate, "nft", "-j", "list", "ruleset"))
        for item in listing["nftables"]:
            rule = item.get("rule", {})
            if rule.get("comment", "").startswith(name + " "):
                return next(e["counter"]["packets"] for e in rule["expr"] if "counter" in e)
        raise AssertionError(f"no rule {name}")

    # Sessions end as they do elsewhere.

    def session(self, target, sql, **who):
        process = subprocess.Popen(self.words_of(target, [sql], **who), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def running(self, marker):
        return [i for i, _ in self.db.running(marker)]

    def test_who_goes_away_is_killed(self):
        gate = self.transparent_gate(monitor={})
        self.load(gate)
        client = self.session(gate.address, "SELECT SLEEP(60), 'left'")
        self.assertTrue(scenario.wait_for(lambda: self.running("'left'"), 10))
        client.send_signal(signal.SIGKILL)
        self.assertTrue(scenario.wait_for(lambda: not self.running("'left'"), 10), "still running")
        self.all_back(gate)

    def test_kill(self):
        gate = self.transparent_gate()
        self.load(gate)
        target = self.session(gate.address, "SELECT SLEEP(60), CONNECTION_ID(), 'killed'")
        self.assertTrue(scenario.wait_for(lambda: self.running("'killed'"), 10))
        mine = self.db.query("SELECT ID, HOST FROM information_schema.PROCESSLIST"
                             " WHERE INFO LIKE %s AND COMMAND = 'Query'", "%'killed'")
        self.assertTrue(mine[0][1].startswith(netns.CLIENT), mine)
        self.db.query(f"KILL {mine[0][0]}")
        out = target.communicate(timeout=10)[0]
        self.assertIn("code", json.loads(out))
        self.all_back(gate)

    def test_drain(self):
        """By the server's address: no listener is left for tproxy, and the session goes on."""
        gate = self.transparent_gate(gate={"drain": "10s"})
        self.load(gate)
        client = self.session((netns.DB, self.db.port), "SELECT SLEEP(2), 'drained'")
        self.assertTrue(scenario.wait_for(lambda: self.running("'drained'"), 10))
        gate.stop()
        self.assertIn("answers", json.loads(client.communicate(timeout=10)[0]))
        self.assertTrue(scenario.wait_for(lambda: not self.db.sessions(), 5), self.db.sessions())

    # What goes wrong for some harms nobody else.

    def test_a_source_without_a_way_back_opens_no_breaker(self):
        gate = self.transparent_gate(login={"deadline": "1s"})
        self.load(gate)
        ready = time.monotonic()
        # Nobody else comes meanwhile: a login that works would end the row of failures.
        for _ in range(4):
            came = self.login(gate.address, user="app", password="app-secret", source=LOST)
            self.assertEqual(came.get("code"), 1105, came)
        self.up_since(gate, ready)
        self.assertEqual(self.seen(gate.address), (f"peer@{netns.CLIENT}", netns.CLIENT))
        lines = [line for line in gate.text().splitlines() if LOST in line]
        self.assertEqual(len(lines), 1, gate.text())
        self.assertIn("do not come back through this host", lines[0])
        self.assertNotIn("down", gate.text())
        self.figures("lost", lines[0])
        self.all_back(gate)

    def up_since(self, gate, when):
        """It is up, and has been all the time: a breaker may have opened for a moment only."""
        elapsed = time.monotonic() - when
        backend = gate.status()["backends"][0]
        self.assertTrue(backend["up"], backend)
        self.assertGreaterEqual(backend["for_s"], int(elapsed))  # whole seconds

    def test_another_family_opens_no_breaker(self):
        gate = self.transparent_gate()
        self.assertIn("has no IPv6 address", gate.text())  # said by the check
        self.load(gate)
        ready = time.monotonic()
        for _ in range(12):
            came = self.login((HOSTS.GATE_CLIENT_SIDE6, gate.port))
            self.assertEqual(came.get("code"), 1105, came)
        self.up_since(gate, ready)
        self.assertEqual(gate.count("backend_unreachable"), 12)
        self.assertEqual(gate.text().count("from the client's address"), 1, gate.text())
        self.assertNotIn("down", gate.text())
        self.assertEqual(self.seen(gate.address), (f"peer@{netns.CLIENT}", netns.CLIENT))
        self.all_back(gate)

    def test_a_server_that_is_gone_opens_it(self):
        """The gate's own try tells, as no client's connect does."""
        gate = self.transparent_gate()
        self.load(gate)
        self.db.end_process()
        self.addCleanup(lambda: self.db.process or self.db.start())
        self.assertEqual(self.login(gate.address).get("code"), 1105)
        up = lambda: gate.status()["backend"]["up"]
        self.assertTrue(scenario.wait_for(lambda: not up(), 5), gate.status()["backend"])
        self.db.start()
        self.assertTrue(scenario.wait_for(up, 10), gate.status()["backend"])
        self.assertEqual(self.seen(gate.address), (f"peer@{netns.CLIENT}", netns.CLIENT))

    def test_a_client_on_the_gates_host(self):
        """Nobody elsewhere could answer 127.0.0.1: it is the gate's host to the server."""
        gate = self.transparent_gate()
        self.load(gate)
        came = self.login(("127.0.0.1", gate.port), user="app", password="app-secret",
                          host=self.hosts.gate)
        self.assertEqual(came["answers"][0][1], f"app@{netns.GATE_DB_SIDE}", came)

    # The start.

    def test_a_start_says_what_is_missing(self):
        self.unload()
        gate = self.transparent_gate()
        self.lead_answers_back(gate)
        said = [line for line in gate.text().splitlines() if "NOBODY GETS THROUGH" in line]
        self.assertEqual(len(said), 2, gate.text())
        commands = said[0].split("As root: ")[1].split(" (")[0].split("; ")
        self.assertIn("code", self.login(gate.address))
        for command in commands:
            netns.inside(self.hosts.gate, *command.split())
        netns.inside(self.hosts.gate, binary(), "firewall", "apply", "--config", str(gate.file))
        self.assertEqual(self.seen(gate.address), (f"peer@{netns.CLIENT}", netns.CLIENT))
        again = self.start_gate(self.again(gate), host=gate.host, netns=self.hosts.gate,
                                port=gate.port)
        self.assertNotIn("NOBODY", again.text())
        self.assertNotIn("not as this configuration has it", again.text())

    def again(self, gate):
        gate.stop()
        return self.config(gate={"backend": self.backends()[:1],
                                 "listen": [f"0.0.0.0:{gate.port}", f"[::]:{gate.port}"]},
                           source={"connect_rate": "30/s burst 40"})

    def test_the_firewall_keeps_its_rules(self):
        gate = self.transparent_gate(firewall={"enforce": True, "reconcile": "1s"})
        self.load(gate)
        see = lambda: self.seen(gate.address) == (f"peer@{netns.CLIENT}", netns.CLIENT)
        self.assertTrue(see())
        netns.inside(self.hosts.gate, "nft", "flush", "ruleset")
        rules = lambda: "answers" in netns.inside(self.hosts.gate, "nft", "list", "ruleset")
        self.assertTrue(scenario.wait_for(rules, 10), "not repaired")
        self.assertTrue(see())
        gate.request("POST", "/ban", {"address": netns.CLIENT, "for": "10m"})
        banned = lambda: netns.CLIENT in netns.inside(self.hosts.gate, "nft", "list", "ruleset")
        self.assertTrue(scenario.wait_for(banned, 5))
        before = gate.status()["accepted"]
        self.assertEqual(self.login((netns.DB, self.db.port)).get("code"), 2003)
        self.assertEqual(gate.status()["accepted"], before, "the kernel let it come")
        gate.stop()
        self.assertTrue(rules(), "the way past the gate is open")

    def capabilities(self, pid):
        sets = {}
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("Cap"):
                name, value = line.split(":")
                sets[name] = int(value, 16)
        return sets

    def test_what_is_left_of_root(self):
        for enforce in (False, True):
            gate = self.transparent_gate(firewall={"enforce": enforce})
            held = NET_ADMIN if enforce else NET_RAW
            inherited = NET_ADMIN if enforce else 0
            for task in pathlib.Path(f"/proc/{gate.pid()}/task").iterdir():
                sets = self.capabilities(f"{gate.pid()}/task/{task.name}")
                self.assertEqual((sets["CapPrm"], sets["CapEff"]), (held, held))
                self.assertEqual((sets["CapInh"], sets["CapAmb"]), (inherited, inherited))
            gate.stop()

    def as_nobody(self, gate, *capability):
        return subprocess.Popen(
            ["ip", "netns", "exec", self.hosts.gate, "setpriv", "--reuid=nobody",
             "--regid=nogroup", "--clear-groups", *capability, binary(), "run", "--config",
             str(gate.file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_without_the_right_it_does_not_start(self):
        gate = self.transparent_gate(start=False)
        self.addCleanup(gate.stop, quiet=True)
        with self.as_nobody(gate, "--bounding-set=-all") as process:
            out = process.communicate(timeout=20)[0]
        self.assertEqual(process.returncode, 1, out)
        self.assertIn("AmbientCapabilities=CAP_NET_RAW", out)

    def test_the_one_right_is_enough(self):
        gate = self.transparent_gate(start=False)
        self.addCleanup(gate.stop, quiet=True)
        self.load(gate)
        with self.as_nobody(gate, "--inh-caps=+net_raw", "--ambient-caps=+net_raw") as process:
            try:
                up = scenario.wait_for(lambda: self.login(gate.address).get("answers"), 10, 0.2)
                sets = self.capabilities(process.pid)
            finally:
                process.terminate()
                out = process.communicate(timeout=20)[0]
        self.assertTrue(up, out)
        self.assertEqual((sets["CapPrm"], sets["CapAmb"]), (NET_RAW, 0))


if __name__ == "__main__":
    scenario.main()
