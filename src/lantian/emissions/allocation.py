"""Space 空间分配: an inventory's amounts into the cells of a grid, points apart, nothing lost.

Amounts of regions go by the sector's proxy, cells of a file's grid by the same proxy within each cell where the sheet
covers it and evenly where it does not, roads by their length. What falls outside the grid is counted, not forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from lantian.emissions.inventory import KINDS, Gridded, Inventory
from lantian.emissions.ledger import Entry, Ledger
from lantian.emissions.profiles import Profiles, load
from lantian.emissions.raster import NOWHERE, Lattice, along, points_of
from lantian.emissions.sectors import SECTORS, SPECIES
from lantian.emissions.sheet import Overlap, Sheet
from lantian.places.grid import EARTH_RADIUS, Field, Grid
from lantian.places.regrid import Regridder

_COVERED: Final = 0.9
"""A cell of a file's grid is divided by the proxy where regions cover this share of it, else evenly."""
_ROUNDING: Final = 1e-9
_PIECE: Final = 0.25
"""of a cell: roads are walked in steps of this length"""

Target = Grid | Lattice
"""A model's grid, or a coarser lattice of the sheet, for maps of longitude and latitude."""
Maps = dict[str, Field]
"""sector -> (species, y, x) t a year, species in the order of `SPECIES`"""


@dataclass(frozen=True, eq=False)
class Allocation:
    """An inventory on a grid.

    ``maps``: sector -> (species, y, x) t a year, species in the order of ``SPECIES``. ``points``: the rows of the
    inventory's points inside, with their cell ``j`` ``i``. ``ledger``: step ``inventory`` and ``space``.
    """

    grid: Target
    maps: Maps = field(repr=False)
    points: pl.DataFrame = field(repr=False)
    ledger: Ledger = field(repr=False)

    @property
    def totals(self) -> pl.DataFrame:
        """The ledger so far: before, after and elsewhere of each species, t a year."""
        return self.ledger.frame()

    def dataset(self) -> xr.Dataset:
        """``amount`` (sector, species, y, x), t a year in each cell, points put into theirs."""
        sectors = [code for code in SECTORS if code in self.maps or code in set(self.points["sector"])]
        amount = np.zeros((len(sectors), len(SPECIES), self.grid.ny, self.grid.nx))
        for at, code in enumerate(sectors):
            amount[at] += self.maps.get(code, 0.0)
        for row in self.points.select("sector", "species", "j", "i", "amount").iter_rows():
            code, species, j, i, value = row
            amount[sectors.index(code), list(SPECIES).index(species), j, i] += value
        if not isinstance(self.grid, Grid):
            raise TypeError("a dataset is made of a model's grid")
        base = self.grid.dataset()
        dims = ("sector", "species", "y", "x")
        attrs = {"units": "t a-1", "long_name": "annual emission of a cell", "grid_mapping": "crs"}
        return base.assign_coords(sector=sectors, species=list(SPECIES)).assign(amount=(dims, amount, attrs))


def allocate(
    inventory: Inventory, grid: Target, sheet: Sheet | None = None, profiles: Profiles | None = None
) -> Allocation:
    """Put an inventory on a grid, or on a coarser lattice of its sheet (`Lattice.coarser`).

    ``sheet``: regions and proxies, from `proxies.build`; only an inventory with amounts of regions needs it.

    Raises:
        ValueError: amounts of regions without a sheet, or a sector's proxy that the sheet does not have.
        ConservationError: a total changed by more than 1e-6, which would be a fault of this program.
    """
    profiles = profiles or load()
    if inventory.areas.height and sheet is None:
        raise ValueError("amounts of regions need a sheet of regions and proxies: proxies.build(outlines, ...)")
    tally = _Tally(grid)
    overlap = sheet.overlap(grid) if sheet is not None else None
    if sheet is not None and overlap is not None:
        _regions(inventory.areas, sheet, overlap, profiles, tally)
    for gridded in inventory.grids:
        _cells(gridded, sheet, overlap, profiles, tally)
    _roads(inventory.lines, tally)
    points = _points(inventory.points, tally)
    ledger = Ledger()
    _balance(inventory, points, tally, ledger)
    return Allocation(grid, tally.maps, points, ledger)


class _Tally:
    """What has been put into the grid, what lies outside it, and what has no outline."""

    def __init__(self, grid: Target) -> None:
        self.grid = grid
        self.maps: Maps = {}
        self.outside: dict[str, float] = defaultdict(float)
        self.undrawn: dict[str, float] = defaultdict(float)
        self.regions: set[str] = set()

    def add(self, sector: str, species: str, amount: Field, outside: float) -> None:
        """Amounts (cells,) of one sector and species, and how much of them fell outside."""
        grid = self.grid
        held = self.maps.setdefault(sector, np.zeros((len(SPECIES), grid.ny, grid.nx)))
        held[_AT[species]] += amount.reshape(grid.ny, grid.nx)
        self.outside[species] += outside

    def note(self, species: str) -> str:
        """Why not all of a species is inside."""
        said = []
        if self.outside[species]:
            said.append(f"{self.outside[species]:.4g} t 网格以外 outside the grid")
        if self.undrawn[species]:
            some = ", ".join(sorted(self.regions)[:5]) + (", ..." if len(self.regions) > 5 else "")
            said.append(f"{self.undrawn[species]:.4g} t 没有轮廓 in regions without an outline: {some}")
        return "; ".join(said)


