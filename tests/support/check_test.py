#!/usr/bin/python3
"""The checks of `make check` must be able to fail: each rule is broken once, in each direction."""
import contextlib
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

import check_files
import check_layers
import lint

LAYERS = check_layers.LAYERS


def layer_breaches(layer, text):
    return list(check_layers.breaches(f"{layer}/x.cc", layer, text))


class Layers(unittest.TestCase):

    def test_only_arrows_to_the_left_and_to_itself(self):
        for i, layer in enumerate(LAYERS):
            for j, target in enumerate(LAYERS):
                for quotes in ('""', "<>"):
                    include = f"#include {quotes[0]}{target}/y.h{quotes[1]}\n"
                    back = f"{layer} must not include {target}/y.h"
                    said = any(back in line for line in layer_breaches(layer, include))
                    self.assertEqual(said, j > i, f"{layer} -> {target}")

    def test_says_file_and_line(self):
        self.assertEqual(layer_breaches("net", '\n  #  include "guard/daemon.h"\n'),
                         ["net/x.cc:2: net must not include guard/daemon.h"])

    def test_the_deepest_folder_is_the_layer(self):
        self.assertEqual(check_layers.layer_of("net/mysql/wire.h"), "net/mysql")
        self.assertEqual(check_layers.layer_of("net/mysqlx.h"), "net")
        self.assertIsNone(check_layers.layer_of("tests/net/gate_test.cc"))

    def test_pure_folders_reach_nothing_outside(self):
        for header in ("thread", "random", "fstream", "cstdio", "sys/socket.h", "time.h",
                       "boost/asio.hpp", "absl/time/clock.h", "absl/random/random.h"):
            for layer in LAYERS:
                said = layer_breaches(layer, f"#include <{header}>\n")
                self.assertEqual(len(said), layer in check_layers.PURE, f"{layer}: {header}")

    def test_pure_folders_may_use_values(self):
        for header in ("vector", "mutex", "atomic", "chrono", "absl/container/flat_hash_map.h"):
            self.assertEqual(layer_breaches("policies", f"#include <{header}>\n"), [])

    def test_pure_folders_ask_no_clock_and_no_dice(self):
        for code in ("auto t = std::chrono::steady_clock::now();", "std::random_device dice;",
                     "return rand() % 2;", "absl::Now();"):
            self.assertEqual(len(layer_breaches("net/mysql", code)), 1, code)
            self.assertEqual(layer_breaches("net", code), [])
            self.assertEqual(layer_breaches("policies", f"// {code}"), [])

    def test_strangers_in_quotes(self):
        for name in ("tests/net/wire_peer.h", "engine.h"):
            self.assertEqual(len(layer_breaches("guard", f'#include "{name}"\n')), 1, name)

    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                return check_layers.main(root), said.getvalue()

    def test_exit_status(self):
        fine = {"policies/a.h": "", "net/b.cc": '#include "policies/a.h"\n'}
        self.assertEqual(self.run_on(fine)[0], 0)
        status, said = self.run_on(fine | {"policies/c.cc": '#include "net/b.h"\n'})
        self.assertEqual((status, said), (1, "policies/c.cc:1: policies must not include net/b.h\n"))
        self.assertEqual(self.run_on({})[0], 1, "no files, nothing checked")


class Files(unittest.TestCase):
    HEADER = "// What for.\n//\n// Threads: any.\n// Lifetime: static.\n#pragma once\n"

    def said(self, file, text):
        return list(check_files.breaches(file, text))

    def test_length(self):
        self.assertEqual(self.said("a.cc", "\n" * 400), [])
        self.assertEqual(len(self.said("a.cc", "\n" * 401)), 1)

    def test_header_opening(self):
        self.assertEqual(self.said("a.h", self.HEADER), [])
        self.assertEqual(len(self.said("a.h", self.HEADER.replace("Threads", "Cats"))), 1)
        self.assertEqual(len(self.said("a.h", self.HEADER.replace("Lifetime", "Cats"))), 1)
        self.assertEqual(len(self.said("a.h", "#pragma once\n" + self.HEADER)), 2)
        self.assertEqual(self.said("a.cc", ""), [])

    def test_unfinished(self):
        self.assertEqual(len(self.said("a.cc", "int a;  // TO" "DO: more\n")), 1)


class LintStamps(unittest.TestCase):

    def digest_after(self, files, changed):
        with tempfile.TemporaryDirectory() as root, contextlib.chdir(root):
            for each in (files, changed):
                lint.text_of.cache_clear()
                for name, text in each.items():
                    pathlib.Path(name).write_text(text)
                yield lint.digest("a.cc", "")

    def test_a_header_of_a_header_counts(self):
        files = {"a.cc": '#include "b.h"\n', "b.h": '#include "c.h"\n', "c.h": "", "d.h": ""}
        before, after = self.digest_after(files, {"c.h": "int c;\n"})
        self.assertNotEqual(before, after)
        before, after = self.digest_after(files, {"d.h": "int d;\n"})
        self.assertEqual(before, after)


class LintTogether(unittest.TestCase):

    def test_what_stays_of_a_command(self):
        self.assertEqual(lint.flags_of("/usr/bin/clang++ -I/x -Wall -o a/b.cc.o -c /x/b.cc"),
                         ["-I/x", "-Wall"])

    def test_neighbours_of_one_folder_and_one_command(self):
        units = [f"net/{i}.cc" for i in range(9)] + ["guard/a.cc", "guard/b.cc", "guard/c.cc"]
        commands = {pathlib.Path(unit).resolve(): f"clang++ -c {unit}" for unit in units}
        commands[pathlib.Path("guard/b.cc").resolve()] = "clang++ -DB -c guard/b.cc"
        self.assertEqual([len(batch) for batch in lint.batches(units, commands)], [8, 1, 1, 1, 1])

    @unittest.skipUnless(shutil.which("clang-tidy"), "no clang-tidy here")
    def test_one_that_fails_is_named_and_no_other(self):
        """Two that do not compile together are content each for itself; one that is unread is not."""
        with tempfile.TemporaryDirectory() as root, contextlib.chdir(root):
            pathlib.Path("stamps").mkdir()
            pathlib.Path(".clang-tidy").write_text("Checks: 'misc-unused-parameters,"
                                                   "bugprone-suspicious-include'\n"
                                                   "WarningsAsErrors: '*'\n")
            pathlib.Path("net").mkdir()
            for name, text in (("a", "static int a;\n"), ("b", "static int a;\n"),
                               ("c", "int c(int unread) { return 1; }\n"), ("d", "int d;\n")):
                pathlib.Path(f"net/{name}.cc").write_text(text)
            units = [f"net/{name}.cc" for name in "abcd"]
            entries = [{"directory": root, "file": unit, "command": f"clang++ -c {unit}"}
                       for unit in units]
            pathlib.Path("compile_commands.json").write_text(json.dumps(entries))
            commands = {pathlib.Path(e["file"]).resolve(): e["command"] for e in entries}
            a, b, c, d = units
            self.assertTrue(lint.tidy_together(root, [a, d], []))
            self.assertFalse(lint.tidy_together(root, [a, b], []), "they do not compile")
            self.assertFalse(lint.tidy_together(root, [a, c], []), "there is a finding")
            said = dict(lint.judge(root, units, commands))
            self.assertEqual([said[a], said[b], said[d]], ["", "", ""])
            self.assertIn("unused", said[c])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
