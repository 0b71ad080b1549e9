"""Interviews 约谈: who was spoken to, by whom and when, what stands in the minutes, and what was promised.

A commitment has an owner and a due day and becomes a task; the work programme takes tasks from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Commitment:
    """One promise: the unit that owes it (a region, and a department's code or empty), what, and until when."""

    region: str
    department: str
    text: str
    due: date


@dataclass(frozen=True)
class Interview:
    """One interview. ``evaluation`` and ``proposal`` name what it follows, where it follows a proposal.

    Raises:
        ValueError: a text is empty, or a commitment is due before the interview.
    """

    place: str
    who: str
    by: str
    held_on: date
    minutes: str
    commitments: tuple[Commitment, ...] = ()
    evaluation: int | None = None
    proposal: str | None = None
    example: bool = False
    id: int | None = None

    def __post_init__(self) -> None:
        """Refuse an interview that says nothing, and promises of the past."""
        for field in ("place", "who", "by", "minutes"):
            if not getattr(self, field).strip():
                raise ValueError(f"interview {field} {getattr(self, field)!r}: expected a text")
        for number, each in enumerate(self.commitments, 1):
            if not each.text.strip() or not each.region.strip():
                raise ValueError(
                    f"commitment {number}: expected a region and a text, not {each.region!r}, {each.text!r}"
                )
            if each.due < self.held_on:
                raise ValueError(f"commitment {number}, due {each.due}: expected {self.held_on} or a later day")


@dataclass(frozen=True)
class Task:
    """A commitment as a task for the work programme; ``source`` says which interview it comes from."""

    region: str
    department: str
    text: str
    due: date
    source: str
    example: bool


def tasks(interview: Interview) -> tuple[Task, ...]:
    """The tasks that an interview leaves, in the order of their due days."""
    number = f"#{interview.id}" if interview.id is not None else ""
    source = f"约谈{number} {interview.place} {interview.held_on}"
    found = (
        Task(each.region, each.department, each.text, each.due, source, interview.example)
        for each in interview.commitments
    )
    return tuple(sorted(found, key=lambda each: (each.due, each.region, each.text)))


def overdue(interview: Interview, day: date) -> tuple[Commitment, ...]:
    """Commitments whose day is past on ``day``; whether they were kept, the programme knows."""
    return tuple(each for each in interview.commitments if each.due < day)
