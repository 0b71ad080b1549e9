"""Weather or control by command."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.assessment import deweather, deweather_record
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore


@pytest.fixture
def windy(platform: Platform, commands, monkeypatch):
    """A station whose PM2.5 follows the wind, two Novembers long, the second one windier."""
    monkeypatch.setattr(deweather_record, "MARGIN_DAYS", 5)
    monkeypatch.setattr(deweather, "SPLITS", 1)
    monkeypatch.setattr(deweather, "REPETITIONS", 20)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("130100", "石家庄市")], "test")
    places.put_stations([Station("9001A", "测试站", "state", "130100", 114.5, 38.0)], "test")
    generator = np.random.default_rng(1)
    for year, strength in ((2015, 1.5), (2016, 3.0)):
        number = 24 * 50
        wind = strength * np.exp(0.4 * np.sin(np.arange(number) / 31) + 0.2 * generator.standard_normal(number))
        times = [datetime(year, 10, 20, tzinfo=UTC) + timedelta(hours=k) for k in range(number)]
        frame = pl.DataFrame(
            {"time": times, "wind_speed": wind, "pm25": 120 / wind * np.exp(0.1 * generator.standard_normal(number))},
            schema_overrides={"time": pl.Datetime("us", "UTC")},
        )
        open_store(platform).append(frame.with_columns(place=pl.lit("9001A")), "hour", "test")
    platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True)
    return commands


@pytest.mark.requirement("A5", part="by command")
def test_the_command_splits_a_change_and_keeps_the_answer(windy, platform: Platform):
    asked = ("deweather", "--place", "石家庄", "--period", "2016-11", "--repetitions", 20)
    value = windy.value(*asked)
    whole = value["whole"]
    assert (value["place"], value["period"]["label"]) == ({"code": "130100", "name": "石家庄市"}, "2016-11")
    assert (value["stations"], value["years"], value["repetitions"]) == (1, [2015, 2016], 20)
    assert whole["change"] == pytest.approx(whole["weather"]["value"] + whole["control"]["value"])
    assert whole["change"] < 0
    kept = [json.loads(path.read_text()) for path in (platform.home / "assessment" / "deweather").iterdir()]
    assert [one["split"]["whole"]["change"] for one in kept] == [whole["change"]]


def test_what_cannot_be_split_is_said_in_one_sentence(windy):
    assert "expected one of so2" in windy.refusal(
        "deweather", "--place", "石家庄", "--period", "2016-11", "--item", "pm1", code=2
    )
    assert "no hours of so2" in windy.refusal(
        "deweather", "--place", "石家庄", "--period", "2016-11", "--item", "so2", code=3
    )
    assert "hours have pm25 and weather" in windy.refusal(
        "deweather", "--place", "石家庄", "--period", "2016-06", code=2
    )