_AT: Final = {code: number for number, code in enumerate(SPECIES)}


def _balance(inventory: Inventory, points: pl.DataFrame, tally: _Tally, ledger: Ledger) -> None:
    """The inventory's parts add up to its totals; what is inside and outside the grid together is all of it."""
    totals = [(species, amount) for species, amount in inventory.totals("species").iter_rows()]
    parts = inventory.totals("kind", "species")
    for species, total in totals:
        by_kind = parts.filter(pl.col.species == species)
        note = ", ".join(f"{KINDS[kind]} {amount:,.0f}" for kind, _, amount in by_kind.iter_rows())
        ledger.add(Entry("inventory", species, total, float(by_kind["amount"].sum()), 0.0, "t", note))
    inside = dict(points.group_by("species").agg(pl.col.amount.sum()).iter_rows())
    for species, total in totals:
        after = sum(float(amount[_AT[species]].sum()) for amount in tally.maps.values()) + inside.get(species, 0.0)
        elsewhere = tally.outside[species] + tally.undrawn[species]
        ledger.add(Entry("space", species, total, after, elsewhere, "t", tally.note(species)))


def _regions(areas: pl.DataFrame, sheet: Sheet, overlap: Overlap, profiles: Profiles, tally: _Tally) -> None:
    """Amounts of regions by the proxies of their sectors."""
    labels = {region: sheet.resolve(region) for region in areas["region"].unique().to_list()}
    for region, species, amount in areas.select("region", "species", "amount").iter_rows():
        if labels[region] is None:
            tally.regions.add(region)
            tally.undrawn[species] += amount
    drawn = {region: found for region, found in labels.items() if found is not None}
    regions = sorted(drawn)
    number = {region: at for at, region in enumerate(regions)}
    for proxy, sectors in _by_proxy(areas["sector"].unique().to_list(), profiles, sheet):
        share = _region_shares(proxy, [drawn[region] for region in regions], sheet, overlap)
        beyond = _beyond(share)
        some = areas.filter(pl.col.sector.is_in(sectors) & pl.col.region.is_in(regions))
        for (sector, species), rows in some.group_by("sector", "species"):
            amounts = np.zeros(len(regions))
            np.add.at(amounts, [number[region] for region in rows["region"]], rows["amount"].to_numpy())
            tally.add(str(sector), str(species), share @ amounts, float(beyond @ amounts))


def _beyond(share: sparse.csr_array) -> Field:
    """What of each region or cell of a file, 0 to 1, lies outside the grid; less than the rounding of areas is none."""
    left = 1 - np.asarray(share.sum(axis=0)).ravel()
    return np.where(np.abs(left) < _ROUNDING, 0.0, left)


def _by_proxy(sectors: Sequence[str], profiles: Profiles, sheet: Sheet) -> list[tuple[str, list[str]]]:
    """The proxies that the sectors ask for, each with its sectors."""
    found: dict[str, list[str]] = defaultdict(list)
    for sector in sectors:
        proxy = profiles.sectors[sector].proxy
        if proxy not in sheet.weights:
            raise ValueError(
                f"sector {sector}: proxy {proxy!r} is not on the sheet, which has {', '.join(sheet.weights)}"
            )
        found[proxy].append(sector)
    return list(found.items())


def _region_shares(proxy: str, members: Sequence[Sequence[int]], sheet: Sheet, overlap: Overlap) -> sparse.csr_array:
    """(cells, regions) the share of each region's amount that each cell has; by area where its proxy is nowhere."""
    sums = np.array([sheet.label_sums[proxy][list(labels)].sum() for labels in members])
    share = sparse.csr_array((overlap.shares.shape[0], len(members)))
    for name, used in ((proxy, sums > 0), ("area", sums <= 0)):
        if not used.any():
            continue
        weights = overlap.by_label(sheet.labels, sheet.weights[name], len(sheet.codes))
        chosen = [int(at) for at in np.flatnonzero(used)]
        rows = [label for at in chosen for label in members[at]]
        columns = [at for at in chosen for _ in members[at]]
        scale = np.array([1 / sheet.label_sums[name][list(members[at])].sum() for at in columns])
        share = share + weights @ sparse.csc_array((scale, (rows, columns)), shape=(len(sheet.codes), len(members)))
    return sparse.csr_array(share)


