from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.forecast import history
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import ObservationStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.standards import statistics
from tests.forecast import statistics_made as made


def test_a_wind_from_the_north_blows_to_the_south() -> None:
    city = made.city()
    east, north, speed = city.weather[0, 0, 4:]
    assert north == pytest.approx(-speed)
    assert east == pytest.approx(0.0, abs=1e-12)


def test_days_are_those_of_the_standard() -> None:
    hourly, daily = made.frames()
    city = history.of_frames(hourly, daily, made.MEMBERS, made.HOMES)
    wanted = statistics.daily(hourly.select("place", "time", "pm25", "o3")).filter(pl.col("place") == "1002A")
    assert np.allclose(city.daily["1002A"][:, 5], wanted["pm25"].to_numpy())
    assert np.allclose(city.daily["1002A"][:, 3], wanted["o3_8h"].to_numpy())


def test_a_region_with_stations_is_held_against_them_and_another_against_what_was_published() -> None:
    city = made.city()
    assert np.allclose(city.observed(made.REGION), city.daily["1001A"])
    assert np.allclose(city.observed(made.FAR), city.days[city.cities.index(made.FAR)])


def test_an_hour_is_known_at_its_end_and_a_published_day_at_noon_of_the_next() -> None:
    city = made.city()
    day = made.FIRST + timedelta(days=100)
    evening = city.known_at(made.moment(day, 20))
    assert not np.isnan(evening.air[:, 100 * 24 + 19]).any()
    assert np.isnan(evening.air[:, 100 * 24 + 20 :]).all()
    assert np.isnan(evening.weather[:, 100 * 24 + 20 :]).all()
    assert not np.isnan(evening.days[:, 99]).any()
    assert np.isnan(evening.days[:, 100:]).all()
    morning = city.known_at(made.moment(day, 11))
    assert np.isnan(morning.days[:, 99:]).all()


def test_zeros_of_published_days_are_missing_values() -> None:
    hourly, daily = made.frames()
    city = history.of_frames(hourly, daily.with_columns(pm25=pl.lit(0.0)), made.MEMBERS)
    assert np.isnan(city.days[:, :, 5]).all()


def test_nothing_at_all_is_refused() -> None:
    hourly, daily = made.frames()
    with pytest.raises(ValueError, match="no observations"):
        history.of_frames(hourly.clear(), daily.clear(), {})


def test_weather_ahead_replaces_only_what_comes_after() -> None:
    city = made.city()
    known = city.known_at(made.ISSUE)
    hourly, _ = made.frames()
    seen = known.with_weather(hourly.with_columns(temperature=pl.lit(33.0)), made.ISSUE)
    at = city.hour_of(made.ISSUE)
    assert (seen.weather[:, at:, 0] == 33.0).all()
    assert np.array_equal(seen.weather[:, :at], known.weather[:, :at])
    assert np.array_equal(seen.air, known.air, equal_nan=True)


@pytest.mark.requirement("F5", part="statistics read the store as of the issue: a later revision is not seen")
def test_the_store_is_read_as_it_was_known(platform: Platform) -> None:
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市")], "test")
    places.put_stations([Station("1001A", "万寿西宫", "state", "110000", 116.37, 39.87)], "test")
    store = ObservationStore(platform)
    hour = pl.DataFrame(
        {"place": ["1001A"], "time": [made.moment(date(2016, 12, 16), 10)], "pm25": [100.0]},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    store.append(hour, "hour", "first")
    store.append(hour.with_columns(pm25=pl.lit(150.0)), "hour", "later", known_at=made.moment(date(2016, 12, 20)))
    then = history.read(platform, made.moment(date(2016, 12, 16), 20))
    now = history.read(platform, made.moment(date(2016, 12, 21)))
    assert then.hourly("110000")[10, 5] == 100.0
    assert now.hourly("110000")[10, 5] == 150.0
    assert replace(then, air=now.air).hourly("1001A")[10, 5] == 150.0
