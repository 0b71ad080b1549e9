"""The ledger 台账 in SQL: lists, counts and what accountability counts, as of any moment.

A case to which nothing was written after the moment stands as its row in `supervision_case` says; for the others the
spans between their events answer. Counting, filtering and ordering need no more than the index
``ix_supervision_case_ledger`` holds, so a page is looked for there first, and only its rows are fetched whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa
from sqlalchemy import ColumnElement, CompoundSelect, Connection, RowMapping, Subquery

from lantian.supervision import workflow_file
from lantian.supervision.events import BEIJING
from lantian.supervision.findings import SOURCES
from lantian.supervision.tables import case_span, supervision_case

Standing = Literal["open", "overdue", "unfinished", "closed", "all"]
"""``open``: not over; ``overdue``: beyond its day; ``unfinished``: see `Case.unfinished`; ``closed``: over."""

STANDINGS: tuple[Standing, ...] = ("open", "overdue", "unfinished", "closed", "all")
ORDERS = {"due": "due", "opened": "opened_on", "number": "number"}

_MOVING = ("state", "owner_region", "owner_department", "due", "owed", "failed", "failures", "reopened")

TALLY: dict[str, Any] = {
    "region": pl.String,
    "unfinished": pl.Int64,
    "new": pl.Int64,
    "open": pl.Int64,
    "closed": pl.Int64,
    "reopened": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases; empty or None: all.

    Attributes:
        scopes: where the reader may look: pairs of region (and all below it) and department, None for every one. A case
            is seen where it lies or where its owner sits.
        standing, state, region, department, category, source, round: of the case; ``region`` with all below it.
        text: part of number, title, subject or address; ``number``: the one case.
        public: shown to everybody.
        order: of `ORDERS`; ``descending`` turns it.
    """

    scopes: tuple[tuple[str | None, str | None], ...] = ((None, None),)
    standing: Standing = "open"
    state: str = ""
    region: str = ""
    department: str = ""
    category: str = ""
    source: str = ""
    round: str = ""
    text: str = ""
    number: str = ""
    public: bool | None = None
    order: str = "due"
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """A page of the ledger: rows as mappings, and how many there are in all."""

    rows: list[Mapping[str, Any]]
    total: int


@dataclass(frozen=True)
class Summary:
    """Counts of a filter: by state, by owner's county, and how many are open, overdue, unfinished, closed."""

    open: int
    overdue: int
    unfinished: int
    closed: int
    states: Mapping[str, int]


def page(connection: Connection, asked: Filter, as_of: datetime, *, limit: int = 50, offset: int = 0) -> Page:
    """A page of the ledger, the first due first unless asked otherwise."""
    source, day = _standing(connection, as_of)
    where = _where(source, asked, day)
    column = source.c[ORDERS.get(asked.order, "due")]
    turned = column.desc().nulls_last() if column is source.c.due else column.desc()
    order = (turned, source.c.id.desc()) if asked.descending else (column, source.c.id)
    found = sa.select(source.c.id).where(where).order_by(*order).limit(limit).offset(offset)
    if asked.text:  # what fits is looked up in the table itself: once, not twice
        counted = connection.execute(found.add_columns(sa.func.count().over())).all()
        ids, total = [row[0] for row in counted], counted[0][1] if counted else None
    else:
        ids, total = list(connection.scalars(found)), None
    if total is None:
        count = sa.select(sa.func.count()).select_from(source).where(where)
        halves = count.where(source.c.due.is_not(None)), count.where(source.c.due.is_(None))
        total = sum(connection.scalars(sa.union_all(*halves)))
    return Page(_whole(connection, source, ids, *order), total)


def any_case(connection: Connection, asked: Filter, as_of: datetime) -> bool:
    """Whether there is a case that fits."""
    source, day = _standing(connection, as_of)
    return connection.scalar(sa.select(source.c.id).where(_where(source, asked, day)).limit(1)) is not None


