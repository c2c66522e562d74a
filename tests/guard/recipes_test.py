#!/usr/bin/python3
"""Every block of the guides says where it runs or why it does not, a test plays each page, and
`headgate check` accepts each configuration; and what plays them finds what is wrong.

Usage: recipes_test.py BINARY SOURCE_DIR
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

BINARY, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
import guides  # noqa: E402
import recipes  # noqa: E402

GUIDES = sorted((SOURCE / "docs/guides").glob("*.md"))
# How a page speaks of its hosts: one of these words stands above a block that runs there.
SPOKEN = {"db": "database host", "gate": "gate", "gate-a": "gate-a", "gate-b": "gate-b",
          "client": "application's host", "desk": "your own desk"}
FOLDER = "/etc/headgate/"
SMALLEST = '[gate]\nbackend = ["192.0.2.10:3306"]\n\n[slots]\nmax_connections = 151\n'


def name_of(page):
    return str(page.relative_to(SOURCE))


def pages_with_recipes():
    """The guides, and what else in docs/ has a block that acts: {path: its blocks}."""
    found = {}
    for page in [*GUIDES, *sorted((SOURCE / "docs").glob("*.md"))]:
        marked = re.search(r"^ *```+((sh|sql) |[a-z]+ [a-z,-]+ /)", page.read_text("utf8"), re.M)
        if page in GUIDES or marked:
            found[page] = recipes.blocks_of(page, SOURCE)
    return found


class Pages(unittest.TestCase):
    def test_every_block_says_what_it_is(self):
        """blocks_of() raises where one does not."""
        count = sum(block.acts for blocks in pages_with_recipes().values() for block in blocks)
        self.assertGreater(count, 30)

    def test_a_reader_sees_where_it_runs(self):
        """The info string is not shown: the text above says the same."""
        for blocks in pages_with_recipes().values():
            above = ""
            for block in blocks:
                above = block.before if block.before.strip() else above
                if not block.acts:
                    continue
                with self.subTest(block.place):
                    first = block.text.splitlines()[0]
                    seen = f"{' '.join(block.titles)}\n{above}\n{first}".lower()
                    for host in block.host.split(","):
                        self.assertIn(SPOKEN.get(host, host), seen,
                                      "the text above does not name the host")
                    if block.kind == "file":
                        self.assertIn(block.path, above + first,
                                      "the text above does not name the file")

    def test_every_page_is_played(self):
        tests = "".join(file.read_text("utf8")
                        for file in sorted((SOURCE / "tests/system").glob("test_*.py")))
        for page, blocks in pages_with_recipes().items():
            if any(block.acts for block in blocks):
                with self.subTest(name_of(page)):
                    self.assertTrue(f'"{name_of(page)}"' in tests, "no test plays it")


def errors_of(files):
    """What `headgate check` refuses in {name below /etc/headgate: text}, but for files that the
    page makes elsewhere (certificates, passwords)."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf8")
        done = subprocess.run([BINARY, "check", "--json", f"{folder}/headgate.toml"],
                              capture_output=True, text=True, check=False)
        return [problem["message"] for problem in json.loads(done.stdout)["problems"]
                if problem["severity"] == "error"
                and "No such file or directory" not in problem["message"]]


