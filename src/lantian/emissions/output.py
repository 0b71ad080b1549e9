"""The hours as a file: NetCDF or Zarr, written hour by hour and counted while they are written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import h5netcdf
import numpy as np
import xarray as xr
import zarr

from lantian.emissions.factors import Factors
from lantian.emissions.hours import Prepared
from lantian.emissions.ledger import Entry

Progress = Callable[[int, int, str], None]

_DIMS: Final = ("time", "layer", "y", "x")


def write(
    prepared: Prepared,
    path: Path,
    *,
    factors: Factors | None = None,
    sectors: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Write the hours to a ``.nc`` or ``.zarr``; the kg of each species in them.

    The file is written beside and renamed, so half a file never stands there. Without factors what was written is
    compared with what annual amounts and shares make (step ``hours`` of the ledger).

    Raises:
        ValueError: another ending.
        FileExistsError: something is there already.
        ConservationError: the hours do not add up.
    """
    if path.suffix not in (".nc", ".zarr"):
        raise ValueError(f"{path}: expected a name that ends in .nc or .zarr")
    if path.exists():
        raise FileExistsError(f"{path}: is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = prepared.dataset(factors, sectors)
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        totals = (_netcdf if path.suffix == ".nc" else _zarr)(prepared, dataset, part, progress)
        if factors is None:
            _compare(prepared, prepared.expected(sectors), totals)
        part.rename(path)
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        part.unlink(missing_ok=True)
    return totals


def _compare(prepared: Prepared, expected: dict[str, float], totals: dict[str, float]) -> None:
    for name, kg in expected.items():
        hours = f"{len(prepared.times)} hours"
        prepared.ledger.add(Entry("hours", name, kg / 1000, totals[name] / 1000, 0.0, "t", hours))


def _base(prepared: Prepared, dataset: xr.Dataset) -> xr.Dataset:
    """Coordinates and attributes, without the species."""
    return dataset.drop_vars(list(prepared.names))


def _hours(prepared: Prepared, dataset: xr.Dataset, put: Any, progress: Progress | None) -> dict[str, float]:
    """Give every hour of every species to ``put``, hour by hour; the kg of each."""
    totals = dict.fromkeys(prepared.names, 0.0)
    count = len(prepared.times)
    for at in range(count):
        for name in prepared.names:
            values = dataset.variables[name][at].values
            totals[name] += float(values.sum(dtype=np.float64)) * 3600
            put(name, at, values)
        if progress:
            progress(at + 1, count, "hours 逐时排放")
    return totals


def _netcdf(prepared: Prepared, dataset: xr.Dataset, path: Path, progress: Progress | None) -> dict[str, float]:
    _base(prepared, dataset).to_netcdf(path, engine="h5netcdf")
    with h5netcdf.File(path, "a") as file:
        file.dimensions["layer"] = prepared.layers
        shape = tuple(dataset.sizes[dim] for dim in _DIMS)
        made = {}
        for name in prepared.names:
            made[name] = file.create_variable(
                name, _DIMS, np.float32, chunks=(1, *shape[1:]), compression="gzip", compression_opts=1, shuffle=True
            )
            made[name].attrs.update(dataset[name].attrs)

        def put(name: str, at: int, values: Any) -> None:
            made[name][at] = values

        return _hours(prepared, dataset, put, progress)


def _zarr(prepared: Prepared, dataset: xr.Dataset, path: Path, progress: Progress | None) -> dict[str, float]:
    _base(prepared, dataset).to_zarr(path, zarr_format=3, consolidated=False)
    group = zarr.open_group(path, mode="r+")
    shape = tuple(dataset.sizes[dim] for dim in _DIMS)
    made = {
        name: group.create_array(
            name,
            shape=shape,
            chunks=(1, *shape[1:]),
            dtype="float32",
            fill_value=0.0,
            dimension_names=_DIMS,
            attributes=dict(dataset[name].attrs),
        )
        for name in prepared.names
    }

    def put(name: str, at: int, values: Any) -> None:
        made[name][at] = values

    return _hours(prepared, dataset, put, progress)
