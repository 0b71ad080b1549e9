"""Receptors: whose air, at which hours, and what in it — the question that a footprint or a sensitivity answers.

A receptor is one number, a concentration in ug m-3: the mean over hours of the run of a weighted mean over the cells of
the lowest layer of a combination of species. Stations, areas and populations are weights of cells.

A station stands for the air around it, and not for the cell in which it happens to lie: its weights are a tent around
its exact place, three cells of the grid to either side. What is narrower than that the model does not resolve, forth or
back, and no source's share in it could be told. `Receptor.read` takes the value of a run by the same weights, so that
what is explained is what is compared with the station.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
import shapely  # type: ignore[import-untyped]
import xarray as xr
from jax import Array
from numpy.typing import ArrayLike, NDArray

from lantian.places.grid import Field, Grid
from lantian.transport import particulate
from lantian.transport.species import REGISTRY, find
from lantian.transport.weather import Weather

Hours = NDArray[np.datetime64]
Factors = tuple[tuple[str, float], ...]
"""Species and their factors."""
MATTER: Final = ("pm25", "pm10")
"""Combinations that have a name: particulate matter, nitrate's share in particles included."""

RESOLVED: Final = 3.0
"""Cells to either side of a station that its weights reach; docs/transport/validation.md says what that gives."""

_BEND: Final = 0.01  # degrees between the points of an outline before it is drawn on the map
_OUTSIDE: Final = 0.01  # share of an area that may lie beyond the domain


@dataclass(frozen=True, eq=False)
class Receptor:
    """The mean concentration, ug m-3, over hours and cells of the lowest layer.

    ``what``: ``"pm25"``, ``"pm10"``, the name of a species, or factors by species. ``where`` (y, x): weights of the
    cells, normalised here to the sum 1. ``when``: the hours by their beginning, UTC, each once; `day` gives those of a
    day. `point`, `area` and `population` make receptors.

    Raises:
        ValueError: nothing of that name, weights that are negative or missing or all zero, hours that are none, not
            whole or stand twice.
    """

    name: str
    what: str | Mapping[str, float]
    where: Field
    when: Hours

    def __post_init__(self) -> None:
        self._check_what()
        where = np.array(self.where, np.float64)
        if where.ndim != 2 or not np.all(np.isfinite(where)) or np.any(where < 0):
            raise ValueError(f"receptor {self.name!r}: expected weights (y, x) of 0 and above, none missing")
        if not where.sum() > 0:
            raise ValueError(f"receptor {self.name!r}: all weights are zero; expected at least one cell with some")
        where /= where.sum()
        where.setflags(write=False)
        object.__setattr__(self, "where", where)
        given = np.atleast_1d(np.asarray(self.when, "datetime64[ns]"))
        when = np.unique(given)
        if not when.size or np.any(np.isnat(when)) or np.any(when != when.astype("datetime64[h]")):
            raise ValueError(
                f"receptor {self.name!r}: expected whole hours, by their beginning in UTC; got {self.when}"
            )
        if when.size < given.size:
            raise ValueError(f"receptor {self.name!r}: an hour stands twice; expected each once")
        when.setflags(write=False)
        object.__setattr__(self, "when", when)

    def _check_what(self) -> None:
        if isinstance(self.what, str):
            if self.what not in (*MATTER, *REGISTRY):
                known = ", ".join((*MATTER, *REGISTRY))
                raise ValueError(f"receptor {self.name!r}: {self.what!r} is unknown; known are {known}")
            return
        find(tuple(self.what))
        factors = np.array([float(factor) for factor in self.what.values()])
        if not np.all(np.isfinite(factors)) or np.any(factors < 0) or not factors.sum() > 0:
            raise ValueError(f"receptor {self.name!r}: expected factors of 0 and above, one of them above; {self.what}")

    @property
    def key(self) -> str | Factors:
        """``what`` as `concentration` takes it."""
        return self.what if isinstance(self.what, str) else tuple((n, float(f)) for n, f in self.what.items())

    def check(self, names: Sequence[str]) -> None:
        """Raise ``ValueError`` where a species that it asks for is not among ``names``, those that are carried."""
        if self.what in MATTER:
            wanted = [s.name for s in REGISTRY.values() if (s.pm25 if self.what == "pm25" else s.pm10)]
            missing = [] if set(wanted) & set(names) else wanted
        else:
            missing = [name for name, _ in _factors(self.key) if name not in names]
        if missing:
            told = ", ".join(missing)
            raise ValueError(f"receptor {self.name!r}: {told} is not carried; carried are {', '.join(names)}")

    def factor(self, species: str) -> float:
        """How many ug m-3 of the receptor one ug m-3 of a species makes.

        Raises:
            ValueError: it makes none, or how much it makes depends on other species.
        """
        if isinstance(self.what, str) and self.what in MATTER:
            s = REGISTRY[species]
            if s.kind == "mixed" and s.pm10:
                raise ValueError(
                    f"receptor {self.name!r}: how much of {species} is in particles depends on other species; "
                    "`adjoint.sensitivity` takes that into account"
                )
            factor = s.pm25 if self.what == "pm25" else s.pm10
        else:
            factor = dict(_factors(self.key)).get(species, 0.0)
        if not factor > 0:
            raise ValueError(f"receptor {self.name!r}: {species} makes nothing of {self.what}")
        return factor

    def weights(self, shape: tuple[int, int]) -> Field:
        """Weight of the hourly mean in each cell (y, x) at each of its hours; over cells and hours they sum to 1.

        Raises:
            ValueError: the receptor was made for another grid.
        """
        if self.where.shape != shape:
            mine, theirs = (f"{ny} x {nx}" for ny, nx in (self.where.shape, shape))
            raise ValueError(f"receptor {self.name!r} was made for {mine} cells; the domain has {theirs}")
        weights: Field = self.where / self.when.size
        return weights

    def read(self, mean: xr.Dataset) -> xr.DataArray:
        """(time,) ug m-3: what a run gives for it at each of its hours; their mean is what an adjoint explains.

        ``mean`` is that of `Run.mean`.

        Raises:
            ValueError: another grid, hours or species than it asks for.
        """
        self.weights((mean.sizes["y"], mean.sizes["x"]))
        numbers(self.name, self.when, mean["time"].values)
        if isinstance(self.what, str) and self.what in MATTER:
            if self.what not in mean:
                raise ValueError(f"receptor {self.name!r}: the run has no {self.what}")
            field = mean[self.what]
        else:
            self.check([str(name) for name in mean["species"].values])
            names, factors = zip(*_factors(self.key), strict=True)
            field = mean["concentration"].sel(species=[*names]).dot(xr.DataArray([*factors], dims="species"))
        value: xr.DataArray = field.sel(time=self.when).dot(xr.DataArray(self.where, dims=("y", "x")))
        return value.rename(self.name).assign_attrs(units="ug m-3")


