"""What each input dataset must hold, and the checks of one variable: is it there, its shape, its unit, its values.

A fault is one sentence for the user: which dataset and variable, what is wrong, where first, what would be right.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

TOLD: Final = 20
"""So many faults are told; of more, their number."""


class Mistake(NamedTuple):
    """A common one: values out of bounds that all lie within ``low`` and ``high``, or one of the ``words`` as unit."""

    low: float
    high: float
    looks_like: str
    mend: str
    words: tuple[str, ...] = ()


class Variable(NamedTuple):
    """One variable: its dimensions in order, the units that it may have, the bounds of its values."""

    name: str
    dims: tuple[str, ...]
    units: tuple[str, ...]
    low: float
    high: float
    standard_name: str = ""
    mistake: Mistake | None = None


_VOLUME, _SURFACE = ("time", "z", "y", "x"), ("time", "y", "x")
_PERCENT: Final = Mistake(0, 120, "percent", "divide by 100", ("%", "percent"))
WEATHER: Final = (
    Variable("x_wind", ("time", "z", "y", "x_face"), ("m s-1",), -150, 150, "x_wind"),
    Variable("y_wind", ("time", "z", "y_face", "x"), ("m s-1",), -150, 150, "y_wind"),
    Variable("air_density", _VOLUME, ("kg m-3",), 0.05, 2.5, "air_density"),
    Variable(
        "air_temperature", _VOLUME, ("K",), 180, 340, "air_temperature",
        Mistake(-100, 100, "degrees Celsius", "add 273.15", ("degC", "celsius", "Celsius", "°C", "degree_Celsius")),
    ),
    Variable(
        "air_pressure", _VOLUME, ("Pa",), 5e3, 1.15e5, "air_pressure",
        Mistake(10, 1150, "hPa", "multiply by 100", ("hPa", "mbar", "mb", "millibar")),
    ),
    Variable("relative_humidity", _VOLUME, ("1",), 0, 1.2, "relative_humidity", _PERCENT),
    Variable(
        "cloud_liquid_water_mixing_ratio", _VOLUME, ("kg kg-1",), 0, 0.03, "cloud_liquid_water_mixing_ratio",
        Mistake(0, 30, "g kg-1", "divide by 1000", ("g kg-1", "g/kg")),
    ),
    Variable(
        "atmosphere_heat_diffusivity", ("time", "z_face", "y", "x"), ("m2 s-1",), 0, 1e4, "atmosphere_heat_diffusivity"
    ),
    Variable("boundary_layer_height", _SURFACE, ("m",), 0, 1e4, "atmosphere_boundary_layer_thickness"),
    Variable("friction_velocity", _SURFACE, ("m s-1",), 0, 10),
    Variable(
        "inverse_obukhov_length", _SURFACE, ("m-1",), -100, 100, "",
        Mistake(-1e12, 1e12, "the Obukhov length itself", "give its inverse", ("m",)),
    ),
    Variable("cloud_area_fraction", _SURFACE, ("1",), 0, 1, "cloud_area_fraction", _PERCENT),
    Variable(
        "precipitation_flux", _SURFACE, ("kg m-2 s-1",), 0, 0.1, "precipitation_flux",
        Mistake(0, 360, "mm h-1", "divide by 3600", ("mm h-1", "mm/h", "mm hr-1", "mm/hr", "mm hour-1")),
    ),
)  # fmt: skip
HORIZONTAL_DIFFUSIVITY: Final = Variable("horizontal_diffusivity", _VOLUME, ("m2 s-1",), 0, 1e6)
"""Optional part of the weather."""
EDGES: Final = (
    *(Variable(name, ("time", "z", "species", "y"), ("ug kg-1",), 0, 1e9) for name in ("west", "east")),
    *(Variable(name, ("time", "z", "species", "x"), ("ug kg-1",), 0, 1e9) for name in ("south", "north")),
    Variable("top", ("time", "species", "y", "x"), ("ug kg-1",), 0, 1e9),
)
START: Final = Variable("mixing_ratio", ("z", "species", "y", "x"), ("ug kg-1",), 0, 1e9)
LAND_FRACTION: Final = Variable("land_fraction", ("class", "y", "x"), ("1",), 0, 1 + 1e-6)
ROUGHNESS_LENGTH: Final = Variable("roughness_length", ("y", "x"), ("m",), 1e-6, 10)
GREENNESS: Final = Variable("greenness", ("y", "x"), ("1",), 0, 1, "", _PERCENT)


def emission(species: str) -> Variable:
    """The emission of one species."""
    return Variable(species, ("time", "layer", "y", "x"), ("kg s-1", "kg m-2 s-1"), 0, 1e6)


_WORDS: Final = {
    "meter": "m", "meters": "m", "metre": "m", "metres": "m", "second": "s", "seconds": "s", "sec": "s", "kelvin": "K",
    "degK": "K", "kilogram": "kg", "kilograms": "kg", "pascal": "Pa", "pascals": "Pa", "Pascal": "Pa", "µg": "ug",
    "μg": "ug", "fraction": "1", "dimensionless": "1",
}  # fmt: skip


def same_unit(one: str, other: str) -> bool:
    """Whether two units are the same in other words: ``m/s``, ``m s**-1`` and ``m.s-1``; ``kg kg-1`` and ``1``."""
    return one == other or (_powers(one) is not None and _powers(one) == _powers(other))


def _powers(unit: str) -> dict[str, int] | None:
    """Base units and their powers; None for what is not understood."""
    powers: Counter[str] = Counter()
    sign = 1
    for part in re.findall(r"/|[^\s/*.·]+", re.sub(r"\*\*|\^", "", unit).strip()):
        if part == "/":
            sign = -1
            continue
        match = re.fullmatch(r"([A-Za-zµμ]+|1)(-?\d+)?", part)
        if match is None:
            return None
        word = _WORDS.get(match[1], match[1])
        if word != "1":
            powers[word] += sign * int(match[2] or 1)
        sign = 1
    return {word: power for word, power in powers.items() if power}


@dataclass
class Faults:
    """Sentences, in the order in which they were found."""

    sentences: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """One more."""
        self.sentences.append(sentence)

    def __bool__(self) -> bool:
        return bool(self.sentences)


def text(faults: Sequence[str]) -> str:
    """All faults, a line each."""
    count = len(faults)
    more = [f"and {count - TOLD} more"] if count > TOLD else []
    return "\n".join([f"{count} fault{'s' if count > 1 else ''} in the inputs of the model", *faults[:TOLD], *more])


def moment(time: np.datetime64) -> str:
    """A time as it is told."""
    return str(np.datetime_as_string(time, "m")).replace("T", " ")


def shape_of(dims: Sequence[str], sizes: Mapping[str, int]) -> str:
    """Dimensions with their sizes, as they are told."""
    return f"({', '.join(f'{dim} {sizes[dim]}' if dim in sizes else dim for dim in dims)})"


def has(dataset: xr.Dataset, label: str, variable: Variable, sizes: Mapping[str, int], faults: Faults) -> bool:
    """Whether the variable is there as it must be; adds what is not to ``faults``."""
    name, wanted = variable.name, shape_of(variable.dims, sizes)
    if name not in dataset.variables:
        faults.add(f"{label}: {name} is missing; it must be {wanted} in {_right(variable)}.")
        return False
    before = len(faults.sentences)
    given = dataset.variables[name]
    found = dict(zip(map(str, given.dims), given.shape, strict=True))
    if any(found.get(dim) != sizes.get(dim, found.get(dim)) for dim in variable.dims) or [*found] != [*variable.dims]:
        order = "; only the order differs, transpose it" if sorted(found) == sorted(variable.dims) else ""
        order = order if all(found[d] == sizes.get(d, found[d]) for d in found) else ""
        faults.add(f"{label}: {name} is {shape_of([*found], found)}; it must be {wanted}{order}.")
    if given.dtype.kind not in "fiu":
        faults.add(f"{label}: {name} holds {given.dtype} values; they must be numbers.")
    units = given.attrs.get("units")
    if units is None:
        faults.add(f"{label}: {name} has no units; it must be in {_right(variable)} and say so.")
    elif not any(same_unit(str(units), right) for right in variable.units):
        mistake = variable.mistake
        mend = f": {mistake.mend}" if mistake and any(same_unit(str(units), word) for word in mistake.words) else ""
        faults.add(f"{label}: {name} is in {units!r}; it must be in {_right(variable)}{mend}.")
    standard = given.attrs.get("standard_name", variable.standard_name)
    if variable.standard_name and standard != variable.standard_name:
        faults.add(f"{label}: {name} has the standard name {standard!r}; it must be {variable.standard_name!r}.")
    return len(faults.sentences) == before


def _right(variable: Variable) -> str:
    """The unit as it is told."""
    return "the unit 1 (a share of one)" if variable.units == ("1",) else " or ".join(variable.units)


def whole_hours(dataset: xr.Dataset, label: str, faults: Faults, *, gapless: bool) -> NDArray[np.datetime64] | None:
    """The dataset's times if they are whole hours in order (``gapless``: each hour); else None and a fault."""
    if "time" not in dataset.coords:
        faults.add(f"{label}: the coordinate time is missing; it must hold whole hours of universal time.")
        return None
    times = np.atleast_1d(dataset["time"].values)
    if times.dtype.kind != "M":
        faults.add(f"{label}: time holds {times.dtype} values; they must be datetime64, universal time.")
        return None
    times = times.astype("datetime64[s]")
    steps = np.diff(times) / np.timedelta64(3600, "s") if not np.isnat(times).any() else np.empty(0)
    if np.isnat(times).any():
        faults.add(f"{label}: time is missing (NaT) in {np.isnat(times).sum()} of {len(times)} places.")
    elif np.any(times != times.astype("datetime64[h]")):
        odd = times[times != times.astype("datetime64[h]")][0]
        faults.add(f"{label}: the time {moment(odd)} is no whole hour.")
    elif np.any(steps <= 0):
        k = int(np.argmax(steps <= 0))
        faults.add(f"{label}: time must rise, but {moment(times[k])} is followed by {moment(times[k + 1])}.")
    elif gapless and np.any(steps != 1):
        k = int(np.argmax(steps != 1))
        gap = _hours_between(times[k], times[k + 1])
        faults.add(f"{label}: {gap} missing; there must be a time for every hour.")
    else:
        return times
    return None


