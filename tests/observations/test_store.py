"""The store over a real database: what comes back, when, for whom; and what upkeep leaves behind."""

import math
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations import ObservationStore, open_store, segments, tables

HOUR = timedelta(hours=1)
START = datetime(2016, 12, 16, tzinfo=UTC)
NOW = datetime(2017, 1, 10, tzinfo=UTC)


@pytest.fixture
def store(platform: Platform) -> ObservationStore:
    platform.clock.set_simulated(NOW, paused=True)
    return open_store(platform)


def hours(places: list[str], start: datetime = START, count: int = 24, **items: float | None) -> pl.DataFrame:
    times = pl.DataFrame({"time": [start + n * HOUR for n in range(count)]}, schema={"time": pl.Datetime("us", "UTC")})
    frame = pl.DataFrame({"place": places}).join(times, how="cross")
    return frame.with_columns(pl.lit(value, pl.Float64).alias(name) for name, value in items.items())


def days(place: str, start: date, count: int, **items: float) -> pl.DataFrame:
    frame = pl.DataFrame({"place": place, "date": [start + timedelta(days=n) for n in range(count)]})
    return frame.with_columns(pl.lit(value).alias(name) for name, value in items.items())


def values(frame: pl.LazyFrame, item: str) -> list[float | None]:
    return frame.collect().sort("place", "time").get_column(item).to_list()


def test_an_empty_store_answers_with_an_empty_frame(store: ObservationStore) -> None:
    assert store.hourly().collect().schema == {"place": pl.String, "time": pl.Datetime("us", "UTC")}
    assert store.daily(items=["pm25"]).collect().schema == {"place": pl.String, "date": pl.Date, "pm25": pl.Float64}


def test_what_goes_in_comes_out_in_the_registrys_order(store: ObservationStore) -> None:
    said = hours(["1001A", "1002A"], pm25=35.0, temperature=-3.5, co=1.25)
    receipt = store.append(said, "hour", "test")
    assert (receipt.new, receipt.revised, receipt.unchanged, len(receipt.segments)) == (48, 0, 0, 1)
    found = store.hourly().collect()
    assert found.columns == ["place", "time", "co", "pm25", "temperature"]
    assert found.sort("place", "time").equals(said.select(found.columns))


def test_a_batch_over_three_months_is_three_segments_in_beijings_months(store: ObservationStore) -> None:
    last_of_november = datetime(2016, 11, 30, 15, tzinfo=UTC)
    receipt = store.append(hours(["1001A"], last_of_november, 1 + 31 * 24 + 1, pm25=1.0), "hour", "test")
    assert len(receipt.segments) == 3
    months = {path.parent.name: pl.read_parquet(path).height for path in store.root.rglob("*.parquet")}
    assert months == {"2016-11": 1, "2016-12": 744, "2017-01": 1}


def test_dates_stand_for_midnight_in_beijing_and_the_end_is_left_out(store: ObservationStore) -> None:
    store.append(hours(["1001A"], datetime(2016, 12, 15, tzinfo=UTC), 72, pm25=1.0), "hour", "test")
    found = store.hourly("1001A", date(2016, 12, 16), date(2016, 12, 17)).collect().get_column("time")
    assert (found.min(), found.max()) == (
        datetime(2016, 12, 15, 16, tzinfo=UTC),
        datetime(2016, 12, 16, 15, tzinfo=UTC),
    )


def test_days_have_a_shelf_of_their_own(store: ObservationStore) -> None:
    store.append(days("110000", date(2016, 12, 1), 31, pm25=100.0, aqi=130), "day", "test")
    assert store.hourly().collect().is_empty()
    found = store.daily("110000", date(2016, 12, 31), date(2017, 1, 2)).collect()
    assert found.rows() == [("110000", date(2016, 12, 31), 100.0, 130.0)]


def test_an_item_nobody_measured_is_a_column_of_nulls_and_a_misspelt_one_an_error(store: ObservationStore) -> None:
    store.append(hours(["1001A"], count=1, pm25=1.0), "hour", "test")
    assert store.hourly(items=["so2"]).collect().get_column("so2").to_list() == [None]
    with pytest.raises(ValueError, match=r"unknown items 'PM2\.5'; known are so2, no2"):
        store.hourly(items=["PM2.5"])
    with pytest.raises(ValueError, match="unknown items 'ozone'"):
        store.append(hours(["1001A"], ozone=1.0), "hour", "test")


def test_importing_the_same_again_writes_nothing(store: ObservationStore) -> None:
    said = hours(["1001A", "1002A"], pm25=35.0)
    store.append(said, "hour", "first")
    again = store.append(said, "hour", "second")
    assert (again.new, again.revised, again.unchanged, again.segments) == (0, 0, 48, ())
    assert len(list(store.root.rglob("*.parquet"))) == 1


