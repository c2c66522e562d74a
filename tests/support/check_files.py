#!/usr/bin/python3
"""What every source file keeps to, beside its format: its length and, for a header, its opening.

No file above 400 lines. A header opens with a comment: what it is for, then its threads, then its
lifetime. Nothing unfinished is left standing. Usage: check_files.py FILE... Exit 1 and one line for
each breach.
"""
import pathlib
import re
import sys

MOST_LINES = 400
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b")


def opening(text):
    """The comment a file starts with."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    return "\n".join(lines[:end])


def breaches(file, text):
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield f"{file}: {lines} lines, more than {MOST_LINES}"
    if file.endswith(".h"):
        said = opening(text).lower()
        for word in ("threads", "lifetime"):
            if word not in said:
                yield f"{file}: its opening comment says nothing of {word}"
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"{file}:{number}: unfinished: {line.strip()}"


def main(files):
    found = [breach for file in files for breach in breaches(file, pathlib.Path(file).read_text())]
    print("\n".join(found) if found else
          f"files: {len(files)}, none above {MOST_LINES} lines, every header says what it is for")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
