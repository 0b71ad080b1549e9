"""Cells of the task list: from what a workbook holds to what a task holds, and back.

Every reader raises SaidError with what would be right, to stand after the cell's value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lantian.kernel.said import Said, SaidError
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.programme.task import SOURCES, units

SOURCE_NAMES: Final = dict(zip(SOURCES, ("方案", "联席会议", "约谈"), strict=True))
_YES: Final = {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}
_DAYS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d")


def text(cell: Any) -> str | None:
    """Text without blanks around it; None: empty."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() or None if cell is not None else None


def day(cell: Any) -> date | None:
    """A day, from a date or one of the usual written forms."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date) or cell is None:
        return cell
    for form in _DAYS:
        try:
            return datetime.strptime(str(cell).strip(), form).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise SaidError("a day such as 2016-12-31", "日期，如 2016-12-31")


def number(cell: Any) -> Decimal | None:
    """A number above 0, exactly as written; None: empty."""
    if cell is None or str(cell).strip() == "":
        return None
    try:
        value = Decimal(repr(cell) if isinstance(cell, int | float) else str(cell).strip().replace(",", ""))
    except InvalidOperation:
        raise SaidError("a number above 0", "大于 0 的数") from None
    if not value.is_finite() or value <= 0:
        raise SaidError("a number above 0", "大于 0 的数")
    return Decimal(int(value)) if value == value.to_integral_value() else value


def share(cell: Any) -> Decimal | None:
    """A percentage; None: empty."""
    if cell is None or str(cell).strip() == "":
        return None
    try:
        value = Decimal(repr(cell) if isinstance(cell, int | float) else str(cell).strip().rstrip("%"))
    except InvalidOperation:
        raise SaidError("a percentage from 0 to 100", "0 至 100 的百分数") from None
    if not value.is_finite() or not 0 <= value <= 100:
        raise SaidError("a percentage from 0 to 100", "0 至 100 的百分数")
    return Decimal(int(value)) if value == value.to_integral_value() else value


def _one_of(words: Iterable[str]) -> SaidError:
    known = list(words)
    return SaidError(f"one of {', '.join(known)}", f"{'、'.join(known)} 之一")


def department(cell: Any) -> str | None:
    """A department by its Chinese name or code."""
    found = text(cell)
    names = {one.zh: one.code for one in DEPARTMENTS.values()} | {one.code: one.code for one in DEPARTMENTS.values()}
    if found is not None and found not in names:
        raise _one_of(one.zh for one in DEPARTMENTS.values())
    return names[found] if found else None


def source(cell: Any) -> str | None:
    """Where a task comes from."""
    found = text(cell)
    names = {zh: code for code, zh in SOURCE_NAMES.items()} | {code: code for code in SOURCES}
    if found is not None and found not in names:
        raise _one_of(SOURCE_NAMES.values())
    return names[found] if found else None


def unit(cell: Any) -> str | None:
    """A unit that is known."""
    found = text(cell)
    if found is not None and found not in units():
        raise _one_of(units())
    return found


def yes(cell: Any) -> bool:
    """是 or 否; empty is 否."""
    word = str(cell).strip().lower() if cell is not None else "否"
    if word not in _YES:
        raise SaidError("是 or 否", "是或否")
    return _YES[word]


def plain(value: Any, name: str) -> Any:
    """What a cell holds for a value of a task; a number that a cell cannot hold exactly becomes text."""
    if isinstance(value, Decimal):
        plain = int(value) if value == value.to_integral_value() else float(value)
        return plain if len(value.as_tuple().digits) <= 15 and Decimal(repr(plain)) == value else str(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "department":
        return DEPARTMENTS[value].zh
    return SOURCE_NAMES[value] if name == "source" else value


READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "quantity": number,
    "start": day,
    "due": day,
    "department": department,
    "unit": unit,
    "source": source,
    "example": yes,
}
"""Readers of the fields that are more than text."""

WANTED: Final = {
    "title": Said("the task in one line", "一行任务"),
    "region": Said("a code such as 110105", "区划代码，如 110105"),
    "department": Said("a department", "责任部门"),
    "quantity": Said("a number above 0", "大于 0 的数"),
    "unit": Said("a unit such as 台", "单位，如 台"),
    "start": Said("a day", "日期"),
    "due": Said("a day", "日期"),
}
"""What must be there, in words."""
