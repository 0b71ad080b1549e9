"""Long and wide tables of text, and every trap that offices' files hold."""

import datetime as dt
import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.observations import readers
from lantian.observations.readers import Reading

pytestmark = pytest.mark.requirement("M1", part="file readers")


def read(tmp_path: Path, text: str | bytes, **options: object) -> Reading:
    path = tmp_path / "some.dat"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return readers.read(path, **options)  # type: ignore[arg-type]


def hours(reading: Reading) -> dict[tuple[str, str], dict[str, float | None]]:
    """(place, local time) -> values."""
    out = {}
    for row in reading.frames["hour"].rows(named=True):
        local = row.pop("time") + dt.timedelta(hours=8)
        out[row.pop("place"), local.strftime("%Y-%m-%d %H")] = row
    return out


def only_reject(reading: Reading) -> dict[str, str]:
    assert reading.rejects.height == 1, reading.rejects.rows()
    return reading.rejects.row(0, named=True)


LONG = "station,time,item,value\n1001A,2016-12-16 20:00,PM2.5,350\n1001A,2016-12-16 20:00,CO,4.5\n"


def test_long(tmp_path: Path) -> None:
    reading = read(tmp_path, LONG)
    assert reading.kind == "long"
    assert hours(reading) == {("1001A", "2016-12-16 20"): {"pm25": 350.0, "co": 4.5}}
    assert reading.rows_read == 2


