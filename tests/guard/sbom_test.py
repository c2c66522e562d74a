#!/usr/bin/python3
"""The list of what headgate is made of (debian/sbom) is SPDX 2.3, is complete, says the same twice,
and holds no library whose licence headgate could not be shipped with.

Usage: sbom_test.py BINARY SOURCE_DIR
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

BINARY, SOURCE = sys.argv[1:3]
BUILD = str(pathlib.Path(BINARY).resolve().parents[1])
SCRIPT = os.path.join(SOURCE, "debian/sbom/sbom.py")
DAY = {"SOURCE_DATE_EPOCH": "1700000000"}

# What a part may be under, by itself or as one of a choice. A GPL is none of them unless with an
# exception for what is compiled or linked with it.
FINE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "MIT", "Zlib", "AFL-2.1",
        "X11-distribute-modifications-variant", "LGPL-2.1-or-later",
        "LicenseRef-liblzma-public-domain", "GPL-3.0-or-later WITH GCC-exception-3.1",
        "GPL-2.0-only WITH Linux-syscall-note"}
PACKAGE_FIELDS = {"SPDXID", "name", "versionInfo", "downloadLocation", "filesAnalyzed",
                  "licenseConcluded", "licenseDeclared", "copyrightText"}


def made(**environment):
    return subprocess.run(["/usr/bin/python3", SCRIPT, BUILD], check=True, capture_output=True,
                          text=True, env={**os.environ, **DAY, **environment}).stdout


def is_fine(licence):
    return any(choice in FINE for choice in licence.split(" OR "))


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = made()
        cls.sbom = json.loads(cls.text)
        cls.packages = {one["SPDXID"]: one for one in cls.sbom["packages"]}
        cls.links = [(one["spdxElementId"], one["relationshipType"], one["relatedSpdxElement"])
                     for one in cls.sbom["relationships"]]

    def of(self, kind):
        """The packages that headgate itself has in this way."""
        return {self.packages[to]["name"]: next(
            one.get("comment", "") for one in self.sbom["relationships"]
            if (one["spdxElementId"], one["relationshipType"], one["relatedSpdxElement"])
            == (who, how, to)) for who, how, to in self.links
                if (who, how) == ("SPDXRef-headgate", kind)}

    def test_document(self):
        self.assertEqual((self.sbom["spdxVersion"], self.sbom["dataLicense"], self.sbom["SPDXID"]),
                         ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertEqual(self.sbom["creationInfo"]["created"], "2023-11-14T22:13:20Z")
        self.assertRegex(self.sbom["creationInfo"]["creators"][0], r"^Tool: \S+$")
        self.assertRegex(self.sbom["documentNamespace"], r"^urn:uuid:[0-9a-f-]{36}$")

    def test_packages(self):
        self.assertEqual(len(self.packages), len(self.sbom["packages"]), "an id is there twice")
        for name, one in self.packages.items():
            with self.subTest(name):
                self.assertRegex(name, r"^SPDXRef-[A-Za-z0-9.-]+$")
                self.assertLessEqual(PACKAGE_FIELDS, set(one))
                self.assertTrue(one["versionInfo"])
                self.assertIs(one["filesAnalyzed"], False)
                for reference in one.get("externalRefs", []):
                    self.assertRegex(reference["referenceLocator"], r"^pkg:deb/debian/[^@]+@\S+$")

    def test_relationships(self):
        known = {*self.packages, "SPDXRef-DOCUMENT"}
        for who, kind, what in self.links:
            self.assertLessEqual({who, what}, known)
            self.assertIn(kind, ("DESCRIBES", "DYNAMIC_LINK", "STATIC_LINK", "CONTAINS"))
        self.assertIn(("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-headgate"), self.links)
        self.assertEqual({what for _, _, what in self.links}, set(self.packages), "of no use")

    def test_every_library_of_the_binary(self):
        text = subprocess.run(["readelf", "-dW", BINARY], check=True, capture_output=True,
                              text=True).stdout
        names = set(re.findall(r"\(NEEDED\).*\[(.+)\]", text))
        self.assertGreater(len(names), 10)
        told = {name for why in self.of("DYNAMIC_LINK").values() for name in why.split(", ")}
        self.assertEqual(told, {name for name in names if not name.startswith("ld-linux")})

    def test_what_is_inside(self):
        inside = self.of("STATIC_LINK")
        # Libraries that are nothing but headers, and what the linker adds by itself.
        self.assertLessEqual({"libboost1.81-dev", "libcli11-dev", "libtomlplusplus-dev",
                              "libstdc++-12-dev", "libgcc-12-dev", "libc6-dev"}, set(inside))
        self.assertEqual(set(self.of("CONTAINS")), {"libjs-chart.js"})

    def test_licences(self):
        extracted = {one["licenseId"] for one in self.sbom["hasExtractedLicensingInfos"]}
        for name, one in self.packages.items():
            with self.subTest(name):
                licence = one["licenseConcluded"]
                self.assertNotEqual(licence, "NOASSERTION",
                                    "read its copyright file, and add its source package to "
                                    "debian/sbom/licences.py")
                self.assertTrue(is_fine(licence), licence)
                if licence.startswith("LicenseRef-"):
                    self.assertIn(licence, extracted)

    def test_a_gpl_would_be_seen(self):
        for licence in ("GPL-2.0-only", "GPL-3.0-or-later", "AGPL-3.0-only",
                        "GPL-2.0-only OR GPL-3.0-only", "NOASSERTION"):
            self.assertFalse(is_fine(licence), licence)

    def test_the_checksum_is_the_binary_s(self):
        told = self.packages["SPDXRef-headgate"]["checksums"][0]
        self.assertEqual(told["algorithm"], "SHA256")
        said = subprocess.run(["sha256sum", BINARY], check=True, capture_output=True, text=True)
        self.assertEqual(told["checksumValue"], said.stdout.split()[0])

    def test_twice_the_same(self):
        self.assertEqual(made(TZ="Asia/Tokyo", LC_ALL="C"), self.text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
