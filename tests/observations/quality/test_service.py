"""Flags on a platform: raised once, ended by a revision, readable as of any moment; what came in is judged."""

from datetime import timedelta

import polars as pl
import pytest

from lantian.kernel.jobs import list_jobs
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.importer import import_paths
from lantian.observations.quality.service import Quality
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore

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


def averages(device, item, hour, counts, every=1, flag="N"):
    """So many averages of a device in an hour, from its beginning or, where marked, from its end."""
    ordered = range(counts) if flag == "N" else range(60 // every - 1, 60 // every - 1 - counts, -1)
    return [
        {"device": device, "resolution": "minute", "item": item, "time": hour + timedelta(minutes=every * n),
         "known_at": END, "value": 50.0, "flag": flag}
        for n in ordered
    ]  # fmt: skip


@pytest.mark.requirement("M4", part="an hour with fewer than 45 valid minutes")
def test_an_hour_that_rests_on_too_few_minutes_is_flagged_where_minutes_came(city):
    since = END - timedelta(days=3)
    Register(city).put(
        [
            Device("S1", "micro", "22", "S1", "110000", since, "123456", station="A1"),
            Device("D1", "dust", "22", "D1", "110000", since, "123456", every=300),
        ],
        "test",
    )
    hours = [END - n * HOUR for n in (5, 4, 3, 2)]
    rows = [*averages("S1", "pm25", hours[0], 60), *averages("S1", "pm25", hours[1], 45)]
    rows += [*averages("S1", "pm25", hours[2], 44), *averages("S1", "pm25", hours[2], 16, flag="D")]
    # Of the last hour the station has a value and no minutes: nothing is known of them.
    rows += [*averages("D1", "pm10", hours[0], 9, every=5), *averages("D1", "pm10", hours[1], 8, every=5)]
    rows += [
        {
            "device": "D1",
            "resolution": "hour",
            "item": "pm10",
            "time": hour,
            "known_at": END,
            "value": 60.0,
            "flag": "N",
        }
        for hour in hours
    ]
    TelemetryStore(city).append(pl.DataFrame(rows), "test")
    Quality(city).run(END - 6 * HOUR, END, "test")
    found = Quality(city).flags(as_of=END, items=["pm25", "pm10"]).filter(pl.col("check") == "validity")
    assert found.select("place", "kind", "item", "time").rows() == [
        ("D1", "dust", "pm10", hours[1]), ("A1", "state", "pm25", hours[2])
    ]  # fmt: skip
    assert [text.split(maxsplit=1)[1] for text in found["zh"]] == [
        f"有效数据 {n} 分钟，至少需要 45 分钟" for n in (40, 44)
    ]


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
