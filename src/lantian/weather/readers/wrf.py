"""WRF output (wrfout): unstaggered, turned to true east and north, whole pressure, height, temperature and humidity."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import Proj

from lantian.places.projection import EARTH_RADIUS, Projection
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.horizontal import Bounds, Horizontal, of_axes, of_planes
from lantian.weather.readers.terms import NO_TIMES, Field, Series, Source, Times, Vertical

GRAVITY: Final = 9.81
"""m s-2, as in WRF."""
THETA_0: Final = 300.0
"""K, which WRF's ``T`` leaves out."""
_PLANES: Final = {
    "PSFC": "surface_air_pressure",
    "PBLH": "boundary_layer_height",
    "UST": "friction_velocity",
    "HFX": "surface_upward_sensible_heat_flux",
    "SWDOWN": "surface_downwelling_shortwave_flux",
}
_VOLUMES: Final = {
    "QVAPOR": "humidity_mixing_ratio",
    "QCLOUD": "cloud_liquid_water_mixing_ratio",
    "CLDFRA": "cloud_area_fraction_in_atmosphere_layer",
}
_RAIN: Final = ("RAINC", "RAINNC", "RAINSH")
_USED: Final = {*_PLANES, *_VOLUMES, *_RAIN, "U", "V", "T", "P", "PB", "PH", "PHB", "HGT", "COSALPHA", "SINALPHA"}
_GRID: Final = ("XLAT", "XLONG", "Times", "XTIME", "MAPFAC", "I_RAIN")


def recognises(dataset: xr.Dataset) -> bool:
    """Whether a NetCDF file is WRF output."""
    return {"south_north", "west_east"} <= {str(dim) for dim in dataset.sizes} and "MAP_PROJ" in dataset.attrs


def read(dataset: xr.Dataset, told: str, bounds: Bounds | None = None) -> Source:
    """What one file holds, its values not read yet; ``told``: its name.

    Raises:
        ReadError: no places or times, or a map that is not understood.
    """
    if "MAP_PROJ" not in dataset.attrs:
        raise ReadError([Fault(told, "MAP_PROJ", "is missing", "it tells the map of WRF output")])
    output = Output(dataset, told, bounds)
    series = {one.name: one for one in output.series()}
    unused = [str(n) for n in dataset.data_vars if n not in _USED and not str(n).startswith(_GRID)]
    vertical = Vertical("model") if "bottom_top" in dataset.sizes else None
    return Source("wrf", (told,), output.horizontal, vertical, series, output.notes, unused, dataset.close)


