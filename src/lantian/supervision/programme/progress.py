"""Progress 进度 as of any day: what the reverse schedule wanted, what was reported, how late that is, who is silent.

Reports come once a month, so a task is judged by the newest month whose report is owed or there; once its last day
has passed, by the day itself. Shares are exact fractions; a task handed down is as far as the units below and its own
rest, and what one unit does beyond its part does not pay for another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import Literal

from lantian.standards import workdays
from lantian.standards.workdays import Calendar, Deadline
from lantian.supervision.programme.decompose import children_of, divide
from lantian.supervision.programme.rules import Rules, shipped
from lantian.supervision.programme.task import (
    WHOLE,
    Report,
    Task,
    holding,
    month_end,
    month_of,
    next_month,
)

State = Literal["done", "on_time", "late", "severe", "not_started", "missing"]
STATES: Mapping[State, tuple[str, str]] = {
    "done": ("完成", "Done"),
    "on_time": ("按期", "On schedule"),
    "late": ("滞后", "Late"),
    "severe": ("严重滞后", "Very late"),
    "not_started": ("未启动", "Not begun"),
    "missing": ("缺报", "No report"),
}
"""States and their names. Silence never hides lateness: 缺报 is said only of a task that would not be late."""

LATE: tuple[State, ...] = ("late", "severe")
_LONGEST = 3660


@dataclass(frozen=True)
class Standing:
    """Where a task stands on a day.

    Attributes:
        task: the task; ``children``: numbers of those handed down from it.
        done: quantity done; ``own``: quantity that was not handed down 未分解.
        share: done of the whole, at most 1; ``expected``: what the schedule wanted by ``judged_on``.
        judged_on: the day that is compared; None: nothing is owed yet.
        behind_days: days since what is done was still enough; ``behind_points``: percentage points of the whole.
        forecast: the day on which it ends at the pace so far; None: no pace yet, or ten years away.
        finished_on: the day by which it was done.
        missing: months whose report is owed and not there.
        state: of `STATES`.
        reports: those known, in order.
    """

    task: Task
    children: tuple[str, ...]
    done: Decimal
    own: Decimal
    share: Fraction
    expected: Fraction
    judged_on: date | None
    behind_days: int
    behind_points: Decimal
    forecast: date | None
    finished_on: date | None
    missing: tuple[date, ...]
    state: State
    reports: tuple[Report, ...] = ()

    @property
    def late(self) -> bool:
        """Whether it is 滞后 or 严重滞后."""
        return self.state in LATE

    @property
    def percent(self) -> Decimal:
        """The share in percent, one decimal, rounded down, so that 100 means all."""
        return Decimal(floor(self.share * 1000)) / 10


def expected(task: Task, day: date) -> Fraction:
    """The share of the whole that the schedule wants by the end of a day, 0 to 1."""
    if task.steps and task.steps[0].share is not None:
        reached = [step.share for step in task.steps if step.due <= day and step.share is not None]
        return Fraction(reached[-1] / WHOLE) if reached else Fraction(0)
    knots = _knots(task)
    if day < knots[0][0]:
        return Fraction(0)
    before, after = knots[0], knots[0]
    for knot in knots:
        before, after = (knot, knot) if knot[0] <= day else (before, knot)
        if knot[0] > day:
            break
    if after[0] <= day:
        return before[1]
    return before[1] + (after[1] - before[1]) * Fraction((day - before[0]).days, (after[0] - before[0]).days)


def enough_until(task: Task, share: Fraction) -> date:
    """The last day on which a share was enough; the day of a step is still in time. For the whole: the last day."""
    if share >= 1:
        return date.max
    if task.steps and task.steps[0].share is not None:
        return next(step.due for step in task.steps if step.share is not None and Fraction(step.share / WHOLE) > share)
    knots = _knots(task)
    last = max(number for number, knot in enumerate(knots) if knot[1] <= share)
    (start, low), (end, high) = knots[last], knots[last + 1]
    return start + timedelta(days=floor((share - low) / (high - low) * (end - start).days))


def report_due(month: date, rules: Rules | None = None, calendar: Calendar | None = None) -> Deadline:
    """The last day for a month's report."""
    return workdays.add(month_end(month), (rules or shipped()).report_workday, calendar)


def owed_months(
    task: Task,
    own: Decimal,
    reports: Iterable[Report],
    day: date,
    rules: Rules | None = None,
    calendar: Calendar | None = None,
) -> list[date]:
    """Months for which a report is or was owed and whose day has passed, from the task's first to the one in which it
    was done; none that was over before the task was entered, and none where everything was handed down.
    """
    return _owed(task, own, holding(reports), day, _deadlines(rules or shipped(), calendar))


