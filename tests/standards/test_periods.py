"""Periods of days, their data validity, and the limits they are held against."""

import csv
import datetime as dt
import gzip
import math
from pathlib import Path

import polars as pl
import pytest

from lantian.standards import StandardsError, limits, statistics
from lantian.standards.rounding import half_even

CITIES = Path(__file__).parents[2] / "examples/beijing/data/cities28_daily_20131202-20161231.csv.gz"


def days(values: dict[str, list[float | None]], start: dt.date, place: str = "110000") -> pl.DataFrame:
    length = len(next(iter(values.values())))
    dates = [start + dt.timedelta(days=day) for day in range(length)]
    schema = {"place": pl.String, "date": pl.Date, **dict.fromkeys(values, pl.Float64)}
    return pl.DataFrame({"place": [place] * length, "date": dates, **values}, schema=schema)


# --- periods ----------------------------------------------------------------------------------------------------------


def valid_month(year: int, month: int, present: int) -> bool | None:
    frame = days({"pm25": [1.0] * present}, dt.date(year, month, 1))
    result: bool | None = statistics.period(frame, by="month")["valid_pm25"].item()
    return result


@pytest.mark.requirement("A2", part="data validity of months and years")
@pytest.mark.parametrize(
    ("year", "month", "present", "valid"),
    [
        (2016, 12, 27, True),
        (2016, 12, 26, False),
        (2016, 11, 27, True),
        (2016, 11, 26, False),
        (2016, 2, 25, True),  # leap year, 29 days
        (2016, 2, 24, False),
        (2015, 2, 25, True),
        (2015, 2, 24, False),
    ],
)
def test_a_month_needs_27_days_and_february_25(year: int, month: int, present: int, valid: bool) -> None:
    assert valid_month(year, month, present) is valid


@pytest.mark.requirement("A2", part="data validity of months and years")
@pytest.mark.parametrize(("year", "length"), [(2015, 365), (2016, 366)])
def test_a_year_needs_324_days_and_every_month(year: int, length: int) -> None:
    full: list[float | None] = [1.0] * length
    frame = days({"pm25": full}, dt.date(year, 1, 1))

    def judged(keep: pl.Expr) -> tuple[bool, int, int]:
        row = statistics.period(frame.filter(keep), by="year").row(0, named=True)
        return row["valid_pm25"], row["n_pm25"], row["days"]

    day, month = pl.col("date").dt.day(), pl.col("date").dt.month()
    assert judged(pl.lit(value=True)) == (True, length, length)
    # 27 days in every month and 25 in February make 322, two short of 324.
    minimal = (day <= 27) & ((month != 2) | (day <= 25))
    assert judged(minimal) == (False, 322, length)
    assert judged(minimal | ((month == 1) & (day <= 29))) == (True, 324, length)
    assert judged(minimal | ((month == 1) & (day <= 28))) == (False, 323, length)
    assert judged((month != 5) | (day <= 26)) == (False, length - 5, length)
    assert judged(month != 5)[0] is False


def test_other_spans_say_what_is_known() -> None:
    frame = days({"pm25": [1.0] * 366}, dt.date(2016, 1, 1))
    quarter = statistics.period(frame, by="quarter")
    assert quarter["period"].to_list() == ["2016-Q1", "2016-Q2", "2016-Q3", "2016-Q4"]
    assert quarter["valid_pm25"].to_list() == [True] * 4
    half = statistics.period(frame.filter(pl.col("date").dt.month() != 2), by="half-year")
    assert half.select("period", "days", "n_pm25", "valid_pm25").rows() == [
        ("2016-H1", 182, 153, False),
        ("2016-H2", 184, 184, True),
    ]
    span = (dt.date(2016, 10, 1), dt.date(2016, 11, 15))
    row = statistics.period(frame, by=span).row(0, named=True)
    assert (row["period"], row["days"], row["valid_pm25"]) == ("2016-10-01/2016-11-15", 46, None)
    whole = statistics.period(frame, by=(dt.date(2016, 10, 1), dt.date(2016, 11, 30))).row(0, named=True)
    assert (whole["start"], whole["end"], whole["valid_pm25"]) == (span[0], dt.date(2016, 11, 30), True)


def test_period_values_are_means_percentiles_and_days_over_the_limit() -> None:
    frame = days(
        {
            "pm25": [float(value) for value in range(61, 92)],
            "co": [value / 10 for value in range(31)],
            "o3_8h": [float(value) for value in range(140, 171)],
        },
        dt.date(2016, 7, 1),
    )
    row = statistics.period(frame, by="month").row(0, named=True)
    assert (row["pm25"], row["pm25_p95"], row["n_pm25"], row["over_pm25"]) == (76.0, 89.5, 31, 16)
    assert (row["co"], row["co_p95"]) == (1.5, 2.85)
    assert (row["o3_8h_p90"], row["over_o3_8h"]) == (167.0, 10)
    later = statistics.period(frame, by="month", edition=limits.on(dt.date(2026, 7, 1))).row(0, named=True)
    assert later["over_pm25"] == 31
    assert statistics.period(frame, by="month", grade=1)["over_o3_8h"].item() == 31