def summary(connection: Connection, asked: Filter, as_of: datetime) -> Summary:
    """Counts of a filter, whatever standing it asks for."""
    source, day = _standing(connection, as_of)
    late, owed = source.c.due < day, _unfinished(source, day)
    where = _where(source, asked, day, standing=False)
    rows = connection.execute(_both([source.c.state], source, late, owed, where)).all()
    over = _final_states()
    states: dict[str, int] = {}
    for row in rows:
        states[row.state] = states.get(row.state, 0) + row.open + row.closed
    return Summary(
        sum(number for state, number in states.items() if state not in over),
        sum(row.overdue for row in rows),
        sum(row.unfinished for row in rows),
        sum(number for state, number in states.items() if state in over),
        states,
    )


def near(connection: Connection, asked: Filter, as_of: datetime, limit: int) -> list[Mapping[str, Any]]:
    """Open cases whose day has passed or comes soonest."""
    source, day = _standing(connection, as_of)
    where = _where(source, asked, day, standing=False)
    order = source.c.due, source.c.id
    query = sa.select(source.c.id).where(where, source.c.due.is_not(None)).order_by(*order).limit(limit)
    return _whole(connection, source, connection.scalars(query).all(), *order)


def counties(connection: Connection, asked: Filter, as_of: datetime) -> pl.DataFrame:
    """Open, overdue and unfinished cases by the county that owes them: ``region, open, overdue, unfinished``."""
    source, day = _standing(connection, as_of)
    county = _county(source.c.owner_region).label("region")
    where = _where(source, asked, day, standing=False) & source.c.owner_region.is_not(None)
    found = connection.execute(_both([county], source, source.c.due < day, _unfinished(source, day), where))
    schema = {"region": pl.String, "open": pl.Int64, "closed": pl.Int64, "overdue": pl.Int64, "unfinished": pl.Int64}
    frame = pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")
    return frame.drop("closed").group_by("region").sum().sort("region")


def tally(connection: Connection, as_of: datetime, since: date, until: date) -> pl.DataFrame:
    """What accountability counts by county; see `Supervision.tally`."""
    source, day = _standing(connection, as_of)
    county = _county(source.c.owner_region).label("region")
    higher = [code for code, one in SOURCES.items() if one.higher]
    new = source.c.handed_on.between(since, until) & source.c.source.in_(higher)
    closed = source.c.closed_on.is_not(None)
    query = (
        sa.select(
            county,
            sa.func.count().filter(_unfinished(source, day)),
            sa.func.count().filter(new),
            sa.func.count().filter(source.c.due.is_not(None)),
            sa.func.count().filter(closed),
            sa.func.count().filter(source.c.reopened > 0),
        )
        .where(source.c.owner_region.is_not(None))
        .group_by(county)
    )
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=TALLY, orient="row").sort("region")


def _both(
    by: list[Any], source: Subquery, late: ColumnElement[bool], owed: ColumnElement[bool], where: ColumnElement[bool]
) -> CompoundSelect[Any]:
    """Counts ``open, closed, overdue, unfinished`` by something, of cases that are not over and of those that are.

    Each half has an index of its own, and the second asks for no day, so that the small index is enough.
    """
    count: ColumnElement[int] = sa.func.count()
    none: ColumnElement[int] = sa.literal_column("0")
    standing = sa.select(*by, count.label("open"), none.label("closed"))
    standing = standing.add_columns(count.filter(late).label("overdue"), count.filter(owed).label("unfinished"))
    over = sa.select(*by, none.label("open"), count.label("closed"), none.label("overdue"), none.label("unfinished"))
    return sa.union_all(
        standing.where(where, source.c.due.is_not(None)).group_by(*by),
        over.where(where, source.c.due.is_(None)).group_by(*by),
    )


def _whole(
    connection: Connection, source: Subquery, ids: Sequence[int], *order: ColumnElement[Any]
) -> list[Mapping[str, Any]]:
    if not ids:
        return []
    rows = connection.execute(sa.select(source).where(source.c.id.in_(ids)).order_by(*order))
    return [_desked(row) for row in rows.mappings()]


