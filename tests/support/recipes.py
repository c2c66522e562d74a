"""Pages whose recipes are run as they are written: blocks found, looked at, and played.

A fenced block's info string says what the block is (docs/contributing.md has this for authors):

  sh HOST [fails]            run by bash on HOST, from the first line to the last; any command that
                             fails ends it. `fails`: it has to fail, as a login that is refused does
  sql HOST [fails]           given to `mariadb` on HOST, as root
  LANGUAGE HOST /a/path      written to that file on HOST
  (HOST may be several: `gate-a,gate-b`, one after the other)
  text output                what the block right before it prints; `…` stands for what differs, a
                             line `…` for any number of lines
  LANGUAGE illustration: WHY not run, and why not
  toml part: WHY             not run either, but keys that `headgate check` accepts

Blocks without a language, and `text` alone, are drawings and screens.
"""
import dataclasses
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)```+(.*)$")
PAST = "…"  # whatever stands there


class PageError(Exception):
    """What is wrong with a page, beginning with its name and line."""


@dataclasses.dataclass
class Block:
    page: str
    line: int       # of its fence, from 1
    kind: str       # run, sql, file, output, illustration, part, drawing
    language: str
    text: str
    host: str = ""
    path: str = ""
    fails: bool = False
    why: str = ""
    titles: tuple = ()  # the headings it stands under, the page's own first
    before: str = ""    # the running text since the block before it, or since the last heading
    after: "Block" = None  # of an output: the block that prints it

    @property
    def place(self):
        return f"{self.page}:{self.line}"

    @property
    def acts(self):
        return self.kind in ("run", "sql", "file")


def block_of(info, place):
    """What an info string says: (kind, language, host, path, fails, why)."""
    language, _, rest = info.strip().partition(" ")
    kind, colon, why = rest.partition(":")
    if colon and kind in ("illustration", "part"):
        if len(why.split()) < 3:
            raise PageError(f"{place}: say why it is not run: `{language} {kind}: ...`")
        return kind, language, "", "", False, why.strip()
    words = rest.split()
    if language in ("", "text") and not words:
        return "drawing", language, "", "", False, ""
    if (language, words) == ("text", ["output"]):
        return "output", language, "", "", False, ""
    if len(words) == 2 and words[1].startswith("/"):
        return "file", language, words[0], words[1], False, ""
    if language in ("sh", "sql") and words and words[1:] in ([], ["fails"]):
        return {"sh": "run", "sql": "sql"}[language], language, words[0], "", len(words) == 2, ""
    raise PageError(f"{place}: `{info.strip()}` does not say where it runs; write `sh HOST`, "
                    f"`{language or 'toml'} HOST /path` or `{language} illustration: why`")


def blocks_of(path, root=ROOT):
    """The blocks of one page, in their order; PageError where one says nothing of itself."""
    path = pathlib.Path(path)
    page = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    blocks, titles, before, inside, fresh = [], [], [], None, False
    for number, line in enumerate(path.read_text("utf8").splitlines(), 1):
        fence = FENCE.match(line)
        if inside is not None:
            if fence and not fence[2].strip():
                inside[1].text = "".join(f"{dedented}\n" for dedented in inside[2])
                blocks.append(inside[1])
                inside, before, fresh = None, [], True
            else:
                inside[2].append(line.removeprefix(inside[0]))
        elif fence:
            place = f"{page}:{number}"
            kind, language, host, file, fails, why = block_of(fence[2], place)
            block = Block(page, number, kind, language, "", host, file, fails, why,
                          tuple(title for _, title in titles), "\n".join(before))
            if kind == "output":
                if not fresh or blocks[-1].kind not in ("run", "sql"):
                    raise PageError(f"{place}: an output stands right behind the block it is of")
                block.after = blocks[-1]
            inside = (fence[1], block, [])
        else:
            fresh = fresh and not line.strip()
            before.append(line)
            title = re.match(r"(#+) +(.+?) *$", line)
            if title:
                titles = [t for t in titles if t[0] < len(title[1])] + [(len(title[1]), title[2])]
                before = []
    if inside is not None:
        raise PageError(f"{inside[1].place}: this block does not end")
    return blocks


def unlike(wanted, got):
    """None when `got` is what the output block says; else what is not."""
    def is_line(wish, line):
        return re.fullmatch(".*".join(map(re.escape, wish.split(PAST))), line)

    def are(wishes, lines):
        if not wishes:
            return not lines
        if wishes[0].strip() == PAST:
            return any(are(wishes[1:], lines[skipped:]) for skipped in range(len(lines) + 1))
        return bool(lines and is_line(wishes[0], lines[0]) and are(wishes[1:], lines[1:]))

    if are(*([line.rstrip() for line in text.strip("\n").splitlines()] for text in (wanted, got))):
        return None
    return f"it should print\n{wanted}\nand printed\n{got}"


class Guide:
    """One page being played on hosts: {name: host}, where a host has

      run(script)       -> (exit status, what it printed, errors included)
      write(path, text) the file's owner and mode stay where there is one

    `with Guide(...) as guide:` ends with an error when a block of the page was never played.
    """

    def __init__(self, page, hosts, said=print):
        self.blocks = blocks_of(page)
        self.hosts, self.said, self.played = hosts, said, set()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            left = [b.place for b in self.blocks if b.acts and b.line not in self.played]
            if left:
                raise PageError(f"never played: {', '.join(left)}")

    def play(self, title=None):
        """All of the page, or what stands under one heading, its own parts included."""
        chosen = [b for b in self.blocks if title is None or title in b.titles]
        if not any(b.acts for b in chosen):
            raise PageError(f"nothing to play under the heading {title!r}")
        printed = {}
        for block in chosen:
            if block.acts:
                self.said(f"{block.place}: {block.language} on {block.host} {block.path}".rstrip())
                printed = {name: self._act(block, name) for name in block.host.split(",")}
                self.played.add(block.line)
            elif block.kind == "output":
                for name, text in printed.items():
                    problem = unlike(block.text, text)
                    if problem:
                        raise PageError(f"{block.place}: on {name} {problem}")

    def _act(self, block, name):
        if name not in self.hosts:
            raise PageError(f"{block.place}: there is no host {name!r}")
        host = self.hosts[name]
        if block.kind == "file":
            host.write(block.path, block.text)
            return ""
        text = block.text
        if block.kind == "sql":
            text = f"mariadb <<'END_OF_SQL'\n{text}END_OF_SQL\n"
        status, printed = host.run(text)
        if os.environ.get("HEADGATE_SHOW"):
            self.said(printed)
        if (status != 0) != block.fails:
            raise PageError(f"{block.place}: {'did not fail' if block.fails else 'failed'} on "
                            f"{name}, status {status}\n{block.text}\nprinted\n{printed}")
        return printed
