"""The four kinds of ladder: which step a place has reached, how near it is to the next, and what cannot be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from lantian.accountability import words
from lantian.accountability.facts import Subject, written
from lantian.accountability.packs import Rule, Step

TENTH = Decimal("0.1")
"""The smallest difference of two published completions."""


@dataclass(frozen=True)
class Measure:
    """A number of a place in published digits, and the threshold it met; an empty threshold met none."""

    name: str
    zh: str
    en: str
    value: str
    threshold: str = ""
    passed: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reached:
    """A place that has reached ``step`` (its index) of a rule's ladder."""

    rule: Rule
    subject: Subject
    step: int
    measures: tuple[Measure, ...]
    example: bool


@dataclass(frozen=True)
class NearMiss:
    """A place close to a step.

    ``way``: ``reach``, a little worse and the step is reached; ``leave``, a little better and it would not have been.
    ``distance``: how much, in the rule's unit and digits.
    """

    rule: str
    where: str
    name: str
    way: str
    post: str
    distance: str
    zh: str
    en: str


@dataclass(frozen=True)
class Gap:
    """What could not be judged, and why; ``where`` empty: the whole rule, ``rule`` empty: the whole pack."""

    rule: str
    where: str
    zh: str
    en: str


@dataclass(frozen=True)
class Found:
    """What one rule gives."""

    reached: tuple[Reached, ...] = ()
    near: tuple[NearMiss, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Standing:
    """A place in a ranking: ``place`` of ``ranked`` from the best, and ``behind``: how many stand strictly worse."""

    subject: Subject
    number: Decimal
    place: int
    ranked: int
    behind: int


def ranking(subjects: Sequence[tuple[Subject, Decimal]]) -> list[Standing]:
    """Where each stands; the greater number is the better. Published ranks are taken where any are given.

    Equal numbers (or equal published ranks) share a place, so that a tie with the third last stands among the last
    three.
    """
    stated = [(s, n) for s, n in subjects if s.rank is not None]
    if stated:
        out = []
        for subject, number in stated:
            tied = sum(other.rank == subject.rank for other, _ in stated)
            rank, ranked = subject.rank or 0, subject.ranked or 0
            out.append(Standing(subject, number, rank, ranked, max(0, ranked - (rank + tied - 1))))
        return out
    numbers = [number for _, number in subjects]
    return [
        Standing(
            subject,
            number,
            1 + sum(other > number for other in numbers),
            len(numbers),
            sum(other < number for other in numbers),
        )
        for subject, number in subjects
    ]


def result(rule: Rule, subjects: Sequence[Subject]) -> Found:
    """Kind ``result``: the last places by completion, and how little of the target was achieved."""
    gaps = [Gap(rule.id, s.code, *words.no_completion(s)) for s in subjects if s.completion is None]
    judged = [(s, s.completion) for s in subjects if s.completion is not None]
    standings = ranking(judged)
    gaps += [Gap(rule.id, s.code, *words.no_rank(s)) for s, _ in judged if s not in [t.subject for t in standings]]
    if too_few := _too_few(rule, standings):
        return Found(gaps=(*gaps, *too_few))
    reached, near = [], []
    edge = max((t.number for t in standings if t.behind < rule.last), default=None)
    for standing in standings:
        among = standing.behind < rule.last
        step = _highest(rule, standing.subject) if among else None
        if step is not None:
            reached.append(_result_reached(rule, standing, step))
        near += _near_result(rule, standing, step) if among else _near_last(rule, standing, edge)
    return Found(tuple(reached), tuple(near), tuple(gaps))


def task(rule: Rule, subjects: Sequence[Subject]) -> Found:
    """Kind ``task``: so many problems unfinished or new."""
    reached: list[Reached] = []
    near: list[NearMiss] = []
    gaps: list[Gap] = []
    for subject in subjects:
        number: int | None = getattr(subject, rule.measure)
        if number is None:
            gaps.append(Gap(rule.id, subject.code, *words.no_count(subject, rule.measure)))
            continue
        zh, en = words.MEASURES[rule.measure]
        hit, close = _counted(rule, subject, number, Measure(rule.measure, zh, en, str(number), links=subject.links))
        reached += hit
        near += close
    return Found(tuple(reached), tuple(near), tuple(gaps))


def spread(rule: Rule, held: Sequence[Subject], aboves: Sequence[Subject]) -> Found:
    """Kind ``spread``: so many units within a place that are themselves proposed for."""
    reached: list[Reached] = []
    near: list[NearMiss] = []
    for above in aboves:
        inside = sorted((each for each in held if each.parent == above.code), key=lambda each: each.code)
        links = tuple(dict.fromkeys(link for each in inside for link in each.links))
        zh, en = words.spread(rule, [each.name for each in inside])
        measure = Measure("held", zh, en, str(len(inside)), links=links)
        hit, close = _counted(rule, above, len(inside), measure, example=any(each.example for each in inside))
        reached += hit
        near += close
    orphans = [each for each in held if not each.parent]
    return Found(
        tuple(reached), tuple(near), tuple(Gap(rule.id, each.code, *words.no_parent(each)) for each in orphans)
    )


def place(rule: Rule, subjects: Sequence[Subject]) -> Found:
    """Kind ``place``: the last by a value, the higher the worse, where it is worse than the mean as well."""
    gaps: list[Gap] = []
    judged = []
    for subject in subjects:
        if subject.value is None or (rule.worse_than_mean and subject.mean is None):
            gaps.append(Gap(rule.id, subject.code, *words.no_value(subject)))
        if subject.value is not None:
            judged.append((subject, -subject.value))
    standings = ranking(judged)
    gaps += [Gap(rule.id, s.code, *words.no_rank(s)) for s, _ in judged if s not in [t.subject for t in standings]]
    if too_few := _too_few(rule, standings):
        return Found(gaps=(*gaps, *too_few))
    reached, near = [], []
    for standing in standings:
        value, mean = -standing.number, standing.subject.mean
        worse = not rule.worse_than_mean or (mean is not None and value > mean)
        met = [n for n, step in enumerate(rule.steps) if standing.behind < (step.last or 0)]
        if met and worse:
            reached.append(_place_reached(rule, standing, met[-1]))
        near += _near_place(rule, standing, met[-1] if met else None, worse)
    return Found(tuple(reached), tuple(near), tuple(gaps))


def _highest(rule: Rule, subject: Subject) -> int | None:
    met = [number for number, step in enumerate(rule.steps) if _meets(step, subject)]
    return met[-1] if met else None


def _meets(step: Step, subject: Subject) -> bool:
    """By the published completion, the figure that everybody can check."""
    if step.rose:
        return bool(subject.rose)
    return step.completion_below is not None and (subject.completion or Decimal(0)) < step.completion_below


def _result_reached(rule: Rule, standing: Standing, step: int) -> Reached:
    subject, top = standing.subject, rule.steps[step]
    lower = tuple(words.threshold(each) for each in rule.steps[:step] if _meets(each, subject))
    below = lower if top.rose else (*lower, words.threshold(top))
    links = subject.links
    measures = [
        Measure("place", *words.PLACE, f"{standing.place}/{standing.ranked}", f"last {rule.last}", (), links),
        Measure("completion", *words.COMPLETION, f"{standing.number} %", (below or ("",))[-1], below[:-1], links),
        Measure("change", *words.CHANGE, words.change(subject), words.threshold(top) if top.rose else "", (), links),
    ]
    return Reached(rule, subject, step, tuple(measures), subject.example)


def _place_reached(rule: Rule, standing: Standing, step: int) -> Reached:
    subject = standing.subject
    lower = tuple(words.threshold(each) for each in rule.steps[:step])
    place, top = f"{standing.place}/{standing.ranked}", words.threshold(rule.steps[step])
    measures = [Measure("place", *words.PLACE, place, top, lower, subject.links)]
    if subject.value is not None and subject.mean is not None:
        above = f"> {written(subject.mean)}" if rule.worse_than_mean else ""
        measures.append(Measure("value", *words.VALUE, written(subject.value), above, (), subject.links))
    return Reached(rule, subject, step, tuple(measures), subject.example)


def _counted(
    rule: Rule, subject: Subject, number: int, measure: Measure, *, example: bool = False
) -> tuple[list[Reached], list[NearMiss]]:
    """The step of a ladder of whole numbers, and what is near it."""
    steps = [step.at_least or 0 for step in rule.steps]
    met = sum(number >= least for least in steps)
    reached = []
    if met:
        lower = tuple(words.threshold(step) for step in rule.steps[: met - 1])
        whole = replace(measure, threshold=words.threshold(rule.steps[met - 1]), passed=lower)
        reached = [Reached(rule, subject, met - 1, (whole,), subject.example or example)]
    near = []
    if number and met < len(steps) and steps[met] - number <= rule.near:
        near.append(words.near_count(rule, subject, number, met, "reach", steps[met] - number))
    if met and number - steps[met - 1] + 1 <= rule.near:
        near.append(words.near_count(rule, subject, number, met - 1, "leave", number - steps[met - 1] + 1))
    return reached, [NearMiss(*each) for each in near]


def _near_result(rule: Rule, standing: Standing, step: int | None) -> list[NearMiss]:
    """Of a place among the last: how far the next step is, and how little would have spared it this one."""
    found = []
    following = 0 if step is None else step + 1
    if following < len(rule.steps):
        distance = standing.number - _bound(rule.steps[following]) + TENTH
        if distance <= rule.near:
            found.append(words.near_result(rule, standing.subject, following, "reach", distance))
    if step is not None:
        distance = max(TENTH, _bound(rule.steps[step]) - standing.number)
        if distance <= rule.near:
            found.append(words.near_result(rule, standing.subject, step, "leave", distance))
    return [NearMiss(*each) for each in found]


def _bound(step: Step) -> Decimal:
    """The completion below which a step is reached; below zero the concentration has risen."""
    return step.completion_below if step.completion_below is not None else Decimal(0)


def _near_last(rule: Rule, standing: Standing, edge: Decimal | None) -> list[NearMiss]:
    """Of a place above the last ones whose completion would be enough: how far it is from standing among them."""
    step = _highest(rule, standing.subject)
    if step is None or edge is None or standing.number - edge > rule.near:
        return []
    return [NearMiss(*words.near_last(rule, standing.subject, step, standing.number - edge))]


def _near_place(rule: Rule, standing: Standing, met: int | None, worse: bool) -> list[NearMiss]:
    """One place further back, or only the mean that spares it."""
    if met is not None and not worse and standing.subject.mean is not None:
        distance = standing.subject.mean + standing.number
        return [NearMiss(*words.near_mean(rule, standing.subject, met, distance))]
    following = 0 if met is None else met + 1
    if following < len(rule.steps) and worse:
        places = standing.behind - (rule.steps[following].last or 0) + 1
        if 0 < places <= rule.near:
            return [NearMiss(*words.near_place(rule, standing.subject, following, places))]
    return []


def _too_few(rule: Rule, standings: Sequence[Standing]) -> list[Gap]:
    """A ranking of so few that the last ones are nearly all is none."""
    ranked = max((standing.ranked for standing in standings), default=0)
    return [Gap(rule.id, "", *words.too_few(rule, ranked))] if ranked < rule.ranked_at_least else []
