"""The subcommands of a binary with their options and arguments, as their --help tells them."""
import dataclasses
import subprocess

# How --help calls a value.
VALUES = {"TEXT", "UINT", "INT", "FLOAT", "FILE", "SOCKET"}


@dataclasses.dataclass
class Command:
    options: dict = dataclasses.field(default_factory=dict)  # "--json": whether it takes a value
    arguments: list = dataclasses.field(default_factory=list)  # "file"
    repeats: bool = False  # the last argument may be given more than once
    inner: list = dataclasses.field(default_factory=list)  # "use"


def _blocks(text):
    """The indented lines below each title, up to the first empty line."""
    blocks, title = {}, None
    for line in text.splitlines():
        if line.endswith(":") and line[:1].isalpha():
            title = line[:-1]
            # A footer may have titles of its own, such as "Examples".
            blocks.setdefault(title, [])
        elif not line.strip():
            title = None
        elif title and line.startswith("  ") and line[2] != " ":
            blocks[title].append(line.split())
    return blocks


def _read(binary, words):
    done = subprocess.run([binary, *words, "--help"], capture_output=True, text=True, timeout=30,
                          check=True)
    blocks, command = _blocks(done.stdout), Command()
    for line in blocks.get("Options", []):
        takes_value = len(line) > 1 and line[1].split(":")[0].split("=")[0] in VALUES
        for name in line[0].split(","):
            command.options[name] = takes_value
    command.arguments = [line[0] for line in blocks.get("Positionals", [])]
    command.repeats = any("..." in line for line in blocks.get("Positionals", []))
    command.inner = [line[0] for line in blocks.get("Subcommands", [])]
    return command


def tree(binary, words=()):
    """{(): Command, ("backend",): Command, ("backend", "use"): Command, ...}"""
    found = {words: _read(binary, words)}
    for name in found[words].inner:
        found.update(tree(binary, (*words, name)))
    return found
