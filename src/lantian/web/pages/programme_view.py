"""What the page of the programme draws: the Gantt chart with its reverse schedule, and effort beside the air's result.

Plain geometry, written as SVG by the template, so that it stands before any script runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lantian.supervision.programme.progress import STATES, Standing, enough_until
from lantian.supervision.programme.quadrants import Place
from lantian.supervision.programme.task import month_end, next_month, units

WIDTH, LEFT, RIGHT, TOP, ROW = 1120.0, 268.0, 1104.0, 34.0, 24.0
ROWS = 36
"""Tasks drawn at most, those furthest behind."""
_LETTERS = 19.0
"""Chinese letters of a task's name that find room."""


@dataclass(frozen=True)
class GanttRow:
    """A task drawn: where its bar, what is done, its steps, its lag and its foreseen end lie, in units of the drawing.

    ``done`` ends on the day for which what is done was enough, so its distance to ``judged`` is the lag.
    """

    standing: Standing
    name: str
    title: str
    y: float
    start: float
    due: float
    done: float
    judged: float | None
    forecast: float | None
    steps: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Gantt:
    """The chart: rows, months with their names, today's line; ``left_out``: tasks that found no room."""

    rows: tuple[GanttRow, ...]
    months: tuple[tuple[float, str], ...]
    today: float | None
    height: float
    left_out: int


def gantt(standings: Sequence[Standing], day: date, language: str, place: Callable[[str], str]) -> Gantt | None:
    """Lay out tasks in the order given; None where there is none."""
    if not standings:
        return None
    keep = {one.task.number for one in sorted(standings, key=lambda one: -one.behind_days)[:ROWS]}
    shown = [one for one in standings if one.task.number in keep]
    first = min(one.task.start for one in shown).replace(day=1)
    ends = [one.task.due for one in shown]
    limit = max(ends) + timedelta(days=120)
    ends += [min(one.forecast, limit) for one in shown if one.forecast]
    last = month_end(max(ends))
    scale = (RIGHT - LEFT) / max(1, (last - first).days + 1)

    def x(moment: date, *, end: bool = False) -> float:
        held = min(max(moment, first), last)
        return round(LEFT + ((held - first).days + end) * scale, 1)

    rows = []
    for number, one in enumerate(shown):
        task = one.task
        reached = task.due if one.share >= 1 else min(enough_until(task, one.share), task.due)
        done = x(reached, end=True) if one.share > 0 else x(task.start)
        rows.append(
            GanttRow(
                one,
                _short(task.title, place(task.region)),
                _title(one, language, place),
                TOP + 6 + number * ROW,
                x(task.start),
                x(task.due, end=True),
                done,
                x(one.judged_on, end=True) if one.behind_days and one.judged_on else None,
                x(one.forecast, end=True)
                if one.forecast and one.share < 1 and task.due < one.forecast <= limit
                else None,
                tuple((x(step.due, end=True), f"{step.due} {step.text}") for step in task.steps),
            )
        )
    months, month, every = [], first, 1 + int((last - first).days > 480) * 2
    while month <= last:
        if (month.month - 1) % every == 0:
            months.append((x(month), _month(month, language)))
        month = next_month(month)
    height = TOP + 12 + len(rows) * ROW
    today = x(day, end=True) if first <= day <= last else None
    return Gantt(tuple(rows), tuple(months), today, height, len(standings) - len(shown))


@dataclass(frozen=True)
class Dot:
    """A place in the picture, with its name where it stands out."""

    place: Place
    x: float
    y: float
    label: str
    label_y: float
    title: str


@dataclass(frozen=True)
class Scatter:
    """Share of tasks done or on schedule (to the right) beside the change of PM2.5 (upward: worse).

    ``split`` and ``zero`` are the lines between the quadrants; ``ticks`` stand on the upright axis.
    """

    dots: tuple[Dot, ...]
    split: float
    zero: float
    ticks: tuple[tuple[float, str], ...]


SCATTER = (520.0, 300.0)
_PLOT = (52.0, 506.0, 16.0, 262.0)  # left, right, top, bottom


def scatter(
    found: Sequence[Place], kept: int, sentence: Callable[[Place], str], name: Callable[[str], str]
) -> Scatter | None:
    """Lay out the places whose air can be compared; None where there is none."""
    known = [(one, one.air) for one in found if one.air is not None]
    if not known:
        return None
    left, right, top, bottom = _PLOT
    most = max(10.0, *(abs(air.change) for _, air in known)) * 1.25  # the corners are for words
    middle = (top + bottom) / 2

    def y(change: float) -> float:
        return round(middle - change / most * (bottom - top) / 2, 1)

    def x(share: float) -> float:
        return round(left + share * (right - left), 1)

    loud = {one.code for one, _ in known if one.quadrant in ("kept_worse", "behind_better")}
    few = len(known) <= 12
    dots: list[Dot] = []
    for one, air in sorted(known, key=lambda pair: (-pair[1].change, pair[0].code)):
        label = name(one.code) if few or one.code in loud else ""
        at = x(float(one.kept)), y(air.change)
        beside = [dot.label_y for dot in dots if dot.label and abs(dot.x - at[0]) < 90]
        label_y = max(at[1] + 4, max(beside, default=0) + 13) if label else at[1]
        dots.append(Dot(one, *at, label, round(label_y, 1), sentence(one)))
    step = next(size for size in (5, 10, 20, 50, 100, 1000) if most / size <= 4)
    marks = [step * k for k in range(-int(most // step), int(most // step) + 1)]
    scale = tuple((y(mark), f"{mark:+d}".replace("-", "−") if mark else "0") for mark in marks)
    return Scatter(tuple(dots), x(kept / 100), y(0), scale)


def _short(title: str, place: str) -> str:
    text, room = "", _LETTERS
    for letter in f"{place} {title}":
        room -= 1 if ord(letter) > 0x2E7F else 0.55
        if room < 0:
            return f"{text}…"
        text += letter
    return text


def _title(one: Standing, language: str, place: Callable[[str], str]) -> str:
    task, state, where = one.task, STATES[one.state], place(one.task.region)
    if language == "zh":
        late = f"，晚 {one.behind_days} 天、差 {one.behind_points} 个百分点" if one.late else ""
        done = f"{one.done} / {task.quantity} {task.unit}（{one.percent}%）"
        return f"{where} {task.title}：{done}，{state[0]}{late}，{task.due} 前完成"
    late = f", {one.behind_days} days and {one.behind_points} points behind" if one.late else ""
    done = f"{one.done} of {task.quantity} {units()[task.unit]} ({one.percent} %)"
    return f"{where} {task.title}: {done}, {state[1].lower()}{late}, due {task.due}"


def _month(month: date, language: str) -> str:
    if language == "zh":
        return f"{month.year}年{month.month}月" if month.month == 1 else f"{month.month}月"
    return f"{month:%b} {month.year}" if month.month == 1 else f"{month:%b}"
