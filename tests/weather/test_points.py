"""The weather of model fields at stations, in the frame that statistics read."""

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.transport.compilation import use_cache
from lantian.weather import at_points, canonical, from_stations
from lantian.weather.downscaling import reference_roughness

LAPSE = 0.0065
LOWEST = 20.0
POINTS = pl.DataFrame({"place": ["a", "b"], "lon": [116.03, 116.57], "lat": [39.62, 40.11], "elevation": [None, None]})


def along(lon: np.ndarray, lat: np.ndarray, hour: int, east: float, north: float, each: float) -> np.ndarray:
    """What is linear in longitude, latitude and time."""
    return east * (lon - 116) + north * (lat - 40) + each * hour


def model(turned: float = 0.0, **more: float) -> xr.Dataset:
    """Neutral air over even ground of 40 m at hours 0, 1 and 4; the grid may be turned."""
    axis = np.arange(-9, 10) * 0.1
    x, y = np.meshgrid(axis, axis)
    cos, sin = np.cos(turned), np.sin(turned)
    lon, lat = 116.3 + cos * x - sin * y, 39.9 + sin * x + cos * y
    level = np.array([LOWEST, 60, 150, 300, 700, 1500, 2600, 4000])
    height = np.broadcast_to(level[:, None, None], (level.size, *lon.shape))
    hours = (0, 1, 4)
    volumes = {
        "eastward_wind": [3 + along(lon, lat, h, 1, 0.5, 0.2) + 0 * height for h in hours],
        "northward_wind": [-4 + along(lon, lat, h, -1, 0.3, -0.1) + 0 * height for h in hours],
        "air_temperature": [280 + along(lon, lat, h, 2, -3, 0.5) - LAPSE * (height - LOWEST) for h in hours],
        "air_pressure": [101_000 * np.exp(-height / 8000) for _ in hours],
        "specific_humidity": [0.002 + along(lon, lat, h, 1e-4, 0, 0) + 0 * height for h in hours],
        "height": [height for _ in hours],
    }
    variables = {
        name: (("time", "level", "y", "x"), np.stack(values).astype(np.float32), canonical.attributes(name))
        for name, values in volumes.items()
    }
    planes = {
        "surface_air_pressure": [101_000 + along(lon, lat, h, 300, -200, 20) for h in hours],
        # mm in an hour: 4 at the first moment, 2 at the second, none at the last
        "precipitation_flux": [np.full(lon.shape, max(0.0, 2 - h) * 2 / 3600) for h in hours],
        "friction_velocity": [np.full(lon.shape, 0.4) for _ in hours],
        "surface_upward_sensible_heat_flux": [np.zeros(lon.shape) for _ in hours],
    } | {name: [np.full(lon.shape, value) for _ in hours] for name, value in more.items()}
    for name, values in planes.items():
        variables[name] = (("time", "y", "x"), np.stack(values), canonical.attributes(name))
    variables["surface_altitude"] = (("y", "x"), np.full(lon.shape, 40.0), canonical.attributes("surface_altitude"))
    time = np.datetime64("2016-12-16T12", "ns") + np.array(hours) * np.timedelta64(1, "h")
    made = xr.Dataset(variables, {"time": time, "lon": (("y", "x"), lon), "lat": (("y", "x"), lat)})
    assert canonical.check(made) == ()
    return made


@pytest.fixture(autouse=True, scope="module")
def _compiled() -> None:
    use_cache()


@pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")
@pytest.mark.parametrize("turned", [0.0, 0.6])
def test_what_is_linear_comes_out_exactly_at_stations_on_any_grid(turned: float) -> None:
    found = at_points(model(turned), POINTS)
    assert found.columns == [
        "place", "time", "temperature", "dew_point", "pressure", "wind_speed", "wind_direction", "rain",
    ]  # fmt: skip
    assert found.schema["time"] == pl.Datetime("us", "UTC")
    assert found["time"].unique().len() == 5  # hours 2 and 3 lie between the files' moments
    for place, lon, lat in POINTS.select("place", "lon", "lat").iter_rows():
        for hour, row in enumerate(found.filter(place=place).sort("time").to_dicts()):
            east = 3 + along(lon, lat, hour, 1, 0.5, 0.2)
            north = -4 + along(lon, lat, hour, -1, 0.3, -0.1)
            warm = 280 + along(lon, lat, hour, 2, -3, 0.5) + LAPSE * (LOWEST - 2)
            assert row["temperature"] == pytest.approx(warm - 273.15, abs=1e-3)
            assert row["pressure"] == pytest.approx(1010 + along(lon, lat, hour, 3, -2, 0.2), abs=1e-2)
            assert row["wind_direction"] == pytest.approx(np.degrees(np.arctan2(-east, -north)) % 360, abs=1e-2)
            rough = reference_roughness()
            slower = np.log(10 / rough) / np.log(LOWEST / rough)
            assert row["wind_speed"] == pytest.approx(slower * np.hypot(east, north), rel=1e-4)
            assert row["dew_point"] < row["temperature"]
    assert found.filter(place="a")["rain"].to_list() == pytest.approx([3.0, 5 / 3, 1.0, 1 / 3, 0.0], abs=1e-5)


def test_a_station_on_a_hill_is_colder_and_has_less_pressure() -> None:
    low, high = (
        at_points(model(), POINTS.with_columns(elevation=pl.lit(height))).row(0, named=True) for height in (40.0, 540.0)
    )
    assert low["temperature"] - high["temperature"] == pytest.approx(500 * LAPSE, abs=0.02)
    middle = 273.15 + (low["temperature"] + high["temperature"]) / 2
    assert low["pressure"] / high["pressure"] == pytest.approx(np.exp(9.81 * 500 / (287.05 * middle)), rel=3e-4)
    assert at_points(model(), POINTS).row(0, named=True)["pressure"] == low["pressure"]


@pytest.mark.parametrize(("east", "north", "direction"), [(0.0, -5.0, 0.0), (-5.0, 0.0, 90.0), (0.0, 5.0, 180.0)])
def test_the_direction_is_that_from_which_the_wind_blows(east: float, north: float, direction: float) -> None:
    fields = model()
    fields["eastward_wind"][:] = east
    fields["northward_wind"][:] = north
    found = at_points(fields, POINTS)["wind_direction"].to_numpy()
    assert np.abs((found - direction + 180) % 360 - 180).max() < 1e-3


def test_it_is_the_frame_of_stations_and_only_the_hours_that_are_wanted() -> None:
    points = POINTS.with_columns(elevation=pl.lit(50.0))
    found = at_points(model(), points, ["2016-12-16T13", "2016-12-16T15"])
    assert found.height == 3 * 2
    stations = from_stations(found, points.rename({"place": "code"}))
    assert canonical.check_stations(stations) == ()
    with pytest.raises(ValueError, match="whole hours within 2016-12-16T12"):
        at_points(model(), points, ["2016-12-16T11"])


def test_a_station_outside_is_told_with_the_grids_bounds() -> None:
    away = POINTS.with_columns(lon=pl.Series([116.03, 118.2]))
    with pytest.raises(ValueError, match=r"grid: b \(118.200 E 40.110 N\); the grid reaches from 115.400 to 117.200 E"):
        at_points(model(), away)
    with pytest.raises(ValueError, match="points: none are given"):
        at_points(model(), POINTS.clear())
