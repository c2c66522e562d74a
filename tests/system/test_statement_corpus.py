#!/usr/bin/python3
"""The scanner on thousands of real statements: no id that moves, no refusal of what is benign, no
hostile one that passes; and what performance_schema and pt-fingerprint would have called them.

Of others' statements nothing is kept: they are read from packages that are installed, or from what
their programs send. HEADGATE_SCANNER is tests/policies/scan_statements.cc, built.
"""
import collections
import os
import pathlib
import re
import sys
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

# pylint: disable=wrong-import-position
import statement_corpus as corpus  # noqa: E402
import statement_peers as peers  # noqa: E402
from statement_variants import variant  # noqa: E402

SCANNER = os.environ["HEADGATE_SCANNER"]
REFUSE, DELAY, LOG = 100, 80, 50  # [shape] by default
OURS = ("wordpress", "reporting", "orm")

# A server's own tests try on purpose what ours call hostile. What of them is left out of "benign",
# and by which rule: each names what the text must show, not what our scanner said.
LEFT_OUT = {
    "calls SLEEP": r"\bsleep\s*\(",
    "calls BENCHMARK": r"\bbenchmark\s*\(",
    "waits a minute or longer": r"\b(get_lock|master_gtid_wait|master_pos_wait)\s*\(",
    "writes or reads files of the server's host": r"\binto\s+(outfile|dumpfile)\b|\bload_file\s*\(",
    "REPEAT and its kind with 10,000 or more": r"\b(repeat|space|[lr]pad)\s*\(.*\d{5,}",
    "a loop outside a routine": r"\bend\s+(loop|while|for|repeat)\b|not\s+atomic\s+(while|repeat)\b",
    "runs code put together by functions":
        r"(execute\s+immediate|prepare\s+\S+\s+from)\s+(?!['\"@]\S*\s*$)",
    "buffers of more than 256 MB":
        r"\bset\b.*(buffer_size|table_size|max_recursive_iterations|alloc_block_size)\s*=\s*\d{6,}",
    "XPath inside XPath": r"\b(extractvalue|updatexml)\s*\(.*\[//",
    "hashes or packs what REPEAT made": r"\b(compress|encode|weight_string|replace)\s*\(.*(repeat|space)",
    "more than 64 parentheses deep": r"(\(\s*(select\s*)?){40}",
    "a regular expression that backtracks": r"[*+]\)[*+]",
    "thousands of copies of a CTE, or one that joins itself": r"^\W*with\b.*\bas\b.*,.*",
    "tables multiplied: three, or two to be written, or two in random order":
        r"(?:,|\bjoin\b)",
}


def scan(statements, *options):
    return corpus.scan(SCANNER, statements, *options)


def scan_each(statements):
    """By the character set each is in."""
    done = {}
    for charset in {s.charset for s in statements}:
        part = [s for s in statements if s.charset == charset]
        options = ["--charset=gbk"] if charset == "gbk" else []
        done.update(zip(map(id, part), scan(part, *options)))
    return [done[id(s)] for s in statements]


def shortly(statement):
    return statement.sql[:160].decode(errors="replace").replace("\n", " ")


def usual(groups, keys):
    """What most of each group have as their key on the other side."""
    return {name: collections.Counter(keys[i] for i in group).most_common(1)[0][0]
            for name, group in groups.items()}


class OurSets(unittest.TestCase):

    def test_benign(self):
        for name, least in zip(OURS, (120, 80, 120)):
            statements = corpus.own(name)
            scores = [s.score for s in scan(statements)]
            print(f"{name}: {len(statements)} statements, refused {sum(s >= REFUSE for s in scores)}"
                  f", delayed {sum(DELAY <= s < REFUSE for s in scores)}"
                  f", logged {sum(LOG <= s < DELAY for s in scores)}")
            self.assertGreaterEqual(len(statements), least)
            refused = [shortly(s) for s, score in zip(statements, scores) if score >= DELAY]
            self.assertEqual(refused, [])

    def test_hostile(self):
        statements = corpus.own("hostile")
        found = scan_each(statements)
        by_time = [s for s in statements if s.time]
        print(f"hostile: {len(statements)} statements, refused by shape"
              f" {sum(f.score >= REFUSE for f in found)}, by time {len(by_time)}")
        self.assertGreaterEqual(len(statements) - len(by_time), 150)
        self.assertLessEqual(len(by_time), 10)
        passed = [f"{f.score} {f.traits} {shortly(s)}" for s, f in zip(statements, found)
                  if f.score < REFUSE and not s.time]
        self.assertEqual(passed, [])
        needless = [shortly(s) for s, f in zip(statements, found) if f.score >= REFUSE and s.time]
        self.assertEqual(needless, [], "marked as caught by time, but its shape tells")

    def test_hostile_otherwise_written(self):
        """Comments, blanks, case: the same score. (Literals differ: some are what is hostile.)"""
        statements = [s for s in corpus.own("hostile") if not s.time and s.charset == "utf8"]
        forms = [re.sub(rb"(?<=[ ,(])(?=[A-Za-z(])(?![^']*'(?:[^']*'[^']*')*[^']*$)", b"/**/\t", s.sql)
                 for s in statements]
        changed = [corpus.Statement(f, s.where) for f, s in zip(forms, statements) if f != s.sql
                   and not re.search(rb"/\*|--|#|`", s.sql)]
        self.assertGreater(len(changed), 100)
        passed = [shortly(s) for s, f in zip(changed, scan(changed)) if f.score < REFUSE]
        print(f"hostile with comments between the words: {len(changed)}, passed {len(passed)}")
        self.assertEqual(passed, [])


