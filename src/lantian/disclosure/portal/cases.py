"""Published cases as the public sees them: what, where to the county, who owes it, what was done, with which outcome.

Every field is named here; texts pass `redact.text` with the names that the case knows. No account, no person, no
telephone, no address and no place nearer than a kilometre leaves this file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from lantian.disclosure import redact
from lantian.kernel.database import reading
from lantian.supervision import store
from lantian.supervision.complaints.store import complainants
from lantian.supervision.events import Event, Party
from lantian.supervision.findings import SOURCES, categories
from lantian.supervision.store import Record

TOLD = frozenset({"open", "move", "extend", "pause", "resume"})
"""Kinds of events that the public is told of."""
PHOTOGRAPHED = frozenset({"report", "pass", "fail", "reopen"})
"""Moves whose pictures are shown, beside those of the finding."""
_WORDS = {
    "extend": ("延长时限", "Deadline extended"),
    "pause": ("暂停计时", "Paused"),
    "resume": ("恢复计时", "Resumed"),
}


@dataclass(frozen=True)
class Step:
    """What was done on a day, for which unit (None: the platform's office)."""

    day: date
    zh: str
    en: str
    party: Party | None


@dataclass(frozen=True)
class Photo:
    """A picture by its hash: of which step (its number from 1), and what it shows."""

    sha256: str
    step: int
    zh: str
    en: str


@dataclass(frozen=True)
class PublicCase:
    """A published case.

    Attributes:
        region: code of the county; ``place``: to about a kilometre, None where it is not known.
        owner: who owes the rectification.
        state_zh, state_en: where it stands; ``over``: closed or dismissed.
        overdue: its day has passed on the day of the moment.
        steps, photos: its course.
        published_at: since when it is shown; ``changed_at``: when something was last done.
    """

    number: str
    title: str
    category: str
    source: str
    region: str
    subject: str
    detail: str
    requirement: str
    owner: Party | None
    state_zh: str
    state_en: str
    over: bool
    overdue: bool
    opened_on: date
    due: date | None
    closed_on: date | None
    failures: int
    reopened: int
    steps: tuple[Step, ...]
    photos: tuple[Photo, ...]
    place: tuple[float, float] | None
    published_at: datetime
    changed_at: datetime
    example: bool

    def category_name(self, language: str) -> str:
        """The work line by name."""
        one = categories()[self.category]
        return one.zh if language == "zh" else one.en

    def source_name(self, language: str) -> str:
        """Where the finding came from, by name."""
        one = SOURCES[self.source]
        return one.zh if language == "zh" else one.en

    def state(self, language: str) -> str:
        """Where it stands, in words."""
        return self.state_zh if language == "zh" else self.state_en


def read(engine: sa.Engine, as_of: datetime, today: date) -> list[PublicCase]:
    """Every case that was public at a moment, the last published first."""
    with reading(engine).connect() as connection:
        records = store.published(connection, as_of)
        people = complainants(connection, [record.number for record in records])
    found = [shown(record, today, people.get(record.number, ())) for record in records]
    return sorted(found, key=lambda one: (one.published_at, one.number), reverse=True)


def shown(record: Record, today: date, people: Iterable[str] = ()) -> PublicCase:
    """A case as the public sees it; ``people``: further names to cover, as of who complained."""
    case, finding = record.case, record.case.finding
    names = redact.names_of(record, people)

    def plain(name: str) -> str:
        return redact.text(str(finding.get(name, "")), names)

    told = [event for event in record.events if event.kind in TOLD]
    return PublicCase(
        number=record.number,
        title=plain("title"),
        category=finding["category"],
        source=finding["source"],
        region=finding["region"].removeprefix("Z")[:6],
        subject=plain("subject"),
        # What a citizen wrote in their own words may tell who they are.
        detail="" if finding["source"] == "complaint" else plain("detail"),
        requirement=redact.text(case.requirement, names),
        owner=case.owner,
        state_zh=case.at.zh,
        state_en=case.at.en,
        over=case.over,
        overdue=case.overdue(today),
        opened_on=record.events[0].day,
        due=case.due.date if case.due else None,
        closed_on=case.closed_on,
        failures=case.failures,
        reopened=case.reopened,
        steps=tuple(_step(record, event) for event in told),
        photos=tuple(_photos(record, told)),
        place=redact.rough(finding.get("lon"), finding.get("lat")),
        published_at=max(event.at for event in record.events if event.kind == "publish"),
        changed_at=case.last_at,
        example=bool(finding.get("example", False)),
    )


def _step(record: Record, event: Event) -> Step:
    workflow = record.case.workflow
    if event.kind == "open":
        source = SOURCES[record.case.finding["source"]]
        return Step(event.day, source.zh, source.en, None)
    if event.kind == "move":
        move = workflow.moves[event.move or ""]
        owner = event.owner or event.party if workflow.desks[move.desk].owner else event.owner
        return Step(event.day, move.zh, move.en, owner)
    zh, en = _WORDS[event.kind]
    return Step(event.day, zh, en, None)


def _photos(record: Record, told: list[Event]) -> Iterable[Photo]:
    """Pictures of the finding (not where a citizen may have taken them) and of what was mended and checked."""
    seen = set()
    for number, event in enumerate(told, 1):
        found = event.kind == "open" and record.case.finding["source"] != "complaint"
        if not found and event.move not in PHOTOGRAPHED:
            continue
        step = _step(record, event)
        for sha256 in event.evidence:
            if sha256 not in seen:
                seen.add(sha256)
                yield Photo(sha256, number, step.zh, step.en)
