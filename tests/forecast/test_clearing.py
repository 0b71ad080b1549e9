"""When the air clears: the rule, the weather that does it, the chance, and past waits where no weather is known."""

import gzip
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lantian.forecast import clearing, products
from lantian.observations import readers
from lantian.standards import statistics

ISSUE = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing
CITY = "110000"
HOUR = timedelta(hours=1)
FILES = Path(__file__).parents[2] / "examples" / "beijing" / "data" / "beijing_hourly"


def series(numbers, first, **more):
    times = [first + k * HOUR for k in range(len(numbers))]
    frame = pl.DataFrame(
        {"time": times, "pm25": [None if x is None else float(x) for x in numbers]},
        schema_overrides={"time": pl.Datetime("us", "UTC"), "pm25": pl.Float64},
    )
    return frame.select(
        *(pl.lit(value).alias(name) for name, value in more.items()), pl.lit(CITY).alias("place"), "time", "pm25"
    )


def ahead(numbers):
    return series(numbers, ISSUE, issue=ISSUE, source="ours").with_columns(
        pl.col("issue").cast(pl.Datetime("us", "UTC"))
    )


def before(numbers):
    return series(numbers, ISSUE - len(numbers) * HOUR)


def days(*medians, spread=0.4):
    """Quantiles of PM2.5 for the days after the issue."""
    scores = np.array([-1.28155, -0.67449, 0, 0.67449, 1.28155])
    rows = [
        (ISSUE, "ours", CITY, date(2016, 12, 17) + timedelta(days=k), k + 1, "pm25", m, *(m * np.exp(spread * scores)))
        for k, m in enumerate(medians)
    ]
    names = ("issue", "source", "place", "date", "lead", "item", "value", "q10", "q25", "q50", "q75", "q90")
    kinds = {"issue": pl.Datetime("us", "UTC"), "lead": pl.Int16} | dict.fromkeys(names[6:], pl.Float64)
    return pl.DataFrame(rows, schema=names, schema_overrides=kinds, orient="row")


def weather(wind=1.0, direction=315.0, rain=0.0, at=None, number=120):
    """Calm hours; around ``at`` the wind blows and it rains as told."""
    times = [ISSUE + k * HOUR for k in range(number)]
    near = [at is not None and at - HOUR <= time < at + 3 * HOUR for time in times]
    return pl.DataFrame({
        "place": [CITY] * number,
        "time": times,
        "wind_speed": [wind if n else 1.0 for n in near],
        "wind_direction": [direction if n else 180.0 for n in near],
        "rain": [rain / 4 if n else 0.0 for n in near],
    }, schema_overrides={"time": pl.Datetime("us", "UTC")})  # fmt: skip


@pytest.mark.requirement("F5", part="the next clearing window: when, and by what weather")
def test_the_air_clears_with_the_first_hour_of_twelve_clean_ones():
    # a gap of five hours in the smog is no clearing
    hours = ahead([150] * 20 + [60] * 5 + [180] * 23 + [40] * 48)
    (row,) = products.clearing(hours, days(150, 120, 40), before([120] * 30)).to_dicts()
    assert (row["begins"], row["wait_hours"]) == (ISSUE + 48 * HOUR, 48)
    assert (row["issue"], row["source"], row["place"], row["cause"]) == (ISSUE, "ours", CITY, None)
    # it begins on the 18th at 20:00; the first whole day is the 19th, whose median is 40
    assert row["probability"] == pytest.approx(0.944, abs=2e-3)  # ln(75.5 / 40) / 0.4 = 1.588


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ({"wind": 4.0}, "NW"),
        ({"wind": 2.4}, None),
        ({"wind": 4.0, "direction": 10.0}, "N"),
        ({"rain": 2.0}, "rain"),
        ({"wind": 5.0, "direction": 92.0, "rain": 1.0}, "E+rain"),
    ],
)
def test_the_weather_that_does_it(told, cause):
    begins = ISSUE + 30 * HOUR
    hours = ahead([150] * 30 + [30] * 40)
    found = products.clearing(hours, days(100), before([120] * 30), weather=weather(at=begins, **told))
    assert found.select("begins", "cause").rows() == [(begins, cause)]


def test_weather_without_directions_still_names_the_wind():
    begins = ISSUE + 30 * HOUR
    blown = weather(wind=4.0, at=begins).drop("wind_direction", "rain")
    found = products.clearing(ahead([150] * 30 + [30] * 40), days(100), before([120] * 30), weather=blown)
    assert found["cause"].item() == "wind"


def test_clean_air_that_stays_clean_has_no_clearing_and_smog_to_come_has_one():
    assert products.clearing(ahead([50] * 60), days(50), before([40] * 30)).is_empty()
    coming = products.clearing(ahead([50] * 20 + [150] * 20 + [30] * 30), days(90), before([40] * 30))
    assert coming["wait_hours"].item() == 40


def test_smog_to_the_end_of_the_forecast_has_no_beginning_and_the_best_days_chance():
    (row,) = products.clearing(ahead([150] * 72), days(150, 100, 120), before([120] * 30)).to_dicts()
    assert (row["begins"], row["wait_hours"]) == (None, None)
    assert row["probability"] == pytest.approx(0.2411, abs=2e-3)  # ln(75.5 / 100) / 0.4 = -0.7026


