"""Rungs of whole runs: a nest against one fine run, a run that was cut, and the same hour in other precision."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import jax
import numpy as np
import xarray as xr
from jax.typing import DTypeLike

from lantian.places.grid import Domain, Grid, nests
from lantian.places.levels import Levels, stretched
from lantian.places.regrid import Regridder
from lantian.transport import idealised
from lantian.transport.background import Profile, from_profile
from lantian.transport.door import open_forcing, open_start
from lantian.transport.forcing import Forcing
from lantian.transport.ladder.rung import Map, Measure, Rung, Values, array
from lantian.transport.ladder.transposition import QUICKLY
from lantian.transport.model import Model, Progress
from lantian.transport.nesting import Inputs, run_nests
from lantian.transport.result import Run
from lantian.transport.species import FULL
from lantian.transport.step import advance

START: Final = np.datetime64("2025-01-10T00", "ns")
CLEAN: Final = Profile("clean", (0.0,), {"CO": (0.0,)})
CELLS: Final = 36
"""Along each side of the parent and of the nest, so that the model is compiled once for both."""
HOURS: Final = 5
LOW: Final = Levels(stretched(4, 100.0, 1200.0))
TRACER: Final = Model(("CO",), chemistry=False)
WHOLE: Final = Model(FULL)


def _means(model: Model, forcing: Forcing, start: xr.Dataset, steps: Iterable[int]) -> Values:
    """(hour, species, y, x) ug m-3 of a run for comparison, ``steps`` an interval by hour.

    By the same `advance`, compiled in a short time: it runs once.
    """
    q, means = open_start(forcing.domain, model.species, start, dtype=forcing.dtype), []
    for i, number in enumerate(steps):
        q, mean, *_ = _forth(q, forcing.hour(i), int(number), processes=model.processes)
        means.append(array(mean))
    return np.stack(means)


_forth = jax.jit(advance, static_argnames=("processes",), compiler_options=QUICKLY)


class NestedPlume(NamedTuple):
    """A city upwind of a nest, and the domain of one fine run; everything in cells of the child."""

    parent: Domain
    child: Domain
    fine: Domain

    @property
    def scale(self) -> float:
        """The child's spacing, km."""
        return self.child.grid.spacing / 1000

    def inputs(self, of: Domain) -> Inputs:
        """A wind that turns, and a source of smooth shape 30 km (at 1 km) to the south-west of the middle."""
        weather = idealised.weather(
            of,
            START,
            HOURS,
            x_wind=5.0 * self.scale,
            y_wind=lambda h, z: self.scale * (2 + np.sin(h) + 0 * z),
            vertical_diffusivity=20.0,
        )
        return Inputs(weather, idealised.emissions(of, START, HOURS, {"CO": self.source(of.grid)}))

    def source(self, grid: Grid) -> Values:
        """(y, x) kg m-2 s-1: means of cells, so that all grids emit the same."""
        parts = round(grid.spacing / self.child.grid.spacing * 3)
        x, y = (np.add.outer(c, grid.spacing * ((np.arange(parts) + 0.5) / parts - 0.5)) for c in (grid.x, grid.y))
        shape = np.exp(-(((x + 30e3 * self.scale) / (6e3 * self.scale)) ** 2) / 2).mean(axis=1)
        along = np.exp(-(((y + 12e3 * self.scale) / (6e3 * self.scale)) ** 2) / 2).mean(axis=1)
        return array(1e-9 * along[:, None] * shape)

    def run(self, folder: Path, progress: Progress | None = None) -> list[Run]:
        """The parent's run and the nest's."""
        outer = from_profile(self.parent, ("CO",), idealised.whole_hours(START, HOURS + 1), CLEAN)
        return run_nests(
            TRACER, [self.parent, self.child], self.inputs, outer, folder, segment_hours=2, progress=progress
        )

    def run_fine(self, steps: Iterable[int]) -> Values:
        """(time, y, x) ug m-3 of the single fine run, with the nest's ``steps``, averaged over the nest's cells."""
        air = from_profile(self.fine, ("CO",), idealised.whole_hours(START, HOURS + 1), CLEAN)
        weather, emitted, _ = self.inputs(self.fine)
        forcing = open_forcing(self.fine, ("CO",), weather=weather, emissions=emitted, edges=air.edges)
        return self.on_child(_means(TRACER, forcing, air.start, steps)[:, 0], self.fine)

    def on_child(self, ground: Values, of: Domain) -> Values:
        """A field (time, y, x) of a domain over the nest's cells."""
        return array(Regridder.between(of.grid, self.child.grid).mean(ground))


def nested_plume(child: Grid) -> NestedPlume:
    """Over level ground: the ``child``, its parent, and a fine domain that holds the nest and what lies upwind."""
    if child.parent is None:
        raise ValueError("the nest needs a grid with a parent")
    n, corner = 2 * CELLS + 4, -1.5 * CELLS * child.spacing
    fine = Grid("fine", child.projection, corner, corner, child.spacing, n, n)
    levels = (Domain(grid, LOW, np.zeros((grid.ny, grid.nx)), 0.0) for grid in (child.parent, child, fine))
    return NestedPlume(*levels)


