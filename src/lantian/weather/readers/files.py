"""Opening files: what they are by their first bytes, and NetCDF of either kind."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import xarray as xr

from lantian.weather.readers.faults import Fault, ReadError

_PACKED: Final = {b"PK\x03\x04": "a ZIP archive", b"\x1f\x8b": "a gzip file", b"BZh": "a bzip2 file"}


def form(path: Path) -> str:
    """``netcdf3``, ``netcdf4`` or ``grib``, by looking.

    Raises:
        FileNotFoundError: nothing is there.
        ReadError: it is none of these.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}")
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(0)
        early = file.read(4096)
    if start.startswith((b"CDF\x01", b"CDF\x02")):
        return "netcdf3"
    if start.startswith(b"\x89HDF\r\n"):
        return "netcdf4"
    if b"GRIB" in early:  # bulletins have a heading before it
        return "grib"
    right = "weather is read from NetCDF (3 or 4) and GRIB (1 or 2)"
    for magic, what in _PACKED.items():
        if start.startswith(magic):
            raise ReadError([Fault(path.name, "", f"is {what}", f"unpack it and give the files in it; {right}")])
    if start.startswith(b"CDF\x05"):
        raise ReadError([Fault(path.name, "", "is NetCDF with 64-bit data (CDF-5)", "turn it into NetCDF-4 by nccopy")])
    raise ReadError([Fault(path.name, "", f"begins with {start!r}", right)])


def opened(path: Path) -> xr.Dataset:
    """A NetCDF file, lazily, its times decoded.

    Raises:
        FileNotFoundError: nothing is there.
        ReadError: it is damaged, or no NetCDF file.
    """
    kind = form(path)
    if kind == "grib":
        raise ReadError([Fault(path.name, "", "is a GRIB file", "leave out the kind, or give a NetCDF file")])
    try:
        engine: Literal["scipy", "h5netcdf"] = "scipy" if kind == "netcdf3" else "h5netcdf"
        return xr.open_dataset(path, engine=engine, decode_timedelta=False)
    except (OSError, ValueError, TypeError) as error:
        sentence = str(error).splitlines()[0] if str(error) else type(error).__name__
        fault = Fault(path.name, "", f"cannot be opened ({sentence})", "it must be a whole NetCDF file")
        raise ReadError([fault]) from error
