"""Inventories from tables 清单表格: CSV files or one XLSX workbook, and the templates for them.

A row is taken or the whole file is refused with every fault in it: file, line, field, value, what would be right.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import fastexcel
import polars as pl

from lantian.emissions import workbook
from lantian.emissions.faults import EmissionError, Fault
from lantian.emissions.inventory import AREAS, LEVELS, LINES, POINTS, Inventory, check, computed
from lantian.emissions.raster import points_of
from lantian.emissions.sectors import SECTORS, SPECIES, sector_of, species_of
from lantian.places.regions import level_of

_META: Final = {
    "id": ("编号", "small letters, digits, - _ .", "baoding-2016-v1"),
    "title": ("名称", "text", "保定市大气污染源排放清单 2016"),
    "year": ("年份", "the year that the amounts are of", "2016"),
    "level": ("级别", " | ".join(LEVELS), "city"),
    "source": ("来源", "text", ""),
    "licence": ("许可", "text", ""),
    "example": ("示例", "yes where it is invented 是/否", "no"),
}
_COLUMNS: Final = {
    "region": ("区划代码", "GB/T 2260 code of province, city or county"),
    "sector": ("行业", "code or name of a sector, see below"),
    "species": ("污染物", "code of a species; without this column each species has its own, in t/a"),
    "amount": ("排放量", "t a year; of a point it follows from activity and factor"),
    "enterprise": ("企业编码", "code of the enterprise"),
    "outlet": ("排口编码", "code of the outlet"),
    "line": ("线路/产线", "production line of a point; number of a road"),
    "name": ("名称", "text"),
    "lon": ("经度", "degrees east, WGS-84"),
    "lat": ("纬度", "degrees north, WGS-84"),
    "height": ("烟囱高度", "m"),
    "diameter": ("出口内径", "m"),
    "temperature": ("烟气温度", "K"),
    "velocity": ("烟气流速", "m/s"),
    "activity": ("活动水平", "units a year"),
    "unit": ("单位", "the unit of the activity"),
    "factor": ("排放因子", "kg of the species for one unit, before control"),
    "control": ("去除效率", "0 to 1, or percent with %"),
    "path": ("坐标串", "lon lat; lon lat; ... in degrees"),
}
_TABLES: Final = {"areas": ("面源", AREAS), "points": ("点源", POINTS), "lines": ("线源", LINES)}
_NEEDED: Final = {
    "areas": ("region", "sector"),
    "points": ("enterprise", "sector", "lon", "lat", "species"),
    "lines": ("line", "sector", "path"),
}
_SAMPLE: Final = {
    "areas": ({"region": "130600", "sector": "residential_coal", "species": "PM25", "amount": 5200},),
    "points": (
        {
            "enterprise": "91130600XXXX", "outlet": "DA001", "line": "1", "name": "某热电厂（示例）",
            "region": "130606", "sector": "power", "lon": 115.49, "lat": 38.85, "height": 180, "diameter": 5.5,
            "temperature": 393, "velocity": 18, "activity": 1200000, "unit": "t 煤", "factor": 12.8, "control": "95%",
            "species": "SO2", "amount": 768,
        },
    ),
    "lines": (
        {
            "line": "G4", "name": "京港澳高速（示例）", "sector": "road", "path": "115.80 39.02; 115.55 38.90",
            "species": "NOX", "amount": 1450,
        },
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Table:
    """One table as text: the file or sheet, and (line, {column: value}) of each row that holds anything."""

    where: str
    head: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def template(path: Path) -> list[Path]:
    """Write empty templates with an explanation: a workbook where ``path`` ends in .xlsx, else a folder of CSV files.

    Returns what was written.

    Raises:
        FileExistsError: something is there already; a template never overwrites.
    """
    head = {name: [_headed(column) for column in schema] for name, (_, schema) in _TABLES.items()}
    meta = [["field 字段", "value 值"], *([f"{k} {zh}", default] for k, (zh, _, default) in _META.items())]
    if path.exists():
        raise FileExistsError(f"{path}: is there already; a template never overwrites")
    if path.suffix.lower() == ".xlsx":
        sheets: dict[str, list[list[Any]]] = {"说明 readme": _explained(), "清单 inventory": meta}
        workbook.write(path, {**sheets, **{f"{_TABLES[n][0]} {n}": [columns] for n, columns in head.items()}})
        return [path]
    path.mkdir(parents=True)
    contents = {"inventory": meta, **{name: [columns] for name, columns in head.items()}, "readme": _explained()}
    for name, rows in contents.items():
        with (path / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
    return [path / f"{name}.csv" for name in contents]


def _headed(column: str) -> str:
    return f"{column} {_COLUMNS[column][0]}"


def _explained() -> list[list[Any]]:
    rows: list[list[Any]] = [["表 table", "列 column", "说明 what stands in it", "示例 example"]]
    for name, (zh, schema) in _TABLES.items():
        sample: Mapping[str, Any] = _SAMPLE[name][0]
        rows += [[f"{zh} {name}", _headed(c), _COLUMNS[c][1], str(sample.get(c, ""))] for c in schema]
    rows += [["清单 inventory", f"{k} {zh}", what, default] for k, (zh, what, default) in _META.items()]
    rows += [["行业 sector", code, f"{s.zh} {s.en}", s.parent] for code, s in SECTORS.items()]
    rows += [["污染物 species", code, f"{s.zh} {s.en}", f"as {s.as_}" if s.as_ else ""] for code, s in SPECIES.items()]
    return rows


def read(path: Path, *, version: str | None = None, year: int | None = None) -> Inventory:
    """Read an inventory from a workbook or a folder of CSV files as `template` writes them, or from one CSV.

    ``version`` (its id) and ``year`` stand for what the tables do not say; one CSV has no other place for them.

    Raises:
        FileNotFoundError: there is no such file, or a folder without tables.
        EmissionError: anything is wrong; all faults together, and nothing was taken.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    tables = dict(_tables(path))
    faults: list[Fault] = []
    meta = _meta(tables.pop("inventory", None), path, faults, version, year)
    if not tables:
        raise FileNotFoundError(f"{path}: no table of areas, points or lines in it")
    frames: dict[str, Any] = {name: _frame(name, table, faults) for name, table in tables.items()}
    if not any(frame.height for frame in frames.values()) and not faults:
        faults.append(Fault(str(path), 0, "rows", "none", "at least one row of areas, points or lines"))
    if faults:
        raise EmissionError(faults)
    return Inventory(**meta, **frames)


