"""What the page of the emission inventory shows: shares of sectors, the map's picture, the ledger."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.emissions import installed
from lantian.emissions.inventory import Inventory
from lantian.emissions.sectors import SECTORS, SPECIES, branch
from lantian.kernel.bootstrap import Platform

SLICES: Final = 5
"""A pie has no more than so many slices and the rest."""
_WIDE: Final = 320
"""Cells of the map along its longer side, at most."""
_CLASSES: Final = 7
LAID: Final = 0.65
"""With this opacity map.js lays a raster on the paper; the legend shows the same."""
_INK: Final = {"light": (27, 94, 158), "dark": (125, 184, 245)}
"""The accent of each look; strength, not hue, means amount."""


@dataclass(frozen=True)
class Share:
    """One sector's part of a species: t a year, 0 to 1; of another version ``before``, None where none is compared."""

    code: str
    amount: float
    share: float
    before: float | None = None

    def name(self, language: str) -> str:
        """The sector's name; `rest` is for the template to say."""
        sector = SECTORS[self.code]
        return sector.zh if language == "zh" else sector.en


@dataclass(frozen=True)
class Slice:
    """A slice of a pie as an SVG path; ``strength`` 0 to 1 of its fill."""

    code: str
    share: float
    path: str
    strength: float


@dataclass(frozen=True)
class Map:
    """An inventory's amounts on longitude and latitude: t a year and km2, rows from north to south as Web Mercator."""

    rate: NDArray[np.float32]
    bbox: tuple[float, float, float, float]
    bounds: tuple[float, ...]
    """Lower bounds of the classes, rising"""


def shares(inventory: Inventory, species: str, against: Inventory | None = None) -> list[Share]:
    """The sectors that emit a species, the largest first, beside another version if one is given."""
    found = dict(inventory.totals("species", "sector").filter(species=species).select("sector", "amount").iter_rows())
    before: dict[str, float] = {}
    if against is not None:
        rows = against.totals("species", "sector").filter(species=species).select("sector", "amount")
        before = dict(rows.iter_rows())
    total = sum(found.values())
    made = [
        Share(code, found.get(code, 0.0), found.get(code, 0.0) / total if total else 0.0,
              before.get(code, 0.0) if against is not None else None)
        for code in SECTORS
        if found.get(code) or before.get(code)
    ]  # fmt: skip
    return sorted(made, key=lambda one: -one.amount)


def pie(parts: Sequence[Share]) -> list[Slice]:
    """The largest sectors and the rest (code ``rest``) around a circle of radius 50 at 50, 50, from the top."""
    largest = [(one.code, one.share) for one in parts[:SLICES] if one.share > 0]
    left = sum(one.share for one in parts[SLICES:])
    entries = [*largest, *([("rest", left)] if left > 0 else [])]
    made, begin = [], 0.0
    for number, (code, share) in enumerate(entries):
        end = begin + share
        made.append(Slice(code, share, _sector(begin, end), 0.12 if code == "rest" else 1.0 - 0.17 * number))
        begin = end
    return made


def _sector(begin: float, end: float) -> str:
    (x1, y1), (x2, y2) = (
        (50 + 48 * math.sin(2 * math.pi * at), 50 - 48 * math.cos(2 * math.pi * at)) for at in (begin, end)
    )
    if end - begin > 0.9999:
        return "M50 2A48 48 0 1 1 49.99 2Z"
    return f"M50 50L{x1:.2f} {y1:.2f}A48 48 0 {int(end - begin > 0.5)} 1 {x2:.2f} {y2:.2f}Z"


def enterprises(inventory: Inventory, species: str, most: int = 10) -> pl.DataFrame:
    """The enterprises that emit most of a species: ``enterprise name region sector amount``."""
    points = inventory.points.filter(species=species)
    grouped = points.group_by("enterprise", "name", "region", "sector").agg(pl.col.amount.sum())
    return grouped.sort("amount", "enterprise", descending=[True, False]).head(most)


def only(inventory: Inventory, sector: str) -> Inventory:
    """The same inventory with one sector and those below it."""
    kept = branch([sector])
    grids = tuple(
        replace(grid, amounts={key: amount for key, amount in grid.amounts.items() if key[0] in kept})
        for grid in inventory.grids
    )
    inside = pl.col.sector.is_in(kept)
    frames = {name: getattr(inventory, name).filter(inside) for name in ("areas", "points", "lines", "months")}
    return replace(inventory, grids=grids, **frames)


