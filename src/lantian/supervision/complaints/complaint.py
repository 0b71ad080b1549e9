"""A complaint, and the rules over it: its work line by words, its deadline, when it is late, what belongs together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from lantian.kernel.said import SaidError
from lantian.standards.workdays import Calendar, Deadline
from lantian.supervision import deadlines, duplicates
from lantian.supervision.events import BEIJING
from lantian.supervision.findings import categories
from lantian.supervision.identity import plain

SHIPPED: Final = Path(__file__).with_name("complaints.yaml")
OTHER: Final = "industry"
"""The work line of a complaint whose words tell none: most such letters are about smells of unknown origin."""


class ComplaintError(SaidError):
    """A complaint or its settings cannot be used; the message says what would be right."""


@dataclass(frozen=True)
class Settings:
    """The term of an answer, with its confidence, and the words of each work line."""

    days: int
    unit: deadlines.Unit
    confidence: str
    words: Mapping[str, tuple[str, ...]]

    def due(self, received: date, calendar: Calendar | None = None) -> Deadline:
        """The last day of the answer to a complaint."""
        return deadlines.due(received, self.days, self.unit, (), calendar)

    def category(self, text: str) -> str:
        """The work line with most of its words in a text; a longer word counts more, the first line wins a tie."""
        whole = plain(text)
        scores = {code: sum(len(word) for word in words if word in whole) for code, words in self.words.items()}
        best = max(scores, key=lambda code: scores[code], default=OTHER)
        return best if scores.get(best) else OTHER


@dataclass(frozen=True)
class Given:
    """A complaint as it came; ``name`` and ``phone`` are of who complained."""

    id: str
    received_at: datetime
    text: str
    region: str
    channel: str = ""
    subject: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    name: str = ""
    phone: str = ""
    example: bool = False


@dataclass(frozen=True)
class Complaint:
    """A complaint as it stands at a moment, without who complained.

    ``case_number`` and ``answer`` are None where there was none by then; ``due`` is the last day of the answer.
    """

    id: str
    received_at: datetime
    channel: str
    text: str
    subject: str
    address: str
    region: str
    lon: float | None
    lat: float | None
    category: str
    due: date
    provisional: bool
    case_number: str | None
    answer: str | None
    answered_at: datetime | None
    example: bool

    @property
    def received_on(self) -> date:
        """The day of Beijing on which it came."""
        return self.received_at.astimezone(BEIJING).date()

    def late(self, day: date) -> bool:
        """Whether its answer came, or is still owed, after the last day."""
        answered = self.answered_at.astimezone(BEIJING).date() if self.answered_at else day
        return answered > self.due

    def row(self) -> dict[str, Any]:
        """As `duplicates` compares it."""
        return {
            "number": self.id, "title": self.text[:40], "opened_on": self.received_on, "subject": self.subject,
            "lon": self.lon, "lat": self.lat, "category": self.category,
        }  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Complaints of one problem, the first received first; ``zh`` and ``en`` say why each later one belongs to it."""

    complaints: tuple[Complaint, ...]
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()

    @property
    def first(self) -> Complaint:
        """The first received."""
        return self.complaints[0]

    @property
    def open(self) -> tuple[Complaint, ...]:
        """Those that belong to no case yet."""
        return tuple(one for one in self.complaints if one.case_number is None)

    @property
    def cases(self) -> tuple[str, ...]:
        """Numbers of the cases that they belong to, each once."""
        return tuple(dict.fromkeys(one.case_number for one in self.complaints if one.case_number))


def groups(complaints: Iterable[Complaint]) -> list[Group]:
    """Complaints that may be of one problem together, by place, time and subject; the largest group first."""
    counties: dict[str, list[Complaint]] = {}
    for one in complaints:
        counties.setdefault(one.region.removeprefix("Z")[:6], []).append(one)
    found = []
    for inside in counties.values():
        known = {one.id: one for one in inside}
        for rows in duplicates.groups([one.row() for one in inside]):
            members = sorted((known[row["number"]] for row in rows), key=lambda one: (one.received_at, one.id))
            found.append(_explained(members))
    return sorted(found, key=lambda group: (-len(group.complaints), group.first.received_at, group.first.id))


def _explained(members: Sequence[Complaint]) -> Group:
    zh, en = [], []
    for number, one in enumerate(members[1:], 1):
        near = duplicates.similar(one.row(), [each.row() for each in members[:number]], most=1)
        near = near or duplicates.similar(one.row(), [each.row() for each in members if each is not one], most=1)
        zh.append(f"与 {near[0].number}：{near[0].zh}" if near else "")
        en.append(f"with {near[0].number}: {near[0].en}" if near else "")
    return Group(tuple(members), tuple(zh), tuple(en))


@cache
def load(path: Path | None = None) -> Settings:
    """The settings of a file (None: the shipped one). Raises ComplaintError naming file, field, value."""
    source = path or SHIPPED
    value = yaml.safe_load(source.read_text(encoding="utf-8"))
    if not isinstance(value, dict) or {"answer", "words"} - value.keys():
        raise ComplaintError(f"{source.name}: expected the entries answer and words")
    answer, words = value["answer"], value["words"]
    days, unit = answer.get("days"), answer.get("unit")
    if not isinstance(days, int) or not 0 < days <= 180:
        raise ComplaintError(f"{source.name}, answer.days: {days!r}; expected a whole number from 1 to 180")
    units: Mapping[Any, deadlines.Unit] = {"working_days": "workday", "days": "day"}
    if unit not in units:
        raise ComplaintError(f"{source.name}, answer.unit: {unit!r}; expected working_days or days")
    if unknown := sorted(words.keys() - categories().keys()):
        raise ComplaintError(f"{source.name}, words.{unknown[0]}: expected one of {', '.join(categories())}")
    table = {code: tuple(str(word) for word in listed) for code, listed in words.items()}
    return Settings(days, units[unit], str(answer.get("confidence", "")), MappingProxyType(table))