def concentration(what: str | Factors, mean: Array, names: Sequence[str], weather: Weather) -> Array:
    """What a receptor weighs: the field (y, x) in ug m-3 of the hourly ``mean`` (species, y, x) in ug m-3.

    ``names`` of the species of ``mean``, ``weather`` that of the hour. JAX can differentiate by ``mean``. What is
    called ``"pm25"`` or ``"pm10"`` is that of `particulate`, as in `Run.mean`. `Receptor.check` tells a species that
    is not carried.
    """
    if what in MATTER:
        density = weather.density[0]
        matter = particulate.pm25 if what == "pm25" else particulate.pm10
        return matter(mean / density, names, weather.temperature[0], weather.humidity[0], density)
    total = jnp.zeros_like(mean[0])
    for name, factor in _factors(what):
        total = total + factor * mean[list(names).index(name)]
    return total


def _factors(what: str | Factors) -> Factors:
    return ((what, 1.0),) if isinstance(what, str) else what


def numbers(name: str, when: Hours, times: Hours) -> frozenset[int]:
    """The numbers of the hours ``when`` of a receptor among ``times``, the hours of a run by their beginning.

    Raises:
        ValueError: an hour that the run does not have.
    """
    run = np.asarray(times, "datetime64[ns]")
    beyond = when[~np.isin(when, run)]
    if beyond.size:
        first, last, asked = (np.datetime_as_string(t, "m") for t in (run[0], run[-1], beyond[0]))
        raise ValueError(
            f"receptor {name!r}: {beyond.size} of its {when.size} hours are not in the run, the first begins {asked} "
            f"UTC; the run's hours begin {first} to {last} UTC"
        )
    return frozenset(np.flatnonzero(np.isin(run, when)).tolist())


