"""Weather and control of a series whose answer is known; what it rests on; what is refused; answers kept."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.assessment import deweather, deweather_features, deweather_record
from lantian.assessment.deweather import Change, DeweatherError, Part, Share
from lantian.assessment.deweather_answers import Answers
from lantian.assessment.deweather_duties import deweather_job
from lantian.assessment.periods import parse
from lantian.assessment.service import Assessment
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, Progress
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from tests.assessment.deweather_made import years

NOVEMBER = parse("2016-11")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A month before and after is more than these tests need, and more than one way to deal the weeks out."""
    monkeypatch.setattr(deweather_record, "MARGIN_DAYS", 20)
    monkeypatch.setattr(deweather, "SPLITS", 1)
    monkeypatch.setattr(deweather, "LEAST_REPETITIONS", 3)


@pytest.mark.requirement("A5", part="a series with a known answer: the same emissions in better weather")
def test_without_a_cut_the_weather_gets_all_of_the_change():
    frame = years(4, emissions=(1.0, 1.0, 1.0), windiness=(1.0, 0.8, 1.25))
    whole = deweather.split(frame.drop("clean"), NOVEMBER, repetitions=6).whole
    assert whole.change_percent < -15
    assert whole.control.low <= 0 <= whole.control.high
    assert whole.weather.high < 0
    assert whole.weather_share is None or whole.weather_share.value > 0.6


def test_the_share_of_the_weather_has_the_interval_of_the_weather():
    """Of a fall by 10 the weather made 6, perhaps 2 to 13: 60 % of it, 20 to 130."""
    weather, control = Part(-6, -13, -2, *[0.0] * 3), Part(-4, -8, 3, *[0.0] * 3)
    fallen = Change(NOVEMBER, 50, 40, 45, 41, -10, -20, weather, control, 700, 700)
    assert fallen.weather_share == Share(0.6, 0.2, 1.3)
    assert replace(fallen, control=Part(4, -3, 8, *[0.0] * 3)).weather_share is None


@pytest.fixture(scope="module")
def short():
    """Two autumns, small."""
    return years(5, emissions=(1.0, 0.8), windiness=(1.0, 1.0))


def test_two_months_are_answered_by_month_and_the_same_seed_gives_the_same_digits(short):
    period = parse("2015-10-20..2015-11-20")
    one, other = (deweather.split(short.drop("clean"), period, repetitions=3) for _ in range(2))
    assert one == other
    assert [month.period.label for month in one.months] == ["2015-10-20..2015-10-31", "2015-11-01..2015-11-20"]
    hours = [month.hours for month in one.months]
    assert (sum(hours), one.whole.hours) == (one.whole.hours, 24 * 32)
    mean = sum(month.now * month.hours for month in one.months) / one.whole.hours
    assert mean == pytest.approx(one.whole.now)


def test_what_does_not_suffice_is_said(short):
    alone = short.filter(pl.col("time") > datetime(2015, 1, 9, tzinfo=UTC))
    with pytest.raises(DeweatherError, match="2014-11: 0 of 720 hours have pm25 and weather; at least 60% are needed"):
        deweather.split(alone, parse("2015-11"))
    with pytest.raises(ValueError, match="an interval needs 3 at least"):
        deweather.split(short, parse("2015-11"), repetitions=2)
    with pytest.raises(ValueError, match="no column wind_speed; the hours have time, pm25"):
        deweather.split(short.select("time", "pm25"), NOVEMBER)
    with pytest.raises(DeweatherError, match="at most a year"):
        deweather.split(short, parse("2014-11-01..2015-12-31"))


def test_hours_without_direction_humidity_and_rain_are_still_answered(short):
    bare = short.select("time", "pm25", "wind_speed", "temperature")
    assert deweather.split(bare, parse("2015-11-01..2015-11-20"), repetitions=3).explained > 0.3