class Configurations(unittest.TestCase):
    def test_of_guides(self):
        count = 0
        for page in GUIDES:
            hosts = {}
            for block in recipes.blocks_of(page, SOURCE):
                if block.language != "toml" or block.kind == "illustration":
                    continue
                if block.kind == "part":
                    files = {**(next(reversed(hosts.values())) if hosts else
                                {"headgate.toml": SMALLEST}), "conf.d/99-part.toml": block.text}
                elif block.path.startswith(FOLDER):
                    for host in block.host.split(","):
                        files = hosts.pop(host, {})
                        hosts[host] = {**files, block.path.removeprefix(FOLDER): block.text}
                    files = hosts[host]  # now the last
                else:
                    continue
                count += 1
                with self.subTest(block.place):
                    self.assertEqual(errors_of({"headgate.toml": SMALLEST, **files}), [])
        self.assertGreater(count, 3)

    def test_of_the_other_pages(self):
        """Each is laid over those above it on its page."""
        count = 0
        for page in [SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md"))]:
            files = {"headgate.toml": SMALLEST}
            shown = re.findall(r"^ *```toml\n(.*?)^ *```$", page.read_text("utf8"), re.M | re.S)
            for text in shown:
                count += 1
                files[f"conf.d/{count:02}.toml"] = textwrap.dedent(text)
                with self.subTest(f"{name_of(page)}\n{text}"):
                    self.assertEqual(errors_of(files), [])
        self.assertGreater(count, 5)

    def test_what_is_wrong_is_found(self):
        self.assertNotEqual(errors_of({"headgate.toml": "[gate]\nbakend = []\n"}), [])


class Paper:
    """A host that remembers; `fail` in a script fails."""

    def __init__(self):
        self.done = []

    def run(self, script):
        self.done.append(script)
        return int("fail" in script), script.upper()

    def write(self, path, text):
        self.done.append((path, text))


class Player(unittest.TestCase):
    def guide(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf8") as page:
            page.write(text)
            page.flush()
            self.host = Paper()
            return recipes.Guide(page.name, {"db": self.host}, said=lambda _: None)

    def wrong(self, text, words):
        with self.assertRaisesRegex(recipes.PageError, words):
            with self.guide(text) as guide:
                guide.play()

    def test_plays_in_order(self):
        page = "\n".join(["# A", "```sh db", "one", "two", "```", "  ```toml db /etc/x",
                          "  [a]", "    b = 1", "  ```", "```text output", "x", "```"])
        self.wrong(page, "right behind")
        with self.guide(page.rsplit("```text", 1)[0]) as guide:
            guide.play()
        self.assertEqual(self.host.done, ["one\ntwo\n", ("/etc/x", "[a]\n  b = 1\n")])

    def test_several_hosts(self):
        with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf8") as page:
            page.write("# A\n```sh a,b\none\n```\n```text output\nONE\n```\n")
            page.flush()
            hosts = {"a": Paper(), "b": Paper()}
            with recipes.Guide(page.name, hosts, said=lambda _: None) as guide:
                guide.play()
            self.assertEqual([host.done for host in hosts.values()], [["one\n"], ["one\n"]])
            hosts["b"].run = lambda _: (0, "two")
            with self.assertRaisesRegex(recipes.PageError, "on b it should print"):
                guide.play()

    def test_failures(self):
        self.wrong("# A\n```sh db\nfail\n```\n", "failed on db, status 1\nfail")
        self.wrong("# A\n```sh db fails\nfine\n```\n", "did not fail")
        self.wrong("# A\n```sh gate\nx\n```\n", "no host 'gate'")
        self.wrong("# A\n```sh db\nx\n", "does not end")
        with self.guide("# A\n```sh db fails\nfail\n```\n") as guide:
            guide.play()

    def test_output(self):
        page = "# A\n```sh db\none 1\ntwo 2\nthree\n```\n\n```text output\n%s\n```\n"
        for fits in ("ONE 1\nTWO 2\nTHREE", "ONE …\n…", "…\nTHREE", "…", "ONE 1\n…\nTHREE",
                     "ONE 1\n…\nTWO 2\nTHREE", "O…1\nT…\nTHR…EE"):
            with self.guide(page % fits) as guide:
                guide.play()
        for differs in ("ONE 1", "ONE 1\nTWO 2\nTHREE\nFOUR", "…\nTWO 2", "ONE …", "ONE .\n…",
                        "TWO 2\n…"):
            self.wrong(page % differs, "it should print")

    def test_what_no_test_plays(self):
        page = "# A\n```sh db\none\n```\n## B\n```sh db\ntwo\n```\n### C\n```sh db\nthree\n```\n"
        with self.guide(page) as guide:
            guide.play("B")
            self.assertEqual(self.host.done, ["two\n", "three\n"])
            guide.play()
        with self.assertRaisesRegex(recipes.PageError, r"never played: \S+:2$"):
            with self.guide(page) as guide:
                guide.play("B")
        self.wrong(page.replace("sh db", "sh illustration: of no use here"), "nothing to play")

    def test_desk(self):
        hosts = {"a": Paper(), "b": Paper()}
        self.assertEqual(guides.Desk(hosts).run("scp a:/x b:/y/z\n"), (0, ""))
        self.assertEqual((hosts["a"].done, hosts["b"].done), (["cat /x"], [("/y/z", "CAT /X")]))
        self.assertEqual(guides.Desk(hosts).run("scp a:/fail b:/y")[0], 1)
        self.assertIn("can be played", guides.Desk(hosts).run("rm -r /")[1])

    def test_blocks_that_do_not_say(self):
        for info in ("sh", "toml", "sh illustration:", "toml part: x", "sh db fail", "sql",
                     "ini db etc/x", "python", "text outputs", "sh db /a b"):
            self.wrong(f"# A\n```{info}\nx\n```\n", "say")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
