"""Daily fine 按日连续处罚 and measures that end on a day 限产、查封: dates and amounts by the law's counting.

How days are counted stands in ``schedules/fines.yaml`` with its source; what is by memory says MEMORY there. Days of
``daily`` are natural days: from the day after the order to correct was served to the day of the last re-check that
finds it still violating (or the day before, by the configuration). A re-check that finds it mended ends the count;
what is found after that needs a new order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from lantian.accountability.entries import Entry, read_yaml, text_of
from lantian.accountability.money import FOLDER, ScheduleError, force
from lantian.accountability.packs import CONFIDENCES

KINDS: Final = ("restriction", "sealing", "referral")
"""Measures beside the daily fine."""


@dataclass(frozen=True)
class Kind:
    """A measure: how many days it may last, and by how many it may be prolonged; None: it does not end on a day."""

    zh: str
    en: str
    clause: str
    longest_days: int | None
    extension_days: int | None


@dataclass(frozen=True)
class Law:
    """How days are counted, from when, and how sure that is."""

    edition: str
    clause: str
    confidence: str
    start: date
    end: date | None
    counts_recheck: bool
    recheck_within_days: int
    kinds: dict[str, Kind]


@dataclass(frozen=True)
class Recheck:
    """A re-check 复查: its day and whether it found the offence going on."""

    day: date
    violating: bool


@dataclass(frozen=True)
class Fine:
    """A daily fine: first and last day counted (None where there is none), their number and the sum in yuan.

    The sum is what comes on top of the original fine. ``notes``: what does not agree with the law's dates.
    """

    first: date | None
    last: date | None
    days: int
    amount: Decimal
    zh: str
    en: str
    notes: tuple[tuple[str, str], ...] = ()


def load(source: str | Path = FOLDER / "fines.yaml") -> Law:
    """The law from a file or its text. Raises money.ScheduleError, or FileNotFoundError."""
    text, file = text_of(source, "the counting of fines in YAML")
    top = read_yaml(text, file, ScheduleError)
    start, end = force(top)
    for field in ("schedule", "zh", "en"):
        top.text(field)
    fine = top.entry("daily_fine")
    fine.one_of("first_day", ("day_after_service",))
    law = Law(
        edition=top.text("edition"),
        clause=fine.text("clause"),
        confidence=top.one_of("confidence", CONFIDENCES),
        start=start,
        end=end,
        counts_recheck=fine.one_of("last_day", ("of_recheck", "before_recheck")) == "of_recheck",
        recheck_within_days=fine.count("recheck_within_days", least=1),
        kinds={name: _kind(each) for name, each in top.named("measures", "measure").items()},
    )
    fine.close()
    top.close()
    missing = [name for name in KINDS if name not in law.kinds]
    if missing:
        raise ScheduleError(f"{file}: measures: {missing[0]} is missing: expected {', '.join(KINDS)}")
    return law


def daily(law: Law, served: date, rechecks: Sequence[Recheck], original: Decimal) -> Fine:
    """Count the days and the sum of a daily fine.

    Args:
        law: the counting.
        served: the day on which the order to correct was served 责令改正决定书送达之日.
        rechecks: every re-check, in the order of its day.
        original: the original fine in yuan; each day costs as much.

    Raises:
        ValueError: the order is served before the law is in force, the fine is not above 0, a re-check is not after
            the one before it (the first: after the order), or follows one that found it mended.

    Example:
        >>> daily(load(), date(2016, 11, 1), [Recheck(date(2016, 11, 15), True)], Decimal(100000)).amount
        Decimal('1400000.00')
    """
    if served < law.start or (law.end is not None and served > law.end):
        raise ValueError(f"served {served}: expected a day from {law.start}{f' to {law.end}' if law.end else ''}")
    if original <= 0:
        raise ValueError(f"original fine {original}: expected yuan above 0")
    before, notes = served, []
    for number, each in enumerate(rechecks, 1):
        if each.day <= before:
            raise ValueError(f"re-check {number} on {each.day}: expected a day after {before}")
        if number > 1 and not rechecks[number - 2].violating:
            raise ValueError(f"re-check {number} on {each.day}: the one before found it mended: expected a new order")
        if (each.day - before).days > law.recheck_within_days:
            notes.append(_late(number, (each.day - before).days, law))
        before = each.day
    found = [each.day for each in rechecks if each.violating]
    if not found:
        return Fine(
            None,
            None,
            0,
            Decimal("0.00"),
            "复查未发现仍在违法，不计罚" if rechecks else "尚未复查，不计罚",
            "no re-check found it violating: no daily fine" if rechecks else "not re-checked yet: no daily fine",
            tuple(notes),
        )
    first, last = served + timedelta(days=1), found[-1] if law.counts_recheck else found[-1] - timedelta(days=1)
    days = (last - first).days + 1
    amount = (days * original).quantize(Decimal("0.01"))
    return Fine(
        first if days else None,
        last if days else None,
        days,
        amount,
        f"{first} 至 {last}，{days} 天 × {original:f} 元 = {amount} 元（送达次日起算，依据：{law.confidence}）",
        f"{first} to {last}, {days} days x {original:f} yuan = {amount} yuan (from the day after service; source: "
        f"{law.confidence})",
        tuple(notes),
    )


def last_day(law: Law, kind: str, start: date, *, extended: bool = False) -> date | None:
    """The last day that a measure may last, its first day counted; None for one that does not end on a day.

    Raises:
        LookupError: an unknown kind.
    """
    if kind not in law.kinds:
        raise LookupError(f"measure {kind!r}: expected one of {', '.join(law.kinds)}")
    found = law.kinds[kind]
    if found.longest_days is None:
        return None
    days = found.longest_days + ((found.extension_days or 0) if extended else 0)
    return start + timedelta(days=days - 1)


def _kind(entry: Entry) -> Kind:
    kind = Kind(
        entry.text("zh"),
        entry.text("en"),
        entry.text("clause"),
        entry.count_or_none("longest_days", least=1),
        entry.count_or_none("extension_days", least=1),
    )
    entry.close()
    return kind


def _late(number: int, days: int, law: Law) -> tuple[str, str]:
    within = law.recheck_within_days
    return (
        f"第 {number} 次复查在 {days} 天后，超过规定的 {within} 天。",
        f"Re-check {number} came after {days} days, later than the {within} days stated.",
    )
