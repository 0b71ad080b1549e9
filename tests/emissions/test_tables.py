"""Templates out, tables in: what a user fills in, and what they are told when it is wrong."""

import csv
from pathlib import Path

import pytest

from lantian.emissions import SECTORS, EmissionError, tables, workbook
from lantian.emissions.inventory import AREAS, LINES, POINTS

pytestmark = pytest.mark.requirement("F2", part="import from CSV and XLSX templates")

POINT = {
    "enterprise": "E1", "outlet": "DA001", "line": "1", "name": "热电厂", "region": "130606", "sector": "电力热力",
    "lon": "115.4", "lat": "39.7", "height": "180", "activity": "1000000", "unit": "t", "factor": "10",
    "control": "90%", "species": "SO2", "amount": "1000",
}  # fmt: skip
LINE = {
    "line": "G4", "name": "京港澳", "sector": "road", "path": "115.2 39.1; 115.4 39.4", "species": "NOX",
    "amount": "50",
}  # fmt: skip
AREA = {"region": "130602", "sector": "民用散煤", "species": "PM2.5", "amount": "1,200.5"}


def fill(folder: Path, name: str, *rows: dict[str, str]) -> None:
    schema = {"areas": AREAS, "points": POINTS, "lines": LINES}[name]
    with (folder / f"{name}.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[row.get(column, "") for column in schema] for row in rows])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tables.template(tmp_path / "city")
    return tmp_path / "city"


def test_a_filled_template_gives_points_lines_and_areas(folder: Path):
    fill(folder, "areas", AREA)
    fill(folder, "points", POINT, {**POINT, "species": "NOx", "amount": "", "control": "0.5"})
    fill(folder, "lines", LINE)
    read = tables.read(folder)
    assert (read.id, read.year, read.level, read.example) == ("baoding-2016-v1", 2016, "city", False)
    assert read.areas.rows() == [("130602", "residential_coal", "PM25", 1200.5)]
    assert read.points["amount"].to_list() == [1000.0, 5000.0]
    assert read.points["diameter"].to_list() == [None, None]
    assert dict(read.totals().iter_rows()) == {"NOX": 5050.0, "PM25": 1200.5, "SO2": 1000.0}


def test_a_workbook_says_the_same_as_the_files(tmp_path: Path):
    (path,) = tables.template(tmp_path / "t.xlsx")
    empty = path.read_bytes()
    with pytest.raises(EmissionError, match="at least one row"):
        tables.read(path)
    workbook.write(
        tmp_path / "filled.xlsx",
        {
            "清单 inventory": [["字段", "值"], ["年份", 2016], ["名称", "某市"]],
            "面源": [["行政区划代码 区划代码", "sector", "species", "amount"], [130602, "road", "NOX", 12.5]],
            "别的": [["x"]],
        },
    )
    read = tables.read(tmp_path / "filled.xlsx")
    assert (read.title, read.year, read.areas.rows()) == ("某市", 2016, [("130602", "road", "NOX", 12.5)])
    assert empty[:2] == b"PK"


def test_one_csv_with_a_column_a_species_is_enough(tmp_path: Path):
    (tmp_path / "Towns 1.csv").write_text("区划代码,行业,SO2 (t/a),NH3\n130602,农业,,7\n", encoding="gb18030")
    read = tables.read(tmp_path / "Towns 1.csv", year=2017)
    assert (read.id, read.year) == ("towns-1", 2017)
    assert read.areas.rows() == [("130602", "agriculture", "NH3", 7.0)]
    with pytest.raises(EmissionError, match="year: ''; expected the year"):
        tables.read(tmp_path / "Towns 1.csv")


@pytest.mark.parametrize(
    ("kind", "row", "field", "value", "said"),
    [
        ("areas", {**AREA, "sector": "smoke"}, "sector", "smoke", "one of power"),
        ("areas", {**AREA, "amount": "many"}, "amount", "many", "a number"),
        ("areas", {**AREA, "amount": ""}, "amount", "", "0 or more"),
        ("areas", {**AREA, "region": "保定"}, "region", "保定", "a region's code"),
        ("points", {**POINT, "lon": "east"}, "lon", "east", "a number"),
        ("points", {**POINT, "amount": "1200"}, "amount", "1200", "1000 t: activity"),
        ("points", {**POINT, "control": "95"}, "control", "95", "0 to 1"),
        ("lines", {**LINE, "path": "115.2,39.1"}, "path", "115.2,39.1", "lon lat; lon lat"),
    ],
)
def test_a_fault_names_file_line_field_value_and_what_is_right(folder: Path, kind, row, field, value, said):
    good = {"areas": AREA, "points": POINT, "lines": LINE}[kind]
    fill(folder, kind, good, row)
    with pytest.raises(EmissionError) as caught:
        tables.read(folder)
    (fault,) = caught.value.faults
    assert (Path(fault.file).name, fault.line, fault.field) == (f"{kind}.csv", 3, field)
    assert fault.value.startswith(value)
    assert said in fault.expected


def test_columns_that_are_unknown_or_missing_are_told(tmp_path: Path):
    (tmp_path / "a.csv").write_text("region,SO2,hight\n130602,1,2\n", encoding="utf-8")
    with pytest.raises(EmissionError) as caught:
        tables.read(tmp_path / "a.csv", year=2016)
    assert [(f.field, f.value) for f in caught.value.faults] == [
        ("unknown columns", "hight"),
        ("missing columns", "sector"),
    ]


def test_a_template_explains_all_sectors_and_overwrites_nothing(folder: Path):
    text = (folder / "readme.csv").read_text(encoding="utf-8-sig")
    assert all(code in text for code in SECTORS)
    with pytest.raises(FileExistsError, match="never overwrites"):
        tables.template(folder)


def test_what_is_no_table_is_said_to_be_none(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        tables.read(tmp_path / "x")
    with pytest.raises(FileNotFoundError, match="no table"):
        tables.read(tmp_path)
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(EmissionError, match="a workbook that can be read"):
        tables.read(tmp_path / "b.xlsx")
    (tmp_path / "c.csv").write_bytes(b"\xff\xff\xff")
    with pytest.raises(EmissionError, match="UTF-8 or GB18030"):
        tables.read(tmp_path / "c.csv")
