"""Facts 事实: what a rule pack is applied to, as known on a day, each with the pages that prove it.

Facts come from a JSON file (``docs/accountability.md`` has its fields) or from the platform (``service``). All numbers
are decimals as they were published; nothing missing is guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from lantian.accountability.entries import Entry, read_json, text_of
from lantian.assessment import periods
from lantian.standards import rounding

_RESULT: Final = ("target_percent", "change_percent", "before", "after", "rank", "ranked")
_TASK: Final = ("unfinished", "new")
_PLACE: Final = ("value", "mean", "rank", "ranked")
FIELDS: Final = {
    "cities": _RESULT,
    "counties": _TASK,
    "townships": (*_RESULT, *_TASK),
    "zones": _PLACE,
}
"""Which numbers a subject of each level may have; beside them ``code name parent links example``."""
COUNTS: Final = ("unfinished", "new", "rank", "ranked")
PARENTS: Final = {"cities": "province", "counties": "city", "townships": "county", "zones": "county"}
"""What the field ``parent`` is called in the file."""


class FactsError(ValueError):
    """Facts that cannot be used; the message names file, entry, field, value and what would be right."""


@dataclass(frozen=True)
class Subject:
    """A city, county, township or zone with its numbers; None is a missing value.

    ``target_percent``: the cut wanted, 25 means 25 % below the base. ``change_percent``: the change that came about,
    below zero a fall; ``before`` and ``after`` the concentrations (ug/m3) it is counted from. ``rank`` of ``ranked``: a
    published place, 1 the best; None where the platform ranks the given subjects itself. ``unfinished`` and ``new``:
    problems. ``value`` of a zone, the higher the worse, and the ``mean`` of its county. ``links``: addresses that prove
    the numbers.
    """

    code: str
    name: str
    parent: str = ""
    target_percent: Decimal | None = None
    change_percent: Decimal | None = None
    before: Decimal | None = None
    after: Decimal | None = None
    rank: int | None = None
    ranked: int | None = None
    unfinished: int | None = None
    new: int | None = None
    value: Decimal | None = None
    mean: Decimal | None = None
    links: tuple[str, ...] = ()
    example: bool = False

    @property
    def change(self) -> Decimal | None:
        """The change in percent: as published, else from the concentrations, one decimal half-even."""
        if self.change_percent is not None:
            return self.change_percent
        if self.before is None or self.after is None or self.before <= 0:
            return None
        return rounding.half_even((self.after - self.before) / self.before * 100, 1)

    @property
    def rose(self) -> bool | None:
        """Whether the concentration is higher than in the base: by the concentrations where they differ, else by the
        published change, which has more digits.
        """
        if self.before is not None and self.after is not None and self.before != self.after:
            return self.after > self.before
        return None if self.change is None else self.change > 0

    @property
    def completion(self) -> Decimal | None:
        """Completion of the target 改善目标完成率 in percent: achieved cut / wanted cut, one decimal half-even.

        Negative where the concentration rose; None where target or change is missing or the target is no cut.

        Example:
            >>> Subject("110000", "北京市", target_percent=Decimal(25), change_percent=Decimal("-33.1")).completion
            Decimal('132.4')
        """
        change = self.change
        if change is None or self.target_percent is None or self.target_percent <= 0:
            return None
        return rounding.half_even(-change / self.target_percent * 100, 1)


@dataclass(frozen=True)
class Facts:
    """What is known at the end of day ``as_of`` about ``period`` (written form, see ``assessment.periods``)."""

    as_of: date
    period: str
    cities: tuple[Subject, ...] = ()
    counties: tuple[Subject, ...] = ()
    townships: tuple[Subject, ...] = ()
    zones: tuple[Subject, ...] = ()

    def of(self, level: str) -> tuple[Subject, ...]:
        """The subjects of a level: ``cities counties townships zones``."""
        found: tuple[Subject, ...] = getattr(self, level)
        return found

    def named(self, code: str) -> Subject | None:
        """The subject with a code; None where there is none."""
        return next((each for level in FIELDS for each in self.of(level) if each.code == code), None)

    def to_json(self) -> str:
        """The facts as JSON that :func:`read` reads back, the same bytes for the same facts."""
        value: dict[str, Any] = {"as_of": self.as_of.isoformat(), "period": self.period}
        for level in FIELDS:
            rows = sorted(self.of(level), key=lambda each: each.code)
            value[level] = [_plain(level, each) for each in rows]
        return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def read(source: str | Path) -> Facts:
    """Facts from a JSON file, or from its text.

    Raises:
        FactsError: the message names file, entry, field, value and what would be right.
        FileNotFoundError: there is no such file.
    """
    text, file = text_of(source, "facts in JSON")
    top = read_json(text, file, FactsError)
    period = top.text("period", right=f"a period: {periods.FORMS}")
    try:
        span = periods.parse(period)
    except ValueError:
        raise top.fault("period", f"a period: {periods.FORMS}") from None
    as_of = top.day("as_of")
    if as_of < span.start:
        raise top.fault("as_of", f"{span.start}, the first day of {period}, or a later day")
    levels = {level: _subjects(top, level, file) for level in FIELDS}
    top.close()
    facts = Facts(as_of, span.label, **levels)
    _check_parents(facts, file)
    return facts


def _subjects(top: Entry, level: str, file: str) -> tuple[Subject, ...]:
    found = tuple(_subject(each, level) for each in top.list(level, level))
    codes = [each.code for each in found]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            raise FactsError(f"{file}: {level} {code}: code {code!r} stands twice: expected each place once")
    return found


def _subject(entry: Entry, level: str) -> Subject:
    """One place; a number stands as a number or a text of digits, a missing one as null or not at all."""
    numbers: dict[str, Any] = {
        field: entry.count_or_none(field, least=0 if field in _TASK else 1)
        if field in COUNTS
        else entry.decimal_or_none(field)
        for field in FIELDS[level]
    }
    subject = Subject(
        code=entry.text("code"),
        name=entry.text("name"),
        parent=entry.text(PARENTS[level], ""),
        links=entry.texts("links"),
        example=entry.flag("example"),
        **numbers,
    )
    entry.close()
    _check(entry, subject)
    return subject


def _check(entry: Entry, subject: Subject) -> None:
    if subject.target_percent is not None and not 0 < subject.target_percent <= 100:
        raise entry.fault("target_percent", "the cut wanted, above 0 and at most 100")
    for field in ("before", "after", "value", "mean"):
        number = getattr(subject, field)
        if number is not None and number < 0:
            raise entry.fault(field, "a number of at least 0")
    if subject.before == 0:
        raise entry.fault("before", "a concentration above 0")
    if (subject.rank is None) != (subject.ranked is None):
        raise entry.fault("ranked" if subject.ranked is None else "rank", "rank and ranked together, or neither")
    if subject.rank is not None and subject.ranked is not None and subject.rank > subject.ranked:
        raise entry.fault("rank", f"at most ranked, {subject.ranked}")
    change, before, after = subject.change_percent, subject.before, subject.after
    if change and before is not None and after is not None and before != after and (after > before) != (change > 0):
        way = "above" if after > before else "below"
        raise entry.fault("change_percent", f"a change {way} 0, as from {before} to {after}")


def _check_parents(facts: Facts, file: str) -> None:
    """A county that names a city that is not among the cities given is a slip, when cities are given at all."""
    for level, above in (("counties", "cities"), ("townships", "counties")):
        codes = {each.code for each in facts.of(above)}
        for each in facts.of(level):
            if codes and each.parent and each.parent not in codes:
                raise FactsError(
                    f"{file}: {level} {each.code}: {PARENTS[level]} {each.parent!r}: "
                    f"expected the code of one of the {above} given, or none"
                )


def _plain(level: str, subject: Subject) -> dict[str, Any]:
    value: dict[str, Any] = {"code": subject.code, "name": subject.name}
    if subject.parent:
        value[PARENTS[level]] = subject.parent
    for field in FIELDS[level]:
        number = getattr(subject, field)
        if number is not None:
            value[field] = number if field in COUNTS else written(number)
    if subject.links:
        value["links"] = list(subject.links)
    if subject.example:
        value["example"] = True
    return value


def written(number: Decimal) -> str:
    """A decimal in its own digits, never with an exponent."""
    return f"{number:f}"