def test_without_quantiles_no_probability_is_made_up():
    plain = days(100).drop("q10", "q25", "q50", "q75", "q90")
    found = products.clearing(ahead([150] * 30 + [30] * 40), plain, before([120] * 30))
    assert found.select("probability", "wait_hours").rows() == [(None, 30)]


def test_short_gaps_are_bridged_and_long_ones_are_neither_dirty_nor_clean():
    gap = [150] * 10 + [None] * 3 + [150] * 17 + [30] * 30
    assert products.clearing(ahead(gap), days(90), before([120] * 30))["wait_hours"].item() == 30
    long = [150] * 30 + [None] * 10 + [30] * 30
    assert products.clearing(ahead(long), days(90), before([120] * 30))["wait_hours"].item() == 40


def spells(*waits):
    """Past spells that began at 08:00 on the day of the issue in other years, of so many hours after 20:00."""
    rows = [
        (
            CITY,
            datetime(2000 + k % 15, 12, 1 + k % 28, tzinfo=UTC),
            datetime(2000 + k % 15, 12, 1 + k % 28, 12, tzinfo=UTC) + wait * HOUR,
        )
        for k, wait in enumerate(waits)
    ]
    stamp = pl.Datetime("us", "UTC")
    return pl.DataFrame(rows, schema={"place": pl.String, "dirty": stamp, "clear": stamp}, orient="row")


@pytest.mark.requirement("F5", part="the next clearing window without weather: past waits and the chances of days")
def test_without_weather_the_day_is_the_first_likely_clean_one_and_the_hour_that_of_past_waits():
    # the 18th is clean with more than even odds; it has to clear from the 17th noon to the 18th 06:00
    past = spells(*([20] * 11 + [23] * 10 + [60] * 9))
    (row,) = products.clearing(ahead([120] * 96), days(110, 50, 60), before([150] * 24), past=past).to_dicts()
    assert row["begins"] == ISSUE + 20 * HOUR  # the median of 11 x 20 and 10 x 23 hours
    assert row["probability"] == pytest.approx(0.848, abs=2e-3)
    assert row["cause"] is None


def test_waits_count_by_season_and_age_and_never_from_the_future():
    own = clearing.waits(spells(*range(5, 35)), ISSUE, ISSUE - 12 * HOUR)
    assert own.tolist()[:3] == [5, 6, 7]
    summer = clearing.waits(spells(*range(5, 35)), ISSUE.replace(month=7), ISSUE.replace(month=7) - 12 * HOUR)
    assert summer.size == 0
    assert clearing.waits(spells(*range(5, 35)), ISSUE.replace(year=1999), ISSUE.replace(year=1999)).size == 0


def test_a_clean_evening_has_no_clearing_in_history_mode():
    assert products.clearing(ahead([120] * 96), days(110, 50), before([60] * 30), past=spells(10)).is_empty()


def test_events_are_spells_between_their_first_dirty_hour_and_their_clearing():
    numbers = [50] * 12 + [100] * 30 + [40] * 20 + [90] * 12 + [60] * 13
    found = clearing.events(before(numbers))
    start = ISSUE - len(numbers) * HOUR
    # the mean of the 12 hours to an hour passes 75 with the sixth dirty one of the first spell
    assert found.row(0) == (CITY, start + 18 * HOUR, start + 42 * HOUR)
    assert found.height == 1  # 12 hours at 90 after clean ones never have both means over 75


def test_the_causes_in_words():
    assert clearing.words("NW+rain", "zh") == "西北风、降水"
    assert clearing.words("NW+rain", "en") == "northwest wind and rain"
    assert clearing.words(None, "zh") == ""
    for sector in clearing.SECTORS:
        assert clearing.words(sector, "zh").endswith("风")


@pytest.fixture(scope="module")
def december():
    """Four stations of Beijing, December 2016, read by the platform's reader, as the city's mean with weather."""
    parts = []
    for path in sorted(FILES.glob("PRSA_*"))[:4]:
        head, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        parts.append(
            (path.name.removesuffix(".gz"), "\n".join([head, *(x for x in lines if re.match(r"\d+,2016,12,", x))]))
        )
    return parts


@pytest.mark.requirement(
    "F5", part="the red-alert week of December 2016 in Beijing ends with the north wind of the 22nd"
)
def test_the_red_alert_week_ends_with_the_wind_of_the_22nd(december, tmp_path):
    frames = []
    for name, text in december:
        (tmp_path / name).write_text(text, encoding="utf-8")
        frames.append(readers.read(tmp_path / name).frames["hour"])
    hourly = pl.concat(frames, how="diagonal_relaxed")
    members = {CITY: hourly["place"].unique().to_list()}
    city = statistics.city(hourly.select("place", "time", "pm25"), members)
    wind = hourly.group_by("time").agg(
        pl.col("wind_speed").mean(), pl.col("rain").mean(), pl.col("wind_direction").first()
    ).with_columns(place=pl.lit(CITY))  # fmt: skip
    ahead_ = city.filter(pl.col("time") >= ISSUE).select(
        pl.lit(ISSUE).cast(pl.Datetime("us", "UTC")).alias("issue"),
        pl.lit("seen").alias("source"),
        "place",
        "time",
        "pm25",
    )
    found = products.clearing(ahead_, days(100), city.filter(pl.col("time") < ISSUE), weather=wind)
    begins = found["begins"].item().astimezone(UTC) + timedelta(hours=8)
    assert (begins.day, found["cause"].item()) == (22, "NW")