def test_missing_days_do_not_count_and_a_day_given_twice_is_refused() -> None:
    frame = days({"pm25": [10.0, None, 21.0], "so2": [None] * 3}, dt.date(2016, 7, 1))
    row = statistics.period(frame, by="month").row(0, named=True)
    assert (row["pm25"], row["n_pm25"], row["so2"], row["so2_p98"], row["over_so2"]) == (15.5, 2, None, None, 0)
    with pytest.raises(StandardsError, match="place 110000, date 2016-07-01 has 2 rows"):
        statistics.period(pl.concat([frame, frame.head(1)]), by="month")
    with pytest.raises(StandardsError, match="unknown period 'week'"):
        statistics.period(frame, by="week")  # type: ignore[arg-type]
    with pytest.raises(StandardsError, match="ends on or after its start"):
        statistics.period(frame, by=(dt.date(2016, 7, 2), dt.date(2016, 7, 1)))


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A2", part="exceedance")
def test_daily_values_are_judged_by_their_published_digits_and_their_date() -> None:
    old = days({"pm25": [75.0, 75.4, 75.6, 150.0, None], "co": [4.0, 4.04, 4.06, 8.0, None]}, dt.date(2016, 1, 1))
    result = statistics.exceedance(old)
    assert result["over_pm25"].to_list() == [False, False, True, True, None]
    assert result["multiple_pm25"].to_list() == [None, None, 0.01, 1.0, None]
    assert result["over_co"].to_list() == [False, False, True, True, None]
    assert result["multiple_co"].to_list() == [None, None, 0.02, 1.0, None]
    turn = days({"pm25": [61.0, 61.0], "pm10": [121.0, 121.0]}, dt.date(2026, 2, 28))
    judged = statistics.exceedance(turn)
    assert judged["over_pm25"].to_list() == [False, True]
    assert judged["over_pm10"].to_list() == [False, True]
    assert statistics.exceedance(turn, grade=1)["over_pm25"].to_list() == [True, True]


@pytest.mark.requirement("A2", part="attainment")
def test_a_city_attains_only_when_all_six_do() -> None:
    clean: dict[str, float | None] = {
        "so2": 60.4, "so2_p98": 150.0, "no2": 40.0, "no2_p98": 80.0, "co_p95": 4.04, "o3_8h_p90": 160.0,
        "pm10": 70.0, "pm10_p95": 150.0, "pm25": 35.5, "pm25_p95": 75.0,
    }  # fmt: skip

    def judge(**changed: float | None) -> dict[str, object]:
        row = {"end": dt.date(2016, 12, 31), **clean, **changed}
        schema = {"end": pl.Date, **dict.fromkeys(clean, pl.Float64)}
        return statistics.attainment(pl.DataFrame([row], schema=schema)).row(0, named=True)

    # 35.5 is 36 when rounded half-even, over 35; at 34.5 it is 34.
    assert judge()["attains_pm25"] is False
    assert judge()["multiple_pm25"] == 0.03
    good = judge(pm25=34.5)
    assert good["attains"] is True
    assert good["multiple_pm25"] is None
    assert judge(pm25=34.5, no2_p98=80.6)["attains_no2"] is False
    unknown = judge(pm25=34.5, o3_8h_p90=None)
    assert (unknown["attains_o3_8h"], unknown["attains"]) == (None, None)
    assert judge(o3_8h_p90=None)["attains"] is False


def test_attainment_keeps_the_days_over_the_limit_of_the_period() -> None:
    frame = days({"pm25": [80.0] * 31}, dt.date(2016, 7, 1))
    judged = statistics.attainment(statistics.period(frame, by="month")).row(0, named=True)
    assert (judged["over_pm25"], judged["attains_pm25"], judged["attains"]) == (31, False, False)
    with pytest.raises(StandardsError, match='expected "end"'):
        statistics.attainment(frame)


# --- real data -------------------------------------------------------------------------------------------------------


def city_table() -> pl.DataFrame:
    with gzip.open(CITIES, "rt", encoding="utf-8") as file:
        rows = [
            # A zero in this table is a missing value.
            (row["city"], dt.date.fromisoformat(row["date"]), float(row["PM25"]) or None)
            for row in csv.DictReader(file)
        ]
    return pl.DataFrame(rows, schema={"place": pl.String, "date": pl.Date, "pm25": pl.Float64}, orient="row")


@pytest.mark.requirement("A2", part="published means of the 28 cities")
@pytest.mark.parametrize(
    ("start", "end", "mean", "beijing", "published"),
    [
        (dt.date(2016, 10, 1), dt.date(2016, 11, 30), "83.7", "91.9", 84.0),
        (dt.date(2016, 10, 1), dt.date(2016, 12, 31), "107.7", None, 108.1),
    ],
)
def test_the_28_cities_have_the_means_that_the_ministry_published(
    start: dt.date, end: dt.date, mean: str, beijing: str | None, published: float
) -> None:
    stats = statistics.period(city_table(), by=(start, end))
    assert stats.height == 28
    group = half_even(math.fsum(stats["pm25"]) / 28, 1)
    assert str(group) == mean
    assert abs(float(group) - published) < 0.5
    if beijing:
        assert str(half_even(stats.filter(pl.col("place") == "北京")["pm25"].item(), 1)) == beijing