@pytest.mark.requirement("M1", part="revisions stay readable")
def test_the_past_is_seen_as_it_was_known(store: ObservationStore, platform: Platform) -> None:
    store.append(hours(["1001A"], count=2, pm25=10.0), "hour", "first")
    store.append(hours(["1001A"], count=1, pm25=20.0), "hour", "second")
    platform.clock.jump(NOW + HOUR)
    store.append(hours(["1001A"], count=1, pm25=float("nan")), "hour", "third")
    seen = {
        START: [],
        START + HOUR: [10.0],
        START + 2 * HOUR: [10.0, 10.0],
        NOW: [20.0, 10.0],
        NOW + HOUR: [None, 10.0],
    }
    for as_of, expected in seen.items():
        assert values(store.hourly(as_of=as_of), "pm25") == expected, as_of
        assert values(store.hourly(as_of=as_of.astimezone(TIMEZONE)), "pm25") == expected, as_of
    *spoken, taken_back = store.revisions("1001A", START).rows()
    assert spoken == [(START + HOUR, "raw", "first", 10.0), (NOW, "raw", "second", 20.0)]
    assert taken_back[:3] == (NOW + HOUR, "raw", "third")
    assert math.isnan(taken_back[3])


def test_a_late_item_does_not_disturb_its_neighbours(store: ObservationStore) -> None:
    store.append(hours(["1001A"], count=1, pm25=10.0), "hour", "first")
    store.append(hours(["1001A"], count=1, no2=5.0, pm25=None), "hour", "second")
    found = store.hourly(as_of=START + HOUR).collect()
    assert found.select("no2", "pm25").rows() == [(5.0, 10.0)]


def test_reviewed_goes_before_raw_and_the_answer_says_where(store: ObservationStore) -> None:
    store.append(hours(["1001A"], count=6, pm25=10.0, no2=1.0), "hour", "station")
    reviewed = hours(["1001A"], count=3, pm25=11.0)
    store.append(reviewed, "hour", "office", "reviewed")
    assert values(store.hourly(), "pm25") == [11.0] * 3 + [10.0] * 3
    assert values(store.hourly(grade="raw"), "pm25") == [10.0] * 6
    assert values(store.hourly(grade="reviewed"), "pm25") == [11.0] * 3
    assert values(store.hourly(as_of=NOW - HOUR), "pm25") == [10.0] * 6  # the review was not known yet
    assert values(store.hourly(), "no2") == [1.0] * 6
    graded = store.hourly(with_grade=True).collect().sort("time")
    assert graded.get_column("grade").to_list() == ["reviewed"] * 3 + ["raw"] * 3
    assert store.splice("1001A").rows() == [
        ("1001A", "reviewed", START, START + 2 * HOUR, 3),
        ("1001A", "raw", START + 3 * HOUR, START + 5 * HOUR, 3),
    ]
    store.append(hours(["1001A"], START + HOUR, 1, pm25=float("nan")), "hour", "office", "reviewed")
    assert values(store.hourly(), "pm25") == [11.0, None, 11.0] + [10.0] * 3


def test_a_refused_batch_leaves_nothing(store: ObservationStore) -> None:
    good, twice = hours(["1001A"], datetime(2016, 11, 1, tzinfo=UTC), pm25=1.0), hours(["1001A"], pm25=1.0)
    with pytest.raises(ValueError, match="stated twice"):
        store.append(pl.concat([good, twice, twice]), "hour", "test")
    assert list(store.root.rglob("*.parquet*")) == []
    assert store.hourly().collect().is_empty()


def test_every_segment_stands_in_the_audit_trail(store: ObservationStore, platform: Platform) -> None:
    (name,) = store.append(hours(["1001A"], pm25=1.0), "hour", "test", actor="analyst").segments
    with platform.engine.connect() as connection:
        query = sa.text("select actor, operation, after from audit where table_name = 'observation_segment'")
        ((actor, operation, after),) = connection.execute(query)
    assert (actor, operation) == ("analyst", "INSERT")
    assert name in after
    assert audit.verify(platform.engine) == []


