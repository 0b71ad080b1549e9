"""The item registry, and the check that a frame has the names and units of it."""

import dataclasses

import pandas as pd
import polars as pl
import pytest

from lantian import standards
from lantian.standards import DAILY_ITEMS, GASES, ITEMS, POLLUTANTS, WEATHER, StandardsError, as_frame, require_columns


def test_the_registry_is_complete_and_consistent():
    assert POLLUTANTS == ("so2", "no2", "co", "o3", "pm10", "pm25")
    assert {*POLLUTANTS, *DAILY_ITEMS, *GASES, *WEATHER, "aqi", "pm25_24h", "pm10_24h", "tsp", "nox"} <= ITEMS.keys()
    for name, item in ITEMS.items():
        assert item.name == name
        assert all(dataclasses.astuple(item)[:4])
        assert item.decimals >= 0
    assert [ITEMS[name].unit for name in POLLUTANTS] == ["ug/m3", "ug/m3", "mg/m3", "ug/m3", "ug/m3", "ug/m3"]
    assert [ITEMS[name].decimals for name in POLLUTANTS] == [0, 0, 1, 0, 0, 0]
    assert ITEMS["pm25"].printed_unit == "μg/m³"
    with pytest.raises(TypeError):
        ITEMS["pm25"] = ITEMS["pm10"]


def test_every_exported_name_exists():
    assert all(hasattr(standards, name) for name in standards.__all__)


def test_frames_of_every_kind_become_polars():
    table = pd.DataFrame({"pm25": [1.0, float("nan")]}, index=pd.Index(["1001A", "1002A"], name="place"))
    frame = require_columns(table, ("place", "pm25"), where="test")
    assert frame.select("place", "pm25").rows() == [("1001A", 1.0), ("1002A", None)]
    assert as_frame(pl.LazyFrame({"pm25": [1]})).rows() == [(1,)]
    with pytest.raises(StandardsError, match="expected a Polars or pandas frame, got list"):
        as_frame([1, 2])


def test_numbers_become_float_and_nan_becomes_null():
    frame = pl.DataFrame({"pm25": [1, 2], "co": [float("nan"), 0.5], "o3": [None, None], "remark": ["a", "b"]})
    checked = require_columns(frame, ("pm25", "co"), optional=("o3", "no2"), where="test")
    assert checked.schema == {"pm25": pl.Float64, "co": pl.Float64, "o3": pl.Float64, "remark": pl.String}
    assert checked["co"].to_list() == [None, 0.5]


@pytest.mark.requirement("A2", part="wrong columns and units are refused")
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"so2": [1.0]}, r'^f: missing column "pm25" \(fine particles up to 2.5 um, ug/m3\). The frame has: so2$'),
        ({"PM2.5": [1.0]}, '"PM2.5" looks like "pm25" .*rename it to "pm25"'),
        ({"pm25": ["12"]}, 'column "pm25" is String, expected numbers in fine particles'),
        ({"pm25": [True]}, 'column "pm25" is Boolean'),
        ({"pm25": [3.0, -9.0]}, 'column "pm25" row 1 is -9; a concentration is >= 0, or null when missing'),
        ({"pm25": [float("inf")]}, 'column "pm25" holds an infinite value'),
        ({"pm25": [0.075] * 24}, "never exceeds 0.075 in 24 values: looks like mg/m3, ug/m3 expected"),
        ({"pm25": [1.0], "co": [700.0]}, 'column "co" has a median of 700: looks like ug/m3, mg/m3 expected'),
        (
            {"pm25": [1.0], "pressure": [101325.0]},
            'column "pressure" has a median of 101325: looks like Pa, hPa expected',
        ),
        (
            {"pm25": [1.0], "temperature": [283.0]},
            'column "temperature" has a median of 283: looks like K, degC expected',
        ),
        ({"pm25": [1.0], "place": [1001]}, 'column "place" is Int64, expected station or region code'),
        ({"pm25": [1.0], "time": ["2016-12-16 20:00"]}, 'column "time" is String, expected beginning of the hour'),
        ({"pm25": [1.0, 2.0], "place": ["a", None]}, 'column "place" has 1 nulls, the first in row 1'),
    ],
)
def test_a_frame_that_is_not_what_it_should_be_is_refused(columns, message):
    with pytest.raises(StandardsError, match=message):
        require_columns(
            pl.DataFrame(columns), ("pm25",), optional=("co", "pressure", "temperature", "place", "time"), where="f"
        )


def test_a_time_without_zone_is_refused():
    naive = pl.DataFrame({"time": [None]}, schema={"time": pl.Datetime("us")})
    with pytest.raises(StandardsError, match='Datetime with time zone "UTC"'):
        require_columns(naive, ("time",), where="f")


@pytest.mark.parametrize(
    "columns",
    [
        {"co": [0.5, 0.7, 800.0]},  # one wild value is for quality control, not for the unit check
        {"so2": [0.4] * 48},  # clean air
        {"pm25": [0.0] * 48},
        {"pm25": [0.9] * 23},
        {"temperature": [-30.0, 45.0]},
        {"co": [None, None]},
        {"co": []},
    ],
)
def test_unusual_but_possible_values_pass(columns):
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Float64))
    assert require_columns(frame, tuple(columns), where="f").equals(frame)
