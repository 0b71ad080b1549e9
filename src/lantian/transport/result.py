"""What a run gives: hourly means at the ground, the state at its end, and the budget of every species.

A time coordinate is the beginning of its hour (UTC); ``time_bounds`` says both ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import xarray as xr
import zarr
from numpy.typing import ArrayLike, NDArray

from lantian.places.grid import Domain, Field
from lantian.transport.checkpoint import to_disk

CLOSURE: Final = 1e-4
"""What a budget may miss, of the largest of burden and throughput."""
UNITS: Final = {"pm25": "ug m-3", "pm10": "ug m-3", "so2": "ug m-3", "no2": "ug m-3", "o3": "ug m-3", "co": "mg m-3"}
"""The six pollutants (六项污染物) and their units in the national standard."""
_SUBSTANCE: Final = {
    "pm25": "pm2p5_ambient_aerosol_particles",
    "pm10": "pm10_ambient_aerosol_particles",
    "so2": "sulfur_dioxide",
    "no2": "nitrogen_dioxide",
    "o3": "ozone",
    "co": "carbon_monoxide",
}
_STATE_UNITS: Final = {"units": "ug kg-1", "long_name": "mass mixing ratio in air"}
_STATE: Final = ("z", "species", "y", "x")


@dataclass(frozen=True, eq=False)
class Run:
    """The result of `Model.run`."""

    mean: xr.Dataset
    """hourly means in the lowest layer: ``concentration`` (time, species, y, x) in ug m-3; ``pm25``, ``pm10``,
    ``so2``, ``no2``, ``o3`` in ug m-3 and ``co`` in mg m-3 (time, y, x), those that the carried species give, at
    ambient temperature and pressure, particles dry"""
    end: xr.DataArray
    """(z, species, y, x) mixing ratio at the end, ug kg-1; as a start it continues the run"""
    budget: xr.Dataset
    """``gain`` (process, species, time) kg, a loss negative; ``burden`` (species, time) kg at the end of each hour and
    ``burden_begin`` (species); ``throughput`` and ``closure`` (species), see `closure`; ``steps`` and ``courant``"""
    fields_path: Path | None = None
    """where the fields of each whole hour stand, if they were kept"""

    @property
    def steps(self) -> xr.DataArray:
        """(time,) transport steps in each five minutes."""
        return self.budget["steps"]

    @property
    def courant(self) -> xr.DataArray:
        """(time,) largest share of a cell's air that one sweep sends away."""
        return self.budget["courant"]

    @property
    def fields(self) -> xr.Dataset:
        """``mixing_ratio`` (time, z, species, y, x) ug kg-1 at the whole hours, n + 1 of them; read when it is used.

        Raises ``ValueError`` when the run did not keep them.
        """
        if self.fields_path is None:
            raise ValueError("this run kept no fields; run it with keep_fields and a path")
        return xr.open_dataset(self.fields_path, engine="zarr", consolidated=False)

    def save(self, path: str | Path) -> None:
        """Write mean, end and budget as groups of one Zarr folder, or of one NetCDF file for a name that ends in .nc.

        What stands there is replaced. NetCDF needs the package h5netcdf.
        """
        groups = {"mean": self.mean, "end": self.end.to_dataset(), "budget": self.budget}
        tree = xr.DataTree.from_dict({name: _plain(group) for name, group in groups.items()})
        if Path(path).suffix == ".nc":
            tree.to_netcdf(path, engine="h5netcdf")
        else:
            tree.to_zarr(path, mode="w", zarr_format=3, consolidated=False)


def open_run(path: str | Path) -> Run:
    """A run that `Run.save` wrote; its arrays are read when they are used."""
    netcdf = Path(path).suffix == ".nc"
    options: dict[str, Any] = {"engine": "h5netcdf"} if netcdf else {"engine": "zarr", "consolidated": False}
    groups = {name: xr.open_dataset(path, group=name, **options) for name in ("mean", "end", "budget")}
    return Run(groups["mean"], groups["end"]["mixing_ratio"], groups["budget"])


def closure(begin: ArrayLike, gain: ArrayLike, end: ArrayLike) -> tuple[Field, Field]:
    """Throughput (kg) and closure (1) of each species.

    ``begin`` and ``end`` (species,) burdens in kg, ``gain`` (time, process, species) kg. The throughput is the larger
    of all that came and all that went; the closure is ``|begin + sum of gains - end|`` over the largest of both burdens
    and the throughput, zero where nothing ever was.
    """
    begin, gain, end = (np.asarray(part, np.float64) for part in (begin, gain, end))
    came, went = np.maximum(gain, 0).sum((0, 1)), -np.minimum(gain, 0).sum((0, 1))
    missing = np.abs(begin + gain.sum((0, 1)) - end)
    scale = np.max([begin, end, came, went], axis=0)
    return np.maximum(came, went), np.divide(missing, scale, out=np.zeros_like(missing), where=scale > 0)


