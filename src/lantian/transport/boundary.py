"""What comes in through the edges of a domain: where values are needed, and how they get there from other columns.

The air that comes in through a side enters in the middle of the outer faces of the edge cells; the air that comes in
through the top enters at the height of the top. The four sides are treated as one *rim* of columns: west and east
(from south to north), then south and north (from west to east).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lantian.places.grid import Domain, Field
from lantian.transport import inputs
from lantian.transport.species import find

Values = NDArray[Any]
Times = NDArray[np.datetime64]
LUMPED: Final = ("BC", "DUST", "SOA")
"""Fine particles that count as ``PPM25`` where that is carried and they are not, so that PM2.5 stays whole."""


class Boundary(NamedTuple):
    """What a run needs beside weather, emissions and land: what comes in, and what it starts from."""

    edges: xr.Dataset
    """``west east south north top``, see `lantian.transport.door`"""
    start: xr.Dataset
    """``mixing_ratio (z, species, y, x)``"""


class Rim(NamedTuple):
    """The columns through whose outer faces air comes in from the sides: 2 ny + 2 nx of them."""

    x: Field
    """(columns,) the middle of the faces, m on the map"""
    y: Field
    heights: Field
    """(z + 1, columns) the layers' faces, m above the sea; as in the edge cell, for the ground goes on level"""

    @classmethod
    def of(cls, domain: Domain) -> Rim:
        """The rim of a domain."""
        grid, heights = domain.grid, domain.heights
        x_faces, y_faces = np.repeat(grid.x_faces[[0, -1]], grid.ny), np.repeat(grid.y_faces[[0, -1]], grid.nx)
        return cls(
            np.concatenate([x_faces, grid.x, grid.x]),
            np.concatenate([grid.y, grid.y, y_faces]),
            np.concatenate([heights[:, :, 0], heights[:, :, -1], heights[:, 0], heights[:, -1]], axis=1),
        )


def top_height(domain: Domain) -> float:
    """The height of a domain's top, m above the sea; it is level."""
    return float(domain.heights[-1, 0, 0])


def middles(faces: Field) -> Field:
    """The heights of the middle of layers, (n, ...), from those of their n + 1 faces."""
    return (faces[1:] + faces[:-1]) / 2


