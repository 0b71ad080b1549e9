"""From the columns of any grid to those of a domain: bilinear between four columns, linear in height.

The source's grid may be regular in longitude and latitude, rotated, on another map or bent: all that counts is that
neighbours in its arrays are neighbours on the earth. The four columns around a place are found on the domain's map, so
what is linear there comes out exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import ArrayLike, NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.spatial import KDTree  # type: ignore[import-untyped]

from lantian.places.grid import Grid

Field = NDArray[np.float64]

_STEPS: Final = 20
_REACH: Final = 0.01
"""Of a source cell: so far beyond the outermost columns a place may lie, for rounding."""
_DEGREE: Final = 111_195.0
"""m, a degree of a great circle on a sphere of 6371 km."""


@dataclass(frozen=True)
class Bilinear:
    """Weights from the columns of a source (y, x) to places; made by `to` or `to_points`."""

    weights: sparse.csr_array
    """(places, columns)"""
    shape: tuple[int, ...]
    """of the places"""
    spacing: float
    """m, the source's distance between columns in the middle of the places"""

    @classmethod
    def to(cls, lon: ArrayLike, lat: ArrayLike, target: Grid) -> Bilinear:
        """To the centres of a grid, from ``lon``, ``lat`` (y, x) degrees of the source's columns.

        Raises:
            ValueError: the source has fewer than 2 x 2 columns, or does not cover the grid; the message says where.
        """
        found, outside = cls._of(lon, lat, target.lon, target.lat, target.projection.forward, target.projection.lon_0)
        if outside.any():
            first = int(np.argmax(outside))
            raise ValueError(
                f"the source does not cover grid {target.name!r}: {outside.sum()} of {outside.size} cells lie beyond "
                f"its columns, first at {target.lon.ravel()[first]:.3f} E {target.lat.ravel()[first]:.3f} N; the "
                f"source reaches {_reach(lon, lat)}"
            )
        return found

    @classmethod
    def to_points(
        cls, lon: ArrayLike, lat: ArrayLike, lon_at: ArrayLike, lat_at: ArrayLike, names: Sequence[str]
    ) -> Bilinear:
        """To single points (n,), degrees, as (1, n): exact for what is linear in longitude and latitude.

        Raises:
            ValueError: the source has fewer than 2 x 2 columns, or a point lies outside them; the message has its name.
        """
        lon_at, lat_at = (np.asarray(each, np.float64)[None] for each in (lon_at, lat_at))
        middle, narrow = float(lon_at[0, 0]), float(np.cos(np.radians(lat_at[0, 0])))

        def forward(east: Field, north: Field) -> tuple[Field, Field]:
            return _DEGREE * narrow * ((east - middle + 180) % 360 - 180), _DEGREE * north

        found, outside = cls._of(lon, lat, lon_at, lat_at, forward, middle)
        if outside.any():
            told = [f"{names[k]} ({lon_at[0, k]:.3f} E {lat_at[0, k]:.3f} N)" for k in np.flatnonzero(outside).tolist()]
            more = f" and {len(told) - 3} more" if len(told) > 3 else ""
            raise ValueError(
                f"outside the weather's grid: {', '.join(told[:3])}{more}; the grid reaches {_reach(lon, lat)}"
            )
        return found

    @classmethod
    def _of(
        cls,
        lon: ArrayLike,
        lat: ArrayLike,
        lon_at: Field,
        lat_at: Field,
        forward: Callable[[Field, Field], tuple[Any, Any]],
        lon_0: float,
    ) -> tuple[Bilinear, NDArray[np.bool_]]:
        """On the map of ``forward``, whose middle is ``lon_0``; and which of the places lie outside."""
        lon, lat = (np.asarray(each, np.float64) for each in (lon, lat))
        if lon.ndim != 2 or min(lon.shape) < 2:
            raise ValueError(f"lon: expected at least 2 x 2 columns, got {lon.shape}")
        ny, nx = lon.shape
        order = np.arange(nx)
        if _closes(lon):  # round the earth: the seam goes to the far side
            away = np.abs((lon[0] - lon_0 + 180) % 360 - 180)
            order = np.roll(order, nx // 2 - int(away.argmin()))
            lon, lat = lon[:, order], lat[:, order]
        near = KDTree(_sphere(lon, lat)).query(_sphere(lon_at, lat_at))[1]
        j, i = np.unravel_index(near, lon.shape)
        box = [slice(max(0, int(at.min()) - 2), int(at.max()) + 3) for at in (j, i)]
        x, y = forward(lon[*box], lat[*box])
        x_at, y_at = (np.ravel(each) for each in forward(lon_at, lat_at))
        start = np.stack([j - box[0].start, i - box[1].start]).astype(np.float64)
        v, u = _locate(x, y, x_at, y_at, start)
        size = np.array(x.shape)[:, None] - 1
        outside = np.max([-v, -u, v - size[0], u - size[1]], axis=0) > _REACH
        v, u = np.clip(v, 0, size[0]), np.clip(u, 0, size[1])
        row, column = (np.minimum(at.astype(np.intp), most - 1) for at, most in ((v, size[0]), (u, size[1])))
        s, t = u - column, v - row
        corners, shares = [], []
        for down, right, share in ((0, 0, (1 - t) * (1 - s)), (0, 1, (1 - t) * s), (1, 0, t * (1 - s)), (1, 1, t * s)):
            corners.append((row + box[0].start + down) * nx + order[column + box[1].start + right])
            shares.append(share)
        place = np.tile(np.arange(len(u)), 4)
        weights = sparse.csr_array(
            (np.concatenate(shares), (place, np.concatenate(corners))), shape=(len(u), ny * nx), dtype=np.float32
        )
        middle = np.hypot(np.diff(x, axis=1).mean(), np.diff(y, axis=1).mean())
        return cls(weights, lon_at.shape, float(middle)), outside

    def __call__(self, values: ArrayLike) -> NDArray[np.float32]:
        """(..., y, x) of the source to (..., *places)."""
        given = np.asarray(values, np.float32)
        lead = given.shape[:-2]
        flat = self.weights @ given.reshape(-1, given.shape[-2] * given.shape[-1]).T
        return np.ascontiguousarray(flat.T).reshape(*lead, *self.shape)


def _reach(lon: ArrayLike, lat: ArrayLike) -> str:
    east, north = (np.asarray(each) for each in (lon, lat))
    return f"from {east.min():.3f} to {east.max():.3f} E and {north.min():.3f} to {north.max():.3f} N"


def _sphere(lon: Field, lat: Field) -> Field:
    """(points, 3) on the unit sphere."""
    a, b = np.radians(np.ravel(lon)), np.radians(np.ravel(lat))
    return np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], axis=1)


