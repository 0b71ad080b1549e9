"""How fast the engine is on this machine: `lantian model bench` and the project's own benchmarks measure with this.

The unit is a million cell-species updates a second (Mcs/s): cells times species times transport steps over seconds.
Every figure is the best of some repeats; beside it stand the median and the processor's seconds of all threads: on a
machine that does something else as well the seconds grow, and the processor's hardly do.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from lantian.transport import chemistry, reactions, tracer, trial
from lantian.transport.advection import passage, sweep
from lantian.transport.hour import HOUR, Edges, Hour, at, choose_steps
from lantian.transport.mixing import diffuse
from lantian.transport.parameters import values
from lantian.transport.species import COMPACT, FULL, find
from lantian.transport.step import Process, Processes, advance, retreat

INTERVAL: Final = HOUR / 12
"""s between calls of the slow processes."""
PASSES: Final = 4
"""Times that a transport step reads and writes the state: three sweeps and mixing."""
COPIED: Final = 2**26
"""Numbers of single precision in the array that is copied: 256 MiB, more than any cache."""
TRACER: Final = "PPM25"
SLOWED: Final = 4
"""By how much the air of the table of costs is slowed: an hour takes so many fewer steps, each as dear as any."""
DAYS3, SEGMENT = 72, 6
"""Hours of the forecast on which the wanted numbers are set, and of the segments in which its adjoint goes back."""

Progress = Callable[[int, int, str], None]
"""progress(done, total, what is measured now)"""


@dataclass(frozen=True)
class Timing:
    """Seconds of a piece of work: the best and the median of some repeats, and the processor's in the best."""

    best: float
    median: float
    processor: float


@dataclass(frozen=True)
class Figure:
    """One measured number: ``key`` for scripts, words for people, and what is wanted of it, if anything."""

    key: str
    zh: str
    en: str
    value: float
    unit: str
    wanted: str = ""
    note: str = ""
    timing: Timing | None = None


@dataclass(frozen=True)
class Row:
    """What transport costs on some cells with some species."""

    cells: int
    """along x, and along y"""
    species: int
    steps: int
    """that were timed"""
    seconds: float
    """of all of them"""
    rate: float
    """Mcs/s"""
    per_step: float
    """us a cell, species and step"""


def timed(work: Callable[[], Any], repeats: int = 5) -> Timing:
    """Do ``work`` once unmeasured, which compiles it, then ``repeats`` times until its arrays are there."""
    _done(work())
    taken = []
    for _ in range(repeats):
        begun, used = time.perf_counter(), time.process_time()
        _done(work())
        taken.append((time.perf_counter() - begun, time.process_time() - used))
    best, processor = min(taken)
    return Timing(best, statistics.median(seconds for seconds, _ in taken), processor)


def _done(result: Any) -> None:
    jax.block_until_ready(result)  # type: ignore[no-untyped-call]


def device() -> str:
    """The device that computes, in words."""
    found = jax.devices()
    if found[0].platform == "cpu":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return f"CPU, {cores} 核 cores"
    return " x ".join([found[0].device_kind, *([str(len(found))] if len(found) > 1 else [])])


def bandwidth(repeats: int = 5, count: int = COPIED) -> list[Figure]:
    """Memory that a copy reads and writes, GB/s: by NumPy, which uses one core, and by JAX on its device."""
    source = np.ones(count, np.float32)
    target = np.empty_like(source)
    here = [jnp.asarray(source), jnp.zeros(count, jnp.float32)]
    # Negated, for a compiler may leave out a plain copy; written into an array that is given up for it.
    negate = jax.jit(lambda source, _: -source, donate_argnums=1, keep_unused=True)

    def by_jax() -> Array:
        here[1] = negate(*here)
        return here[1]

    moved = 2 * source.nbytes / 1e9
    timings = timed(lambda: np.copyto(target, source), repeats), timed(by_jax, repeats)
    words = (("numpy", "NumPy，单核", "NumPy, one core"), ("jax", "JAX", "JAX"))
    return [
        Figure(f"copy_{key}", f"内存复制 {zh}", f"memory copy, {en}", moved / timing.best, "GB/s", timing=timing)
        for (key, zh, en), timing in zip(words, timings, strict=True)
    ]


