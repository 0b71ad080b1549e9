"""NetCDF: ERA5 as the Climate Data Store gives it, in its old and new names, and plain files by the CF conventions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final

import numpy as np
import xarray as xr

from lantian.weather.readers import axes, names, units
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.horizontal import Bounds
from lantian.weather.readers.names import Meaning
from lantian.weather.readers.terms import NO_TIMES, TERMS, Field, Series, Source, Times, Vertical

_ECMWF: Final = ("ECMWF", "European Centre", "grib_to_netcdf", "cfgrib")
_HOUR: Final = np.timedelta64(3600, "s")
_SURFACE_ONLY: Final = ("log_surface_air_pressure", "geopotential")
"""What ECMWF gives on the first model level although it is the surface's."""


def recognises_era5(dataset: xr.Dataset) -> bool:
    """Whether a NetCDF file comes from ECMWF's GRIB: short names, downward fluxes positive, sums since the step."""
    history = " ".join(str(value) for value in dataset.attrs.values())
    variables = [dataset[name] for name in dataset.data_vars if _short(dataset[name]) in names.SHORT]
    marked = any("GRIB_paramId" in v.attrs or "**" in str(v.attrs.get("units", "")) for v in variables)
    return bool(variables) and (marked or any(word in history for word in _ECMWF))


def read(dataset: xr.Dataset, told: str, kind: str, bounds: Bounds | None = None) -> list[Source]:
    """What one file holds, its values not read yet; one source for each kind of levels.

    ``told``: its name; ``kind``: ``era5`` or ``cf``.

    Raises:
        ReadError: no places or times, or units that are not understood.
    """
    return File(axes.alone(dataset, told), told, kind, bounds, dataset.close).sources()


