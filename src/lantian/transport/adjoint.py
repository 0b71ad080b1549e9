"""Whose smoke is this, and where is the cheapest cut: backward runs from receptors to everything they feel.

`footprints` follows one species that does not react; many receptors go back in one run, side by side where a forward
run has its species. `sensitivity` goes back through a run with chemistry: forth with the states of some hours kept,
then segment by segment from the end, whose hours are computed again with what the chemistry met and then gone back.

Both take the steps of the forward run. The adjoint is the discrete one of every process but advection. Footprints take
that of advection too, along the tracer's own run (see `tangent`). With chemistry, advection goes back by its continuous
adjoint (see `advection`; the recipe of Zhao et al. 2020, Geosci. Model Dev. 13:2925).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import Array

from lantian.transport import reactions, tracer
from lantian.transport.advection import Adjoint
from lantian.transport.checkpoint import Checkpoints
from lantian.transport.compilation import quiet_cache, use_cache
from lantian.transport.door import open_start
from lantian.transport.forcing import Forcing
from lantian.transport.hour import HOUR, Hour, at, choose_steps
from lantian.transport.ledger import Footprints, Ledger, Sensitivity, words
from lantian.transport.model import INTERVALS, Model, Progress
from lantian.transport.parameters import values
from lantian.transport.receptors import Factors, Hours, Receptor, concentration, numbers
from lantian.transport.step import Back, Processes, Tunable, advance, retreat
from lantian.transport.weather import Weather

__all__ = ["Footprints", "Objective", "Sensitivity", "footprints", "sensitivity"]

Start = xr.Dataset | xr.DataArray


@dataclass(frozen=True)
class Objective:
    """Any number that is a sum over hours of a function of the hourly means, such as a misfit to observations."""

    name: str
    what: str
    """in words"""
    when: Hours
    """the hours that count, by their beginning, UTC"""
    value: Callable[[np.datetime64, Array, Weather], Array]
    """its part of one hour: (beginning, hourly mean (species, y, x) in ug m-3, weather of the hour) -> number"""


def footprints(
    model: Model,
    forcing: Forcing,
    species: str,
    receptors: Receptor | Sequence[Receptor],
    *,
    start: Start | None = None,
    adjoint: Adjoint = "discrete",
    layers: int | None = None,
    accumulate: int = 1,
    progress: Progress | None = None,
) -> Footprints:
    """What receptors feel of one species, taken as a tracer that is deposited and washed out but does not react.

    ``start``: the air at the beginning, as for `Model.run`; none means that it held nothing of the species.
    ``layers``: how many of the lowest emission layers are kept; ``accumulate``: how many hours are summed into one.
    Both bound the memory, 4 bytes x receptors x hours x layers x cells; parts and closure count everything in any
    case. ``progress`` (hours done, hours in all, text) counts the hours forth and then back.

    A run of the tracer forth gives the modelled values that the parts are held against. ``adjoint="discrete"`` is the
    derivative at that run: the parts add up to the value, and one source's is what the value loses without it as far
    as the scheme is additive; a small part of the weight may be negative. It keeps the tracer's state of every hour.
    ``"continuous"`` knows nothing of the run: no sensitivity is negative, and the parts add up to within 4 %.

    Raises:
        ValueError: a species that is not carried or is no part of what a receptor measures, two receptors of one name,
            a receptor of another grid or with hours that the forcing does not have, a start that does not fit.
    """
    asked = [receptors] if isinstance(receptors, Receptor) else list(receptors)
    model.check(forcing)
    if species not in forcing.species:
        raise ValueError(f"{species} is not carried; carried are {', '.join(forcing.species)}")
    if adjoint not in get_args(Adjoint):
        raise ValueError(f"adjoint: expected one of {', '.join(get_args(Adjoint))}, got {adjoint!r}")
    index = forcing.species.index(species)
    on, hours = _hours(asked, forcing)
    plane = forcing.domain.terrain.shape
    weights = np.stack([one.factor(species) * one.weights(plane) for one in asked])
    q = None if start is None else _opened(forcing, start)[:, index : index + 1]
    ledger = Ledger(
        forcing, [one.name for one in asked], [species], hours, together=True, layers=layers, accumulate=accumulate
    )
    use_cache()
    tell = progress or _silent
    like: dict[str, Any] = {
        "index": index,
        "intervals": INTERVALS,
        "processes": tracer.processes(species, _changed(model)),
    }
    q = jnp.zeros((forcing.domain.levels.n, 1, *plane), forcing.dtype) if q is None else q
    begins, modelled = [np.asarray(q)], np.zeros(len(asked))
    for i in range(hours):
        hour = forcing.hour(i)
        with quiet_cache():
            q, mean = tracer.forth(jnp.copy(q), hour, _steps(hour), **like)
        if on[i].any():
            modelled += on[i] * np.einsum("ryx,yx->r", weights, np.asarray(mean, np.float64))
        if adjoint == "discrete":
            begins.append(np.asarray(q))
        tell(i + 1, 2 * hours, f"{species}, forth from {_when(forcing, i)}")
    felt = jnp.asarray(weights, forcing.dtype)
    mu = jnp.zeros((forcing.domain.levels.n, len(asked), *plane), forcing.dtype)
    for i in reversed(range(hours)):
        hour = forcing.hour(i)
        with quiet_cache():
            now = felt * jnp.asarray(on[i], felt.dtype)[:, None, None]
            if adjoint == "discrete":
                mu, emission, edges, _ = tracer.retrace(mu, now, jnp.asarray(begins[i]), hour, _steps(hour), **like)
            else:
                mu, emission, edges, _ = tracer.back(mu, now, hour, _steps(hour), **like)
        ledger.add(i, emission, edges, hour)
        tell(2 * hours - i, 2 * hours, f"{species}, back to {_when(forcing, i)}")
    ledger.begin(mu, forcing.hour(0).mass[0], jnp.asarray(begins[0]))
    told = {"species": species, "chemistry": "none", "start": "nothing" if start is None else "given"}
    data = ledger.dataset([one.what for one in asked], modelled, told | {"adjoint": adjoint})
    return Footprints(data.isel(species=0, drop=True))


def sensitivity(
    model: Model,
    forcing: Forcing,
    start: Start,
    receptors: Receptor | Objective | Sequence[Receptor | Objective],
    *,
    parameters: Sequence[str] = (),
    segment_hours: int = 6,
    checkpoints: str | Path | None = None,
    layers: int | None = None,
    accumulate: int = 1,
    progress: Progress | None = None,
) -> Sensitivity:
    """What receptors feel of everything in the run of ``model`` from ``start``, chemistry included.

    ``parameters``: uncertain numbers (`reactions.PARAMETERS`) by which the derivative is wanted too, as far as they act
    in the slow processes; what they do to dry deposition and diffusivity, which the forcing holds, is not in it.
    ``segment_hours``: of so many hours one state is kept from the way forth, and the others are computed again when
    their segment goes back; with 1 that is saved and the state of every hour kept. It changes nothing in the result.
    The states stay in memory, or, with ``checkpoints``, come from the checkpoints of `Model.run` in that folder, where
    it is run first if it was not before. ``layers``, ``accumulate`` and ``progress`` as in `footprints`.

    Raises:
        ValueError: as `footprints`; a parameter that is unknown or in `reactions.NOT_FELT`; a receptor
            whose value is not a number.
        ModelError, CheckpointError: from `Model.run`, with ``checkpoints``.
    """
    asked = list(receptors) if isinstance(receptors, Sequence) else [receptors]
    if segment_hours < 1:
        raise ValueError(f"segment_hours: expected 1 or more, got {segment_hours}")
    on, hours = _hours(asked, forcing)
    knobs = _knobs(model, parameters, forcing.dtype)
    model.check(forcing)
    derivatives = [_derivative(one, forcing) for one in asked]
    q = _opened(forcing, start)
    ledger = Ledger(
        forcing,
        [one.name for one in asked],
        model.species,
        hours,
        together=False,
        layers=layers,
        accumulate=accumulate,
    )
    use_cache()
    make = _tunable(model.species, _changed(model), model.chemistry)
    course = _Course(model, forcing, make, knobs, hours, progress or _silent)
    modelled, by_knob = np.zeros(len(asked)), np.zeros((len(asked), len(knobs)))
    mu = [jnp.zeros_like(q) for _ in asked]
    last = [int(np.flatnonzero(on[:, r])[-1]) for r in range(len(asked))]
    for i, hour, gone in course.hours_back(start, q, segment_hours, checkpoints):
        for r, one in enumerate(asked):
            if i > last[r]:
                continue
            weight = jnp.zeros_like(gone.mean)
            if on[i, r]:
                value, weight = derivatives[r](forcing.times[i], gone.mean, hour)
                modelled[r] += float(value)
                if not np.isfinite(modelled[r]):
                    when = _when(forcing, i)
                    raise ValueError(f"receptor {one.name!r}: {value} in the hour of {when}; run the model to see why")
            with quiet_cache():
                back = _back(mu[r], weight, hour, gone.steps, gone.states, make, knobs)
            mu[r] = back.mu
            ledger.add(i, back.emission, back.edges, hour, r)
            by_knob[r] += [float(back.parameters[name]) for name in knobs]
    for r in range(len(asked)):
        ledger.begin(mu[r], forcing.hour(0).mass[0], q, r)
    attributes = {"chemistry": "on" if model.chemistry else "none", "order": "first"}
    data = ledger.dataset([one.what for one in asked], modelled, attributes)
    if knobs:
        data = data.assign_coords(parameter=words(knobs))
        data["parameters"] = ("receptor", "parameter"), by_knob, {"units": "ug m-3 per unit of the parameter"}
    return Sensitivity(data)


class _Gone(NamedTuple):
    """An hour gone forth; see `step.Forth`."""

    steps: Array
    mean: Array
    states: Array | None


@dataclass
class _Course:
    """A run forth, and again segment by segment from its end."""

    model: Model
    forcing: Forcing
    make: Tunable
    knobs: Mapping[str, Array]
    hours: int
    progress: Progress
    done: int = 0

    def __post_init__(self) -> None:
        self.total = 2 * self.hours

    def hours_back(
        self, start: Start, q: Array, segment_hours: int, folder: str | Path | None
    ) -> Iterator[tuple[int, Hour, _Gone]]:
        """The hours from the last to the first, with what was kept of them."""
        if folder is None:
            known, load = self._in_memory(q, segment_hours)
        else:
            known, load = self._on_disk(start, q, segment_hours, Path(folder))
        for first, end in reversed(list(pairwise([*known, self.hours]))):
            begins = [load(first)]
            for i in range(first, end - 1):
                begins.append(self._forth(jnp.copy(begins[-1]), i))
            for i in reversed(range(first, end)):
                hour = self.forcing.hour(i)
                steps = _steps(hour)
                with quiet_cache():
                    gone = _Gone(steps, *_forth(begins.pop(), hour, steps, self.make, self.knobs))
                self._tell("forth from", i)
                yield i, hour, gone
                self._tell("back to", i)

    def _in_memory(self, q: Array, segment_hours: int) -> tuple[list[int], Callable[[int], Array]]:
        """The hours of which the state is known, and what gives it, once."""
        known = list(range(0, self.hours, segment_hours))
        kept = {0: q}
        self.total += known[-1] + self.hours - len(known)
        q = jnp.copy(q)
        for i in range(known[-1]):
            q = self._forth(q, i)
            if i + 1 in known:
                kept[i + 1] = jnp.copy(q)
        return known, kept.pop

    def _on_disk(
        self, start: Start, q: Array, segment_hours: int, folder: Path
    ) -> tuple[list[int], Callable[[int], Array]]:
        """The same; what gives it reads it from the disk."""
        self.model.run(self.forcing, start, checkpoints=folder, segment_hours=segment_hours, progress=self.progress)
        checkpoints = Checkpoints(folder, self.model.fingerprint(self.forcing, q))
        known = [0, *(hour for hour in checkpoints.chain() if 0 < hour < self.hours)]
        self.total += self.hours - len(known)
        return known, lambda hour: jnp.asarray(checkpoints.load(hour)) if hour else q

    def _forth(self, q: Array, i: int) -> Array:
        """The state after hour ``i`` from ``q`` at its beginning, whose memory it takes."""
        q = self.model.advance(q, self.forcing.hour(i))
        self._tell("forth from", i)
        return q

    def _tell(self, way: str, i: int) -> None:
        self.done += 1
        self.progress(self.done, self.total, f"{way} {_when(self.forcing, i)}")


@partial(jax.jit, static_argnames="make")
def _forth(q: Array, hour: Hour, steps: Array, make: Tunable, knobs: Mapping[str, Array]) -> tuple[Array, Array | None]:
    """The hourly mean, and the states that the slow processes met."""
    forth = advance(q, hour, steps, intervals=INTERVALS, processes=make(knobs), keep=True)
    return forth.mean, forth.states


@partial(jax.jit, static_argnames="make", donate_argnames="mu")
def _back(
    mu: Array,
    weight: Array,
    hour: Hour,
    steps: Array,
    states: Array | None,
    make: Tunable,
    knobs: Mapping[str, Array],
) -> Back:
    return retreat(mu, weight, hour, steps, intervals=INTERVALS, processes=make, states=states, parameters=knobs)


@lru_cache
def _tunable(species: tuple[str, ...], changed: tuple[tuple[str, float], ...], chemistry: bool) -> Tunable:
    """What makes the model's processes of the parameters by which a derivative is wanted, once for each such model."""

    def make(knobs: Mapping[str, Any]) -> Processes:
        return reactions.processes(species, {**dict(changed), **knobs}, reactive=chemistry)

    return make


