"""OpenAQ v3 JSON."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from lantian.observations import readers
from lantian.observations.readers import Reading

pytestmark = pytest.mark.requirement("M1", part="file readers")


def record(
    value: Any, name: str = "pm25", units: str = "µg/m³", at: str = "2016-12-16T12:00:00Z", **more: Any
) -> dict[str, Any]:
    """One measurement as the interface answers it."""
    span = more.pop("interval", "01:00:00")
    return {
        "value": value, "flagInfo": {"hasFlags": False},
        "parameter": {"id": 2, "name": name, "units": units, "displayName": None},
        "period": {"label": "raw", "interval": span, "datetimeTo": {},
                   "datetimeFrom": {"utc": at, "local": more.pop("local", at)}},
        "coordinates": None, "summary": None, "coverage": {"expectedCount": 1}, **({"locationsId": 2178} | more),
    }  # fmt: skip


def read(tmp_path: Path, content: Any, **options: Any) -> Reading:
    path = tmp_path / "sensor-3917.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return readers.read(path, **options)


def answer(*records: dict[str, Any]) -> dict[str, Any]:
    return {"meta": {"name": "openaq-api", "page": 1, "limit": 100, "found": len(records)}, "results": list(records)}


def test_hours(tmp_path: Path) -> None:
    reading = read(tmp_path, answer(record(350), record(None, at="2016-12-16T13:00:00Z"), record(12, name="no2")))
    assert reading.kind == "openaq"
    assert reading.rows_read == 3
    assert reading.rejects.is_empty()
    assert reading.frames["hour"].rows(named=True) == [
        {"place": "openaq-2178", "time": dt.datetime(2016, 12, 16, 12, tzinfo=dt.UTC), "no2": 12.0, "pm25": 350.0},
        {"place": "openaq-2178", "time": dt.datetime(2016, 12, 16, 13, tzinfo=dt.UTC), "no2": None, "pm25": None},
    ]


def test_several_answers_and_bare_lists(tmp_path: Path) -> None:
    pages = [answer(record(1)), answer(record(2, at="2016-12-16T13:00:00Z"))]
    assert read(tmp_path, pages).frames["hour"]["pm25"].to_list() == [1.0, 2.0]
    assert read(tmp_path, [record(1)]).frames["hour"]["pm25"].to_list() == [1.0]


@pytest.mark.parametrize(
    ("more", "given", "place"),
    [
        ({}, {}, "openaq-2178"),
        ({}, {"openaq-2178": "1001A"}, "1001A"),
        ({"locationsId": None, "sensorsId": 3917}, {}, "openaq-sensor-3917"),
        ({"locationsId": None}, {"sensor-3917": "1003A"}, "1003A"),
    ],
)
def test_places(tmp_path: Path, more: dict[str, Any], given: dict[str, str], place: str) -> None:
    assert read(tmp_path, answer(record(1, **more)), stations=given).frames["hour"]["place"].to_list() == [place]


def test_mixing_ratios_become_concentrations_at_the_reference_state_of_the_day(tmp_path: Path) -> None:
    before, after = "2018-08-31T15:00:00Z", "2018-08-31T16:00:00Z"  # 16:00 UTC is 2018-09-01 00:00 in China
    frame = read(tmp_path, answer(
        record(50, "o3", "ppb", before), record(0.05, "o3", "ppm", after), record(1, "co", "ppm", before),
        record(800, "co", "µg/m³", after),
    )).frames["hour"]  # fmt: skip
    o3, co = frame["o3"].to_list(), frame["co"].to_list()
    assert o3[0] == pytest.approx(50 * 47.998 / 22.40, rel=1e-3)
    assert o3[1] / o3[0] == pytest.approx(273 / 298.15, rel=1e-9)
    assert co[0] == pytest.approx(28.01 / 22.40, rel=1e-3)
    assert co[1] == 0.8


def test_what_cannot_be_used_is_rejected(tmp_path: Path) -> None:
    reading = read(tmp_path, answer(
        record(1), record(2, units="ppb"), record(3, name="bc"), record(4, interval="00:15:00"),
        record(5, at="2016-12-16T12:30:00Z"),
        record(-5), record(6, at=""),
    ))  # fmt: skip
    rejects = {row["line"]: row for row in reading.rejects.rows(named=True)}
    assert set(rejects) == {f"results[{n}]" for n in (2, 3, 4, 5, 6, 7)}
    assert "give it in ug/m3" in rejects["results[2]"]["reason"]
    assert rejects["results[3]"]["value"] == "bc"
    assert rejects["results[4]"]["value"] == "00:15:00"
    assert rejects["results[5]"]["field"] == "period.datetimeFrom"
    assert "too low" in rejects["results[6]"]["reason"]
    assert reading.frames["hour"]["pm25"].to_list() == [1.0]


def test_days_are_local_days_and_a_daily_mean_of_ozone_is_no_mda8(tmp_path: Path) -> None:
    day = {"interval": "24:00:00", "at": "2016-12-15T16:00:00Z", "local": "2016-12-16T00:00:00+08:00"}
    reading = read(tmp_path, answer(record(300, **day), record(40, "o3", **day)))
    assert reading.frames["day"].rows() == [("openaq-2178", dt.date(2016, 12, 16), 300.0)]
    assert "8-hour" in reading.rejects["reason"][0]


def test_a_file_of_nothing_usable_still_says_why(tmp_path: Path) -> None:
    reading = read(tmp_path, answer(record(3, name="bc")))
    assert reading.frames["hour"].is_empty()
    assert reading.rejects.height == reading.rows_read == 1


def test_json_that_is_broken_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(readers.ReadError, match="line 2: not valid JSON"):
        read(tmp_path, '{"results":\n [')
    with pytest.raises(readers.UnknownLayoutError):
        read(tmp_path, {"results": [{"name": "a place"}]})
