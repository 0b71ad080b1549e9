"""GRIB of ECMWF and GFS: pressure and model levels and the surface, by ecCodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from lantian.weather.readers import names, points, units
from lantian.weather.readers.codes import eccodes
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.horizontal import Bounds
from lantian.weather.readers.messages import Header, Message, handle, headers
from lantian.weather.readers.names import Meaning
from lantian.weather.readers.terms import NO_TIMES, TERMS, Field, Series, Source, Vertical

_NCEP: Final = "kwbc"
_MISSING: Final = 9.999e20
_SECONDS: Final = {"": 3600, "h": 3600, "m": 60, "s": 1, "D": 86400}
_HOUR: Final = np.timedelta64(3600, "s")
_PRESSURE: Final = {"isobaricInhPa": 100.0, "isobaricInPa": 1.0}
_PLANES: Final = (
    "surface", "meanSea", "heightAboveGround", "atmosphere", "entireAtmosphere", "atmosphereSingleLayer", "unknown",
)  # fmt: skip
_LOCAL: Final[Mapping[tuple[int, int, int], tuple[str, str]]] = {
    (0, 3, 196): ("hpbl", "m"),
    (0, 2, 197): ("fricv", "m s-1"),
    (0, 4, 192): ("sdswrf", "W m-2"),
    (0, 6, 1): ("tcc", "%"),
    (0, 1, 8): ("tp", "kg m-2"),
}
"""Discipline, category and number of parameters that ecCodes names only with the right local table: name and unit."""
_OVER: Final = {"instant": "instant", "accum": "sum", "avg": "mean"}


class Parameter(NamedTuple):
    """What fields of one parameter have in common."""

    name: str
    over: str
    short: str
    vertical: str
    """``pressure``, ``hybrid``, or nothing for a plane."""
    factor: float
    offset: float


class Record(NamedTuple):
    """One field: what, where and when."""

    message: Message
    grid: bytes
    what: Parameter
    level: float
    time: np.datetime64
    since: np.datetime64
    reference: np.datetime64

    @property
    def told(self) -> str:
        """File and short name."""
        return f"{self.message.path.name}: {self.what.short}"


def read(paths: Sequence[Path], bounds: Bounds | None = None) -> list[Source]:
    """What files hold together, their values not read yet; one source for each kind of levels, and the planes.

    Of several forecasts for the same time the latest is taken. Sums of ERA5 are over an hour, others since the start
    of the forecast, or as the message tells.

    Raises:
        ReadError: a grid that is not read, several grids or members, a unit that is not understood.
    """
    return Scan(paths, bounds).sources()


class Scan:
    """The fields of files, found by their headers."""

    def __init__(self, paths: Sequence[Path], bounds: Bounds | None) -> None:
        self.files, self.bounds = tuple(path.name for path in paths), bounds
        self.faults: list[Fault] = []
        self.unused: dict[str, None] = {}
        self.members: set[int] = set()
        self.known: dict[bytes, Parameter | None] = {}
        self.grids: dict[bytes, points.Points] = {}
        self.pv: np.ndarray[Any, np.dtype[np.float64]] = np.empty(0)
        self.records = [
            record for path in paths for header in headers(path) if (record := self._record(header)) is not None
        ]
        if len(self.members) > 1:
            value = f"holds {len(self.members)} members of an ensemble"
            self.faults.append(Fault(", ".join(self.files), "", value, "give the files of one of them"))

    def sources(self) -> list[Source]:
        """The quantities by their levels."""
        used = list(dict.fromkeys(self.grids[record.grid] for record in self.records))
        if len(used) > 1:
            told = " and ".join(map(str, used))
            self.faults.append(Fault(", ".join(self.files), "", f"lie on {told}", "all must lie on the same grid"))
        if not self.records and not self.faults:
            right = f"looked for are {', '.join(sorted(names.SHORT))}"
            self.faults.append(Fault(", ".join(self.files), "", "hold nothing that weather needs", right))
        if self.faults:
            raise ReadError(list(dict.fromkeys(self.faults)))
        (grid,) = used
        horizontal = grid.horizontal(self.bounds, ", ".join(self.files))
        found: dict[str, dict[str, dict[str, list[Record]]]] = {}
        for record in self.records:
            what = record.what
            found.setdefault(what.vertical, {}).setdefault(what.name, {}).setdefault(what.over, []).append(record)
        notes: list[str] = []
        reader = _Reader(grid, horizontal)
        return [
            Source(
                "grib",
                self.files,
                horizontal,
                self._vertical(kind) if kind else None,
                {name: _series(reader, name, ways, notes) for name, ways in quantities.items()},
                notes,
                list(self.unused),
            )
            for kind, quantities in sorted(found.items())
        ]

    def _vertical(self, kind: str) -> Vertical:
        if kind == "pressure":
            return Vertical(kind)
        a, b = self.pv[: self.pv.size // 2], self.pv[self.pv.size // 2 :]
        if not a.size:
            return Vertical("model")
        full = ({float(k + 1): float(v) for k, v in enumerate((half[1:] + half[:-1]) / 2)} for half in (a, b))
        return Vertical("hybrid", *full)

    def _record(self, header: Header) -> Record | None:
        key = header.parameter
        if key is not None and self.known.get(key, True) is None:
            return None
        message = header.message
        with handle(header) as opened:
            found = self.known.get(key) if key is not None else None
            found = found or self._parameter(opened, message.path.name)
            if key is not None:
                self.known[key] = found
            grid = self._grid(header, opened, message.path.name) if found is not None else None
            if found is None or grid is None:
                return None
            self.members.add(int(_get(opened, "perturbationNumber") or 0))
            if found.vertical == "hybrid" and not self.pv.size and _get(opened, "NV"):
                self.pv = eccodes.codes_get_array(opened, "pv")
            unit = _PRESSURE.get(str(_get(opened, "typeOfLevel")), 1.0)
            level = float(_get(opened, "level")) * unit if found.vertical else 0.0
            return Record(message, grid, found, level, *_when(opened, found.over))

    def _parameter(self, opened: Any, file: str) -> Parameter | None:
        short, unit = _named(opened)
        place, centre, step = (str(_get(opened, key)) for key in ("typeOfLevel", "centre", "stepType"))
        found = _meaning(short, place, centre, step)
        if found is None:
            self.unused[short] = None
            return None
        meaning, vertical, sign = found
        wanted = TERMS[meaning.name].unit
        scale = units.scale(unit, wanted)
        if scale is None:
            self.faults.append(Fault(file, short, f"is in {unit!r}", f"expected is one of {units.understood(wanted)}"))
            return None
        return Parameter(*meaning, short, vertical, scale.factor * sign, scale.offset)

    def _grid(self, header: Header, opened: Any, file: str) -> bytes | None:
        """The key of the message's grid; None and a fault for one that is not read."""
        key = header.grid or str(_get(opened, "md5GridSection")).encode()
        if key not in self.grids:
            try:
                grid = points.of(opened, file)
                # of GRIB 1 the key also holds what is not of the grid
                self.grids[key] = next((known for known in self.grids.values() if known.same(grid)), grid)
            except ReadError as error:
                self.faults += error.faults
                return None
        return key


