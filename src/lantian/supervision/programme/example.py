"""The example's programmes 示例: Beijing's, handed down to its districts, and that of all cities of the campaign.

Invented tasks from the template, entered in January and reported month by month, by places that are diligent or not;
everything follows from the campaign's seed. A place's diligence has nothing to do with its air, which was measured: the
quadrants show what happens to come together.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

import sqlalchemy as sa

from lantian.assessment.periods import Period, parse
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.places.regions import is_within, level_of
from lantian.places.store import PlaceStore
from lantian.supervision import example
from lantian.supervision.events import BEIJING
from lantian.supervision.programme import example_meetings, store, tables, templates
from lantian.supervision.programme.store import Plan
from lantian.supervision.programme.task import Report, Task, month_end, month_of, next_month
from lantian.supervision.programme.templates import Item
from lantian.supervision.story import OFFICE

_WRITER = "example-office"
_HANDED_DOWN = 8
"""Items of Beijing's programme that its districts share; the others the city does itself."""
_OF_CITIES = ("1.1", "1.2", "2.1", "2.2", "3.1", "4.1", "4.2", "6.2")
"""Items that every city of the campaign has."""
_BEGUN = time(10)


@dataclass(frozen=True)
class _Told:
    """A programme with its tasks and reports, in the order in which they were given."""

    plan: Plan
    tasks: tuple[Task, ...]
    reports: tuple[Report, ...]
    own: Mapping[str, Decimal]


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> int:
    """Keep the programmes, their reports and two joint meetings; the number of tasks, 0 where a programme is there.

    ``config``: the example's ``[campaign]``. Raises LookupError for an unknown group.
    """
    with platform.engine.connect() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(tables.programme)):
            return 0
    progress.stage("示例方案 programme")
    places, seed = PlaceStore(platform.engine), int(config.get("seed", 2016))
    until = datetime.fromisoformat(str(config["until"])).replace(tzinfo=BEIJING)
    proof = example.photographs(platform, actor)["mended"]
    year = parse(str(until.year))
    regions = [region.code for region in places.regions()]
    districts = [code for code in regions if _is_county(code) and is_within(code, OFFICE.region)]
    cities = places.group(str(config["group"])).members
    told = [
        _told(_plan(f"{year.label}-28", year, cities=True), 4, _of_cities(year, cities, seed), until, seed, proof),
        _told(_plan(year.label, year), 6, _of_districts(year, districts, seed), until, seed, proof),
    ]
    with audit.act(platform.engine, actor, f"示例 {year.label} 年方案") as connection:
        for one in told:
            entered = datetime.combine(one.tasks[0].start, _BEGUN, BEIJING)
            at = max(entered, datetime.combine(date(until.year, 1, 4), _BEGUN, BEIJING))
            store.add_plan(connection, one.plan, actor=_WRITER, at=at)
            store.put_tasks(connection, one.tasks, actor=_WRITER, at=at)
            store.put_reports(connection, one.reports, one.own)
    example_meetings.install(platform, until, actor)
    tasks = sum(len(one.tasks) for one in told)
    progress.advance(message=f"{tasks}")
    return tasks


def _plan(code: str, year: Period, *, cities: bool = False) -> Plan:
    if cities:
        zh, en = f"示例：{year.label}年28城市共同任务", f"Example: common tasks of the 28 cities, {year.label}"
    else:
        zh, en = f"示例：北京市{year.label}年清洁空气行动", f"Example: Beijing's clean air programme, {year.label}"
    return Plan(code, zh, en, "thirty_two", year, OFFICE.region, True)


def _told(plan: Plan, day: int, tasks: tuple[Task, ...], until: datetime, seed: int, proof: str) -> _Told:
    """The tasks with what was reported on them; ``day``: of the month, on which reports usually come."""
    below: dict[str, Decimal] = {}
    for task in tasks:
        if task.parent is not None:
            below[task.parent] = below.get(task.parent, Decimal(0)) + task.quantity
    own = {task.number: task.quantity - below.get(task.number, Decimal(0)) for task in tasks}
    given = [one for task in tasks if own[task.number] for one in _reports(task, day, until, seed, proof)]
    return _Told(plan, tasks, tuple(sorted(given, key=lambda one: (one.at, one.task))), own)


