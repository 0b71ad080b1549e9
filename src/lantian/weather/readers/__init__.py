"""Files of weather models in, one canonical dataset out: WRF, ECMWF and GFS GRIB, ERA5 NetCDF, plain CF NetCDF.

`read` joins any number of files: hours one after the other, levels and surface side by side. What a file lacks is
derived from what it has; what cannot be is told, with what would help. Values are read one moment at a time, when
they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lantian.weather.readers import netcdf, wrf
from lantian.weather.readers.assemble import Assembly, assemble, variables
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.files import form, opened
from lantian.weather.readers.horizontal import Bounds
from lantian.weather.readers.terms import Source

__all__ = ["KINDS", "Fault", "Look", "ReadError", "look", "read"]

KINDS: Final = ("wrf", "grib", "era5", "cf")
"""Kinds of files: WRF output, GRIB of ECMWF or GFS, ECMWF's NetCDF, NetCDF by the CF conventions."""

Paths = str | Path | Sequence[str | Path]
Box = tuple[float, float, float, float]


def read(paths: Paths, *, kind: str | None = None, bounds: Box | None = None) -> xr.Dataset:
    """The canonical fields (`lantian.weather.canonical`) of one or several files, read when values are asked for.

    Files may hold different hours, or levels and surface apart; they must have the same points. ``kind``: one of
    `KINDS` where looking at the files should not decide. ``bounds``: (west, south, east, north) in degrees, around
    which is read, one point more on each side. Times are those whole hours that all needed variables have.
    Values are float32; each moment's are checked when it is read, the first one's at once. ``notes`` among the
    dataset's attributes says what was assumed or left out; ``x``, ``y`` and ``crs`` tell the grid's own axes.

    Raises:
        ReadError: a needed field is missing and cannot be derived, files do not fit together, a value is out of its
            bounds; ``faults`` names file, variable, value and what would be right.
        FileNotFoundError: no such file.
        ValueError: an unknown kind, or bounds that enclose nothing.
        RuntimeError: ecCodes, which GRIB needs, is not installed.
    """
    found = _assembly(paths, kind, bounds)
    try:
        return found.dataset()
    except ReadError:
        found.source.close()
        raise


@dataclass(frozen=True)
class Look:
    """What files hold. ``variables``: of each canonical one ``name``, ``needed``, ``state``, ``from``, ``read``.

    A ``state`` is ``given``, ``derived`` (``from`` other quantities of the files), ``later`` (`downscale` derives it
    ``from`` others) or ``missing``; ``read``: files and the names in them. ``times`` are whole hours of universal time.
    """

    kind: str
    files: tuple[str, ...]
    grid: str
    bounds: Box
    points: tuple[int, int]
    vertical: str | None
    levels: int
    times: NDArray[np.datetime64]
    variables: tuple[Mapping[str, object], ...]
    unused: tuple[str, ...]
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]


def look(paths: Paths, *, kind: str | None = None, bounds: Box | None = None) -> Look:
    """What `read` would make of the files, without their values.

    Raises:
        ReadError: they cannot be understood at all; what is merely missing is among the result's ``faults``.
        FileNotFoundError: no such file.
        ValueError: an unknown kind, or bounds that enclose nothing.
    """
    found = _assembly(paths, kind, bounds)
    source, plane = found.source, found.source.horizontal
    try:
        extent = (plane.lon.min(), plane.lat.min(), plane.lon.max(), plane.lat.max())
        return Look(
            source.kind,
            source.files,
            str(plane.crs.get("grid_mapping_name", "unknown")),
            tuple(round(float(value), 4) for value in extent),  # type: ignore[arg-type]
            (plane.lat.shape[0], plane.lat.shape[1]),
            source.vertical.kind if source.vertical else None,
            len(found.levels),
            found.times,
            tuple(variables(found)),
            tuple(source.unused),
            tuple(found.notes),
            tuple(found.faults),
        )
    finally:
        source.close()


def _assembly(paths: Paths, kind: str | None, bounds: Box | None) -> Assembly:
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind {kind!r}: expected one of {', '.join(KINDS)}")
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    if not files:
        raise ValueError("no file was given")
    box = Bounds.of(bounds) if bounds is not None else None
    with ExitStack() as opened_files:  # those of a set that is refused are closed
        gribs = [file for file in files if kind == "grib" or (kind is None and form(file) == "grib")]
        parts = [_grib(gribs, box)] if gribs else []
        for file in files:
            if file not in gribs:
                dataset = opened(file)
                opened_files.callback(dataset.close)
                parts.append(_netcdf(dataset, file.name, kind, box))
        sources = [part for of_file in parts for part in of_file]
        found = assemble(sources)
        opened_files.pop_all()
    return found


def _netcdf(dataset: xr.Dataset, told: str, kind: str | None, bounds: Bounds | None) -> list[Source]:
    """What a NetCDF file holds, of a kind that is found by looking where it is not told."""
    if kind is None:
        kind = "wrf" if wrf.recognises(dataset) else "era5" if netcdf.recognises_era5(dataset) else "cf"
    return [wrf.read(dataset, told, bounds)] if kind == "wrf" else netcdf.read(dataset, told, kind, bounds)


def _grib(paths: Sequence[Path], bounds: Bounds | None) -> list[Source]:
    try:
        from lantian.weather.readers import grib  # its library is large, and only GRIB needs it
    except (ModuleNotFoundError, RuntimeError) as error:  # the latter where the package lacks its C library
        sentence = f'GRIB is read by ecCodes, which is missing ({error}): pip install "lantian[model]"'
        raise RuntimeError(sentence) from error
    for path in paths:
        if form(path) != "grib":
            raise ReadError([Fault(path.name, "", "is no GRIB file", "leave out the kind, or give a GRIB file")])
    return grib.read(paths, bounds)