def point(
    grid: Grid,
    name: str,
    lon: ArrayLike,
    lat: ArrayLike,
    when: ArrayLike,
    what: str | Mapping[str, float] = "pm25",
    *,
    radius: float | None = None,
) -> Receptor:
    """A station at ``lon``, ``lat`` (degrees); of several, such as a city's stations, their mean.

    Around each the weights fall linearly, to the east and to the north, over ``radius`` metres, `RESOLVED` cells if
    not given; a cell counts by their integral over it. With 0 it is the cell that holds the station. What would lie
    beyond the grid's edge is left out. An urban station of the national network stands for 0.5 to 4 km around it (HJ
    664-2013, 3.1).

    Raises:
        ValueError: a point outside the grid, a radius below 0, and what `Receptor` refuses.
    """
    reach = RESOLVED * grid.spacing if radius is None else radius
    if not reach >= 0:
        raise ValueError(f"receptor {name!r}: expected a radius of 0 m or more, got {radius}")
    lons, lats = np.broadcast_arrays(np.ravel(lon), np.ravel(lat))
    where = np.zeros((grid.ny, grid.nx))
    for at in zip(lons, lats, strict=True):
        try:
            cell = grid.locate(*at)
        except ValueError as error:
            raise ValueError(f"receptor {name!r}: {error}") from None
        if reach == 0:
            where[cell] += 1
            continue
        x, y = (float(value) for value in grid.projection.forward(*at))
        around = np.outer(_tent(grid.y_faces - y, reach), _tent(grid.x_faces - x, reach))
        where += around / around.sum()
    return Receptor(name, what, where, np.asarray(when, "datetime64[ns]"))


def _tent(faces: Field, reach: float) -> Field:
    """Integral of max(0, 1 - |x| / reach) / reach from each face to the next."""
    x = np.clip(faces / reach, -1, 1)
    integral: Field = np.diff(x - x * np.abs(x) / 2)
    return integral


def area(grid: Grid, name: str, outline: Any, when: ArrayLike, what: str | Mapping[str, float] = "pm25") -> Receptor:
    """The mean over an area: each cell counts by the true area of it that lies inside the outline.

    ``outline``: a shapely geometry, a GeoJSON geometry or feature, or something with a ``geometry()`` that gives one,
    in degrees of longitude and latitude.

    Raises:
        ValueError: an outline that has no area or crosses itself, or of which more than 1 % lies outside the grid, and
            what `Receptor` refuses.
    """
    drawn = _draw(grid, name, outline)
    faces = np.meshgrid(grid.x_faces, grid.y_faces)
    left, right = (faces[0][:-1, at] for at in (slice(None, -1), slice(1, None)))
    low, high = (faces[1][at, :-1] for at in (slice(None, -1), slice(1, None)))
    cells = shapely.box(left, low, right, high)
    shapely.prepare(drawn)
    share = shapely.contains(drawn, cells).astype(np.float64)
    cut = shapely.intersects(drawn, cells) & (share == 0)
    share[cut] = shapely.area(shapely.intersection(drawn, cells[cut])) / grid.spacing**2
    outside = 1 - share.sum() * grid.spacing**2 / drawn.area
    if outside > _OUTSIDE:
        raise ValueError(
            f"receptor {name!r}: {100 * outside:.1f} % of the area lies outside grid {grid.name!r}; give the part of "
            "the outline that lies inside, or take a larger grid"
        )
    return Receptor(name, what, share * grid.cell_area, np.asarray(when, "datetime64[ns]"))


def population(
    grid: Grid, name: str, people: ArrayLike, when: ArrayLike, what: str | Mapping[str, float] = "pm25"
) -> Receptor:
    """What the mean person breathes: each cell counts by the number of ``people`` (y, x) in it.

    Raises:
        ValueError: another shape than the grid's, and what `Receptor` refuses.
    """
    where = np.asarray(people, np.float64)
    if where.shape != (grid.ny, grid.nx):
        raise ValueError(f"receptor {name!r}: expected people in {grid.ny} x {grid.nx} cells, got {where.shape}")
    return Receptor(name, what, where, np.asarray(when, "datetime64[ns]"))


def day(date: str, zone: int = 8) -> Hours:
    """The 24 hours of a calendar day by their beginning in UTC; ``zone`` hours east of it, 8 in China.

    They are the hours that the national standard's daily mean (日均值) takes, there labelled by their end, 01 to 24.
    """
    midnight = np.datetime64(date, "D").astype("datetime64[h]") - np.timedelta64(zone, "h")
    hours: Hours = (midnight + np.arange(24)).astype("datetime64[ns]")
    return hours


def _draw(grid: Grid, name: str, outline: Any) -> Any:
    """An outline on the grid's map, in metres."""
    if not isinstance(outline, shapely.Geometry):
        given = outline.geometry() if hasattr(outline, "geometry") else outline
        outline = shapely.geometry.shape(given.get("geometry", given))
    if not outline.is_valid:
        why = shapely.is_valid_reason(outline)
        raise ValueError(f"receptor {name!r}: the outline is not valid ({why}); shapely.make_valid may repair it")
    if not outline.area > 0:
        raise ValueError(f"receptor {name!r}: the outline has no area; expected a polygon, got {outline.geom_type}")

    def to_map(points: Field) -> Field:
        return np.stack(grid.projection.forward(points[:, 0], points[:, 1]), axis=1)

    return shapely.transform(shapely.segmentize(outline, _BEND), to_map)
