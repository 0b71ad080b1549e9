"""From a source of weather to the weather of a domain, as the engine's door wants it.

`downscale` gives a dataset in memory, `write` the same as Zarr, hour by hour, so that a nest needs the memory of one
hour; both give every whole hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
import xarray as xr
import zarr
from numpy.typing import ArrayLike, NDArray

from lantian.places.grid import Domain
from lantian.transport import deposition, inputs
from lantian.transport.compilation import quiet_cache, use_cache
from lantian.transport.door import DEFAULT_LAND
from lantian.weather import columns, slope_flow
from lantian.weather.columns import Air
from lantian.weather.fields import FieldsAir
from lantian.weather.finish import Finisher, Moment, Near
from lantian.weather.ground import Land, StationGround
from lantian.weather.slope_flow import Slopes

Progress = Callable[[int, int, str], None]

_VARIABLES: Final = (*inputs.WEATHER, inputs.HORIZONTAL_DIFFUSIVITY)
BROAD: Final = 30_000.0
"""m; convergence narrower than this, or than two cells of the source, is closed sideways and not through the top."""
BEFORE, AFTER = 48, 24
"""hours of stations around the wanted ones that are looked at: the day before, the growing in, and the day's range."""
_HOUR: Final = np.timedelta64(3600, "s")
_DIVERGENCE: Final = "largest_divergence"