class Output:
    """One file."""

    def __init__(self, dataset: xr.Dataset, told: str, bounds: Bounds | None) -> None:
        self.dataset, self.told = dataset, told
        lacking = [name for name in ("XLAT", "XLONG") if name not in dataset.variables]
        if lacking:
            raise ReadError([Fault(told, name, "is missing", "it tells where the points are") for name in lacking])
        self.times = self._times()
        self.notes: list[str] = []
        self.shift = np.zeros((len(self.times), 2), int)
        """Rows and columns of the file at each time from which the domain is read."""
        self.north: Field | None = None
        self.horizontal = self._map(self._first("XLONG"), self._first("XLAT"), bounds)
        self.levels = tuple(float(k) for k in range(dataset.sizes.get("bottom_top", 0)))

    def series(self) -> list[Series]:
        """All quantities of the file."""
        found = [*self._winds(), *self._state(), *self._rain()]
        found += [self._volume(name, (file,), 0.0) for file, name in _VOLUMES.items() if self._has(file)]
        found += [self._moving(name, file, self._plane(file)) for file, name in _PLANES.items() if self._has(file)]
        if self._has("HGT"):
            found.append(self._fixed("surface_altitude", "HGT", self.horizontal.arranged(self._window("HGT", 0))))
        return found

    def _winds(self) -> list[Series]:
        found = []
        for name, file, axis in (("x_wind", "U", -1), ("y_wind", "V", -2)):
            if self._has(file):
                found.append(self._moving(name, file, self._unstaggered(file, axis), levels=True))
        if self._has("COSALPHA", "SINALPHA"):
            cos, sin = (self.horizontal.arranged(self._window(name, 0)) for name in ("COSALPHA", "SINALPHA"))
            found.append(self._fixed("north_of_grid", "COSALPHA, SINALPHA", -np.arctan2(sin, cos)))
        elif self.north is not None:
            found.append(self._fixed("north_of_grid", "MAP_PROJ", self.north))
        return found

    def _state(self) -> list[Series]:
        found = []
        if self._has("T"):
            found.append(self._volume("air_potential_temperature", ("T",), THETA_0))
        if self._has("P", "PB"):
            found.append(self._volume("air_pressure", ("P", "PB"), 0.0))
        if self._has("PH", "PHB"):
            found.append(self._moving("altitude", "PH + PHB", self._altitude, levels=True))
        return found

    def _rain(self) -> list[Series]:
        """Sums since the simulation began; what overflowed into buckets counted in."""
        parts = [name for name in _RAIN if self._has(name)]
        if not parts:
            return []
        tips = [f"I_{name}" for name in parts if self._has(f"I_{name}")]
        bucket = float(self.dataset.attrs.get("BUCKET_MM", -1.0))
        started = self.dataset.attrs.get("SIMULATION_START_DATE", self.dataset.attrs.get("START_DATE"))
        begin = _moment(str(started)) if started else self.times[0]
        since = np.minimum(np.full(len(self.times), begin), self.times)

        def get(row: int, _: Sequence[int]) -> Field:
            total = self._sum(parts, row)
            if bucket > 0 and tips:
                total = total + bucket * self._sum(tips, row)
            return self.horizontal.arranged(total)

        told = f"{self.told}: {' + '.join(parts)}"
        return [Series("precipitation_amount", told, self.times, get, since=since)]

    def _has(self, *names: str) -> bool:
        return all(name in self.dataset.variables for name in names)

    def _first(self, name: str) -> NDArray[Any]:
        variable = self.dataset[name]
        return np.asarray((variable.isel(Time=0) if "Time" in variable.dims else variable).values)

    def _window(self, name: str, row: int, wide: tuple[int, int] = (0, 0), levels: slice | None = None) -> NDArray[Any]:
        """A variable at a time in the rows and columns of the map's window, ``wide`` more of each for staggered."""
        (rows, columns), (up, over) = self.horizontal.window, self.shift[row]
        variable = self.dataset.variables[name]
        at: dict[str, Any] = {"Time": row} if "Time" in variable.dims else {}
        for dim in variable.dims:
            if str(dim).startswith("south_north"):
                at[str(dim)] = slice(rows.start + up, rows.stop + up + wide[0])
            elif str(dim).startswith("west_east"):
                at[str(dim)] = slice(columns.start + over, columns.stop + over + wide[1])
            elif str(dim).startswith("bottom_top") and levels is not None:
                at[str(dim)] = levels
        return np.asarray(variable.isel(at).values)

    def _sum(self, names: Sequence[str], row: int, levels: slice | None = None) -> Field:
        total: Field = np.sum([self._window(name, row, levels=levels) for name in names], axis=0, dtype=np.float64)
        return total

    def _volume(self, name: str, files: tuple[str, ...], offset: float) -> Series:
        def get(row: int, levels: Sequence[int]) -> Field:
            part, rest = _span(levels)
            return self.horizontal.arranged((self._sum(files, row, part) + offset)[rest])

        return self._moving(name, " + ".join(files), get, levels=True)

    def _plane(self, file: str) -> Callable[[int, Sequence[int]], Field]:
        return lambda row, _: self.horizontal.arranged(self._window(file, row))

    def _unstaggered(self, file: str, axis: int) -> Callable[[int, Sequence[int]], Field]:
        """The mean of the values on both sides of the point."""

        def get(row: int, levels: Sequence[int]) -> Field:
            part, rest = _span(levels)
            wide = (1, 0) if axis == -2 else (0, 1)
            faces = self._window(file, row, wide, part).astype(np.float64)
            low, high = (np.delete(faces, end, axis=axis) for end in (-1, 0))
            return self.horizontal.arranged(((low + high) / 2)[rest])

        return get

    def _altitude(self, row: int, levels: Sequence[int]) -> Field:
        part, rest = _span(levels)
        faces = slice(part.start, part.stop + 1)
        phi = self._sum(("PH", "PHB"), row, faces)
        middle = (phi[1:] + phi[:-1]) / (2 * GRAVITY)
        return self.horizontal.arranged(middle[rest])

    def _moving(
        self, name: str, file: str, get: Callable[[int, Sequence[int]], Field], *, levels: bool = False
    ) -> Series:
        return Series(name, f"{self.told}: {file}", self.times, get, self.levels if levels else None)

    def _fixed(self, name: str, file: str, values: Field) -> Series:
        return Series(name, f"{self.told}: {file}", NO_TIMES, lambda *_: values)

    def _times(self) -> Times:
        if self._has("Times"):
            texts = np.atleast_1d(self.dataset["Times"].values)
            return np.array([_moment(t.decode() if isinstance(t, bytes) else str(t)) for t in texts], "datetime64[s]")
        if self._has("XTIME") and self.dataset["XTIME"].dtype.kind == "M":
            return np.atleast_1d(self.dataset["XTIME"].values).astype("datetime64[s]")
        raise ReadError([Fault(self.told, "Times", "is missing", "it tells the hours")])

    def _map(self, lon: NDArray[Any], lat: NDArray[Any], bounds: Bounds | None) -> Horizontal:
        """The points, and unless the file tells it the direction of north."""
        given = self.dataset.attrs
        number = int(given["MAP_PROJ"])
        if number == 6 and float(given.get("POLE_LAT", 90.0)) == 90.0:
            horizontal = of_axes(lon[0], lat[:, 0], bounds, self.told)
            self.north = np.zeros(horizontal.lon.shape)
            return horizontal
        if number not in (1, 2, 3):
            right = "read are Lambert (1), polar (2), Mercator (3) and unrotated longitude and latitude (6)"
            raise ReadError([Fault(self.told, "MAP_PROJ", f"is {number}, {given.get('MAP_PROJ_CHAR', '')}", right)])
        true, other, standing = (float(given[name]) for name in ("TRUELAT1", "TRUELAT2", "STAND_LON"))
        pole = math.copysign(90.0, true)
        sphere = {"R": EARTH_RADIUS, "lon_0": standing}
        cone = Projection(true, other, float(given["MOAD_CEN_LAT"]), standing) if number == 1 else None
        forward: Callable[..., tuple[Field, Field]]
        if cone is not None:
            crs, forward = cone.cf(), cone.forward
        elif number == 2:
            forward = Proj({"proj": "stere", "lat_0": pole, "lat_ts": true, **sphere})
            crs = {
                "grid_mapping_name": "polar_stereographic",
                "straight_vertical_longitude_from_pole": standing,
                "latitude_of_projection_origin": pole,
                "standard_parallel": true,
                "earth_radius": EARTH_RADIUS,
            }
        else:
            forward = Proj({"proj": "merc", "lat_ts": true, **sphere})
            crs = {
                "grid_mapping_name": "mercator",
                "longitude_of_projection_origin": standing,
                "standard_parallel": true,
                "earth_radius": EARTH_RADIUS,
            }
        x, y = forward(lon, lat)
        self._regular(x, y)
        still = self._common(forward, x, y)
        east, north = np.mean(x, axis=0)[still[1]], np.mean(y, axis=1)[still[0]]
        horizontal = of_planes(lon[still], lat[still], east, north, crs, bounds, self.told)
        if cone is not None:
            self.north = cone.north(*np.meshgrid(horizontal.x, horizontal.y))
        else:
            turn = np.deg2rad((horizontal.lon - standing + 180) % 360 - 180)
            self.north = math.copysign(1, true) * turn if number == 2 else np.zeros(turn.shape)
        return horizontal

    def _common(self, forward: Callable[..., tuple[Field, Field]], x: Field, y: Field) -> tuple[slice, slice]:
        """The rows and columns of the first time that a nest that moves covers at all times."""
        whole = slice(0, x.shape[0]), slice(0, x.shape[1])
        if "Time" not in self.dataset["XLAT"].dims:
            return whole
        corners = [self.dataset[name].values[:, 0, 0] for name in ("XLONG", "XLAT")]
        moved = np.stack(forward(*corners), axis=1) - (x[0, 0], y[0, 0])
        cells = np.round(moved / float(self.dataset.attrs["DX"])).astype(int)[:, ::-1]
        if not cells.any():
            return whole
        first, last = cells.max(axis=0), np.array(x.shape) + cells.min(axis=0)
        if np.any(last - first < 2):
            raise ReadError([Fault(self.told, "XLAT", "moves away with time", "give times at which the nest overlaps")])
        self.shift = first - cells
        self.notes.append(
            f"{self.told}: the nest moves; read is what it covers at all times, {last[0] - first[0]} x "
            f"{last[1] - first[1]} of {x.shape[0]} x {x.shape[1]} points"
        )
        return slice(first[0], last[0]), slice(first[1], last[1])

    def _regular(self, x: Field, y: Field) -> None:
        """Refuse points that do not lie ``DX`` apart on the map: a mean of faces is no value between them then."""
        wanted = float(self.dataset.attrs["DX"])
        steps = [np.diff(along, axis=axis) for along, axis in ((x, 1), (y, 0))]
        if any(np.any(np.abs(step - wanted) > 0.05 * wanted) for step in steps):
            found = " and ".join(f"{np.median(step):.0f}" for step in steps)
            value = f"lie {found} m apart on the map of the file"
            right = f"they must lie DX, {wanted:.0f} m, apart: give the file as WRF wrote it, or a whole part of it"
            raise ReadError([Fault(self.told, "XLONG, XLAT", value, right)])


def _span(levels: Sequence[int]) -> tuple[slice, list[int]]:
    """The levels to read, and which of them are wanted."""
    first = min(levels)
    return slice(first, max(levels) + 1), [k - first for k in levels]


def _moment(text: str) -> np.datetime64:
    """A time as WRF writes it, ``2016-12-01_06:00:00``."""
    return np.datetime64(text.strip("\0 ").replace("_", "T"), "s")
