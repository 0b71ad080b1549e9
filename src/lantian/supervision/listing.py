"""Lists as offices send them: rows of a CSV, XLSX or JSON file under heads that are known in both languages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from openpyxl import load_workbook

from lantian.kernel.said import Said, SaidError, in_language, joined

Columns: TypeAlias = Mapping[str, tuple[str, ...]]
"""Columns and the heads by which they are known."""

YES: Final = frozenset({"1", "true", "yes", "y", "是", "已查", "√", "x"})
NO: Final = frozenset({"", "0", "false", "no", "n", "否", "未查", "none"})


class ListError(SaidError):
    """A list cannot be read; the message names every fault with file, line, column, value and what is right."""


def wrong(columns: Columns, name: str, value: str, en: str, zh: str) -> SaidError:
    """The error of a cell: its column, its value, what would be right."""
    return SaidError(f"{name}: {value!r}; expected {en}", f"{chinese(columns, name)}“{value}”：应为{zh}")


def chinese(columns: Columns, name: str) -> str:
    """What a column is called in Chinese: the first of its heads that is not ASCII."""
    return next((head for head in columns[name] if not head.isascii()), name)


def at_line(line: int, error: object) -> Said:
    """The fault of a row."""
    return Said(f"line {line}: {error}", f"第 {line} 行：{in_language(error, 'zh')}")


def rows(path: Path, columns: Columns, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Rows with their line: ``.csv`` (UTF-8 or GB 18030), ``.xlsx`` (first sheet), ``.json`` (a list of objects).

    ``needed``: columns that must be there. Cells are trimmed texts; other columns are left out.

    Raises:
        ListError: no such kind of file, a column is missing or there twice, or there is no row.
        FileNotFoundError: there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    kind = path.suffix.lower()
    read = _json if kind == ".json" else _sheet if kind in (".xlsx", ".xlsm") else _csv
    head, found = read(path)
    known = _head(path, head, columns, needed)
    made = [
        (line, {name: cell.strip() for name, cell in zip(known, cells, strict=False) if name})
        for line, cells in found
        if any(cell.strip() for cell in cells)
    ]
    if not made:
        raise ListError(f"{path.name}: no row in it; expected a row for each", f"{path.name}：没有数据行")
    return made


def complain(path: Path, faults: list[Said]) -> None:
    """Raise ListError with the first twenty faults, if there are any."""
    if faults:
        told = [Said(f"{path.name}, {fault}", f"{path.name} {fault.zh}") for fault in faults[:20]]
        if len(faults) > 20:
            told.append(Said(f"and {len(faults) - 20} more", f"另有 {len(faults) - 20} 处"))
        whole = joined(told, zh="\n", en="\n")
        raise ListError(whole, whole.zh)


def degrees(name: str, row: Mapping[str, str], most: float) -> float | None:
    """A longitude (``most`` 180) or latitude (90) of a row; None where it is empty.

    Raises:
        SaidError: it is no number, or out of range.
    """
    text = row.get(name, "")
    try:
        value = float(text) if text else None
    except ValueError:
        value = most + 1
    if value is not None and not abs(value) <= most:
        head = {"lon": "经度", "lat": "纬度"}.get(name, name)
        raise SaidError(
            f"{name}: {text!r}; expected degrees between -{most:g} and {most:g}",
            f"{head}“{text}”：应为 -{most:g} 至 {most:g} 的度数",
        )
    return value


def _csv(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise ListError(
                f"{path.name}: neither UTF-8 nor GB 18030 text", f"{path.name}：既不是 UTF-8 也不是 GB 18030 文本"
            ) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    return next(reader, []), [(reader.line_num, cells) for cells in reader]


def _sheet(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises what zipfile, xml and itself do
        raise ListError(
            f"{path.name}: no workbook (.xlsx) that can be read: {error}", f"{path.name}：打不开，应为 .xlsx 工作簿"
        ) from error
    try:
        found = [[_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()
    return (found or [[]])[0], list(enumerate(found[1:], 2))


def _json(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ListError(f"{path.name}: not JSON: {error}", f"{path.name}：不是有效的 JSON（{error}）") from None
    listed = (
        next((value[key] for key in ("candidates", "sites") if key in value), None)
        if isinstance(value, dict)
        else value
    )
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise ListError(
            f"{path.name}: expected a list of objects, or one under the key candidates or sites",
            f"{path.name}：应为对象的列表，或放在 candidates、sites 键下",
        )
    flat = []
    for row in listed:
        tags = row.get("tags") or {}
        flat.append({**row, **(tags if isinstance(tags, Mapping) else dict.fromkeys(tags, 1))})
    head = list(dict.fromkeys(name for row in flat for name in row))
    return head, [(n, [_text(row.get(name)) for name in head]) for n, row in enumerate(flat, 1)]


def _head(path: Path, cells: list[str], columns: Columns, needed: tuple[str, ...]) -> list[str]:
    names = {alias.casefold(): name for name, aliases in columns.items() for alias in aliases}
    head = [names.get(cell.strip().casefold(), "") for cell in cells]
    lacking = [name for name in needed if name not in head]
    twice = sorted({name for name in head if name and head.count(name) > 1})
    if lacking or twice:
        known = "; ".join(f"{name} ({', '.join(aliases[1:])})" for name, aliases in columns.items())
        names_zh = "、".join(chinese(columns, name) for name in lacking or twice)
        fault = f"lacks the column {', '.join(lacking)}" if lacking else f"has the column {', '.join(twice)} twice"
        fault_zh = f"缺少列 {names_zh}" if lacking else f"列 {names_zh} 重复"
        raise ListError(f"{path.name} {fault}; columns are {known}", f"{path.name} {fault_zh}；认识的列：{known}")
    return head


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
