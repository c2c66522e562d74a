#!/usr/bin/python3
"""`headgate completion`: asked in the shells it is for.

Usage: completion_test.py BINARY SOURCE_DIR
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

BINARY, SOURCE = sys.argv[1:3]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
import help_tree  # noqa: E402
from terminal import Terminal  # noqa: E402

PATIENCE = 30


def script(shell):
    return subprocess.run([BINARY, "completion", shell], check=True, capture_output=True,
                          text=True).stdout


class Bash:
    """What COMPREPLY holds, as readline would ask for it."""
    ASK = r"""
source "$1"; shift
line=$1; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE=$line; COMP_POINT=${#line}
function=$(complete -p headgate | sed 's/.*-F \([^ ]*\).*/\1/')
"$function" headgate "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""

    def __init__(self, folder):
        self.file = pathlib.Path(folder, "headgate.bash")
        self.file.write_text(script("bash"))

    def ask(self, line, folder):
        # As COMP_WORDBREAKS has it.
        words = line.replace("=", " = ").split() + ([""] if line[-1] in " " else [])
        done = subprocess.run(["bash", "--norc", "-c", self.ASK, "bash", self.file, line, *words],
                              capture_output=True, text=True, check=True, cwd=folder,
                              timeout=PATIENCE)
        assert not done.stderr, done.stderr
        return set(done.stdout.splitlines()) - {""}


class Fish:
    def __init__(self, folder):
        self.file = pathlib.Path(folder, "headgate.fish")
        self.file.write_text(script("fish"))
        self.home = folder

    def ask(self, line, folder):
        done = subprocess.run(["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"',
                               self.file, line], capture_output=True, text=True, check=True,
                              cwd=folder, timeout=PATIENCE,
                              env={"PATH": os.environ["PATH"], "HOME": self.home})
        assert not done.stderr, done.stderr
        words = {one.split("\t")[0] for one in done.stdout.splitlines()}
        return {word.removeprefix(line.split()[-1].split("=")[0] + "=") for word in words}


class Zsh:
    """Its completion only works at a prompt, so there is one: the words it would show are written
    to a file."""
    SETUP = """
PROMPT='ready> '
unsetopt beep
fpath=({folder} $fpath)
autoload -Uz compinit && compinit -u -D
zstyle ':completion:*' completer _complete
compadd() {{
  local -a found
  builtin compadd -A found "$@"
  print -rl -- $found >> {folder}/words
  builtin compadd "$@"
}}
complete-and-tell() {{ zle complete-word; print -r -- END >> {folder}/words }}
zle -N complete-and-tell
bindkey '^I' complete-and-tell
"""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "_headgate").write_text(script("zsh"))
        (self.folder / "setup").write_text(self.SETUP.format(folder=folder))

        self.shell = Terminal(["zsh", "-f", "-i"], columns=200, HOME=folder)
        self.shell.press(f"cd {folder}/place; source {folder}/setup\r")
        self.shell.wait_for("^ready>", PATIENCE)

    def ask(self, line, _):
        words = self.folder / "words"
        words.write_text("")
        self.shell.press("\x15", line, "tab")  # the line before is wiped
        end = time.monotonic() + PATIENCE
        while "END" not in words.read_text():
            if time.monotonic() > end:
                raise AssertionError("zsh says: " + self.shell.read())
            self.shell.read(0.02)
        return set(words.read_text().split()) - {"END"}

    def end(self):
        self.shell.__exit__()


class Asked:
    """The same questions to each shell."""
    shell = None

    @classmethod
    def setUpClass(cls):
        if not shutil.which(cls.shell.__name__.lower()):
            raise unittest.SkipTest(f"{cls.shell.__name__.lower()} is not installed")
        cls.folder = tempfile.mkdtemp(prefix="headgate-completion-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.place = pathlib.Path(cls.folder, "place")
        cls.place.mkdir()
        for name in ("gate.toml", "other file.toml"):
            (cls.place / name).touch()
        cls.asked = cls.shell(cls.folder)
        if hasattr(cls.asked, "end"):
            cls.addClassCleanup(cls.asked.end)
        cls.tree = help_tree.tree(BINARY)

    def ask(self, line):
        return self.asked.ask(line, str(self.place))

    def test_subcommands(self):
        self.assertEqual(self.ask("headgate "), set(self.tree[()].inner))
        self.assertEqual(self.ask("headgate ba"), {"backend", "ban", "bans"})

    def test_subcommands_of_a_subcommand(self):
        for words, command in self.tree.items():
            if words and command.inner:
                self.assertEqual(self.ask(f"headgate {' '.join(words)} "), set(command.inner))
        self.assertEqual(self.ask("headgate firewall pri"), {"print"})

    def test_options(self):
        needed = {name for name in self.tree[("digests",)].options if name.startswith("--")}
        self.assertEqual({word for word in self.ask("headgate digests --")}, needed)
        self.assertEqual(self.ask("headgate firewall print --c"), {"--config"})

    def test_option_behind_a_value_that_is_named_like_a_subcommand(self):
        self.assertEqual(self.ask("headgate observe --filter run --serv"), {"--server-port"})

    def test_choices(self):
        sorts = {"time", "count", "p99", "errors", "rows"}
        self.assertEqual(self.ask("headgate digests --sort "), sorts)
        self.assertEqual(self.ask("headgate digests --sort=p"), {"p99"})
        self.assertEqual(self.ask("headgate sources --limit 5 --sort ref"), {"refused"})
        self.assertEqual(self.ask("headgate completion "), {"bash", "zsh", "fish"})
        self.assertEqual(self.ask("headgate man "), {"5", "8"})

    def test_files(self):
        for line in ("headgate check ga", "headgate run --config ga",
                     "headgate firewall print --config ga", "headgate check --json ga"):
            with self.subTest(line):
                self.assertEqual(self.ask(line), {"gate.toml"})

    def test_no_files_where_none_is_wanted(self):
        for line in ("headgate ban ga", "headgate status ga", "headgate digests --class ga"):
            with self.subTest(line):
                self.assertEqual(self.ask(line), set())


class InBash(Asked, unittest.TestCase):
    shell = Bash

    def test_file_with_a_space(self):
        self.assertEqual(self.ask("headgate check oth"), {"other file.toml"})


class InZsh(Asked, unittest.TestCase):
    shell = Zsh


class InFish(Asked, unittest.TestCase):
    shell = Fish


class Otherwise(unittest.TestCase):
    def test_no_such_shell(self):
        done = subprocess.run([BINARY, "completion", "tcsh"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("{bash,zsh,fish}", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
