"""Caps the processor time of processes, by a cgroup of the bench's own: version 2, or version 1.

Where no cgroup can be made, at the lowest priority on one processor: `how` says which.
"""
import contextlib
import os
import pathlib

V2, V1 = pathlib.Path("/sys/fs/cgroup"), pathlib.Path("/sys/fs/cgroup/cpu")
PERIOD = 20_000  # microseconds; short, so that who is capped does not stand still for long
NAME = "headgate-bench-{}-{}"
_made = iter(range(1_000_000))


class Cap:
    """`share` of one processor; `with` makes and removes it. What is in it must have ended by then."""

    def __init__(self, share):
        self.share, self.folder, self.how = share, None, "nice 19, on one processor"

    def __enter__(self):
        quota, name = max(1000, int(PERIOD * self.share)), NAME.format(os.getpid(), next(_made))
        with contextlib.suppress(OSError):
            if "cpu" in (V2 / "cgroup.subtree_control").read_text(encoding="utf8").split():
                self._make(V2 / name, {"cpu.max": f"{quota} {PERIOD}"}, "cgroup v2")
        with contextlib.suppress(OSError):
            if not self.folder and (V1 / "cpu.cfs_quota_us").exists():
                self._make(V1 / name, {"cpu.cfs_period_us": PERIOD, "cpu.cfs_quota_us": quota},
                           "cgroup v1")
        return self

    def _make(self, folder, files, how):
        folder.mkdir()
        try:
            for file, value in files.items():
                (folder / file).write_text(str(value), encoding="utf8")
        except OSError:
            folder.rmdir()
            raise
        self.folder, self.how = folder, how

    def put(self, pid):
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(pid), encoding="utf8")
        else:
            os.setpriority(os.PRIO_PROCESS, pid, 19)
            os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})

    def __exit__(self, *_):
        if self.folder:
            self.folder.rmdir()
