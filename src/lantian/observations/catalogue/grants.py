"""Requests and grants 申请与授权: a department asks for a feed, its owner grants it to a day, refuses or revokes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.accounts import Account, allowed
from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.tables import grant
from lantian.places.regions import level_of
from lantian.standards.departments import DEPARTMENTS

State = Literal["asked", "granted", "refused", "revoked"]
MANAGE = "feeds.manage"


@dataclass(frozen=True, slots=True)
class Grant:
    """A request and what became of it; ``until`` is the last day on which it holds. ``region`` None: everywhere."""

    id: int
    feed: str
    department: str
    region: str | None
    purpose: str
    asked_by: str
    asked_at: datetime
    state: State
    until: date | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    example: bool

    def holds(self, now: datetime) -> bool:
        """Whether it gives a right at a moment."""
        return self.state == "granted" and self.until is not None and self.until >= now.astimezone(TIMEZONE).date()


_FIELDS = tuple(Grant.__dataclass_fields__)


class NotTheirsError(ValueError):
    """Somebody decides about data that are not theirs."""


def may_decide(account: Account, feed: Feed) -> bool:
    """Whether an account decides who sees a feed: the owner; of one that is not restricted also the office that
    manages the data of every department.
    """
    if not allowed(account, MANAGE, None, feed.owner):
        return False
    theirs = account.department == feed.owner or any(
        one.department == feed.owner and MANAGE in one.permissions for one in account.grants
    )
    return theirs or feed.sensitivity != "restricted"


def request(
    engine: sa.Engine,
    feed: Feed,
    department: str,
    region: str | None,
    purpose: str,
    now: datetime,
    actor: str,
    *,
    example: bool = False,
) -> int:
    """Ask for a feed; gives the number of the request.

    Raises:
        ValueError: the department owns it, everybody may see it, it was asked already, or a field is wrong.
    """
    purpose = purpose.strip()
    if department not in DEPARTMENTS:
        raise ValueError(f"department: {department!r}; expected one of {', '.join(DEPARTMENTS)}")
    if department == feed.owner or feed.sensitivity == "open":
        raise ValueError(f"feed {feed.name}: {department} may see it already")
    if not 2 <= len(purpose) <= 500:
        raise ValueError("purpose: expected 2 to 500 characters that say what it is for")
    if region is not None:
        level_of(region)
    g = grant.c
    with audit.act(engine, actor, f"request for feed {feed.name}") as connection:
        same = (g.feed == feed.name) & (g.department == department) & (g.state == "asked")
        if connection.scalar(sa.select(sa.exists().where(same))):
            raise ValueError(f"feed {feed.name}: {department} has asked already, and waits for an answer")
        values = {
            "feed": feed.name,
            "department": department,
            "region": region,
            "purpose": purpose,
            "asked_by": actor,
            "asked_at": now,
            "example": example,
        }
        return int(connection.execute(grant.insert().values(values).returning(g.id)).scalar_one())


def decide(
    engine: sa.Engine,
    feed: Feed,
    number: int,
    decision: Literal["granted", "refused"],
    now: datetime,
    decider: Account,
    *,
    until: date | None = None,
    region: str | None = None,
    reason: str = "",
) -> None:
    """Grant a request to a day and in a region, or refuse it with the reason.

    Raises:
        NotTheirsError: the feed is not the decider's. LookupError: there is no such request that waits.
        ValueError: a grant without an end, an end that has passed, or a refusal without a reason.
    """
    _theirs(decider, feed)
    today, reason = now.astimezone(TIMEZONE).date(), reason.strip()
    if decision == "granted" and (until is None or until < today):
        raise ValueError(f"until: {until}; expected the last day of the grant, {today} or later")
    if decision == "refused" and not reason:
        raise ValueError("reason: missing; a request is refused with the reason why")
    if region is not None:
        level_of(region)
    values = {"state": decision, "decided_by": decider.actor, "decided_at": now, "reason": reason[:500]}
    values |= {"until": until, "region": region} if decision == "granted" else {}
    _write(engine, feed, number, "asked", values, decider.actor)


def revoke(engine: sa.Engine, feed: Feed, number: int, now: datetime, decider: Account, reason: str) -> None:
    """Take a grant back, with the reason; it ends at once.

    Raises:
        NotTheirsError, LookupError, ValueError: as `decide`.
    """
    _theirs(decider, feed)
    if not reason.strip():
        raise ValueError("reason: missing; a grant is taken back with the reason why")
    values = {"state": "revoked", "revoked_at": now, "reason": reason.strip()[:500]}
    _write(engine, feed, number, "granted", values, decider.actor)


def requests(engine: sa.Engine, feeds: Sequence[str] | None = None, *, department: str | None = None) -> list[Grant]:
    """Requests and grants, what waits first, then the newest."""
    query = sa.select(*(grant.c[name] for name in _FIELDS)).order_by(grant.c.state != "asked", grant.c.id.desc())
    if feeds is not None:
        query = query.where(grant.c.feed.in_(list(feeds)))
    if department is not None:
        query = query.where(grant.c.department == department)
    with engine.connect() as connection:
        return [Grant(*row) for row in connection.execute(query)]


def _theirs(decider: Account, feed: Feed) -> None:
    if not may_decide(decider, feed):
        raise NotTheirsError(f"{decider.login} may not decide about {feed.name}, which is owned by {feed.owner}")


def _write(engine: sa.Engine, feed: Feed, number: int, state: State, values: dict[str, object], actor: str) -> None:
    with audit.act(engine, actor, f"feed {feed.name}, request {number}: {values['state']}") as connection:
        there = (grant.c.id == number) & (grant.c.feed == feed.name) & (grant.c.state == state)
        if connection.execute(grant.update().where(there).values(values)).rowcount == 0:
            raise LookupError(f"feed {feed.name} has no request {number} that is {state}")
