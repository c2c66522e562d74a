"""What processes cost: processor time and memory, as the kernel counts them."""
import contextlib
import os
import pathlib
import re


def resident(pids):
    """Bytes."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm", encoding="utf8") as statm:
            total += int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def private(pids):
    """Bytes that are theirs alone: neither a library's nor shared between workers."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf8") as smaps:
            total += sum(int(kb) for kb in re.findall(r"Private_(?:Clean|Dirty): +(\d+) kB",
                                                      smaps.read()))
    return total * 1024


def processor(pids):
    """Seconds used so far by all their threads; nanoseconds of precision, from schedstat."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += int((task / "schedstat").read_text(encoding="utf8").split()[0])
    return total / 1e9


def machine():
    """{"busy", "softirq"}: seconds that all processors have spent so far, ticks of precision. What a
    hypervisor took is not in it."""
    with open("/proc/stat", encoding="utf8") as stat:
        user, nice, system, _, _, irq, softirq = map(int, stat.readline().split()[1:8])
    tick = os.sysconf("SC_CLK_TCK")
    return {"busy": (user + nice + system + irq + softirq) / tick, "softirq": softirq / tick}
