"""The list for roadside checks 路检: which vehicle, where it drives and when, as CSV or a workbook. Pure.

It is made of what a reader may see: plates are covered or not as there.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime

from openpyxl import Workbook
from openpyxl.styles import Font

from lantian.kernel.settings import TIMEZONE
from lantian.observations.vehicles.limits import POLLUTANTS
from lantian.observations.vehicles.service import Emitter, Overview

HEADS: tuple[tuple[str, str], ...] = (
    ("排名", "Rank"), ("号牌", "Plate"), ("车型", "Class"), ("燃料", "Fuel"), ("状态", "State"),
    ("超标次数", "Exceedances"), ("最高项目", "Worst pollutant"), ("最高值", "Worst value"), ("限值", "Limit"),
    ("最近超标", "Last exceedance"), ("主要路线", "Main route"), ("主要时段", "Main hours"), ("编号", "Key"),
)  # fmt: skip
"""Heads of the list: Chinese, English."""

WORDS = {
    "confirmed": ("确认高排放", "confirmed"), "repeated": ("多次超标", "repeated"), "once": ("一次超标", "once"),
    "light": ("轻型", "light"), "heavy": ("重型", "heavy"), "diesel": ("柴油", "diesel"), "petrol": ("汽油", "petrol"),
    "gas": ("燃气", "gas"), "electric": ("电动", "electric"), "other": ("其他", "other"),
}  # fmt: skip
"""Codes of states, classes and fuels: Chinese, English."""


def span(one: Emitter) -> str:
    """Its main hours, `22–24, 0–1`."""
    return ", ".join(f"{begin}–{end}" for begin, end in one.hours)


def route(one: Emitter, overview: Overview) -> str:
    """Its most used way by the names of the gates."""
    if not one.routes:
        return ""
    return " → ".join(overview.gates[gate].name if gate in overview.gates else gate for gate in one.routes[0][0])


def rows(overview: Overview, language: str) -> list[list[str | int | float]]:
    """The list, a row a vehicle, in the order of `HEADS`."""
    side = 0 if language == "zh" else 1
    return [
        [
            one.rank, one.plate, WORDS[one.vehicle][side], WORDS[one.fuel][side], WORDS[one.state][side],
            one.exceedances, POLLUTANTS[one.worst_pollutant][side], one.worst_value, one.worst_limit, _time(one.last),
            route(one, overview), span(one), one.key,
        ]
        for one in overview.vehicles
    ]  # fmt: skip


def as_csv(overview: Overview, language: str) -> bytes:
    """The list as CSV in UTF-8 with a mark by which spreadsheets know it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_heads(language))
    writer.writerows([[_plain(cell) for cell in row] for row in rows(overview, language)])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(overview: Overview, language: str, at: datetime) -> bytes:
    """The list as a workbook; texts stay texts, whatever they begin with."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "路检名单" if language == "zh" else "Roadside checks"
    sheet.append([f"{'截至' if language == 'zh' else 'As of'} {_time(at)}"])
    sheet.append(_heads(language))
    for row in rows(overview, language):
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    for cell in sheet[2]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDEFGHIJKLM", (6, 12, 8, 8, 12, 10, 12, 10, 8, 18, 42, 18, 16), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A3"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _heads(language: str) -> list[str]:
    return [pair[0 if language == "zh" else 1] for pair in HEADS]


def _plain(cell: str | float) -> str | float:
    """A text that a spreadsheet would take for a formula gets a sign that it is none."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def _time(at: datetime) -> str:
    return f"{at.astimezone(TIMEZONE):%Y-%m-%d %H:%M}"
