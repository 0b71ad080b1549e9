"""The canonical variables of files, made one moment at a time when they are asked for, and checked as they are made."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from lantian.transport.inputs import Variable, moment
from lantian.weather import canonical
from lantian.weather.readers import ground
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.rules import Step
from lantian.weather.readers.terms import TERMS, Field, Flux, Source, Times

_KEPT: Final = 2
"""Moments that are remembered: whoever interpolates in time looks at two."""
_VARIABLES: Final = {variable.name: variable for variable in (*canonical.FIELDS, *canonical.WANTED)}
_ROUNDING: Final = 0.01
"""Values that lie out of bounds by this share of their range are a packing's rounding and become the bound."""
NEAR: Final = {
    "eastward_wind": "eastward_wind_at_10m",
    "northward_wind": "northward_wind_at_10m",
    "air_temperature": "air_temperature_at_2m",
    "specific_humidity": "specific_humidity_at_2m",
}
"""What the ground's own level is made of, for files on levels that go through the ground."""


class Moments:
    """Gives the variables of a source at its ``times`` and ``levels`` (their keys), by ``steps``."""

    def __init__(self, source: Source, times: Times, levels: Sequence[float], steps: Mapping[str, Step]) -> None:
        self.source, self.times, self.levels, self.steps = source, times, tuple(levels), steps
        self._fluxes = {name: Flux(series) for name, series in source.series.items() if series.since is not None}
        self._memory: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._lock = threading.RLock()
        self._volumes = [name for name in _VARIABLES if name in steps and "level" in _VARIABLES[name].dims]
        through = source.vertical is not None and source.vertical.kind in ("pressure", "altitude")
        self._near = {name: near for name, near in NEAR.items() if near in steps} if through else {}
        self._through = through

    @property
    def level_count(self) -> int:
        """How many levels the canonical volumes have."""
        return len(self.levels) + bool(self._near)

    def value(self, name: str, t: int) -> Field:
        """A canonical variable (level, y, x) or (y, x) at a time.

        Raises:
            ReadError: a value is missing or out of its bounds.
        """
        with self._lock:
            memory = self._memory.setdefault(t, {})
            self._memory.move_to_end(t)
            while len(self._memory) > _KEPT:
                self._memory.popitem(last=False)
            key = f"canonical {name}"
            if key not in memory:
                made = self._settled(name, t) if self._through and name in self._volumes else self._made(name, t)
                memory[key] = self._checked(_VARIABLES[name], made, t)
            found: Field = memory[key]
            return found

    def _made(self, name: str, t: int) -> Any:
        """A quantity as the file has it, or derived."""
        memory = self._memory[t]
        if name not in memory:
            step = self.steps[name]
            if step.needs:
                with np.errstate(invalid="ignore", divide="ignore"):
                    memory[name] = step.make(*(self._made(need, t) for need in step.needs))
            else:
                memory[name] = self._read(name, t)
        return memory[name]

    def _read(self, name: str, t: int) -> Any:
        series = self.source.series.get(name)
        if series is None:
            told = self.source.vertical.value(self.levels) if self.source.vertical else None
            if told is None or told[0] != name:
                raise KeyError(name)
            whole = len(self.levels), *self.source.horizontal.lon.shape
            return told[1] if name == "hybrid_coefficients" else np.broadcast_to(told[1], whole)
        levels = [series.heights.index(key) for key in self.levels] if series.heights is not None else []
        if TERMS[name].fixed:
            return series.get(0, levels)
        if name in self._fluxes:
            return self._fluxes[name].at(self.times[t], *steps(self.times, t))
        return series.get(int(np.searchsorted(series.times, self.times[t])), levels)

    def _settled(self, name: str, t: int) -> Field:
        """A volume above the ground."""
        memory = self._memory[t]
        if "settled" not in memory:
            volumes = {volume: self._made(volume, t) for volume in self._volumes}
            near = {volume: self._made(at, t) for volume, at in self._near.items()}
            memory["settled"] = ground.settle(volumes, near, self._made("surface_air_pressure", t))
        settled = memory["settled"]
        if isinstance(settled, tuple):
            value = f"has no level above the ground at {moment(self.times[t])}, y {settled[0]}, x {settled[1]}"
            raise ReadError([Fault(self._files, "height", value, "heights or surface_altitude must be in other units")])
        found: Field = settled[name]
        return found

    def _checked(self, variable: Variable, values: Field, t: int) -> Field:
        low, high = variable.low, variable.high
        if low == 0 and variable.name != "height":
            margin = _ROUNDING * (high - low)
            values = np.where((values < low) & (values >= low - margin), low, values)
            values = np.where((values > high) & (values <= high + margin), high, values)
        good = (values >= low) & (values <= high)
        if not good.all():
            index = np.unravel_index(int(np.argmin(good)), good.shape)
            place = ", ".join(f"{dim} {k}" for dim, k in zip(variable.dims[1:], map(int, index), strict=True))
            value = f"is {values[index]:.6g} at {moment(self.times[t])}, {place}"
            right = f"it must lie within {low:g} and {high:g} {variable.units[0]}"
            raise ReadError([Fault(self._files, variable.name, value, right)])
        return values.astype(np.float32)

    @property
    def _files(self) -> str:
        return ", ".join(self.source.files)


def steps(times: Times, t: int) -> tuple[np.timedelta64, np.timedelta64]:
    """The time from the moment before to a moment, and from it to the next one; at an end that on its other side."""
    gaps = np.diff(times) if len(times) > 1 else np.array([3600], "timedelta64[s]")
    return gaps[max(t - 1, 0)], gaps[min(t, len(gaps) - 1)]


class Lazy(BackendArray):
    """A canonical variable as an array that xarray reads when values are asked for."""

    def __init__(self, moments: Moments, name: str, shape: tuple[int, ...], moving: bool) -> None:
        self._moments, self._name, self._moving = moments, name, moving
        self.shape, self.dtype = shape, np.dtype(np.float32)

    def __deepcopy__(self, memo: dict[int, Any]) -> Lazy:
        return self  # what is only read need not be copied

    def __getitem__(self, key: Any) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._get)

    def _get(self, key: tuple[Any, ...]) -> NDArray[np.float32]:
        if not self._moving:
            return np.asarray(_outer(self._moments.value(self._name, 0), key))
        first, *rest = key
        if isinstance(first, int | np.integer):
            return np.asarray(_outer(self._moments.value(self._name, int(first)), rest))
        rows = np.arange(self.shape[0])[first]
        if not rows.size:
            return np.empty((0, *_outer(np.broadcast_to(np.float32(0), self.shape[1:]), rest).shape), np.float32)
        return np.stack([_outer(self._moments.value(self._name, int(row)), rest) for row in rows])


def _outer(values: Any, key: Sequence[Any]) -> Any:
    """Index each dimension on its own."""
    for axis in reversed(range(len(key))):
        values = values[(slice(None),) * axis + (key[axis],)]
    return values
