"""Stations from frames of the house, and which of them measure apart."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.weather import canonical, from_stations
from lantian.weather.stations import sites

PLACES = pl.DataFrame({"code": ["A", "B"], "lon": [116.3, 116.5], "lat": [39.9, 40.0], "elevation": [50.0, 80]})


def rows(**changed: object) -> pl.DataFrame:
    times = [datetime(2016, 12, 1, h, tzinfo=UTC) for h in (0, 1, 3)]
    columns = {
        "place": ["A", "A", "B"], "time": times, "temperature": [0.0, -10, None], "dew_point": [-5.0, -15, -8],
        "pressure": [1020.0, 1021, 1019], "wind_speed": [2.0, 0.0, 3], "wind_direction": [90.0, None, 360],
        "rain": [0.0, 3.6, None],
    }  # fmt: skip
    return pl.DataFrame(columns | changed)


def test_house_units_become_si_and_gaps_are_missing() -> None:
    found = from_stations(rows(), PLACES)
    assert canonical.check_stations(found) == ()
    assert found.sizes == {"time": 4, "station": 2}
    a, b = found.sel(station="A"), found.sel(station="B")
    np.testing.assert_allclose(a["air_temperature"], [273.15, 263.15, np.nan, np.nan])
    assert float(a["air_pressure"][0]) == pytest.approx(102_000)
    assert float(a["precipitation_flux"][1]) == pytest.approx(0.001)
    assert float(b["wind_from_direction"][3]) == 0
    assert float(b["altitude"]) == 80


def test_calm_has_no_direction_and_the_wind_blows_from_where_it_says() -> None:
    found = sites(from_stations(rows(), PLACES))
    np.testing.assert_allclose(found.eastward[:2, 0], [-2, 0], atol=1e-12)
    np.testing.assert_allclose(found.northward[[0, 1], 0], [0, 0], atol=1e-12)
    assert found.northward[3, 1] == pytest.approx(-3)


@pytest.mark.parametrize(
    ("frame", "places", "told"),
    [
        (rows().drop("time"), PLACES, "no column 'time'"),
        (rows(place=["X", "X", "X"]), PLACES, "none of its places"),
        (pl.concat([rows(), rows()]), PLACES, "two rows of one hour"),
        (rows(time=[datetime(2016, 12, 1, 0, m, tzinfo=UTC) for m in (0, 30, 0)]), PLACES, "no whole hour"),
        (rows(), PLACES.with_columns(elevation=pl.Series([50.0, None])), "B without elevation; take it from a terrain"),
        (rows(), PLACES.drop("lat"), "no column 'lat'"),
    ],
)
def test_what_is_wrong_is_told(frame: pl.DataFrame, places: pl.DataFrame, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        from_stations(frame, places)


def test_stations_that_carry_the_weather_of_one_are_one(month: xr.Dataset) -> None:
    found = sites(month)
    assert sorted(map(len, found.stations)) == [1, 1, 1, 1, 2, 6]
    assert ("1002A", "1010A") in found.stations  # Dingling carries Changping's
    assert found.temperature.shape == (31 * 24, 6)
    # a little disagreement, as of rounding or a late correction, does not part them
    other = month.copy(deep=True)
    other["air_temperature"][5, 1] += 1
    assert sites(other).stations == found.stations
