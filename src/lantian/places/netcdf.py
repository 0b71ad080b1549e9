"""NetCDF files that people bring: terrain, proxies, other people's inventories."""

from __future__ import annotations

from pathlib import Path

import xarray as xr


def opened(path: Path) -> xr.Dataset:
    """A NetCDF file, lazily: NetCDF 4, or NetCDF 3 as GDAL and GMT write it where nothing else is asked for.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no NetCDF file, or cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start not in (b"\x89HDF", b"CDF\x01", b"CDF\x02"):
        raise ValueError(f"{path}: begins with {start!r}; expected a NetCDF file, version 3 or 4")
    try:
        return xr.open_dataset(path, engine="h5netcdf" if start == b"\x89HDF" else "scipy")
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path}: cannot be read as NetCDF ({str(error) or type(error).__name__})") from error