def _closes(lon: Field) -> bool:
    """Whether the last column has the first as its neighbour, round the earth."""
    step = np.median(np.diff(lon, axis=1))
    return bool(abs(abs((lon[:, -1] - lon[:, 0]).mean() + step) - 360) < 0.01 * abs(step))


def _locate(x: Field, y: Field, x_at: Field, y_at: Field, start: Field) -> tuple[Field, Field]:
    """Row and column, as fractions, at which the bilinear map of the cells' corners (x, y) gives the places.

    Newton's method; inside a cell the map is bilinear, so a few steps do. Beyond the last column the last cell goes on.
    """
    v, u = start
    last = np.array(x.shape) - 2
    for _ in range(_STEPS):
        row = np.clip(np.floor(v).astype(np.intp), 0, last[0])
        column = np.clip(np.floor(u).astype(np.intp), 0, last[1])
        t, s = v - row, u - column
        parts = []
        for field in (x, y):
            a, b = field[row, column], field[row, column + 1]
            c, d = field[row + 1, column], field[row + 1, column + 1]
            here = (1 - t) * ((1 - s) * a + s * b) + t * ((1 - s) * c + s * d)
            parts.append((here, (1 - t) * (b - a) + t * (d - c), (1 - s) * (c - a) + s * (d - b)))
        (x_here, xu, xv), (y_here, yu, yv) = parts
        dx, dy = x_at - x_here, y_at - y_here
        area = xu * yv - xv * yu
        du, dv = (dx * yv - dy * xv) / area, (dy * xu - dx * yu) / area
        # no more than a cell at a time: another cell has another map
        v, u = (
            np.clip(at + np.clip(d, -1, 1), -2.0, most + 3.0) for at, d, most in ((v, dv, last[0]), (u, du, last[1]))
        )
        if max(np.abs(du).max(), np.abs(dv).max()) < 1e-10:
            break
    return v, u


@jax.jit
def to_heights(values: Array, heights: Array, wanted: Array) -> Array:
    """Linear in height: (variables, levels, ...) at rising ``heights`` (levels, ...) to (variables, n, ...).

    ``wanted`` (n, ...). Below the lowest and above the highest level their values go on.
    """

    def layer(out: Array, number: Array) -> tuple[Array, None]:
        low, high = heights[number], heights[number + 1]
        share = jnp.clip((wanted - low) / (high - low), 0.0, 1.0)
        return out + share * (values[:, number + 1] - values[:, number])[:, None], None

    start = jnp.broadcast_to(values[:, :1], (values.shape[0], *wanted.shape))
    found: Array = lax.scan(layer, start, jnp.arange(heights.shape[0] - 1))[0]
    return found
