"""Files of MEIC 清单, the Multi-resolution Emission Inventory for China: one a month, sector and species.

Named ``2016_01__residential__PM25.nc`` (or ``.asc``), t a month in each cell of 0.25 degrees. The NetCDF is that of
GMT: ``x_range``, ``y_range``, ``dimension`` and one row of values from the north-west; the text is an ESRI ASCII grid.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from lantian.emissions.collected import Collected
from lantian.emissions.sectors import species_of
from lantian.places import netcdf
from lantian.places.grid import Field

_NAME: Final = re.compile(
    r"(?P<year>\d{4})_+(?P<month>\d{2})_+(?P<sector>[a-z]+)_+(?P<species>[A-Za-z0-9.]+)\.(nc|asc)$"
)
_SECTORS: Final = {
    "power": "power", "industry": "industry", "residential": "residential", "transportation": "transport",
    "agriculture": "agriculture",
}  # fmt: skip
_LEFT_OUT: Final = ("CO2",)
Cells = tuple[Field, Field, Field]


def files(path: Path) -> list[Path]:
    """The files of a folder, or the one file, whose names are MEIC's."""
    return [file for file in ([path] if path.is_file() else sorted(path.rglob("*"))) if _NAME.search(file.name)]


def read(file: Path, year: int | None, into: Collected) -> int:
    """Add one file; its year.

    Raises:
        ValueError: the sector is unknown, the year another than ``year``, or the content no such grid.
    """
    match = _NAME.search(file.name)
    if match is None:
        raise ValueError(f"{file}: expected a name such as 2016_01__residential__PM25.nc")
    if year is not None and int(match["year"]) != year:
        raise ValueError(f"{file}: of {match['year']}, the others of {year}; expected one year")
    if match["sector"] not in _SECTORS:
        raise ValueError(f"{file}: sector {match['sector']!r}; expected one of {', '.join(_SECTORS)}")
    species = species_of(match["species"])
    if species is None:
        into.notes.append(f"{file.name}: {match['species']} is no species of an inventory here; left out")
        return int(match["year"])
    lon, lat, amount = _ascii(file) if file.suffix == ".asc" else _netcdf(file)
    into.add(lon, lat, _SECTORS[match["sector"]], species, int(match["month"]), amount)
    return int(match["year"])


def _ascii(file: Path) -> Cells:
    head: dict[str, float] = {}
    with file.open(encoding="ascii", errors="strict") as text:
        lines = text.read().splitlines()
    while len(head) < 6 and lines and (parts := lines[0].split()) and parts[0][0].isalpha():
        head[parts[0].lower()] = float(parts[1])
        lines.pop(0)
    if missing := {"ncols", "nrows", "cellsize"} - head.keys():
        raise ValueError(f"{file}: {', '.join(sorted(missing))} missing; expected an ESRI ASCII grid")
    nx, ny, size = int(head["ncols"]), int(head["nrows"]), head["cellsize"]
    # a grid may name the corner of its lower left cell or its middle
    west, south = (head.get(f"{a}llcorner", head.get(f"{a}llcenter", 0.0) - size / 2) for a in "xy")
    values = np.array(" ".join(lines).split(), dtype=np.float64)
    if values.size != nx * ny:
        raise ValueError(f"{file}: {values.size} values; expected {ny} x {nx}")
    amount = values.reshape(ny, nx)[::-1]
    amount = np.where(amount == head.get("nodata_value", -9999.0), 0.0, amount)
    lon, lat = (np.asarray(low + size * np.arange(n + 1), np.float64) for low, n in ((west, nx), (south, ny)))
    return lon, lat, amount


def _netcdf(file: Path) -> Cells:
    with netcdf.opened(file) as data:
        if {"x_range", "y_range", "z"} <= set(map(str, data.variables)):
            (west, east), (south, north) = data["x_range"].values, data["y_range"].values
            nx, ny = (int(n) for n in data["dimension"].values)
            amount = np.asarray(data["z"].values, np.float64).reshape(ny, nx)[::-1]
            lon, lat = np.linspace(west, east, nx + 1), np.linspace(south, north, ny + 1)
            return lon, lat, np.nan_to_num(amount)
        return plain(file, data)


def plain(file: Path, data: xr.Dataset) -> Cells:
    """One field over latitude and longitude, turned to rise along both; missing values are 0.

    Raises:
        ValueError: there is not just one such field.
    """
    lon = next((n for n in ("lon", "longitude", "x") if n in data.variables), None)
    lat = next((n for n in ("lat", "latitude", "y") if n in data.variables), None)
    fields = [str(n) for n, v in data.data_vars.items() if {lon, lat} <= set(v.dims)]
    if lon is None or lat is None or len(fields) != 1:
        raise ValueError(f"{file}: expected one field over lat and lon; found {', '.join(map(str, data.variables))}")
    rows = data[fields[0]].squeeze(drop=True).transpose(..., lat, lon)
    longitudes = np.asarray(data[lon].values, np.float64)
    if longitudes.max() > 180:
        rows = rows.assign_coords({lon: np.where(longitudes > 180, longitudes - 360, longitudes)})
    rows = rows.sortby([lat, lon])
    return _edges(rows[lon].values), _edges(rows[lat].values), np.nan_to_num(np.asarray(rows.values, np.float64))


def _edges(middles: Field) -> Field:
    middles = np.asarray(middles, np.float64)
    size = np.median(np.diff(middles))
    return np.append(middles - size / 2, middles[-1] + size / 2)
