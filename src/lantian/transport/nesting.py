"""One-way nests: what a domain sends into one that lies inside it, and a run of several domains from the outside in.

Mixing ratios go over, not amounts: the child moves them with its own air, so a uniform mixing ratio stays uniform
whatever the winds of both are.

At the edges they are interpolated bilinearly between the parent's columns, a second-order interpolation with weights
that are never negative: it makes no new extremum, and no steps of the width of a parent's cell, which the child would
carry inward as if they were gradients. At the start, where what stands in a domain counts as mass, each child cell
takes from the parent's cells what their common area holds, so nothing is lost or made.

Upwards both go by height above the sea: the parent's layers are reconstructed and averaged over the child's
(`boundary.remap`). Where the child reaches below the parent's ground or above its top, the parent's lowest or
uppermost layer goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lantian.places.grid import Domain, Field, Grid
from lantian.places.overlap import outline
from lantian.places.regrid import Regridder
from lantian.transport import door
from lantian.transport.background import Profile
from lantian.transport.boundary import (
    Bilinear,
    Boundary,
    Rim,
    Times,
    edges_dataset,
    gather,
    interpolate,
    middles,
    remap,
    start_dataset,
    top_height,
    whole_hours,
)
from lantian.transport.inputs import moment, same_unit
from lantian.transport.model import Model, Progress
from lantian.transport.result import Run
from lantian.transport.species import find

Fields = xr.Dataset | str | Path
"""``mixing_ratio`` (time, z, species, y, x) in ug kg-1 at whole hours, in memory or as a Zarr folder: what
`model.Run.fields` is, or the path that was given as ``keep_fields``."""

VARIABLE: Final = "mixing_ratio"
DIMENSIONS: Final = ("time", "z", "species", "y", "x")
_STRETCH: Final = 1.0  # m: less is no difference between two tops
_DUST: Final = 1e-6  # of a parent's cell: rounding of its edge
_BLOCK: Final = 8192  # pieces of cells treated at once, to bound the memory


def edges_from(
    fields: Fields, parent: Domain, child: Domain, species: Sequence[str], background: Profile | None = None
) -> xr.Dataset:
    """The child's edges at all hours of the parent's ``fields``.

    ``west east`` (time, z, species, y), ``south north`` (time, z, species, x) and ``top`` (time, species, y, x), ug
    kg-1, of the fields' precision. A species that the parent does not carry comes from the ``background``; the
    dataset's attribute ``notes`` says so, and where the child reaches above the parent.

    Raises:
        ValueError: the child sticks out of the parent, fields of another shape or unit, an hour that is missing or
            holds values that are not finite or negative, a species that neither has.
    """
    source = _Parent(fields, parent, child, species, background)
    rim, height = Rim.of(child), top_height(child)
    around, above = (_bilinear(parent.grid, child.grid, x, y) for x, y in ((rim.x, rim.y), _middles(child.grid)))
    columns = around(parent.heights)
    layers = middles(parent.heights).reshape(parent.levels.n, -1)
    at_top = np.full((1, layers.shape[1]), height)
    ny, nx = child.terrain.shape
    shape = source.hours.size, len(source.species)
    sides = np.empty((shape[0], child.levels.n, shape[1], rim.x.size), source.dtype)
    top = np.empty((*shape, ny, nx), source.dtype)
    for t in range(source.hours.size):
        q = source.state(t)
        sides[t] = source.completed(remap(source.chosen(around(q)), columns, rim.heights), middles(rim.heights))
        ceiling = interpolate(q.reshape(*q.shape[:2], -1), layers, at_top)[0].reshape(-1, *parent.terrain.shape)
        flat = source.completed(source.chosen(above(ceiling)[None]), np.full((1, ny * nx), height))
        top[t] = flat[0].reshape(-1, ny, nx)
    return edges_dataset(child, source.species, source.hours, sides, top, source.notes())


def start_from(
    fields: Fields,
    parent: Domain,
    child: Domain,
    species: Sequence[str],
    background: Profile | None = None,
    time: np.datetime64 | str | None = None,
) -> xr.Dataset:
    """The child's start, ``mixing_ratio`` (z, species, y, x) ug kg-1, from the parent's ``fields`` at ``time``.

    ``time``: the first of the fields if not given. In the space that both domains fill, mixing ratio times volume is
    conserved; arguments and errors otherwise as `edges_from`.
    """
    source = _Parent(fields, parent, child, species, background)
    q = source.chosen(source.state(source.index(time)).reshape(parent.levels.n, len(source.have), -1))
    faces, target = (domain.heights.reshape(domain.levels.n + 1, -1) for domain in (parent, child))
    overlap = Regridder.between(parent.grid, child.grid).overlap
    state = np.empty((child.levels.n, len(source.species), target.shape[1]))
    rows = max(1, _BLOCK * target.shape[1] // overlap.nnz)
    for first in range(0, target.shape[1], rows):
        cells = slice(first, min(first + rows, target.shape[1]))
        share = overlap[cells]
        pieces = np.repeat(np.arange(cells.start, cells.stop), np.diff(share.indptr))
        parts = remap(q[..., share.indices], faces[:, share.indices], target[:, pieces]) * share.data
        total = np.add.reduceat(share.data, share.indptr[:-1])
        state[..., cells] = np.add.reduceat(parts, share.indptr[:-1], axis=-1) / total
    state = source.completed(state, middles(target)).astype(source.dtype)
    return start_dataset(child, source.species, state.reshape(*state.shape[:2], *child.terrain.shape), source.notes())


class Inputs(NamedTuple):
    """What a domain of its own has beside what comes in from outside; see `lantian.transport.door`."""

    weather: xr.Dataset
    emissions: xr.Dataset
    land: xr.Dataset | None = None


def run_nests(
    model: Model,
    domains: Sequence[Domain],
    inputs: Callable[[Domain], Inputs],
    outer: Boundary,
    folder: str | Path,
    *,
    segment_hours: int = 6,
    progress: Progress | None = None,
) -> list[Run]:
    """Run domains from the outermost in, each with the edges and the start that the one before it sends.

    ``inputs`` gives the weather, emissions and land of a domain when its turn comes; ``outer`` the edges and the start
    of the first. A nest runs the hours of its own weather, which may begin later than its parent's. In the ``folder``
    each domain has, under its grid's name, ``checkpoints`` and, but for the last, ``fields.zarr``: run again after it
    was cut off, it goes on where it was. ``progress(done, total, text)`` counts the hours of all domains, as many for
    each as this one has.

    Raises:
        ValueError: no domain, two of one name, a nest that sticks out of its parent; and what `door.open_forcing` and
            `Model.run` refuse.
    """
    names = [domain.grid.name for domain in domains]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"domains: expected one or more, each with a grid of its own name; got {names}")
    for parent, child in pairwise(domains):
        _inside(parent.grid, child.grid)
    runs: list[Run] = []
    for number, domain in enumerate(domains):
        weather, emissions, land = inputs(domain)
        edges, start = outer
        if number:
            above, fields = domains[number - 1], Path(folder) / names[number - 1] / "fields.zarr"
            edges = edges_from(fields, above, domain, model.species)
            start = start_from(fields, above, domain, model.species, time=weather["time"].values[0])
        forcing = door.open_forcing(
            domain,
            model.species,
            weather=weather,
            emissions=emissions,
            edges=edges,
            land=land,
            parameters=model.parameters,
        )
        place = Path(folder) / domain.grid.name
        run = model.run(
            forcing,
            start,
            checkpoints=place / "checkpoints",
            segment_hours=segment_hours,
            progress=_counted(progress, number, len(domains), domain.grid.name),
            keep_fields=False if number == len(domains) - 1 else place / "fields.zarr",
        )
        runs.append(run)
    return runs


def _counted(progress: Progress | None, number: int, domains: int, name: str) -> Progress | None:
    """The progress of one domain as that of all."""
    if progress is None:
        return None
    return lambda done, total, text: progress(number * total + done, domains * total, f"{name}: {text}")


class _Parent:
    """The parent's fields, checked against its domain, and how the child's species come out of them."""

    def __init__(
        self, fields: Fields, parent: Domain, child: Domain, species: Sequence[str], background: Profile | None
    ) -> None:
        _inside(parent.grid, child.grid)
        self.parent, self.child, self.background = parent, child, background
        self.species = [s.name for s in find(species)]
        self.dataset = fields if isinstance(fields, xr.Dataset) else _opened(fields)
        self.have = _checked(self.dataset, parent)
        self.hours: Times = whole_hours(self.dataset["time"].values, "the parent's fields")
        self.dtype = self.dataset[VARIABLE].dtype
        self.made, self.missing = gather(self.have, self.species)
        if self.missing and background is None:
            raise ValueError(
                f"the fields of {parent.grid.name!r} have no {', '.join(self.missing)}, only {', '.join(self.have)}; "
                "give a background to fill them from"
            )
        if self.missing and background is not None:
            background.at(self.missing, 0.0)  # tells what it does not have

    def state(self, t: int) -> NDArray[Any]:
        """(z, species, y, x) at hour ``t``; no other hour is read."""
        q: NDArray[Any] = np.asarray(self.dataset.variables[VARIABLE][t].values)
        bad = ~np.isfinite(q) | (q < 0)
        if bad.any():
            z, s, y, x = (int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
            raise ValueError(
                f"the fields of {self.parent.grid.name!r} at {moment(self.hours[t])}: {bad.sum()} values are negative "
                f"or missing, the first {self.have[s]} {q[z, s, y, x]} at z {z}, y {y}, x {x}; was the run ended?"
            )
        return q

    def index(self, time: np.datetime64 | str | None) -> int:
        """Where a time stands; the first for None."""
        if time is None:
            return 0
        found = np.flatnonzero(self.hours == np.datetime64(time))
        if found.size == 0:
            first, last = moment(self.hours[0]), moment(self.hours[-1])
            raise ValueError(f"the parent's fields reach from {first} to {last}, not to {time}")
        return int(found[0])

    def chosen(self, q: NDArray[Any]) -> Field:
        """(z, child's species, columns) from the parent's species."""
        result: Field = np.einsum("sp,zpc->zsc", self.made, q)
        return result

    def completed(self, q: Field, height: Field) -> Field:
        """``q`` with what the parent does not have from the background at ``height`` (z, columns)."""
        if self.missing and self.background is not None:
            rows = [self.species.index(name) for name in self.missing]
            q[:, rows] = self.background.at(self.missing, height, self.species).swapaxes(0, 1)
        return q

    def notes(self) -> list[str]:
        """What a reader of the result should know."""
        notes = [f"from {self.parent.grid.name!r}"]
        if self.missing and self.background is not None:
            notes.append(
                f"{', '.join(self.missing)}: not carried by the parent, from background {self.background.name!r}"
            )
        over = top_height(self.child) - top_height(self.parent)
        if over > _STRETCH:
            notes.append(f"the child's top lies {over:.0f} m above the parent's, whose uppermost layer stands there")
        return notes


def _opened(path: str | Path) -> xr.Dataset:
    if not Path(path).exists():
        raise ValueError(f"no fields at {path}; run the parent with keep_fields and this path")
    return xr.open_dataset(path, engine="zarr", consolidated=False)


def _checked(dataset: xr.Dataset, parent: Domain) -> list[str]:
    """The species of the fields, which must have the shape of the domain."""
    if VARIABLE not in dataset or "time" not in dataset.coords or "species" not in dataset.coords:
        raise ValueError(f"the parent's fields: expected {VARIABLE} {DIMENSIONS} with the coordinates time and species")
    variable = dataset[VARIABLE]
    sizes = parent.levels.n, *parent.terrain.shape
    if variable.dims != DIMENSIONS or (variable.sizes["z"], variable.sizes["y"], variable.sizes["x"]) != sizes:
        raise ValueError(
            f"the parent's fields: {VARIABLE} is {dict(variable.sizes)}; expected {DIMENSIONS} with (z, y, x) {sizes} "
            f"of grid {parent.grid.name!r}"
        )
    for name, wanted in (("x", parent.grid.x), ("y", parent.grid.y)):
        if name in dataset.coords and np.abs(dataset[name].values - wanted).max() > 0.01 * parent.grid.spacing:
            raise ValueError(f"the parent's fields: their {name} is not that of grid {parent.grid.name!r}")
    if not same_unit(str(variable.attrs.get("units")), "ug kg-1"):
        raise ValueError(f"the parent's fields are in {variable.attrs.get('units')!r}; they must be in ug kg-1")
    return [str(name) for name in dataset["species"].values]


def _inside(parent: Grid, child: Grid) -> None:
    x, y = parent.projection.forward(*outline(child))
    out = {
        "west": parent.x_faces[0] - x.min(),
        "east": x.max() - parent.x_faces[-1],
        "south": parent.y_faces[0] - y.min(),
        "north": y.max() - parent.y_faces[-1],
    }
    beyond = [f"{by / 1000:.3f} km in the {side}" for side, by in out.items() if by > _DUST * parent.spacing]
    if beyond:
        raise ValueError(f"{child.name!r} sticks out of its parent {parent.name!r} by {', '.join(beyond)}")


def _middles(grid: Grid) -> tuple[Field, Field]:
    x, y = np.meshgrid(grid.x, grid.y)
    return x, y


def _bilinear(source: Grid, target: Grid, x: Field, y: Field) -> Bilinear:
    """Between the middles of the source's cells, to points on the target's map."""
    if source.projection != target.projection:
        x, y = source.projection.forward(*target.projection.inverse(x, y))
    return Bilinear.between(source.x, source.y, x, y)