def stand(
    tasks: Iterable[Task],
    reports: Iterable[Report],
    day: date,
    rules: Rules | None = None,
    calendar: Calendar | None = None,
) -> dict[str, Standing]:
    """Where every task that holds stands on a day, by number.

    ``tasks`` must hold together (see `decompose.faults`); ``reports`` are those known.
    """
    used = rules or shipped()
    known = {task.number: task for task in tasks if not task.withdrawn}
    below = children_of(known.values())
    by_task: dict[str, list[Report]] = {}
    for report in reports:
        by_task.setdefault(report.task, []).append(report)
    found: dict[str, Standing] = {}
    due = _deadlines(used, calendar)

    def visit(task: Task) -> Standing:
        if task.number not in found:
            parts = [visit(child) for child in below.get(task.number, ())]
            mine = sorted(by_task.get(task.number, ()), key=lambda one: (one.at, one.id))
            found[task.number] = _standing(task, parts, mine, day, used, due)
        return found[task.number]

    for task in known.values():
        visit(task)
    return found


def _standing(
    task: Task,
    parts: Sequence[Standing],
    reports: Sequence[Report],
    day: date,
    rules: Rules,
    due: Callable[[date], date],
) -> Standing:
    own = max(divide(task, [part.task for part in parts]).rest, Decimal(0))
    by_month = holding(reports)
    kept = list(by_month.values())
    mine = kept[-1].done if kept and own > 0 else Decimal(0)
    done = mine if not parts else min(mine, own) + sum((min(p.done, p.task.quantity) for p in parts), Decimal(0))
    share = min(Fraction(done) / Fraction(task.quantity), Fraction(1))
    owed = _owed(task, own, by_month, day, due)
    missing = tuple(month for month in owed if month not in by_month)
    judged = _judged_on(task, [] if parts else kept, day, due)
    wanted = expected(task, judged) if judged else Fraction(0)
    behind = max(0, (judged - enough_until(task, share)).days) if judged and share < 1 else 0
    points = Decimal(ceil(max(Fraction(0), wanted - share) * 1000)) / 10 if behind else Decimal(0)
    finished = _finished_on(own, kept, parts) if share >= 1 else None
    return Standing(
        task=task,
        children=tuple(part.task.number for part in parts),
        done=done,
        own=own,
        share=share,
        expected=wanted,
        judged_on=judged,
        behind_days=behind,
        behind_points=points,
        forecast=finished or _forecast(task, share, judged, kept, parts),
        finished_on=finished,
        missing=missing,
        state=_state(task, share, behind, points, bool(owed and owed[-1] in missing), day, rules),
        reports=tuple(reports),
    )


def _deadlines(rules: Rules, calendar: Calendar | None) -> Callable[[date], date]:
    """The last day for a month's report, each counted once."""
    return cache(lambda month: report_due(month, rules, calendar).date)


def _owed(task: Task, own: Decimal, kept: Mapping[date, Report], day: date, due: Callable[[date], date]) -> list[date]:
    if own <= 0 or task.withdrawn:
        return []
    found: list[date] = []
    finished = next((month for month, one in kept.items() if one.done >= own), None)
    month = max(month_of(task.start), month_of(task.entered_on or task.start) - timedelta(days=1)).replace(day=1)
    while next_month(month) <= day and (finished is None or month <= finished):
        deadline = due(month)
        if deadline < day and (task.entered_on is None or task.entered_on <= deadline):
            found.append(month)
        month = next_month(month)
    return found


def _state(task: Task, share: Fraction, behind: int, points: Decimal, silent: bool, day: date, rules: Rules) -> State:
    late = behind > rules.late_days or day > task.due
    if share >= 1:
        return "done"
    if late and (behind > rules.severe_days or points >= rules.severe_points):
        return "severe"
    if late:
        return "late"
    if silent:
        return "missing"
    return "on_time" if share > 0 else "not_started"


def _judged_on(task: Task, kept: Sequence[Report], day: date, due: Callable[[date], date]) -> date | None:
    """The day that is compared with the schedule."""
    if day < task.start:
        return None
    if day > task.due:
        return day
    month = month_of(month_of(day) - timedelta(days=1))
    if due(month) >= day:
        month = month_of(month - timedelta(days=1))
    ends = [month_end(month), *(one.measured_on for one in kept[-1:])]
    last = min(max(ends), day)
    return last if last >= task.start else None


def _forecast(
    task: Task, share: Fraction, judged: date | None, kept: Sequence[Report], parts: Sequence[Standing]
) -> date | None:
    measured = judged if parts else (kept[-1].measured_on if kept else None)
    if measured is None or share <= 0 or measured < task.start:
        return None
    left = ceil(((measured - task.start).days + 1) * (1 - share) / share)
    return measured + timedelta(days=left) if left <= _LONGEST else None


def _finished_on(own: Decimal, kept: Sequence[Report], parts: Sequence[Standing]) -> date | None:
    days = [part.finished_on for part in parts if part.finished_on]
    if own > 0:
        days += [next(one.measured_on for one in kept if one.done >= own)] if any(k.done >= own for k in kept) else []
    return max(days, default=None)


def _knots(task: Task) -> list[tuple[date, Fraction]]:
    """Days and shares between which what is owed grows evenly; the first at 0, the last at 1."""
    if not task.steps:
        return [(task.start, Fraction(0)), (task.due, Fraction(1))]
    n = len(task.steps)
    return [(task.start, Fraction(0)), *((step.due, Fraction(k, n)) for k, step in enumerate(task.steps, 1))]