def _tables(path: Path) -> Iterable[tuple[str, _Table]]:
    """The tables that a path holds, by kind."""
    if path.is_dir():
        for name in ("inventory", *_TABLES):
            if (path / f"{name}.csv").exists():
                yield name, _csv(path / f"{name}.csv")
    elif path.read_bytes()[:4] == b"PK\x03\x04":
        yield from _sheets(path)
    else:
        table = _csv(path)
        heads = {_column(cell) for cell in table.head}
        yield ("points" if "lon" in heads else "lines" if "path" in heads else "areas"), table


def _csv(path: Path) -> _Table:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise EmissionError([Fault(str(path), 1, "file", "", "text in UTF-8 or GB18030")])
    reader = csv.reader(io.StringIO(text))
    rows = [(reader.line_num, tuple(cell.strip() for cell in row)) for row in reader]
    return _table(str(path), rows)


def _sheets(path: Path) -> Iterable[tuple[str, _Table]]:
    try:
        book = fastexcel.read_excel(str(path))
    except fastexcel.FastExcelError as error:
        raise EmissionError([Fault(str(path), 0, "file", "", f"a workbook that can be read ({error})")]) from error
    for sheet in book.sheet_names:
        kind = next((name for name in ("inventory", *_TABLES) if name in sheet.lower().split()), None)
        kind = kind or next((name for name, (zh, _) in _TABLES.items() if zh in sheet), None)
        if kind is None:
            continue
        loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
        if loaded.width:
            rows = enumerate(loaded.to_polars().rows(), 1)
            yield kind, _table(f"{path} [{sheet}]", [(n, tuple((c or "").strip() for c in row)) for n, row in rows])


def _table(where: str, rows: list[tuple[int, tuple[str, ...]]]) -> _Table:
    filled = [(line, row) for line, row in rows if any(row)]
    head = filled[0][1] if filled else ()
    return _Table(where, head, tuple(filled[1:]))


def _column(cell: str) -> str:
    """The column that a head names, in English, Chinese or both; the cell itself for none."""
    words = cell.replace("(", " ").replace("（", " ").lower().split()
    for name, (zh, _) in _COLUMNS.items():
        if name in words or zh in cell:
            return name
    return cell


def _meta(
    table: _Table | None, path: Path, faults: list[Fault], version: str | None, year: int | None
) -> dict[str, Any]:
    """The fields of an inventory that are not tables."""
    said: dict[str, str] = {}
    where, lines = str(path), dict[str, int]()
    if table is not None:
        where = table.where
        for line, row in table.rows:
            name = next((k for k, (zh, _, _) in _META.items() if k in row[0].lower().split() or zh in row[0]), None)
            if name is None:
                faults.append(Fault(where, line, "field", row[0], f"one of {', '.join(_META)}"))
            else:
                said[name], lines[name] = (row[1] if len(row) > 1 else ""), line
    stem = "".join(c if c in "abcdefghijklmnopqrstuvwxyz0123456789-_." else "-" for c in path.stem.lower())
    given = said.get("year") or (str(year) if year is not None else "")
    if not given.removesuffix(".0").isdigit():
        faults.append(Fault(where, lines.get("year", 0), "year", given, "the year of the amounts, such as 2016"))
        given = "0"
    return {
        "id": version or said.get("id") or stem.strip("-") or "inventory",
        "title": said.get("title") or path.stem,
        "year": int(given.removesuffix(".0")),
        "level": said.get("level") or "city",
        "source": said.get("source", ""),
        "licence": said.get("licence", ""),
        "example": said.get("example", "").lower() in ("yes", "true", "1", "是"),
    }


