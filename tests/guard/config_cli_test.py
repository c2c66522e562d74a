#!/usr/bin/python3
"""A configuration of several files, the presets, and `headgate diff`, through the real binary.

Usage: config_cli_test.py BINARY SOURCE_DIR
"""
import json
import pathlib
import sys
import unittest

from cli_testing import SOURCE, Files, Gates, headgate


class ConfD(Files):
    def test_conf_d_is_merged(self):
        path = self.file('[gate]\nbackend = ["192.0.2.10:3306"]\n[slots]\nmax_connections = 9\n')
        self.drop_in("10-slots.toml", "[slots]\nmax_connections = 99\n")
        done = headgate("check", path)
        self.assertEqual(done.returncode, 0, done.stdout)
        note = (f"{self.dir}/conf.d/10-slots.toml:2:1: note: slots.max_connections: replaces what "
                f"stands in {path}:4:1\n")
        self.assertIn(note, done.stdout)
        notes = json.loads(headgate("check", "--json", path).stdout)["notes"]
        self.assertEqual([(n["severity"], n["line"]) for n in notes], [("note", 2)])

    def test_conf_d_problems_have_their_file(self):
        path = self.file("[gate]\nbackend = [\n")
        bad = self.drop_in("a.toml", "[slots]\nkeep_free = -1\n")
        done = headgate("check", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{path}:2:13: this is no TOML", done.stdout)
        self.assertIn(f"{bad}:2:13: slots.keep_free: -1 is outside", done.stdout)
        self.assertEqual(headgate("firewall", "print", "--config", path).returncode, 2)
        self.assertEqual(headgate("diff", path).returncode, 2)

    def test_presets_are_fine(self):
        for preset in sorted(pathlib.Path(SOURCE, "policies/presets").glob("*.toml")):
            done = headgate("check", str(preset))
            self.assertEqual(done.returncode, 0, done.stdout)


class Diff(Gates):
    def test_diff_help_tells_its_exit_status(self):
        text = headgate("diff", "--help").stdout
        for word in ("--config", "--socket", "--json", "1 something would"):
            self.assertIn(word, text)

    def test_diff_without_a_gate_is_two(self):
        path = self.file('[gate]\nbackend = ["192.0.2.10:3306"]\n[slots]\nmax_connections = 9\n')
        args = ("diff", path, "--socket", str(self.dir / "none.sock"))
        done = headgate(*args)
        self.assertEqual(done.returncode, 2)
        self.assertIn("none.sock", done.stderr)
        self.assertIn("error", json.loads(headgate(*args, "--json").stdout))

    def test_diff_changes_nothing(self):
        path = self.config()
        gate = self.start(path)
        done = self.ask("diff", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.endswith("nothing would change\n"), done.stdout)
        self.drop_in("50-more.toml", "[slots]\nmax_connections = 30\n[gate]\nthreads = 2\n"
                     '[[class]]\nname = "shop"\nusers = ["shop"]\n')
        for args in (("diff", path), ("diff", "--config", path)):
            done = self.ask(*args)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertTrue(done.stdout.endswith("slots.max_connections: 20 -> 30\n"
                                                 "class shop: new, before default\n"
                                                 "needs a restart: gate.threads: 1 -> 2\n"))
        status = json.loads(self.ask("status", "--json").stdout)
        self.assertEqual((status["slots"]["capacity"], status["reloads"]["done"]), (15, 0))
        self.diff_agrees_with_reload(path)
        bad = self.drop_in("60-bad.toml", "[slots]\nkeep_free = -1\n")
        done = self.ask("diff", path, "--json")
        self.assertEqual(done.returncode, 2)
        answer = json.loads(done.stdout)
        self.assertFalse(answer["ok"])
        self.assertTrue(any(p.startswith(f"{bad}:2:13: ") for p in answer["problems"]), answer)
        self.end(gate)

    def diff_agrees_with_reload(self, path):
        would = json.loads(self.ask("diff", path, "--json").stdout)
        did = json.loads(self.ask("reload", "--json").stdout)
        for key in ("changed", "need_restart"):
            self.assertEqual(would[key], did[key])
        self.assertEqual(json.loads(self.ask("status", "--json").stdout)["slots"]["capacity"], 25)
        # What only a restart brings is still to come.
        left = json.loads(self.ask("diff", path, "--json").stdout)
        self.assertEqual((left["changed"], left["need_restart"]),
                         ([], ["gate.threads: 1 -> 2"]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