def nest() -> Rung:
    """Relative L1 difference of the hourly mean at the ground over the nest, from the third hour on.

    Before that the front of the plume stands between two hours of the parent.
    """
    case = nested_plume(nests(116.4, 39.9, (3000.0, 1000.0), (CELLS, CELLS))[1])
    with TemporaryDirectory() as folder:
        outer, inner = case.run(Path(folder))
    coarse = case.on_child(outer.mean["concentration"].values[:, 0], case.parent)
    nested, fine = array(inner.mean["concentration"].values[:, 0]), case.run_fine(inner.steps.values)
    apart, parent = (abs(run - fine).sum((1, 2)) / fine.sum((1, 2)) for run in (nested, coarse))
    return Rung(
        "nested run",
        "嵌套",
        "A plume that comes into a nest of 1 km from a parent of 3 km, against a single run at 1 km over five hours; "
        "difference of hourly means at the ground",
        (
            Measure("from the third hour on", "第三小时起", float(apart[2:].max()), at_most=0.10),
            Measure("last hour", "最后一小时", float(apart[-1]), at_most=0.06),
            Measure("last hour, over the parent's", "最后一小时与父域之比", float(apart[-1] / parent[-1]), at_most=1.0),
        ),
        (
            Map("parent at 3 km", "3 公里父域", coarse[-1], "ug m-3"),
            Map("nest at 1 km", "1 公里嵌套", nested[-1], "ug m-3"),
            Map("single run at 1 km", "1 公里单一运行", fine[-1], "ug m-3"),
        ),
    )


EMITTED: Final = {
    "NO": 3e-9, "NO2": 5e-10, "SO2": 2e-9, "CO": 1e-7, "PPM25": 2e-9, "PMC": 3e-9, "ROC": 3e-9, "TNH4": 1e-9,
}  # fmt: skip
"""kg m-2 s-1"""


def _city(hours: int, dtype: DTypeLike = np.float32) -> tuple[Forcing, xr.Dataset]:
    """Forcing and start of a city over a hill in the early morning, in rain: every process acts."""
    domain = idealised.domain((9, 10), 1000.0, levels=Levels(stretched(6, 40.0, 2000.0)), hill=150.0)
    forcing = open_forcing(
        domain,
        FULL,
        weather=idealised.weather(
            domain,
            START,
            hours,
            x_wind=idealised.power(4.0),
            y_wind=1.5,
            mixing_height=(150.0, 900.0),
            rain=2e-4,
            cloud_water=1e-4,
            humidity=0.85,
        ),
        emissions=idealised.emissions(domain, START, hours, EMITTED, points=[(116.39, 39.9, 100.0, "PPM25", 0.05)]),
        edges=idealised.edges(domain, FULL, START, hours),
        dtype=dtype,
    )
    return forcing, idealised.start(domain, FULL)


class _CutError(Exception):
    """The machine goes down."""


def restart() -> Rung:
    """A run that is cut after its second hour and goes on from the checkpoint, against one without a cut."""
    city, told = _city(3), list[int]()

    def cut(done: int, *_: Any) -> None:
        if done == 2:
            raise _CutError

    with TemporaryDirectory() as folder:
        with suppress(_CutError):
            WHOLE.run(*city, checkpoints=folder, segment_hours=1, progress=cut)
        resumed = WHOLE.run(*city, checkpoints=folder, progress=lambda done, *_: told.append(done))
    whole = WHOLE.run(*city)
    pairs = {
        ("state", "状态"): (resumed.end, whole.end),
        ("hourly means", "小时均值"): (resumed.mean["concentration"], whole.mean["concentration"]),
        ("budget", "收支"): (resumed.budget["gain"], whole.budget["gain"]),
    }
    return Rung(
        "restart",
        "断点续算",
        "Three hours with every process, cut after the second and taken up from its checkpoint, against a run without "
        "a cut; values that are not the same to the last bit",
        (
            *(
                Measure(name, zh, float(np.sum(one.values != other.values)), at_most=0)
                for (name, zh), (one, other) in pairs.items()
            ),
            Measure("hours taken from the checkpoint", "取自断点的小时数", float(told[0]), at_least=2),
        ),
    )


def precision() -> Rung:
    """Largest difference of an hour's means over the species' largest value, of the worst species."""
    with jax.default_device(jax.devices("cpu")[0]):
        run = WHOLE.run(*_city(1))
        single = run.mean["concentration"].values
        with jax.enable_x64(True):
            double = _means(WHOLE, *_city(1, np.float64), run.steps.values)
    measures = [Measure("processor, single against double", "CPU 单精度对双精度", _apart(single, double), at_most=1e-5)]
    try:
        gpu = jax.devices("gpu")[0]
    except RuntimeError:
        note = "this machine has no GPU to compare"
    else:
        with jax.default_device(gpu):
            other = WHOLE.run(*_city(1)).mean["concentration"].values
        measures.append(Measure("GPU against processor", "GPU 对 CPU", _apart(other, single), at_most=1e-4))
        note = f"also by {gpu.device_kind}"
    return Rung(
        "precision",
        "精度",
        f"An hour with every process in single precision, against double precision on the processor; {note}",
        tuple(measures),
    )


def _apart(one: Values, other: Values) -> float:
    """Of fields (time, species, y, x)."""
    return float(np.max(abs(one - other).max((0, 2, 3)) / abs(other).max((0, 2, 3))))