def _of_cities(year: Period, cities: Sequence[str], seed: int) -> tuple[Task, ...]:
    items = templates.load("thirty_two").items
    return tuple(
        replace(_task(f"{year.label}-28", items[code], city, year, seed), number=f"{year.label}-28-{code}-{city}")
        for code in _OF_CITIES
        for city in cities
    )


def _of_districts(year: Period, districts: Sequence[str], seed: int) -> tuple[Task, ...]:
    """Every item once for the city; every fourth is handed down wholly to the districts."""
    found: list[Task] = []
    items = list(templates.load("thirty_two").items.values())
    shared = items[:: len(items) // _HANDED_DOWN][:_HANDED_DOWN]
    for item in items:
        number = f"{year.label}-{item.code}"
        task = replace(_task(year.label, item, OFFICE.region, year, seed), number=number)
        parts = [
            replace(_task(year.label, item, code, year, seed), number=f"{number}-{code}", parent=number)
            for code in districts
            if item in shared
        ]
        whole = sum((part.quantity for part in parts), Decimal(0)) or task.quantity
        found += [replace(task, quantity=whole), *parts]
    return tuple(found)


def _task(programme: str, item: Item, region: str, year: Period, seed: int) -> Task:
    chance = random.Random(f"{seed} quantity {programme} {item.code} {region}")  # noqa: S311 (a story, not a secret)
    return Task(
        item.zh,
        region,
        item.department,
        Decimal(chance.randrange(12, 90)),
        item.unit,
        year.start,
        year.end,
        programme,
        item.code,
        steps=templates.schedule(item, year.start, year.end),
        example=True,
    )


def diligence(region: str, seed: int) -> float:
    """How likely a place keeps to a task's schedule, 0 to 1; most places nearly always do."""
    return 1 - 0.6 * random.Random(f"{seed} diligence {region}").random() ** 3  # noqa: S311


def _reports(task: Task, day: int, until: datetime, seed: int, proof: str) -> Iterator[Report]:
    """What was reported on a task: some months late, and of one task in thirty nothing since the autumn."""
    chance = random.Random(f"{seed} reports {task.number}")  # noqa: S311
    keeps = chance.random() < diligence(task.region, seed)
    pace = chance.uniform(1.0, 1.12) if keeps else chance.uniform(0.45, 0.85)
    silent = next_month(month_end(task.start) + timedelta(days=250)) if chance.random() < 1 / 30 else date.max
    done, month = Decimal(0), month_of(task.start)
    while month < silent:
        late = chance.random() < 0.05
        given = next_month(month) + timedelta(days=day + chance.randrange(2) - 3 + (14 if late else 0))
        at = datetime.combine(given, time(9 + chance.randrange(8), chance.randrange(60)), BEIJING)
        if at > until:
            return
        share = min(Decimal(1), Decimal(str(round(pace * wanted(task, month_end(month)), 4))))
        done = max(done, (task.quantity * share).quantize(Decimal(1), ROUND_UP))
        note = "示例：迟报" if late else "示例"
        yield Report(task.number, month, done, at, f"example-{task.region}-{task.department}", (proof,), note)
        if done >= task.quantity:
            return
        month = next_month(month)


def wanted(task: Task, day: date) -> float:
    """The share of the whole that is usual by a day, 0 to 1: along straight lines between the steps."""
    before, low = task.start, 0.0
    for step in task.steps:
        high = float(step.share or 0) / 100
        if day < step.due:
            return low + (high - low) * (day - before).days / max((step.due - before).days, 1)
        before, low = step.due, high
    return low


def _is_county(code: str) -> bool:
    try:
        return level_of(code) == "county"
    except ValueError:
        return False
