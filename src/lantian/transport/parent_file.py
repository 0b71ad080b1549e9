"""Edges and start from a file of a larger model on longitude, latitude and pressure or height, such as a CAMS forecast.

The file's values are taken to stand at its points. They are interpolated bilinearly in longitude and latitude, then
linearly in height to the middle of our layers, and linearly in time to whole hours; no step makes a new extremum. A
value below the file's lowest level is that of the level, as is one above its highest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from lantian.places.grid import Domain, Field
from lantian.transport.background import Profile
from lantian.transport.boundary import (
    LUMPED,
    Bilinear,
    Boundary,
    Rim,
    Times,
    edges_dataset,
    middles,
    start_dataset,
    whole_hours,
)
from lantian.transport.inputs import moment
from lantian.transport.lonlat import Axes, Window, column_values, in_time, mixing_ratio_unit, opened
from lantian.transport.species import MOLAR_MASS_AIR, REGISTRY, find


class Part(NamedTuple):
    """What one of the file's species gives to one of ours."""

    species: str
    share: float = 1.0
    """ug of ours per ug of theirs"""
    molar_mass: float | None = None
    """of theirs, g mol-1, which a mole fraction needs; None for a lump that has none"""


def _gas(name: str) -> tuple[Part, ...]:
    return (Part(name, 1.0, REGISTRY[name].molar_mass),)


_SALT: Final = 1 / 4.3  # dry over wet sea salt: CAMS carries it as at 80 % relative humidity
CAMS: Final[Mapping[str, tuple[Part, ...]]] = {
    "go3": _gas("O3"), "no": _gas("NO"), "no2": _gas("NO2"), "so2": _gas("SO2"), "co": _gas("CO"),
    "hno3": (Part("TNO3", 62.005 / 63.013, 63.013),),
    "nh3": (Part("TNH4", 18.038 / 17.031, 17.031),),
    "aermr01": (Part("PPM25", _SALT),),
    "aermr02": (Part("PPM25", 0.5 * _SALT), Part("PMC", 0.5 * _SALT)),
    "aermr04": (Part("DUST"),),
    "aermr05": (Part("DUST"),),
    "aermr06": (Part("PMC", 0.4),),
    "aermr07": (Part("PPM25", 0.7), Part("PMC", 0.3)),
    "aermr08": (Part("PPM25", 0.7), Part("PMC", 0.3)),
    "aermr09": (Part("BC"),),
    "aermr10": (Part("BC"),),
    "aermr11": (Part("SO4"),),
    "aermr16": (Part("TNO3"),),
    "aermr17": (Part("PMC"),),
    "aermr18": (Part("TNH4"),),
    "aermr19": (Part("SOA"),),
    "aermr20": (Part("SOA"),),
}  # fmt: skip
"""The CAMS global forecast (IFS-COMPO): gases; sea salt 01-03, dust 04-06, organic matter 07-08, black carbon 09-10,
sulfate 11, nitrate 16-17 (fine, coarse), ammonium 18, secondary organics 19-20. Which part of a size class is fine
follows ECMWF's own sums for PM2.5 and PM10; sea salt of 5-20 um radius and what of the coarsest dust is larger than 10
um are left out. Reactive organics are not: the few that CAMS gives out are a small part of ROC."""