def _hours_between(one: np.datetime64, other: np.datetime64) -> str:
    hour = np.timedelta64(3600, "s")
    first, last = one + hour, other - hour
    return f"{moment(first)} is" if first == last else f"the hours {moment(first)} to {moment(last)} are"


def rows(
    has_times: NDArray[np.datetime64], wanted: NDArray[np.datetime64], label: str, faults: Faults
) -> NDArray[np.intp] | None:
    """Where each of the ``wanted`` times stands; None and a fault where one does not."""
    at = np.searchsorted(has_times, wanted)
    lacking = wanted[has_times[np.minimum(at, len(has_times) - 1)] != wanted] if len(has_times) else wanted
    if len(lacking) == 0:
        return at
    span = moment(lacking[0]) if len(lacking) == 1 else f"{moment(lacking[0])} to {moment(lacking[-1])}"
    are = "is" if len(lacking) == 1 else "are"
    faults.add(
        f"{label}: {len(lacking)} of the {len(wanted)} times that the weather asks for {are} missing ({span}); they "
        f"must reach from {moment(wanted[0])} to {moment(wanted[-1])}."
    )
    return None


@dataclass
class _Seen:
    """What was seen of one variable over all times."""

    low: float = np.inf
    high: float = -np.inf
    missing: int = 0
    outside: int = 0
    first_missing: str = ""
    first_outside: str = ""


