"""The ledger as the XLSX that offices pass around: out with all columns, in with findings to enter.

A row that cannot be entered comes back with its sheet, row, column, value and what would be right; the others enter.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from lantian.kernel.said import Said
from lantian.supervision.events import CaseError
from lantian.supervision.findings import SOURCES, Finding, categories

MOST = 50_000
"""Rows of one sheet."""

OUT = (
    ("序号", 6), ("编号", 14), ("发现日期", 12), ("所在区域", 14), ("详细地址", 28), ("问题单位", 24), ("问题描述", 36),
    ("战线", 18), ("来源", 12), ("责任单位", 22), ("整改要求", 36), ("整改时限", 12), ("剩余天数", 10),
    ("办理情况", 12), ("核查未过", 9), ("反弹", 7), ("销号日期", 12), ("备注", 14),
)  # fmt: skip
"""Columns of the exported ledger, with their width in characters."""

IN = (
    "发现日期",
    "所在区域",
    "详细地址",
    "问题单位",
    "问题描述",
    "战线",
    "来源",
    "来源编号",
    "具体情形",
    "经度",
    "纬度",
)
"""Columns of the sheet of findings; the second, fifth, sixth and seventh are needed."""

_NEEDED = ("所在区域", "问题描述", "战线", "来源")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that was not entered: its number in the sheet (the head is 1 or below the title), column, and why; what
    would be right in both languages.
    """

    row: int
    column: str
    value: str
    right: Said
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        """The fault as a sentence."""
        return f"第 {self.row} 行 {self.column} {self.value!r}: {self.right.zh}"


@dataclass(frozen=True)
class Sheet:
    """What a sheet of findings holds: row and finding, and the rows that cannot be entered."""

    findings: tuple[tuple[int, Finding], ...]
    faults: tuple[Fault, ...]


def write(
    rows: Iterable[Mapping[str, Any]], today: date, name: Callable[[str], str], unit: Callable[[Mapping[str, Any]], str]
) -> bytes:
    """The ledger's rows as XLSX: title, head, borders, the head repeated on every printed page.

    ``name``: what a region is called; ``unit``: who owes a row's rectification.
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "台账"
    sheet.append(["大气污染防治督查问题台账"])
    sheet.append([f"截至 {today:%Y年%m月%d日}"])
    sheet.append([head for head, _ in OUT])
    for number, row in enumerate(rows, 1):
        sheet.append(_cells(number, row, today, name, unit))
    _dress(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def template() -> bytes:
    """An empty sheet of findings with one line 示例, to be filled in and imported."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "问题"
    sheet.append(list(IN))
    line = ["2016-12-16", "朝阳区", "示例路1号", "示例工地", "土方未覆盖", "施工扬尘", "上级交办", "示例-1"]
    sheet.append([*line, "东侧约 200 平方米裸土", 116.5, 39.92])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, wide in enumerate((12, 14, 28, 24, 36, 18, 14, 14, 36, 10, 10), 1):
        sheet.column_dimensions[get_column_letter(column)].width = wide
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(content: bytes, region: Callable[[str], str], *, example: bool = False) -> Sheet:
    """Read a sheet of findings.

    Args:
        region: gives the code of a region that a cell names; raises LookupError.
        example: mark all of them 示例.

    Raises CaseError where the file is no workbook or its head lacks a column.
    """
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError):
        raise CaseError(
            "the file is no XLSX workbook: save it as .xlsx and try again", "不是 XLSX 工作簿，请另存为 .xlsx 再上传"
        ) from None
    sheet = book.worksheets[0]
    lines = [tuple(_text(cell) for cell in line) for line in sheet.iter_rows(values_only=True, max_row=MOST + 10)]
    head_at = next((k for k, line in enumerate(lines[:10]) if set(_NEEDED) <= set(line)), None)
    if head_at is None:
        raise CaseError(
            f"sheet {sheet.title}: no head with the columns {'、'.join(_NEEDED)} in the first ten rows",
            f"工作表 {sheet.title}：前十行里没有含{'、'.join(_NEEDED)}的表头",
        )
    head = lines[head_at]
    good, faults = [], []
    for number, line in enumerate(lines[head_at + 1 :], head_at + 2):
        cells = {column: value for column, value in zip(head, line, strict=False) if column}
        if not any(cells.values()):
            continue
        try:
            good.append((number, _finding(cells, region, example)))
        except _CellError as error:
            faults.append(Fault(number, error.column, cells.get(error.column, ""), error.right, line))
    return Sheet(tuple(good), tuple(faults))