class File:
    """One file."""

    def __init__(
        self, dataset: xr.Dataset, told: str, kind: str, bounds: Bounds | None, close: Callable[[], None]
    ) -> None:
        self.dataset, self.told, self.kind, self.close = dataset, told, kind, close
        self.clock = axes.clock(dataset, told)
        self.horizontal, self.plane = axes.horizontal(dataset, bounds, told)
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self._levels: dict[Hashable, axes.Levels] = {}

    def sources(self) -> list[Source]:
        """The quantities by the levels on which they lie."""
        found: dict[Hashable | None, dict[str, Series]] = {}
        unused = []
        coordinates = {str(name) for name in self.dataset.coords}
        for name in map(str, self.dataset.variables):
            variable = self.dataset[name]
            if name in coordinates and name not in names.STANDARD and not self._canonical(name):
                continue
            if variable.dtype.kind not in "fiu" or not set(self.plane) <= set(variable.dims):
                continue
            meaning = self._meaning(variable)
            series = self._series(variable, meaning) if meaning else None
            if series is None:
                unused.append(name)
            else:
                dim, one = series
                found.setdefault(dim, {})[one.name] = one
        if self.faults:
            raise ReadError(self.faults)
        planes = found.pop(None, {})
        if any("x_wind" in part for part in found.values()):
            north = axes.north(self.horizontal)
            told = f"{self.told}: {', '.join(map(str, self.plane))}"
            planes["north_of_grid"] = Series("north_of_grid", told, NO_TIMES, lambda *_: north)
        parts: list[tuple[Vertical | None, dict[str, Series]]] = [(None, planes)]
        parts += [(self._levels[dim].vertical, part) for dim, part in found.items() if dim is not None]
        return [
            Source(self.kind, (self.told,), self.horizontal, vertical, part, self.notes, unused, self.close)
            for vertical, part in parts
        ]

    def _canonical(self, name: str) -> bool:
        return name in TERMS and set(self.plane) <= set(self.dataset[name].dims)

    def _meaning(self, variable: xr.DataArray) -> Meaning | None:
        """What a variable is; None for what weather does not need."""
        short, standard = _short(variable), str(variable.attrs.get("standard_name", ""))
        if self.kind == "era5":
            return names.SHORT.get(short)
        name = names.STANDARD.get(standard) or (str(variable.name) if str(variable.name) in TERMS else None)
        if name is None:
            return None
        methods = str(variable.attrs.get("cell_methods", ""))
        added = name.startswith("integral_of_") or name == "precipitation_amount" or "time: sum" in methods
        return Meaning(name, "sum" if added else "mean" if "time: mean" in methods else "instant")

    def _series(self, variable: xr.DataArray, meaning: Meaning) -> tuple[Hashable | None, Series] | None:
        """A variable with the dimension of its levels, if it has levels."""
        dim = self._level_dim(variable)
        if dim is not None and variable.sizes[dim] == 1 and meaning.name in _SURFACE_ONLY and self._counted(dim):
            variable, dim = variable.isel({dim: 0}), None
        name = meaning.name
        if dim is None and TERMS[name].volume:
            if not self._near_surface(variable, name):
                return None
            name = names.NEAR[name]
        if dim is not None and not TERMS[name].volume:
            return None
        moving = self.clock.dim is None or self.clock.dim in variable.dims
        times = self.clock.times if moving and not TERMS[name].fixed else NO_TIMES
        if not times.size and not TERMS[name].fixed:
            return None
        get = self._reader(variable, name, dim)
        since = None
        if meaning.over != "instant":
            since, times = self._since(times)
        keys = self._of(dim).keys if dim is not None else None
        told = f"{self.told}: {variable.name}"
        return dim, Series(name, told, times, get, keys, since, meaning.over == "mean")

    def _since(self, times: Times) -> tuple[Times, Times]:
        """Where intervals begin, and where they end."""
        if self.clock.since is not None:
            return self.clock.since, self.clock.ends
        if self.kind == "era5":
            return times - _HOUR, times
        gaps = np.diff(times)
        before = np.concatenate([gaps[:1], gaps]) if gaps.size else np.array([_HOUR])
        self.notes.append(f"{self.told}: sums and means are taken to be over the step before, as time has no bounds")
        return times - before, times

    def _reader(self, variable: xr.DataArray, name: str, dim: Hashable | None) -> Callable[[int, Sequence[int]], Field]:
        """What gives values at a time, north and ground up, in our unit; a fault where its unit is not understood."""
        given, wanted = str(variable.attrs.get("units", "")), TERMS[name].unit
        scale = units.scale(given, wanted)
        if scale is None or ("units" not in variable.attrs and wanted != "1"):
            value = f"is in {given!r}" if given else "has no units"
            right = f"it must be in one of {units.understood(wanted)}"
            self.faults.append(Fault(self.told, str(variable.name), value, right))
            scale = units.Scale()
        factor, offset = scale
        rows, columns = self.horizontal.window
        order = self._of(dim).order if dim is not None else ()
        inner = variable.variable
        still = [d for d in inner.dims if d not in (self.clock.dim, dim, *self.plane)]

        def get(row: int, levels: Sequence[int]) -> Field:
            at: dict[Hashable, int | slice] = {self.plane[0]: rows, self.plane[1]: columns}
            at |= dict.fromkeys(still, 0)
            if self.clock.dim in inner.dims and self.clock.dim is not None:
                at[self.clock.dim] = row
            wanted = [order[k] for k in levels]
            if wanted:
                at[dim] = slice(min(wanted), max(wanted) + 1)
            dims = [d for d in (dim, *self.plane) if d is not None]
            values = inner.isel(at).transpose(*dims).values
            if wanted:
                values = values[[k - min(wanted) for k in wanted]]
            return self.horizontal.arranged(values) * factor + offset

        return get

    def _level_dim(self, variable: xr.DataArray) -> Hashable | None:
        rest = [d for d in variable.dims if d != self.clock.dim and d not in self.plane]
        if len(rest) > 1:
            value = f"has the dimensions {', '.join(map(str, variable.dims))}"
            right = "it must have a time, a level at most, and two for the place"
            self.faults.append(Fault(self.told, str(variable.name), value, right))
        return rest[0] if rest else None

    def _of(self, dim: Hashable) -> axes.Levels:
        if dim not in self._levels:
            self._levels[dim] = axes.levels(self.dataset, dim, self.told, lambda: self._column(dim))
        return self._levels[dim]

    def _column(self, dim: Hashable) -> Field | None:
        """Pressures of one column, where the file has them, or heights turned round."""
        for name, sign in (("air_pressure", 1.0), ("height", -1.0), ("altitude", -1.0)):
            for variable in self.dataset.variables.values():
                if variable.attrs.get("standard_name") == name and dim in variable.dims and variable.ndim > 1:
                    return sign * np.asarray(variable.isel({d: 0 for d in variable.dims if d != dim}).values)
        return None

    def _counted(self, dim: Hashable) -> bool:
        """Whether levels are those of a model."""
        return self._of(dim).vertical.kind in ("hybrid", "model")

    def _near_surface(self, variable: xr.DataArray, name: str) -> bool:
        """Whether a quantity without levels is that near the ground, at 2 or 10 m; ECMWF has other names for those."""
        scalars = [one for one in variable.coords.values() if one.ndim == 0]
        if self.kind == "era5":
            return name == "geopotential" and not any(units.scale(str(c.attrs.get("units")), "Pa") for c in scalars)
        if name not in names.NEAR:
            return False
        heights = [float(one) for one in scalars if one.attrs.get("standard_name") == "height"]
        return all(height in (2.0, 10.0) for height in heights)


def _short(variable: xr.DataArray) -> str:
    """Its short name at ECMWF."""
    name = str(variable.name)
    return str(variable.attrs.get("GRIB_shortName", names.NETCDF.get(name, name)))
