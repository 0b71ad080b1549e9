"""The alerts in the database: raised once, ended, made a case or dismissed; none is removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel.audit import act
from lantian.observations.alerts.alert import Alert
from lantian.observations.alerts.tables import alert

Scopes = Sequence[tuple[str | None, str | None]]
"""Pairs of region and department, as `kernel.accounts.scopes_of` gives them; None: every one."""

_FIELDS = tuple(Alert.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert as it stands.

    Attributes:
        id: its number.
        alert: what it says.
        raised_at: when the platform said it.
        ended_at: when it ended; None: it lasts.
        case_number: the case that it became.
        dismissed_by: who decided that nothing is to be done, and why in ``reason``.
    """

    id: int
    alert: Alert
    raised_at: datetime
    ended_at: datetime | None
    case_number: str | None
    dismissed_by: str | None
    reason: str

    @property
    def open(self) -> bool:
        """It lasts, and nobody has taken it up yet."""
        return self.ended_at is None and self.case_number is None and self.dismissed_by is None


def raised(engine: sa.Engine, alerts: Iterable[Alert], now: datetime, actor: str) -> list[int]:
    """Raise alerts; the numbers of those that were not there yet. Doing it twice changes nothing."""
    rows = [
        {**_columns(one), "figures": dict(one.figures), "raised_at": now}
        for one in {(one.kind, one.subject, one.key): one for one in alerts}.values()
    ]
    if not rows:
        return []
    keys = [(row["kind"], row["subject"], row["key"]) for row in rows]
    with engine.connect() as connection:
        there = connection.execute(
            sa.select(alert.c.kind, alert.c.subject, alert.c.key).where(
                sa.tuple_(alert.c.kind, alert.c.subject, alert.c.key).in_(keys)
            )
        )
        known = {tuple(row) for row in there}
    rows = [row for row, key in zip(rows, keys, strict=True) if key not in known]
    if not rows:
        return []
    with act(engine, actor, "alerts") as connection:
        made = insert(alert).on_conflict_do_nothing(index_elements=["kind", "subject", "key"]).returning(alert.c.id)
        return [number for row in rows for number in connection.scalars(made, [row])]


def end(
    engine: sa.Engine,
    kind: str,
    subjects: Sequence[str],
    now: datetime,
    actor: str,
    *,
    keys: Sequence[str] | None = None,
) -> int:
    """End what lasts about these subjects (``keys``: only of these alerts); the number of alerts that ended."""
    lasting = (alert.c.kind == kind) & alert.c.subject.in_(list(subjects)) & alert.c.ended_at.is_(None)
    if keys is not None:
        lasting &= alert.c.key.in_(list(keys))
    with engine.connect() as connection:
        if not connection.scalar(sa.select(sa.exists().where(lasting))):
            return 0
    with act(engine, actor, f"{kind} ended") as connection:
        return connection.execute(alert.update().where(lasting).values(ended_at=now)).rowcount


def dismiss(engine: sa.Engine, number: int, now: datetime, actor: str, reason: str) -> None:
    """Decide that nothing is to be done.

    Raises LookupError where there is none that is open, ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("reason: missing; an alert is dismissed with the reason why")
    with act(engine, actor, reason) as connection:
        waiting = (alert.c.id == number) & alert.c.case_number.is_(None) & alert.c.dismissed_by.is_(None)
        values = {"dismissed_by": actor, "dismissed_at": now, "reason": reason.strip()}
        if connection.execute(alert.update().where(waiting).values(values)).rowcount == 0:
            raise LookupError(f"no alert {number} waits for a decision")


def become(engine: sa.Engine, number: int, case_number: str, actor: str) -> None:
    """Note the case that an alert became."""
    with act(engine, actor, f"alert {number}: case {case_number}") as connection:
        connection.execute(alert.update().where(alert.c.id == number).values(case_number=case_number))


def listed(
    engine: sa.Engine,
    scopes: Scopes,
    *,
    as_of: datetime,
    kind: str | None = None,
    subject: str | None = None,
    number: int | None = None,
    waiting: bool = False,
    lasting: bool = False,
    by_itself: bool = False,
    most: int = 200,
) -> list[Standing]:
    """Alerts, the newest first.

    Args:
        engine: the database.
        scopes: where and of which department the reader may see them.
        as_of: only what had been raised by then; what ended, or was decided, later still stands.
        kind: only of this kind; subject: only about this; number: only this one.
        waiting: only what lasts and nobody has taken up; lasting: what lasts, whoever took it up.
        by_itself: only what becomes a case without a person's decision.
        most: at most so many.
    """
    conditions = [alert.c.raised_at <= as_of, _within(scopes)]
    for column, value in ((alert.c.kind, kind), (alert.c.subject, subject), (alert.c.id, number)):
        if value is not None:
            conditions.append(column == value)
    if waiting:
        conditions += [_lasts(as_of), alert.c.case_number.is_(None), ~_dismissed(as_of)]
    if lasting:
        conditions.append(_lasts(as_of))
    if by_itself:
        conditions.append(alert.c.category.is_not(None))
    query = sa.select(alert).where(*conditions).order_by(alert.c.raised_at.desc(), alert.c.id.desc()).limit(most)
    with engine.connect() as connection:
        return [_standing(row, as_of) for row in connection.execute(query).mappings()]


def tally(engine: sa.Engine, scopes: Scopes, *, as_of: datetime) -> dict[str, int]:
    """How many wait for somebody, by kind; kinds without any are left out."""
    query = (
        sa.select(alert.c.kind, sa.func.count().label("number"))
        .where(alert.c.raised_at <= as_of, _within(scopes), _lasts(as_of))
        .where(alert.c.case_number.is_(None), ~_dismissed(as_of))
        .group_by(alert.c.kind)
    )
    with engine.connect() as connection:
        return {row.kind: row.number for row in connection.execute(query)}


def _columns(one: Alert) -> dict[str, object]:
    return {name: getattr(one, name) for name in _FIELDS}


def _lasts(as_of: datetime) -> sa.ColumnElement[bool]:
    return alert.c.ended_at.is_(None) | (alert.c.ended_at > as_of)


def _dismissed(as_of: datetime) -> sa.ColumnElement[bool]:
    return alert.c.dismissed_at.is_not(None) & (alert.c.dismissed_at <= as_of)


def _within(scopes: Scopes) -> sa.ColumnElement[bool]:
    parts = [
        sa.and_(
            sa.true() if region is None else _inside(region),
            sa.true() if department is None else alert.c.department == department,
        )
        for region, department in scopes
    ]
    return sa.or_(sa.false(), *parts)


def _inside(region: str) -> sa.ColumnElement[bool]:
    """The region or one below it, by their codes (`kernel.accounts.covers`)."""
    if len(region) != 6 or not region.isdigit():
        return alert.c.region == region
    stem = region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region
    return sa.func.ltrim(alert.c.region, "Z").startswith(stem)


def _standing(row: sa.RowMapping, as_of: datetime) -> Standing:
    ended, dismissed = row["ended_at"], row["dismissed_at"] is not None and row["dismissed_at"] <= as_of
    return Standing(
        row["id"],
        Alert(**{name: row[name] for name in _FIELDS}),
        row["raised_at"],
        ended if ended is not None and ended <= as_of else None,
        row["case_number"],
        row["dismissed_by"] if dismissed else None,
        row["reason"] if dismissed else "",
    )