def downscale(
    source: xr.Dataset,
    domain: Domain,
    times: ArrayLike | None = None,
    *,
    land: xr.Dataset | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The weather of a domain at whole hours, float32, as the engine's door takes it.

    ``source``: a canonical dataset of fields or of stations (see `read`, `from_stations`). ``times``: whole hours
    (UTC), the first and the last or all; every hour between is made; without them all of the source's. ``land``: as
    the door takes it; its ``roughness_length`` and the ``urban`` class count here. ``progress(done, total, text)``.

    The attribute ``largest_divergence`` says how well the winds close, s-1: the largest share of a column's air that is
    still made or lost in a second at any of the hours, beside what is meant to pass the top.

    Raises:
        ValueError: times that the source does not have, a source that is none or does not cover the domain.
    """
    hours = whole_hours(source, times)
    variables: dict[str, NDArray[np.float32]] = {}
    largest = 0.0
    for t, (moment, residual) in enumerate(_moments(source, domain, hours, land, progress)):
        largest = max(largest, residual)
        for name, field in moment.items():
            if name not in variables:
                variables[name] = np.empty((len(hours), *field.shape), np.float32)
            variables[name][t] = field
    told = {v.name: (v.dims, variables[v.name], _attributes(v)) for v in _VARIABLES}
    return _frame(domain, hours).assign(told).assign_attrs({_DIVERGENCE: largest})


def write(
    source: xr.Dataset,
    domain: Domain,
    path: str | Path,
    times: ArrayLike | None = None,
    *,
    land: xr.Dataset | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The same as `downscale`, written to a new Zarr folder at ``path`` hour by hour and opened lazily.

    Raises:
        ValueError: as `downscale`.
        FileExistsError: something stands at ``path``.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists; give the weather a path of its own")
    hours = whole_hours(source, times)
    part = path.with_name(path.name + ".part")  # renamed in the end, so that no reader meets half of it
    _frame(domain, hours).to_zarr(part, mode="w", zarr_format=3, consolidated=False)
    group = zarr.open_group(part, mode="r+")
    arrays: dict[str, Any] = {}
    largest = 0.0
    for t, (moment, residual) in enumerate(_moments(source, domain, hours, land, progress)):
        largest = max(largest, residual)
        for variable in _VARIABLES:
            field = moment[variable.name]
            if variable.name not in arrays:
                arrays[variable.name] = group.create_array(
                    variable.name,
                    shape=(len(hours), *field.shape),
                    chunks=(1, *field.shape),
                    dtype=np.float32,
                    fill_value=np.nan,
                    dimension_names=variable.dims,
                    attributes=_attributes(variable),
                )
            arrays[variable.name][t] = field
    group.attrs[_DIVERGENCE] = largest
    part.rename(path)
    return xr.open_dataset(path, engine="zarr", consolidated=False, chunks=None)


def _moments(
    source: xr.Dataset,
    domain: Domain,
    hours: NDArray[np.datetime64],
    land: xr.Dataset | None,
    progress: Progress | None,
) -> Iterator[tuple[Moment, float]]:
    """The weather of the hours, one after the other, each with what its winds leave open, s-1."""
    use_cache()
    given, reference = _land(domain, land)
    finish = Finisher(domain, given.urban)
    if "station" in source.dims:
        made, broad = _from_stations(source, domain, given, reference, hours, finish), None
    else:
        fields = FieldsAir.over(source, domain, given, finish.middles)
        made, broad = fields.hours(hours), max(2 * fields.spacing, BROAD)
    for t, (air, near) in enumerate(made):
        with quiet_cache():
            moment = finish(air, near, broad)
        if progress is not None:
            progress(t + 1, len(hours), f"weather {domain.grid.name}")
        yield moment, finish.residual


def _from_stations(
    source: xr.Dataset,
    domain: Domain,
    land: Land,
    reference: float,
    hours: NDArray[np.datetime64],
    finish: Finisher,
) -> Iterator[tuple[Air, Near]]:
    """The air above the ground that stations see."""
    roughness, latitude = (jnp.asarray(a, jnp.float32) for a in (land.roughness, domain.grid.lat))
    thickness = jnp.asarray(domain.thickness, jnp.float32)
    slopes = Slopes.of(domain)
    near = slice(hours[0] - BEFORE * _HOUR, hours[-1] + AFTER * _HOUR)
    grounds = StationGround(source.sel(time=near), domain, land, reference)
    first = int((hours[0] - grounds.times[0]) / _HOUR)
    for ground in grounds.hours(first, first + len(hours) - 1):
        air = columns.air(ground, finish.middles, thickness, roughness, latitude)
        surface = ground.surface
        air = slope_flow.add(air, slopes, surface, finish.middles)
        yield air, Near(surface.friction_velocity, surface.inverse_obukhov, ground.depth, ground.cloud, ground.rain)


def whole_hours(source: xr.Dataset, times: ArrayLike | None) -> NDArray[np.datetime64]:
    """Every hour from the first to the last.

    Raises:
        ValueError: times that are no whole hours, or that the source does not have.
    """
    there = source["time"].values.astype("datetime64[s]")
    wanted = there if times is None else np.atleast_1d(np.asarray(times, "datetime64[s]"))
    first, last = wanted.min(), wanted.max()
    if np.any(wanted != wanted.astype("datetime64[h]")) or first < there[0] or last > there[-1]:
        raise ValueError(
            f"times: expected whole hours within {there[0]} and {there[-1]}, which the source has; "
            f"got {first} to {last}"
        )
    hours: NDArray[np.datetime64] = first + np.arange(int((last - first) / _HOUR) + 1) * _HOUR
    return hours


def reference_roughness() -> float:
    """m, of the ground around a weather station, and of a domain of which nothing else is said."""
    default = np.array([DEFAULT_LAND.get(name, 0.0) for name in deposition.CLASSES])
    return float(deposition.roughness(jnp.asarray(default)))


def _land(domain: Domain, land: xr.Dataset | None) -> tuple[Land, float]:
    """The ground, and the roughness around a weather station."""
    reference = reference_roughness()
    shape = domain.terrain.shape
    if land is None:
        return Land(np.full(shape, reference), np.full(shape, DEFAULT_LAND["urban"])), reference
    fraction = np.zeros((len(deposition.CLASSES), *shape))
    for name, share in zip(land["class"].values, land["land_fraction"].values, strict=True):
        fraction[deposition.CLASSES.index(str(name))] = share
    rough = np.asarray(deposition.roughness(jnp.asarray(fraction)))
    rough = land["roughness_length"].values if "roughness_length" in land else rough
    return Land(np.clip(rough, 1e-5, 3.0), fraction[deposition.CLASSES.index("urban")]), reference


def _attributes(variable: inputs.Variable) -> dict[str, Any]:
    standard = {"standard_name": variable.standard_name} if variable.standard_name else {}
    return {"units": variable.units[0], **standard}


def _frame(domain: Domain, hours: Sequence[Any] | NDArray[np.datetime64]) -> xr.Dataset:
    """The coordinates."""
    grid = domain.grid
    return xr.Dataset(
        coords={"time": np.asarray(hours, "datetime64[ns]"), "x": grid.x, "y": grid.y},
        attrs={"Conventions": "CF-1.11", "grid": grid.name},
    )
