"""Values at points from a grid given by the longitudes and latitudes of its cells, whatever its map projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

STEPS = 12
"""Newton's method needs three or four on any model's grid."""
EDGE = 1e-6
"""Of a cell: a point on the outermost line of cell centres still counts as inside."""


@dataclass(frozen=True)
class Stencil:
    """For n points the four cells around each and their weights: rows, columns and weights (n, 4), and which lie
    ``inside`` the outermost cell centres (n,).
    """

    rows: Whole
    columns: Whole
    weights: Array
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, lon: Array, lat: Array, points: Sequence[tuple[float, float]]) -> Stencil:
        """For points (longitude, latitude) on cells at ``lon``, ``lat`` (y, x), degrees.

        The place of a point between the four centres is found by Newton's method on the bilinear map from cell numbers
        to longitude and latitude.
        """
        height, width = lon.shape
        found = [_place(lon, lat, *point) for point in points]
        y, x = (np.array([one[k] for one in found], float) for k in (0, 1))
        inside = (y >= -EDGE) & (y <= height - 1 + EDGE) & (x >= -EDGE) & (x <= width - 1 + EDGE)
        row, column = (np.clip(np.floor(at), 0, most - 2).astype(np.int64) for at, most in ((y, height), (x, width)))
        up, right = np.clip(y - row, 0, 1), np.clip(x - column, 0, 1)
        return cls(
            rows=np.column_stack([row, row, row + 1, row + 1]),
            columns=np.column_stack([column, column + 1, column, column + 1]),
            weights=np.column_stack([(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right]),
            inside=inside,
        )

    def apply(self, field: Array) -> Array:
        """Values of the points inside, (t, points), of a field (t, y, x)."""
        keep = self.inside
        around = field[:, self.rows[keep], self.columns[keep]]
        found: Array = (around * self.weights[keep]).sum(axis=-1)
        return found


def _place(lon: Array, lat: Array, x_degrees: float, y_degrees: float) -> tuple[float, float]:
    """Row and column of a point, in parts of a cell; far outside they only say on which side it lies."""
    across = (lon - x_degrees + 180) % 360 - 180
    east, north = across * np.cos(np.radians(y_degrees)), lat - y_degrees
    nearest = int(np.argmin(east**2 + north**2))
    place = np.array(np.unravel_index(nearest, lon.shape), float)
    most = np.array(lon.shape) - 2
    for _ in range(STEPS):
        row, column = np.clip(np.floor(place), 0, most).astype(int)
        up, right = place - (row, column)
        corners = np.stack([plane[row : row + 2, column : column + 2] for plane in (east, north)])
        here = _bilinear(corners, up, right)
        by_row = (corners[:, 1, 0] - corners[:, 0, 0]) * (1 - right) + (corners[:, 1, 1] - corners[:, 0, 1]) * right
        by_column = (corners[:, 0, 1] - corners[:, 0, 0]) * (1 - up) + (corners[:, 1, 1] - corners[:, 1, 0]) * up
        # Half a grid's size at most: a point far outside does not run away.
        step = np.clip(np.linalg.solve(np.column_stack([by_row, by_column]), here), -most - 2, most + 2)
        place = place - step
        if np.abs(step).max() < 1e-10:
            break
    return float(place[0]), float(place[1])


def _bilinear(corners: Array, up: float, right: float) -> Array:
    low = corners[:, 0, 0] * (1 - right) + corners[:, 0, 1] * right
    high = corners[:, 1, 0] * (1 - right) + corners[:, 1, 1] * right
    found: Array = low * (1 - up) + high * up
    return found
