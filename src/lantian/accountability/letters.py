"""Monthly dispatch 月调度, quarterly assessment 季考核, annual responsibility letters 目标责任书, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from lantian.accountability.entries import read_yaml, text_of
from lantian.accountability.money import FOLDER, ScheduleError, force, not_negative
from lantian.accountability.packs import CONFIDENCES
from lantian.assessment.periods import Period
from lantian.assessment.targets import Track
from lantian.standards import rounding


@dataclass(frozen=True)
class Grade:
    """A grade and the score from which it is given."""

    at_least: Decimal
    zh: str
    en: str


@dataclass(frozen=True)
class Scheme:
    """How tasks and air are weighed (of 100), within which bounds completion counts, and the grades, best first."""

    edition: str
    confidence: str
    start: date
    end: date | None
    tasks: Decimal
    air: Decimal
    floor: Decimal
    ceiling: Decimal
    grades: tuple[Grade, ...]


@dataclass(frozen=True)
class Month:
    """One place's month: tasks due by its end and of those done, and completion of the air target in percent."""

    place: str
    period: Period
    tasks_due: int
    tasks_done: int
    completion: Decimal | None

    def __post_init__(self) -> None:
        """Refuse more tasks done than due."""
        if not 0 <= self.tasks_done <= self.tasks_due:
            raise ValueError(
                f"{self.place} {self.period.label}: tasks done {self.tasks_done}: expected 0..{self.tasks_due}"
            )


@dataclass(frozen=True)
class Score:
    """A place's score: ``tasks`` and ``air`` in percent, ``total`` weighed, one decimal; None where a part is unknown.

    ``rank`` 1 is the best, equal totals share one; unranked (None) without a total. ``months`` that are counted.
    """

    place: str
    tasks: Decimal | None
    air: Decimal | None
    total: Decimal | None
    grade: Grade | None
    rank: int | None
    months: int


@dataclass(frozen=True)
class Promise:
    """One line of a responsibility letter: what was promised and what was achieved by ``day``; None: not known yet."""

    target: int | None
    quantity: str
    period: str
    limit: float
    value: float | None
    met: bool | None
    completion: float | None
    over: bool
    source: str
    example: bool


@dataclass(frozen=True)
class Letter:
    """The responsibility letter 目标责任书 of a place for a year, as of ``day``."""

    place: str
    year: int
    day: date
    promises: tuple[Promise, ...]

    @property
    def kept(self) -> int:
        """Promises kept to date."""
        return sum(each.met is True for each in self.promises)

    @property
    def broken(self) -> int:
        """Promises of periods that are over and were not kept."""
        return sum(each.over and each.met is False for each in self.promises)


def load(source: str | Path = FOLDER / "letters.yaml") -> Scheme:
    """The scheme from a file or its text. Raises money.ScheduleError, or FileNotFoundError."""
    text, file = text_of(source, "the scheme of assessment in YAML")
    top = read_yaml(text, file, ScheduleError)
    start, end = force(top)
    for field in ("schedule", "zh", "en"):
        top.text(field)
    weights, air = top.entry("weights"), top.entry("air")
    grades = []
    for each in top.list("grades", "grade", needed=True):
        grades.append(Grade(each.decimal("at_least"), each.text("zh"), each.text("en")))
        each.close()
    scheme = Scheme(
        edition=top.text("edition"),
        confidence=top.one_of("confidence", CONFIDENCES),
        start=start,
        end=end,
        tasks=not_negative(weights, "tasks"),
        air=not_negative(weights, "air"),
        floor=air.decimal("floor"),
        ceiling=air.decimal("ceiling"),
        grades=tuple(grades),
    )
    for entry in (weights, air, top):
        entry.close()
    if scheme.tasks + scheme.air != 100:
        raise weights.fault("air", f"{100 - scheme.tasks}, so that the weights make 100")
    if [each.at_least for each in grades] != sorted({each.at_least for each in grades}, reverse=True):
        raise top.fault("grades", "grades from the best to the worst, at_least falling")
    return scheme


def assess(scheme: Scheme, months: Iterable[Month]) -> list[Score]:
    """Score places over the months given, a month for the dispatch or three for a quarter, the best first.

    Tasks are summed over the months; no task due counts as all done. Air is the mean of the months' completions, each
    held within the scheme's bounds. A place that lacks a month, or a month's completion, is not ranked: its score
    would not be comparable.

    Raises:
        ValueError: a month of a place is given twice.
    """
    by_place: dict[str, dict[Period, Month]] = {}
    for month in months:
        own = by_place.setdefault(month.place, {})
        if month.period in own:
            raise ValueError(f"{month.place} {month.period.label}: given twice: expected each month once")
        own[month.period] = month
    wanted = len({period for own in by_place.values() for period in own})
    scores = [_score(scheme, place, list(own.values()), wanted) for place, own in by_place.items()]
    totals = [each.total for each in scores if each.total is not None]
    ranked = [
        Score(
            **{
                **vars(each),
                "rank": None if each.total is None else 1 + sum(other > each.total for other in totals),
            }
        )
        for each in scores
    ]
    return sorted(ranked, key=lambda each: (each.rank is None, each.rank or 0, each.place))


def letters(tracks: Iterable[Track], year: int) -> list[Letter]:
    """Responsibility letters of a year from its targets: every target whose period begins in it, by place."""
    by_place: dict[str, list[Track]] = {}
    for track in tracks:
        if track.target.period.start.year == year:
            by_place.setdefault(track.target.place, []).append(track)
    return [
        Letter(place, year, max(each.day for each in own), tuple(_promise(each) for each in own))
        for place, own in sorted(by_place.items())
    ]


def _score(scheme: Scheme, place: str, months: Sequence[Month], wanted: int) -> Score:
    due, done = sum(each.tasks_due for each in months), sum(each.tasks_done for each in months)
    tasks = rounding.half_even(Decimal(100 * done) / due, 1) if due else Decimal("100.0")
    known = [min(max(each.completion, scheme.floor), scheme.ceiling) for each in months if each.completion is not None]
    if len(known) < wanted:
        return Score(place, tasks, None, None, None, None, len(months))
    air = rounding.half_even(sum(known, Decimal(0)) / len(known), 1)
    total = rounding.half_even((scheme.tasks * tasks + scheme.air * air) / 100, 1)
    grade = next((each for each in scheme.grades if total >= each.at_least), None)
    return Score(place, tasks, air, total, grade, None, len(months))


def _promise(track: Track) -> Promise:
    target = track.target
    return Promise(
        target.id,
        target.quantity,
        target.period.label,
        target.limit,
        track.value,
        track.met,
        track.completion,
        track.days_left == 0,
        target.source,
        target.example,
    )