@dataclass(frozen=True)
class Bench:
    """The trial hour at 5 o'clock UTC, early afternoon, with what its measurements share."""

    q: Array
    hour: Hour
    names: tuple[str, ...]
    steps: int
    """in an interval"""
    processes: Processes
    repeats: int = 5

    @classmethod
    def of(cls, cells: int, names: Sequence[str] = COMPACT, repeats: int = 5, number: int = 5) -> Bench:
        """``cells`` by ``cells`` cells; another ``number`` than 5 is another hour of the trial."""
        forcing, start = trial.forcing(cells, names, hours=number + 1)
        hour = forcing.hour(number)
        steps = int(choose_steps(hour, jnp.asarray(INTERVAL))[0])
        q = jnp.asarray(start["mixing_ratio"].values)
        return cls(q, hour, tuple(names), steps, reactions.processes(names), repeats)

    def first(self, count: int) -> Bench:
        """The same with the first ``count`` species, for transport alone."""
        edges = self.hour.edges
        west, east, south, north = (side[:, :, :count] for side in edges[:4])
        hour = self.hour._replace(
            drain=self.hour.drain[:, :count],
            emission=self.hour.emission[:, :count],
            edges=Edges(west, east, south, north, edges.top[:, :count]),
        )
        return replace(self, q=self.q[:, :count], hour=hour, names=self.names[:count], processes=())

    @property
    def updates(self) -> float:
        """Cell-species updates in an hour of transport."""
        return float(self.q.size * self.steps * HOUR / INTERVAL)


_forth = jax.jit(advance, static_argnames=("intervals", "processes", "keep", "adjoint"))
_back = jax.jit(retreat, static_argnames=("intervals", "processes"))


def transport(bench: Bench) -> Timing:
    """An hour of transport alone: sweeps, emission, mixing, dry deposition, budget, hourly mean."""
    return timed(lambda: _forth(bench.q, bench.hour, jnp.asarray(bench.steps)), bench.repeats)


def full_step(bench: Bench, copy: float) -> list[Figure]:
    """The rate of the whole transport step, and its share of the memory's ``copy`` speed in GB/s."""
    timing = transport(bench)
    rate = bench.updates / timing.best / 1e6
    moved = rate * PASSES * 2 * bench.q.itemsize / 1e3
    zh, en = f"完整输送步，{len(bench.names)} 物种", f"full transport step, {len(bench.names)} species"
    note = f"{PASSES} 次读写状态 x reads and writes the state: {moved:.1f} GB/s"
    return [
        Figure("full_step", zh, en, rate, "Mcs/s", ">= 130", f"{bench.steps} steps in 5 min", timing),
        Figure("bandwidth_share", "占复制带宽", "share of the copy's bandwidth", 100 * moved / copy, "%", "", note),
    ]


def each_process(bench: Bench, count: int = 10) -> Iterator[Figure]:
    """Each process by itself: ``count`` applications to the whole state in one compiled loop.

    The aerosol is what both chemistries take less the photochemistry: compiled alone it would be fused otherwise.
    """
    seconds = {}
    for key, zh, en, apply, given in (*_in_step(bench), *_slow(bench)):
        loop = _loop(apply)
        timing = timed(partial(loop, bench.q, jnp.asarray(count), given), bench.repeats)
        seconds[key] = timing.best / count
        yield _process(bench, key, zh, en, seconds[key], timing)
    rest = seconds.get("chemistry", 0.0) - seconds.get("photochemistry", 0.0)
    if rest > 0:
        yield _process(bench, "aerosol", "无机气溶胶（差）", "inorganic aerosol, the difference", rest)


