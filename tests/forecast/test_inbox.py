"""Weather forecasts that are laid down: what is read of them, which one an issue takes, and what the evening lacks."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from lantian.forecast import inbox, service_jobs
from lantian.forecast.store import Mode, RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import Settings
from tests.forecast import made
from tests.forecast.test_foreseen import ISSUE as FIELDS_ISSUE
from tests.forecast.test_foreseen import fields, put

ISSUE = made.ISSUE
HOUR = timedelta(hours=1)


def lay(home: Path, name: str, first: int, last: int) -> Path:
    """Files from ``first`` to ``last`` hours after the issue, written an hour ago."""
    folder = home / inbox.FOLDER / name
    folder.mkdir(parents=True)
    for file in put(fields(first, last), folder):
        age(file)
    return folder


def age(file: Path) -> None:
    """Let a file be an hour old."""
    os.utime(file, (time.time() - 3600,) * 2)


@pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")
def test_the_one_that_begins_last_and_reaches_far_enough_is_taken(tmp_path: Path) -> None:
    lay(tmp_path, "00", -12, 60)
    lay(tmp_path, "06", -6, 60)
    lay(tmp_path, "short", -3, 12)
    lay(tmp_path, "late", 3, 80)
    (tmp_path / inbox.FOLDER / "empty").mkdir()
    broken = tmp_path / inbox.FOLDER / "broken" / "some.nc"
    broken.parent.mkdir()
    broken.write_bytes(b"not a file of weather")
    age(broken)
    fresh = lay(tmp_path, "fresh", -3, 60) / "second.nc"
    fresh.touch()

    found = {one.name: one for one in inbox.deliveries(tmp_path)}
    assert set(found) == {"00", "06", "short", "late", "broken", "fresh"}
    assert [name for name, one in found.items() if one.reaches(FIELDS_ISSUE)] == ["06", "00"]
    best = inbox.best(list(found.values()), FIELDS_ISSUE)
    assert best
    assert best.name == "06"
    assert (best.first, best.last) == (FIELDS_ISSUE - 6 * HOUR, FIELDS_ISSUE + 60 * HOUR)
    assert "some.nc" in found["broken"].fault
    assert not found["fresh"].settled
    assert found["fresh"].first is None
    age(fresh)
    later = inbox.best(inbox.deliveries(tmp_path), FIELDS_ISSUE)
    assert later
    assert later.name == "fresh"
    assert inbox.best(inbox.deliveries(tmp_path / "elsewhere"), FIELDS_ISSUE) is None


def test_hours_after_a_gap_do_not_count(tmp_path: Path) -> None:
    folder = lay(tmp_path, "gap", -6, 60)
    (folder / "second.nc").unlink()
    for file in put(fields(31, 60), folder):
        file.rename(file.with_name(f"late_{file.name}"))
    for file in put(fields(-6, 18), folder):
        age(file)
    for file in folder.iterdir():
        age(file)
    (one,) = inbox.deliveries(tmp_path)
    assert one.last == FIELDS_ISSUE + 18 * HOUR
    assert not one.reaches(FIELDS_ISSUE)


def test_the_evening_is_issued_as_soon_as_it_can_be(platform: Platform) -> None:
    platform.clock.set_simulated(ISSUE + 2 * HOUR, paused=True)
    assert service_jobs.due(platform) == []  # no model, no weather
    shelf = platform.home / "forecast" / "models"
    for mode in ("history", "perfect"):
        (shelf / f"2016-10-31-{mode}-00000000").mkdir(parents=True)
    asked = {"issue": ISSUE.isoformat()}
    assert service_jobs.due(platform) == [("statistics", {**asked, "modes": ["history"]})]

    store = RunStore(platform)

    def issue(moment: timedelta, mode: Mode) -> None:
        run = store.begin(ISSUE - moment, mode, actor="test")
        store.put(run, **made.products(ISSUE - moment, ("1001A",)), actor="test")

    issue(24 * HOUR, "perfect")  # a replay goes on with what the evening before had
    assert service_jobs.due(platform) == [("statistics", {**asked, "modes": ["history", "perfect"]})]
    issue(timedelta(0), "history")
    assert service_jobs.due(platform) == [("statistics", {**asked, "modes": ["perfect"]})]
    issue(timedelta(0), "perfect")
    assert service_jobs.due(platform) == []


@pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")
def test_weather_that_was_laid_down_is_used_once(platform: Platform) -> None:
    platform.clock.set_simulated(FIELDS_ISSUE + 2 * HOUR, paused=True)
    folder = lay(platform.home, "one", -6, 60)
    files = [str(folder / name) for name in ("first.nc", "second.nc")]
    asked = {"weather": files, "issue": FIELDS_ISSUE.isoformat()}
    assert service_jobs.due(platform) == [("statistics", asked)]
    there = Platform(Settings(home=platform.home, forecast_city="110000"), platform.database, platform.clock)
    assert service_jobs.due(there) == [("engine", {**asked, "city": "110000"})]
    store = RunStore(platform)
    run = store.begin(FIELDS_ISSUE, "weather", actor="test")
    assert service_jobs.due(platform) == [("statistics", asked)]  # cut off: goes on
    store.fail(run, "too small", actor="test")
    assert service_jobs.due(platform) == []  # people have to look at it