def drawn(platform: Platform, inventory: Inventory, species: str, sector: str | None) -> Map | None:
    """The map of a species; None where no regions are loaded."""
    from lantian.emissions.allocation import allocate  # brings xarray and scipy, which no other page needs

    sheet = installed.sheet(platform.home)
    if sheet is None:
        return None
    lattice = sheet.lattice.coarser(math.ceil(max(sheet.lattice.nx, sheet.lattice.ny) / _WIDE))
    chosen = only(inventory, sector) if sector else inventory
    chosen = _of_species(chosen, species)
    found = allocate(chosen, lattice, sheet)
    at = list(SPECIES).index(species)
    amount = np.sum([held[at] for held in found.maps.values()], axis=0) + np.zeros((lattice.ny, lattice.nx))
    np.add.at(amount, (found.points["j"].to_numpy(), found.points["i"].to_numpy()), found.points["amount"].to_numpy())
    rate = amount / (lattice.row_area[:, None] / 1e6)
    lon, lat = lattice.lon_edges, lattice.lat_edges
    box = (float(lon[0]), float(lat[0]), float(lon[-1]), float(lat[-1]))
    return Map(_mercator(rate, lattice.lat_edges).astype(np.float32), box, classes(rate))


def _of_species(inventory: Inventory, species: str) -> Inventory:
    grids = tuple(
        replace(grid, amounts={key: amount for key, amount in grid.amounts.items() if key[1] == species})
        for grid in inventory.grids
    )
    frames = {name: getattr(inventory, name).filter(species=species) for name in ("areas", "points", "lines")}
    return replace(inventory, grids=grids, **frames)


def classes(rate: NDArray[Any]) -> tuple[float, ...]:
    """Lower bounds of the map's classes, 1 2 5 10 20 ..., so that about one cell in two hundred lies in the top one."""
    some = rate[rate > 0]
    if not some.size:
        return ()
    top = float(np.quantile(some, 0.995))
    power = math.floor(math.log10(top))
    ladder = [float(f"{step}e{at}") for at in range(power - 3, power + 1) for step in (1, 2, 5)]
    return tuple(bound for bound in ladder if bound <= top)[-_CLASSES:]


def _mercator(rate: NDArray[Any], lat_edges: NDArray[np.float64]) -> NDArray[Any]:
    """Rows from north to south, evenly spaced in Web Mercator."""
    ends = np.log(np.tan(np.pi / 4 + np.radians(lat_edges[[-1, 0]]) / 2))
    rows = len(rate)
    y = ends[0] + (np.arange(rows) + 0.5) / rows * (ends[1] - ends[0])
    lat = np.degrees(2 * np.arctan(np.exp(y)) - np.pi / 2)
    step = (lat_edges[-1] - lat_edges[0]) / rows
    at = np.clip(((lat - lat_edges[0]) / step).astype(int), 0, rows - 1)
    return np.asarray(rate[at])


def strength(number: int) -> float:
    """The opacity of a class of the map, 0 the lowest."""
    return (0.12, 0.24, 0.37, 0.51, 0.66, 0.82, 1.0)[number]


def picture(made: Map, look: str) -> bytes:
    """The map as a PNG with transparency: one accent, the stronger the more."""
    from PIL import Image

    number = np.searchsorted(np.array(made.bounds), made.rate, side="right") - 1
    opacity = np.array([0, *(round(255 * strength(k)) for k in range(len(made.bounds)))], np.uint8)
    pixels = np.zeros((*made.rate.shape, 4), np.uint8)
    pixels[..., :3] = _INK[look]
    pixels[..., 3] = opacity[number + 1]
    # four pixels a cell: the browser would blur the edges of larger ones
    pixels = pixels.repeat(3, axis=0).repeat(3, axis=1)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    return out.getvalue()


def ledger(platform: Platform, inventory: Inventory, hour: np.datetime64) -> pl.DataFrame | None:
    """The totals of each step from the inventory to the hours, on cells of 27 km over all regions; None without
    regions. Columns as of `lantian.emissions.ledger.Ledger.frame`.
    """
    from lantian.emissions.hours import prepare
    from lantian.places.grid import Domain, Levels, nests

    sheet = installed.sheet(platform.home)
    if sheet is None:
        return None
    at = sheet.lattice
    spacing = 27_000.0
    high = math.ceil(at.ny * at.spacing / spacing) + 4
    wide = math.ceil(at.nx * at.spacing * math.cos(math.radians(float(at.lat[0]))) / spacing) + 4
    grid = nests(float(at.lon.mean()), float(at.lat.mean()), (spacing,), ((high, wide),))[0]
    domain = Domain(grid, Levels(), np.zeros((grid.ny, grid.nx)))
    prepared = prepare(inventory, domain, [hour], sheet=sheet, species=_ALL)
    prepared.expected()  # lays out the year
    return prepared.ledger.frame()


_ALL: Final = ("NO", "NO2", "SO2", "CO", "ROC", "TNH4", "PPM25", "SO4", "BC", "DUST", "PMC")
