#!/usr/bin/python3
"""Brings the parts of docs/ up to date that are made by the binary: `make docs`.

Usage: make_docs.py BINARY SOURCE_DIR
"""
import pathlib
import re
import subprocess
import sys

# Page: (the word in its marks, what makes the lines between them).
MADE = {"config.md": ("keys", ["man", "5", "--markdown"]),
        "commands.md": ("facts", ["man", "8", "--markdown"])}


def between(text, word, lines):
    """`text` with `lines` between <!-- WORD: ... --> and <!-- end of WORD -->."""
    found = re.search(rf"(<!-- {word}: [^>]*-->\n\n).*?(<!-- end of {word} -->)", text, re.DOTALL)
    if not found:
        raise SystemExit(f"the marks of \"{word}\" are missing")
    return text[:found.end(1)] + lines + text[found.start(2):]


def made(binary, source):
    """(page, its text, what its text should be) for each."""
    for name, (word, command) in MADE.items():
        page = pathlib.Path(source, "docs", name)
        lines = subprocess.run([binary, *command], check=True, capture_output=True,
                               text=True).stdout
        old = page.read_text("utf8")
        yield page, old, between(old, word, lines)


def main(binary, source):
    for page, old, new in made(binary, source):
        if new != old:
            page.write_text(new, "utf8")
        print(f"docs/{page.name}: {'written' if new != old else 'is up to date'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