def test_winds_that_come_from_the_north_blow_to_the_south():
    times = [datetime(2016, 11, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(48)]
    frame = pl.DataFrame(
        {
            "time": times,
            "pm25": [50.0] * 48,
            "wind_speed": [4.0] * 48,
            "wind_direction": [0.0] * 48,
            "temperature": [10.0] * 48,
            "dew_point": [10.0] * 48,
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    row = deweather_features.features(frame, "pm25").row(-1, named=True)
    assert (row["wind_east"], row["wind_north"], row["wind_north_24h"]) == (0, -4, -4)
    assert row["humidity"] == pytest.approx(100)
    assert (row["hour"], row["date"]) == (7, date(2016, 11, 3))
    assert np.isnan(row["rain"])


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("2016-01", date(2015, 12, 12)),
        ("2015AW", date(2015, 9, 11)),
        ("2016-10-01..2016-11-30", date(2016, 9, 11)),
        ("2016", date(2016, 1, 1)),
    ],
)
def test_a_season_may_cross_new_year_and_no_day_of_a_period_is_lost(period, first):
    asked = parse(period)
    days = pl.date_range(date(2013, 1, 1), date(2016, 12, 31), eager=True)
    placed = deweather_record._placed(pl.DataFrame({"date": days}), asked)
    own = placed.filter(pl.col("inside") == 2)
    assert (own.height, own["year"].unique().to_list()) == (asked.days, [asked.start.year])
    before = placed.filter(pl.col("inside") == 1)
    assert (before.height, before["year"].unique().to_list()) == (asked.year_before().days, [asked.start.year - 1])
    season_of_own = placed.filter(pl.col("year") == asked.start.year)
    assert season_of_own["date"].min() == first
    assert season_of_own.sort("date")["season_day"].is_sorted()


STATION, CITY = "9001A", "130100"


@pytest.fixture
def told(platform: Platform, short):
    """A city with one station, two autumns of hours with weather."""
    places = PlaceStore(platform.engine)
    places.put_regions([Region(CITY, "测试市")], "test")
    places.put_stations([Station(STATION, "测试站", "state", CITY, 116.4, 39.9)], "test")
    hours = short.drop("clean").with_columns(place=pl.lit(STATION))
    open_store(platform).append(hours, "hour", "test")
    platform.clock.set_simulated(datetime(2015, 12, 20, 4, tzinfo=UTC), paused=True)
    return platform


@pytest.mark.requirement("A5", part="over the store, as a job whose answer is kept")
def test_the_job_keeps_an_answer_that_only_later_readers_see(told):
    judge, answers = Assessment(told), Answers(told.home)
    period = parse("2015-11-01..2015-11-20")
    progress = Progress()
    run = JobRun(told, 1, 1, "job:1", progress)
    asked = {"place": CITY, "period": period.label, "item": "pm25", "as_of": "2015-12-20T12:00+08:00"}
    deweather_job.function(run, **asked, repetitions=4)
    assert (progress.state.total, progress.state.done) == (4, 4)
    answer = answers.latest(CITY, "pm25", period, judge.air.now())
    assert (answer.stations, answer.period) == (1, period)
    mean = judge.air.hourly([STATION], datetime(2015, 10, 31, 16, tzinfo=UTC), datetime(2015, 11, 20, 16, tzinfo=UTC))[
        "pm25"
    ].mean()
    assert answer.split.whole.now == pytest.approx(mean, rel=1e-3)
    assert answers.latest(CITY, "pm25", period, datetime(2015, 12, 20, 3, 59, tzinfo=UTC)) is None
    assert answers.latest(CITY, "pm10", period, judge.air.now()) is None
    assert answers.known(CITY, judge.air.now()) == [("pm25", period)]


def test_places_without_weather_or_values_are_told(told):
    judge = Assessment(told)
    with pytest.raises(LookupError, match="no hours of so2 are known at 130100"):
        judge.deweather(CITY, parse("2015-11"), item="so2")
    with pytest.raises(LookupError, match="no day of it is over"):
        judge.deweather(CITY, parse("2016-01"))
    open_store(told).append(
        pl.DataFrame(
            {"place": ["9002A"], "time": [datetime(2015, 11, 1, tzinfo=UTC)], "pm25": [50.0]},
            schema_overrides={"time": pl.Datetime("us", "UTC")},
        ),
        "hour",
        "test",
    )
    with pytest.raises(LookupError, match="no weather is known at 9002A"):
        judge.deweather("9002A", parse("2015-11"))
