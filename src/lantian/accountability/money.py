"""Rewards and deductions 奖惩资金: what a place gains or loses by formula, item by item, with caps, and how it comes
about.

A schedule is a YAML file: for each item a pivot, a unit and yuan for each whole unit better or worse, with a cap; and
caps of the whole. Nothing missing is counted: it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Final

from lantian.accountability.entries import Entry, read_yaml, text_of
from lantian.accountability.packs import CONFIDENCES

FOLDER: Final = Path(__file__).parent / "schedules"


class ScheduleError(ValueError):
    """A schedule that cannot be used; the message names file, entry, field, value and what would be right."""


@dataclass(frozen=True)
class Rate:
    """Yuan for each whole unit, and at most so many for the item."""

    yuan: Decimal
    cap: Decimal


@dataclass(frozen=True)
class Item:
    """What is paid for: from ``pivot``, in units of ``unit``; ``better`` is ``higher`` or ``lower``."""

    id: str
    zh: str
    en: str
    better: str
    pivot: Decimal
    unit: Decimal
    reward: Rate
    deduction: Rate


@dataclass(frozen=True)
class Schedule:
    """A dated schedule of amounts. ``confidence`` ``OWN``: the amounts are the project's own example."""

    name: str
    edition: str
    zh: str
    en: str
    document: str
    start: date
    end: date | None
    confidence: str
    items: tuple[Item, ...]
    reward_cap: Decimal
    deduction_cap: Decimal


@dataclass(frozen=True)
class Line:
    """One item's amount in yuan, above 0 a reward, below 0 a deduction; ``capped`` where a cap held it."""

    item: str
    amount: Decimal
    capped: bool
    zh: str
    en: str


@dataclass(frozen=True)
class Settlement:
    """What a place gains or loses in a period: its lines, their ``total`` within the caps, and items that are unknown.

    ``limited``: the total is not the sum of the lines, as a cap of the whole held it.
    """

    place: str
    period: str
    schedule: str
    lines: tuple[Line, ...]
    total: Decimal
    limited: bool
    missing: tuple[str, ...]


def load(source: str | Path = FOLDER / "money.yaml") -> Schedule:
    """A schedule from a file or its text. Raises ScheduleError, or FileNotFoundError."""
    text, file = text_of(source, "a schedule of amounts in YAML")
    top = read_yaml(text, file, ScheduleError)
    start, end = force(top)
    items = tuple(_item(each) for each in top.list("items", "item", needed=True))
    total = top.entry("total")
    top.text("issuer")
    schedule = Schedule(
        name=top.text("schedule"),
        edition=top.text("edition"),
        zh=top.text("zh"),
        en=top.text("en"),
        document=top.text("document"),
        start=start,
        end=end,
        confidence=top.one_of("confidence", CONFIDENCES),
        items=items,
        reward_cap=not_negative(total, "reward_cap"),
        deduction_cap=not_negative(total, "deduction_cap"),
    )
    total.close()
    top.close()
    return schedule


def settle(schedule: Schedule, place: str, period: str, values: Mapping[str, Decimal | None]) -> Settlement:
    """Reckon a place's period.

    Args:
        schedule: the amounts.
        place: code of the place.
        period: its written form.
        values: item -> number (completion in percent, change of the index, days over the target); None or absent: not
            known, no amount.

    Raises:
        LookupError: a value of an item that the schedule does not have.

    Example:
        >>> settle(load(), "110000", "2017AW", {"completion": Decimal("132.4")}).total
        Decimal('640000.00')
    """
    known = {item.id for item in schedule.items}
    for name in values:
        if name not in known:
            raise LookupError(f"item {name!r}: expected one of {', '.join(sorted(known))}")
    lines = tuple(_line(item, value) for item in schedule.items if (value := values.get(item.id)) is not None)
    gained = sum((line.amount for line in lines if line.amount > 0), Decimal(0))
    lost = -sum((line.amount for line in lines if line.amount < 0), Decimal(0))
    total = min(gained, schedule.reward_cap) - min(lost, schedule.deduction_cap)
    return Settlement(
        place=place,
        period=period,
        schedule=f"{schedule.name} {schedule.edition}",
        lines=lines,
        total=total.quantize(Decimal("0.01")),
        limited=gained > schedule.reward_cap or lost > schedule.deduction_cap,
        missing=tuple(item.id for item in schedule.items if values.get(item.id) is None),
    )


def _line(item: Item, value: Decimal) -> Line:
    gain = value - item.pivot if item.better == "higher" else item.pivot - value
    rate = item.reward if gain >= 0 else item.deduction
    units = (abs(gain) / item.unit).to_integral_value(ROUND_FLOOR)
    whole = units * rate.yuan
    amount = min(whole, rate.cap)
    sign = 1 if gain >= 0 else -1
    capped = whole > rate.cap
    sum_zh = f"{units:f} × {rate.yuan:f} 元 = {whole:f} 元" + (f"，封顶 {rate.cap:f} 元" if capped else "")
    sum_en = f"{units:f} x {rate.yuan:f} yuan = {whole:f} yuan" + (f", capped at {rate.cap:f}" if capped else "")
    way_zh, way_en = ("奖励", "reward") if gain >= 0 else ("扣减", "deduction")
    return Line(
        item.id,
        (sign * amount).quantize(Decimal("0.01")) + 0,
        capped,
        f"{item.zh} {value:f}（基准 {item.pivot:f}），每 {item.unit:f} {way_zh}：{sum_zh}",
        f"{item.en} {value:f} (pivot {item.pivot:f}), {way_en} for each {item.unit:f}: {sum_en}",
    )


def _item(entry: Entry) -> Item:
    unit = entry.decimal("unit")
    if unit <= 0:
        raise entry.fault("unit", "a number above 0")
    item = Item(
        id=entry.text("id"),
        zh=entry.text("zh"),
        en=entry.text("en"),
        better=entry.one_of("better", ("higher", "lower")),
        pivot=entry.decimal("pivot"),
        unit=unit,
        reward=_rate(entry.entry("reward")),
        deduction=_rate(entry.entry("deduction")),
    )
    entry.close()
    return item


def _rate(entry: Entry) -> Rate:
    rate = Rate(not_negative(entry, "yuan"), not_negative(entry, "cap"))
    entry.close()
    return rate


def force(top: Entry) -> tuple[date, date | None]:
    """First and last day of a schedule; None: until further notice."""
    entry = top.entry("in_force")
    start, end = entry.day("from"), entry.day_or_none("to")
    entry.close()
    return start, end


def not_negative(entry: Entry, field: str) -> Decimal:
    """A number of at least 0."""
    number = entry.decimal(field)
    if number < 0:
        raise entry.fault(field, "a number of at least 0")
    return number
