"""Another model's file that comes after the issue: the run is put together again, and what stood before stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa
import xarray as xr

from lantian.forecast import again, engine, fields, gather, service_jobs, service_work, tables
from lantian.forecast.hindcast import spells
from lantian.forecast.learn import Forecast
from lantian.forecast.peers_store import PEERS
from lantian.forecast.service import Forecasts
from lantian.forecast.service_statistics import published
from lantian.forecast.store import Mode, Product, Run, RunStore
from lantian.forecast.store_files import SCHEMAS
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import TIMEZONE
from lantian.places.grid import Grid, Projection
from tests.forecast import made, test_past
from tests.forecast.test_past import DAY, HOUR, ISSUE, OBSERVED, STATION

city = test_past.city
EVENINGS = 20
PRODUCTS: tuple[Product, ...] = ("values", "hours", "outlook", "clearing", "weather")


def peer(platform: Platform, issue: datetime, pm25: float, days: int = 2) -> None:
    """A file of a model CMAQ of an issue, taken in at the clock's now: PM2.5 of the station's days ahead."""
    first = issue.astimezone(TIMEZONE).date()
    rows = [
        {"issue": issue, "source": "CMAQ", "place": STATION, "date": first + k * DAY, "lead": k, "item": "pm25"}
        | {"value": pm25}
        for k in range(1, days + 1)
    ]
    folder = platform.home / PEERS / f"{issue:%Y-%m-%dT%H}-{platform.clock.now():%dT%H%M}"
    folder.mkdir(parents=True)
    pl.DataFrame(rows, schema=dict(SCHEMAS["values"])).write_parquet(folder / "values.parquet")
    row = {"name": "CMAQ", "issue": issue, "known_at": platform.clock.now(), "kind": "cmaq", "files": ["a.nc"]}
    with audit.act(platform.engine, "test", "a file") as connection:
        connection.execute(sa.insert(tables.peer).values(row | {"places": 1, "notes": [], "folder": folder.name}))


def model(pm25: float = 120.0) -> Forecast:
    """What the engine says of the day ahead."""
    return test_past.engine(pm25)


def put_now(platform: Platform, given: Forecast | None = None, chart: xr.Dataset | None = None) -> Run:
    """The run of the issue, made at it."""
    store = RunStore(platform)
    told = published(platform, test_past.said(platform), given)
    return store.put(store.begin(ISSUE, "perfect", actor="test"), **told, fields=chart, actor="test")


@pytest.fixture
def evenings(city: Platform) -> Platform:
    """Evenings: the statistics a third off either way, the other model's file there three hours later
    and right.
    """
    for k in range(EVENINGS, 0, -1):
        issue = ISSUE - k * DAY
        city.clock.jump(issue)
        error = 1.3 if k % 2 else 1 / 1.3
        store = RunStore(city)
        none = {name: pl.DataFrame(schema=dict(SCHEMAS[name])) for name in ("outlook", "hours", "clearing")}
        store.put(
            store.begin(issue, "perfect", actor="test"),
            values=test_past.values(issue, "statistics", OBSERVED * error),
            **none,
            fields=None,
            peers_until=None,
            actor="test",
        )
        city.clock.jump(issue + 3 * HOUR)
        peer(city, issue, OBSERVED, days=1)
    city.clock.jump(ISSUE)
    return city


def ours(run: Run, platform: Platform, lead: int = 1, source: str = "lantian") -> float:
    values = RunStore(platform).product(run, "values").filter(source=source, place=STATION, item="pm25", lead=lead)
    found: float = values.collect()["value"].item()
    return found


@pytest.mark.requirement("F5", part="published values weigh all sources by their late errors")
def test_a_file_that_comes_after_the_issue_counts_from_then_on(evenings: Platform) -> None:
    platform = evenings
    first = put_now(platform, model())
    assert (first.peers_until, first.combined_again) == (ISSUE, False)
    assert service_jobs.due(platform) == []
    platform.clock.jump(ISSUE + 3 * HOUR)
    peer(platform, ISSUE, 500.0)
    assert service_jobs.due(platform) == [("combine", {})]

    platform.clock.jump(ISSUE + 3 * HOUR + timedelta(minutes=9))
    service_work.combine(platform, "li", Progress())

    now = platform.clock.now()
    forecasts = Forecasts(platform)
    run = forecasts.run(ISSUE, "perfect")
    assert (run.status, run.revision, run.known_at, run.peers_until) == ("finished", 2, now, now)
    assert run.combined_again
    assert [(stage.name, stage.note) for stage in run.stages] == [("combination", "CMAQ")]
    # judged by what it had said as late on the evenings before, all of which but the last are over
    shares = {row["source"]: row for row in forecasts.shares(run).filter(lead=1, item="pm25").to_dicts()}
    assert shares["CMAQ"]["issues"] == EVENINGS - 1
    assert shares["CMAQ"]["share"] > 0.3
    assert ours(run, platform) > ours(first, platform) * 1.2
    for source in ("statistics", "model"):
        assert ours(run, platform, source=source) == ours(first, platform, source=source)
    worse, better = (forecasts.store.product(each, "outlook").filter(place=STATION, lead=1) for each in (run, first))
    assert (worse.filter(source="lantian").collect()["aqi"] > better.filter(source="lantian").collect()["aqi"]).all()
    assert service_jobs.due(platform) == [], "once is enough"

    # a replay shows what was known: the first products until the second were there
    before = forecasts.run(ISSUE, "perfect", now - timedelta(minutes=1))
    assert (before.revision, before.known_at, before.combined_again) == (1, ISSUE, False)
    assert before.states == first.states
    assert ours(before, platform) == ours(first, platform)
    assert set(forecasts.shares(before)["source"]) == {"statistics", "model"}
    assert RunStore(platform).get(run.id).states[0].known_at == ISSUE


@pytest.mark.requirement("F5", part="published values weigh all sources by their late errors")
def test_a_day_that_has_begun_keeps_what_was_published_of_it(evenings: Platform) -> None:
    platform = evenings
    first = put_now(platform)
    platform.clock.jump(ISSUE + 5 * HOUR)  # an hour after midnight
    peer(platform, ISSUE, 500.0)
    (run,) = again.due(platform)
    made_again = again.combine(platform, run, actor="li")
    shares = RunStore(platform).product(made_again, "shares").filter(source="CMAQ").collect()
    assert shares["lead"].to_list() == [2]
    assert ours(made_again, platform) == ours(first, platform)
    assert again.due(platform) == []


def test_every_state_stays_readable_and_its_files_are_kept(evenings: Platform) -> None:
    platform, seen = evenings, []
    seen.append((ISSUE, put_now(platform)))
    for hours in (1, 2, 3):
        platform.clock.jump(ISSUE + hours * HOUR)
        peer(platform, ISSUE, 100.0 * hours)
        (run,) = again.due(platform)
        seen.append((platform.clock.now(), again.combine(platform, run, actor="li")))
    platform.clock.jump(ISSUE + DAY)
    store = RunStore(platform)
    for moment, run in seen:
        (stood,) = [each for each in store.runs(moment) if each.issue == ISSUE]
        assert stood.revision == run.revision
        assert store.product(stood, "shares").collect().height == (0 if moment == ISSUE else 4)
    # begun anew it is known from now, and what stood before still is
    anew = put_now(platform)
    assert anew.known_at == platform.clock.now()
    assert [state.revision for state in anew.states] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("issued", "arrives", "expected"),
    [
        (0, 1, 1),
        (36, 1, 1),
        (37, 1, 0),  # too old to be its last word
        (-1, 2, 0),  # of a later moment than the run
        (0, 24 * 8, 0),  # all days have begun
    ],
)
def test_which_files_come_too_late_for_a_run(city: Platform, issued: int, arrives: int, expected: int) -> None:
    put_now(city)
    city.clock.jump(ISSUE + arrives * HOUR)
    peer(city, ISSUE - issued * HOUR, 90.0, days=5)
    assert len(again.due(city)) == expected


def test_one_that_fails_is_left_to_people(evenings: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = evenings
    put_now(platform)
    platform.clock.jump(ISSUE + HOUR)
    peer(platform, ISSUE, 90.0)

    def fails(*_: Any) -> None:
        raise LookupError("nothing is known")

    monkeypatch.setattr("lantian.forecast.service_statistics.said_before", fails)
    with pytest.raises(LookupError):
        service_work.combine(platform, "li", Progress())
    run = RunStore(platform).runs(platform.clock.now())[0]
    assert (run.status, run.revision, run.error) == ("failed", 1, "LookupError: nothing is known")
    assert again.due(platform) == []


def test_the_map_is_drawn_to_the_hours_of_now(
    evenings: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    platform = evenings
    grid = Grid("d04", Projection(35, 45, 40, 116.4), -10_000.0, -20_000.0, 2_000.0, 10, 12)
    network = gather.stations(platform)
    times = np.array([(ISSUE + (4 + k) * HOUR).replace(tzinfo=None) for k in range(3)], "datetime64[ns]")
    shape = np.full((3, 1, grid.ny, grid.nx), 80.0)
    air = xr.Dataset({"concentration": (("time", "item", "y", "x"), shape)}, {"time": times, "item": ["pm25"]})
    winds = {"x_wind": (("time", "z", "y", "xf"), np.ones((3, 1, grid.ny, grid.nx + 1)))}
    winds["y_wind"] = (("time", "z", "yf", "x"), np.ones((3, 1, grid.ny + 1, grid.nx)))
    told = published(platform, test_past.said(platform), model())
    chart = engine.chart(grid, air, xr.Dataset(winds, {"time": times}), told["hours"].filter(source="lantian"), network)
    run = put_now(platform, model(), chart)
    assert engine.grid_of(RunStore(platform).fields(run)) == grid
    platform.clock.jump(ISSUE + 3 * HOUR)
    peer(platform, ISSUE, 500.0)
    made_again = again.combine(platform, run, actor="li")
    store = RunStore(platform)
    for each in (run, made_again):
        at = fields.at_stations(grid, store.fields(each), network).join(
            store.product(each, "hours").filter(source="lantian").collect(), on=("place", "time")
        )
        assert at["pm25"].to_numpy() == pytest.approx(at["pm25_right"].to_numpy(), rel=0.03)
    low, high = (float(store.fields(each)["concentration"].mean()) for each in (run, made_again))
    assert high > 1.1 * low
    assert float(store.fields(made_again)["eastward_wind"].mean()) > 0


def test_a_map_of_before_stays_as_it_was(evenings: Platform) -> None:
    """One whose file does not say on which grid it lies."""
    platform = evenings
    put_now(platform, model(), made.fields())
    platform.clock.jump(ISSUE + 3 * HOUR)
    peer(platform, ISSUE, 500.0)
    (run,) = again.due(platform)
    store = RunStore(platform)
    made_again = again.combine(platform, run, actor="li")
    assert store.fields(made_again).equals(store.fields(run))


def test_in_other_modes_too(city: Platform) -> None:
    store = RunStore(city)
    ahead = test_past.weather(ISSUE, 5.0).select("place", "time", *test_past.WEATHER)
    asked: dict[Mode, dict[str, Any]] = {"history": {"spells": spells(city, ISSUE)}, "weather": {"weather": ahead}}
    for mode, more in asked.items():
        told = published(city, test_past.said(city, mode, **more))
        store.put(store.begin(ISSUE, mode, actor="test"), **told, fields=None, peers_until=None, actor="test")
    city.clock.jump(ISSUE + HOUR)
    peer(city, ISSUE, 500.0)
    for run in again.due(city):
        made_again = again.combine(city, run, actor="li")
        # nothing before says how good it is: it is named, has no share, and no digit changes
        assert store.product(made_again, "shares").filter(source="CMAQ").collect()["share"].unique().to_list() == [0.0]
        for name in PRODUCTS:
            before, after = (store.product(each, name).collect() for each in (run, made_again))
            assert after.equals(before), name
    assert {run.mode for run in store.runs() if run.combined_again} == {"history", "weather"}