def _process(bench: Bench, key: str, zh: str, en: str, seconds: float, timing: Timing | None = None) -> Figure:
    rate = bench.q.size / seconds / 1e6
    return Figure(key, zh, en, rate, "Mcs/s", "", f"{1e3 * seconds:.1f} ms", timing)


Apply = Callable[[Array, Any], Array]


def _loop(apply: Apply) -> Callable[[Array, Array, Any], Array]:
    return jax.jit(lambda q, count, given: lax.fori_loop(0, count, lambda _, q: apply(q, given), q))


def _in_step(bench: Bench) -> Iterator[tuple[str, str, str, Apply, Any]]:
    """What each transport step does, by the forcing at the middle of the hour."""
    hour, dt = bench.hour, INTERVAL / bench.steps
    mass, edges = at(hour.mass, 0.5), at(hour.edges, 0.5)
    sides = {
        "x": (3, hour.flux_x, edges.west, edges.east),
        "y": (2, hour.flux_y, edges.south, edges.north),
        "z": (0, hour.flux_z, jnp.zeros_like(bench.q[0]), edges.top),
    }
    for name, (axis, flux, low, high) in sides.items():
        through = passage(at(flux, 0.5) * dt, 0.9 * mass, max(axis - 1, 0))

        def swept(q: Array, given: Any, axis: int = axis) -> Array:
            mass, through, low, high = given
            return sweep(q, mass, through, low, high, axis=axis).q

        yield f"sweep_{name}", f"平流 {name}", f"sweep along {name}", swept, (mass, through, low, high)
    kilograms = mass, at(hour.exchange, 0.5) * dt, at(hour.drain, 0.5) * dt
    yield "mixing", "垂直混合与干沉降", "mixing and dry deposition", lambda q, given: diffuse(q, *given), kilograms
    emitted = hour.emission * dt / mass[: hour.emission.shape[0], None]
    yield "emission", "排放", "emission", lambda q, given: q.at[: given.shape[0]].add(given), emitted


def _slow(bench: Bench) -> Iterator[tuple[str, str, str, Apply, Any]]:
    """What each interval calls; rain falls here, for without it scavenging does nothing."""
    weather = at(bench.hour.drive, 0.5)
    weather = weather._replace(rain=jnp.full_like(weather.rain, 3e-4))
    named = dict(bench.processes)

    def called(process: Process) -> Apply:
        return lambda q, weather: process(q, weather, INTERVAL)

    if "chemistry" in named:
        words = "光化学与气溶胶", "photochemistry and aerosol"
        yield "chemistry", *words, called(named["chemistry"]), weather
        alone = called(_photochemistry(bench.names))
        yield "photochemistry", "其中光化学", "  photochemistry (GRS) of it", alone, weather
    yield "scavenging", "湿清除", "scavenging by rain", called(named["scavenging"]), weather


def _photochemistry(names: Sequence[str]) -> Process:
    """The photochemistry alone, level by level as the model's chemistry goes."""
    carried = {s.name: (i, s) for i, s in enumerate(find(names)) if s.name in ("ROC", "NO", "NO2", "O3", "TNO3")}
    knobs = values(chemistry.PARAMETERS)

    def process(q: Array, weather: Any, seconds: float) -> Array:
        def level(row: tuple[Array, Array, Array]) -> Array:
            q, temperature, pressure = row
            x = {name: s.to_ppb(q[i]) for name, (i, s) in carried.items()}
            pace = chemistry.rates(temperature, weather.cos_zenith, weather.cloud_cover, knobs, pressure)
            x = chemistry.react(x, pace, seconds)
            rows = list(q)
            for name, (i, s) in carried.items():
                rows[i] = s.from_ppb(x[name])
            return jnp.stack(rows)

        return reactions.by_level(level, (q, weather.temperature, weather.pressure))

    return process


