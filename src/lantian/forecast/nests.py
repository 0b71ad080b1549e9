"""Which domains a city is forecast on: the region outside, and finer ones around the city.

The outermost grid fills the region whose terrain and emissions are known; the others lie around the city, each inside
the one before. All have the same levels over the same base, so that columns meet at the edges of a nest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lantian.places.grid import Domain, Field, Grid, Levels, Projection, stretched
from lantian.places.regrid import Sheet, ground_height

_RELIEF: Final = 0.75
"""Of the top: how high the ground may rise above the base; `Levels` refuses more than 0.8."""
_LOWEST_TOP: Final = 3000.0
_STEP: Final = 500.0


@dataclass(frozen=True)
class Layout:
    """The domains of a city, from the region to the streets.

    ``lon``, ``lat``: the middle of the nests, degrees. ``bounds``: west, south, east, north of the region, degrees; the
    outermost grid is the largest inside it. ``spacings`` in metres, the coarsest first. ``cells`` for each grid but the
    outermost: how many along x and y.

    Raises:
        ValueError: another number of ``cells`` than of nests, or spacings that do not fall.
    """

    lon: float
    lat: float
    bounds: tuple[float, float, float, float]
    spacings: tuple[float, ...] = (30_000.0, 10_000.0, 3_000.0, 1_000.0)
    cells: tuple[int, ...] = (60, 100, 150)
    layers: int = 15

    def __post_init__(self) -> None:
        if len(self.cells) != len(self.spacings) - 1 or any(np.diff(self.spacings) >= 0):
            raise ValueError(
                f"expected spacings that fall and a number of cells for each but the first; got {self.spacings} and "
                f"{self.cells}"
            )

    def grids(self) -> list[Grid]:
        """``d01``, ``d02``, ...: aligned with the one outside where the ratio is whole, else centred at the city.

        Raises:
            ValueError: a region that is smaller than a cell, or a nest that sticks out of the one outside.
        """
        made = [self._region()]
        for number, (spacing, n) in enumerate(zip(self.spacings[1:], self.cells, strict=True), start=2):
            made.append(_around(made[-1], f"d{number:02d}", spacing, n))
        return made

    def _region(self) -> Grid:
        """The largest grid inside the bounds with a face at the city's meridian and parallel."""
        west, south, east, north = self.bounds
        projection = Projection(self.lat - 5, self.lat + 5, self.lat, self.lon)
        along = np.linspace(0, 1, 200)
        left, right = (projection.forward(np.full(200, at), south + along * (north - south))[0] for at in (west, east))
        low, high = (projection.forward(west + along * (east - west), np.full(200, at))[1] for at in (south, north))
        spacing = self.spacings[0]
        first = [math.ceil(float(edge.max()) / spacing) for edge in (left, low)]
        last = [math.floor(float(edge.min()) / spacing) for edge in (right, high)]
        nx, ny = (end - begin for begin, end in zip(first, last, strict=True))
        if min(nx, ny) < 1:
            raise ValueError(f"the region {self.bounds} holds no cell of {spacing / 1000:.0f} km around the city")
        return Grid("d01", projection, first[0] * spacing, first[1] * spacing, spacing, nx, ny)

    def domains(self, terrain: Sheet) -> list[Domain]:
        """The grids over the ground of a ``terrain`` sheet, with levels that clear the highest cell of all of them.

        Raises:
            ValueError: the sheet does not cover the region; see `ground_height`.
        """
        return over(self.grids(), terrain, self.layers)


def over(grids: Sequence[Grid], terrain: Sheet, layers: int = 15) -> list[Domain]:
    """Domains of nested ``grids`` with common levels: ``layers`` of them, the lowest 25 m thick."""
    ground = [ground_height(terrain, grid) for grid in grids]
    base = min(float(field.min()) for field in ground)
    levels = Levels(stretched(layers, 25.0, _top(ground, base)))
    return [Domain(grid, levels, field, base) for grid, field in zip(grids, ground, strict=True)]


def _top(ground: Sequence[Field], base: float) -> float:
    relief = max(float(field.max()) for field in ground) - base
    return max(_LOWEST_TOP, math.ceil(relief / _RELIEF / _STEP) * _STEP)


def _around(parent: Grid, name: str, spacing: float, n: int) -> Grid:
    """``n`` x ``n`` cells around the origin of the map, on the parent's faces where the ratio is whole."""
    corner = -n * spacing / 2
    ratio = parent.spacing / spacing
    x0 = y0 = corner
    if math.isclose(ratio, round(ratio)) and n % round(ratio) == 0:
        x0 = parent.x0 + round((corner - parent.x0) / parent.spacing) * parent.spacing
        y0 = parent.y0 + round((corner - parent.y0) / parent.spacing) * parent.spacing
    return Grid(name, parent.projection, x0, y0, spacing, n, n, parent)
