"""Templates that follow from a definition: a CSV for Excel, and a workbook with explanations and lists of codes."""

from __future__ import annotations

import csv
import io
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from lantian.observations.feeds.definition import Feed, Field
from lantian.observations.feeds.reading import EXPLAINS

_KINDS: Final = {
    "text": ("文字", "text"),
    "integer": ("整数", "a whole number"),
    "number": ("数", "a number"),
    "date": ("日期，如 2016-12-16", "a day, such as 2016-12-16"),
    "time": ("北京时间，如 2016-12-16 20:00", "a time of Beijing, such as 2016-12-16 20:00"),
    "choice": ("代码", "a code"),
    "flag": ("是 或 否", "yes or no"),
    "region": ("区域代码或名称，如 110105 或 朝阳区", "a region's code or name, such as 110105"),
    "station": ("站点编码或名称，如 1001A", "a station's code or name, such as 1001A"),
    "reference": ("编号或名称", "an id or name"),
    "lon": ("经度，WGS-84 度", "longitude, degrees of WGS-84"),
    "lat": ("纬度，WGS-84 度", "latitude, degrees of WGS-84"),
    "link": ("https:// 开头的网址", "an address that begins with https://"),
    "person": ("姓名", "a person's name"),
}
_CODES: Final = "代码 codes"
_ROWS: Final = 5000  # so many rows of a workbook offer the lists


def explain(field: Field, language: str) -> str:
    """What stands in a column, in one sentence."""
    zh = language == "zh"
    parts = [_KINDS[field.type][0 if zh else 1]]
    if field.codes:
        parts = [("、" if zh else ", ").join(f"{code} {words(language)}" for code, words in field.codes.items())]
    if field.feed:
        parts.append(f"见 {field.feed}" if zh else f"of {field.feed}")
    if field.unit:
        parts.append(f"单位 {field.unit}" if zh else f"in {field.unit}")
    if field.low is not None or field.high is not None:
        low, high = (("" if one is None else f"{one:.12g}") for one in (field.low, field.high))
        parts.append(f"{low}～{high}" if zh else f"from {low or '…'} to {high or '…'}")
    if field.pattern:
        parts.append(f"格式 {field.pattern}" if zh else f"of the form {field.pattern}")
    return ("，" if zh else "; ").join(parts)


def as_csv(feed: Feed, language: str = "zh") -> bytes:
    """The template as CSV, UTF-8 with the mark that Excel wants: heads, * at what is needed, a row that explains."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(_head(feed, one, language) for one in feed.fields)
    row = [explain(one, language) for one in feed.fields]
    out.writerow([f"{EXPLAINS} {row[0]}", *row[1:]])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_workbook(feed: Feed, language: str = "zh") -> bytes:
    """The template as a workbook: a sheet to fill in, with lists where there are codes, and one that explains."""
    zh = language == "zh"
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet()
    sheet.title = "数据" if zh else "data"
    sheet.append([_head(feed, one, language) for one in feed.fields])
    for at, one in enumerate(feed.fields, 1):
        cell = sheet.cell(1, at)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE6F0")
        sheet.column_dimensions[get_column_letter(at)].width = max(12, 2 * len(_head(feed, one, language)) + 2)
    sheet.freeze_panes = "A2"
    notes = book.create_sheet("说明" if zh else "explained")
    notes.append(["列", "字段", "必填", "说明"] if zh else ["column", "field", "needed", "explained"])
    for one in feed.fields:
        needed = one.required or one.name in feed.key
        yes = ("是" if zh else "yes") if needed else ""
        notes.append([one.label(language), one.name, yes, explain(one, language)])
    notes.append([])
    notes.append([feed.title(language), feed.name, "", feed.about(language)])
    for row in notes.iter_rows():
        row[3].alignment = Alignment(wrap_text=True, vertical="top")
    for letter, width in zip("ABCD", (24, 18, 8, 80), strict=True):
        notes.column_dimensions[letter].width = width
    _lists(book, feed, language)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _lists(book: Workbook, feed: Feed, language: str) -> None:
    """The codes on a sheet of their own, as a list in a cell's own rule holds 255 characters only."""
    chosen = [one for one in feed.fields if one.codes or one.type == "flag"]
    if not chosen:
        return
    codes = book.create_sheet(_CODES)
    for at, one in enumerate(chosen, 1):
        listed = [f"{code} {words(language)}" for code, words in one.codes.items()]
        listed = listed or (["是", "否"] if language == "zh" else ["yes", "no"])
        for row, text in enumerate([one.label(language), *listed], 1):
            codes.cell(row, at, text)
        letter = get_column_letter(at)
        rule = DataValidation("list", formula1=f"'{_CODES}'!${letter}$2:${letter}${len(listed) + 1}", allow_blank=True)
        sheet = book.worksheets[0]
        column = get_column_letter(list(feed.schema).index(one.name) + 1)
        rule.add(f"{column}2:{column}{_ROWS}")
        sheet.add_data_validation(rule)


def _head(feed: Feed, field: Field, language: str) -> str:
    return field.label(language) + ("*" if field.required or field.name in feed.key else "")