def adjoints(bench: Bench) -> Iterator[Figure]:
    """Adjoint over forward, each an hour.

    Linear: as many receptors as there are species go back, against the species' way forth, without slow processes.
    Chemistry: a whole sensitivity run of 72 hours, as `adjoint.sensitivity` goes: forth to the last segment, forth
    again in each segment to its last hour, each hour once more with the states kept that the way back needs, and back.
    """
    steps, intervals = jnp.asarray(bench.steps), round(HOUR / INTERVAL)
    receptor = jnp.zeros(bench.q.shape[1:]).at[:, bench.q.shape[2] // 2, bench.q.shape[3] // 2].set(1.0)
    name = TRACER if TRACER in bench.names else bench.names[0]
    alike: dict[str, Any] = {"index": bench.names.index(name), "intervals": intervals, "processes": ()}
    forth = transport(bench)
    back = timed(lambda: tracer.back(jnp.zeros_like(bench.q), receptor, bench.hour, steps, **alike), bench.repeats)
    count = len(bench.names)
    zh, en = f"伴随/正演，线性示踪物（{count} 个受体）", f"adjoint over forward, linear tracer, {count} receptors"
    note = f"{back.best:.2f} s / {forth.best:.2f} s"
    yield Figure("adjoint_linear", zh, en, back.best / forth.best, "x", "<= 3.0", note, back)
    if "chemistry" not in dict(bench.processes):
        return
    full = partial(_forth, bench.q, bench.hour, steps, processes=bench.processes)
    forth = timed(full, bench.repeats)
    kept = timed(partial(full, keep=True), bench.repeats)
    states = full(keep=True).states
    one_back = partial(_back, jnp.zeros_like(bench.q), receptor, bench.hour, steps)
    back = timed(lambda: one_back(processes=bench.processes, states=states), bench.repeats)
    ways = (DAYS3 - SEGMENT + DAYS3 * (SEGMENT - 1) / SEGMENT) / DAYS3
    ratio = (ways * forth.best + kept.best + back.best) / forth.best
    note = f"({ways:.2f} x {forth.best:.2f} + {kept.best:.2f} + {back.best:.2f}) s / {forth.best:.2f} s"
    zh, en = "伴随/正演，全化学", "adjoint over forward, full chemistry"
    yield Figure("adjoint_chemistry", zh, en, ratio, "x", "<= 5", note, back)


def cost(sizes: Sequence[int], counts: Sequence[int], repeats: int = 2) -> Iterator[Row]:
    """Transport alone on ``sizes`` squared cells with ``counts`` species.

    The inputs of a size are made once, and the air moves a quarter as fast, so that the table takes minutes.
    """
    for cells in sizes:
        whole = Bench.of(cells, FULL[: max(counts)], repeats, number=0)
        whole = replace(whole, hour=slowed(whole.hour))
        for count in counts:
            bench = whole.first(count)
            intervals = round(HOUR / INTERVAL / SLOWED)
            steps = bench.steps * intervals
            work = partial(_forth, bench.q, bench.hour, jnp.asarray(bench.steps), intervals=intervals)
            seconds = timed(work, repeats).best
            updates = bench.q.size * steps
            yield Row(cells, count, steps, seconds, updates / seconds / 1e6, 1e6 * seconds / updates)


def slowed(hour: Hour) -> Hour:
    """The hour with air that moves and swaps `SLOWED` times slower, so that a step may take so many times longer."""

    def slow(flux: Array | None) -> Array | None:
        return None if flux is None else flux / SLOWED

    end = hour.mass[0] + (hour.mass[1] - hour.mass[0]) / SLOWED
    return hour._replace(
        mass=jnp.stack([hour.mass[0], end]),
        flux_x=hour.flux_x / SLOWED,
        flux_y=hour.flux_y / SLOWED,
        flux_z=hour.flux_z / SLOWED,
        swap_x=slow(hour.swap_x),
        swap_y=slow(hour.swap_y),
    )