class Bilinear(NamedTuple):
    """Weights of the four source points around each target point; none is negative and they add up to one."""

    corner: NDArray[np.intp]
    """(4, points) of the source, flattened"""
    weight: Field
    """(4, points)"""

    @classmethod
    def between(cls, source_x: Field, source_y: Field, x: ArrayLike, y: ArrayLike) -> Bilinear:
        """From points at every rising ``source_x`` (nx,) and ``source_y`` (ny,) to the points ``x``, ``y``.

        A target beyond the outermost source points gets the value at the nearest edge.
        """
        i, right = _between(source_x, np.ravel(np.asarray(x, np.float64)))
        j, up = _between(source_y, np.ravel(np.asarray(y, np.float64)))
        nx, ny = source_x.size, source_y.size
        east, north = np.minimum(i + 1, nx - 1), np.minimum(j + 1, ny - 1)
        index = np.stack([j * nx + i, j * nx + east, north * nx + i, north * nx + east])
        weight = np.stack([(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right])
        return cls(index, weight)

    def __call__(self, values: Values) -> Field:
        """(..., points) from values (..., ny, nx)."""
        flat = values.reshape(*values.shape[:-2], -1)
        result = np.zeros((*flat.shape[:-1], self.weight.shape[1]))
        for corner, weight in zip(self.corner, self.weight, strict=True):
            result += weight * flat[..., corner]
        return result


def _between(points: Field, at: Field) -> tuple[NDArray[np.intp], Field]:
    """The last point not beyond ``at`` and the share of the way to the next one."""
    if points.size == 1:
        return np.zeros(at.size, np.intp), np.zeros(at.size)
    index = np.clip(np.searchsorted(points, at, side="right") - 1, 0, points.size - 2)
    share = (at - points[index]) / (points[index + 1] - points[index])
    return index, np.clip(share, 0.0, 1.0)


def interpolate(q: Values, height: Field, at: Field) -> Field:
    """Values ``q`` (m, species, columns) at rising ``height`` (m, columns), at other heights ``at`` (n, columns).

    Linear between two heights, the outermost value beyond them; (n, species, columns).
    """
    m = height.shape[0]
    if m == 1:
        return np.broadcast_to(q, (len(at), *q.shape[1:])).astype(np.float64)
    upper = np.clip((height[:, None] <= at).sum(axis=0), 1, m - 1)
    low, high = (np.take_along_axis(height, k, axis=0) for k in (upper - 1, upper))
    share = np.clip((at - low) / np.maximum(high - low, 1e-6), 0.0, 1.0)[:, None]  # two may be the same
    below, above = (np.take_along_axis(q, k[:, None], axis=0) for k in (upper - 1, upper))
    result: Field = (1 - share) * below + share * above
    return result


def remap(q: Values, source: Field, target: Field) -> Field:
    """Means over the layers between ``target`` faces (n + 1, columns) of ``q`` (m, species, columns), known as means
    over the layers between ``source`` faces (m + 1, columns); (n, species, columns).

    Within a layer the value is taken to be linear with the slope of van Leer (1977, J. Comput. Phys. 23:276, his
    monotone central slope), which never leaves the range of the neighbours' means; so what the layers hold is
    conserved, a value linear in height stays so, and no new extremum is made. The lowest and the uppermost layer are
    uniform and go on without end.
    """
    m = source.shape[0] - 1
    middle, slope = middles(source), _slopes(q, source)
    reach = source.copy()
    reach[0], reach[-1] = -np.inf, np.inf
    thickness = np.diff(target, axis=0)
    result = np.zeros((len(thickness), *q.shape[1:]))
    for k in range(m):
        low, high = np.maximum(target[:-1], reach[k]), np.minimum(target[1:], reach[k + 1])
        share = np.maximum(high - low, 0.0) / thickness
        touched = np.flatnonzero(share.any(axis=1))
        if touched.size == 0:
            continue
        rows = slice(touched[0], touched[-1] + 1)
        value = q[k] + slope[k] * ((low + high)[rows] / 2 - middle[k])[:, None]
        result[rows] += share[rows, None] * value
    return np.maximum(result, 0.0)


def _slopes(q: Values, faces: Field) -> Field:
    """(m, species, columns) per metre; 0 in the outermost layers and at extrema."""
    slope = np.zeros(q.shape)
    if len(q) < 3:
        return slope
    middle = middles(faces)[:, None]
    rise = np.diff(q, axis=0)
    central = (q[2:] - q[:-2]) / (middle[2:] - middle[:-2])
    steepest = 2 * np.minimum(abs(rise[1:]), abs(rise[:-1])) / np.diff(faces, axis=0)[1:-1, None]
    monotone = rise[1:] * rise[:-1] > 0
    slope[1:-1] = np.where(monotone, np.sign(central) * np.minimum(abs(central), steepest), 0.0)
    return slope


def gather(have: Sequence[str], want: Sequence[str]) -> tuple[Field, list[str]]:
    """How the species ``want`` are made of those that we ``have``, in ug per ug (want, have), and which are missing.

    Each is itself, and ``PPM25`` also stands for the `LUMPED` that are not wanted.
    """
    find(want)
    made = np.zeros((len(want), len(have)))
    for i, name in enumerate(want):
        parts = {name}
        if name == "PPM25" and name in have:
            parts |= set(LUMPED) - set(want)
        made[i, [other in parts for other in have]] = 1.0
    return made, [name for i, name in enumerate(want) if not made[i].any()]


def whole_hours(times: ArrayLike, label: str) -> Times:
    """Times as whole hours that follow each other without a gap, (hours,) UTC.

    Raises:
        ValueError: they are something else; the message begins with ``label`` and names the hour.
    """
    faults = inputs.Faults()
    listed = xr.Dataset(coords={"time": np.atleast_1d(np.asarray(times))})
    hours = inputs.whole_hours(listed, label, faults, gapless=True)
    if hours is None:
        raise ValueError(faults.sentences[0])
    return hours.astype("datetime64[ns]")


def edges_dataset(
    domain: Domain, species: Sequence[str], times: Times, rim: Values, top: Values, notes: Iterable[str] = ()
) -> xr.Dataset:
    """The dataset of edges from values at the `Rim` (time, z, species, columns) and the top (time, species, y, x)."""
    ny, nx = domain.grid.ny, domain.grid.nx
    parts = np.split(rim, np.cumsum([ny, ny, nx]), axis=-1)
    variables: dict[str, Any] = {
        name: (("time", "z", "species", along), part)
        for name, along, part in zip(("west", "east", "south", "north"), "yyxx", parts, strict=True)
    }
    variables["top"] = (("time", "species", "y", "x"), top)
    return _dataset(domain, species, variables, notes, time=times)


def start_dataset(domain: Domain, species: Sequence[str], state: Values, notes: Iterable[str] = ()) -> xr.Dataset:
    """The dataset of a start from a state (z, species, y, x)."""
    return _dataset(domain, species, {"mixing_ratio": (("z", "species", "y", "x"), state)}, notes)


def _dataset(
    domain: Domain, species: Sequence[str], variables: dict[str, Any], notes: Iterable[str], **coordinates: Any
) -> xr.Dataset:
    grid = domain.grid.dataset()[["x", "y"]].coords
    attrs = {"notes": "\n".join(notes)} if (notes := list(notes)) else {}
    result = xr.Dataset(variables, {**coordinates, "species": list(species), "x": grid["x"], "y": grid["y"]}, attrs)
    for name in variables:
        result[name].attrs["units"] = "ug kg-1"
    return result
