"""A gate with the application's class, and `headgate top` before it in a terminal."""
import os
import pathlib

import scenario
from gate import binary
from terminal import Terminal


class Watched(scenario.Scenario):

    def setUp(self):
        self.gate = self.start_gate(self.config(monitor={}, **{"class": [scenario.APP_CLASS]}))

    def top(self, *options, columns=80, rows=24, **environment):
        terminal = Terminal([binary(), "top", "--socket", self.gate.socket, *options], columns,
                            rows, **environment)
        self.addCleanup(terminal.__exit__)
        return terminal

    def photograph(self, name, text):
        folder = os.environ.get("HEADGATE_IMAGES")
        if folder:
            pathlib.Path(folder, name).write_text(text.rstrip() + "\n", encoding="utf8")

    def bans(self):
        return {ban["source"]: ban for ban in self.gate.request("GET", "/bans")[1]["bans"]}

    def ended_well(self, terminal, status=0):
        self.assertEqual(terminal.wait_end(), status, terminal.text())
        self.assertEqual(terminal.current_settings(), terminal.settings, "the terminal's settings")
