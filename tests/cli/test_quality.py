"""`lantian quality` and `lantian fraud`: for scripts, and what they say where nothing is known."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from lantian.cli import app
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.observations.fraud import example
from lantian.observations.gateway import example_fleet
from lantian.observations.gateway.register import Register
from lantian.observations.store import ObservationStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
BAD = datetime(2016, 12, 14, 2, tzinfo=UTC)


@pytest.fixture
def known(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Three stations one of which has an hour that cannot be."""
    platform.clock.set_simulated(NOW, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市", "Beijing")], "test", "test")
    stations = [Station(f"190{k}A", f"示例{k}", "state", "110000", 116.3 + k / 20, 39.9) for k in range(3)]
    places.put_stations(stations, "test", "test")
    hours = [NOW - timedelta(hours=k) for k in range(96, 0, -1)]
    values = np.random.default_rng(2).integers(40, 90, (3, len(hours))).astype(float)
    values[0, hours.index(BAD)] = 1500
    for row, station in zip(values, stations, strict=True):
        frame = pl.DataFrame({"place": station.code, "time": hours, "pm25": row})
        ObservationStore(platform).append(frame.cast({"time": pl.Datetime("us", "UTC")}), "hour", "test", actor="test")
    monkeypatch.setenv("LANTIAN_HOME", str(platform.home))
    monkeypatch.setenv("LANTIAN_DATABASE_URL", platform.engine.url.render_as_string(hide_password=False))
    return platform


def said(*arguments: str) -> tuple[int, object]:
    answer = CliRunner().invoke(app, [*arguments, "--json"])
    return answer.exit_code, json.loads(answer.stdout)


@pytest.mark.requirement("M4", part="for scripts")
def test_a_span_is_judged_once_and_shown(known):
    code, done = said("quality", "run", "--from", "2016-12-14", "--to", "2016-12-14")
    assert code == 0
    assert done["hours"] == 3 * 24
    assert done["raised"] == done["standing"] > 0
    assert said("quality", "run", "--from", "2016-12-14", "--to", "2016-12-14")[1]["raised"] == 0
    code, rows = said("quality", "show", "--from", "2016-12-14", "--place", "1900A")
    assert {"range", "spike"} <= {row["check"] for row in rows}
    assert said("quality", "show", "--from", "2016-12-14", "--place", "1902A")[1] == []
    code, refused = said("quality", "run", "--from", "someday")
    assert (code, "someday" in refused["error"]) == (2, True)


@pytest.mark.requirement("M5", part="for scripts")
def test_days_are_scored_by_thresholds_that_were_learned(known):
    code, refused = said("fraud", "score")
    assert (code, "lantian fraud thresholds --learn" in refused["error"]) == (3, True)
    Register(known).put([one for one in example_fleet.devices(NOW) if one.kind == "cems"], "test")
    example.install(known, {"devices": True}, "test", Progress())
    code, done = said("fraud", "score", "--day", "2016-12-12", "--kind", "cems")
    assert code == 0
    assert done["scored"] == 3
    (day,) = [row for row in done["days"] if "昌平" in row["name"]]
    assert (day["day"], day["evidence"][0]["feature"]) == ("2016-12-12", "constant")
    code, limits = said("fraud", "thresholds")
    assert [one["kind"] for one in limits] == ["cems"]
    assert limits[0]["device_days"] >= 100
    assert said("fraud", "thresholds", "--learn", "cems", "--from", "2010-01-01", "--to", "2010-02-01")[0] == 2