def _changed(model: Model) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((model.parameters or {}).items()))


def _knobs(model: Model, parameters: Sequence[str], dtype: Any) -> dict[str, Array]:
    now = values(reactions.PARAMETERS, model.parameters)
    if unknown := [name for name in parameters if name not in now]:
        raise ValueError(f"unknown parameters {', '.join(unknown)}; known are {', '.join(now)}")
    if held := [name for name in parameters if name in reactions.NOT_FELT]:
        raise ValueError(
            f"parameters {', '.join(held)}: they act in the forcing alone or as a threshold, and have no derivative "
            "here; compare two forward runs"
        )
    return {name: jnp.asarray(now[name], dtype) for name in parameters}


def _steps(hour: Hour) -> Any:
    """As many steps in five minutes as a forward run takes."""
    steps, _ = choose_steps(hour, jnp.asarray(HOUR / INTERVALS, hour.mass.dtype))
    return steps


def _opened(forcing: Forcing, start: Start) -> Array:
    """The state at the beginning, (z, species, y, x)."""
    dataset = start if isinstance(start, xr.Dataset) else start.to_dataset(name="mixing_ratio")
    return open_start(forcing.domain, forcing.species, dataset, dtype=forcing.dtype)


def _hours(asked: Sequence[Receptor | Objective], forcing: Forcing) -> tuple[np.ndarray, int]:
    """Which hours count (hour, receptor), and how many there are up to the last of them."""
    names = [one.name for one in asked]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"expected one receptor or more, each with a name of its own; got {names}")
    active = [numbers(one.name, one.when, forcing.times[:-1]) for one in asked]
    hours = 1 + max(map(max, active))
    return np.array([[i in mine for mine in active] for i in range(hours)]), hours