class Others(unittest.TestCase):
    """Statements of the server's own tests, of sysbench and of mariadb-dump."""

    @classmethod
    def setUpClass(cls):
        files = corpus.mysqltest_files()
        assert len(files) > 1000, "the package mariadb-test-data is not installed"
        cls.tests = [s for f in files for s in corpus.from_mysqltest(f)]
        cls.found = scan(cls.tests)
        # A part for the comparisons: everyday kinds, without what would take a server time.
        # Chosen by their text, so that a change elsewhere changes no other choice.
        cls.part = [s for s, f in zip(cls.tests, cls.found) if zlib.crc32(s.sql) % 12 == 0
                    and f.kind in (1, 2) and f.score < LOG and len(s.sql) < 900
                    and not re.search(rb"[;#\x80-\xff]|--|/\*", s.sql)]
        with peers.Peer() as db:
            cls.sysbench = db.sysbench()
            cls.dump = db.dump()
            cls.part += [s for name in OURS for s in corpus.own(name) if b";" not in s.sql]
            cls.part += cls.sysbench
            cls.digests = db.digests(cls.part)
        cls.ids = scan(cls.part)

    def test_benign(self):
        refused = [(s, f) for s, f in zip(self.tests, self.found) if f.score >= REFUSE]
        rules = collections.Counter()
        unexplained = []
        for statement, found in refused:
            text = statement.sql.decode(errors="replace")
            rule = next((name for name, pattern in LEFT_OUT.items()
                         if re.search(pattern, text, re.IGNORECASE | re.DOTALL)), None)
            rules[rule] += 1
            if rule is None:
                unexplained.append(f"{found.traits} {shortly(statement)}")
        share = len(refused) / len(self.tests)
        print(f"mariadb-test: {len(self.tests)} statements, left out by rule {len(refused)}"
              f" ({share:.2%}):")
        for rule, count in rules.most_common():
            print(f"    {count:5} {rule}")
        self.assertGreaterEqual(len(self.tests), 2000)
        self.assertLess(share, 0.02)
        self.assertEqual(unexplained, [])

    def test_programs(self):
        for name, statements in (("sysbench", self.sysbench), ("mariadb-dump", self.dump)):
            found = scan(statements)
            ids = len({f.id for f in found})
            refused = [f"{f.traits} {shortly(s)}" for s, f in zip(statements, found)
                       if f.score >= DELAY]
            print(f"{name}: {len(statements)} statements, {ids} ids, refused {len(refused)}")
            self.assertGreater(len(statements), 100)
            self.assertEqual(refused, [])

    def test_ids_are_stable(self):
        statements = self.tests + [s for name in (*OURS, "hostile") for s in corpus.own(name)
                                   if s.charset == "utf8"]
        first, second = scan(statements), scan(statements)
        self.assertEqual([f.id for f in first], [f.id for f in second])
        pairs = [(s, f, variant(s.sql)) for s, f in zip(statements, first)]
        pairs = [(s, f, v) for s, f, v in pairs if v and v != s.sql and not s.error]
        again = scan([corpus.Statement(v, s.where) for s, _, v in pairs])
        moved = [f"{f.text[:200]}\n     {g.text[:200]}\n     {v[:200]}"
                 for (s, f, v), g in zip(pairs, again) if f.id != g.id]
        print(f"ids: {len(pairs)} statements with other blanks, comments, literals and case, "
              f"{len({f.id for _, f, _ in pairs})} ids, moved {len(moved)}")
        self.assertGreaterEqual(len(pairs), 2000)
        self.assertEqual(moved[:20], [])

    def agreement(self, name, ours, theirs):
        """The share of statements in the usual group of each side for the other's, and those in
        groups that are not the very same.

        The share of the very same groups is said too, but hangs on the sample: one odd statement
        among a thousand of a group makes all of them count as apart.
        """
        mine, others = collections.defaultdict(set), collections.defaultdict(set)
        known = [i for i, key in enumerate(theirs) if key]
        for i in known:
            mine[ours[i]].add(i)
            others[theirs[i]].add(i)
        apart = [i for i in known if mine[ours[i]] != others[theirs[i]]]
        here, there = usual(mine, theirs), usual(others, ours)
        share = sum(here[ours[i]] == theirs[i] and there[theirs[i]] == ours[i]
                    for i in known) / len(known)
        print(f"{name}: {len(known)} statements, ours {len(mine)}, theirs {len(others)}, agree"
              f" {share:.2%}; in the very same groups {1 - len(apart) / len(known):.2%}")
        self.assertGreater(len(known), 2000)
        return share, apart

    def test_performance_schema(self):
        ids = [f.id for f in self.ids]
        raw, _ = self.agreement("performance_schema", ids, [d for d, _ in self.digests])
        # The differences that docs/digests.md names, taken out on both sides.
        ours = [plain(f.text) for f in self.ids]
        theirs = [plain(text) for _, text in self.digests]
        rest, apart = self.agreement("  without the named differences", ours, theirs)
        for i in [i for i in apart if ours[i] != theirs[i]][:6]:
            print(f"    {shortly(self.part[i])}\n      {ours[i][:120]}\n      {theirs[i][:120]}")
        self.assertGreater(raw, 0.95)
        self.assertGreater(rest, 0.985)

    def test_pt_fingerprint(self):
        ids = [f.id for f in self.ids]
        prints = peers.pt_fingerprints(self.part)
        raw, _ = self.agreement("pt-fingerprint", ids, prints)
        ours = [plain_pt(f.text) for f in self.ids]
        theirs = [p and plain_pt(p) for p in prints]
        # Text by text: one of theirs that swallows half a statement would spoil a whole group.
        known = [i for i, text in enumerate(theirs) if text and "/*repeat" not in text]
        apart = [i for i in known if ours[i] != theirs[i]]
        rest = 1 - len(apart) / len(known)
        print(f"  without the named differences the texts are the same for {rest:.2%}")
        for i in apart[:6]:
            print(f"    {shortly(self.part[i])}\n      {ours[i][:120]}\n      {theirs[i][:120]}")
        self.assertGreater(raw, 0.60)
        self.assertGreater(rest, 0.96)


