"""The statistical forecast as a job: which issues are made in which order, from what, and how a stop ends it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from lantian.forecast import hindcast, learn, runner, service_statistics, service_work
from lantian.forecast.store import RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress, Stopped
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from tests.forecast import made

ISSUE = made.ISSUE
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("now", "issue"),
    [
        ("2016-12-16T20:00+08:00", "2016-12-16T12:00"),
        ("2016-12-16T19:59+08:00", "2016-12-15T12:00"),
        ("2016-12-17T03:00+08:00", "2016-12-16T12:00"),
    ],
)
def test_forecasts_are_issued_at_eight_in_the_evening(now: str, issue: str) -> None:
    expected = datetime.fromisoformat(issue).replace(tzinfo=UTC)
    assert service_work.last_issue(datetime.fromisoformat(now)) == expected


def test_the_newest_issue_comes_first_and_what_is_there_is_not_made_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.clock.set_simulated(ISSUE + 2 * HOUR, paused=True)
    store, order = RunStore(platform), []

    def issue_forecast(_platform: Platform, issue: datetime, mode: Any, *_: Any, **__: Any) -> None:
        order.append((mode, (ISSUE - issue).days))
        if len(order) == 4:
            raise Stopped("the worker is stopping")
        store.put(store.begin(issue, mode, actor="job"), **made.products(issue, ("1001A",)), actor="job")

    monkeypatch.setattr(runner, "issue_forecast", issue_forecast)
    monkeypatch.setattr(service_work, "_calibrator", lambda *_: None)
    monkeypatch.setattr(hindcast, "spells", lambda *_: None)
    progress = Progress()
    with pytest.raises(Stopped):
        service_work.statistics(platform, "job", progress, modes=("history", "perfect"), back=2)
    assert order == [("history", 0), ("perfect", 0), ("history", 1), ("history", 2)]
    service_work.statistics(platform, "job", progress, modes=("history", "perfect"), back=2)
    assert order[4:] == [("history", 2), ("perfect", 1), ("perfect", 2)]
    assert len(store.runs(ISSUE + 2 * HOUR)) == 6


def test_the_child_says_why_it_failed_and_a_stop_ends_it(platform: Platform) -> None:
    platform.clock.set_simulated(ISSUE, paused=True)
    with pytest.raises(service_work.WorkError, match="Invalid isoformat string"):
        service_work.follow(platform, "job", Progress(), {"issue": "yesterday"})
    with pytest.raises(Stopped):
        service_work.follow(platform, "job", Progress(stopping=lambda: True), {"modes": ["history"]})


class Calibrator:
    """Says the formula of `tests.forecast.made` for what it is asked."""

    mode, places = "perfect", ("110000", "1001A", "1002A")

    def predict(self, _history: Any, issue: datetime, places: Any, *, weather: pl.DataFrame) -> learn.Forecast:
        assert weather["time"].min() >= issue
        hours = made.hours(issue, places, ("statistics",)).filter(pl.col("time") >= issue + 4 * HOUR)
        return learn.Forecast(
            made.values(issue, places, ("statistics",)).cast(dict(learn.VALUES)), hours.select(*learn.HOURS)
        )


def test_products_join_statistics_persistence_and_what_was_observed(platform: Platform) -> None:
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("110101", "东城区")], "test")
    stations = [Station(code, code, "state", "110101", 116.4, 39.9) for code in ("1001A", "1002A")]
    places.put_stations(stations, "test")
    platform.clock.set_simulated(ISSUE + timedelta(days=9), paused=True)
    times = [ISSUE + (step - 72) * HOUR for step in range(72 + 192)]
    for number, station in enumerate(stations):
        frame = {"place": station.code, "time": times, "pm25": [80.0 + 40 * number] * len(times), "pm10": 200.0}
        frame |= {"so2": 9.0, "no2": 50.0, "co": 1.0, "o3": 20.0, "rain": 0.0, "temperature": 1.0}
        frame |= {"wind_speed": 3.0, "wind_direction": [350.0, 10.0][number], "dew_point": -9.0, "pressure": 1020.0}
        typed = pl.DataFrame(frame, schema_overrides={"time": pl.Datetime("us", "UTC")})
        open_store(platform).append(typed, "hour", "test")

    said = service_statistics.said_of(platform, ISSUE, "perfect", Calibrator())  # type: ignore[arg-type]
    found = service_statistics.published(platform, said)

    assert set(found["values"]["source"]) == {"lantian", "statistics", "persistence"}
    base = found["values"].filter((pl.col("source") == "persistence") & (pl.col("item") == "pm25"))
    assert dict(base.group_by("place").agg(pl.col("value").unique().first()).rows()) == pytest.approx(
        {"110000": 100.0, "1001A": 80.0, "1002A": 120.0}
    )
    first = (
        found["hours"]
        .filter((pl.col("place") == "1001A") & (pl.col("source") == "lantian"))
        .sort("time")
        .row(0, named=True)
    )
    assert first["pm25_24h"] is not None  # the day before the issue is in it
    ours = found["outlook"].filter((pl.col("source") == "lantian") & (pl.col("place") == "110000")).sort("date")
    assert ours["date"][0] == date(2016, 12, 17)
    assert (
        ours["aqi"].to_list()
        == found["outlook"]
        .filter((pl.col("source") == "statistics") & (pl.col("place") == "110000"))
        .sort("date")["aqi"]
        .to_list()
    )
    assert set(found["clearing"]["place"]) == {"110000", "1001A", "1002A"}
    store = RunStore(platform)
    assert store.put(store.begin(ISSUE, "perfect", actor="test"), **found, actor="test").revision == 1


def test_a_regions_wind_is_the_mean_of_its_stations_as_a_vector() -> None:
    weather = pl.DataFrame(
        {
            "place": ["a", "b"],
            "time": [ISSUE, ISSUE],
            "wind_speed": [2.0, 2.0],
            "wind_direction": [350.0, 30.0],
            "rain": [0.0, 2.0],
        }
    )
    found = service_statistics.with_regions(weather, {"110000": ("a", "b")})
    region = found.filter(pl.col("place") == "110000").row(0, named=True)
    assert region["wind_direction"] == pytest.approx(10.0)
    assert (region["wind_speed"], region["rain"]) == (2.0, 1.0)
    assert found.height == 3


def test_progress_begins_again_with_each_nest_of_a_stage() -> None:
    class Stages:
        def stage(self, *_: object, **__: object) -> None:
            pass

    progress = Progress()
    wired: tuple[Any, Any, Any] = (None, Stages(), None)
    job = runner._Job(*wired, "110000", 72, "li", progress)
    for done in (1, 2):
        job.tell("factors", done, 2, "d01: hour")
    assert progress.state.share == 1
    job.tell("factors", 1, 6, "d02: misfit 0.9")
    assert progress.state.share == pytest.approx(1 / 6)
    job.tell("forecast", 3, 6, "d01: hour")
    job.tell("forecast", 1, 6, "d02: hour")
    assert progress.state.share == pytest.approx(1 / 6)
