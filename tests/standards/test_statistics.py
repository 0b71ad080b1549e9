"""Hours to days and stations to cities."""

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.standards import StandardsError, statistics

MIDNIGHT = dt.datetime(2016, 7, 31, 16, tzinfo=dt.UTC)  # 2016-08-01 00:00 in Beijing


def hours(
    values: Mapping[str, Sequence[float | None]], start: dt.datetime = MIDNIGHT, place: str = "1001A"
) -> pl.DataFrame:
    length = len(next(iter(values.values())))
    times = [start + dt.timedelta(hours=hour) for hour in range(length)]
    return pl.DataFrame(
        {"place": [place] * length, "time": times, **values},
        schema={"place": pl.String, "time": pl.Datetime("us", "UTC"), **dict.fromkeys(values, pl.Float64)},
    )


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A2", part="data validity of days")
@pytest.mark.parametrize(("valid", "mean"), [(24, 10.0), (20, 10.0), (19, None), (0, None)])
def test_a_daily_mean_needs_twenty_hours(valid: int, mean: float | None) -> None:
    series: list[float | None] = [10.0] * valid + [None] * (24 - valid)
    row = statistics.daily(hours({"pm25": series, "co": series, "o3": series})).row(0, named=True)
    assert (row["pm25"], row["co"], row["o3_1h"]) == (mean, mean, mean)
    assert (row["n_pm25"], row["n_co"], row["n_o3_1h"]) == (valid, valid, valid)


def test_a_day_is_that_of_shanghai_and_absent_rows_are_missing_hours() -> None:
    frame = hours({"pm25": [float(hour) for hour in range(48)]})
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=3)
    assert statistics.daily(shuffled)["pm25"].to_list() == [11.5, 35.5]
    gap = shuffled.filter(pl.col("time") != MIDNIGHT)
    first = statistics.daily(gap).row(0, named=True)
    assert (first["date"], first["n_pm25"], first["pm25"]) == (dt.date(2016, 8, 1), 23, 12.0)


def test_a_mean_is_rounded_once_half_even_at_four_decimals() -> None:
    values = [1.0] * 23 + [2.0]
    assert statistics.daily(hours({"no2": values}))["no2"].item() == 1.0417
    tiny: list[float | None] = [0.0001] * 20 + [None] * 4
    tiny[0] = 0.0011
    assert statistics.daily(hours({"no2": tiny}))["no2"].item() == 0.0002  # 0.00015 is a tie: to the even digit


@pytest.mark.requirement("A2", part="MDA8")
def test_mda8_takes_the_seventeen_windows_inside_the_day() -> None:
    # 300 in the last hours of the evening before must not reach into the day, nor the next morning's.
    ozone = [300.0] * 24 + [50.0] * 8 + [80.0] * 8 + [60.0] * 8 + [300.0] * 24
    row = statistics.daily(hours({"o3": ozone})).row(1, named=True)
    assert (row["o3_8h"], row["n_o3_8h"], row["o3_1h"]) == (80.0, 17, 80.0)


def test_an_eight_hour_window_needs_six_hours() -> None:
    ozone: list[float | None] = [None] * 24
    ozone[8:14] = [90.0] * 6
    row = statistics.daily(hours({"o3": ozone})).row(0, named=True)
    # Windows that end with hours 13, 14 and 15 hold all six; the value is not valid, for 3 windows are too few.
    assert (row["o3_8h"], row["n_o3_8h"]) == (None, 3)
    ozone[13] = None
    assert statistics.daily(hours({"o3": ozone}))["n_o3_8h"].item() == 0


@pytest.mark.requirement("A2", part="MDA8 with few windows")
@pytest.mark.parametrize(
    ("missing", "level", "result"),
    [
        (5, 100.0, 100.0),  # 14 windows
        (6, 100.0, None),  # 13 windows, within the limit
        (6, 160.0, None),  # exactly the limit does not exceed it
        (6, 160.4, None),  # nor does what rounds to it
        (6, 160.6, 160.6),  # 13 windows, over the limit: it stands
        (23, 500.0, None),  # no window at all
    ],
)
def test_mda8_with_thirteen_windows_stands_only_over_the_limit(
    missing: int, level: float, result: float | None
) -> None:
    # Missing hours at the start: the first window with six hours ends two hours before eight are there.
    ozone: list[float | None] = [None] * missing + [level] * (24 - missing)
    row = statistics.daily(hours({"o3": ozone})).row(0, named=True)
    assert row["n_o3_8h"] == max(0, min(17, 24 - missing - 5))
    assert row["o3_8h"] == result


def test_the_largest_hour_stands_over_the_limit_with_few_hours() -> None:
    few: list[float | None] = [None] * 20 + [201.0] * 4
    assert statistics.daily(hours({"o3": few}))["o3_1h"].item() == 201.0
    assert statistics.daily(hours({"o3": [None] * 20 + [200.0] * 4}))["o3_1h"].item() is None


