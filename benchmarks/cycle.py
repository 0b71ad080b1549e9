"""How long one run of the engine over a city takes: `python -m benchmarks.cycle`, about a quarter of an hour.

The Beijing example, issued 2016-12-16 20:00 with perfect weather: 72 hours on four nests, 1 km on 150 x 150 cells over
the city, emissions brought to the stations before. `--hours 6` shortens it. The reference is the air itself: how many
times faster than it the forecast runs.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks import beijing
from benchmarks.report import Line, machine, table
from lantian.forecast import cycle

ISSUE = datetime(2016, 12, 16, 20, tzinfo=beijing.SHANGHAI)
WANTED_MINUTES, WANTED_GIB = 12, 6


def run(hours: int = 72) -> Iterator[Line]:
    """The whole, then the share of each stage."""
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
        with beijing.platform(Path(folder) / "home") as opened:
            begun = time.perf_counter()
            made = beijing.ingredients(opened, ISSUE, hours)
            gathered = time.perf_counter() - begun
        path = Path(folder) / "run"
        cycle.run(made, path)
        whole = time.perf_counter() - begun
        stages = {"gathering": {"seconds": gathered, "note": ""}, **cycle.Folder(path).done()}
    usage = resource.getrusage(resource.RUSAGE_SELF)
    finest = made.domains[-1].terrain.shape
    yield Line(
        "one cycle", f"{whole / 60:.1f} min", f"wanted {WANTED_MINUTES}; {hours} h, {len(made.domains)} nests, {finest}"
    )
    yield Line("faster than the air", f"{hours * 3600 / whole:.0f} times", "hours forecast over the time it took")
    yield Line("processor time", f"{usage.ru_utime + usage.ru_stime:.0f} s")
    yield Line("peak memory", f"{usage.ru_maxrss / 2**20:.2f} GiB", f"wanted {WANTED_GIB}")
    for stage, mark in stages.items():
        share = f"{100 * mark['seconds'] / whole:.0f} % {mark['note']}".strip()
        yield Line(stage, f"{mark['seconds']:.0f} s", share)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=72)
    print(table([machine(), *run(parser.parse_args().hours)]))