class _Reader:
    """Values of records."""

    def __init__(self, grid: points.Points, horizontal: Any) -> None:
        self.grid, self.horizontal = grid, horizontal

    def plane(self, record: Record) -> Field:
        """(y, x), in our unit; NaN where the field has nothing."""
        with handle(record.message) as opened:
            eccodes.codes_set(opened, "missingValue", _MISSING)
            values = eccodes.codes_get_values(opened)
            if _get(opened, "bitmapPresent"):
                values = np.where(values == _MISSING, np.nan, values)
        rows, columns = self.horizontal.window
        whole = self.grid.plane(values)[rows, columns]
        plane: Field = self.horizontal.arranged(whole) * record.what.factor + record.what.offset
        return plane


def _series(reader: _Reader, name: str, ways: Mapping[str, list[Record]], notes: list[str]) -> Series:
    """All records of a quantity; of those at a moment and those over intervals, the ones for more times."""
    over = max(ways, key=lambda way: (len({record.time for record in ways[way]}), way == "instant"))
    best: dict[np.datetime64, dict[float, Record]] = {}
    for record in ways[over]:
        at = best.setdefault(record.time, {})
        other = at.get(record.level)
        if other is None or (record.reference, record.since) > (other.reference, other.since):
            at[record.level] = record
    most = max(best.values(), key=len)
    times = sorted(time for time in best if best[time].keys() >= most.keys())
    if len(times) < len(best):
        notes.append(f"{most[next(iter(most))].told} is left out at {len(best) - len(times)} times: levels are missing")
    keys = tuple(sorted(most, reverse=True))
    has_levels = TERMS[name].volume

    def get(row: int, levels: Sequence[int]) -> Field:
        records = best[times[row]] if times else {}
        if not has_levels:
            return reader.plane(records[keys[0]])
        return np.stack([reader.plane(records[keys[k]]) for k in levels])

    since = None
    if over != "instant":
        since = np.array([best[time][keys[0]].since for time in times], "datetime64[s]")
    told = most[keys[0]].told
    stamps = NO_TIMES if TERMS[name].fixed else np.array(times, "datetime64[s]")
    return Series(name, told, stamps, get, keys if has_levels else None, since, over == "mean")


