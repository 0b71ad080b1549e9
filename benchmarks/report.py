"""What a measurement says, and the table in which it says it."""

import os
import platform
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One measured figure with its unit as text, and what was hoped for where there is such a thing."""

    what: str
    measured: str
    wanted: str = ""


def table(lines: Iterable[Line]) -> str:
    """The lines under one another, columns aligned."""
    rows = [(line.what, line.measured, line.wanted) for line in lines]
    widths = [max(len(row[k]) for row in rows) for k in range(2)]
    return "\n".join(f"{what:<{widths[0]}}  {found:>{widths[1]}}  {wanted}".rstrip() for what, found, wanted in rows)


def machine() -> Line:
    """Cores that this process may use, memory, Python, and the load before the measurement."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    python = platform.python_version()
    return Line("machine", f"{cores} cores, {memory:.0f} GiB, Python {python}", f"load {load:.1f} at the start")


def peak_memory() -> float:
    """Most memory that this process has held so far, GiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Better than getrusage: there a new process inherits the peak of the one that started it.
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30  # bytes on macOS
