"""What is published rests on issues before, as far as they were known: from the store to the products."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from lantian.forecast import foreseen_bias, learn, past, service_statistics, shelf
from lantian.forecast.history import WEATHER
from lantian.forecast.learn import Forecast
from lantian.forecast.service_statistics import Said, published
from lantian.forecast.store import Mode, RunStore
from lantian.forecast.store_files import SCHEMAS
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from tests.forecast import made

ISSUE = made.ISSUE
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STATION, ISSUES = "1001A", 14
OBSERVED = 100.0


class Calibrator:
    """Says the formula of `tests.forecast.made` for the station."""

    places = (STATION,)

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def predict(self, _history: Any, issue: datetime, places: Any, **_: Any) -> Forecast:
        hours = made.hours(issue, places, ("statistics",)).filter(pl.col("time") >= issue + 4 * HOUR)
        days = made.values(issue, places, ("statistics",)).cast(dict(learn.VALUES))
        return Forecast(days, hours.select(*learn.HOURS))


def values(issue: datetime, source: str, pm25: float) -> pl.DataFrame:
    """PM2.5 of the day ahead."""
    date = issue.astimezone(TIMEZONE).date() + DAY
    row = {"issue": issue, "source": source, "place": STATION, "date": date, "lead": 1, "item": "pm25", "value": pm25}
    return pl.DataFrame([row | {"q10": pm25 * 0.8, "q90": pm25 * 1.25}], schema=dict(SCHEMAS["values"]), orient="row")


def put(platform: Platform, issue: datetime, mode: Mode, ours: float, model: float, **more: pl.DataFrame) -> None:
    """A run that was made."""
    store = RunStore(platform)
    both = pl.concat([values(issue, "statistics", ours), values(issue, "model", model)])
    none = {name: pl.DataFrame(schema=dict(SCHEMAS[name])) for name in ("outlook", "hours", "clearing")}
    store.put(store.begin(issue, mode, actor="test"), values=both, **none, **more, fields=None, actor="test")


def weather(issue: datetime, temperature: float) -> pl.DataFrame:
    """A weather forecast at the station, 28 hours, as a run keeps it."""
    given = {"temperature": temperature, "pressure": 1010.0, "dew_point": -9.0, "rain": 0.0}
    given |= {"wind_direction": 0.0, "wind_speed": 3.0}
    times = [issue + k * HOUR for k in range(28)]
    frame = pl.DataFrame({"place": [STATION] * 28, "time": times, **given})
    frame = frame.with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    stamped = frame.with_columns(issue=pl.lit(issue, pl.Datetime("us", "UTC")))
    return foreseen_bias.corrected(stamped, EMPTY)


_SEEN = {f"{name}_observed": pl.Float64 for name in foreseen_bias.CORRECTED}
EMPTY = pl.DataFrame(schema={**SCHEMAS["weather"], **_SEEN})


def observe(platform: Platform, first: datetime, hours: int, pm25: float = OBSERVED) -> None:
    """The same air and weather every hour."""
    frame = {"place": STATION, "time": [first + k * HOUR for k in range(hours)], "pm25": pm25, "temperature": 1.0}
    frame |= {"pressure": 1010.0, "dew_point": -9.0, "wind_speed": 3.0, "rain": 0.0, "wind_direction": 0.0}
    frame |= {"so2": 9.0, "no2": 50.0, "co": 1.0, "o3": 20.0, "pm10": 150.0}
    open_store(platform).append(
        pl.DataFrame(frame, schema_overrides={"time": pl.Datetime("us", "UTC")}), "hour", "test"
    )


@pytest.fixture
def city(platform: Platform) -> Platform:
    """One station with hours up to the issue."""
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("110101", "东城区")], "test")
    places.put_stations([Station(STATION, STATION, "state", "110101", 116.4, 39.9)], "test")
    platform.clock.set_simulated(ISSUE, paused=True)
    observe(platform, ISSUE - 20 * DAY, 20 * 24)
    return platform


@pytest.fixture
def weeks(city: Platform) -> Platform:
    """The runs of two weeks: the engine was always half as high again, the statistics a third off either way."""
    for k in range(1, ISSUES + 1):
        error = 1.3 if k % 2 else 1 / 1.3
        put(city, ISSUE - k * DAY, "perfect", OBSERVED * error, OBSERVED * 1.5)
    return city


def said(platform: Platform, mode: Mode = "perfect", **more: Any) -> Said:
    calibrator: Any = Calibrator("history" if mode == "history" else "perfect")
    return service_statistics.said_of(platform, ISSUE, mode, calibrator, **more)


def engine(pm25: float = 400.0) -> Forecast:
    """What the engine says of the day ahead, and no hours."""
    return Forecast(values(ISSUE, "model", pm25).cast(dict(learn.VALUES)), pl.DataFrame(schema=learn.HOURS))


@pytest.mark.requirement("F5", part="published values weigh all sources by their late errors")
def test_what_is_published_takes_in_the_engine_by_its_late_errors(weeks: Platform) -> None:
    platform = weeks
    told = said(platform)
    alone, both = published(platform, told), published(platform, told, engine())
    assert "shares" not in alone
    own = alone["values"].filter(source="statistics")
    assert alone["values"].filter(source="lantian").drop("source").equals(own.drop("source"))
    assert (
        alone["hours"]
        .filter(source="lantian")
        .drop("source")
        .equals(alone["hours"].filter(source="statistics").drop("source"))
    )
    shares = {row["source"]: row for row in both["shares"].to_dicts()}
    # the day of the issue is not over: what was issued the evening before is not verified yet
    assert {row["issues"] for row in shares.values()} == {ISSUES - 1}
    assert shares["model"]["share"] == pytest.approx((ISSUES - 1) / (ISSUES - 1 + 10), abs=0.1)
    assert shares["model"]["bias"] < -0.2  # it was always half as high again
    first = both["values"].filter(place=STATION, lead=1, item="pm25")
    now = dict(first.select("source", "value").rows())
    assert now["statistics"] < now["lantian"] < 400 / 1.5 * 1.2
    hours = both["hours"].filter(source="lantian")["pm25"].to_numpy()
    before = both["hours"].filter(source="statistics")["pm25"].to_numpy()
    assert hours[:24] == pytest.approx(before[:24] * now["lantian"] / now["statistics"])
    assert (hours[24:] == before[24:]).all()
    outlook = both["outlook"].filter(place=STATION, lead=1)
    aqi = dict(outlook.select("source", "aqi").rows())
    assert aqi["lantian"] > aqi["statistics"]
    assert np.isfinite(both["outlook"].filter(source="lantian")["p4"].to_numpy()).all()
    store = RunStore(platform)
    run = store.put(store.begin(ISSUE, "perfect", actor="test"), **both, fields=None, actor="test")
    assert store.product(run, "shares").collect().equals(both["shares"])


@pytest.mark.requirement("F5", part="published values weigh all sources by their late errors")
def test_nothing_that_came_after_the_issue_changes_what_is_published(weeks: Platform) -> None:
    platform = weeks
    before = published(platform, said(platform, "history"), engine())
    put(platform, ISSUE, "history", 1.0, OBSERVED)
    put(platform, ISSUE, "perfect", 1.0, OBSERVED)
    reference = published(platform, said(platform), engine())
    platform.clock.jump(ISSUE + 9 * DAY)
    observe(platform, ISSUE, 8 * 24, pm25=1.0)
    observe(platform, ISSUE - 3 * DAY, 24, pm25=5.0)  # revised later than the issue
    for k in range(1, 9):
        put(platform, ISSUE + k * DAY, "perfect", 1.0, OBSERVED)
    again = published(platform, said(platform), engine())
    for name in ("shares", "values", "hours", "outlook"):
        assert again[name].equals(reference[name]), name
    # of another mode nothing is learnt
    assert before["shares"]["share"].to_list() == [1.0, 0.0]
    assert before["shares"]["issues"].to_list() == [0, 0]


@pytest.mark.requirement("F1", part="weather forecasts are corrected at the stations by what they lately got wrong")
def test_a_weather_forecast_is_corrected_by_those_before_and_the_quantiles_by_their_errors(city: Platform) -> None:
    platform = city
    raw = weather(ISSUE, 5.0).select("place", "time", *WEATHER)
    fresh = said(platform, "weather", weather=raw)
    assert fresh.given is not None
    assert fresh.given["issues"].max() == 0
    sure = published(platform, fresh)["values"].filter(source="lantian", item="pm25", lead=1)
    for k in range(1, 8):
        put(platform, ISSUE - k * DAY, "weather", OBSERVED * 3, OBSERVED, weather=weather(ISSUE - k * DAY, 5.0))
    later = said(platform, "weather", weather=raw)
    assert later.given is not None
    # seven evenings were 4 degrees too warm, half of which is believed; of the hours after 20:00 of today six are known
    size = later.given.filter(pl.col("time") == ISSUE)
    assert size["temperature_used"][0] == pytest.approx(5 - 4 * 7 / (7 + foreseen_bias.DOUBT))
    tomorrow = later.given.filter(pl.col("time") == ISSUE + DAY)
    assert tomorrow["temperature_used"][0] == pytest.approx(5 - 4 * 6 / (6 + foreseen_bias.DOUBT))
    assert later.weather is not None
    assert later.weather.filter(place=STATION)["wind_speed"].unique().to_list() == [3.0]
    wide = published(platform, later)["values"].filter(item="pm25", lead=1)
    ours, statistics = (wide.filter(source=name).row(0, named=True) for name in ("lantian", "statistics"))
    assert ours["q90"] - ours["q10"] > 2 * (statistics["q90"] - statistics["q10"])
    assert ours["value"] == statistics["value"]
    assert sure.select("q10", "q90").equals(wide.filter(source="statistics").select("q10", "q90"))


def test_without_anything_before_nothing_was_verified(city: Platform) -> None:
    told = said(city)
    found = past.verified(city, ISSUE - 30 * DAY, "perfect", told.known)
    assert found.is_empty()
    assert {"observed", *SCHEMAS["values"]} == set(found.columns)
    assert past.weather_before(city, ISSUE).is_empty()


@pytest.mark.requirement("F5", part="quantiles are as wide as errors are with weather that is forecast")
def test_before_any_issue_tells_the_history_only_model_widens_the_quantiles(
    city: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Plain(Calibrator):
        """Less sure of everything."""

        def predict(self, *args: Any, **more: Any) -> Forecast:
            found = super().predict(*args, **more)
            wider = [pl.col(f"q{q}") * share for q, share in ((10, 0.5), (25, 0.7), (75, 1.4), (90, 2.0))]
            return Forecast(found.values.with_columns(wider), found.hours)

    def latest(mode: str) -> SimpleNamespace:
        asked.append(mode)
        return SimpleNamespace(version="v1")

    kept = SimpleNamespace(latest=latest, open=lambda version: Plain("history") if version == "v1" else None)
    monkeypatch.setattr(shelf, "of", lambda _platform: kept)
    told = said(city, "weather", weather=weather(ISSUE, 5.0).select("place", "time", *WEATHER))
    found = published(city, told)
    assert asked == ["history"]
    widths = (pl.col("q90") - pl.col("q10")).alias("width")
    by = found["values"].filter(item="pm25", lead=1).select("source", widths, "value")
    ours, own = (by.filter(source=name).row(0, named=True) for name in ("lantian", "statistics"))
    assert own["width"] < ours["width"] < told.plain.filter(item="pm25", lead=1).select(widths).item()
    assert ours["value"] == own["value"]
    sure = [found["outlook"].filter(source=name, lead=1)["p4"][0] for name in ("lantian", "statistics")]
    assert sure[0] < sure[1], "the likeliest level is less likely"
