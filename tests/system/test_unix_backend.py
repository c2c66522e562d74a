#!/usr/bin/python3
"""unix-backend: the gate over the server's unix socket, in peace and under attack."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from attackers import addresses


class UnixBackend(scenario.Scenario):
    db_options = ()

    def unix_gate(self, **over):
        return self.start_gate(self.config(gate={
            "backend": [f"unix:{self.db.socket}"], "proxy_to_backend": "off",
            "clients_become_localhost": True}, **over))

    def _held_by(self, sources):
        del sources  # everybody is localhost here: whoever is not logged in as the app
        return sum(user != "app" for _, user, _ in self.db.sessions())

    def test_silent(self):
        gate = self.unix_gate()
        outcome = self.under(gate, "silent", addresses(120), 300, seconds=4)
        self.hold("silent 300 from 120", gate, outcome, slots=2)

    def test_stalled_login(self):
        gate = self.unix_gate(login={"in_progress": 8, "deadline": "1s"},
                              known_good={"minutes": 1})
        outcome = self.under(gate, "stalled-login", addresses(120), 150, seconds=4)
        self.hold("stalled-login 150 from 120", gate, outcome, slots=8)


if __name__ == "__main__":
    scenario.main()
