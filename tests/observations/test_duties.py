"""What runs by itself: imports in the queue, upkeep, the doctor's look."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from lantian.kernel import doctor
from lantian.kernel.bootstrap import Platform
from lantian.kernel.doctor import Patient
from lantian.kernel.jobs import TASKS, JobRun, Progress
from lantian.observations import ObservationStore, duties, open_store
from lantian.places.regions import Region
from lantian.places.store import PlaceStore


def frame(hour: int) -> pl.DataFrame:
    time = pl.Series([datetime(2016, 12, 16, hour, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"place": ["1001A"], "time": time, "pm25": [1.0]})


def run_of(platform: Platform) -> JobRun:
    return JobRun(platform, id=1, attempt=1, actor="job:test", progress=Progress())


def test_files_are_imported_as_a_job(platform: Platform, tmp_path: Path) -> None:
    PlaceStore(platform.engine).put_regions([Region("110000", "北京市", "Beijing")], "test")
    path = tmp_path / "days.csv"
    path.write_text("city,date,PM2.5\n北京,2016-12-16,300\n", encoding="utf-8")
    for _ in range(2):  # a job may be run again after an interruption
        TASKS["observations.import"].function(run_of(platform), paths=[str(path)])
    assert open_store(platform).daily("110000").collect().get_column("pm25").to_list() == [300.0]


def test_the_night_makes_one_segment_of_a_month(platform: Platform) -> None:
    store = ObservationStore(platform)
    for hour in range(3):
        store.append(frame(hour), "hour", "test")
    leftover = store.root / "hour" / "2016-12" / "half.parquet.tmp"
    leftover.touch()
    TASKS["observations.upkeep"].function(run_of(platform))
    with platform.engine.connect() as connection:
        from lantian.observations import manifest

        assert [one.rows for one in manifest.everything(connection)] == [3]
    assert not leftover.exists()
    assert store.hourly().collect().height == 3


def test_the_doctor_looks_at_the_segments(platform: Platform) -> None:
    patient = Patient(platform.settings, platform.database)
    store = ObservationStore(platform)
    store.append(frame(0), "hour", "test")
    (well,) = duties.check_observations(patient)
    assert (well.level, well.message.split(",")[0]) == ("ok", "1 segments")
    (segment,) = store.root.rglob("*.parquet")
    segment.unlink()
    (ill,) = duties.check_observations(patient)
    assert ill.level == "problem"
    assert str(segment) in ill.message
    assert ill.mend == "bring it back from a copy"
    assert duties.check_observations in doctor.CHECKS


@pytest.mark.parametrize("database", [None, "empty"])
def test_the_doctor_has_nothing_to_say_before_the_first_start(
    platform: Platform, empty_url: str, database: str | None
) -> None:
    from lantian.kernel.database import connect

    settings = platform.settings.model_copy(update={"database_url": empty_url})
    if database is None:
        assert list(duties.check_observations(Patient(settings, None))) == []
        return
    with connect(settings) as reached:
        assert list(duties.check_observations(Patient(settings, reached))) == []
