#!/usr/bin/python3
"""bad-password: guessing is delayed and locked by (source, user); hosts and neighbours go on."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import Attackers, addresses, addresses_in
from explained import Explained
from scenario import APP_SOURCE

TRUST = {"minutes": 1}


class BadPassword(scenario.Scenario):

    def test_control(self):
        bare = self.bare("bad-password", addresses(120), 150)
        self.assertGreater(bare.counts["err_1045"], 500)

    def attack(self, name, sources, workers, seconds=5, **options):
        gate = self.start_gate(self.config(known_good=TRUST))
        aborted = self.db.status("Aborted_connects")
        outcome = self.under(gate, "bad-password", sources, workers, seconds, **options)
        outcome.status["tried"] = self.db.status("Aborted_connects") - aborted
        self.hold(f"{name}, {outcome.status['tried']} reached the server", gate, outcome, slots=16)
        return outcome

    def test_many_sources(self):
        outcome = self.attack("from 120", addresses(120), 150, seconds=6)
        self.assertLess(outcome.status["tried"], 120 * 12, "12 tries a pair are enough to lock it")
        self.assertGreater(outcome.counts["opened"], outcome.status["tried"])

    def test_from_one_is_locked(self):
        outcome = self.attack("from 1", addresses(1), 20, seconds=8)
        self.assertLess(outcome.status["tried"], 40)
        self.assertGreater(outcome.status["acted"]["pair_locked"], 0)
        self.assertGreaterEqual(outcome.status["locked_pairs"], 1)

    def tried(self, gate, source, password):
        """The error's code, or None: it is in."""
        with wire.Blocking(gate.address, source) as client:
            try:
                client.login("app", password, "shop")
            except wire.ServerError as error:
                return error.code
        return None

    def test_the_lock_grows(self):
        """Each lock is longer than all of the one before, and nobody else is locked by it."""
        gate = self.start_gate(self.config(login={"failures": "1/m burst 2", "lock": "3s"}))
        guesser, neighbour, left = "127.0.0.77", "127.0.0.78", []
        for _ in range(3):
            while not gate.status()["locked_pairs"]:
                self.assertEqual(self.tried(gate, guesser, "wrong"), 1045)
            lock = Explained(gate, guesser, "app").rows["login.lock"]
            self.assertEqual(lock["state"], "binds")
            left.append(lock["left_s"])
            self.assertNotIn(self.tried(gate, guesser, "app-secret"), (None, 1045))
            self.assertIsNone(self.tried(gate, neighbour, "app-secret"))
            self.assertTrue(scenario.wait_for(
                lambda: len(left) == 3 or not gate.status()["locked_pairs"], 20))
        self.figures("locks", f"{left} s left when asked")
        self.assertLessEqual(left[0], 3)
        self.assertGreater(left[1], 3)
        self.assertGreater(left[2], 6)
        self.all_back(gate)

    def test_many_users(self):
        users = ["app", "weak", "many", "root", "admin"] + [f"user{i}" for i in range(200)]
        outcome = self.attack("many users from 5", addresses(5), 50, users=users)
        self.assertLess(outcome.status["tried"], 200 * 6)

    def test_neighbours_of_the_app(self):
        self.attack("from the app's /24", addresses_in("127.0.0", 50), 50)

    def cron(self, user):
        """A job on the app's own host that has kept an old password: 2 tries a second."""
        gate = self.start_gate(self.config(known_good=TRUST))
        outcome = self.under(gate, "bad-password", [APP_SOURCE], 1, seconds=10, pause=0.5,
                             users=[user])
        # It shares its address with the app, so slots cannot be told apart by address.
        self.hold(f"stale cron job as {user}", gate, outcome, slots=60)
        self.assertEqual(outcome.status["bans"], 0, "the app's host was banned")

    def test_cron_job_of_another_user(self):
        self.cron("weak")

    def test_cron_job_of_the_apps_user(self):
        self.cron("app")

    def health_checks(self, user):
        gate = self.start_gate(self.config(known_good=TRUST))
        app = self.start_app(gate.address)
        check = Attackers("health-check", gate.address, ["127.0.0.200"], 2, 30, pause=0.1,
                          users=[user]).start()
        time.sleep(5)
        status, counts, report = gate.status(), check.stop(), app.finish()
        self.figures(f"health check as {user}", f"{dict(counts)}, {report.summary()}, "
                     f"acted {status['acted'].get('health_check')}")
        self.assertEqual(report.failed, 0, report.errors)
        self.assertGreater(counts["opened"], 40)
        self.assertEqual(counts["err_1040"], 0)
        self.assertEqual((status["locked_pairs"], status["bans"]), (0, 0))
        self.assertGreater(status["acted"]["health_check"], 40)
        self.all_back(gate)

    def test_health_check_of_a_load_balancer(self):
        self.health_checks("nopass")

    def test_health_check_of_an_unknown_user(self):
        self.health_checks("haproxy")

    def test_same_answer_as_direct(self):
        gate = self.start_gate()
        answers = []
        for target in (self.db.address, gate.address):
            with wire.Blocking(target, "127.0.0.77") as client:
                try:
                    client.login("app", "wrong", "shop")
                except wire.ServerError as error:
                    answers.append((error.code, error.sqlstate, error.text))
        self.assertEqual(len(answers), 2)
        self.assertEqual(answers[0], answers[1])


if __name__ == "__main__":
    scenario.main()
