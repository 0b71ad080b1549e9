"""Facts from the platform itself, as known at the end of a day::

    with open_platform() as platform:
        known = service.facts(platform, parse("2017AW"), date(2018, 4, 20))
        result = evaluate(packs.load("2017-18"), known)

Cities stand by PM2.5 of the period against the same days a year before, confirmed sand-dust deducted, in published
digits; their target is the cut that `assessment` holds. Counties stand by the tally of cases in `supervision`, zones by
their composite index against their county's. Townships come from a file only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from lantian.accountability.facts import Facts, Subject
from lantian.assessment.periods import Period
from lantian.assessment.service import Assessment
from lantian.assessment.targets import Target
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.places.regions import Region, level_of
from lantian.standards import rounding
from lantian.supervision.service import Supervision

QUANTITY = "pm25"
"""What cities are judged by."""
BY_VALUE = "composite_index"
"""What zones are ranked by."""


def moment_of(day: date, now: datetime) -> datetime:
    """The last moment of a day in Beijing, or ``now`` while the day lasts.

    Raises:
        ValueError: the day is yet to come.
    """
    start = datetime.combine(day, time(), TIMEZONE)
    if start > now:
        raise ValueError(f"as of {day}: expected {now.astimezone(TIMEZONE).date()} or an earlier day")
    return min(start + timedelta(days=1, microseconds=-1), now)


def facts(
    platform: Platform,
    period: Period,
    as_of: date,
    *,
    tally: pl.DataFrame | None = None,
    since: date | None = None,
) -> Facts:
    """What is known of a period at the end of the day ``as_of``.

    Args:
        platform: the platform.
        period: what is judged, such as 2017AW; while it runs, its days so far.
        as_of: the day; what became known later is not used.
        tally: ``region, unfinished, new`` by county, as `Supervision.tally` gives it; None: it is asked.
        since: problems handed over from this day on count as new; None: from the period's first day.

    Raises:
        ValueError: the day is yet to come, or before the period.
    """
    if as_of < period.start:
        raise ValueError(f"as of {as_of}: expected {period.start}, the first day of {period.label}, or a later day")
    moment = moment_of(as_of, platform.clock.now())
    judge = Assessment(platform)
    regions = {region.code: region for region in judge.places.regions()}
    if tally is None:
        tally = Supervision(platform).tally(moment, since or period.start, min(as_of, period.end))
    counties = _counties(tally, regions)
    return Facts(
        as_of,
        period.label,
        cities=_cities(judge, regions, {each.parent for each in counties}, period, moment),
        counties=counties,
        zones=_zones(judge, regions, period, moment),
    )


def percent_of(target: Target, before: float | None) -> Decimal | None:
    """The cut that a target means, in percent with one decimal.

    Counted from the target's own base, else from the same period ``before``; None where neither is known or the limit
    asks for no cut.
    """
    base = target.base or before
    if not base:
        return None
    exact = rounding.as_decimal(base)
    percent = rounding.half_even((exact - rounding.as_decimal(target.limit)) / exact * 100, 1)
    return percent if percent > 0 else None


def _cities(
    judge: Assessment, regions: Mapping[str, Region], above: Iterable[str], period: Period, moment: datetime
) -> tuple[Subject, ...]:
    """Cities that have a target for the period, with the members of their groups, and those above counties."""
    targets = {
        each.place: each
        for each in judge.records.targets()
        if each.quantity == QUANTITY and each.period == period and _is(each.place, "city")
    }
    wanted = {*targets, *(code for code in above if code)}
    for group in judge.places.groups():
        if targets.keys() & set(group.members):
            wanted |= {code for code in group.members if _is(code, "city")}
    codes = sorted(code for code in wanted if code in regions)
    if not codes:
        return ()
    ranked = judge.rank(codes, period, by=QUANTITY, deducted=True, as_of=moment)
    rows = {row["place"]: row for row in ranked.to_dicts()}
    whole = judge.evaluate(codes, period.year_before(), moment, deducted=True)
    earlier = dict(whole.select("place", QUANTITY).iter_rows())
    return tuple(_city(regions[code], targets.get(code), rows.get(code, {}), earlier.get(code)) for code in codes)


def _city(region: Region, target: Target | None, row: Mapping[str, Any], whole: float | None) -> Subject:
    links = (f"/places/{region.code}",) if target is None else (f"/targets?target={target.id}",)
    return Subject(
        code=region.code,
        name=region.name,
        parent=region.parent or "",
        target_percent=None if target is None else percent_of(target, whole),
        change_percent=_decimal(row.get(f"change_{QUANTITY}")),
        before=_decimal(row.get(f"{QUANTITY}_before")) or None,
        after=_decimal(row.get(QUANTITY)),
        links=links,
        example=region.example or (target is not None and target.example),
    )


def _counties(tally: pl.DataFrame, regions: Mapping[str, Region]) -> tuple[Subject, ...]:
    """Counties with cases; what belongs to a city itself is no county's."""
    found = []
    for row in tally.sort("region").to_dicts():
        code = row["region"]
        if _is(code, "county"):
            region = regions.get(code) or Region(code, code)
            above = region.parent or ""
            found.append(
                Subject(
                    code=code,
                    name=region.name,
                    parent=above if above in regions and _is(above, "city") else "",
                    unfinished=row["unfinished"],
                    new=row["new"],
                    links=(f"/cases?region={code}",),
                    example=region.example,
                )
            )
    return tuple(found)


def _zones(judge: Assessment, regions: Mapping[str, Region], period: Period, moment: datetime) -> tuple[Subject, ...]:
    zones = [region for region in regions.values() if region.kind == "zone"]
    if not zones:
        return ()
    codes = sorted({region.code for region in zones} | {region.parent for region in zones if region.parent})
    judged = judge.evaluate(codes, period, moment, deducted=True)
    values = dict(judged.select("place", BY_VALUE).iter_rows()) if BY_VALUE in judged.columns else {}
    return tuple(
        Subject(
            code=region.code,
            name=region.name,
            parent=region.parent or "",
            value=_published(values.get(region.code)),
            mean=_published(values.get(region.parent)),
            links=(f"/places/{region.code}",),
            example=region.example,
        )
        for region in sorted(zones, key=lambda each: each.code)
    )


def _is(code: str | None, kind: str) -> bool:
    try:
        return code is not None and level_of(code) == kind
    except ValueError:  # a station, or a code of no region
        return False


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else rounding.as_decimal(number)


def _published(index: float | None) -> Decimal | None:
    return None if index is None else rounding.half_even(index, 2)
