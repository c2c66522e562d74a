#!/usr/bin/python3
"""lb-without-proxy: all clients behind one address that names nobody. The gate cannot know, so it
says aloud what it suspects, and what follows; limits by user hold in any case."""
import contextlib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire

BALANCER = "127.44.1.1"
USERS = [f"tenant{i}" for i in range(5)]
ROUND = 10  # seconds, of the engine
REMEDIES = ("proxy_from_clients", "exempt", "[[class]]")


class LbWithoutProxy(scenario.Scenario):
    max_connections = 80

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in USERS:
            cls.db.query(f"CREATE USER {user}@'%' IDENTIFIED BY '{user}-secret'")

    def warnings(self, gate):
        return [line for line in gate.log.read_text().splitlines() if "many clients stand" in line]

    def suspected(self, gate):
        return gate.status()["shared_address"]

    @contextlib.contextmanager
    def sessions(self, gate, count, users, source=BALANCER):
        """So many logged-in clients of one address."""
        with contextlib.ExitStack() as stack:
            for i in range(count):
                client = stack.enter_context(wire.Blocking(gate.address, source))
                client.login(users[i % len(users)], f"{users[i % len(users)]}-secret")
            yield

    def expect_warning(self, gate, what, seconds=3 * ROUND):
        self.assertTrue(scenario.wait_for(lambda: self.suspected(gate), seconds), "no suspicion")
        found = self.suspected(gate)
        self.assertEqual(found["source"], BALANCER)
        self.assertTrue(scenario.wait_for(lambda: self.warnings(gate), 5), gate.text())
        line = self.warnings(gate)[0]
        self.figures(what, line)
        self.assertIn(BALANCER, line)
        for remedy in REMEDIES:
            self.assertIn(remedy, line)
        self.assertIn("WARNING", gate.cli("status")[1])

    def test_most_sessions_of_several_users(self):
        gate = self.start_gate(self.config())
        with self.sessions(gate, 40, USERS):
            self.expect_warning(gate, "sessions")
            time.sleep(ROUND + 2)
            self.assertEqual(len(self.warnings(gate)), 1, "once an hour")
            # The remedy is taken: nothing more to warn of.
            gate.write(self.config(source={"exempt": [BALANCER]}))
            self.assertEqual(gate.request("POST", "/reload")[0], 200)
            self.assertTrue(scenario.wait_for(lambda: not self.suspected(gate), ROUND + 5))
        self.all_back(gate)

    def test_all_connects_and_refused(self):
        gate = self.start_gate(self.config(source={"connect_rate": "5/s burst 20"}))
        until = time.monotonic() + 4 * ROUND
        refused = 0
        while time.monotonic() < until and not self.suspected(gate):
            for _ in range(50):
                with wire.Blocking(gate.address, BALANCER) as client:
                    with contextlib.suppress(wire.ServerError, EOFError, ConnectionError):
                        client.greeting()
                        continue
                    refused += 1
            time.sleep(0.5)
        self.assertGreater(refused, 20)
        self.expect_warning(gate, "refused", 1)

    def test_an_application_with_its_chores_is_nobody_to_warn_of(self):
        gate = self.start_gate(self.config())
        with self.sessions(gate, 40, USERS[:3]):
            time.sleep(2 * ROUND + 2)
            self.assertIsNone(self.suspected(gate))
        self.assertEqual(self.warnings(gate), [])
        self.all_back(gate)

    def test_limits_by_user_hold(self):
        """Once the address has no limits of its own: one tenant's many are still that tenant's."""
        greedy = {"name": "greedy", "users": [USERS[0]], "max": 5}
        gate = self.start_gate(self.config(source={"exempt": [BALANCER]},
                                           waiting={"queue": "300ms"}, **{"class": [greedy]}))
        with self.sessions(gate, 5, USERS[:1]):
            with wire.Blocking(gate.address, BALANCER) as sixth:
                with self.assertRaises(wire.ServerError):
                    sixth.login(USERS[0], f"{USERS[0]}-secret")
            with self.sessions(gate, 20, USERS[1:]):
                pass
        self.assertEqual(gate.count("waiting_deadline"), 1)
        self.all_back(gate)

    def test_limits_by_prefix_hold(self):
        """And while it is not exempt its /24 is limited as a whole."""
        gate = self.start_gate(self.config(source={"connections": "off", "prefix_connections": 30}))
        with contextlib.ExitStack() as stack:
            refused = 0
            for i in range(70):
                source = f"127.44.1.{1 + i % 2}"
                client = stack.enter_context(wire.Blocking(gate.address, source))
                try:
                    user = USERS[i % len(USERS)]
                    client.login(user, f"{user}-secret")
                except wire.ServerError:
                    refused += 1
            with wire.Blocking(gate.address, "127.45.1.1") as elsewhere:
                elsewhere.login(USERS[0], f"{USERS[0]}-secret")
        self.figures("prefix", f"{refused} of 70 refused while room is scarce")
        self.assertGreater(refused, 0)
        self.assertEqual(gate.count("prefix_connections"), refused)
        self.all_back(gate)


if __name__ == "__main__":
    scenario.main()
