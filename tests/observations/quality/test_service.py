"""Flags on a platform: raised once, ended by a revision, readable as of any moment; what came in is judged."""

from datetime import timedelta

import polars as pl
import pytest

from lantian.kernel.jobs import list_jobs
from lantian.observations.importer import import_paths
from lantian.observations.quality.service import Quality
from lantian.observations.store import ObservationStore

from .conftest import END, spoiled

DAY = END - timedelta(days=3)
HOUR = timedelta(hours=1)


def state(platform, frame, place="A2"):
    """State the spoiled hours of a place over what stands."""
    part = frame.filter((pl.col("place") == place) & (pl.col("time") >= DAY - 48 * HOUR))
    ObservationStore(platform).append(part, "hour", "test", actor="test")


@pytest.mark.requirement("M4", part="flags never delete, and end when a revision cures them")
def test_a_flag_is_raised_once_ends_with_the_cure_and_stays_readable(city, clean):
    quality = Quality(city)
    city.clock.set_simulated(END + HOUR, paused=True)
    state(city, spoiled(clean, "A2", DAY, DAY + 9 * HOUR, pm25=57.0))
    city.clock.set_simulated(END + 2 * HOUR, paused=True)
    first = quality.run(DAY - 24 * HOUR, END, "test")
    assert first.raised == first.standing == 10
    assert first.hours == 5 * 4 * 24
    assert quality.run(DAY - 24 * HOUR, END, "test").raised == 0
    then = city.clock.now()
    city.clock.set_simulated(END + 3 * HOUR, paused=True)
    state(city, clean)
    city.clock.set_simulated(END + 4 * HOUR, paused=True)
    after = quality.run(DAY - 24 * HOUR, END, "test")
    assert (after.raised, after.ended, after.standing) == (0, 10, 0)
    now = city.clock.now()
    assert quality.flags(as_of=now).is_empty()
    assert quality.flags(as_of=then).height == 10
    assert set(quality.flags(as_of=now, ended=True)["check"]) == {"stuck"}
    values = ObservationStore(city).hourly(["A2"], DAY, DAY + 9 * HOUR, ["pm25"], as_of=then).collect()
    assert set(values["pm25"]) == {57.0}


@pytest.mark.requirement("M4", part="checks at arrival")
def test_what_came_in_is_judged_and_only_that(city, clean):
    quality = Quality(city)
    assert quality.arrived("test") is not None
    assert quality.arrived("test") is None
    city.clock.set_simulated(END + HOUR, paused=True)
    state(city, spoiled(clean, "A2", DAY, DAY, pm25=900.0, pm10=1300.0))
    city.clock.set_simulated(END + 2 * HOUR, paused=True)
    found = quality.arrived("test")
    assert found is not None
    assert found.raised > 0
    assert found.end <= END + 2 * HOUR
    assert {"spike", "neighbour"} <= set(quality.flags(as_of=city.clock.now())["check"])


def test_an_import_asks_for_the_check_once(city, clean, tmp_path):
    rows = clean.filter(pl.col("place") == "A1").tail(30).with_columns(pl.col("pm25") + 1)
    for number in range(2):
        file = tmp_path / f"hours{number}.csv"
        lines = [f"{row['time']:%Y-%m-%dT%H:%M:%SZ},A1,pm25,{row['pm25'] + number},ug/m3" for row in rows.to_dicts()]
        file.write_text("time,station,item,value,unit\n" + "\n".join(lines) + "\n", encoding="utf-8")
        report = import_paths(city, [file], "test")
        assert report.revised == 30, report
    assert [job.task for job in list_jobs(city.engine)] == ["quality.arrived"]


def test_a_span_without_zone_is_refused(city):
    with pytest.raises(ValueError, match="expected times with their zone"):
        Quality(city).run(END, END, "test")
