from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lantian.assessment import dust, episodes


@pytest.mark.requirement("A6")
def test_an_episode_is_a_run_with_a_heavy_day():
    aqi = [90, 120, 210, 301, 101, 100, 150, 180, None, 220, 205, 99]
    daily = pl.DataFrame(
        {
            "place": "x",
            "date": [date(2016, 12, 1) + timedelta(days=i) for i in range(len(aqi))],
            "aqi": aqi,
            "pm25": [float(a or 0) for a in aqi],
            "primary": [["pm25"]] * 10 + [["pm10", "pm25"]] * 2,
        }
    )
    found = episodes.find(daily)
    assert found.select("start", "end", "days", "heavy_days", "peak_aqi", "peak_date").rows() == [
        (date(2016, 12, 2), date(2016, 12, 5), 4, 2, 301, date(2016, 12, 4)),
        (date(2016, 12, 10), date(2016, 12, 11), 2, 2, 220, date(2016, 12, 10)),
    ]
    assert found["primary"].to_list() == ["pm25", "pm25"]
    assert episodes.heavy_days(daily)["aqi"].to_list() == [210, 301, 220, 205]


def hours(values, **more):
    start = datetime(2016, 12, 16, tzinfo=UTC)
    times = pl.Series("time", [start + timedelta(hours=i) for i in range(len(values))], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"place": "x", "time": times, "pm25": values, **more})


def test_the_course_of_an_episode():
    row = episodes.course(hours([50.0, 80, None, 300, 200, 90, 30, 20])).row(0, named=True)
    assert (row["peak"], row["hours_over"], row["fall_hours"]) == (300.0, 4, 3)
    assert row["onset"].hour == 1
    assert episodes.course(hours([50.0, 80]))["cleared"].to_list() == [None]


def storm(peak=600.0, pm25=80.0):
    pm10 = [100.0] * 6 + [peak, peak, 400.0, 105.0, 100.0, 100.0]
    return hours([70.0] * 6 + [pm25] * 3 + [60.0] * 3, pm10=pm10)


@pytest.mark.requirement("A6")
def test_dust_candidate_from_start_to_end():
    event = dust.candidates(storm()).row(0, named=True)
    assert (event["start"].hour, event["end"].hour, event["hours"], event["ended"]) == (6, 9, 3, True)
    assert (event["peak_pm10"], event["before_pm10"]) == (600.0, 100.0)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (storm(peak=149.0).with_columns(pm10=pl.col("pm10").clip(upper_bound=149.0)), "PM10 not over 150"),
        (storm(pm25=420.0), "PM2.5 rises as much: smog, not dust"),
        (storm().tail(6), "nothing known of the hours before"),
    ],
)
def test_no_candidate(frame, why):
    assert dust.candidates(frame).is_empty(), why


@pytest.mark.requirement("A6")
def test_deduction_keeps_gases_and_the_raw_series():
    raw = storm().with_columns(so2=pl.lit(20.0))
    confirmed = dust.candidates(raw).select("place", "start", "end")
    clean = dust.deduct(raw, confirmed)
    assert clean["pm10"].null_count() == clean["pm25"].null_count() == 3
    assert clean["so2"].null_count() == 0
    assert raw["pm10"].null_count() == 0
    assert clean.filter("dust")["time"].dt.hour().to_list() == [6, 7, 8]
    assert dust.deduct(raw, confirmed.clear())["dust"].any() is False


@pytest.mark.requirement("A6")
def test_published_days_are_deducted_whole():
    daily = pl.DataFrame(
        {"place": "x", "date": [date(2016, 12, 15 + i) for i in range(3)], "pm10": 100.0, "pm25": 50.0, "no2": 30.0}
    )
    confirmed = dust.candidates(storm()).select("place", "start", "end")
    clean = dust.deduct_days(daily, confirmed)
    assert clean["pm10"].to_list() == [100.0, None, 100.0]
    assert clean["no2"].null_count() == 0
    assert dust.deduct_days(daily, confirmed.clear())["dust"].to_list() == [False] * 3


def test_thresholds_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="rise > 1"):
        dust.DustRule(rise=0.5)


def test_thresholds_come_by_name_and_wrong_ones_are_refused():
    assert dust.rule_of({"least_pm10": 700.0, "before": 8.0}) == dust.DustRule(least_pm10=700.0, before=8)
    assert dust.candidates(storm(), dust.rule_of({"least_pm10": 700.0})).is_empty()
    with pytest.raises(ValueError, match="least_pm: no such threshold; expected before, rise, least_pm10"):
        dust.rule_of({"least_pm": 1.0})