def plain(text):
    """A digest's text without what is deliberately different: case, character sets, hex, lists."""
    if text is None:
        return None
    text = text.lower().replace("`", "").replace("(unknown)", "?")
    text = re.sub(r"_(?!charset)[a-z]\w* \?", "(_charset) ?", text)
    return lists(text)


def plain_pt(text):
    """Likewise, with what pt-fingerprint takes for a number: from any digit on, names or not."""
    text = re.sub(r"seq_[\w?]+", "seq_?", text.lower().replace("`", ""))
    text = re.sub(r"@(\w+|\?)", "@?", re.sub(r"\b(null|true|false)\b", "?", text))
    text = re.sub(r"_[a-z]\w*\?? ?\?", "?", text)
    text = re.sub(r"\basc\b", "", text)
    text = re.sub(r"[xb.+-]?\?[xb.?]*", "?", re.sub(r"[\d+-][\da-f.xb+-]*", "?", text))
    text = re.sub(r"\?[a-f]+(?![\w.])", "?", text)  # hex in capitals is no number to it
    text = re.sub(r"limit\?(,\?|offset\?)?", "limit?", lists(re.sub(r"\?[a-f.]*\?", "?", text)))
    text = re.sub(r"\?+", "?", text)
    return re.sub(r"values?\(.*\)(?=onduplicate|returning|$)", "values(?)", text)


def lists(text):
    """Blanks gone; any list of constants, and of lists of them, is (?)."""
    text = re.sub(r"\.\.\.|\?\+", "?", text.replace("/* , ... */", ",(?)"))
    text = re.sub(r"[\s+-]", "", text)
    text = re.sub(r"\?(,\?)*", "?", text)
    return re.sub(r"\(\?\)(,\(\?\)|,\?)*", "(?)", text)


if __name__ == "__main__":
    started = time.monotonic()
    program = unittest.main(exit=False)
    print(f"{time.monotonic() - started:.0f} s")
    sys.exit(not program.result.wasSuccessful())
