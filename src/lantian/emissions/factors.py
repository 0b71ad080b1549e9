"""Factors on emissions, as assimilation finds them and scenarios set them: by sector, by area, by species."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lantian.emissions.sectors import SECTORS, lineage
from lantian.emissions.sheet import Sheet
from lantian.places.grid import Grid


@dataclass(frozen=True, eq=False)
class Factors:
    """``values`` over any of the dimensions ``sector``, ``area``, ``species``, with coordinates that name them.

    A sector takes the factor of the nearest node above it that is named, else one. ``areas`` (y, x): the position of
    each cell's area along ``area``, -1 where the factor is one; see `areas_of`.

    Raises:
        ValueError: a dimension or sector that is unknown, a factor below 0 or missing, areas beyond those named.
    """

    values: xr.DataArray
    areas: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        strange = [
            str(d) for d in self.values.dims if d not in ("sector", "area", "species") or d not in self.values.coords
        ]
        if strange:
            raise ValueError(f"factors over {', '.join(strange)}: expected named sector, area, species")
        if not np.all(np.isfinite(self.values.values)) or np.any(self.values.values < 0):
            raise ValueError("factors: expected numbers of 0 or more, none missing")
        if "sector" in self.values.dims and (
            unknown := {str(s) for s in self.values["sector"].values} - SECTORS.keys()
        ):
            raise ValueError(f"factors of unknown sectors {', '.join(sorted(unknown))}")
        if ("area" in self.values.dims) != (self.areas is not None):
            raise ValueError("factors by area need the area of each cell, and only they")
        if self.areas is not None and self.areas.max() >= self.values.sizes["area"]:
            raise ValueError(f"areas up to {self.areas.max()}, but {self.values.sizes['area']} are named")

    def table(self, sector: str, names: Sequence[str]) -> NDArray[np.float32]:
        """(species, area + 1) the factors of one sector; the last column, one, is that of cells in no area."""
        chosen = self.values
        if "sector" in chosen.dims:
            named = [str(s) for s in chosen["sector"].values]
            above = next((code for code in lineage(sector) if code in named), None)
            chosen = chosen.isel(sector=named.index(above)) if above else xr.ones_like(chosen.isel(sector=0))
        if "species" in chosen.dims:
            given = [str(s) for s in chosen["species"].values]
            rows = [
                chosen.isel(species=given.index(n)) if n in given else xr.ones_like(chosen.isel(species=0))
                for n in names
            ]
        else:
            rows = [chosen] * len(names)
        held = np.stack([np.atleast_1d(row.values) for row in rows])
        return np.concatenate([held, np.ones((len(names), 1))], axis=1).astype(np.float32)

    def on_cells(self, sector: str, names: Sequence[str]) -> NDArray[np.float32]:
        """(species, y, x), or (species, 1, 1) where there are no areas."""
        table = self.table(sector, names)
        return table[:, :1, None] if self.areas is None else table[:, self.areas]

    def at(self, sector: str, j: int, i: int, names: Sequence[str]) -> NDArray[np.float32]:
        """(species,) in one cell."""
        table = self.table(sector, names)
        return table[:, 0] if self.areas is None else table[:, self.areas[j, i]]


def areas_of(grid: Grid, sheet: Sheet, regions: Sequence[str]) -> NDArray[np.intp]:
    """(y, x) the position in ``regions`` of the one that has most of each cell, -1 where none has any.

    Raises:
        ValueError: a region that is not drawn on the sheet.
    """
    overlap = sheet.overlap(grid)
    ground = overlap.by_label(sheet.labels, sheet.weights["area"], len(sheet.codes))
    shares = []
    for region in regions:
        if region not in sheet.members:
            raise ValueError(f"region {region}: not drawn on the sheet")
        shares.append(np.asarray(ground[:, list(sheet.members[region])].sum(axis=1)).ravel())
    held = np.stack(shares)
    return np.where(held.max(axis=0) > 0, held.argmax(axis=0), -1).reshape(grid.ny, grid.nx)