class _CellError(ValueError):
    def __init__(self, column: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.column, self.right = column, Said(en, zh)


def _finding(cells: Mapping[str, str], region: Callable[[str], str], example: bool) -> Finding:
    for column in _NEEDED:
        if not cells.get(column):
            raise _CellError(column, "不能为空", "it must not be empty")
    try:
        code = region(cells["所在区域"])
    except LookupError:
        raise _CellError(
            "所在区域",
            "没有这个区域，请写全称或六位代码",
            "no such region; expected its full name or code of six digits",
        ) from None
    category = _code(cells["战线"], {one.zh: one.code for one in categories().values()}, "战线")
    source = _code(cells["来源"], {one.zh: one.code for one in SOURCES.values()}, "来源")
    found_on = _date(cells.get("发现日期", ""))
    lon, lat = _number(cells, "经度"), _number(cells, "纬度")
    try:
        return Finding(
            title=cells["问题描述"],
            category=category,
            source=source,
            region=code,
            subject=cells.get("问题单位", ""),
            address=cells.get("详细地址", ""),
            reference=cells.get("来源编号", ""),
            detail=cells.get("具体情形", ""),
            found_on=found_on,
            lon=lon,
            lat=lat,
            example=example,
        )
    except CaseError as error:
        raise _CellError("经度" if "lon" in str(error) else "问题描述", error.zh, error.en) from None


def _code(text: str, names: Mapping[str, str], column: str) -> str:
    if text in names.values():
        return text
    if text not in names:
        raise _CellError(column, f"应为 {'、'.join(names)} 之一", f"expected one of {', '.join(names)}")
    return names[text]


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10].replace("/", "-").replace(".", "-"))
    except ValueError:
        raise _CellError("发现日期", "应为日期，如 2016-12-16", "expected a day such as 2016-12-16") from None


def _number(cells: Mapping[str, str], column: str) -> float | None:
    text = cells.get(column, "")
    try:
        return float(text) if text else None
    except ValueError:
        raise _CellError(column, "应为度数，如 116.5", "expected degrees such as 116.5") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _cells(
    number: int,
    row: Mapping[str, Any],
    today: date,
    name: Callable[[str], str],
    unit: Callable[[Mapping[str, Any]], str],
) -> list[Any]:
    due = row["due"]
    found = [
        number, row["number"], row["opened_on"], name(row["region"]), row["address"], row["subject"], row["title"],
        categories()[row["category"]].zh, SOURCES[row["source"]].zh, unit(row), row["requirement"], due,
        None if due is None else (due - today).days, row["state_zh"], row["failures"], row["reopened"],
        row["closed_on"], "示例" if row["example"] else "",
    ]  # fmt: skip
    return [_safe(value) for value in found]


def _safe(value: Any) -> Any:
    """No cell is a formula: what people typed stays text in the office program that opens it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _dress(sheet: Any) -> None:
    wide = len(OUT)
    thin = Side(style="thin", color="999999")
    for line, size in ((1, 16), (2, 10)):
        sheet.merge_cells(start_row=line, start_column=1, end_row=line, end_column=wide)
        sheet.cell(line, 1).font = Font(size=size, bold=line == 1)
        sheet.cell(line, 1).alignment = Alignment(horizontal="center" if line == 1 else "right")
    for column, (_, width) in enumerate(OUT, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        head = sheet.cell(3, column)
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="EEEEEE")
    for line in sheet.iter_rows(min_row=3, max_col=wide):
        for cell in line:
            cell.border = Border(top=thin, bottom=thin, left=thin, right=thin)
            cell.alignment = Alignment(wrap_text=True, vertical="center")
    sheet.freeze_panes = "C4"
    sheet.auto_filter.ref = f"A3:{get_column_letter(wide)}{max(sheet.max_row, 3)}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:3"
    sheet.oddFooter.center.text = "第 &P 页 共 &N 页"
