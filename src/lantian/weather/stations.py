"""The weather of stations: from frames of the house to the canonical dataset, and which stations measure apart.

Air quality stations often carry the weather of the nearest weather station. Two that share it are one measurement: an
analysis that takes them for two trusts it twice, and a test that leaves out one of them tests nothing.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

ANEMOMETER: Final = 10.0
"""m above the ground, of weather stations (WMO-No. 8)."""
KELVIN: Final = 273.15
CALM: Final = 0.5
"""m s-1; a speed up to here without a direction is taken as no wind, more without one as missing."""
SAME: Final = 0.9
"""Stations that agree in all they measure in this share of the hours share one weather station."""

_COLUMNS: Final = {
    "temperature": ("air_temperature", 1.0, KELVIN, "K"),
    "dew_point": ("dew_point_temperature", 1.0, KELVIN, "K"),
    "pressure": ("air_pressure", 100.0, 0.0, "Pa"),
    "wind_speed": ("wind_speed", 1.0, 0.0, "m s-1"),
    "wind_direction": ("wind_from_direction", 1.0, 0.0, "degree"),
    "rain": ("precipitation_flux", 1 / 3600, 0.0, "kg m-2 s-1"),
}
"""Column of the frame: name, factor, offset and unit of the dataset."""
_STANDARD: Final = ("air_temperature", "dew_point_temperature", "air_pressure", "wind_speed", "wind_from_direction")


def from_stations(frame: pl.DataFrame, stations: pl.DataFrame, *, anemometer_height: float = ANEMOMETER) -> xr.Dataset:
    """The canonical dataset of stations: a row for every hour from the first to the last, NaN where nothing was
    measured.

    ``frame``: ``place``, ``time`` (UTC, whole hours) and any of ``temperature`` degC, ``dew_point`` degC, ``pressure``
    hPa at the station, ``wind_speed`` m/s, ``wind_direction`` degrees from which it blows, ``rain`` mm in the hour that
    begins; null is missing. ``stations``: ``code``, ``lon``, ``lat`` degrees, ``elevation`` m above the sea. A place
    that ``stations`` does not have is left out; ``anemometer_height`` m above the ground.

    Raises:
        ValueError: a column that is needed is absent, no place is a station, two rows of a place and hour, an hour
            that is not whole, or a station without a place or an elevation.
    """
    sites = _places(stations)
    for name in ("place", "time"):
        if name not in frame.columns:
            raise ValueError(f"frame: no column {name!r}; expected place, time and {', '.join(_COLUMNS)}")
    rows = frame.filter(pl.col("place").is_in(sites["code"].to_list()))
    if rows.is_empty():
        raise ValueError("frame: none of its places is among the stations")
    if rows.select("place", "time").is_duplicated().any():
        raise ValueError("frame: a place has two rows of one hour")
    time = rows["time"].to_numpy().astype("datetime64[s]")
    if np.any(time != time.astype("datetime64[h]")):
        raise ValueError("frame: a time is no whole hour")
    sites = sites.filter(pl.col("code").is_in(rows["place"].unique().to_list()))
    hour = np.timedelta64(3600, "s")
    first, count = time.min(), int((time.max() - time.min()) / hour) + 1
    order = {code: number for number, code in enumerate(sites["code"])}
    at = ((time - first) // hour).astype(int), np.array([order[code] for code in rows["place"]])
    variables: dict[str, Any] = {}
    for column, (name, factor, offset, units) in _COLUMNS.items():
        field = np.full((count, len(order)), np.nan)
        if column in rows.columns:
            field[at] = rows[column].cast(pl.Float64).to_numpy() * factor + offset
        if name == "wind_from_direction":
            field %= 360.0
        variables[name] = (("time", "station"), field, {"units": units, "standard_name": name})
    variables["anemometer_height"] = ((), anemometer_height, {"units": "m"})
    coordinates = {
        "time": (first + np.arange(count) * hour).astype("datetime64[ns]"),
        "station": sites["code"].to_numpy().astype(object),
        "lon": ("station", sites["lon"].to_numpy(), {"units": "degrees_east", "standard_name": "longitude"}),
        "lat": ("station", sites["lat"].to_numpy(), {"units": "degrees_north", "standard_name": "latitude"}),
        "altitude": ("station", sites["elevation"].to_numpy(), {"units": "m", "standard_name": "altitude"}),
    }
    return xr.Dataset(variables, coordinates, {"Conventions": "CF-1.11"})


def _places(stations: pl.DataFrame) -> pl.DataFrame:
    names = ("code", "lon", "lat", "elevation")
    for name in names:
        if name not in stations.columns:
            raise ValueError(f"stations: no column {name!r}; expected {', '.join(names)}")
    sites = stations.select("code", *(pl.col(name).cast(pl.Float64) for name in names[1:]))
    for name in names[1:]:
        bad = sites.filter(pl.col(name).is_null() | ~pl.col(name).is_finite())["code"].to_list()
        if bad:
            mend = "; take it from a terrain, as Terrain.at does" if name == "elevation" else ""
            raise ValueError(f"stations: {', '.join(map(str, bad))} without {name}{mend}")
    return sites


class Sites(NamedTuple):
    """Places that measure apart, and what they measured. S sites, T times; NaN is missing."""

    stations: tuple[tuple[str, ...], ...]
    """The stations of each site"""
    lon: NDArray[np.float64]
    """(S,) degrees, the mean of its stations"""
    lat: NDArray[np.float64]
    altitude: NDArray[np.float64]
    """(S,) m above the sea"""
    anemometer: NDArray[np.float64]
    """(S,) m above the ground"""
    times: NDArray[np.datetime64]
    """(T,)"""
    temperature: NDArray[np.float64]
    """(T, S) K"""
    dew_point: NDArray[np.float64]
    """K"""
    pressure: NDArray[np.float64]
    """Pa"""
    eastward: NDArray[np.float64]
    """m s-1"""
    northward: NDArray[np.float64]
    speed: NDArray[np.float64]
    """m s-1"""
    rain: NDArray[np.float64]
    """kg m-2 s-1"""


def sites(stations: xr.Dataset) -> Sites:
    """The stations of a canonical dataset, those with the same weather as one.

    Over a year the sharing may change: give the hours of a month or less at a time.
    """
    names = ["air_temperature", "dew_point_temperature", "air_pressure", "wind_speed"]
    measured = np.stack([stations[name].values for name in names])
    groups = _groups(measured)

    def one(values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the members of each group, the first that measured."""
        found = []
        for group in groups:
            best = values[:, group[0]]
            for member in group[1:]:
                best = np.where(np.isnan(best), values[:, member], best)
            found.append(best)
        return np.stack(found, axis=1)

    def mean(name: str) -> NDArray[np.float64]:
        values = np.broadcast_to(np.asarray(stations[name].values, np.float64), (stations.sizes["station"],))
        return np.array([values[group].mean() for group in groups])

    speed, direction = stations["wind_speed"].values, np.radians(stations["wind_from_direction"].values)
    calm = np.isnan(direction) & (speed <= CALM)
    direction = np.where(calm, 0.0, direction)
    moving = np.where(calm, 0.0, speed)
    return Sites(
        tuple(tuple(str(stations["station"].values[member]) for member in group) for group in groups),
        mean("lon"),
        mean("lat"),
        mean("altitude"),
        mean("anemometer_height"),
        stations["time"].values.astype("datetime64[s]"),
        one(stations["air_temperature"].values),
        one(stations["dew_point_temperature"].values),
        one(stations["air_pressure"].values),
        one(-moving * np.sin(direction)),
        one(-moving * np.cos(direction)),
        one(speed),
        one(stations["precipitation_flux"].values),
    )


def _groups(measured: NDArray[np.float64]) -> list[list[int]]:
    """Stations (of variables, times, stations) that agree in every variable in `SAME` of the hours both know."""
    groups: list[list[int]] = []
    for station in range(measured.shape[2]):
        for group in groups:
            ours, theirs = measured[..., station], measured[..., group[0]]
            both = np.isfinite(ours) & np.isfinite(theirs)
            known = both.any(axis=0)
            alike = np.all((ours == theirs) | ~both, axis=0)
            if known.any() and alike[known].mean() > SAME:
                group.append(station)
                break
        else:
            groups.append([station])
    return groups
