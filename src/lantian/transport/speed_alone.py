"""The forecast, measured in a process of its own: its memory is its own, and its start finds nothing compiled.

``python -m lantian.transport.speed_alone CELLS HOURS SPECIES...`` makes up winter days (`trial`), runs the model over
them and prints JSON: a line an hour, and then what it took. `forecast` begins such processes and reads them.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax

from lantian.transport.hour import HOUR
from lantian.transport.species import COMPACT, REACTIVE
from lantian.transport.speed import DAYS3, INTERVAL, Figure, Progress


@dataclass(frozen=True)
class Told:
    """What the process told of its run; seconds are its own clock's."""

    hours: int
    steps: int
    """transport steps in all"""
    door: float
    """s to check all inputs"""
    door_hourly: float
    """s of that for an hour more"""
    first: float
    """s from the call of the model to the end of the first hour; that compiles"""
    run: float
    """s of the run, the first hour and its compiling included"""
    hourly: float
    """s of an hour, the median of all but the first"""
    processor: float
    """s of all threads in the run"""
    memory: float
    """GiB at most that the process held, inputs included"""
    device_memory: float | None
    """GiB at most on the device, where it tells"""
    closure: float
    """worst closure of a species' budget"""


def forecast(
    cells: int, hours: int = DAYS3, names: Sequence[str] = COMPACT, progress: Progress | None = None
) -> list[Figure]:
    """The forecast with chemistry every 5 minutes; fewer ``hours`` than 72 are extrapolated, and say so.

    Counted: checking all inputs at the door, compiling, and the run with its budget; the inputs lie in memory. A second
    process then starts the same model again and finds its compiled code in the cache. Raises ``RuntimeError`` when a
    process fails, ``ValueError`` for less than two hours.
    """
    if hours < 2:
        raise ValueError(f"a forecast of {hours} hours: at least 2 are needed, for the first one compiles")
    with tempfile.TemporaryDirectory(prefix="lantian-cache-") as cache:
        told = _process(cells, hours, names, cache, progress)
        again = _process(cells, 2, names, cache, None)
        size = sum(path.stat().st_size for path in Path(cache).rglob("*") if path.is_file()) / 1e6
    seconds = told.door + told.run + (told.door_hourly + told.hourly) * (DAYS3 - hours)
    note = f"{told.hours} h: {told.run:.1f} s + {told.door:.1f} s 入口检查 door; {told.steps} 步 steps; "
    note += f"{told.processor:.0f} s 处理器 of processor"
    if hours != DAYS3:
        note = f"由 {hours} 小时外推 extrapolated from {hours} h; {note}"
    wanted = "<= 300; H100 <= 15"
    measured = [
        Figure("forecast", "72 小时预报", "72-hour forecast", seconds, "s", wanted, note),
        Figure("forecast_hour", "其中一小时", "  an hour of it", told.hourly, "s", "", "中位数 median"),
        Figure("forecast_memory", "其峰值内存", "  its peak memory", told.memory, "GiB", "< 3"),
        Figure("forecast_closure", "其收支闭合差", "  its budget's closure", told.closure, "", "<= 1e-4"),
        Figure("start_cold", "其首小时（需编译）", "  its first hour, compiled", told.first, "s"),
        Figure("start_warm", "有编译缓存", "  from the cache", again.first, "s", "", f"{size:.1f} MB"),
    ]
    if told.device_memory is not None:
        words = "其设备内存", "  its peak memory on the device"
        measured.append(Figure("forecast_device", *words, told.device_memory, "GiB"))
    return measured


def _process(cells: int, hours: int, names: Sequence[str], cache: str, progress: Progress | None) -> Told:
    # A GPU is shared with this process, which would not get any of its memory otherwise.
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "JAX_COMPILATION_CACHE_DIR": cache}
    command = [sys.executable, "-m", "lantian.transport.speed_alone", str(cells), str(hours), *names]
    last: dict[str, Any] = {}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            last = json.loads(line)
            if progress and "done" in last:
                progress(last["done"], hours, last["text"])
    if child.returncode or "done" in last or not last:
        raise RuntimeError(f"the run of {hours} hours on {cells} x {cells} cells ended with code {child.returncode}")
    return Told(**last)


def measure(cells: int, hours: int, names: Sequence[str], progress: Progress) -> Told:
    """Make up the day, open the door, run the model; all in this process."""
    from lantian.transport import trial
    from lantian.transport.door import open_forcing
    from lantian.transport.model import Model

    domain, made = trial.datasets(cells, names, hours)
    weather, emissions, edges = (made[name] for name in ("weather", "emissions", "edges"))
    model = Model(tuple(names), chemistry=set(REACTIVE) <= set(names))
    # Only the first time compiles; to extrapolate, what an hour more costs must be known without that.
    doors = []
    for _ in range(1 if hours == DAYS3 else 2):
        begun = time.perf_counter()
        forcing = open_forcing(domain, model.species, weather=weather, emissions=emissions, edges=edges)
        doors.append(time.perf_counter() - begun)
    begun, used = time.perf_counter(), time.process_time()
    ends: list[float] = []

    def hour_done(done: int, total: int, text: str) -> None:
        ends.append(time.perf_counter() - begun)
        progress(done, total, text)

    run = model.run(forcing, made["start"], progress=hour_done)
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    each = [later - earlier for earlier, later in itertools.pairwise(ends)]
    on_device = jax.devices()[0].memory_stats() or {}
    return Told(
        hours=hours,
        steps=int(run.steps.sum()) * round(HOUR / INTERVAL),
        door=doors[0],
        door_hourly=doors[-1] / (hours + 1),
        first=ends[0],
        run=seconds,
        hourly=statistics.median(each),
        processor=processor,
        memory=_peak_memory(),
        device_memory=on_device["peak_bytes_in_use"] / 2**30 if "peak_bytes_in_use" in on_device else None,
        closure=float(run.budget["closure"].max()),
    )


def _peak_memory() -> float:
    """Most memory that this process has held so far, GiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Better than getrusage: there a new process inherits the peak of the one that started it.
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30  # bytes on macOS


def main(cells: str, hours: str, *names: str) -> None:
    """Print what `_process` reads."""

    def tell(done: int, total: int, text: str) -> None:  # noqa: ARG001
        print(json.dumps({"done": done, "text": text}), flush=True)

    print(json.dumps(asdict(measure(int(cells), int(hours), names, tell))))


if __name__ == "__main__":
    main(*sys.argv[1:])
