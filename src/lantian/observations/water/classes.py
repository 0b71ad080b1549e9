"""The class of one set of values: the worst of its items 单因子评价法. Pure and exact.

A value at a limit belongs to the class of that limit, and where two classes have the same limit to the better one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from lantian.observations.water.law import WORSE, Body, Item, Law, law
from lantian.standards.rounding import as_decimal, half_even

Number = Decimal | int | float | str


@dataclass(frozen=True, slots=True)
class Exceeding:
    """An item that is worse than the class aimed at.

    Attributes:
        item: its code.
        value: as judged.
        grade: its class.
        limit: of the class aimed at.
        multiple: by how much the limit is exceeded (1 is twice the limit); None for pH and oxygen.
    """

    item: str
    value: Decimal
    grade: int
    limit: Decimal
    multiple: Decimal | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a set of values says.

    Attributes:
        grade: 1 to 5, 6 for worse than V; None where no item counts.
        grades: class of each item that has limits, also of those that do not count.
        exceeding: against the class aimed at, the largest multiple first, those without a multiple last.
        main: items worse than class III, by their multiple, at most three.
        target: the class aimed at; None: none is set, then III is what ``exceeding`` is measured by.
    """

    grade: int | None
    grades: Mapping[str, int]
    exceeding: tuple[Exceeding, ...]
    main: tuple[str, ...]
    target: int | None

    @property
    def met(self) -> bool | None:
        """Whether the class aimed at is reached; None where none is set or nothing is known."""
        return None if self.grade is None or self.target is None else self.grade <= self.target


def judge(
    values: Mapping[str, Number], body: Body = "river", target: int | None = None, *, by: Law | None = None
) -> Judgement:
    """Judge a set of values.

    Args:
        values: by code of item, in the standard's units; codes that have no limits are passed over.
        body: ``river``, or ``lake`` (lakes and reservoirs).
        target: class that the section has to reach, 1 to 5.
        by: the standard; None: the shipped one.

    Raises:
        ValueError, TypeError: a value is no number.

    Example:
        >>> found = judge({"nh3n": "1.8", "cod": 20, "do": 4.2}, target=3)
        >>> found.grade, [(one.item, str(one.multiple)) for one in found.exceeding], found.main
        (5, [('nh3n', '0.80'), ('do', 'None')], ('nh3n', 'do'))
    """
    chosen = by or law()
    exact = {code: as_decimal(value) for code, value in values.items()}
    grades = {code: _grade(item, exact[code], body) for code, item in chosen.items.items() if code in exact}
    share, percent = chosen.saturation
    if "do" in grades and exact.get(share, Decimal(0)) >= percent:
        grades["do"] = 1
    judged = {code: grade for code, grade in grades.items() if code not in chosen.not_judged}
    aim = target or chosen.good
    exceeding = _exceeding(judged, exact, body, aim, chosen)
    main = exceeding if aim == chosen.good else _exceeding(judged, exact, body, chosen.good, chosen)
    return Judgement(
        max(judged.values(), default=None), grades, exceeding, tuple(one.item for one in main[: chosen.main]), target
    )


def _grade(item: Item, value: Decimal, body: Body) -> int:
    limits = item.of(body)
    if item.rule == "range":
        return 1 if limits[0] <= value <= limits[1] else WORSE
    for number, limit in enumerate(limits, 1):
        if value >= limit if item.rule == "floor" else value <= limit:
            return number
    return WORSE


def _exceeding(
    grades: Mapping[str, int], values: Mapping[str, Decimal], body: Body, aim: int, chosen: Law
) -> tuple[Exceeding, ...]:
    found = []
    for code, grade in grades.items():
        if grade <= aim:
            continue
        item, value = chosen.items[code], values[code]
        limits = item.of(body)
        limit = limits[not value < limits[0]] if item.rule == "range" else limits[aim - 1]
        over = None if code in chosen.no_multiple else half_even(value / limit - 1, chosen.multiple_decimals)
        found.append((Exceeding(code, value, grade, limit, over), value / limit))
    # the unrounded ratio decides the order; items without a multiple by their class
    found.sort(
        key=lambda pair: (pair[0].multiple is None, -pair[1] if pair[0].multiple is not None else -pair[0].grade)
    )
    return tuple(one for one, _ in found)
