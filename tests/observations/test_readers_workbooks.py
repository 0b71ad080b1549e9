"""Workbooks: Excel dates, several sheets, rows named as the user sees them."""

import datetime as dt
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from lantian.observations import readers

pytestmark = pytest.mark.requirement("M1", part="file readers")

Cell = str | float | dt.datetime | None
EPOCH = dt.datetime(1899, 12, 30)
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _cell(column: int, row: int, value: Cell) -> str:
    name = f"{chr(65 + column)}{row}"
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, dt.datetime):
        return f'<c r="{name}" s="1"><v>{(value - EPOCH) / dt.timedelta(days=1)!r}</v></c>'
    return f'<c r="{name}"><v>{value!r}</v></c>'


def _sheet(rows: list[list[Cell]]) -> str:
    body = "".join(
        f'<row r="{r}">' + "".join(_cell(c, r, v) for c, v in enumerate(row)) + "</row>"
        for r, row in enumerate(rows, 1)
        if row
    )
    return f"<worksheet {NS}><sheetData>{body}</sheetData></worksheet>"


def workbook(path: Path, sheets: dict[str, list[list[Cell]]]) -> Path:
    """Write the smallest XLSX that Excel itself would open; a datetime becomes a serial number with a date format."""
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{KIND}.worksheet+xml"/>' for n in numbers
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {NS} xmlns:r="{REL}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{REL}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        + f'<Relationship Id="rIdS" Type="{REL}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {NS}><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
        **{f"xl/worksheets/sheet{n}.xml": _sheet(rows) for n, rows in zip(numbers, sheets.values(), strict=True)},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return path


DAY = dt.datetime(2016, 12, 16)


def test_long_sheet_with_dates_of_every_kind(tmp_path: Path) -> None:
    hour = DAY + dt.timedelta(hours=19)
    serial = (hour - EPOCH) / dt.timedelta(days=1)
    rows: list[list[Cell]] = [
        ["空气质量小时值"], [], ["站点", "监测时间", "项目", "数值"],
        ["1001A", DAY, "PM2.5", 300], ["1001A", hour, "PM2.5", 310.5], ["1002A", serial, "PM2.5", "３２０"],
        ["1003A", "2016/12/16 19:00", "CO", 4.5], [],
        ["1004A", hour, "PM2.5", "坏"],
    ]  # fmt: skip
    reading = readers.read(workbook(tmp_path / "a.xlsx", {"说明": [["由某某提供"]], "小时": rows}))
    assert reading.kind == "long"
    got = {
        (row["place"], row["time"] + dt.timedelta(hours=8)): (row["pm25"], row["co"])
        for row in reading.frames["hour"].rows(named=True)
    }
    utc = dt.UTC
    assert got == {
        ("1001A", DAY.replace(tzinfo=utc)): (300.0, None),
        ("1001A", hour.replace(tzinfo=utc)): (310.5, None),
        ("1002A", hour.replace(tzinfo=utc)): (320.0, None),
        ("1003A", hour.replace(tzinfo=utc)): (None, 4.5),
        ("1004A", hour.replace(tzinfo=utc)): (None, None),
    }
    (bad,) = reading.rejects.rows(named=True)
    assert (bad["line"], bad["field"], bad["value"]) == ("小时!9", "数值", "坏")
    assert "sheet 说明 holds no known table and was not read" in reading.notes


def test_daily_sheets_of_several_cities(tmp_path: Path) -> None:
    def city(name: str, pm25: float) -> list[list[Cell]]:
        return [
            ["城市", "日期", "AQI", "PM2.5", "O3"],
            [name, DAY, 200, pm25, 40],
            [name, DAY + dt.timedelta(days=1), 210, pm25 + 1, 41],
        ]

    book = workbook(tmp_path / "b.xlsx", {"北京": city("北京", 150), "天津": city("天津", 160)})
    reading = readers.read(book, places={"北京": "110000", "天津": "120000"}.get)
    assert reading.kind == "city_daily"
    assert reading.frames["day"].select("place", "date", "pm25", "o3_8h").rows() == [
        ("110000", dt.date(2016, 12, 16), 150.0, 40.0), ("110000", dt.date(2016, 12, 17), 151.0, 41.0),
        ("120000", dt.date(2016, 12, 16), 160.0, 40.0), ("120000", dt.date(2016, 12, 17), 161.0, 41.0),
    ]  # fmt: skip


def test_a_later_sheet_that_contradicts_an_earlier_one_is_named(tmp_path: Path) -> None:
    head: list[Cell] = ["station", "time", "PM2.5"]
    one: list[list[Cell]] = [head, ["1001A", "2016-12-16 20:00", 300]]
    two: list[list[Cell]] = [head, ["1001A", "2016-12-16 20:00", 301]]
    reading = readers.read(workbook(tmp_path / "c.xlsx", {"one": one, "two": two}))
    (bad,) = reading.rejects.rows(named=True)
    assert bad["line"] == "two!2"
    assert "already has 300.0 in line one!2" in bad["reason"]
    assert reading.frames["hour"]["pm25"].to_list() == [300.0]


def test_archive_in_a_workbook(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["date", "hour", "type", "1001A", "1002A"],
        [20161216, 20, "PM2.5", 300, None],
        [20161216, 20, "AQI", 350, 500],
    ]
    reading = readers.read(workbook(tmp_path / "d.xlsx", {"x": rows}))
    assert reading.kind == "national_archive"
    assert reading.frames["hour"].drop("time").rows() == [("1001A", 300.0, 350.0), ("1002A", None, 500.0)]


def test_workbook_of_nothing_known_and_broken_ones(tmp_path: Path) -> None:
    with pytest.raises(readers.UnknownLayoutError, match="由某某提供"):
        readers.read(workbook(tmp_path / "e.xlsx", {"说明": [["由某某提供"]]}))
    (tmp_path / "f.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(readers.ReadError, match=r"f\.xlsx: not a readable workbook"):
        readers.read(tmp_path / "f.xlsx")
