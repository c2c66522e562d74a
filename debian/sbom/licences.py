"""Under which licence a library may be used: as Debian's copyright file says it in a form that
machines read, and as its text was read by us where a source package holds more than its library.
"""
import pathlib
import re

# Source package: what holds for the part of it that is linked or compiled in. Read from
# /usr/share/doc/PACKAGE/copyright of Debian 12; build scripts, programs and tests are left out.
REVIEWED = {
    "abseil": "Apache-2.0",
    "boost1.81": "BSL-1.0",
    "cli11": "BSD-3-Clause",
    "dbus": "AFL-2.1 OR GPL-2.0-or-later",
    "fmtlib": "MIT",
    "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "libcap2": "BSD-3-Clause OR GPL-2.0-only",
    "libgcrypt20": "LGPL-2.1-or-later",
    "libgpg-error": "LGPL-2.1-or-later",
    "libpcap": "BSD-3-Clause",
    "libzstd": "BSD-3-Clause OR GPL-2.0-only",
    "linux": "GPL-2.0-only WITH Linux-syscall-note",
    "lz4": "BSD-2-Clause",
    "mariadb": "LGPL-2.1-or-later",
    "ncurses": "X11-distribute-modifications-variant",
    "node-chart.js": "MIT",
    "openssl": "Apache-2.0",
    "prometheus-cpp": "MIT",
    "re2": "BSD-3-Clause",
    "spdlog": "MIT",
    "systemd": "LGPL-2.1-or-later",
    "tomlplusplus": "MIT",
    "xz-utils": "LicenseRef-liblzma-public-domain",
    "zlib": "Zlib",
}

# What SPDX has no name for.
EXTRACTED = {
    "LicenseRef-liblzma-public-domain": "liblzma is in the public domain.",
}

# Names of Debian's copyright files that SPDX writes differently.
DEBIAN_NAMES = {
    "Apache-2.0": "Apache-2.0", "BSD-2-clause": "BSD-2-Clause", "BSD-2-Clause": "BSD-2-Clause",
    "BSD-3-clause": "BSD-3-Clause", "BSL-1.0": "BSL-1.0", "CC0-1.0": "CC0-1.0", "Expat": "MIT",
    "0BSD": "0BSD", "Zlib": "Zlib", "zlib": "Zlib", "X11": "X11", "AFL-2.1": "AFL-2.1",
    "LGPL-2.1": "LGPL-2.1-only", "LGPL-2.1+": "LGPL-2.1-or-later", "GPL-2": "GPL-2.0-only",
    "GPL-2+": "GPL-2.0-or-later", "GPL-3": "GPL-3.0-only", "GPL-3+": "GPL-3.0-or-later",
    "GPL-1+": "GPL-1.0-or-later",
}
FORMAT = re.compile(r"^Format: *https?://www\.debian\.org/doc/packaging-manuals/copyright-format/",
                    re.MULTILINE)


def copyright_file(package):
    return pathlib.Path("/usr/share/doc", package, "copyright")


def expression(name):
    """"BSD-3-clause or GPL-2" as SPDX writes it; None where a part has no name there."""
    parts = [DEBIAN_NAMES.get(part.strip()) for part in re.split(r"\bor\b", name)]
    if None in parts:
        return None
    return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"


def declared(text):
    """Of the whole source package, all of its files; "NOASSERTION" where no machine can read it."""
    if not FORMAT.search(text):
        return "NOASSERTION"
    names = set()
    for stanza in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files: *(.*)", stanza, re.MULTILINE)
        found = re.search(r"^License: *(.*)", stanza, re.MULTILINE)
        if files and found and files[1].strip() != "debian/*":
            names.add(expression(found[1].strip()))
    if not names or None in names:
        return "NOASSERTION"
    return " AND ".join(sorted(names))
