#!/usr/bin/python3
"""What a release binary is compiled and linked with, and that nothing in it tells where and when
that was done.

Usage: release_test.py BINARY SOURCE_DIR
"""
import email.utils
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import unittest

BINARY, SOURCE = sys.argv[1:3]
BUILD = pathlib.Path(BINARY).resolve().parents[1]
OBJECT = BUILD / "guard/CMakeFiles/headgate.dir/main.cc.o"


def readelf(*options):
    return subprocess.run(["readelf", *options, BINARY], check=True, capture_output=True,
                          text=True).stdout


def cached(name):
    """A setting of the build folder."""
    for line in (BUILD / "CMakeCache.txt").read_text("utf8").splitlines():
        if line.startswith(name + ":"):
            return line.split("=", 1)[1]
    return ""


@unittest.skipUnless(cached("CMAKE_BUILD_TYPE") == "Release" and not cached("HEADGATE_SANITIZE"),
                     "no release build")
class Hardened(unittest.TestCase):
    """Debian's hardening=+all, and what its compiler has beyond that: cmake/hardening.cmake."""

    def test_position_independent(self):
        self.assertRegex(readelf("-hW"), r"Type:\s+DYN \(Position-Independent Executable file\)")

    def test_nothing_is_resolved_late_nor_writable_then(self):
        self.assertIn("GNU_RELRO", readelf("-lW"))
        self.assertRegex(readelf("-dW"), r"\(FLAGS_1\)\s+Flags: NOW PIE")

    def test_stack_is_not_executable(self):
        self.assertRegex(readelf("-lW"), r"GNU_STACK .* RW +0x")

    def test_no_segment_is_both_writable_and_executable(self):
        self.assertNotRegex(readelf("-lW"), r"LOAD .* RWE ")

    def test_libraries_are_looked_for_where_the_system_has_them(self):
        self.assertNotRegex(readelf("-dW"), r"\((RPATH|RUNPATH)\)")

    def test_stack_protector_and_fortified_functions(self):
        symbols = readelf("-sW", "--dyn-syms")
        self.assertIn("__stack_chk_fail@GLIBC", symbols)
        self.assertRegex(symbols, r"__(memcpy|memmove|memset|snprintf|read|recv|fread)_chk@GLIBC")

    def test_flags(self):
        commands = json.loads((BUILD / "compile_commands.json").read_text("utf8"))
        mine = [one["command"] for one in commands if "/guard/main.cc" in one["file"]]
        self.assertEqual(len(mine), 1)
        for flag in ("-fPIE", "-fstack-protector-strong", "-fstack-clash-protection",
                     "-D_FORTIFY_SOURCE=3"):
            self.assertIn(flag, mine[0].split())

    @unittest.skipUnless(platform.machine() == "x86_64", "CET is of x86-64")
    def test_our_own_code_is_marked_for_control_flow_enforcement(self):
        """The objects: the binary as a whole cannot be while Debian's start files are not."""
        self.assertTrue(OBJECT.exists(), OBJECT)
        notes = subprocess.run(["readelf", "-nW", str(OBJECT)], check=True, capture_output=True,
                               text=True).stdout
        self.assertRegex(notes, r"x86 feature: IBT, SHSTK")


class Anywhere(unittest.TestCase):
    """The bytes are those of any other folder and day."""

    def setUp(self):
        self.bytes = pathlib.Path(BINARY).read_bytes()

    def test_no_path_of_the_build(self):
        for path in {os.path.realpath(SOURCE), str(BUILD), cached("CMAKE_HOME_DIRECTORY")}:
            with self.subTest(path):
                self.assertGreater(len(path), 1)
                self.assertNotIn(path.encode() + b"/", self.bytes)

    def test_no_time_of_the_build(self):
        # As __TIME__, __DATE__ and date(1) write them. The manual's day is that of the version.
        words = re.findall(rb"[\x20-\x7e]{6,}", self.bytes)
        for pattern in (rb"\b[0-2]\d:[0-5]\d:[0-5]\d\b", rb"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct"
                        rb"|Nov|Dec) [ 0-3]\d 20\d\d\b", rb"\b20\d\d-[01]\d-[0-3]\dT"):
            self.assertEqual([word for word in words if re.search(pattern, word)], [])

    def test_the_day_is_that_of_the_version(self):
        text = pathlib.Path(SOURCE, "CMakeLists.txt").read_text("utf8")
        day = re.search(r"set\(HEADGATE_RELEASE_DATE (\d{4}-\d\d-\d\d)\)", text)[1]
        page = subprocess.run([BINARY, "man"], check=True, capture_output=True, text=True).stdout
        self.assertIn(f".TH HEADGATE 8 {day} ", page)

    def test_the_package_is_of_the_same_version_and_day(self):
        newest = pathlib.Path(SOURCE, "debian/changelog").read_text("utf8").split("\n -- ")
        version = re.match(r"headgate \(([^)-]+)", newest[0])[1]
        when = email.utils.parsedate_to_datetime(newest[1].splitlines()[0].split(">  ")[1])
        said = subprocess.run([BINARY, "man"], check=True, capture_output=True, text=True).stdout
        self.assertIn(f'.TH HEADGATE 8 {when:%Y-%m-%d} "headgate {version}" ', said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
