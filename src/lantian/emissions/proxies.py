"""Proxies 空间代用: where within a region the emissions of a sector lie.

They stand on the lattice of a `Sheet`. Proxies are built from what every
city has - outlines of its counties, terrain, the list of stations - or given as NetCDF; own ones take the place of the
built ones of the same name. What is built is a likeness 示意, not a census.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]

from lantian.emissions.raster import NOWHERE, Labels, Lattice, along, rasterise
from lantian.emissions.sheet import Sheet
from lantian.places import netcdf
from lantian.places.geo import Box
from lantian.places.grid import EARTH_RADIUS, Field
from lantian.places.outlines import Outline
from lantian.places.regrid import Sheet as Heights

__all__ = ["PROXIES", "STEP", "Sheet", "build"]

STEP: Final = 1 / 120
"""Degrees; about 1 km, as fine as the terrain."""
PROXIES: Final = {
    "area": ("面积", "area"),
    "population": ("人口", "population"),
    "urban": ("城区", "built-up land"),
    "rural": ("村镇", "villages"),
    "cropland": ("农田", "cropland"),
    "road": ("道路", "roads"),
    "industry": ("工业用地", "industrial land"),
}
"""Name -> Chinese and English."""

# The numbers behind the built proxies are judgement.
_PEOPLE: Final = 550_000.0  # of a county; those of the North China Plain have 200 000 to 1 000 000
_PER_STATION: Final = 0.6  # stations stand where people are: each adds this share of a county's people
_SPREAD: Final = 6_000.0  # m, how far around a station its people live
_SLOPE: Final = 3.0  # degrees; ground as steep holds 1/e of the people of level ground
_RISE: Final = 250.0  # m above the low ground of the county, likewise
_VILLAGE: Final = 800.0  # people a km2; villages are no denser
_TOWN: Final = 1500.0  # people a km2, above which land is built up
_REACH: Final = 40_000.0  # m; neighbouring county towns nearer than twice this are joined by a road


def build(
    counties: Sequence[Outline],
    heights: Heights | None = None,
    stations: Sequence[tuple[float, float]] = (),
    *,
    roads: Sequence[tuple[Field, float]] = (),
    own: Path | None = None,
    step: float = STEP,
) -> Sheet:
    """A sheet of the finest regions there are (counties 区县; cities do).

    ``heights``: the terrain, such as `lantian.places.terrain.Terrain`; beyond it the ground is taken to be level.
    ``stations``: lon, lat. ``roads``: paths (n, 2) of degrees, each with a weight, such as its traffic; without them
    roads join neighbouring towns. ``own``: a NetCDF file whose variables over latitude and longitude, amounts in a
    cell, are proxies by name.

    Raises:
        ValueError: no outlines, or a file of proxies that cannot be used; the message says why.
    """
    if not counties:
        raise ValueError("no outlines: proxies stand on the regions that they divide")
    boxes = [outline.box for outline in counties]
    box = Box.around([(b.west, b.south) for b in boxes] + [(b.east, b.north) for b in boxes])
    lattice = Lattice.around(box, step)
    labels = rasterise(lattice, counties)
    area = np.broadcast_to(lattice.row_area[:, None], labels.shape)
    notes: list[str] = []
    habitable = _habitable(lattice, labels, heights, notes)
    people = _people(lattice, labels, habitable, stations)
    weights = _land(lattice, labels, np.asarray(area), habitable, people, counties, roads)
    if own is not None:
        weights = {**weights, **_given(own, lattice)}
    for name, weight in weights.items():
        weights[name] = np.where(labels == NOWHERE, 0.0, weight).astype(np.float32)
    return Sheet(lattice, tuple(outline.code for outline in counties), labels, weights, tuple(notes))


def _habitable(lattice: Lattice, labels: Labels, heights: Heights | None, notes: list[str]) -> Field:
    """(ny, nx) 0..1 how fit the ground is to live on: level and low; 0 at sea."""
    if heights is None:
        notes.append("没有地形，全部按平地 no terrain: all ground counts as level")
        return np.ones(labels.shape)
    lon, lat = np.asarray(heights.lon), np.asarray(heights.lat)
    i, j = (
        np.rint(np.interp(at, axis, np.arange(axis.size))).astype(int)
        for at, axis in ((lattice.lon, lon), (lattice.lat, lat))
    )
    covered = np.outer((lattice.lat >= lat[0] - lattice.step) & (lattice.lat <= lat[-1] + lattice.step),
                       (lattice.lon >= lon[0] - lattice.step) & (lattice.lon <= lon[-1] + lattice.step))  # fmt: skip
    ground = heights.height[np.ix_(j, i)]
    sea = np.isnan(ground)
    ground = np.where(sea, 0.0, ground)
    metres = EARTH_RADIUS * np.radians(lattice.step)
    north, east = np.gradient(ground, metres)
    slope = np.degrees(np.arctan(np.hypot(north, east / np.cos(np.radians(lattice.lat))[:, None])))
    inside = labels != NOWHERE
    lowest = _low_ground(ground, labels, inside & covered)
    rise = np.where(inside, np.maximum(ground - lowest[labels], 0), 0.0)
    fit = np.exp(-slope / _SLOPE - rise / _RISE)
    beyond = int(np.count_nonzero(inside & ~covered))
    if beyond:
        part = f"{beyond / np.count_nonzero(inside):.0%}"
        notes.append(f"{part} 的区域没有地形，按平地 {part} of the regions lie beyond the terrain: level ground there")
    return np.where(covered, np.where(sea, 0.0, fit), 1.0)


def _low_ground(ground: Field, labels: Labels, there: np.ndarray) -> Field:
    """By label the height below which a tenth of it lies; one more entry for `NOWHERE`."""
    order = np.lexsort((ground[there], labels[there]))
    numbers, values = labels[there][order], ground[there][order]
    present, first, count = np.unique(numbers, return_index=True, return_counts=True)
    lowest = np.zeros(labels.max() + 2)
    lowest[present] = values[first + count // 10]
    return lowest


def _people(lattice: Lattice, labels: Labels, habitable: Field, stations: Sequence[tuple[float, float]]) -> Field:
    """(ny, nx) people in each cell: as many in every county, more around stations, on habitable ground."""
    inside = labels != NOWHERE
    spread = _around(lattice, stations)
    weight = habitable * (1 + 4 * spread / spread.max() if spread.max() > 0 else 1.0)
    sums = np.bincount(labels[inside], weight[inside], minlength=labels.max() + 1)
    numbers = np.bincount(_labels_at(lattice, labels, stations), minlength=labels.max() + 1)
    people = _PEOPLE * (1 + _PER_STATION * numbers)
    share = np.divide(people, sums, out=np.zeros_like(sums), where=sums > 0)
    return np.where(inside, weight * share[labels], 0.0)


def _around(lattice: Lattice, places: Sequence[tuple[float, float]]) -> Field:
    """(ny, nx) how many places are near: each spread over `_SPREAD`."""
    found = np.zeros((lattice.ny, lattice.nx))
    for j, i in _cells(lattice, places):
        found[j, i] += 1
    metres = EARTH_RADIUS * np.radians(lattice.step)
    narrower = np.cos(np.radians(lattice.lat.mean()))
    return np.asarray(ndimage.gaussian_filter(found, (_SPREAD / metres, _SPREAD / metres / narrower), truncate=3))


def _cells(lattice: Lattice, places: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    at = [
        (int((lat - lattice.south) // lattice.step), int((lon - lattice.west) // lattice.step)) for lon, lat in places
    ]
    return [(j, i) for j, i in at if 0 <= j < lattice.ny and 0 <= i < lattice.nx]


def _labels_at(lattice: Lattice, labels: Labels, places: Sequence[tuple[float, float]]) -> np.ndarray:
    found = np.array([labels[j, i] for j, i in _cells(lattice, places)], dtype=np.intp)
    return np.asarray(found[found != NOWHERE])


def _land(
    lattice: Lattice,
    labels: Labels,
    area: Field,
    habitable: Field,
    people: Field,
    counties: Sequence[Outline],
    roads: Sequence[tuple[Field, float]],
) -> dict[str, Field]:
    """The built proxies, weights of cells."""
    density = people / (area / 1e6)
    built = density / (density + _TOWN)
    paths = roads or [(path, 1.0) for path in _between_towns(counties)]
    drawn = np.zeros(labels.shape)
    for path, weight in paths:
        lon, lat, share = along(path, EARTH_RADIUS * np.radians(lattice.step) / 4)
        length = weight * share * _length(path)
        i, j = ((at - low) // lattice.step for at, low in ((lon, lattice.west), (lat, lattice.south)))
        there = (i >= 0) & (i < lattice.nx) & (j >= 0) & (j < lattice.ny)
        np.add.at(drawn, (j[there].astype(int), i[there].astype(int)), length[there])
    inside = labels != NOWHERE
    # streets carry two parts of three of the traffic, roads between towns one; where roads are given they carry all
    streets = 0.0 if roads else 2 * np.sum(drawn[inside]) / np.sum((people * built)[inside])
    return {
        "area": area.copy(),
        "population": people,
        "urban": people * built,
        "rural": np.minimum(density, _VILLAGE) * area,
        "cropland": habitable * (1 - built) * area,
        "road": drawn + streets * people * built,
        "industry": np.sqrt(np.minimum(density, 4 * _VILLAGE)) * habitable * area,
    }


def _between_towns(counties: Sequence[Outline]) -> list[Field]:
    """Straight roads between the middles of neighbouring regions: the Gabriel graph of them."""
    towns = np.array([[(o.box.west + o.box.east) / 2, (o.box.south + o.box.north) / 2] for o in counties])
    flat = towns * (np.cos(np.radians(towns[:, 1].mean())), 1.0) * np.radians(EARTH_RADIUS)
    apart = ((flat[:, None] - flat[None, :]) ** 2).sum(axis=-1)
    pairs = np.argwhere(np.triu(apart < (2 * _REACH) ** 2, 1))
    # no third town within the circle over the road
    return [towns[[a, b]] for a, b in pairs if not np.any(np.delete(apart[a] + apart[b], [a, b]) < apart[a, b])]


def _length(path: Field) -> float:
    lon, lat = np.radians(path).T
    east = np.diff(lon) * np.cos((lat[1:] + lat[:-1]) / 2)
    return float(EARTH_RADIUS * np.hypot(east, np.diff(lat)).sum())


def _given(path: Path, lattice: Lattice) -> dict[str, Field]:
    """The proxies of a file, on the lattice: each cell of the file is shared out by area among the cells inside it."""
    found: dict[str, Field] = {}
    with netcdf.opened(path) as data:
        lon = next((n for n in ("lon", "longitude", "x") if n in data.coords), None)
        lat = next((n for n in ("lat", "latitude", "y") if n in data.coords), None)
        fields = {str(n): v for n, v in data.data_vars.items() if set(v.dims) == {lon, lat}}
        if lon is None or lat is None or not fields:
            raise ValueError(
                f"{path}: expected fields over lat and lon, named {', '.join(PROXIES)} or as a profile asks"
            )
        for name, values in fields.items():
            values = values.transpose(lat, lon).sortby([lat, lon])
            weight = np.nan_to_num(values.to_numpy().astype(np.float64))
            if weight.min() < 0:
                raise ValueError(f"{path}: {name} has weights below 0")
            at = [
                _nearest(values[axis].to_numpy().astype(np.float64), to)
                for axis, to in ((lat, lattice.lat), (lon, lattice.lon))
            ]
            (j, j_in, j_size), (i, i_in, i_size) = at
            spread = weight[np.ix_(j, i)] * np.outer(j_in * lattice.step / j_size, i_in * lattice.step / i_size)
            found[name] = spread
    return found


def _nearest(axis: Field, to: Field) -> tuple[np.ndarray, np.ndarray, float]:
    """For each of ``to`` the cell of ``axis`` that holds it, whether one does, and the size of the cells."""
    if axis.size < 2:
        raise ValueError("a proxy needs two or more cells along each side")
    size = float(np.median(np.diff(axis)))
    at = np.rint((to - axis[0]) / size).astype(int)
    return np.clip(at, 0, axis.size - 1), (at >= 0) & (at < axis.size), size
