"""The national archive layout, made from the real Beijing hours, and the swapped ozone columns."""

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from lantian.observations import readers
from lantian.observations.readers import Reading

pytestmark = pytest.mark.requirement("M1", part="file readers")
STATIONS = ["1001A", "1002A", "1003A", "1004A"]
TYPES = [
    "AQI",
    "PM2.5",
    "PM2.5_24h",
    "PM10",
    "PM10_24h",
    "SO2",
    "SO2_24h",
    "NO2",
    "NO2_24h",
    "O3",
    "O3_24h",
    "O3_8h",
    "O3_8h_24h",
    "CO",
    "CO_24h",
]


def ozone(station: int, hour: int) -> float:
    """A day of ozone: low at night, high at three in the afternoon."""
    return round(60 + 50 * math.sin((hour - 9) / 24 * 2 * math.pi) + 3 * station + hour % 3)


def archive(swapped: Callable[[dt.date], bool] = lambda _: False, days: int = 2, head: list[str] = STATIONS) -> str:
    lines = ["date,hour,type," + ",".join(head)]
    first = dt.date(2016, 7, 1)
    for day in (first + dt.timedelta(days=n) for n in range(days)):
        for hour in range(24):
            o3 = [ozone(s, hour) for s in range(len(head))]
            top = [max(ozone(s, h) for h in range(24)) for s in range(len(head))]
            if swapped(day):
                o3, top = top, o3
            values = {
                "PM2.5": [35.0 + hour] * len(head),
                "AQI": [50] * len(head),
                "CO": [0.8] * len(head),
                "O3": o3,
                "O3_24h": top,
            }
            lines += [f"{day:%Y%m%d},{hour},{kind}," + ",".join(str(v) for v in values[kind]) for kind in values]
    return "\n".join(lines) + "\n"


def read(tmp_path: Path, text: str, **options: object) -> Reading:
    path = tmp_path / "china.csv"
    path.write_text(text, encoding="utf-8")
    return readers.read(path, **options)  # type: ignore[arg-type]


def value(reading: Reading, place: str, local: dt.datetime, item: str) -> float | None:
    time = (local - dt.timedelta(hours=8)).replace(tzinfo=dt.UTC)
    return reading.frames["hour"].row(by_predicate=(pl.col("place") == place) & (pl.col("time") == time), named=True)[
        item
    ]  # type: ignore[no-any-return]


def test_hour_of_the_archive_is_the_end_of_its_hour(tmp_path: Path) -> None:
    reading = read(tmp_path, archive())
    assert reading.kind == "national_archive"
    assert reading.rows_read == 2 * 24 * 5
    assert reading.frames["hour"].height == 2 * 24 * 4
    # 20160702 hour 0 is the mean from 23:00 to 24:00 of the day before.
    assert value(reading, "1001A", dt.datetime(2016, 7, 1, 23), "pm25") == 35.0
    assert value(reading, "1001A", dt.datetime(2016, 7, 1, 9), "pm25") == 45.0


def test_hour_stamp_option(tmp_path: Path) -> None:
    reading = read(tmp_path, archive(), hour_stamp="beginning")
    assert value(reading, "1001A", dt.datetime(2016, 7, 1, 10), "pm25") == 45.0


def test_every_type_is_kept_under_its_item(tmp_path: Path) -> None:
    rows = "".join(f"20160701,10,{kind},{n + 1}\n" for n, kind in enumerate(TYPES))
    frame = read(tmp_path, "date,hour,type,1001A\n" + rows).frames["hour"]
    expected = {
        "aqi": 1, "pm25": 2, "pm25_24h": 3, "pm10": 4, "pm10_24h": 5, "so2": 6, "so2_24h": 7, "no2": 8, "no2_24h": 9,
        "o3": 10, "o3_24h": 11, "o3_8h": 12, "o3_8h_24h": 13, "co": 14, "co_24h": 15,
    }  # fmt: skip
    assert frame.drop("place", "time").row(0, named=True) == {k: float(v) for k, v in expected.items()}


def test_missing_hours_stations_and_cells_are_normal(tmp_path: Path) -> None:
    reading = read(tmp_path, "date,hour,type,1001A,1002A,\n20160701,10,PM2.5,,7,\n20160701,13,PM2.5,8,,\n")
    assert reading.rejects.is_empty()
    assert reading.frames["hour"].select("place", "pm25").rows() == [("1001A", 8.0), ("1002A", 7.0)]