def _frame(kind: str, table: _Table, faults: list[Fault]) -> pl.DataFrame:
    """The frame of a table; what is wrong with it is added to ``faults``."""
    schema: Mapping[str, Any] = _TABLES[kind][1]
    heads = [_column(cell) for cell in table.head]
    wide = {at: code for at, cell in enumerate(table.head) if "species" not in heads and (code := _wide(cell))}
    strange = [c for at, c in enumerate(table.head) if c and heads[at] not in schema and at not in wide]
    missing = [name for name in _NEEDED[kind] if name not in heads and not (name == "species" and wide)]
    if "species" not in heads and not wide:
        missing.append("species")
    for what, names in (("unknown", strange), ("missing", missing)):
        if names:
            known = ", ".join([*schema, "or a column for each species"])
            faults.append(Fault(table.where, 1, f"{what} columns", ", ".join(dict.fromkeys(names)), known))
    if missing:
        return pl.DataFrame(schema=schema)
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for line, cells in table.rows:
        at = {name: cells[k] if k < len(cells) else "" for k, name in enumerate(heads) if name in schema}
        for species, amount in _amounts(at, cells, wide):
            rows.append(_converted(table.where, line, {**at, "species": species, "amount": amount}, schema, faults))
            lines.append(line)
    frame = pl.DataFrame(rows, schema=schema)
    if kind == "points":
        frame = frame.with_columns(amount=pl.col.amount.fill_null(computed()))
    from_rows = check(kind, frame)
    told = {(fault.line, fault.field) for fault in faults if fault.file == table.where}
    faults.extend(
        replace(fault, file=table.where, line=lines[fault.line - 1])
        for fault in from_rows
        if (lines[fault.line - 1], fault.field) not in told
    )
    return frame


def _wide(cell: str) -> str | None:
    """The species that a head names, as ``SO2``, ``SO2 (t/a)`` or ``二氧化硫``."""
    word = cell.replace("(", " ").replace("（", " ").split()
    return next((code for w in word if (code := species_of(w))), None)


def _amounts(at: Mapping[str, str], cells: tuple[str, ...], wide: Mapping[int, str]) -> list[tuple[str, str]]:
    """(species, amount) of a row; of a wide one those that are filled in."""
    if not wide:
        return [(at.get("species", ""), at.get("amount", ""))]
    return [(code, cells[k]) for k, code in wide.items() if k < len(cells) and cells[k]]


def _converted(
    where: str, line: int, row: Mapping[str, str], schema: Mapping[str, Any], faults: list[Fault]
) -> dict[str, Any]:
    """A row with its values as the schema has them; null for a value that is not given or wrong."""
    found: dict[str, Any] = dict.fromkeys(schema)
    for name, kind in schema.items():
        text = row.get(name, "")
        if kind == pl.Float64:
            found[name] = _number(where, line, name, text, faults)
        else:
            found[name] = text
    sector, species = sector_of(row["sector"]), species_of(row["species"])
    if sector is None:
        faults.append(Fault(where, line, "sector", row["sector"], f"one of {', '.join(SECTORS)}, or its name"))
    if species is None:
        faults.append(Fault(where, line, "species", row["species"], f"one of {', '.join(SPECIES)}"))
    found["sector"], found["species"] = sector, species
    if row.get("region"):
        try:
            found["region"] = row["region"].removesuffix(".0")
            level_of(found["region"])
        except ValueError as error:
            faults.append(Fault(where, line, "region", row["region"], f"a region's code ({error})"))
    if "path" in schema:
        try:
            points_of(row.get("path", ""))
        except ValueError:
            faults.append(Fault(where, line, "path", row.get("path", "")[:60], "lon lat; lon lat; ... in degrees"))
    return found


def _number(where: str, line: int, name: str, text: str, faults: list[Fault]) -> float | None:
    if not text:
        return None
    scale = 0.01 if name == "control" and text.endswith("%") else 1.0
    try:
        return float(text.rstrip("%") if scale != 1.0 else text.replace(",", "")) * scale
    except ValueError:
        faults.append(Fault(where, line, name, text, "a number"))
        return None