@dataclass
class Values:
    """Looks at values as they are read: extremes, what is missing, what is out of bounds, and a digest of all."""

    seen: dict[tuple[str, Variable], _Seen] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)

    def look(
        self,
        label: str,
        variable: Variable,
        values: NDArray[Any],
        time: np.datetime64 | None = None,
        species: Sequence[str] = (),
    ) -> None:
        """At one variable, at one time if it has times; ``species``: the names along its dimension of that name."""
        told = f"{label} {variable.name} {values.shape} {values.dtype} {time}"
        self.digest.update(told.encode() + np.ascontiguousarray(values).tobytes())
        seen = self.seen.setdefault((label, variable), _Seen())
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if variable.low <= low and high <= variable.high:
            seen.low, seen.high = min(seen.low, low), max(seen.high, high)
            return
        missing = ~np.isfinite(values)
        outside = ~missing & ((values < variable.low) | (values > variable.high))
        known = values[~missing]
        if known.size:
            seen.low, seen.high = min(seen.low, float(known.min())), max(seen.high, float(known.max()))
        dims = variable.dims[1:] if time is not None else variable.dims
        seen.first_missing = seen.first_missing or _first(missing, dims, time, species)
        seen.first_outside = seen.first_outside or _first(outside, dims, time, species)
        seen.missing += int(missing.sum())
        seen.outside += int(outside.sum())

    def tell(self, faults: Faults) -> None:
        """Add what was wrong."""
        for (label, v), seen in self.seen.items():
            if seen.missing:
                where = f"{_cells(seen.missing)}, first at {seen.first_missing}"
                faults.add(f"{label}: {v.name} is missing (NaN) or infinite in {where}.")
            if seen.outside:
                negative = v.low == 0 and seen.high <= v.high
                likely = v.mistake and not negative and v.mistake.low <= seen.low and seen.high <= v.mistake.high
                faults.add(
                    f"{label}: {v.name} is {'negative' if negative else 'out of bounds'} in {_cells(seen.outside)}, "
                    f"first at {seen.first_outside}; it ranges from {seen.low:.4g} to {seen.high:.4g} and must lie "
                    f"within {v.low:g} and {v.high:g}{'' if v.units == ('1',) else f' {v.units[0]}'}."
                    + (f" It looks like {v.mistake.looks_like}: {v.mistake.mend}." if v.mistake and likely else "")
                )


def _cells(count: int) -> str:
    return f"{count} cell{'s' if count > 1 else ''}"


def _first(mask: NDArray[np.bool_], dims: Iterable[str], time: np.datetime64 | None, species: Sequence[str]) -> str:
    """Time and place of the first true value; nothing where there is none."""
    if not mask.any():
        return ""
    index = np.unravel_index(int(np.argmax(mask)), mask.shape)
    place = ", ".join(
        species[int(i)] if dim == "species" and species else f"{dim} {int(i)}"
        for dim, i in zip(dims, index, strict=True)
    )
    return place if time is None else f"{moment(time)}, {place}"
