"""The weather of model fields at single places 站点气象, as a weather station there would measure it.

What is below the fields' lowest level follows from it as in a domain (`fields`): the wind by similarity, temperature
by the standard lapse, pressure hydrostatic above the place's own ground.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lantian.transport.compilation import quiet_cache, use_cache
from lantian.transport.door import DEFAULT_LAND
from lantian.weather import columns
from lantian.weather.columns import Air
from lantian.weather.downscaling import reference_roughness, whole_hours
from lantian.weather.fields import FieldsAir
from lantian.weather.ground import CITY_HEAT
from lantian.weather.interpolation import Bilinear
from lantian.weather.stations import KELVIN

Field = NDArray[np.float64]

FACES: Final = (0.0, 4.0, 16.0, 40.0, 90.0, 190.0, 390.0, 790.0, 1590.0, 3190.0)
"""m above the ground, of layers whose first two middles are the 2 m of thermometers and the 10 m of wind vanes; those
above them tell the depth of the boundary layer and the cloud, on which the wind's profile depends."""
_COLUMNS: Final = ("temperature", "dew_point", "pressure", "wind_speed", "wind_direction", "rain")
_DRIEST: Final = 0.1
"""Pa of vapour."""


def at_points(fields: xr.Dataset, points: pl.DataFrame, times: ArrayLike | None = None) -> pl.DataFrame:
    """The weather near the ground at ``points``, every hour, from canonical fields.

    ``points``: ``place``, ``lon``, ``lat`` degrees and ``elevation`` m above the sea (null: the fields' own ground).
    ``times``: whole hours (UTC), the first and the last or all; without them from the fields' first to their last.
    Between the fields' moments all is linear in time, between their columns bilinear in longitude and latitude.

    Gives ``place, time`` (UTC) and ``temperature``, ``dew_point`` degC at 2 m, ``pressure`` hPa at the place's
    elevation, ``wind_speed`` m/s and ``wind_direction`` degrees from which it blows at 10 m, ``rain`` mm in the hour
    that begins: none where the fields do not have it.

    Raises:
        ValueError: a point outside the grid, with its name and the grid's bounds; no points; times that the fields do
            not have.
    """
    if points.is_empty():
        raise ValueError("points: none are given; expected place, lon, lat and elevation")
    hours = whole_hours(fields, times)
    lon, lat = (points[name].cast(pl.Float64).to_numpy() for name in ("lon", "lat"))
    names = points["place"].to_list()
    bilinear = Bilinear.to_points(fields["lon"].values, fields["lat"].values, lon, lat, names)
    column = np.ones((len(FACES) - 1, 1, len(names)))
    thickness = np.diff(FACES)[:, None, None] * column
    fixed = {
        "terrain": _elevations(fields, points, bilinear),
        "roughness": np.full((1, len(names)), reference_roughness()),
        "warming": np.full((1, len(names)), CITY_HEAT * DEFAULT_LAND["urban"]),
        "cos_north": np.ones((1, len(names))),
        "sin_north": np.zeros((1, len(names))),
        "thickness": thickness,
        "middles": (np.asarray(FACES[1:]) + FACES[:-1])[:, None, None] / 2 * column,
    }
    use_cache()
    source = FieldsAir(fields, bilinear, fixed, lon[None], lat[None], FACES[-1])
    made = np.empty((len(hours), len(_COLUMNS), len(names)))
    with quiet_cache():
        for t, (air, near) in enumerate(source.hours(hours)):
            made[t] = [*_near_ground(air, thickness), np.asarray(near.rain, np.float64)[0]]
    # the rain of an hour lies between the moments at its two ends; after the last moment it goes on
    rain = made[:, -1]
    made[:, -1] = 3600 * (rain + np.concatenate([rain[1:], rain[-1:]])) / 2
    return pl.DataFrame(
        {
            "place": np.tile(np.array(names, object), len(hours)).tolist(),
            "time": np.repeat(hours.astype("datetime64[us]"), len(names)),
            **{name: made[:, k].ravel() for k, name in enumerate(_COLUMNS)},
        }
    ).with_columns(pl.col("time").dt.replace_time_zone("UTC"))


def _elevations(fields: xr.Dataset, points: pl.DataFrame, bilinear: Bilinear) -> Field:
    """(1, n) m; where none is stated the fields' ground."""
    ground = fields["surface_altitude"]
    own = bilinear((ground.isel(time=0) if "time" in ground.dims else ground).values)
    stated = points["elevation"].cast(pl.Float64).fill_null(np.nan).to_numpy()[None]
    return np.where(np.isfinite(stated), stated, own)


def _near_ground(air: Air, thickness: Field) -> list[Field]:
    """All of `_COLUMNS` but rain, (n,) each."""
    temperature, humidity = air.temperature[:1], air.humidity[:1]
    vapour = columns.relative_humidity(humidity, temperature, air.pressure[:1])
    vapour = jnp.maximum(vapour * columns.saturation_pressure(temperature), _DRIEST)
    # from the middle of the lowest layer down to the ground
    pressure = columns.hydrostatic(air.pressure[0], temperature, humidity, -jnp.asarray(thickness[:1], jnp.float32))
    east, north = (np.asarray(wind, np.float64)[1] for wind in (air.x_wind, air.y_wind))
    direction = np.degrees(np.arctan2(-east, -north)) % 360
    given = (temperature[0] - KELVIN, columns.dew_point(vapour)[0] - KELVIN, pressure[0] / 100)
    return [*(np.asarray(each, np.float64)[0] for each in given), np.hypot(east, north)[0], direction[0]]
