"""Events of a case: what was done, by whom, for which unit, when, why, with which proof; never changed or removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, Literal, get_args

from lantian.kernel.said import SaidError

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Natural days are judged in it; since 1992 without summer time, and no case is older."""

Kind = Literal[
    "open", "move", "extend", "pause", "resume", "assign", "plan", "step", "publish", "look_back", "note", "link"
]
"""``open`` begins a case; ``move`` follows the workflow; ``extend``, ``pause``, ``resume`` change the day; ``assign``
another owner; ``plan`` and ``step`` the reverse schedule 倒排工期; ``publish`` shows it to everybody, or no longer;
``look_back`` a visit 回头看 to a closed case that found nothing; ``note`` and ``link`` (to a case like it) change
nothing."""

KINDS: tuple[str, ...] = get_args(Kind)


class CaseError(SaidError):
    """Something was asked of a case that its workflow does not allow; the message says what would be."""


@dataclass(frozen=True, order=True, slots=True)
class Party:
    """A unit 单位: a region's code, and a department's (``government``: the region's own government 属地政府)."""

    region: str
    department: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        seq: 1 for ``open``, then without gaps.
        at: when, aware.
        actor: account, or ``job:<name>``.
        party: the unit that the actor acts for; None: for the platform.
        kind: see `Kind`.
        move: name of the workflow's move where ``kind`` is ``move``.
        reason: why, in words.
        data: what the kind needs: ``desk``; ``owner`` (region, department); ``days`` and ``unit`` of a term;
            ``until`` of a pause; ``steps``; ``number`` and ``relation`` of a link; what the finding says.
        evidence: SHA-256 of files.
    """

    seq: int
    at: datetime
    actor: str
    kind: Kind
    party: Party | None = None
    move: str | None = None
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    evidence: tuple[str, ...] = ()

    @property
    def day(self) -> date:
        """The natural day of Beijing on which it happened."""
        return self.at.astimezone(BEIJING).date()

    @property
    def desk(self) -> str | None:
        """The desk at which the actor sat."""
        return self.data.get("desk")

    @property
    def owner(self) -> Party | None:
        """The owner that the event names."""
        given = self.data.get("owner")
        return Party(given["region"], given["department"]) if given else None
