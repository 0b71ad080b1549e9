"""Workflows 流程: who may bring a case from which state to which, with what proof, within which term; all of it data.

A workflow is a YAML file under ``workflows/``; `workflow_file.load` reads and checks it. Nothing here knows the five
steps; they stand in ``five_step.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lantian.supervision.deadlines import Unit


@dataclass(frozen=True, slots=True)
class Desk:
    """Who may act.

    Attributes:
        name: how states and moves call it.
        zh, en: how pages call it.
        permission: what an account must hold for the region of the case.
        owner: it is the unit that owes the rectification, and must hold the permission for its department.
        independent: nobody of the owner, and nobody who acted for the owner in this case.
    """

    name: str
    zh: str
    en: str
    permission: str
    owner: bool = False
    independent: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """How long a state may last.

    Attributes:
        n, unit: the length; of a ``given`` term the length where nobody gave one.
        given: the length is what the last move gave that gave one, counted from that move.
        most: the longest that may be given.
    """

    n: int
    unit: Unit
    given: bool = False
    most: int = 180


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is told once a term has passed by ``n`` days of ``unit``, and which move is proposed to them."""

    n: int
    unit: Unit
    to: str
    propose: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Where a case may stand.

    Attributes:
        desk: whose move it is; None: the case is over.
        term: within which time; None: the case is over.
        owed: rectification is owed while it lasts.
        verified: the case is over because somebody else checked (销号).
        remind: so many days before the last one the desk is reminded.
        escalate: what happens when nothing happens.
    """

    name: str
    zh: str
    en: str
    desk: str | None = None
    term: Term | None = None
    owed: bool = False
    verified: bool = False
    remind: tuple[int, ...] = ()
    escalate: tuple[Escalation, ...] = ()

    @property
    def final(self) -> bool:
        """Whether the case is over."""
        return self.desk is None


NEEDS = ("owner", "days", "requirement")
"""What a move may ask for beside a reason: who owes it, within how many days, what must be done."""

CONDITIONS = ("overdue", "failed", "interviewed")
"""When a move is open: the term has passed, a check was not passed, an interview was held."""

COUNTS = ("failure", "reopened", "interview")
"""What a move adds to."""


@dataclass(frozen=True, slots=True)
class Move:
    """A step from one state to another.

    Attributes:
        source: states it starts from.
        to: the state it leads to.
        desk: who may make it.
        needs: of `NEEDS`.
        evidence: how many files at least.
        second_person: not by whoever opened the case.
        when: of `CONDITIONS`; one of them must hold; none: always.
        counts: of `COUNTS`, or None.
    """

    name: str
    zh: str
    en: str
    source: tuple[str, ...]
    to: str
    desk: str
    needs: tuple[str, ...] = ()
    evidence: int = 0
    second_person: bool = False
    when: tuple[str, ...] = ()
    counts: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What may be done about a term: at which desk, how many times, by how many days at most."""

    desk: str
    most: int
    days: int


@dataclass(frozen=True)
class Workflow:
    """A workflow; ``initial`` is the state of a case just opened, ``extend`` and ``pause`` say who may."""

    name: str
    edition: str
    zh: str
    en: str
    source: str
    initial: str
    desks: Mapping[str, Desk] = field(repr=False)
    states: Mapping[str, State] = field(repr=False)
    moves: Mapping[str, Move] = field(repr=False)
    extend: Change = field(repr=False)
    pause: Change = field(repr=False)

    def moves_from(self, state: str) -> tuple[Move, ...]:
        """The moves that lead out of a state, in the file's order."""
        return tuple(move for move in self.moves.values() if state in move.source)
