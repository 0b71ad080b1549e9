"""Months of sections, and shares of the classes among them. Pure; means are exact decimals, rounded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

import polars as pl

from lantian.observations.water.classes import Judgement, judge
from lantian.observations.water.law import WORSE, Body, Law, law
from lantian.standards.rounding import as_decimal, half_even

_BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Section:
    """A section 断面: ``body`` river or lake, ``target`` the class it has to reach (None: none is set)."""

    id: str
    name: str
    region: str
    body: Body = "river"
    target: int | None = None
    water: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class SectionMonth:
    """A section in a month (or over several: ``month`` is the first).

    Attributes:
        values: means of the items, as judged.
        samples: times at which anything was sampled.
        judgement: what they say.
    """

    section: str
    month: date
    values: Mapping[str, Decimal]
    samples: int
    judgement: Judgement


def months(samples: pl.DataFrame, sections: Mapping[str, Section], *, by: Law | None = None) -> list[SectionMonth]:
    """Every month of every section, by section and month.

    Args:
        samples: ``section``, ``time`` (aware), ``item``, ``value``, ``below`` (true: below the detection limit, which
            ``value`` then is). Rows of unknown sections are left out.
        sections: by id.
        by: the standard; None: the shipped one.
    """
    chosen = by or law()
    sums: dict[tuple[str, date], dict[str, list[Decimal]]] = {}
    times: dict[tuple[str, date], set[datetime]] = {}
    for row in samples.select("section", "time", "item", "value", "below").iter_rows():
        section, time, item, value, below = row
        if value is None or section not in sections:
            continue
        key = section, time.astimezone(_BEIJING).date().replace(day=1)
        number = as_decimal(value) * (chosen.below_detection if below else 1)
        sums.setdefault(key, {}).setdefault(item, []).append(number)
        times.setdefault(key, set()).add(time)
    return [
        _judged(sections[key[0]], key[1], {item: _mean(each) for item, each in items.items()}, len(times[key]), chosen)
        for key, items in sorted(sums.items())
    ]


def whole(
    found: Sequence[SectionMonth], sections: Mapping[str, Section], *, by: Law | None = None
) -> list[SectionMonth]:
    """Each section over all its months: the mean of the months' means."""
    chosen = by or law()
    parts: dict[str, list[SectionMonth]] = {}
    for one in found:
        parts.setdefault(one.section, []).append(one)
    result = []
    for code, each in sorted(parts.items()):
        items = dict.fromkeys(item for one in each for item in one.values)
        means = {item: _mean([one.values[item] for one in each if item in one.values]) for item in items}
        first = min(one.month for one in each)
        result.append(_judged(sections[code], first, means, sum(one.samples for one in each), chosen))
    return result


def shares(found: Iterable[SectionMonth]) -> tuple[int, Decimal | None, Decimal | None]:
    """How many sections were judged, the percent of them in I to III, and of those worse than V, one decimal each."""
    grades = [one.judgement.grade for one in found if one.judgement.grade is not None]
    if not grades:
        return 0, None, None
    good, worse = sum(grade <= 3 for grade in grades), sum(grade == WORSE for grade in grades)
    return len(grades), _percent(good, len(grades)), _percent(worse, len(grades))


def _percent(part: int, all_: int) -> Decimal:
    with localcontext(prec=40):
        return half_even(Decimal(part) * 100 / all_, 1)


def _mean(values: Sequence[Decimal]) -> Decimal:
    with localcontext(prec=40):
        return sum(values, Decimal(0)) / len(values)


def _judged(section: Section, month: date, means: Mapping[str, Decimal], samples: int, chosen: Law) -> SectionMonth:
    values = {
        item: half_even(mean, chosen.items[item].decimals) if item in chosen.items else mean
        for item, mean in means.items()
    }
    return SectionMonth(section.id, month, values, samples, judge(values, section.body, section.target, by=chosen))
