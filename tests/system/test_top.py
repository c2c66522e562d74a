#!/usr/bin/python3
"""top: the live view in a real terminal, before a real gate in calm and under attack.

With HEADGATE_IMAGES=FOLDER the screens that docs/top.md shows are written there.
"""
import contextlib
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pymysql
import scenario
from attackers import Attackers, addresses, addresses_in
from gate import binary
from terminal import Terminal
from watched import Watched


class Top(Watched):

    def test_calm(self):
        self.start_app(self.gate.address)
        top = self.top()
        text = top.wait_for(r"application SAFE: .*none was refused")
        self.assertRegex(top.line(0), r"^ headgate .*enforce  CALM \d+.*  127\.0\.0\.1:\d+ up ")
        text = top.wait_for(r"^ shop +\d+ +20 ")
        self.assertRegex(text, r" slots +\d+/55")
        self.assertRegex(text, r" a second: admitted \d")
        text = top.wait_for(r"select name, *stock from items where")
        self.photograph("top-calm.txt", text)
        top.press("q")
        self.ended_well(top)

    def test_under_attack(self):
        app = self.start_app(self.gate.address)
        top = self.top()
        top.wait_for(r"SAFE")
        silent = Attackers("silent", self.gate.address, addresses(120), 1500, 60).start()
        guesses = Attackers("bad-password", self.gate.address, addresses_in("127.77.7", 5), 60,
                            60).start()
        try:
            text = top.wait_for(r"^ headgate .*(ATTACK|ELEVATED) ", 30)
            top.wait_for(r"^.127\.77\.7\.\d+ +\d+", 20)
            text = top.wait_for(r"refused \d{2,}", 20)
            self.assertRegex(text, r"application SAFE: shop uses")
            self.assertRegex(text, r"(pair_locked|login_failed|connect_rate|banned|pending_\w+) +")
            self.photograph("top-attack.txt", text)
            top.press("5")
            top.wait_for(r"5 REASONS: \d+")
            top.press("q")
            self.ended_well(top)
        finally:
            silent.stop()
            guesses.stop()
        report = app.finish()
        self.assertEqual(report.failed, 0, report.errors)

    def test_every_key(self):
        self.start_app(self.gate.address)
        for address in ("203.0.113.1", "203.0.113.2", "203.0.113.3"):
            self.gate.request("POST", "/ban", {"address": address, "for": "1h"})
        top = self.top()
        top.wait_for("SAFE")
        for key, pattern in (("2", "2 SOURCES: "), ("3", "3 DIGESTS: "), ("4", "4 BANS: 3"),
                             ("5", "5 REASONS: "), ("6", "^ SERVER "), ("1", "^ REFUSED BY"),
                             ("tab", "2 SOURCES"), ("back tab", "^ REFUSED BY"),
                             ("back tab", "^ SERVER "), ("4", "^>203.0.113.1 ")):
            top.press(key)
            top.wait_for(pattern)
        for key, pattern in (("down", "^>203.0.113.2 "), ("end", "^>203.0.113.3 "),
                             ("up", "^>203.0.113.2 "), ("home", "^>203.0.113.1 "),
                             ("page down", "^>203.0.113.3 "), ("page up", "^>203.0.113.1 ")):
            top.press(key)
            top.wait_for(pattern)
        for keys, pattern in ((("s",), "^ BANNED by times"), (("s",), "^ BANNED by name"),
                              (("r",), "^ BANNED by name up"), (("r",), "^ BANNED by name +LEFT"),
                              (("/", "113.2"), "only with: 113.2_"),
                              (("enter",), "4 BANS: 1, with \"113.2\" in them"),
                              (("escape",), "4 BANS: 3$"),
                              (("/", "zz", "backspace"), "with: z_"), (("escape",), "4 BANS: 3$"),
                              (("+",), "asks every 2s"), (("-", "-"), "asks every 500ms"),
                              (("h",), "the keys, and what the words mean"), (("x",), "4 BANS: 3$"),
                              (("?",), "the keys, and what the words mean"), (("x",), "4 BANS: 3$"),
                              (("p",), "PAUSED "), ((" ",), "^ headgate(?!.*PAUSED)")):
            top.press(*keys)
            top.wait_for(pattern)
        top.press("p")
        top.wait_for("PAUSED ")
        still = top.line(0)
        top.read(2.5)
        self.assertEqual(top.line(0), still)
        self.assertNotIn("NO ANSWER", top.text())
        top.press("q")
        self.ended_well(top)

    def test_ban_and_unban(self):
        client = pymysql.connect(host="127.0.0.1", port=self.gate.port, user="app",
                                 password="app-secret", bind_address="127.66.6.6",
                                 database="shop")
        top = self.top()
        top.press("2", "/", "127.66.6.6", "enter")
        top.wait_for(r"^>127\.66\.6\.6 ")
        top.press("b")
        top.wait_for(r"ban 127\.66\.6\.6 for ")
        top.press("1h", "escape")
        top.wait_for(r"^ only \"127")
        self.assertEqual(self.bans(), {})
        top.press("b", "nonsense", "enter")
        top.wait_for(r"is no time from 1s to 365d")
        self.assertEqual(self.bans(), {})
        top.press("b", "10m", "enter")
        top.wait_for(r"banned 127\.66\.6\.6 for 10m")
        self.assertIn("127.66.6.6", self.bans())
        _, out, _ = self.gate.cli("bans")
        self.assertIn("127.66.6.6", out)
        top.press("4")
        top.wait_for(r"^>127\.66\.6\.6 +\w+ .*operator")
        top.press("u")
        top.wait_for(r"unbanned 127\.66\.6\.6")
        self.assertEqual(self.bans(), {})
        top.wait_for("4 BANS: 0")
        top.press("u")
        top.wait_for("nobody is selected")
        client.close()
        top.press("q")
        self.ended_well(top)

    def test_ban_that_binds_the_application_warns(self):
        self.start_app(self.gate.address)
        top = self.top(columns=160)
        top.press("2", "/", scenario.APP_SOURCE)
        top.press("enter")
        top.wait_for(rf"^>{re.escape(scenario.APP_SOURCE)} ")
        top.press("b", "2s", "enter")
        top.wait_for(r"banned 127\.0\.0\.10 for 2s; warning: it binds .* of class shop")
        top.wait_for(r"REFUSED: \d+ of those protected in the last minute, last: ban")
        top.press("q")
        self.ended_well(top)

    def test_resize(self):
        top = self.top()
        top.wait_for("SAFE")
        for columns, rows in ((100, 30), (200, 50), (40, 10), (20, 5), (1, 1), (80, 24)):
            top.resize(columns, rows)
            top.read(0.5)
            self.assertIsNone(top.process.poll(), top.text())
        top.wait_for(r"^ headgate .*CALM")
        top.wait_for(r"q quit")
        self.assertRegex(top.line(23), "q quit")
        top.press("q")
        self.ended_well(top)