def _standing(connection: Connection, as_of: datetime) -> tuple[Subquery, date]:
    """Where each case stood at a moment, and the day of it."""
    day = as_of.astimezone(BEIJING).date()
    case, span = supervision_case, case_span
    last = connection.scalar(sa.select(sa.func.max(case.c.last_at)))
    if last is None or last <= as_of:
        return sa.select(case).subquery("standing"), day
    moved: dict[str, ColumnElement[Any]] = {
        **{name: span.c[name] for name in _MOVING},
        "closed_on": sa.case((span.c.due.is_(None), sa.func.date(sa.func.timezone("Asia/Shanghai", span.c.since)))),
        "handed_on": sa.case((case.c.handed_on <= day, case.c.handed_on)),
    }
    at = sa.and_(span.c.case_id == case.c.id, span.c.since <= as_of)
    still = sa.or_(span.c.until.is_(None), span.c.until > as_of)
    since = sa.select(*(moved.get(column.name, column).label(column.name) for column in case.c))
    since = since.join(span, sa.and_(at, still)).where(case.c.last_at > as_of)
    return sa.union_all(sa.select(case).where(case.c.last_at <= as_of), since).subquery("standing"), day


def _where(source: Subquery, asked: Filter, day: date, *, standing: bool = True) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [_scoped(source, asked.scopes)]
    exact = ("state", "category", "source", "round", "number")
    found += [source.c[name] == getattr(asked, name) for name in exact if getattr(asked, name)]
    if asked.department:
        found.append(source.c.owner_department == asked.department)
    if asked.region:
        found.append(sa.or_(_within(source.c.region, asked.region), _within(source.c.owner_region, asked.region)))
    if asked.text:
        found.append(_holds(source, asked.text.strip()))
    if asked.public is not None:
        found.append(source.c.public == asked.public)
    if standing and asked.standing != "all":
        found.append(_stands(source, asked.standing, day))
    return sa.and_(*found)


def _holds(source: Subquery, text: str) -> ColumnElement[bool]:
    """Whether a case's words hold a text; from two letters on, an index of pairs of letters says where to look."""
    names = ("number", "title", "subject", "address")
    part = sa.or_(*(source.c[name].ilike(f"%{_plain(text)}%") for name in names))
    if len(text) < 2:  # no pair
        return part
    words = source.c.number + " " + source.c.title + " " + source.c.subject + " " + source.c.address
    pairs: ColumnElement[bool] = sa.func.lantian_pairs(words).op("@>")(sa.func.lantian_pairs(text))
    return pairs if len(text) == 2 and " " not in text else sa.and_(pairs, part)  # a pair itself


def _stands(source: Subquery, standing: Standing, day: date) -> ColumnElement[bool]:
    return {
        "open": source.c.due.is_not(None),
        "overdue": source.c.due < day,
        "unfinished": _unfinished(source, day),
        "closed": source.c.due.is_(None),
    }[standing]


def _unfinished(source: Subquery, day: date) -> ColumnElement[bool]:
    return sa.and_(source.c.due.is_not(None), sa.or_(source.c.failed, sa.and_(source.c.owed, source.c.due < day)))


def _scoped(source: Subquery, scopes: tuple[tuple[str | None, str | None], ...]) -> ColumnElement[bool]:
    ways = []
    for region, department in scopes:
        here = [sa.or_(_within(source.c.region, region), _within(source.c.owner_region, region))] if region else []
        mine = [source.c.owner_department == department] if department else []
        ways.append(sa.and_(sa.true(), *here, *mine))
    return sa.or_(sa.false(), *ways)


def _within(column: ColumnElement[Any], region: str) -> ColumnElement[bool]:
    """Whether a region's code lies in another's; as `kernel.accounts.covers`."""
    if len(region) != 6 or not region.isdigit():
        return column == region
    prefix = region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region
    return sa.or_(column.like(f"{prefix}%"), column.like(f"Z{prefix}%"))


def _county(column: ColumnElement[Any]) -> ColumnElement[str]:
    return sa.func.left(sa.func.ltrim(column, "Z"), 6)


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _final_states() -> set[str]:
    return {
        state.name
        for name in workflow_file.names()
        for state in workflow_file.load(name).states.values()
        if state.final
    }


def _desked(row: RowMapping) -> dict[str, Any]:
    """A row with its desk, which follows from workflow and state."""
    state = workflow_file.load(row["workflow"]).states[row["state"]]
    return {**row, "desk": state.desk, "state_zh": state.zh, "state_en": state.en}
