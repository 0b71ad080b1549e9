"""What a month is scored by 月调度, from the platform: tasks of the programme on schedule, air against its target.

::

    months = dispatch.months(platform, parse("2016Q4"), date(2017, 1, 10))
    scores = letters.assess(letters.load(), months)
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from lantian.accountability.letters import Month
from lantian.accountability.service import QUANTITY, moment_of, percent_of
from lantian.assessment.periods import Period
from lantian.assessment.service import Assessment
from lantian.assessment.targets import Target
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import level_of
from lantian.standards import rounding
from lantian.supervision.programme import rollup
from lantian.supervision.programme.progress import Standing
from lantian.supervision.programme.service import Programme


def months(platform: Platform, period: Period, as_of: date) -> list[Month]:
    """Every month of a period that has begun by ``as_of``, for each county with tasks or a target of PM2.5.

    A task counts from the month in which something of it is owed, and as done while it is not behind its schedule, as
    known at the end of the month. Air: the month's PM2.5 against the same days a year before, confirmed sand-dust
    deducted, over the cut that the target of the period around the month asks for; None where either is unknown.

    Raises:
        ValueError: the day is yet to come.
    """
    now = platform.clock.now()
    moment = moment_of(as_of, now)
    judge, programme = Assessment(platform), Programme(platform)
    targets = [each for each in judge.records.targets() if each.quantity == QUANTITY and _is_county(each.place)]
    before = _whole(judge, targets, moment)
    found = []
    for month in period.months():
        if month.start > as_of:
            break
        standings = programme.standings(moment_of(min(month.end, as_of), now))
        groups = {group.key: group.tasks for group in rollup.group(standings, "county") if _is_county(group.key)}
        around = {each.place: each for each in targets if each.period.start <= month.start <= each.period.end}
        changes = _changes(judge, sorted(around), month, moment)
        for code in sorted({*groups, *around}):
            due, done = _counts(groups.get(code, ()))
            target = around.get(code)
            wanted = None if target is None else percent_of(target, before.get((code, target.period)))
            found.append(Month(code, month, due, done, _completion(changes.get(code), wanted)))
    return found


def _whole(judge: Assessment, targets: list[Target], moment: datetime) -> dict[tuple[str, Period], float | None]:
    """The year before's means of whole periods, for targets that state no base."""
    found: dict[tuple[str, Period], float | None] = {}
    for period in {each.period for each in targets if each.base is None}:
        places = sorted(each.place for each in targets if each.period == period)
        rows = judge.evaluate(places, period.year_before(), moment, deducted=True).select("place", QUANTITY)
        found |= {(place, period): value for place, value in rows.iter_rows()}
    return found


def _changes(judge: Assessment, places: list[str], month: Period, moment: datetime) -> dict[str, float | None]:
    if not places:
        return {}
    ranked = judge.rank(places, month, by=QUANTITY, deducted=True, as_of=moment)
    return dict(ranked.select("place", f"change_{QUANTITY}").iter_rows())


def _completion(change: float | None, wanted: Decimal | None) -> Decimal | None:
    if change is None or wanted is None:
        return None
    return rounding.half_even(-rounding.as_decimal(change) / wanted * 100, 1)


def _counts(tasks: tuple[Standing, ...]) -> tuple[int, int]:
    owed = [each for each in tasks if each.judged_on is not None or each.finished_on is not None]
    return len(owed), sum(not each.late for each in owed)


def _is_county(code: str) -> bool:
    try:
        return level_of(code) == "county"
    except ValueError:  # a station
        return False
