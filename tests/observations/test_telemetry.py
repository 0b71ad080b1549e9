"""The store of telemetry keeps every statement and shows the one with the latest QN."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from lantian.observations.telemetry import COLUMNS, TelemetryStore
from lantian.observations.telemetry.tables import segment

NOON = datetime(2016, 12, 16, 4, tzinfo=UTC)


def reading(**changes):
    row = {
        "device": "MN1",
        "resolution": "minute",
        "item": "pm10",
        "time": NOON,
        "value": 80.0,
        "flag": "N",
        "qn": "20161216120101000",
        "known_at": NOON + timedelta(minutes=1),
    }
    return row | changes


def frame(*rows):
    return pl.DataFrame(rows, schema={name: COLUMNS[name] for name in rows[0]})


@pytest.fixture
def store(platform):
    return TelemetryStore(platform)


@pytest.mark.requirement("M2", part="telemetry: the later QN holds, all are kept")
def test_the_later_qn_holds_whatever_the_order_of_arrival_and_all_are_kept(store):
    late = reading(value=90.0, qn="20161216130000000", known_at=NOON + timedelta(hours=1))
    early = reading(value=70.0, qn="20161216120100000", known_at=NOON + timedelta(hours=2))  # arrived last, said first
    for row in (reading(), late, early, reading(known_at=NOON + timedelta(hours=3))):
        store.append(frame(row), "test")
    seen = store.read(resolution="minute").collect()
    assert seen.select("device", "resolution", "item", "time", "value").rows() == [
        ("MN1", "minute", "pm10", NOON, 90.0)
    ]
    store.compact()
    assert store.statements(resolution="minute").collect()["value"].sort().to_list() == [70.0, 80.0, 90.0]
    assert store.read(resolution="minute").collect()["value"].to_list() == [90.0]


def test_only_what_was_known_then_is_read(store):
    store.append(frame(reading(), reading(value=90.0, qn="20161216130000000", known_at=NOON + timedelta(hours=1))), "t")
    assert store.read(as_of=NOON).collect().height == 0
    assert store.read(as_of=NOON + timedelta(minutes=5)).collect()["value"].to_list() == [80.0]
    assert store.read(as_of=NOON + timedelta(hours=1)).collect()["value"].to_list() == [90.0]


def test_a_packet_without_qn_counts_with_its_arrival(store):
    rows = [
        reading(value=1.0, qn=None, known_at=NOON + timedelta(minutes=2)),
        reading(value=2.0, qn="20161216120130000", known_at=NOON + timedelta(minutes=9)),
    ]
    store.append(frame(*rows), "test")
    assert store.read().collect()["value"].to_list() == [1.0]


def test_devices_items_span_and_resolution_choose(store):
    rows = [
        reading(),
        reading(device="MN2"),
        reading(item="tsp"),
        reading(time=NOON + timedelta(days=1)),
        reading(resolution="hour"),
    ]
    assert store.append(frame(*rows), "test") == 5
    assert store.read("MN1", NOON, NOON + timedelta(hours=1), items=["pm10"]).collect().height == 1
    assert store.read(["MN1", "MN2"], end=NOON + timedelta(hours=1)).collect().height == 3
    assert store.read(resolution="hour").collect()["resolution"].to_list() == ["hour"]
    assert store.read(resolution="day").collect().schema == COLUMNS
    assert store.newest(as_of=NOON + timedelta(days=9)) == NOON + timedelta(days=1)


def test_segments_of_a_day_become_one_and_old_files_go_after_their_grace(store, engine):
    for minute in range(5):
        store.append(frame(reading(time=NOON + timedelta(minutes=minute), resolution="real")), "test")
    held = store.read(resolution="real")  # a reader that collects later
    assert store.compact(least=16) == 0
    assert store.compact() == 5
    assert held.collect().height == 5
    with engine.connect() as connection:
        assert len(connection.execute(segment.select().where(segment.c.retired_at.is_(None))).all()) == 1
    assert store.sweep() == 0
    assert store.sweep(timedelta(0)) == 5
    assert store.read(resolution="real").collect().height == 5


def test_what_a_killed_writer_left_is_never_read(store):
    store.write(frame(reading()), "test")
    assert store.read().collect().height == 0
    assert store.sweep(timedelta(0)) == 1
    assert [path.name.split("_")[0] for path in (store.shelf.root / "unknown").iterdir()] == ["minute"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resolution": "week"}, "resolution 'week'; expected real, minute, hour, day"),
        ({"device": None}, "device is missing in row 0"),
        ({"time": None}, "time is missing in row 0"),
    ],
)
def test_a_wrong_row_is_named(store, change, message):
    with pytest.raises(ValueError, match=message):
        store.append(frame(reading(**change)), "test")
    assert store.read().collect().height == 0


def test_times_without_zone_and_unknown_columns_are_refused(store):
    with pytest.raises(ValueError, match="start 2016-12-16T04:00:00: expected a time with its zone"):
        store.read(start=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="column colour is unknown"):
        store.append(frame(reading()).with_columns(pl.lit("red").alias("colour")), "test")
    with pytest.raises(ValueError, match="column item is missing"):
        store.append(frame(reading()).drop("item"), "test")
