#!/usr/bin/python3
"""What README.md and the pages of docs/ say against what there is: subcommands and options, command lines,
keys, links.

Usage: docs_test.py BINARY SOURCE_DIR
"""
import os
import pathlib
import re
import shlex
import sys
import unittest

BINARY, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
import help_tree  # noqa: E402
import make_docs  # noqa: E402

PAGES = [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]
HELP = {"-h", "--help"}


def name_of(page):
    return str(page.relative_to(SOURCE))


def shown(words):
    return " ".join(("headgate", *words))


def fenced(text):
    """(lines inside code fences, lines outside)"""
    inside, parts = False, ([], [])
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        else:
            parts[0 if inside else 1].append(line)
    return parts


def spans(lines):
    """`code` in running text."""
    for line in lines:
        yield from re.findall(r"`([^`]+)`", line)


class Commands(unittest.TestCase):
    """docs/commands.md and `headgate --help`."""

    @classmethod
    def setUpClass(cls):
        cls.tree = help_tree.tree(BINARY)
        cls.sections = {}
        rows = None
        for line in (SOURCE / "docs/commands.md").read_text("utf8").splitlines():
            title = re.fullmatch(r"## `headgate ([a-z -]+)`", line)
            if title:
                rows = cls.sections.setdefault(tuple(title[1].split()), set())
            elif line.startswith("## "):
                rows = None
            row = re.match(r"\| `([^`]+)` \| (.+) \|$", line)
            if row and rows is not None:
                rows.add(row[1])

    @staticmethod
    def needed(command):
        return (set(command.options) - HELP) | set(command.arguments)

    def test_every_subcommand_has_its_section(self):
        for words, command in self.tree.items():
            if words and words not in self.sections:
                rows = "".join(f"\n| `{name}` | what it does |"
                               for name in sorted(self.needed(command)))
                self.fail(f"`{shown(words)}` is not documented: write into docs/commands.md a "
                          f"section with the title\n\n## `{shown(words)}`\n\nand a table with the "
                          f"rows{rows}")

    def test_every_section_is_of_a_subcommand(self):
        for words in self.sections:
            self.assertIn(words, self.tree, f"docs/commands.md documents `{shown(words)}`, which "
                                            "does not exist")

    def test_options_and_arguments(self):
        for words, rows in self.sections.items():
            if words not in self.tree:
                continue
            needed = self.needed(self.tree[words])
            with self.subTest(shown(words)):
                self.assertEqual(needed - rows, set(), "not documented in docs/commands.md: write "
                                                       "a row | `--option` | what it does |")
                self.assertEqual(rows - needed, set(), "documented, but --help has no such thing")


class Made(unittest.TestCase):
    def test_up_to_date(self):
        for page, old, new in make_docs.made(BINARY, SOURCE):
            with self.subTest(page.name):
                self.assertEqual(old, new, "run `make docs`, or: tests/support/make_docs.py BINARY .")


class Quoted(unittest.TestCase):
    """Command lines in the pages parse."""

    @classmethod
    def setUpClass(cls):
        cls.tree = help_tree.tree(BINARY)

    def lines(self):
        for page in PAGES:
            code, text = fenced(page.read_text("utf8"))
            for line in [*(part.strip() for part in code), *spans(text)]:
                found = re.match(r"(?:\$ |# |sudo )*(?:build/|/usr/bin/)?headgate((?: .*)?)$", line)
                # A name in a drawing, or on a screen, is no command line.
                if found and re.match(r" [a-z-]", found[1]):
                    yield page, line, found[1]

    def why_not(self, text):
        text = re.split(r"[|;<>#]|&&|2>", text)[0]
        words, rest = (), shlex.split(text)
        while rest and rest[0] in self.tree[words].inner:
            words += (rest.pop(0),)
        command, arguments = self.tree[words], 0
        if not words and not (rest and rest[0].startswith("-")):
            return f"there is no subcommand {rest[:1]}"
        while rest:
            word = rest.pop(0)
            option = word.split("=")[0]
            if not word.startswith("-") or word == "-":
                arguments += 1
            elif option not in command.options:
                return f"`{shown(words)}` has no option {option}"
            elif command.options[option] and "=" not in word:
                if not rest:
                    return f"{option} lacks its value"
                rest.pop(0)
        if arguments > len(command.arguments) and not command.repeats:
            return f"`{shown(words)}` takes {len(command.arguments)} arguments"
        return None

    def test_every_command_line(self):
        count = 0
        for page, line, text in self.lines():
            count += 1
            with self.subTest(page=name_of(page), line=line):
                self.assertIsNone(self.why_not(text))
        self.assertGreater(count, 60)

    def test_what_is_wrong_is_found(self):
        for text in (" chek", " check --jsn", " status --limit", " bans 192.0.2.1",
                     " backend go", " backend use --socket x --name y"):
            self.assertIsNotNone(self.why_not(text), text)


