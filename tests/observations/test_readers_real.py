"""The real files: twelve Beijing stations by the hour, 28 cities by the day."""

import csv
import datetime as dt
import gzip
import time
from pathlib import Path

import polars as pl
import pytest

from lantian.observations import readers

ROOT = Path(__file__).parents[2]
DATA = ROOT / "examples/beijing/data"

pytestmark = pytest.mark.requirement("M1", part="file readers")
CITIES = "cities28_daily_20131202-20161231.csv.gz"


def hourly_files() -> list[Path]:
    return sorted((DATA / "beijing_hourly").glob("PRSA_*.csv.gz"))


def source_rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_beijing_says_what_the_file_says() -> None:
    path = next(path for path in hourly_files() if "Wanshouxigong" in path.name)
    reading = readers.read(path)
    rows = source_rows(path)
    frame = reading.frames["hour"]
    assert reading.kind == "beijing_hourly"
    assert reading.rows_read == frame.height == len(rows)
    assert reading.rejects.is_empty()
    assert frame["place"].unique().to_list() == ["1001A"]
    assert frame.schema["time"] == pl.Datetime("us", "UTC")
    for row, got in list(zip(rows, frame.rows(named=True), strict=True))[::997]:
        local = dt.datetime(int(row["year"]), int(row["month"]), int(row["day"]), int(row["hour"]))
        assert got["time"].replace(tzinfo=None) == local - dt.timedelta(hours=8)
        for item, column in {"pm25": "PM2.5", "o3": "O3", "temperature": "TEMP", "wind_speed": "WSPM"}.items():
            assert got[item] == (None if row[column] == "NA" else float(row[column]))
        assert got["co"] == (None if row["CO"] == "NA" else float(row["CO"]) / 1000)


def test_beijing_values_are_in_our_units_and_never_nan() -> None:
    frame = pl.concat(readers.read(path).frames["hour"] for path in hourly_files())
    assert frame["place"].n_unique() == 12
    assert frame["place"].str.contains(r"^\d{4}A$").all()
    assert frame["co"].max() == 10.0
    assert frame["wind_direction"].drop_nulls().is_in([22.5 * n for n in range(16)]).all()
    assert not any(frame[item].is_nan().any() for item in frame.columns[2:])


def test_twelve_files_are_read_fast() -> None:
    start = time.perf_counter()
    rows = sum(readers.read(path).rows_read for path in hourly_files())
    assert rows == 12 * 33_648
    assert time.perf_counter() - start < 20  # 1.1 s alone on two cores; the bound leaves room for a busy machine


def test_names_stand_where_no_mapping_is_known(tmp_path: Path) -> None:
    source = hourly_files()[0]
    alone = tmp_path / "alone.bin"  # the name says nothing: gzip and layout are recognised by content
    alone.write_bytes(source.read_bytes())
    assert readers.read(alone).frames["hour"]["place"][0] == "Aotizhongxin"
    mapped = readers.read(alone, stations={"Aotizhongxin": "1011A"})
    assert mapped.frames["hour"]["place"][0] == "1011A"


def test_city_table_keeps_what_was_published() -> None:
    rows = source_rows(DATA / CITIES)
    codes = {name: f"{n:06d}" for n, name in enumerate(sorted({row["city"] for row in rows}))}
    reading = readers.read(DATA / CITIES, places=codes.get)
    frame = reading.frames["day"]
    assert reading.kind == "city_daily"
    assert frame.height == reading.rows_read == len(rows)
    first = frame.row(
        by_predicate=(pl.col("place") == codes["北京"]) & (pl.col("date") == dt.date(2013, 12, 2)), named=True
    )
    assert first == {
        "place": codes["北京"], "date": dt.date(2013, 12, 2), "aqi": 119.0, "aqi_low": 106.0, "aqi_high": 130.0,
        "level": 3.0, "rank": 43.0, "pm25": 108.8, "pm10": 138.4, "so2": 60.9, "no2": 88.3, "co": 2.578, "o3_8h": 16.0,
    }  # fmt: skip
    assert reading.rejects.is_empty()


def test_city_table_zeros_are_missing_and_said() -> None:
    rows = source_rows(DATA / CITIES)
    reading = readers.read(DATA / CITIES)
    frame = reading.frames["day"]
    for item, column in {"pm25": "PM25", "co": "CO", "so2": "SO2", "o3_8h": "O3"}.items():
        zeros = sum(float(row[column]) == 0 for row in rows if row[column])
        assert frame.filter(pl.col(item) == 0).is_empty()
        assert frame[item].null_count() == zeros + sum(row[column] == "" for row in rows)
        assert not zeros or f"{column}: {zeros} zeros taken as missing" in reading.notes
    assert any("28 names stand as place ids" in note for note in reading.notes)


def test_city_that_no_one_knows_is_rejected_with_its_line() -> None:
    rows = source_rows(DATA / CITIES)
    reading = readers.read(DATA / CITIES, places={"北京": "110000"}.get)
    assert reading.frames["day"]["place"].unique().to_list() == ["110000"]
    other = [str(n) for n, row in enumerate(rows, start=2) if row["city"] != "北京"]
    assert sorted(reading.rejects.filter(pl.col("field") == "city")["line"]) == sorted(other)
