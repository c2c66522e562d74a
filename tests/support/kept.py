"""Results that are kept: what has passed aside is not run again.

What has failed aside is kept as well: it may have starved, and is given another chance, but nobody
is to think that it never failed.
"""
import pathlib
import shutil


class Kept:
    """What commands said, by name, in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def names(self):
        return sorted(path.stem for path in self.folder.glob("*.log"))

    def said(self, name):
        """None where there is nothing."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.is_file() else None

    def failures(self):
        """{name: what it said}"""
        return {path.stem: path.read_text(errors="replace")
                for path in sorted(self.folder.glob("*.failed"))}

    def keep(self, name, said, good=True):
        """Whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{name}.part"
        part.write_text(said)
        part.rename(self.folder / f"{name}.{'log' if good else 'failed'}")