class Keys(unittest.TestCase):
    """`[table] key` in running text is a key of docs/config.md, which is tested against the
    table."""

    @classmethod
    def setUpClass(cls):
        text = (SOURCE / "docs/config.md").read_text("utf8")
        cls.keys = set(re.findall(r"^\| `([a-z_.A-Z]+)` \|", text, re.MULTILINE))

    def known(self, table, key):
        name = f"{table}.{key}"
        for level in ("pressure.elevated.", "pressure.attack."):
            name = name.replace(level, "pressure.LEVEL.") if ".when" not in name else name
        if name.startswith("pressure.LEVEL.query."):
            name = name.removeprefix("pressure.LEVEL.")
        return name in self.keys

    def test_every_key(self):
        count = 0
        for page in PAGES:
            for span in spans(fenced(page.read_text("utf8"))[1]):
                found = re.match(r"\[([a-z_.A-Z]+)\] ([a-z_]+)", span)
                if not found:
                    continue
                count += 1
                with self.subTest(page=name_of(page), span=span):
                    self.assertTrue(self.known(*found.groups()),
                                    "there is no such key in docs/config.md")
        self.assertGreater(count, 150)


def anchors(page):
    """As GitHub makes them of titles."""
    names = set()
    for line in fenced(page.read_text("utf8"))[1]:
        title = re.match(r"#+ +(.+?) *$", line)
        if title:
            plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title[1]).lower()
            names.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return names


class Links(unittest.TestCase):
    def test_every_relative_link(self):
        count = 0
        for page in PAGES:
            text = "\n".join(fenced(page.read_text("utf8"))[1])
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                count += 1
                file, _, anchor = target.partition("#")
                place = (page.parent / file).resolve() if file else page
                with self.subTest(page=name_of(page), link=target):
                    self.assertTrue(place.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(place), "no such title")
        self.assertGreater(count, 60)

    def test_every_page_can_be_found(self):
        """From README.md, by links."""
        seen, left = set(), [PAGES[0]]
        while left:
            page = left.pop()
            if page in seen or page.suffix != ".md":
                continue
            seen.add(page)
            for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf8")):
                if not re.match(r"[a-z]+:", target) and (page.parent / target).exists():
                    left.append((page.parent / target).resolve())
        lost = sorted(name_of(page) for page in set(PAGES) - seen)
        self.assertEqual(lost, [], "no link leads there from README.md")


class Finished(unittest.TestCase):
    def test_no_place_is_left_to_be_filled(self):
        for page in PAGES:
            with self.subTest(name_of(page)):
                self.assertEqual(re.findall(r"@@[A-Z]+@@", page.read_text("utf8")), [])

    def test_no_measured_table_is_empty(self):
        """Between a page's marks stands what a run of the bench has written."""
        for page in PAGES:
            for name, inner in re.findall(r"<!-- begin: (\S+) -->(.*?)<!-- end: \1 -->",
                                          page.read_text("utf8"), re.DOTALL):
                with self.subTest(page=name_of(page), mark=name):
                    self.assertNotEqual(inner.strip(), "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
