"""How complete, and expected from when."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lantian.kernel.bootstrap import Platform
from lantian.observations import ObservationStore, open_store

HOUR = timedelta(hours=1)
DAY = date(2016, 12, 16)
MIDNIGHT = datetime(2016, 12, 15, 16, tzinfo=UTC)  # in Beijing


@pytest.fixture
def store(platform: Platform) -> ObservationStore:
    platform.clock.set_simulated(datetime(2017, 1, 10, tzinfo=UTC), paused=True)
    return open_store(platform)


def say(store: ObservationStore, place: str, first: int, last: int, **items: float | None) -> None:
    times = [MIDNIGHT + n * HOUR for n in range(first, last)]
    frame = pl.DataFrame({"place": place, "time": times}, schema_overrides={"time": pl.Datetime("us", "UTC")})
    store.append(frame.with_columns(pl.lit(v, pl.Float64).alias(k) for k, v in items.items()), "hour", "test")


def measure(store: ObservationStore, **arguments: object) -> dict:
    found = store.coverage(**{"start": DAY, "end": DAY + timedelta(days=1), "items": ["pm25"], **arguments})
    return {(place, item): tuple(rest) for place, item, *rest in found.rows()}


def test_expected_and_observed_hours_of_each_item(store: ObservationStore) -> None:
    say(store, "1001A", 0, 24, pm25=1.0, no2=None)
    say(store, "1002A", 0, 18, pm25=1.0)
    say(store, "1001A", 3, 6, pm25=float("nan"))
    assert measure(store, items=["pm25", "no2"]) == {
        ("1001A", "pm25"): (24, 21, 87.5),
        ("1001A", "no2"): (24, 0, 0.0),
        ("1002A", "pm25"): (24, 18, 75.0),
        ("1002A", "no2"): (24, 0, 0.0),
    }


def test_only_hours_that_have_ended_are_due(store: ObservationStore) -> None:
    say(store, "1001A", 0, 24, pm25=1.0)
    assert measure(store, as_of=MIDNIGHT + 8.5 * HOUR)["1001A", "pm25"] == (8, 8, 100.0)
    assert measure(store, places="1001A", as_of=MIDNIGHT)["1001A", "pm25"] == (0, 0, None)


def test_a_station_is_expected_from_its_first_row_on(store: ObservationStore) -> None:
    say(store, "1001A", 12, 24, pm25=1.0)
    assert measure(store)["1001A", "pm25"] == (12, 12, 100.0)
    assert measure(store, since={"1001A": DAY})["1001A", "pm25"] == (24, 12, 50.0)
    assert measure(store, since={"1001A": MIDNIGHT + 18 * HOUR})["1001A", "pm25"] == (6, 6, 100.0)
    say(store, "1001A", -48, -47, pm25=1.0)
    assert measure(store)["1001A", "pm25"] == (24, 12, 50.0)


def test_a_silent_station_that_was_asked_for_is_shown(store: ObservationStore) -> None:
    say(store, "1001A", 0, 24, pm25=1.0)
    found = measure(store, places=["1001A", "1009A"])
    assert found == {("1001A", "pm25"): (24, 24, 100.0), ("1009A", "pm25"): (24, 0, 0.0)}


def test_a_day_is_due_at_noon_of_the_next(store: ObservationStore) -> None:
    frame = pl.DataFrame({"place": "110000", "date": [date(2016, 12, 1), date(2016, 12, 2)], "pm25": [1.0, 2.0]})
    store.append(frame, "day", "test")
    asked = {"start": date(2016, 12, 1), "end": date(2017, 1, 1), "resolution": "day"}
    before_noon = datetime(2016, 12, 4, 3, 59, tzinfo=UTC)
    assert measure(store, **asked, as_of=before_noon)["110000", "pm25"] == (2, 2, 100.0)
    assert measure(store, **asked, as_of=before_noon + HOUR)["110000", "pm25"] == (3, 2, pytest.approx(200 / 3))
    assert measure(store, **asked)["110000", "pm25"] == (31, 2, pytest.approx(200 / 31))


def test_runs_of_a_grade_are_told_place_by_place(store: ObservationStore) -> None:
    say(store, "1001A", 0, 4, pm25=1.0)
    say(store, "1002A", 0, 4, pm25=1.0)
    times = [MIDNIGHT + n * HOUR for n in (0, 3)]
    frame = pl.DataFrame(
        {"place": "1002A", "time": times, "pm25": 2.0}, schema_overrides={"time": pl.Datetime("us", "UTC")}
    )
    store.append(frame, "hour", "office", "reviewed")
    runs = [(place, grade, rows) for place, grade, _, _, rows in store.splice().rows()]
    assert runs == [("1001A", "raw", 4), ("1002A", "reviewed", 1), ("1002A", "raw", 2), ("1002A", "reviewed", 1)]