@dataclass(frozen=True)
class Frame:
    """The coordinates of a run's results, and how they are put together."""

    domain: Domain
    species: tuple[str, ...]
    pollutants: tuple[str, ...]
    processes: tuple[str, ...]
    times: NDArray[np.datetime64]
    """(hours + 1,)"""

    def run(self, hours: Mapping[str, NDArray[Any]], q: ArrayLike, fields: Path | None) -> Run:
        """Put the ``hours`` together, by name arrays with the hour as first axis; ``q`` is the state at the end."""
        return Run(self._mean(hours), self._end(q), self._budget(hours), fields)

    def grid(self, dims: Sequence[str]) -> xr.Dataset:
        """The coordinates of the grid, its levels and species, as far as ``dims`` need them."""
        grid = self.domain.grid.dataset().drop_vars(["cell_area", "map_factor"])
        if "z" in dims:
            faces = np.array(self.domain.levels.faces)
            attributes = {"units": "m", "long_name": "height of the layer's middle over the lowest ground"}
            grid = grid.assign_coords(z=("z", (faces[1:] + faces[:-1]) / 2, attributes))
        return grid.assign_coords(species=list(self.species)) if "species" in dims else grid

    def _hourly(self, grid: xr.Dataset) -> xr.Dataset:
        bounds = np.stack([self.times[:-1], self.times[1:]], axis=1)
        attributes = {"standard_name": "time", "bounds": "time_bounds", "long_name": "beginning of the hour, UTC"}
        hourly = grid.assign_coords(
            time=("time", self.times[:-1], attributes), time_bounds=(("time", "bounds"), bounds)
        )
        for name in ("time", "time_bounds"):
            hourly[name].encoding["units"] = f"hours since {np.datetime_as_string(self.times[0], unit='s')}"
        return hourly

    def _mean(self, hours: Mapping[str, NDArray[Any]]) -> xr.Dataset:
        mean = self._hourly(self.grid(("time", "species", "y", "x")))
        common = {"cell_methods": "time: mean", "grid_mapping": "crs"}
        told = {"units": "ug m-3", "long_name": "concentration in the lowest layer, as it is carried"}
        mean["concentration"] = (("time", "species", "y", "x"), hours["mean"], told | common)
        for number, name in enumerate(self.pollutants):
            told = {"units": UNITS[name], "standard_name": f"mass_concentration_of_{_SUBSTANCE[name]}_in_air"}
            if name.startswith("pm"):
                told["comment"] = "dry mass"
            mean[name] = (("time", "y", "x"), hours["pollutants"][:, number], told | common)
        return mean

    def _end(self, q: ArrayLike) -> xr.DataArray:
        grid = self.grid(_STATE).assign_coords(time=((), self.times[-1], {"standard_name": "time"}))
        attributes = {**_STATE_UNITS, "grid_mapping": "crs"}
        return grid.assign(mixing_ratio=(_STATE, np.asarray(q), attributes))["mixing_ratio"]

    def _budget(self, hours: Mapping[str, NDArray[Any]]) -> xr.Dataset:
        begin = hours["begin"][0]
        throughput, missing = closure(begin, hours["gain"], hours["end"][-1])
        kg = {"units": "kg"}
        variables = {
            "gain": (("process", "species", "time"), hours["gain"].transpose(1, 2, 0), kg),
            "burden": (("species", "time"), hours["end"].T, kg | {"long_name": "burden at the end of the hour"}),
            "burden_begin": (("species",), begin, kg),
            "throughput": (("species",), throughput, kg),
            "closure": (("species",), missing, {"units": "1"}),
            "steps": (("time",), hours["steps"], {"units": "1", "long_name": "transport steps in five minutes"}),
            "courant": (("time",), hours["courant"], {"units": "1", "long_name": "largest Courant number"}),
        }
        coordinates = {"process": list(self.processes), "species": list(self.species)}
        return self._hourly(xr.Dataset(coords=coordinates)).assign(variables)


@dataclass(frozen=True)
class Fields:
    """The mixing ratios of all whole hours as they are computed: Zarr (time, z, species, y, x), one chunk an hour."""

    path: Path
    array: zarr.Array[Any]

    @classmethod
    def at(cls, path: Path, frame: Frame, dtype: Any, run: str) -> Fields:
        """Make them at ``path``, or take up those that the same ``run`` began (its fingerprint).

        Raises ``ValueError`` when something else stands there.
        """
        if path.exists():
            try:
                group = zarr.open_group(path, mode="r+")
            except FileNotFoundError:
                group = None
            if group is None or group.attrs.get("run") != run:
                raise ValueError(f"{path} exists and is not of this run; give the fields a path of their own")
            return cls(path, cast("zarr.Array[Any]", group["mixing_ratio"]))
        grid = _plain(frame.grid(_STATE).assign_coords(time=frame.times))
        grid.to_zarr(path, zarr_format=3, consolidated=False)
        group = zarr.open_group(path, mode="r+")
        shape = tuple(grid.sizes[dim] for dim in ("time", *_STATE))
        array = group.create_array(
            "mixing_ratio",
            shape=shape,
            chunks=(1, *shape[1:]),
            dtype=dtype,
            fill_value=np.nan,
            dimension_names=("time", *_STATE),
            attributes={**_STATE_UNITS, "grid_mapping": "crs"},
        )
        group.attrs["run"] = run
        return cls(path, array)

    def write(self, hour: int, q: NDArray[Any]) -> None:
        """The state ``q`` after ``hour`` hours; on the disk when this returns."""
        self.array[hour] = q
        to_disk(self._chunk(hour))

    def reach(self, hour: int) -> bool:
        """Whether all are there up to the one after ``hour`` hours."""
        return all(self._chunk(earlier).exists() for earlier in range(hour + 1))

    def _chunk(self, hour: int) -> Path:
        return self.path / "mixing_ratio" / "c" / str(hour) / "0" / "0" / "0" / "0"


def _plain(dataset: xr.Dataset) -> xr.Dataset:
    """With words of any length: Zarr's words of fixed length are not in its specification."""
    words = [name for name, coordinate in dataset.coords.items() if coordinate.dtype.kind == "U"]
    return dataset.assign_coords({name: dataset[name].astype(object) for name in words})