class WithoutColours(Watched):

    COLOUR = re.compile(rb"\x1b\[[0-9;]*3[0-9][0-9;]*m")

    def seen(self, *options, **environment):
        top = self.top(*options, **environment)
        top.wait_for("SAFE")
        top.press("q")
        self.ended_well(top)
        return top.raw

    def test_colours(self):
        self.assertRegex(self.seen(), self.COLOUR)
        self.assertNotRegex(self.seen("--no-color"), self.COLOUR)
        self.assertNotRegex(self.seen(NO_COLOR="1"), self.COLOUR)
        self.assertRegex(self.seen(NO_COLOR=""), self.COLOUR)
        self.assertNotRegex(self.seen(TERM="vt100"), self.COLOUR)

    def test_ascii_where_the_locale_is_not_utf8(self):
        self.start_app(self.gate.address)
        raw = self.seen(LANG="C", LC_ALL="C")
        self.assertTrue(raw.isascii(), raw)
        self.assertIn(b"#", raw)
        self.assertFalse(self.seen().isascii())

    def test_terminals_that_cannot(self):
        for term, why in (("dumb", "cannot be drawn on"), ("nonsense", "no such terminal"),
                          (None, "no such terminal")):
            top = self.top(TERM=term)
            self.ended_well(top, 2)
            self.assertIn(why, top.text().replace("\n", ""), term)
            self.assertIn("--once", top.text().replace("\n", ""))

    def test_no_terminal(self):
        done = subprocess.run([binary(), "top", "--socket", self.gate.socket], timeout=20,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no terminal; `headgate top --once` prints one screen", done.stderr)


class Silence(Watched):

    def test_hung(self):
        top = self.top()
        top.wait_for("SAFE")
        self.gate.process.send_signal(signal.SIGSTOP)
        try:
            text = top.wait_for(r"NO ANSWER for \d+ s: .*no complete answer in time")
            self.assertNotIn("SAFE", text)
            top.press("2")
            top.wait_for("2 SOURCES")
            top.press("b", "escape", "3")
            top.wait_for("3 DIGESTS")
            top.press("q")
            self.ended_well(top)  # the gate hangs still
        finally:
            self.gate.process.send_signal(signal.SIGCONT)

    def test_gone_and_back(self):
        top = self.top()
        top.wait_for("SAFE")
        self.gate.process.send_signal(signal.SIGTERM)
        self.gate.process.wait(20)
        top.wait_for(r"NO ANSWER for \d+ s: .*no headgate listens there")
        self.gate.start()
        top.wait_for(r"application \w+: ")
        self.assertNotIn("NO ANSWER", top.text())
        top.press("q")
        self.ended_well(top)

    def test_never_there(self):
        top = Terminal([binary(), "top", "--socket", "/nowhere/admin.sock"])
        self.addCleanup(top.__exit__)
        top.wait_for("NO ANSWER: .*no headgate listens there")
        top.press("b", "u", "down", "2", "tab", "q")
        self.ended_well(top)


class Restored(Watched):

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            top = self.top()
            top.wait_for("SAFE")
            self.assertNotEqual(top.current_settings(), top.settings)
            top.process.send_signal(number)
            self.ended_well(top)

    def test_ctrl_c(self):
        top = self.top()
        top.wait_for("SAFE")
        top.press("ctrl-c")
        self.ended_well(top)

    def test_hang_up(self):
        top = self.top()
        top.wait_for("SAFE")
        top.hang_up()
        top.wait_end()

    def test_stopped_and_on(self):
        # A job of a shell's, with a process group of its own in the terminal's session: one whose
        # group has no parent in the session is never stopped by the terminal.
        script = f"set -m; {binary()} top --socket {self.gate.socket}; echo stopped; sleep 2; fg; echo over"
        top = Terminal(["bash", "--norc", "-c", script])
        self.addCleanup(top.__exit__)
        top.wait_for("SAFE")
        top.press("ctrl-z")
        top.wait_for("stopped")
        top.wait_for(r"application SAFE")
        top.press("2")
        top.wait_for("2 SOURCES")
        top.press("q")
        top.wait_for("over")
        self.ended_well(top)


class FromOutside(Watched):

    EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"

    def test_escape_sequences(self):
        connection = pymysql.connect(host="127.0.0.1", port=self.gate.port, user="app",
                                     password="app-secret", database="shop",
                                     bind_address=scenario.APP_SOURCE)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 AS `x{self.EVIL}y`")
        with contextlib.suppress(pymysql.MySQLError):
            pymysql.connect(host="127.0.0.1", port=self.gate.port, user="a" + self.EVIL,
                            password="wrong", database="d" + self.EVIL)
        silent = Attackers("stalled-login", self.gate.address, ["127.0.0.77"], 3, 20,
                           users=["u" + self.EVIL]).start()
        top = self.top(columns=160)
        top.press("3")
        top.wait_for(r"select . as .x\?\]0;owned\?\?\[2J\?\?31my")
        top.press("2")
        top.read(1.5)
        top.press("q")
        self.ended_well(top)
        for bytes_of_theirs in (b"]0;owned\x07", b"\x1b[2J\xe2", b"\x07", "\u202e".encode(),
                                "\x9b".encode()):
            self.assertNotIn(bytes_of_theirs, top.raw)
        code, out, _ = self.gate.cli("sessions")
        silent.stop()
        connection.close()
        self.assertEqual(code, 0)
        self.assertIn("u?]0;owned??[2J", out)
        self.assertNotRegex(out, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


if __name__ == "__main__":
    scenario.main()