Derive = Callable[[np.datetime64, Array, Hour], tuple[Array, Array]]
"""(beginning of the hour, hourly mean, hour) -> its part of the value, and the derivative of that by the mean."""


def _derivative(one: Receptor | Objective, forcing: Forcing) -> Derive:
    if isinstance(one, Objective):

        def of_objective(time: np.datetime64, mean: Array, hour: Hour) -> tuple[Array, Array]:
            weather = at(hour.drive, 0.5)
            return jax.value_and_grad(lambda mean: one.value(time, mean, weather))(mean)

        return of_objective
    one.check(forcing.species)
    weights, what = jnp.asarray(one.weights(forcing.domain.terrain.shape), forcing.dtype), one.key
    return lambda _, mean, hour: _weighed(mean, weights, hour, what, forcing.species)


@partial(jax.jit, static_argnames=("what", "species"))
def _weighed(
    mean: Array, weights: Array, hour: Hour, what: str | Factors, species: tuple[str, ...]
) -> tuple[Array, Array]:
    weather = at(hour.drive, 0.5)
    return jax.value_and_grad(lambda mean: jnp.sum(weights * concentration(what, mean, species, weather)))(mean)


def _when(forcing: Forcing, i: int) -> str:
    return f"{np.datetime_as_string(forcing.times[i], unit='h')} UTC"


def _silent(done: int, total: int, text: str) -> None:
    pass
