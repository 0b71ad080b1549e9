"""What the readers of all kinds of files give: series of quantities by name, on one grid and one set of levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lantian.weather import derive
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.horizontal import Horizontal

Field = NDArray[np.float64]
Times = NDArray[np.datetime64]

NO_TIMES: Final[Times] = np.empty(0, "datetime64[s]")


class Term(NamedTuple):
    """A quantity that files may hold: its unit here, and whether it has levels."""

    unit: str
    volume: bool = False
    fixed: bool = False
    """Whether the first value stands for all times."""


TERMS: Final[Mapping[str, Term]] = {
    "eastward_wind": Term("m s-1", True),
    "northward_wind": Term("m s-1", True),
    "x_wind": Term("m s-1", True),
    "y_wind": Term("m s-1", True),
    "wind_speed": Term("m s-1", True),
    "wind_from_direction": Term("degree", True),
    "air_temperature": Term("K", True),
    "air_potential_temperature": Term("K", True),
    "air_pressure": Term("Pa", True),
    "specific_humidity": Term("1", True),
    "humidity_mixing_ratio": Term("1", True),
    "relative_humidity": Term("1", True),
    "dew_point_temperature": Term("K", True),
    "geopotential": Term("m2 s-2", True),
    "geopotential_height": Term("m", True),
    "altitude": Term("m", True),
    "height": Term("m", True),
    "cloud_liquid_water_mixing_ratio": Term("1", True),
    "specific_cloud_liquid_water_content": Term("1", True),
    "cloud_area_fraction_in_atmosphere_layer": Term("1", True),
    "surface_altitude": Term("m", fixed=True),
    "surface_geopotential": Term("m2 s-2", fixed=True),
    "north_of_grid": Term("radian", fixed=True),
    "surface_air_pressure": Term("Pa"),
    "log_surface_air_pressure": Term("1"),
    "air_pressure_at_mean_sea_level": Term("Pa"),
    "eastward_wind_at_10m": Term("m s-1"),
    "northward_wind_at_10m": Term("m s-1"),
    "air_temperature_at_2m": Term("K"),
    "dew_point_temperature_at_2m": Term("K"),
    "specific_humidity_at_2m": Term("1"),
    "relative_humidity_at_2m": Term("1"),
    "boundary_layer_height": Term("m"),
    "friction_velocity": Term("m s-1"),
    "surface_downward_eastward_stress": Term("N m-2"),
    "surface_downward_northward_stress": Term("N m-2"),
    "integral_of_surface_downward_eastward_stress": Term("N m-2 s"),
    "integral_of_surface_downward_northward_stress": Term("N m-2 s"),
    "surface_upward_sensible_heat_flux": Term("W m-2"),
    "surface_downward_sensible_heat_flux": Term("W m-2"),
    "integral_of_surface_downward_sensible_heat_flux": Term("J m-2"),
    "cloud_area_fraction": Term("1"),
    "precipitation_flux": Term("kg m-2 s-1"),
    "precipitation_amount": Term("kg m-2"),
    "surface_downwelling_shortwave_flux": Term("W m-2"),
    "integral_of_surface_downwelling_shortwave_flux": Term("J m-2"),
}
"""Names are those of CF where it has one; an ``integral_of_...`` is over time."""


@dataclass(frozen=True, eq=False)
class Series:
    """One quantity at several times. The times of a sum or mean over an interval are those of the interval's end.

    ``get(row, levels)`` reads it at one of ``times``, (level, y, x) at the rows ``levels`` of ``heights``, or (y, x)
    for what has no levels (``heights`` None).
    """

    name: str
    told: str
    """File and variable, for people."""
    times: Times
    get: Callable[[int, Sequence[int]], Field]
    heights: tuple[float, ...] | None = None
    """The keys of its levels, from the ground up: Pa, numbers of model levels, or m."""
    since: Times | None = None
    """For sums and means over an interval: where it begins, for each time."""
    mean: bool = False


@dataclass(frozen=True, eq=False)
class Vertical:
    """The levels of a source: what their keys are, and for hybrid levels a (Pa) and b at full levels by key."""

    kind: str
    """``pressure``, ``hybrid``, ``height`` (over the ground), ``altitude`` or ``model`` (known only by number)."""
    a: Mapping[float, float] = field(default_factory=dict)
    b: Mapping[float, float] = field(default_factory=dict)

    def value(self, keys: Sequence[float]) -> tuple[str, Any] | None:
        """The name and value, over the chosen levels, of what the levels themselves tell."""
        column = np.asarray(keys, np.float64)[:, None, None]
        if self.kind == "hybrid":
            return "hybrid_coefficients", (
                np.array([self.a[key] for key in keys]),
                np.array([self.b[key] for key in keys]),
            )
        names = {"pressure": "pressure_levels", "height": "height_levels", "altitude": "altitude_levels"}
        return (names[self.kind], column) if self.kind in names else None

    def pressure(self, key: float) -> float | None:
        """Roughly the pressure of a level, Pa; None where the level does not tell."""
        if self.kind == "pressure":
            return key
        return self.a[key] + self.b[key] * 101_325.0 if self.kind == "hybrid" else None


@dataclass(eq=False)
class Source:
    """All that was found in files of one kind."""

    kind: str
    files: tuple[str, ...]
    horizontal: Horizontal
    vertical: Vertical | None
    series: dict[str, Series]
    notes: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Variables that weather does not need, by the names in the files."""
    close: Callable[[], None] = lambda: None


