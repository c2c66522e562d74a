"""A program in a terminal: a pty of a given size, read through pyte as a screen of text.

`raw` has every byte the program wrote, so that a test sees what a real terminal would have got.
"""
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

KEYS = {"up": b"\x1b[A", "down": b"\x1b[B", "page up": b"\x1b[5~", "page down": b"\x1b[6~",
        "home": b"\x1b[1~", "end": b"\x1b[4~", "escape": b"\x1b", "enter": b"\r", "tab": b"\t",
        "back tab": b"\x1b\t", "backspace": b"\x7f", "ctrl-c": b"\x03", "ctrl-z": b"\x1a"}


class Terminal:
    """Runs `command`; ends it when the block is left. TERM is linux, which pyte plays."""

    def __init__(self, command, columns=80, rows=24, **environment):
        self.raw = b""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._master, self._slave = pty.openpty()
        self._set_size(columns, rows)
        self.settings = termios.tcgetattr(self._slave)
        env = {"PATH": os.environ["PATH"], "TERM": "linux", "LANG": "C.UTF-8", **environment}

        def own_it():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(command, stdin=self._slave, stdout=self._slave,
                                        stderr=self._slave, start_new_session=True,
                                        preexec_fn=own_it,
                                        env={k: v for k, v in env.items() if v is not None})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.hang_up()

    def hang_up(self):
        """As when the connection to the terminal is lost."""
        for end in ("_master", "_slave"):
            if getattr(self, end) is not None:
                os.close(getattr(self, end))
                setattr(self, end, None)

    def _set_size(self, columns, rows):
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        """The kernel tells the program by SIGWINCH."""
        self.read(0.2)
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def press(self, *keys):
        """Names of KEYS, or text."""
        for key in keys:
            os.write(self._master, KEYS.get(key) or key.encode())

    def read(self, seconds=0.0):
        """Takes in what the program writes, for so long; the screen as text."""
        until = time.monotonic() + seconds
        while self._master is not None:
            left = max(0.0, until - time.monotonic())
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                data = os.read(self._master, 65536)
            except OSError:
                break
            self.raw += data
            self._stream.feed(data)
        return self.text()

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def line(self, number):
        return self.screen.display[number].rstrip()

    def wait_for(self, pattern, seconds=15.0):
        """The screen as soon as a line of it matches the regular expression."""
        until = time.monotonic() + seconds
        while not re.search(pattern, self.text(), re.MULTILINE):
            if time.monotonic() > until:
                raise AssertionError(f"no {pattern!r} on the screen within {seconds} s:\n"
                                     f"{self.text()}\nended: {self.process.poll()}")
            self.read(0.05)
        return self.text()

    def wait_end(self, seconds=10.0):
        """The exit status."""
        until = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > until:
                raise AssertionError(f"still running after {seconds} s:\n{self.text()}")
            self.read(0.02)
        self.read(0.1)
        return self.process.returncode

    def stopped(self):
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.process.pid}/stat", encoding="utf8") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] == "T"
        return False

    def current_settings(self):
        """What `stty` would show."""
        return termios.tcgetattr(self._slave)
