"""The model: species, uncertain numbers and processes, run over the hours of a forcing.

While one hour is computed the next one's forcing is made ready and the last one's results are fetched, so the device
does not wait. A run with checkpoints that was cut off goes on from the last one and gives, bit for bit, what it would
have given without the cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from numbers import Real
from pathlib import Path
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import rich.progress
import xarray as xr
from jax import Array, lax

from lantian import places
from lantian.transport import reactions
from lantian.transport.advection import outflow
from lantian.transport.checkpoint import Arrays, Checkpoints, digest
from lantian.transport.compilation import quiet_cache, use_cache
from lantian.transport.door import open_start
from lantian.transport.forcing import Forcing
from lantian.transport.hour import COURANT, HOUR, STEPS, Hour, at, choose_steps
from lantian.transport.parameters import values
from lantian.transport.particulate import concentrations
from lantian.transport.result import UNITS, Fields, Frame, Run
from lantian.transport.species import COMPACT, REACTIVE, find
from lantian.transport.step import TRANSPORT, Processes, advance

INTERVALS: Final = 12
"""Calls of the slow processes in an hour: every five minutes."""

Progress = Callable[[int, int, str], None]
"""progress(hours done, hours in all, what is known of the last one)"""


class ModelError(RuntimeError):
    """A run that cannot go on: air that moves too fast, or a state that is no longer one."""


@dataclass(frozen=True)
class Model:
    """What is carried and what happens to it.

    ``species``: names of `species.REGISTRY`, in the order of the state. ``parameters``: uncertain numbers of the slow
    processes that differ from their prior, by name. ``chemistry``: photochemistry and inorganic aerosol, which need
    all of `species.REACTIVE`; rain and settling act in any case.

    Raises:
        ValueError: a species that is unknown or stands twice, chemistry or total nitrate without the species that it
            needs, a parameter that is unknown, no number or outside its range.
    """

    species: tuple[str, ...] = COMPACT
    parameters: Mapping[str, float] | None = field(default=None, hash=False)
    chemistry: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "species", tuple(self.species))
        object.__setattr__(self, "parameters", dict(self.parameters or {}))
        find(self.species)
        missing = [name for name in REACTIVE if name not in self.species]
        if self.chemistry and missing:
            raise ValueError(f"the chemistry needs {', '.join(missing)} too; carry them, or say chemistry=False")
        if "TNO3" in self.species and not {"TNH4", "SO4"} <= set(self.species):
            raise ValueError("TNO3 needs TNH4 and SO4, on which its particulate part depends")
        given: Mapping[str, Any] = self.parameters or {}
        fields = [name for name, value in given.items() if not isinstance(value, Real)]
        if fields:
            raise ValueError(f"parameters {', '.join(fields)}: expected numbers; a run takes no fields for them")
        _ = self.processes  # a parameter that is wrong is told here

    @cached_property
    def processes(self) -> Processes:
        """The slow processes. Equal models have the same tuple, by which compiled code is found again."""
        return _processes(self.species, tuple(sorted((self.parameters or {}).items())), self.chemistry)

    def run(
        self,
        forcing: Forcing,
        start: xr.Dataset | xr.DataArray,
        *,
        checkpoints: str | Path | None = None,
        segment_hours: int = 6,
        progress: Progress | None = None,
        keep_fields: bool | str | Path = False,
    ) -> Run:
        """Run all hours of the ``forcing`` from the state ``start``.

        ``start``: ``mixing_ratio (z, species, y, x)`` in ug kg-1, or that variable alone, for example a `Run.end`.
        ``checkpoints``: a folder; the state and the results are kept there every ``segment_hours``, and a run that
        finds its own goes on from the last. ``keep_fields``: a path where the fields of each whole hour are written
        as Zarr, for nests; ``True`` puts them beside the checkpoints, as ``fields.zarr``.

        Raises:
            ModelError: the air moves too fast for the most steps, or something negative or not a number came out;
                says which, when and where.
            CheckpointError: a checkpoint in that folder belongs to another run.
            ValueError: a forcing or a start that does not fit.
        """
        if segment_hours < 1:
            raise ValueError(f"segment_hours: expected 1 or more, got {segment_hours}")
        self.check(forcing)
        use_cache()
        given = start if isinstance(start, xr.Dataset) else start.to_dataset(name="mixing_ratio")
        q = open_start(forcing.domain, self.species, given, dtype=forcing.dtype)
        of = self.fingerprint(forcing, q)
        kept = None if checkpoints is None else Checkpoints(Path(checkpoints), of)
        processes = (*TRANSPORT, *(name for name, _ in self.processes))
        frame = Frame(forcing.domain, self.species, _pollutants(self.species), processes, forcing.times)
        fields = _fields(keep_fields, kept, frame, q, digest(sorted(of.items())))
        return _Course(self, forcing, frame, kept, fields, segment_hours, progress or _silent).run(q)

    def advance(self, q: Array, hour: Hour) -> Array:
        """The state an hour after ``q`` (z, species, y, x), whose memory it takes; the very code of `run`."""
        with quiet_cache():
            q, _ = _one_hour(q, hour, _pollutants(self.species), self.species, self.processes)
        return q

    def check(self, forcing: Forcing) -> None:
        """Raise ``ValueError`` where the ``forcing`` has other species or parameters than the model."""
        if tuple(forcing.species) != self.species:
            raise ValueError(f"the forcing carries {', '.join(forcing.species)}; the model {', '.join(self.species)}")
        mine = values(reactions.PARAMETERS, self.parameters)
        for name, theirs in forcing.parameters.items():
            if not np.array_equal(mine[name], theirs):
                raise ValueError(
                    f"{name} is {mine[name]} in the model and {theirs} in the forcing; give both the same parameters"
                )

    def fingerprint(self, forcing: Forcing, q: Array) -> dict[str, str]:
        """What makes a run that run, by part; ``q`` is the state from which it starts.

        The device and the engine's code are among it because a restart is to be the same bit for bit.
        """
        domain = forcing.domain
        return {
            "model": digest(self.species, sorted((self.parameters or {}).items()), self.chemistry),
            "engine": f"{version('lantian')}-{_code()}",
            "device": f"{next(iter(q.devices())).platform} with JAX {jax.__version__}",
            "domain": digest(domain.grid.projection, domain.grid.x, domain.grid.y, domain.heights),
            "forcing": forcing.digest(),
            "start": digest(q),
        }


@contextmanager
def progress_bar(title: str = "Model") -> Iterator[Progress]:
    """A bar in the terminal or the notebook; what it gives is the ``progress`` of `Model.run`."""
    columns = (*rich.progress.Progress.get_default_columns(), rich.progress.TextColumn("{task.fields[text]}"))
    with rich.progress.Progress(*columns) as bars:
        bar = bars.add_task(title, total=None, text="")
        yield lambda done, total, text: bars.update(bar, completed=done, total=total, text=text)


class _Dispatched(NamedTuple):
    """An hour on which the device works."""

    number: int
    hour: Hour
    told: dict[str, Array]
    state: Array | None
    """a copy of the state at its end, where it is to be kept"""


@dataclass
class _Course:
    """One run, hour by hour."""

    model: Model
    forcing: Forcing
    frame: Frame
    checkpoints: Checkpoints | None
    fields: Fields | None
    segment_hours: int
    progress: Progress
    segments: list[Arrays] = field(default_factory=list)
    """the results up to the last checkpoint, with the hour as first axis"""
    told: list[Arrays] = field(default_factory=list)
    """the results of each hour since"""

    def run(self, start: Array) -> Run:
        """From ``start``, or the last checkpoint, to the end."""
        first, q = self._resume(start)
        before: _Dispatched | None = None
        for i in range(first, self.forcing.hours):
            hour = self.forcing.hour(i)
            with quiet_cache():
                q, told = _one_hour(q, hour, self.frame.pollutants, self.model.species, self.model.processes)
            keep = self.fields is not None or (self.checkpoints is not None and self._ends_segment(i))
            # The next hour is written over this state, so what is kept is a copy.
            now = _Dispatched(i, hour, told, jnp.copy(q) if keep else None)
            if before is not None:
                self._collect(before)
            before = now
        if before is not None:
            self._collect(before)
        hours = {name: np.concatenate([part[name] for part in self.segments]) for name in self.segments[0]}
        return self.frame.run(hours, np.asarray(q), self.fields.path if self.fields else None)

    def _resume(self, start: Array) -> tuple[int, Array]:
        """The hour with which to begin, and a state of our own that may be written over."""
        hours = self.checkpoints.chain() if self.checkpoints else []
        if self.fields:
            hours = [hour for hour in hours if self.fields.reach(hour)]
            if not hours:
                self.fields.write(0, np.asarray(start))
        if not hours or self.checkpoints is None:
            return 0, jnp.array(start, copy=True)
        self.segments = [self.checkpoints.results(hour) for hour in hours]
        self.progress(hours[-1], self.forcing.hours, f"continued after hour {hours[-1]}")
        return hours[-1], jnp.array(self.checkpoints.load(hours[-1]))

    def _ends_segment(self, i: int) -> bool:
        return (i + 1) % self.segment_hours == 0 or i + 1 == self.forcing.hours

    def _collect(self, done: _Dispatched) -> None:
        """Wait for an hour, check it, keep what it gave."""
        i = done.number
        told = jax.device_get(done.told)
        self._check(i, done.hour, told)
        kilograms = {name: 1e-9 * told[name].astype(np.float64) for name in ("gain", "begin", "end")}
        kilograms |= {name: kilograms[name].sum((0, 2)) for name in ("begin", "end")}
        self.told.append({**{name: told[name] for name in ("mean", "pollutants", "steps", "courant")}, **kilograms})
        if self.fields and done.state is not None:
            self.fields.write(i + 1, np.asarray(done.state))
        if self._ends_segment(i):
            results = {name: np.stack([hour[name] for hour in self.told]) for name in self.told[0]}
            if self.checkpoints and done.state is not None:
                self.checkpoints.save(i + 1, done.state, since=i + 1 - len(self.told), results=results)
            self.segments.append(results)
            self.told = []
        text = f"{self._when(i)}, {told['steps']} steps, Courant number {told['courant']:.2f}"
        self.progress(i + 1, self.forcing.hours, text)

    def _check(self, i: int, hour: Hour, told: Arrays) -> None:
        if not told["courant"] <= COURANT:
            raise ModelError(
                f"the air moves too fast in the hour of {self._when(i)}: even {STEPS[-1]} steps in "
                f"{HOUR / INTERVALS / 60:.0f} minutes leave the Courant number {told['courant']:.2f}, more than "
                f"{COURANT}; {self._fastest(hour)}"
            )
        if told["wrong"]:
            nz, ny, nx = hour.mass.shape[1:]
            k, s, y, x = np.unravel_index(int(told["where"]), (nz, len(self.model.species), ny, nx))
            raise ModelError(
                f"{self.model.species[s]} is {told['value']} ug kg-1 after the hour of {self._when(i)} in "
                f"{self._place(k, y, x)}; expected a number of 0 or more"
            )

    def _fastest(self, hour: Hour) -> str:
        """Where the largest share of the air leaves."""
        swaps = {"x": hour.swap_x, "y": hour.swap_y, "z": None}
        fluxes = {"x": (hour.flux_x, 3), "y": (hour.flux_y, 2), "z": (hour.flux_z, 1)}
        shares = {name: outflow(flux, axis, swaps[name]) / hour.mass for name, (flux, axis) in fluxes.items()}
        along = max(shares, key=lambda name: float(jnp.max(shares[name])))
        _, k, y, x = np.unravel_index(int(jnp.argmax(shares[along])), hour.mass.shape)
        return f"the fastest is along {along} in {self._place(k, y, x)}"

    def _place(self, k: Any, y: Any, x: Any) -> str:
        grid = self.forcing.domain.grid
        return f"layer {k}, cell y {y}, x {x} ({grid.lon[y, x]:.3f} E {grid.lat[y, x]:.3f} N)"

    def _when(self, i: int) -> str:
        return f"{np.datetime_as_string(self.forcing.times[i], unit='h')} UTC"


@partial(jax.jit, static_argnames=("pollutants", "species", "processes"), donate_argnames="q")
def _one_hour(
    q: Array, hour: Hour, pollutants: tuple[str, ...], species: tuple[str, ...], processes: Processes
) -> tuple[Array, dict[str, Array]]:
    """The state an hour later, and what is told of the hour; see `_Course._collect`."""
    steps, courant = choose_steps(hour, jnp.asarray(HOUR / INTERVALS, q.dtype))
    begin = _rows(q, hour.mass[0])
    forth = advance(q, hour, steps, intervals=INTERVALS, processes=processes)
    ground = at((hour.drive.temperature[:, 0], hour.drive.humidity[:, 0], hour.ground_density), 0.5)
    measured = concentrations(forth.mean / ground[2], species, *ground)
    nothing = jnp.zeros((0, *q.shape[2:]), q.dtype)
    wrong = jnp.any(_wrong(forth.q))
    where = lax.cond(wrong, lambda q: jnp.argmax(_wrong(q)), lambda _: 0, forth.q)
    told = {
        "mean": forth.mean,
        "pollutants": jnp.stack([measured[name] for name in pollutants]) if pollutants else nothing,
        "gain": jnp.stack([forth.budget[name] for name in (*TRANSPORT, *(name for name, _ in processes))]),
        "begin": begin,
        "end": _rows(forth.q, hour.mass[1]),
        "steps": steps,
        "courant": courant,
        "wrong": wrong,
        "where": where,
        "value": forth.q.ravel()[where],
    }
    return forth.q, told


def _rows(q: Array, mass: Array) -> Array:
    """Burden of each row of cells, (z, species, y) ug: short sums, which single precision can hold."""
    return jnp.sum(q * mass[:, None], axis=3)


def _wrong(q: Array) -> Array:
    return ~((q >= 0) & (q < jnp.inf))


@lru_cache
def _processes(species: tuple[str, ...], parameters: tuple[tuple[str, float], ...], chemistry: bool) -> Processes:
    return reactions.processes(species, dict(parameters), reactive=chemistry)


@lru_cache
def _pollutants(species: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the six pollutants these species give."""
    surface = jnp.ones((1, 1))
    given = jax.eval_shape(
        lambda q: concentrations(q, species, surface, surface, surface), jnp.ones((len(species), 1, 1))
    )
    return tuple(name for name in UNITS if name in given)


def _code() -> str:
    """Stands for the engine's code, and for the geometry on which it stands."""
    files = sorted([*Path(__file__).parent.glob("*.py"), *Path(places.__file__).parent.glob("*.py")])
    return digest(*(file.read_bytes() for file in files))[:12]


def _silent(done: int, total: int, text: str) -> None:
    pass


def _fields(
    keep: bool | str | Path, checkpoints: Checkpoints | None, frame: Frame, q: Array, run: str
) -> Fields | None:
    if keep is False:
        return None
    if keep is True:
        if checkpoints is None:
            raise ValueError("keep_fields=True puts the fields beside the checkpoints; without those give a path")
        keep = checkpoints.path / "fields.zarr"
    return Fields.at(Path(keep), frame, q.dtype, run)