def joined(parts: Sequence[Series]) -> Series:
    """The same quantity from several files as one series; at a time that several have, the last one's value.

    Raises:
        ReadError: their levels differ.
    """
    first = parts[0]
    if len(parts) == 1 or TERMS[first.name].fixed:
        return first
    for part in parts[1:]:
        if part.heights != first.heights or (part.since is None) != (first.since is None) or part.mean != first.mean:
            what = "has other levels" if part.heights != first.heights else "is over an interval in one, not in both"
            right = f"it must be as in {first.told}, to be joined with it"
            raise ReadError([Fault(part.told, first.name, what, right)])
    where = {time: (part, row) for part in parts for row, time in enumerate(part.times)}
    times = sorted(where)
    since = None
    if first.since is not None:
        since = np.array([part.since[row] for part, row in map(where.__getitem__, times) if part.since is not None])

    def get(row: int, levels: Sequence[int]) -> Field:
        part, its_row = where[times[row]]
        return part.get(its_row, levels)

    told = f"{first.told} and {len(parts) - 1} more"
    return Series(first.name, told, np.array(times, "datetime64[s]"), get, first.heights, since, first.mean)


class Interval(NamedTuple):
    """What a series adds over a stretch of time: the value at ``row``, less that at ``less`` (-1: nothing)."""

    start: np.datetime64
    end: np.datetime64
    row: int
    less: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return float((self.end - self.start) / np.timedelta64(1, "s"))


class Flux:
    """A series of sums or means over intervals as means over any stretch of time."""

    def __init__(self, series: Series) -> None:
        if series.since is None:
            raise ValueError(f"{series.name} is no sum or mean")
        self.series, self.since = series, series.since
        self.intervals = [interval for row in range(len(series.times)) if (interval := self._interval(row))]
        self._starts = np.array([interval.start for interval in self.intervals], "datetime64[s]")
        self._ends = np.array([interval.end for interval in self.intervals], "datetime64[s]")

    def _interval(self, row: int) -> Interval | None:
        start, end = self.since[row], self.series.times[row]
        less = row - 1
        grown = row > 0 and self.since[less] == start and self.series.times[less] > start
        interval = Interval(self.series.times[less] if grown else start, end, row, less if grown else -1)
        return interval if interval.seconds > 0 else None

    def _amount(self, interval: Interval) -> Field:
        amount = self._sum(interval.row)
        return amount if interval.less < 0 else amount - self._sum(interval.less)

    def _sum(self, row: int) -> Field:
        value = self.series.get(row, ())
        span = (self.series.times[row] - self.since[row]) / np.timedelta64(1, "s")
        return value * float(span) if self.series.mean else value

    def over(self, start: np.datetime64, end: np.datetime64) -> Field | None:
        """The mean from ``start`` to ``end``, of what is known of it; None where nothing is."""
        shared = self._shared(start, end)
        known = np.flatnonzero(shared > 0)
        if not known.size:
            return None
        shares = [self._amount(self.intervals[k]) * (shared[k] / self.intervals[k].seconds) for k in known]
        return derive.rate(shares, shared[known].tolist())

    def covers(self, start: np.datetime64, end: np.datetime64) -> bool:
        """Whether anything is known between ``start`` and ``end``."""
        return bool((self._shared(start, end) > 0).any())

    def _shared(self, start: np.datetime64, end: np.datetime64) -> Field:
        """The seconds that each interval has of the time from ``start`` to ``end``, negative where none."""
        seconds: Field = (np.minimum(self._ends, end) - np.maximum(self._starts, start)) / np.timedelta64(1, "s")
        return seconds

    def at(self, time: np.datetime64, before: np.timedelta64, after: np.timedelta64) -> Field:
        """At a moment, from the means over the steps before and after it."""
        return derive.at_moment(self.over(time - before, time), self.over(time, time + after))