def test_two_writers_of_the_same_hours_say_it_once(store: ObservationStore) -> None:
    said = [hours(["1001A"], START - timedelta(days=40), 24 * 60, pm25=float(n)) for n in (1, 1, 1, 2)]
    receipts = []
    threads = [
        threading.Thread(target=lambda one=one: receipts.append(store.append(one, "hour", "test"))) for one in said
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(receipt.new for receipt in receipts) == 24 * 60
    assert sum(receipt.revised + receipt.unchanged for receipt in receipts) == 3 * 24 * 60
    assert store.hourly().collect().height == 24 * 60


def test_compaction_keeps_every_word_and_every_reader(store: ObservationStore, platform: Platform) -> None:
    for n in range(5):
        store.append(hours(["1001A", "1002A"], START + n * HOUR, 1, pm25=float(n)), "hour", f"hour {n}")
    store.append(hours(["1001A"], count=1, pm25=9.0), "hour", "revision")
    store.append(hours(["1002A"], count=1, no2=7.0), "hour", "office", "reviewed")
    held = store.hourly(with_grade=True)
    before = held.collect().sort("place", "time")
    early = store.hourly(as_of=NOW - HOUR).collect().sort("place", "time")
    history = store.revisions("1001A", START)

    (name,) = store.compact()
    assert store.compact() == []
    assert held.collect().sort("place", "time").equals(before)  # its files are still there
    assert store.hourly(with_grade=True).collect().sort("place", "time").equals(before)
    assert store.hourly(as_of=NOW - HOUR).collect().sort("place", "time").equals(early)
    assert store.revisions("1001A", START).equals(history)

    assert store.sweep().removed == 0
    assert store.sweep(timedelta(0)).removed == 7
    assert [path.stem for path in store.root.rglob("*.parquet")] == [name]
    assert store.hourly(with_grade=True).collect().sort("place", "time").equals(before)
    assert audit.verify(platform.engine) == []


def test_compaction_of_months_without_repeats_leaves_a_plain_scan(store: ObservationStore) -> None:
    for n in range(3):
        store.append(hours(["1001A"], START + n * HOUR, 1, pm25=float(n)), "hour", "test")
    store.compact()
    assert "SORT" not in store.hourly(as_of=NOW).explain()
    store.append(hours(["1001A"], count=1, pm25=9.0), "hour", "revision")
    assert "SORT" in store.hourly(as_of=NOW).explain()


def test_opening_clears_what_killed_writers_left(store: ObservationStore, platform: Platform) -> None:
    (name,) = store.append(hours(["1001A"], pm25=1.0), "hour", "test").segments
    folder = segments.path_of(store.root, "hour", "2016-12", name).parent
    (folder / "half.parquet.tmp").write_bytes(b"PAR1")
    segments.write(hours(["1001A"], pm25=2.0), folder / "unacknowledged.parquet")
    reopened = open_store(platform)
    assert [path.stem for path in folder.iterdir()] == [name]
    assert values(reopened.hourly(), "pm25") == [1.0] * 24
    (fault,) = reopened.check()
    assert "unknown: 1 files that the database does not know" in fault


def test_a_writers_work_in_progress_is_not_swept(store: ObservationStore, platform: Platform) -> None:
    store.append(hours(["1001A"], pm25=1.0), "hour", "test")
    half = store.root / "hour" / "2016-12" / "writing.parquet.tmp"
    half.write_bytes(b"PAR1")
    with platform.engine.begin() as writer:
        from lantian.observations import manifest

        manifest.lock(writer, "hour", "2016-12")
        assert store.sweep().removed == 0
        assert half.exists()
    assert store.sweep().removed == 1


def test_the_check_names_missing_and_altered_files(store: ObservationStore) -> None:
    names = store.append(
        hours(["1001A"], datetime(2016, 11, 1, tzinfo=UTC), 31 * 24, pm25=1.0), "hour", "test"
    ).segments
    assert store.check(content=True) == []
    lost, changed = (next(store.root.rglob(f"{name}.parquet")) for name in names)
    lost.unlink()
    content = bytearray(changed.read_bytes())
    content[100] ^= 1
    changed.write_bytes(content)
    assert [str(lost) in fault and "not there" in fault for fault in store.check()] == [True]
    assert len(store.check(content=True)) == 2
    assert f"{changed}: its content is not what was written" in store.check(content=True)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"grade": "good"}, "grade 'good': expected one of best, raw, reviewed"),
        ({"start": datetime(2016, 12, 1)}, "a time needs its zone"),
        ({"as_of": datetime(2016, 12, 1)}, "a time needs its zone"),
    ],
)
def test_questions_are_checked(store: ObservationStore, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        store.hourly(**arguments)


def test_days_are_asked_for_by_date(store: ObservationStore) -> None:
    with pytest.raises(ValueError, match="days are asked for by date"):
        store.daily(start=START)


def test_pandas_frames_are_taken(store: ObservationStore) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    store.append(hours(["1001A"], count=2, pm25=1.0).to_pandas(), "hour", "notebook")
    assert values(store.hourly(), "pm25") == [1.0, 1.0]


def test_the_migration_makes_the_tables_that_the_code_knows(platform: Platform) -> None:
    found = sa.inspect(platform.engine)
    for table in (tables.segment, tables.import_batch, tables.import_rejected):
        assert [column["name"] for column in found.get_columns(table.name)] == [column.name for column in table.columns]


def test_files_stand_under_the_data_directory(store: ObservationStore, platform: Platform) -> None:
    store.append(hours(["1001A"], count=1, pm25=1.0), "hour", "test")
    (path,) = store.root.rglob("*.parquet")
    assert path.relative_to(platform.home).parent == Path("observations/hour/2016-12")
