"""Station lists as offices keep them."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from lantian.places import PlaceFileError, Station, read_stations

HEAD = "station,name,city,county,lon,lat\n"


def chaoyang(*_: object) -> str:
    return "110105"


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "stations.csv") -> Path:
    path = folder / name
    raw = text.encode(encoding)
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


@pytest.mark.requirement("M1", part="station lists")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("name", ["s.csv", "s.csv.gz"])
def test_text_is_read_as_offices_save_it(tmp_path: Path, encoding: str, name: str) -> None:
    path = write(
        tmp_path,
        "站点编码,站点名称,经度,纬度,行政区划代码,站点类型\r\n 1005A ,农展馆,116.462,39.9365,110105,省控\r\n\r\n",
        encoding,
        name,
    )
    assert read_stations(path) == [Station("1005A", "农展馆", "province", "110105", 116.462, 39.9365)]


@pytest.mark.parametrize(
    ("written", "name", "since"),
    [
        ("濮水河管理处(启用161121)", "濮水河管理处", date(2016, 11, 21)),
        ("新站（20190222启用）", "新站", date(2019, 2, 22)),
        ("某站(新增200109)", "某站", date(2020, 1, 9)),
        ("延庆夏都(145)", "延庆夏都", date(2021, 1, 1)),
        ("龙柱(并行145)", "龙柱", date(2021, 1, 1)),
        ("某站(东)", "某站(东)", None),
        ("某站(启用169921)", "某站(启用169921)", None),
    ],
)
def test_notes_in_names_become_the_first_day(tmp_path: Path, written: str, name: str, since: date | None) -> None:
    (station,) = read_stations(write(tmp_path, HEAD + f"1A,{written},北京,朝阳区,116,40\n"), chaoyang)
    assert (station.name, station.since) == (name, since)


def test_all_faults_are_named_by_line_field_and_value(tmp_path: Path) -> None:
    text = "station,name,region,lon,lat,kind,since\n"
    text += "1A,甲,110105,116,95,,\n"
    text += ",乙,110105,x,40,,\n"
    text += "3A,丙,11010,116,40,,\n"
    text += "4A,丁,110105,116,40,国家,\n"
    text += "5A,戊,110105,116,40,,2016/12\n"
    text += "6A,己,110105,116,40,,\n"
    text += "6A,己,110105,116,40,,\n"
    path = write(tmp_path, text)
    with pytest.raises(PlaceFileError) as raised:
        read_stations(path)
    found = [(fault.line, fault.field, fault.value) for fault in raised.value.faults]
    assert found == [
        (2, "lat", "95"),
        (3, "lon", "x"),
        (3, "code", ""),
        (4, "region", "11010"),
        (5, "kind", "国家"),
        (6, "since", "2016/12"),
        (8, "code", "6A"),
    ]
    assert f"{path}, line 2, lat: '95'; expected a number from -90 to 90" in str(raised.value)
    assert "国控" in str(raised.value)


def test_a_missing_column_is_named_with_the_heads_known(tmp_path: Path) -> None:
    with pytest.raises(PlaceFileError, match="a column lon or longitude or 经度"):
        read_stations(write(tmp_path, "station,name,lat\n1A,甲,40\n"))


def test_a_row_that_nobody_can_place_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "1A,甲,某市,某区,116,40\n")
    with pytest.raises(PlaceFileError, match="line 2, region: ''; expected a region code"):
        read_stations(path)


def test_service_runs_from_the_first_to_the_last_day() -> None:
    station = Station("1A", "甲", "state", "110105", 116, 40, since=date(2016, 1, 2), until=date(2016, 1, 3))
    assert [station.runs(date(2016, 1, day)) for day in (1, 2, 3, 4)] == [False, True, True, False]
    with pytest.raises(ValueError, match="lies before since"):
        Station("1A", "甲", "state", "110105", 116, 40, since=date(2016, 1, 2), until=date(2016, 1, 1))
