"""Blind calibration on the real air of twelve stations; drift and failures that were put in are found."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks import sensors_network as invented
from lantian.observations.sensors import drift, network

START = datetime(2016, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def quiet():
    """Ninety days of a network without any fault."""
    return invented.watched(datetime(2016, 3, 20, tzinfo=UTC), 80, 3)


@pytest.mark.requirement("M3", part="blind calibration within the network")
def test_three_references_take_most_of_the_error_off_sensors_beside_none():
    found = invented.recovered(START, seed=2)
    assert len(found) == 9
    before, blind = (np.mean([getattr(one, name) for one in found]) for name in ("before", "blind"))
    assert blind < 0.25 * before
    assert min(one.percent for one in found) > 40


def test_without_references_sensors_are_set_right_among_each_other():
    said, wrong = invented.sensors(START, 20, seed=7)
    found = network.blind(said.drop("truth"), said.select(place="sensor", time="time", pm25="pm25").clear(), {}, "pm25")
    assert found.keys() == wrong.keys()
    assert not any(one.anchored for one in found.values())
    gains = np.array([one.calibration.coefficients["gain"] * wrong[name].gain for name, one in found.items()])
    raw = np.array([one.gain for one in wrong.values()])
    assert gains.std() / gains.mean() < 0.5 * raw.std() / raw.mean()


def test_a_sensor_with_too_few_hours_gets_the_reason():
    said, _ = invented.sensors(START, 2, seed=7)
    told = invented.air().filter(pl.col("place").is_in(invented.REFERENCES)).select("place", "time", "pm25")
    found = network.blind(said.drop("truth"), told, invented.where(), "pm25")
    assert all(one.calibration is None and "at least 72 hours" in one.reason for one in found.values())


def test_well_mixed_hours_are_those_in_which_stations_agree():
    values = np.array([[50.0, 50.0], [50.0, 90.0], [50.0, 55.0], [50.0, np.nan], [np.nan, np.nan], [20.0, 80.0]])
    assert network.mixed(values).tolist() == [True, False, True, False, False, False]


def test_what_is_expected_comes_from_the_nearest_others():
    where = {"a": (116.0, 40.0), "b": (116.01, 40.0), "c": (116.02, 40.0), "far": (118.0, 40.0)}
    rows = pl.DataFrame({"sensor": list(where), "time": [START] * 4, "value": [1.0, 10.0, 20.0, 900.0]})
    found = {row["sensor"]: row for row in network.expected(rows, where, nearest=2).to_dicts()}
    assert found["a"]["expected"] == 15.0
    assert found["far"]["expected"] == 15.0
    alone = network.expected(rows.head(2), where)
    assert alone["expected"].to_list() == [None, None]
    assert network.expected(rows.clear(), {}).is_empty()


@pytest.mark.requirement("M3", part="drift and failure alarms")
@pytest.mark.parametrize(("case", "kind", "within"), [
    ("gain", "gain", 32), ("offset", "offset", 32), ("stuck", "stuck", 1), ("dead", "dead", 1),
    ("saturated", "saturated", 1),
])  # fmt: skip
def test_an_injected_fault_is_told_and_by_its_name(quiet, case, kind, within):
    at = datetime(2016, 4, 25, tzinfo=UTC)
    end = quiet["time"].max()
    rows = invented.injected(quiet, "1003A", case, at)
    told = [one for one in invented.alarms(rows, end) if one.sensor == "1003A" and one.kind == kind]
    told = [one for one in told if one.since >= at - timedelta(hours=1)]
    assert told
    assert min(one.noticed for one in told) <= at + timedelta(days=within)
    assert told[0].zh
    assert told[0].en
    assert told[0] not in invented.alarms(quiet, end)


def test_a_network_without_faults_is_mostly_left_alone(quiet):
    told = [one for one in invented.alarms(quiet, quiet["time"].max()) if one.kind != "dead"]
    assert len(told) <= 2  # of 720 sensor-days


def test_a_week_of_little_says_nothing(quiet):
    nothing = network.expected(quiet.select("sensor", "time", "value").head(24), invented.where())
    assert drift.weeks(nothing).is_empty()
    assert drift.drifting(drift.weeks(nothing)) == []
    assert drift.failing(nothing.clear(), START) == []
