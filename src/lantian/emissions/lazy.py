"""Arrays that compute the hour that is read: emissions of one choice of sectors and factors, lazily."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from lantian.emissions.factors import Factors

if TYPE_CHECKING:
    from lantian.emissions.hours import Prepared

Rates = NDArray[np.float32]

_TO_KG_S: Final = 1000 / 3600
"""t in an hour to kg s-1"""


class Hours:
    """The hours of one choice of sectors and factors; keeps the last one computed."""

    def __init__(self, prepared: Prepared, kept: set[str], factors: Factors | None) -> None:
        self.prepared, self.kept, self.factors = prepared, kept, factors
        self.lock = threading.Lock()
        self.last: tuple[int, Rates] | None = None

    def hour(self, at: int) -> Rates:
        """(layer, species, y, x) kg s-1 in hour ``at``."""
        with self.lock:
            if self.last is None or self.last[0] != at:
                self.last = at, self._compute(at)
            return self.last[1]

    @cached_property
    def _areas(self) -> list[tuple[list[int], Rates, Rates]]:
        """For each class of heights: its sectors' numbers, (sector, species * y * x) t a year, and layer shares."""
        prepared, found = self.prepared, []
        for sectors, shares in prepared.classes:
            used = [sector for sector in sectors if sector in self.kept]
            if not used:
                continue
            maps = [prepared.maps[sector] for sector in used]
            if self.factors is not None:
                pairs = zip(maps, used, strict=True)
                maps = [held * self.factors.on_cells(sector, prepared.names) for held, sector in pairs]
            stacked = np.stack([held.ravel() for held in maps])
            found.append(([prepared.sectors.index(sector) for sector in used], stacked, shares))
        return found

    @cached_property
    def _points(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Rates]:
        """Of the chimneys: number of their sector, their cell, (chimney, species) t a year."""
        prepared, grid = self.prepared, self.prepared.domain.grid
        points = prepared.points
        number = np.array([prepared.sectors.index(sector) for sector in points["sector"]], dtype=np.intp)
        j, i = points["j"].to_numpy(), points["i"].to_numpy()
        kept = np.array([sector in self.kept for sector in points["sector"]], np.float32)
        amounts = prepared.amounts * kept[:, None]
        if self.factors is not None and len(j):
            rows = zip(points["sector"], j, i, strict=True)
            amounts = amounts * np.stack([self.factors.at(sector, jj, ii, prepared.names) for sector, jj, ii in rows])
        return number, np.asarray(j * grid.nx + i, np.intp), amounts.astype(np.float32)

    def _compute(self, at: int) -> Rates:
        prepared = self.prepared
        grid, names = prepared.domain.grid, prepared.names
        weight = prepared.shares[at] * _TO_KG_S
        found = np.zeros((prepared.layers, len(names), grid.ny, grid.nx), np.float32)
        for numbers, maps, shares in self._areas:
            flux = (weight[numbers].astype(np.float32) @ maps).reshape(found.shape[1:])
            for layer, share in enumerate(shares):
                found[layer] += share * flux
        number, cell, amounts = self._points
        if len(cell):
            plumes = prepared.plumes(at)
            rate = amounts * weight[number][:, None]
            flat = found.reshape(prepared.layers, len(names), -1)
            for layer, share in enumerate(plumes):
                for species, amount in enumerate((share[:, None] * rate).T):
                    np.add.at(flat[layer, species], cell, amount)
        return found


class SpeciesHours(BackendArray):
    """One species of the hours as an array that computes what is read."""

    def __init__(self, hours: Hours, species: int, shape: tuple[int, ...]) -> None:
        self.hours, self.species = hours, species
        self.shape, self.dtype = shape, np.dtype(np.float32)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> Rates:
        times, rest = np.arange(self.shape[0])[key[0]], key[1:]
        if np.ndim(times) == 0:
            return self._hour(int(times), rest)
        if not len(times):
            return np.empty((0, *self.shape[1:]), np.float32)[(slice(None), *rest)]
        return np.stack([self._hour(int(at), rest) for at in times])

    def _hour(self, at: int, rest: tuple[Any, ...]) -> Rates:
        held = self.hours.hour(at)[:, self.species]
        # one axis at a time: lists on two axes mean rows and columns here, not pairs
        for axis in (2, 1, 0):
            held = held[(slice(None),) * axis + (rest[axis],)]
        return np.array(held)
