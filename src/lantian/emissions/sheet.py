"""Regions and proxies on one fine lattice of longitude and latitude, and how they lie in the cells of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from lantian.emissions.raster import NOWHERE, Labels, Lattice
from lantian.places.grid import EARTH_RADIUS, Field, Grid
from lantian.places.regions import ancestors_of
from lantian.places.regrid import Regridder

_COARSER: Final = 3.0  # cells of the sheet along one of the target's, above which the sheet is first made coarser


@dataclass(frozen=True, eq=False)
class Sheet:
    """Regions and proxies on a lattice.

    ``codes`` of the regions by label; ``labels`` (ny, nx), `raster.NOWHERE` outside all; ``weights``: proxy -> (ny, nx)
    weight of a cell, 0 or more, any scale. ``notes``: what was lacking when it was built.
    """

    lattice: Lattice
    codes: tuple[str, ...]
    labels: Labels = field(repr=False)
    weights: Mapping[str, Field] = field(repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def members(self) -> Mapping[str, tuple[int, ...]]:
        """Region code -> the labels inside; of the regions drawn and of all above them."""
        found: dict[str, list[int]] = {}
        for label, code in enumerate(self.codes):
            # a county of a municipality has the city above it, any other its city and its province
            for above in (code, *ancestors_of(code)):
                found.setdefault(above, []).append(label)
        return {code: tuple(labels) for code, labels in found.items()}

    def resolve(self, region: str) -> tuple[int, ...] | None:
        """The labels that make up a region; those of the region above where it is not drawn itself; None for none."""
        try:
            above = ancestors_of(region)
        except ValueError:
            return None
        return next((self.members[code] for code in (region, *above) if code in self.members), None)

    def _blocks(self, target: Lattice) -> Overlap:
        ratio = round(target.step / self.lattice.step)
        if target != self.lattice.coarser(ratio):
            raise ValueError("expected a lattice made by Lattice.coarser of the sheet's own")
        j, i = np.arange(self.lattice.ny) // ratio, np.arange(self.lattice.nx) // ratio
        cell = j[:, None] * target.nx + i[None, :]
        everywhere = slice(0, self.lattice.ny), slice(0, self.lattice.nx)
        return Overlap(*everywhere, cell, sparse.csr_array(sparse.eye_array(target.ny * target.nx)))

    def save(self, path: Path) -> None:
        """Write the sheet, beside and renamed; building it takes seconds."""
        part = path.with_name(f".part-{path.name}")
        at = self.lattice
        held: dict[str, Any] = {
            "lattice": np.array([at.west, at.south, at.step, at.ny, at.nx]),
            "codes": np.array(self.codes),
            "labels": self.labels,
            "notes": np.array(self.notes),
            **{f"weight_{name}": weight for name, weight in self.weights.items()},
        }
        with part.open("wb") as file:
            np.savez(file, **held)
        part.rename(path)

    @classmethod
    def load(cls, path: Path) -> Sheet:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is none of these files.
        """
        with np.load(path) as held:
            if "lattice" not in held:
                raise ValueError(f"{path}: not a sheet of regions and proxies")
            west, south, step, ny, nx = held["lattice"].tolist()
            weights = {name.removeprefix("weight_"): held[name] for name in held.files if name.startswith("weight_")}
            codes, notes = (tuple(map(str, held[name])) for name in ("codes", "notes"))
            return cls(Lattice(west, south, step, int(ny), int(nx)), codes, held["labels"], weights, notes)

    @cached_property
    def label_sums(self) -> Mapping[str, Field]:
        """Proxy -> (label,) the sum of its weights."""
        inside = self.labels != NOWHERE
        numbers = self.labels[inside]
        held = {name: weight[inside] for name, weight in self.weights.items()}
        return {
            name: np.asarray(np.bincount(numbers, weight, minlength=len(self.codes)), np.float64)
            for name, weight in held.items()
        }

    def overlap(self, target: Grid | Lattice) -> Overlap:
        """How the cells lie in those of a grid, or of a coarser lattice that `Lattice.coarser` made of the sheet's."""
        if isinstance(target, Lattice):
            return self._blocks(target)
        coarse = max(1, int(target.spacing / (EARTH_RADIUS * np.radians(self.lattice.step)) / _COARSER))
        window = _window(self.lattice, target, coarse)
        if window is None:
            empty = sparse.csr_array((target.ny * target.nx, 0))
            return Overlap(slice(0, 0), slice(0, 0), np.zeros((0, 0), np.intp), empty)
        rows, columns = window
        lon, lat = self.lattice.lon_edges, self.lattice.lat_edges
        lon_at = _every(columns, coarse)
        lat_at = _every(rows, coarse)
        regridder = Regridder.from_lonlat(lon[lon_at], lat[lat_at], target)
        shares = regridder.overlap @ sparse.diags_array(1 / regridder.source_area.ravel())
        j, i = np.arange(rows.stop - rows.start) // coarse, np.arange(columns.stop - columns.start) // coarse
        cell = j[:, None] * (len(lon_at) - 1) + i[None, :]
        return Overlap(rows, columns, cell, sparse.csr_array(shares))


@dataclass(frozen=True, eq=False)
class Overlap:
    """``shares`` (target cells, coarse cells): the share of each that lies in the target's; ``cell``: which coarse cell
    each cell of the window ``rows`` x ``columns`` belongs to.
    """

    rows: slice
    columns: slice
    cell: np.ndarray
    shares: sparse.csr_array

    def by_label(self, labels: Labels, weight: Field, count: int) -> sparse.csc_array:
        """(target cells, labels) the weight of each label that lies in each cell of the target."""
        there = labels[self.rows, self.columns]
        inside = there != NOWHERE
        values = weight[self.rows, self.columns][inside]
        shape = self.shares.shape[1], count
        return sparse.csc_array(
            self.shares @ sparse.csc_array((values, (self.cell[inside], there[inside])), shape=shape)
        )


def _every(window: slice, step: int) -> np.ndarray:
    """The edges of coarse cells over a window, the last one maybe smaller."""
    return np.append(np.arange(window.start, window.stop, step), window.stop)


def _window(lattice: Lattice, target: Grid, coarse: int) -> tuple[slice, slice] | None:
    """The rows and columns that reach the target, with a margin."""
    lon, lat = target.lon, target.lat
    margin = lattice.step * (coarse + 1) + 2 * np.degrees(target.spacing / EARTH_RADIUS) / np.cos(np.radians(lat.max()))
    i = np.floor((np.array([lon.min() - margin, lon.max() + margin]) - lattice.west) / lattice.step).astype(int)
    j = np.floor((np.array([lat.min() - margin, lat.max() + margin]) - lattice.south) / lattice.step).astype(int)
    i, j = np.clip(i, 0, lattice.nx), np.clip(j, 0, lattice.ny)
    return (slice(j[0], j[1]), slice(i[0], i[1])) if i[0] < i[1] and j[0] < j[1] else None
