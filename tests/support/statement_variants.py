"""The same statement written otherwise: what a digest must not notice."""
import re

KEYWORDS = ("SELECT|FROM|WHERE|AND|OR|IN|VALUES|INSERT|INTO|UPDATE|SET|DELETE|JOIN|ON|ORDER|BY|GROUP"
            "|LIMIT|NOT|NULL|LIKE|UNION|ALL|AS|LEFT|INNER|CREATE|TABLE|DROP|ALTER|IS|EXISTS|BETWEEN")
PIECE = re.compile(rf"""
    (?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
  | (?P<name>`(?:[^`]|``)*`)
  | (?P<between>(?<=['"])[ \t\r\n]+(?=['"]))  # strings beside one another are one
  | (?P<space>[ \t\r\n]+)
  | (?P<number>(?<![\w.@$`'"\\])\d+(?![\w.'"]))
  | (?P<keyword>(?<![\w.@$`:])(?:{KEYWORDS})(?![\w.$`]))
""", re.VERBOSE | re.IGNORECASE | re.DOTALL)
BLANKS = ("\n", " \t ", "  /* a note; with 'quotes' and ? */ ", " -- to the end of the line\n",
          "\r\n", " # likewise \"\n")
# Comments that are code, and texts in which a blank or a number means more than itself.
UNTOUCHED = re.compile(rb"/\*|--|#|\\[^'\"\\nrt%_]|delimiter|[\x80-\xff]", re.IGNORECASE)


def variant(sql):
    """None for what is better left alone."""
    if UNTOUCHED.search(sql) or any(sql.count(quote) % 2 for quote in (b"'", b'"', b"`")):
        return None
    count = 0

    def other(piece):
        nonlocal count
        count += 1
        text = piece.group()
        if piece.lastgroup == "string":
            return text[0] + "it" * (count % 5) + ("" if count % 3 else r"\\") + text[0]
        if piece.lastgroup == "between":
            return "\n"
        if piece.lastgroup == "space":
            return BLANKS[count % len(BLANKS)]
        if piece.lastgroup == "number":
            return str(count * 7919 % 100_000)
        return text.swapcase() if piece.lastgroup == "keyword" else text

    return PIECE.sub(other, sql.decode("latin1")).encode("latin1")
