"""Weather forecasts from files: which hours of them count, what they change, and what they do not cover."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.forecast import cycle, engine, foreseen, gather, inbox, runner, service_work
from lantian.forecast.features import LEADS
from lantian.forecast.history import ITEMS, History
from lantian.forecast.learn import Calibrator
from lantian.forecast.learn_frames import HOURS, VALUES, Forecast, Made, frames
from lantian.forecast.store import Run, RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.transport import idealised
from lantian.weather import canonical
from tests.forecast import made as at_beijing
from tests.forecast import statistics_made as made

ISSUE, REGION = made.ISSUE, made.REGION
HOUR = timedelta(hours=1)
DAY = made.FIRST + timedelta(days=220)
"""Of the issue, at 20:00."""


def fields(first: int, last: int, speed: float = 5.0, every: int = 3) -> xr.Dataset:
    """Air over the stations from ``first`` to ``last`` hours after the issue, in the same wind all the time."""
    hours = [h for h in range(first, last + 1) if (h - first) % every == 0 or h == last]
    lon, lat = np.meshgrid([116.0, 116.5, 117.0], [39.5, 40.0, 40.5])
    level = np.array([20.0, 100, 400, 1500, 3500])
    shape = (len(hours), level.size, *lon.shape)
    height = np.broadcast_to(level[:, None, None], shape)
    volumes = {
        "eastward_wind": np.zeros(shape), "northward_wind": np.full(shape, -speed),
        "air_temperature": 280 - 0.0065 * height, "air_pressure": 101_000 * np.exp(-height / 8000),
        "specific_humidity": np.full(shape, 0.002), "height": height,
    }  # fmt: skip
    variables = {
        name: (("time", "level", "y", "x"), values.astype(np.float32), canonical.attributes(name))
        for name, values in volumes.items()
    }
    for name, value in (("surface_altitude", 40.0), ("surface_air_pressure", 101_000.0)):
        plane = np.full((len(hours), *lon.shape), value)
        variables[name] = (("time", "y", "x"), plane, canonical.attributes(name))
    start = np.datetime64(ISSUE.replace(tzinfo=None), "ns")
    time = start + np.array(hours) * np.timedelta64(1, "h")
    found = xr.Dataset(variables, {"time": time, "lon": (("y", "x"), lon), "lat": (("y", "x"), lat)})
    assert canonical.check(found) == ()
    return found


def put(fields: xr.Dataset, folder: Path) -> list[Path]:
    """The fields in two plain NetCDF files, hours one after the other."""
    files, half = [], fields.sizes["time"] // 2
    for name, part in (("first.nc", slice(0, half)), ("second.nc", slice(half, None))):
        some = fields.isel(time=part)
        plain = some.drop_vars("height").assign_coords(
            level=("level", some["height"].values[0, :, 0, 0], {"standard_name": "height", "units": "m"})
        )
        plain["time"].attrs["standard_name"] = "time"
        for degrees, units in (("lon", "degrees_east"), ("lat", "degrees_north")):
            plain[degrees].attrs["units"] = units
        plain.to_netcdf(folder / name, engine="h5netcdf")
        files.append(folder / name)
    return files


class Windy:
    """Statistics of a kind: the more wind comes, the cleaner the air; a trained network takes half a minute."""

    mode = "perfect"
    places = (REGION, *made.STATIONS, made.FAR)
    begins, ends = made.FIRST, DAY

    def predict(self, known: History, issue: datetime, places: Sequence[str], *, weather: pl.DataFrame) -> Forecast:
        level = 120.0 / weather.filter(pl.col("time") >= issue)["wind_speed"].mean()
        items = level * np.array([0.1, 0.5, 0.01, 0.8, 1.4, 1.0])
        days, hours = (np.broadcast_to(items, (count, len(ITEMS))) for count in (len(LEADS), 24 * 8))
        around = days[..., None] * np.array([0.5, 0.8, 1.0, 1.3, 2.0])
        return frames(
            issue,
            "statistics",
            [Made(place, days, around, hours if place in known.places else None) for place in places],
        )


@pytest.fixture
def calibrator() -> Any:
    return Windy()


@pytest.fixture
def city(platform: Platform) -> Platform:
    """The made-up city on a platform at the moment of the issue."""
    places = PlaceStore(platform.engine)
    places.put_regions([Region(REGION, "北京市"), Region("110101", "东城区"), Region("130000", "河北省")], "test")
    places.put_regions([Region(made.FAR, "石家庄市")], "test")
    places.put_stations([Station(code, code, "state", "110101", 116.4, 39.9) for code in made.STATIONS], "test")
    hourly, daily = made.frames()
    since = ISSUE - timedelta(days=50)
    store = open_store(platform)
    store.append(hourly.filter(pl.col("time").is_between(since, ISSUE - HOUR)), "hour", "test")
    days = daily.filter(pl.col("date").is_between(since.date(), DAY - timedelta(days=1)))
    store.append(days.filter(place=made.FAR), "day", "test")
    platform.clock.set_simulated(ISSUE + HOUR, paused=True)
    return platform


def issue(platform: Platform, calibrator: Calibrator, weather: xr.Dataset | None, **more: Any) -> Run:
    asked: dict[str, Any] = {"mode": "weather", "actor": "test", "progress": Progress()} | more
    return runner.issue_forecast(platform, ISSUE, calibrator=calibrator, weather=weather, **asked)


@pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")
def test_statistics_follow_the_weather_of_files_on_the_days_that_they_cover(
    city: Platform, calibrator: Calibrator
) -> None:
    store = RunStore(city)
    run = issue(city, calibrator, fields(-6, 72))
    assert (run.mode, run.status, run.revision) == ("weather", "finished", 1)
    # 72 hours from 20:00 end at 20:00: the third day is not whole
    covered = [DAY + timedelta(days=1), DAY + timedelta(days=2)]
    values, outlook = (store.product(run, name).collect() for name in ("values", "outlook"))
    for source in ("lantian", "statistics", "persistence"):
        own = values.filter(source=source)
        assert set(own["place"]) >= {REGION, *made.STATIONS}
        assert sorted(own["date"].unique()) == covered
    assert made.FAR in set(values["place"])
    assert sorted(outlook["date"].unique()) == covered
    assert store.product(run, "hours").collect()["time"].max() == made.moment(DAY, 3 * 24 - 1)
    read = store.product(run, "weather").collect()
    assert set(read["place"]) == set(made.STATIONS)
    assert read["temperature_used"].equals(read["temperature"].alias("temperature_used")), "nothing was issued before"
    begins = store.product(run, "clearing").collect()["begins"].drop_nulls()
    assert begins.filter(begins >= made.moment(DAY, 3 * 24)).is_empty()

    assert issue(city, calibrator, fields(-6, 72)).revision == 1  # the same weather: made already
    calm = issue(city, calibrator, fields(-6, 72, speed=0.5))
    assert calm.revision == 2
    assert calm.models["weather"] != run.models["weather"]
    assert not store.product(calm, "values").collect().equals(values)


def test_files_are_read_for_the_command_and_for_jobs(
    city: Platform, calibrator: Calibrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_work, "_calibrator", lambda _platform, mode, *_: {"perfect": calibrator}[mode])
    whole = fields(-6, 48)
    files = [str(file) for file in put(whole, tmp_path)]
    service_work.statistics(city, "test", Progress(), issue=ISSUE.isoformat(), weather=files)
    (read,) = RunStore(city).runs()
    assert (read.mode, read.status) == ("weather", "finished")
    assert issue(city, calibrator, whole).models == read.models  # the same weather


@pytest.mark.parametrize(("first", "last", "hours", "approach"), [(-6, 72, 60, 6), (0, 48, 48, 0), (-40, 30, 30, 24)])
def test_the_engine_runs_through_the_hours_that_the_files_cover(
    city: Platform,
    calibrator: Calibrator,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    last: int,
    hours: int,
    approach: int,
) -> None:
    asked: dict[str, Any] = {}

    def ingredients(
        _platform: Any, _issue: Any, _city: Any, air: xr.Dataset, ahead: pl.DataFrame, *_: Any, **rest: Any
    ):
        asked.update(rest, air=air, days=sorted(ahead["date"].unique()))
        raise gather.NotReadyError("no terrain")

    monkeypatch.setattr(gather, "ingredients", ingredients)
    monkeypatch.setattr(runner, "_inventory", lambda _: None)
    with pytest.raises(gather.NotReadyError):
        issue(city, calibrator, fields(first, last), city=REGION, hours=60)
    assert (asked["hours"], asked["approach"]) == (hours, approach)
    assert asked["air"].sizes["level"] == 5
    # the air outside is that of the last whole day, as far as the engine goes
    assert asked["days"][-1] >= (ISSUE + hours * HOUR).date() + timedelta(days=1)
    (run,) = RunStore(city).runs()
    assert (run.status, run.revision) == ("failed", 1)  # the statistics stand


def test_a_run_tells_the_days_whose_outer_air_is_background_alone(
    city: Platform, calibrator: Calibrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = idealised.domain((6, 6), 30_000.0)
    where = {"place": REGION, "lon": float(domain.grid.lon[2, 2]), "lat": float(domain.grid.lat[2, 2]), "pm25": 80.0}
    # from the afternoon of the issue's day on for 48 hours: one of the three days has no city
    cities = pl.DataFrame([where | {"date": DAY + timedelta(days=n)} for n in (0, 2)])

    def run(_made: Any, folder: Path, _tell: Any) -> list[None]:
        folder.mkdir(parents=True)
        (folder / "factors.json").write_text("[]")
        return [None]

    monkeypatch.setattr(gather, "ingredients", lambda *_, **__: SimpleNamespace(domains=(domain,), cities=cities))
    monkeypatch.setattr(runner, "_inventory", lambda _: None)
    monkeypatch.setattr(cycle, "run", run)
    for name, value in (("law", None), ("hours", pl.DataFrame(schema=HOURS)), ("values", pl.DataFrame(schema=VALUES))):
        monkeypatch.setattr(engine, name, lambda *_, value=value: value)
    monkeypatch.setattr(cycle, "weather_of", lambda *_: None)
    monkeypatch.setattr(engine, "chart", lambda *_: at_beijing.fields(ISSUE))
    told = issue(city, calibrator, fields(-6, 48), city=REGION, hours=48)
    store = RunStore(city)
    assert store.background_days(told) == [DAY + timedelta(days=1)]
    (stage,) = [stage for stage in store.get(told.id).stages if stage.name == "map"]
    assert str(DAY + timedelta(days=1)) in stage.note
    cities = cities.clear()
    assert len(store.background_days(issue(city, calibrator, fields(-6, 47), city=REGION, hours=47))) == 3


@pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")
def test_files_that_do_not_reach_far_enough_say_what_they_hold_and_what_is_needed(
    city: Platform, calibrator: Calibrator
) -> None:
    wanted = f"needs every hour from then to {DAY + timedelta(days=1)}T23:00"
    for first, last in ((1, 72), (-6, 26), (-30, -3)):
        with pytest.raises(ValueError, match="the weather files hold") as refused:
            issue(city, calibrator, fields(first, last))
        assert wanted in str(refused.value)
    assert f"hold {DAY - timedelta(days=1)}T14:00 to {DAY}T17:00" in str(refused.value)
    split = xr.concat([fields(-6, 12), fields(20, 60)], "time")
    with pytest.raises(ValueError, match=rf"to {DAY + timedelta(days=1)}T08:00, {DAY + timedelta(days=1)}T16:00 to"):
        issue(city, calibrator, split)
    with pytest.raises(ValueError, match="outside the weather's grid: 1001A"):
        issue(city, calibrator, fields(-6, 72).isel(x=slice(1, 3)))
    with pytest.raises(ValueError, match="belong to mode weather"):
        issue(city, calibrator, None)
    assert RunStore(city).runs() == []


def test_hours_up_to_a_gap_count_and_no_more() -> None:
    split = xr.concat([fields(-30, -12), fields(-3, 30), fields(40, 60)], "time")
    found = foreseen.around(split, ISSUE)
    assert found["time"].values[[0, -1]].tolist() == fields(-3, 30)["time"].values[[0, -1]].tolist()
    assert foreseen.around(fields(0, 27), ISSUE).sizes["time"] == 10
    assert inbox.last_needed(ISSUE) == ISSUE + 27 * HOUR


def test_a_day_is_covered_by_its_last_hour() -> None:
    def until(moment: datetime) -> date:
        frame = pl.DataFrame({"time": [moment]}, schema={"time": pl.Datetime("us", "UTC")})
        return foreseen.first_open_day(frame)

    assert until(made.moment(DAY, 23)) == DAY + timedelta(days=1)
    assert until(made.moment(DAY, 22)) == DAY


def test_the_last_days_values_are_carried_on() -> None:
    values = pl.DataFrame({"place": ["a", "a"], "date": [DAY, DAY + timedelta(days=1)], "value": [1.0, 2.0]})
    found = foreseen.carried(values, DAY + timedelta(days=3))
    assert found["value"].to_list() == [1.0, 2.0, 2.0, 2.0]
    assert found["date"].max() == DAY + timedelta(days=3)
    assert foreseen.carried(values, DAY).equals(values)
    assert foreseen.carried(values.clear(), DAY).is_empty()