def _named(opened: Any) -> tuple[str, str]:
    """Short name and unit."""
    short, unit = str(_get(opened, "shortName")), str(_get(opened, "units"))
    if short not in names.SHORT and _get(opened, "edition") == 2:
        discipline, category, number = (
            int(_get(opened, key)) for key in ("discipline", "parameterCategory", "parameterNumber")
        )
        key = discipline, category, number
        if key in _LOCAL and _get(opened, "centre") == _NCEP:
            return _LOCAL[key]
    return short, unit


def _meaning(short: str, place: str, centre: str, step: str) -> tuple[Meaning, str, float] | None:
    """The quantity, its kind of levels, and the sign with which it counts; None for what weather does not need."""
    known, over = names.SHORT.get(short), _OVER.get(step)
    if known is None or over is None:
        return None
    name = known.name
    vertical = "pressure" if place in _PRESSURE else "hybrid" if place == "hybrid" else ""
    if vertical and name == "cloud_area_fraction":
        name = "cloud_area_fraction_in_atmosphere_layer"
    if name == "geopotential" and (place == "surface" or vertical == "hybrid"):
        name, vertical = "surface_geopotential", ""
    if name == "log_surface_air_pressure":
        vertical = ""
    elif not vertical and place not in _PLANES and name != "surface_geopotential":
        return None
    if TERMS[name].volume != bool(vertical):
        return None
    sign = -1.0 if centre == _NCEP and "downward_sensible" in name else 1.0  # there upward is positive
    over = known.over if over == "instant" else over
    return Meaning(name, over), vertical, sign


def _when(opened: Any, over: str) -> tuple[np.datetime64, np.datetime64, np.datetime64]:
    """The time, where its interval begins, and the start of the forecast."""
    reference = _stamp(opened, "dataDate", "dataTime")
    time = _stamp(opened, "validityDate", "validityTime")
    if over == "instant":
        return time, time, reference
    if str(_get(opened, "class")) == "ea":
        return time, time - (3 if str(_get(opened, "stream")) == "enda" else 1) * _HOUR, reference
    steps = re.findall(r"(\d+)([hmsD]?)", str(_get(opened, "stepRange")))
    begin = int(steps[0][0]) * _SECONDS[steps[0][1]] if len(steps) > 1 else 0
    return time, reference + np.timedelta64(begin, "s"), reference


def _stamp(opened: Any, day: str, hour: str) -> np.datetime64:
    date, clock = f"{int(_get(opened, day)):08d}", f"{int(_get(opened, hour)):04d}"
    return np.datetime64(f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:]}", "s")


def _get(opened: Any, key: str) -> Any:
    """A key's value; None where the message has no such key."""
    try:
        return eccodes.codes_get(opened, key)
    except eccodes.KeyValueNotFoundError:
        return None