@pytest.mark.parametrize(
    "header",
    [
        "站点编码,时间,项目,数值",
        "监测点,监测时间,监测因子,监测值",
        "Site ID,DateTime,Parameter,Value",
        "点位,时间点,污染物,浓度(μg/m³)",
    ],
)
def test_headers_in_two_languages(tmp_path: Path, header: str) -> None:
    reading = read(tmp_path, f"{header}\n1001A,2016-12-16 20:00,细颗粒物,350\n")
    assert hours(reading) == {("1001A", "2016-12-16 20"): {"pm25": 350.0}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encodings_compression_and_line_ends(tmp_path: Path, encoding: str, packed: bool, ends: str) -> None:
    raw = "站点,时间,项目,数值\n万寿西宫,2016-12-16 20:00,臭氧,35\n".replace("\n", ends).encode(encoding)
    reading = read(tmp_path, gzip.compress(raw) if packed else raw, stations={"万寿西宫": "1001A"})
    assert hours(reading) == {("1001A", "2016-12-16 20"): {"o3": 35.0}}


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_delimiters_and_title_rows(tmp_path: Path, mark: str) -> None:
    text = "空气质量小时值\n\n" + LONG.replace(",", mark)
    reading = read(tmp_path, text + f"1001A{mark}2016-12-16 20:00{mark}NO2{mark}x1\n")
    assert hours(reading)["1001A", "2016-12-16 20"]["pm25"] == 350.0
    assert only_reject(reading)["line"] == "6"  # the physical line, title rows counted


@pytest.mark.parametrize(
    "text", ["", "NA", "n/a", "--", "—", " ", "NaN", "NULL", "缺测", "-999", "-99", "9999", "-9999.0", "99999"]
)
def test_missing_marks_and_codes_are_missing(tmp_path: Path, text: str) -> None:
    reading = read(tmp_path, f"station,time,PM2.5,NO2\n1001A,2016-12-16 20:00,{text},30\n")
    assert hours(reading) == {("1001A", "2016-12-16 20"): {"no2": 30.0, "pm25": None}}
    assert reading.rejects.is_empty()
    code = any(c.isdigit() for c in text)
    assert any("missing-value codes" in note for note in reading.notes) is code


@pytest.mark.parametrize(
    ("text", "reason"),
    [("-3", "too low"), ("2001", "too high"), *((text, "not a number") for text in ("abc", "1,2", "inf", "<5", "1_0"))],
)  # fmt: skip
def test_bad_cell_is_rejected_and_the_row_survives(tmp_path: Path, text: str, reason: str) -> None:
    reading = read(
        tmp_path, f'station,time,PM2.5,NO2\n1001A,2016-12-16 19:00,5,6\n1001A,2016-12-16 20:00,"{text}",30\n'
    )
    assert hours(reading)["1001A", "2016-12-16 20"] == {"no2": 30.0, "pm25": None}
    bad = only_reject(reading)
    assert (bad["file"], bad["line"], bad["field"], bad["value"]) == (str(tmp_path / "some.dat"), "3", "PM2.5", text)
    assert bad["reason"].startswith(reason)


def test_999_is_dust_but_no_wind(tmp_path: Path) -> None:
    reading = read(tmp_path, "station,time,PM10,风速,O3\n1001A,2016-12-16 20:00,999,999,999\n")
    assert hours(reading) == {("1001A", "2016-12-16 20"): {"pm10": 999.0, "wind_speed": None, "o3": 999.0}}


def test_full_width_digits_and_blanks(tmp_path: Path) -> None:
    reading = read(tmp_path, "station , time ,ＰＭ２．５\n 1001A ,　２０１６－１２－１６　２０：００, １２．５ \n")
    assert hours(reading) == {("1001A", "2016-12-16 20"): {"pm25": 12.5}}


def test_units_in_the_header_are_converted(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        "station,time,CO(μg/m3),SO2 [mg/m³],气压（kPa）,NO2(ppm)\n1001A,2016-12-16 20:00,2300,0.012,101.5,0.01\n",
    )
    values = hours(reading)["1001A", "2016-12-16 20"]
    assert values["co"] == 2.3
    assert values["so2"] == 12.0
    assert values["pressure"] == 1015.0
    assert values["no2"] == pytest.approx(10 * 46.006 / 22.403, rel=1e-3)


def test_co_in_micrograms_without_a_unit_is_refused_not_guessed(tmp_path: Path) -> None:
    bad = only_reject(read(tmp_path, "station,time,CO\n1001A,2016-12-16 20:00,2300\n"))
    assert "between 0 and 150 mg/m3" in bad["reason"]


def test_a_code_is_a_code_before_conversion(tmp_path: Path) -> None:
    reading = read(tmp_path, "station,time,CO(ug/m3)\n1001A,2016-12-16 20:00,-999\n1001A,2016-12-16 21:00,999\n")
    assert [row["co"] for row in hours(reading).values()] == [None, 0.999]
    assert reading.rejects.is_empty()


def test_unknown_unit_and_item_are_rejected_with_what_would_be_right(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        "station,time,item,value,unit\n1001A,2016-12-16 20:00,PM2.5,35,ppb\n1001A,2016-12-16 20:00,PM3,35,ug/m3\n",
    )
    reasons = {row["field"]: row for row in reading.rejects.rows(named=True)}
    assert "give it in ug/m3" in reasons["value"]["reason"]
    assert reasons["item"]["value"] == "PM3"
    assert "pm25" in reasons["item"]["reason"]


def test_duplicates_first_stands_equal_dropped_gap_filled(tmp_path: Path) -> None:
    stamp = "1001A,2016-12-16 20:00"
    reading = read(
        tmp_path, f"station,time,PM2.5,NO2\n{stamp},35,\n{stamp},35,30\n{stamp},36,30\n1001A,2016-12-16 21:00,40,41\n"
    )
    assert hours(reading) == {
        ("1001A", "2016-12-16 20"): {"pm25": 35.0, "no2": 30.0},
        ("1001A", "2016-12-16 21"): {"pm25": 40.0, "no2": 41.0},
    }
    bad = only_reject(reading)
    assert (bad["line"], bad["field"], bad["value"]) == ("4", "pm25", "36.0")
    assert "already has 35.0 in line 2" in bad["reason"]
    assert any(note.startswith("2 values repeat") for note in reading.notes)


def test_duplicates_in_a_long_table(tmp_path: Path) -> None:
    row = "1001A,2016-12-16 20:00,PM2.5,"
    reading = read(tmp_path, f"station,time,item,value\n{row}NA\n{row}35\n{row}35\n{row}36\n")
    assert hours(reading) == {("1001A", "2016-12-16 20"): {"pm25": 35.0}}
    assert only_reject(reading)["line"] == "5"


def test_hours_one_to_twenty_four_are_ends(tmp_path: Path) -> None:
    rows = "".join(f"1001A,2016-12-16 {h}:00,{h}\n" for h in range(1, 25))
    reading = read(tmp_path, "station,time,O3\n" + rows)
    assert {key[1]: values["o3"] for key, values in hours(reading).items()} == {
        f"2016-12-16 {h - 1:02d}": float(h) for h in range(1, 25)
    }
    assert any("1 to 24" in note for note in reading.notes)


def test_a_stamp_that_cannot_be_read_says_nothing_of_how_hours_are_counted(tmp_path: Path) -> None:
    rows = "1001A,16/12/2016 9:00,0\n1001A,2016-12-16 1:00,1\n1001A,2016-12-16 24:00,2\n"
    reading = read(tmp_path, "station,time,O3\n" + rows)
    assert [key[1] for key in hours(reading)] == ["2016-12-16 00", "2016-12-16 23"]
    assert reading.rejects["line"].to_list() == ["2"]


def test_a_date_beside_a_clock(tmp_path: Path) -> None:
    reading = read(tmp_path, "station,date,time,O3\n1001A,2016-12-16,20:00,1\n1001A,2016-12-16,21:00:00,2\n")
    assert [key[1] for key in hours(reading)] == ["2016-12-16 20", "2016-12-16 21"]


def test_a_header_without_rows(tmp_path: Path) -> None:
    for header in ("station,time,O3", "station,time,item,value", "date,hour,type,1001A"):
        reading = read(tmp_path, header + "\n")
        assert reading.rows_read == 0
        assert all(frame.is_empty() for frame in reading.frames.values())


def test_twenty_four_beside_zero_is_the_next_midnight(tmp_path: Path) -> None:
    reading = read(tmp_path, "station,time,O3\n1001A,2016-12-16 0:00,1\n1001A,2016-12-16 24:00,2\n")
    assert [key[1] for key in hours(reading)] == ["2016-12-16 00", "2016-12-17 00"]


def test_hour_stamp_option(tmp_path: Path) -> None:
    assert next(iter(hours(read(tmp_path, LONG, hour_stamp="end"))))[1] == "2016-12-16 19"


def test_offsets_are_honoured_and_no_daylight_time_is_applied(tmp_path: Path) -> None:
    stamps = ["2016-12-16T20:00:00+08:00", "2016-12-16T12:00:00Z", "2016-12-16 20:00", "2016-07-16 20:00"]
    text = "station,time,O3\n" + "".join(f"{n},{stamp},1\n" for n, stamp in enumerate(stamps, start=1))
    times = {row["place"]: row["time"] for row in read(tmp_path, text).frames["hour"].rows(named=True)}
    winter = dt.datetime(2016, 12, 16, 12, tzinfo=dt.UTC)
    assert times["1"] == times["2"] == times["3"] == winter
    assert times["4"] == dt.datetime(2016, 7, 16, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "stamp",
    ["", "yesterday", "16/12/2016 20:00", "2016-02-30 20:00", "2016-12-16 25:00", "2016-12-16 20:30", "2016-12-16"],
)
def test_unreadable_times_are_rejected(tmp_path: Path, stamp: str) -> None:
    reading = read(tmp_path, f"station,time,O3\n1001A,2016-12-16 19:00,1\n1001A,{stamp},2\n")
    assert len(hours(reading)) == 1
    bad = only_reject(reading)
    assert (bad["line"], bad["field"], bad["value"] or "") == ("3", "time", stamp)
    assert "2016-01-02" in bad["reason"]


def test_no_place_and_blank_rows(tmp_path: Path) -> None:
    reading = read(tmp_path, "station,time,O3\n,2016-12-16 19:00,1\n\n , ,\n1001A,2016-12-16 20:00,2\n")
    assert only_reject(reading)["line"] == "2"
    assert reading.rows_read == 2
    assert len(hours(reading)) == 1


def test_quoted_line_ends_do_not_shift_line_numbers(tmp_path: Path) -> None:
    reading = read(
        tmp_path, 'station,time,O3,备注\n1001A,2016-12-16 19:00,1,"two\nlines"\n1001A,2016-12-16 20:00,bad,\n'
    )
    assert only_reject(reading)["line"] == "4"
    assert "columns not read: 备注" in reading.notes


def test_a_row_with_too_many_fields_is_rejected_whole(tmp_path: Path) -> None:
    reading = read(tmp_path, "station,time,O3\n1001A,2016-12-16 19:00,1,234\n1001A,2016-12-16 20:00,2\n")
    bad = only_reject(reading)
    assert (bad["line"], bad["value"]) == ("2", "1001A,2016-12-16 19:00,1,234")
    assert reading.rows_read == 2
    assert [key[1] for key in hours(reading)] == ["2016-12-16 20"]


def test_daily_table_of_any_office(tmp_path: Path) -> None:
    text = "城市,日期,AQI,空气质量等级,PM2.5_24h,O3,CO(mg/m3)\n北京,2016年12月16日,212,重度污染,162,0,2.5\n"
    text += "天津,2016/12/16,95,良,70,44,1.1\n"
    reading = read(tmp_path, text, places={"北京": "110000", "天津": "120000"}.get)
    assert reading.kind == "city_daily"
    rows = reading.frames["day"].rows(named=True)
    assert rows[0] == {
        "place": "110000", "date": dt.date(2016, 12, 16), "co": 2.5, "pm25": 162.0, "o3_8h": None,
        "aqi": 212.0, "level": 5.0,
    }  # fmt: skip
    assert any("largest 8-hour mean" in note for note in reading.notes)


def test_wind_words(tmp_path: Path) -> None:
    rows = "".join(
        f"1001A,2016-12-16 {h:02d}:00,{w}\n" for h, w in enumerate(["N", "nnw", "东北风", "静风", "270", "上"])
    )
    reading = read(tmp_path, "station,time,wd\n" + rows)
    assert [row["wind_direction"] for row in hours(reading).values()] == [0.0, 337.5, 45.0, None, 270.0, None]
    assert "16 points" in only_reject(reading)["reason"]


@pytest.mark.requirement("M4", part="import checks")
def test_particle_order_is_noted_and_nothing_is_deleted(tmp_path: Path) -> None:
    reading = read(tmp_path, "station,time,PM2.5,PM10\n1001A,2016-12-16 20:00,80,60\n1001A,2016-12-16 21:00,50,60\n")
    assert "1 rows have PM2.5 above PM10: kept, and worth a look" in reading.notes
    assert [row["pm25"] for row in hours(reading).values()] == [80.0, 50.0]


def test_unknown_layout_names_file_first_line_and_layouts(tmp_path: Path) -> None:
    with pytest.raises(readers.UnknownLayoutError) as caught:
        read(tmp_path, "name,phone\nA,1\n")
    message = str(caught.value)
    assert str(tmp_path / "some.dat") in message
    assert "name,phone" in message
    assert all(kind in message for kind in readers.LAYOUTS)


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\x00\x01"])
def test_empty_and_binary_files(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(readers.ReadError):
        read(tmp_path, raw)


def test_broken_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(readers.ReadError, match="gzip file is broken or breaks off"):
        read(tmp_path, gzip.compress(LONG.encode())[:-12])
    with pytest.raises(readers.ReadError, match=r"line 2: byte .* is neither UTF-8 nor GB18030"):
        read(tmp_path, b"station,time,item,value\n\xff\xff\xff\n")
    with pytest.raises(FileNotFoundError):
        readers.read(tmp_path / "absent.csv")


def test_openaq_csv_archive_stamps_ends(tmp_path: Path) -> None:
    text = (
        '"location_id","sensors_id","location","datetime","lat","lon","parameter","units","value"\n'
        '2178,3917,"Beijing-2178","2016-12-16T21:00:00+08:00",39.9,116.4,"pm25","µg/m³",350\n'
    )
    assert hours(read(tmp_path, text)) == {("Beijing-2178", "2016-12-16 20"): {"pm25": 350.0}}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1001A", "1002A", "1003A"]), st.integers(0, 40), st.sampled_from(["PM2.5", "NO2", "CO"]),
            st.one_of(st.none(), st.decimals(0, 100, places=1), st.sampled_from(["x", "-7", "1e9"])),
        ), max_size=30,
    )
)  # fmt: skip
def test_every_cell_is_a_value_a_gap_or_a_reject(tmp_path: Path, rows: list[tuple[str, int, str, object]]) -> None:
    """Whatever a long table holds, each of its cells is accounted for, and what stands is the first sound value."""
    start = dt.datetime(2016, 12, 16)
    lines = [f"{p},{start + dt.timedelta(hours=h)},{i},{'' if v is None else v}" for p, h, i, v in rows]
    reading = read(tmp_path, "station,time,item,value\n" + "\n".join(lines) + "\n")
    names = {"PM2.5": "pm25", "NO2": "no2", "CO": "co"}
    first: dict[tuple[str, int, str], float] = {}
    repeats = wrong = 0
    for place, hour, item, value in rows:
        key = (place, hour, names[item])
        if isinstance(value, str):
            wrong += 1
        elif value is not None:
            wrong += first.setdefault(key, float(value)) != float(value)  # type: ignore[arg-type]
            repeats += 1
    if not rows:
        assert reading.rows_read == 0
        return
    frame = reading.frames["hour"].with_columns(
        ((pl.col("time").dt.offset_by("8h").dt.replace_time_zone(None) - start).dt.total_hours()).alias("hour")
    )
    got = {
        (row["place"], row["hour"], item): row[item]
        for row in frame.rows(named=True) for item in names.values() if row.get(item) is not None
    }  # fmt: skip
    assert got == first
    assert reading.rejects.height == wrong
    assert frame.select("place", "time").is_unique().all()
