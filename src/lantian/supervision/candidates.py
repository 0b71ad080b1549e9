"""Lists of candidates as files: CSV, XLSX or JSON in, CSV out. The draw itself is in `draw`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from lantian.supervision.draw import STRATA, Candidate, Tag

TAGS: Final[tuple[Tag, ...]] = ("hot_cell", "elevated_record", "complaint")
COLUMNS: Final = {
    "id": ("id", "编号", "序号"),
    "name": ("name", "名称", "企业名称", "单位名称"),
    "region": ("region", "区划代码", "县代码", "区县代码"),
    "industry": ("industry", "行业"),
    "lon": ("lon", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "address": ("address", "地址"),
    "hot_cell": ("hot_cell", "热点网格"),
    "elevated_record": ("elevated_record", "监测高值"),
    "complaint": ("complaint", "信访投诉"),
    "inspected": ("inspected", "已查"),
}
"""Columns and the heads by which they are known; the first is what is written. Tags hold their weight, empty: none."""

_YES = {"1", "true", "yes", "y", "是", "已查", "√", "x"}
_NO = {"", "0", "false", "no", "n", "否", "未查", "none"}


class CandidateFileError(ValueError):
    """A list cannot be read; the message names every fault with file, line, column, value and what is right."""


def read(path: Path) -> list[Candidate]:
    """Read a list of candidates: ``.csv`` (UTF-8 or GB 18030), ``.xlsx`` (first sheet), ``.json`` (a list of objects).

    Raises:
        CandidateFileError: columns are missing, or rows cannot be understood.
        FileNotFoundError: there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    kind = path.suffix.lower()
    if kind == ".json":
        rows = _json(path)
    elif kind in (".xlsx", ".xlsm"):
        rows = _sheet(path)
    else:
        rows = _csv(path)
    found, faults = [], []
    for line, row in rows:
        try:
            found.append(_candidate(row))
        except ValueError as error:
            faults.append(f"{path.name}, line {line}: {error}")
    if faults:
        more = [f"and {len(faults) - 20} more"] if len(faults) > 20 else []
        raise CandidateFileError("\n".join([*faults[:20], *more]))
    if not found:
        raise CandidateFileError(f"{path.name}: no candidate in it; expected a row for each")
    return found


def to_csv(candidates: Iterable[Candidate]) -> str:
    """The list as CSV, by id; `read` gives the same list, with the same hash."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(candidates, key=lambda one: one.id):
        tags = [f"{one.tags[tag]:.12g}" if one.tags and tag in one.tags else "" for tag in TAGS]
        place = ["" if value is None else f"{value:.12g}" for value in (one.lon, one.lat)]
        row = [one.id, one.name, one.region, one.industry, *place, one.address, *tags, "1" if one.inspected else ""]
        writer.writerow(row)
    return out.getvalue()


def _csv(path: Path) -> list[tuple[int, dict[str, str]]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise CandidateFileError(f"{path.name}: neither UTF-8 nor GB 18030 text") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    head = _head(path, next(reader, []))
    return [(reader.line_num, _row(head, cells)) for cells in reader if any(cell.strip() for cell in cells)]


def _sheet(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises what zipfile, xml and itself do
        raise CandidateFileError(f"{path.name}: no workbook (.xlsx) that can be read: {error}") from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        head = _head(path, [_text(cell) for cell in next(rows, ())])
        cells = [(n, [_text(cell) for cell in row]) for n, row in enumerate(rows, 2)]
    finally:
        book.close()
    return [(n, _row(head, row)) for n, row in cells if any(row)]


def _json(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CandidateFileError(f"{path.name}: not JSON: {error}") from None
    rows = value.get("candidates") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CandidateFileError(f"{path.name}: expected a list of objects, or one under the key candidates")
    found = []
    for number, row in enumerate(rows, 1):
        tags = row.get("tags") or {}
        flat = {**row, **(tags if isinstance(tags, Mapping) else dict.fromkeys(tags, 1))}
        head = _head(path, list(flat))
        found.append((number, _row(head, [_text(cell) for cell in flat.values()])))
    return found


def _head(path: Path, cells: list[str]) -> list[str]:
    names = {alias.casefold(): name for name, aliases in COLUMNS.items() for alias in aliases}
    head = [names.get(cell.strip().casefold(), "") for cell in cells]
    lacking = [name for name in ("id", "name", "region") if name not in head]
    twice = sorted({name for name in head if name and head.count(name) > 1})
    if lacking or twice:
        known = "; ".join(f"{name} ({', '.join(aliases[1:])})" for name, aliases in COLUMNS.items() if aliases[1:])
        fault = f"lacks the column {', '.join(lacking)}" if lacking else f"has the column {', '.join(twice)} twice"
        raise CandidateFileError(f"{path.name} {fault}; columns are {known}")
    return head


def _row(head: list[str], cells: list[str]) -> dict[str, str]:
    return {name: cell.strip() for name, cell in zip(head, cells, strict=False) if name}


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _candidate(row: Mapping[str, str]) -> Candidate:
    for name in ("id", "name", "region"):
        if not row.get(name):
            raise ValueError(f"{name}: empty; expected a text")
    if not (row["region"].isdigit() and len(row["region"]) in (6, 9)):
        raise ValueError(f"region: {row['region']!r}; expected the six digits of a county (GB/T 2260)")
    tags = {tag: _weight(tag, row[tag]) for tag in TAGS if row.get(tag, "").casefold() not in _NO}
    lon, lat = _degrees("lon", row, 180), _degrees("lat", row, 90)
    if (lon is None) != (lat is None):
        raise ValueError("lon, lat: one of them is empty; expected both or none")
    said = row.get("inspected", "").casefold()
    if said not in _YES | _NO:
        raise ValueError(f"inspected: {row['inspected']!r}; expected 1 or empty")
    rest = {name: row.get(name, "") for name in ("industry", "address")}
    return Candidate(row["id"], row["name"], row["region"], lon=lon, lat=lat, tags=tags, inspected=said in _YES, **rest)


def _weight(tag: Tag, text: str) -> float:
    if text.casefold() in _YES:
        return 1.0
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{tag} ({STRATA[tag][0]}): {text!r}; expected a weight above 0, or empty") from None


def _degrees(name: str, row: Mapping[str, str], most: float) -> float | None:
    text = row.get(name, "")
    try:
        value = float(text) if text else None
    except ValueError:
        value = most + 1
    if value is not None and not abs(value) <= most:
        raise ValueError(f"{name}: {text!r}; expected degrees between -{most} and {most}")
    return value
