#!/usr/bin/python3
"""Packs the page's files into one C++ source: their bytes, the same with gzip, and a tag of them.

The same files give the same source, whenever and wherever. Usage:
  embed.py OUT.cc URL_PATH=FILE[+FILE...]...     files joined by + become one of the first's type
"""
import gzip
import hashlib
import pathlib
import sys

HEAD = """// Made by guard/page/embed.py of the files in guard/page.
#include "guard/page.h"

namespace headgate::guard {
namespace {

"""
PER_LINE = 64
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8"}


def escaped(byte):
    """One byte as it may stand in a literal; octal, since a hexadecimal one has no end."""
    plain = 32 <= byte < 127 and chr(byte) not in "\"\\?"
    return chr(byte) if plain else f"\\{byte:03o}"


def literal(name, data):
    lines = [data[at:at + PER_LINE] for at in range(0, len(data), PER_LINE)] or [b""]
    text = "\n".join(f'    "{"".join(map(escaped, line))}"' for line in lines)
    return f"constexpr char {name}[] =\n{text};\n"


def view(name):
    return f"{{{name}, sizeof {name} - 1}}"


def main(out, *assets):
    source, rows = HEAD, ""
    for number, asset in enumerate(assets):
        path, _, names = asset.partition("=")
        files = [pathlib.Path(name) for name in names.split("+")]
        plain = b"".join(file.read_bytes() for file in files)
        packed = gzip.compress(plain, 9, mtime=0)
        source += literal(f"kPlain{number}", plain) + literal(f"kPacked{number}", packed) + "\n"
        rows += (f'    {{"{path}", "{TYPES[files[0].suffix]}", "{hashlib.sha256(plain).hexdigest()[:16]}",\n'
                 f"     {view(f'kPlain{number}')}, {view(f'kPacked{number}')}}},\n")
    source += f"""constexpr net::PageAsset kAssets[] = {{
{rows}}};

}}  // namespace

std::span<const net::PageAsset> PageAssets() {{ return kAssets; }}

}}  // namespace headgate::guard
"""
    pathlib.Path(out).write_text(source, encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