def from_file(
    source: xr.Dataset | str | Path,
    domain: Domain,
    species: Sequence[str],
    times: ArrayLike,
    names: Mapping[str, Sequence[Part]] = CAMS,
    background: Profile | None = None,
) -> Boundary:
    """What comes in through the edges at the ``times`` (whole hours, UTC, without a gap) and the start at the first.

    ``source``: a dataset, a NetCDF file or a Zarr folder, by the CF conventions. Its variables (time, level, latitude,
    longitude) are mass mixing ratios (``kg kg-1``) or mole fractions (``mol mol-1``, ``ppb``), its levels pressures or
    heights: ``altitude`` above the sea, ``height`` above the ground. A pressure stands at the file's ``geopotential``
    or ``geopotential_height``; without it, at its height in the US Standard Atmosphere (1976). Values missing below
    the ground are those of the lowest level that is known.

    ``names``: what each of the file's variables gives to our species; other variables are not read. Fine particles
    that are not carried count as PPM25 (`boundary.LUMPED`). A species of which the file has nothing comes from the
    ``background``. The attribute ``notes`` of both datasets says what was filled or assumed.

    Raises:
        ValueError: an axis, a unit, a place or an hour that is missing or not understood, a value that is missing or
            negative, a species that neither the file nor the background has. The message names the variable.
    """
    hours, carried = whole_hours(times, "times"), [s.name for s in find(species)]
    file = _File(opened(source), domain, carried, hours, names)
    missing = [name for name in carried if name not in file.given]
    notes = ["from a file of a larger model", *file.notes]
    if missing and background is None:
        raise ValueError(f"the file gives no {', '.join(missing)}; give a background to fill them from")
    if missing and background is not None:
        background.at(missing, 0.0, carried)  # tells what it does not have
        notes.append(f"{', '.join(missing)}: not in the file, from background {background.name!r}")

    def at(points: Bilinear, ground: Field, height: Field) -> Field:
        """(n, species, points) at heights (n, points) above the sea."""
        q = column_values(given, z, points, height - ground if file.window.over_ground else height)
        if missing and background is not None:
            q[:, [carried.index(name) for name in missing]] = background.at(missing, height, carried).swapaxes(0, 1)
        return q

    rim, layers = Rim.of(domain), domain.heights.reshape(domain.levels.n + 1, -1)
    x, y = (part.ravel() for part in np.meshgrid(domain.grid.x, domain.grid.y))
    around, inside = file.window.bilinear(rim.x, rim.y), file.window.bilinear(x, y)
    sides, tops, states = [], [], []
    for t in range(file.window.times.size):
        given, z = file.values(t), file.window.height(t)
        sides.append(at(around, rim.heights[0], middles(rim.heights)))
        tops.append(at(inside, layers[0], layers[-1:])[0].reshape(len(carried), *domain.terrain.shape))
        if t < 2:  # the first hour lies between the first two times
            states.append(at(inside, layers[0], middles(layers)))
    times = file.window.times
    rows, top = in_time(sides, times, hours), in_time(tops, times, hours)
    state = in_time(states, times[:2], hours[:1]).reshape(domain.levels.n, len(carried), *domain.terrain.shape)
    return Boundary(
        edges_dataset(domain, carried, hours, rows, top, notes), start_dataset(domain, carried, state, notes)
    )


class _File:
    """A file's variables as our species."""

    def __init__(
        self, dataset: xr.Dataset, domain: Domain, carried: list[str], hours: Times, names: Mapping[str, Sequence[Part]]
    ) -> None:
        find(list(dict.fromkeys(part.species for parts in names.values() for part in parts)))
        self.carried = carried
        wanted = {
            name: [(row, part) for part in parts if (row := self._row(part.species)) is not None]
            for name, parts in names.items()
        }
        self.used = {
            name: _factors(dataset[name], parts) for name, parts in wanted.items() if parts and name in dataset
        }
        """of each variable that is read, how much it gives to each of ours, in ug kg-1 for its unit"""
        if not self.used:
            asked = ", ".join(name for name, parts in wanted.items() if parts) or "what gives these species"
            there = ", ".join(map(str, dataset.data_vars))
            raise ValueError(f"the file has none of {asked}; it has {there}")
        self.given = {carried[row] for factors in self.used.values() for row in factors}
        axes = [Axes.of(dataset, name) for name in self.used]
        odd = [name for name, other in zip(self.used, axes, strict=True) if other != axes[0]]
        if odd:
            raise ValueError(f"{odd[0]} has other axes than {next(iter(self.used))}; all must have the same")
        self.window = Window(dataset, axes[0], domain, hours)
        absent = [
            n for n, parts in wanted.items() if n not in dataset and any(carried[i] in self.given for i, _ in parts)
        ]
        self.notes = [*self.window.notes, *([f"without {', '.join(absent)}, which the file lacks"] if absent else [])]

    def _row(self, species: str) -> int | None:
        """Where one of our species is counted."""
        if species not in self.carried and species in LUMPED:
            species = "PPM25"
        return self.carried.index(species) if species in self.carried else None

    def values(self, t: int) -> Field:
        """(level, species, latitude, longitude) ug kg-1 at time ``t``; 0 where nothing is given."""
        window = self.window
        q = np.zeros((window.levels, len(self.carried), window.lat.size, window.lon.size))
        for name, factors in self.used.items():
            field = window.read(name, t)
            if field.min() < 0:
                raise ValueError(f"{name} at {moment(window.times[t])} is negative, down to {field.min():g}")
            for row, factor in factors.items():
                q[:, row] += factor * field
        return q


def _factors(variable: xr.DataArray, parts: Sequence[tuple[int, Part]]) -> dict[int, float]:
    unit = mixing_ratio_unit(variable)
    factors: dict[int, float] = {}
    for row, part in parts:
        if unit.mole and part.molar_mass is None:
            raise ValueError(f"{variable.name}: a mole fraction, but its molar mass is not known; give it in kg kg-1")
        mass = unit.factor * (part.molar_mass / MOLAR_MASS_AIR if unit.mole and part.molar_mass else 1.0)
        factors[row] = factors.get(row, 0.0) + part.share * mass
    return factors