def _mda8(ozone: list[int | None]) -> tuple[Fraction | None, int]:
    """The rule, written out for one day."""
    means = []
    for end in range(7, 24):
        valid = [value for value in ozone[end - 7 : end + 1] if value is not None]
        if len(valid) >= 6:
            means.append(Fraction(sum(valid), len(valid)))
    if not means or (len(means) < 14 and round(max(means)) <= 160):
        return None, len(means)
    return max(means), len(means)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 400), st.none()), min_size=24, max_size=24))
def test_mda8_agrees_with_the_rule_written_out(ozone: list[int | None]) -> None:
    exact, windows = _mda8(ozone)
    row = statistics.daily(hours({"o3": [None if value is None else float(value) for value in ozone]})).row(
        0, named=True
    )
    assert row["n_o3_8h"] == windows
    if exact is None:
        assert row["o3_8h"] is None
    else:
        assert row["o3_8h"] == float(Fraction(round(exact * 10_000), 10_000))


def test_many_places_and_months_do_not_mix() -> None:
    parts = [hours({"o3": [float(serial)] * 24 * 70}, place=f"{serial:04d}A") for serial in range(5)]
    result = statistics.daily(pl.concat(parts).lazy())
    assert result.height == 5 * 70
    assert result.filter(pl.col("o3_8h") != pl.col("place").str.slice(0, 4).cast(pl.Float64)).is_empty()
    assert result.select("place", "date").equals(result.sort("place", "date").select("place", "date"))


def test_rolling_means_cross_midnight_and_keep_the_rows() -> None:
    frame = hours({"pm25": [float(hour) for hour in range(30)], "o3": [1.0] * 5 + [None] * 25})
    other = hours({"pm25": [900.0] * 30, "o3": [900.0] * 30}, place="0999A")
    mixed = pl.concat([other, frame]).sample(fraction=1.0, shuffle=True, seed=1)
    result = statistics.rolling(mixed)
    assert result.select(mixed.columns).equals(mixed)
    mine = result.filter(pl.col("place") == "1001A").sort("time")
    assert mine["pm25_24h"].to_list()[18:26] == [None, 9.5, 10.0, 10.5, 11.0, 11.5, 12.5, 13.5]
    assert mine["o3_8h"].null_count() == 30
    assert "pm10_24h" not in result.columns


def test_wrong_hours_are_refused_by_name() -> None:
    frame = hours({"pm25": [1.0] * 24})
    with pytest.raises(StandardsError, match=r"place 1001A, time 2016-07-31 16.* has 2 rows"):
        statistics.daily(pl.concat([frame, frame.head(1)]))
    with pytest.raises(StandardsError, match="is no whole hour"):
        statistics.daily(frame.with_columns(pl.col("time") + pl.duration(minutes=5)))
    with pytest.raises(StandardsError, match="expected one of so2"):
        statistics.daily(frame.drop("pm25"))
    with pytest.raises(StandardsError, match='rename it to "pm25"'):
        statistics.daily(frame.rename({"pm25": "PM2.5"}))


def test_a_frame_without_rows_gives_one_without_rows() -> None:
    result = statistics.daily(hours({"pm25": [1.0], "o3": [1.0]}).clear())
    assert result.height == 0
    assert result.columns[:2] == ["place", "date"]


def test_pandas_frames_are_accepted() -> None:
    pandas = pytest.importorskip("pandas")
    frame = hours({"pm25": [10.0] * 23 + [None]})
    given_frame = pandas.DataFrame(frame.to_dict(as_series=False))
    assert statistics.daily(given_frame).equals(statistics.daily(frame))


# --- cities -----------------------------------------------------------------------------------------------------------


def test_a_city_is_the_mean_of_its_stations_hour_by_hour() -> None:
    one = hours({"pm25": [10.0] * 24}, place="1001A")
    two = hours({"pm25": [20.0] * 12 + [None] * 12}, place="1002A")
    stray = hours({"pm25": [999.0] * 24}, place="9999A")
    frame = pl.concat([one, two, stray])
    members = {"110000": ["1001A", "1002A"], "110101": ["1002A"]}
    city = statistics.city(frame, members)
    assert city["place"].unique().sort().to_list() == ["110000", "110101"]
    capital = city.filter(pl.col("place") == "110000")
    assert capital["pm25"].to_list() == [15.0] * 12 + [10.0] * 12
    assert capital["n_pm25"].to_list() == [2] * 12 + [1] * 12
    assert statistics.daily(capital)["pm25"].item() == 12.5  # hours first, as published
    by_days = statistics.city(statistics.daily(frame), members)
    assert by_days.row(0, named=True)["pm25"] == 10.0  # the second station has no valid day


def test_a_share_of_the_listed_stations_can_be_asked_for() -> None:
    frames = [hours({"pm25": [8.0] * 24}, place=f"{serial}A") for serial in range(3)]
    members = {"city": ["0A", "1A", "2A", "3A"]}
    assert statistics.city(pl.concat(frames), members, min_percent=75)["pm25"].null_count() == 0
    short = statistics.city(pl.concat(frames[:2]), members, min_percent=75)
    assert short["pm25"].null_count() == 24
    assert short["n_pm25"].to_list() == [2] * 24