def test_bad_cells_types_and_hours_name_their_line_and_station(tmp_path: Path) -> None:
    rows = ["10,PM2.5,x,7", "10,PM3,1,2", "25,CO,1,2", "11,CO,1,800"]
    text = "date,hour,type,1001A,1002A\n" + "".join(f"20160701,{row}\n" for row in rows)
    rejects = {row["line"]: row for row in read(tmp_path, text).rejects.rows(named=True)}
    assert rejects["2"]["field"] == "1001A PM2.5"
    assert (rejects["3"]["field"], rejects["3"]["value"]) == ("type", "PM3")
    assert (rejects["4"]["field"], rejects["4"]["value"]) == ("hour", "25")
    assert rejects["5"]["field"] == "1002A CO"
    assert "150 mg/m3" in rejects["5"]["reason"]


def test_city_variant(tmp_path: Path) -> None:
    text = archive(head=["北京", "天津", "火星"])
    reading = read(tmp_path, text, places={"北京": "110000", "天津": "120000"}.get)
    assert sorted(reading.frames["hour"]["place"].unique()) == ["110000", "120000"]
    (bad,) = reading.rejects.rows(named=True)
    assert (bad["line"], bad["field"]) == ("1", "火星")
    assert "240 cells of this column were not read" in bad["reason"]


def test_right_ozone_columns_are_left_alone(tmp_path: Path) -> None:
    assert not any("swapped" in note or "doubt" in note for note in read(tmp_path, archive(days=10)).notes)


def test_swapped_ozone_columns_are_found_put_right_and_said(tmp_path: Path) -> None:
    right = read(tmp_path, archive(days=10))
    wrong = read(tmp_path, archive(swapped=lambda _: True, days=10))
    assert wrong.frames["hour"].equals(right.frames["hour"])
    assert any("o3 and o3_24h are swapped and were put right" in note for note in wrong.notes)


def test_only_the_swapped_days_are_put_right(tmp_path: Path) -> None:
    right = read(tmp_path, archive(days=8), hour_stamp="beginning")
    mixed = read(tmp_path, archive(swapped=lambda day: day >= dt.date(2016, 7, 6), days=8), hour_stamp="beginning")
    assert mixed.frames["hour"].equals(right.frames["hour"])
    assert any("on 3 days from 2016-07-06 to 2016-07-08" in note for note in mixed.notes)


def test_a_doubtful_mixture_is_said_and_left(tmp_path: Path) -> None:
    def spoiled(line: str) -> str:
        """In odd hours the maximum is 1: half of the pairs stand in the wrong order."""
        day, hour, kind, *values = line.split(",")
        odd = kind == "O3_24h" and int(hour) % 2
        return ",".join([day, hour, kind, *(["1"] * len(values) if odd else values)])

    head, *lines = archive(days=1).splitlines()
    reading = read(tmp_path, "\n".join([head, *map(spoiled, lines)]) + "\n")
    assert any("are in doubt and were left as they are" in note for note in reading.notes)
    assert value(reading, "1001A", dt.datetime(2016, 7, 1, 2), "o3_24h") == 1.0


def test_few_pairs_give_no_verdict(tmp_path: Path) -> None:
    reading = read(tmp_path, "date,hour,type,1001A\n20160701,10,O3,90\n20160701,10,O3_24h,80\n")
    assert reading.frames["hour"].select("o3", "o3_24h").row(0) == (90.0, 80.0)


def test_a_national_day_is_read_fast(tmp_path: Path) -> None:
    head = [f"{n}A" for n in range(1001, 2701)]
    lines = ["date,hour,type," + ",".join(head)]
    row = ",".join(["35"] * len(head))
    lines += [f"20160701,{hour},{kind},{row}" for hour in range(24) for kind in TYPES]
    start = dt.datetime.now(dt.UTC)
    reading = read(tmp_path, "\n".join(lines) + "\n")
    assert reading.frames["hour"].height == 24 * 1700
    assert (dt.datetime.now(dt.UTC) - start).total_seconds() < 20