def _cells(gridded: Gridded, sheet: Sheet | None, overlap: Overlap | None, profiles: Profiles, tally: _Tally) -> None:
    """Amounts of a file's grid: by proxy within the cells that the sheet covers, evenly in all others."""
    evenly, area = _evenly(gridded, tally.grid)
    shares: dict[str, sparse.csr_array] = {}
    for (sector, species), amount in gridded.amounts.items():
        proxy = profiles.sectors[sector].proxy
        if proxy not in shares:
            shares[proxy] = evenly if sheet is None or overlap is None else (
                _cell_shares(gridded, proxy, sheet, overlap, evenly, area))  # fmt: skip
        share = shares[proxy]
        beyond = _beyond(share)
        tally.add(sector, species, share @ amount.ravel(), float(beyond @ amount.ravel()))


def _evenly(gridded: Gridded, target: Target) -> tuple[sparse.csr_array, Field]:
    """(cells, file's cells) the share of each cell of a file by area alone, and the file's (ny, nx) areas, m2."""
    if isinstance(target, Grid):
        even = Regridder.from_lonlat(gridded.lon_edges, gridded.lat_edges, target)
        return sparse.csr_array(even.overlap @ sparse.diags_array(1 / even.source_area.ravel())), even.source_area
    sides = []
    for mine, theirs in ((gridded.lat_edges, target.lat_edges), (gridded.lon_edges, target.lon_edges)):
        # area goes with the sine of latitude, which the sides of small cells follow closely enough
        shared = np.minimum(mine[None, 1:], theirs[1:, None]) - np.maximum(mine[None, :-1], theirs[:-1, None])
        sides.append(sparse.csr_array(np.clip(shared, 0, None) / np.diff(mine)))
    high, wide = np.diff(np.sin(np.radians(gridded.lat_edges))), np.diff(np.radians(gridded.lon_edges))
    return sparse.csr_array(sparse.kron(*sides)), np.asarray(EARTH_RADIUS**2 * np.outer(high, wide))


def _cell_shares(
    gridded: Gridded, proxy: str, sheet: Sheet, overlap: Overlap, evenly: sparse.csr_array, area: Field
) -> sparse.csr_array:
    """(cells, file's cells) the share of each cell of a file that each of ours has."""
    lattice = sheet.lattice
    i, j = (
        np.searchsorted(edges, at, side="right") - 1
        for edges, at in ((gridded.lon_edges, lattice.lon), (gridded.lat_edges, lattice.lat))
    )
    ny, nx = area.shape
    inside = np.outer((j >= 0) & (j < ny), (i >= 0) & (i < nx)) & (sheet.labels != NOWHERE)
    number = np.where(inside, (j[:, None] * nx + i[None, :]), NOWHERE).astype(np.int32)
    ground = np.broadcast_to(lattice.row_area[:, None], inside.shape)
    known = np.bincount(number[inside], ground[inside], minlength=area.size)
    weight = sheet.weights.get(proxy, sheet.weights["area"])
    sums = np.bincount(number[inside], weight[inside], minlength=area.size)
    divided = (known >= _COVERED * area.ravel()) & (sums > 0)
    scale = np.divide(1.0, sums, out=np.zeros(area.size), where=divided)
    by_proxy = overlap.by_label(number, weight, area.size) @ sparse.diags_array(scale)
    return sparse.csr_array(by_proxy + evenly @ sparse.diags_array((~divided).astype(float)))


def _roads(lines: pl.DataFrame, tally: _Tally) -> None:
    """Amounts of roads and railways by their length in each cell."""
    grid = tally.grid
    for path, rows in lines.group_by("path", maintain_order=True):
        lon, lat, share = along(points_of(str(path[0])), _PIECE * grid.spacing)
        cell = _cell(grid, lon, lat)
        placed = np.bincount(cell[cell >= 0], share[cell >= 0], minlength=grid.ny * grid.nx)
        beyond = float(share[cell < 0].sum())
        for sector, species, amount in rows.select("sector", "species", "amount").iter_rows():
            tally.add(sector, species, placed * amount, beyond * amount)


def _points(points: pl.DataFrame, tally: _Tally) -> pl.DataFrame:
    """The points inside with their cell."""
    grid = tally.grid
    cell = _cell(grid, points["lon"].to_numpy(), points["lat"].to_numpy()) if points.height else np.empty(0, np.intp)
    placed = points.with_columns(
        j=pl.Series(cell // grid.nx, dtype=pl.Int64), i=pl.Series(cell % grid.nx, dtype=pl.Int64)
    )
    inside = pl.Series(cell >= 0, dtype=pl.Boolean)
    for species, amount in placed.filter(~inside).select("species", "amount").iter_rows():
        tally.outside[species] += amount
    return placed.filter(inside)


def _cell(grid: Target, lon: Field, lat: Field) -> NDArray[np.intp]:
    """The number of the cell that holds each point, -1 outside."""
    if isinstance(grid, Grid):
        x, y = grid.projection.forward(lon, lat)
        across, up = (x - grid.x0) / grid.spacing, (y - grid.y0) / grid.spacing
    else:
        across, up = (lon - grid.west) / grid.step, (lat - grid.south) / grid.step
    i, j = np.floor(across).astype(np.intp), np.floor(up).astype(np.intp)
    inside = (i >= 0) & (i < grid.nx) & (j >= 0) & (j < grid.ny)
    return np.where(inside, j * grid.nx + i, -1)
