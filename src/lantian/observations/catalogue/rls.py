"""SQL for departments: a database role each, and a view for each feed, in which row-level security shows its rights.

What a role sees follows from the owner and the grants in force at the platform's clock, asked in the database itself by
who logged in: nothing that a role can set widens it. The views belong to the role `lantian_departments`, for which
row-level security holds and to which the columns of masked fields in full are not granted; the records below are open
to no department, so that each reading goes through a view, and is counted there.

A view counts with `lantian_read`, which PostgreSQL calls once for each time that the view stands in a statement, before
it reads. It counts in a sequence for each feed and department, as a row of a log would be gone with a transaction that
is rolled back; `collect` books what was added into the log of access.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from lantian.kernel.clock import Clock
from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds import rights
from lantian.observations.feeds.definition import TIME, Feed
from lantian.observations.feeds.registry import enter
from lantian.standards.departments import DEPARTMENTS

SCHEMA: Final = "lantian_feeds"
PREFIX: Final = "lantian_dept_"
_NO_ROLES: Final = (
    "the database user may not make roles: an administrator of the database does, as `lantian doctor` says"
)
_BOOK: Final = """
with grown as (
    select split_part(sequencename, '.', 1) as feed, split_part(sequencename, '.', 2) as department, last_value as times
    from pg_sequences where schemaname = :schema and last_value is not null
), booked as (
    select feed, department, sum(times) as times from feed_access where via = 'sql' group by feed, department
), fresh as (
    select feed, department, grown.times - coalesce(booked.times, 0) as added
    from grown left join booked using (feed, department)
), said as (
    insert into feed_access (day, feed, account, via, department, times, rows)
    select :day, feed, :prefix || department, 'sql', department, added, 0 from fresh where added > 0
    on conflict (day, feed, account, via) do update set times = feed_access.times + excluded.times
)
select added from fresh where added > 0
"""


@dataclass(frozen=True, slots=True)
class SqlRole:
    """A role that was made: its name, and the views that it may ask."""

    name: str
    views: tuple[str, ...]


def prepare(engine: sa.Engine) -> bool:
    """Make the roles under which pages read, where this user may; gives whether they are there."""
    with engine.begin() as connection:
        connection.execute(sa.text("select lantian_feed_roles()"))
    return rights.roles(engine)


def sql_role(engine: sa.Engine, department: str, password: str, feeds: Iterable[Feed]) -> SqlRole:
    """Make the database role of a department, or give it a new password; and the views.

    Raises:
        ValueError: there is no such department. PermissionError: the database's user may not make roles.
    """
    if department not in DEPARTMENTS:
        raise ValueError(f"department: {department!r}; expected one of {', '.join(DEPARTMENTS)}")
    name, feeds = PREFIX + department, list(feeds)
    _enter(engine, feeds)
    with engine.begin() as connection:
        if not rights.has(connection, rights.DEPARTMENTS):
            raise PermissionError(f"{rights.DEPARTMENTS}: {_NO_ROLES}")
        try:
            with connection.begin_nested():
                if not connection.scalar(
                    sa.text("select exists (select from pg_roles where rolname = :n)"), {"n": name}
                ):
                    connection.exec_driver_sql(f"create role {name} login")
                secret = connection.scalar(sa.text("select quote_literal(cast(:p as text))"), {"p": password})
                connection.exec_driver_sql(f"alter role {name} with login password {secret}".replace("%", "%%"))
        except ProgrammingError as error:
            raise PermissionError(f"{name}: {_NO_ROLES}") from error
        connection.exec_driver_sql(f"create schema if not exists {SCHEMA}")
        connection.exec_driver_sql(f"grant usage on schema {SCHEMA} to {name}")
        connection.exec_driver_sql(f"grant select on clock to {name}")  # which lantian_now() reads
        made = _views(connection, feeds)
    return SqlRole(name, made)


def refresh(engine: sa.Engine, feeds: Iterable[Feed]) -> tuple[str, ...]:
    """Make the views anew after definitions have changed, where any department has a role."""
    with engine.begin() as connection:
        may = rights.has(connection, rights.DEPARTMENTS)
        return _views(connection, feeds) if may and _members(connection) else ()


def _enter(engine: sa.Engine, feeds: Iterable[Feed]) -> None:
    """What a department sees follows from the definitions in force, so the database must know them."""
    now = Clock(engine).now()
    for feed in feeds:
        enter(engine, feed, now, "lantian")


def _members(connection: sa.Connection) -> list[str]:
    """The roles of departments that may use the views of this database."""
    query = sa.text(
        "select rolname from pg_roles join pg_namespace on nspname = :schema "
        "where starts_with(rolname, :prefix) and has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage')"
    )
    return [row[0] for row in connection.execute(query, {"schema": SCHEMA, "prefix": PREFIX})]


def _views(connection: sa.Connection, feeds: Iterable[Feed]) -> tuple[str, ...]:
    connection.exec_driver_sql(f"grant usage, create on schema {SCHEMA} to {rights.DEPARTMENTS}")
    members, made = _members(connection), []
    for feed in feeds:
        if feed.store != "records":
            continue
        name, wanted = f"{SCHEMA}.{_quoted(feed.name)}", view_of(feed)
        mark = hashlib.sha256(wanted.encode()).hexdigest()
        if connection.scalar(sa.text("select obj_description(to_regclass(:name))"), {"name": name}) != mark:
            connection.exec_driver_sql(f"drop view if exists {name}")
            connection.exec_driver_sql(wanted.replace("%", "%%"))
            connection.exec_driver_sql(f"comment on view {name} is '{mark}'")
            connection.exec_driver_sql(f"alter view {name} owner to {rights.DEPARTMENTS}")
        for member in members:
            count = f'{SCHEMA}."{feed.name}.{member.removeprefix(PREFIX)}"'
            connection.exec_driver_sql(f"create sequence if not exists {count}")
            connection.exec_driver_sql(f"grant select on {name} to {member}")
        made.append(f"{SCHEMA}.{feed.name}")
    return tuple(made)


def collect(engine: sa.Engine, now: datetime) -> int:
    """Book what departments read by SQL since the last time into the log of access; how many readings that were.

    They count for the day on which they are booked. How many rows a reading gave is not known: 0 stands for it.
    """
    with engine.begin() as connection:
        connection.execute(sa.text("select pg_advisory_xact_lock(hashtextextended('lantian_feeds', 18))"))
        day = now.astimezone(TIMEZONE).date()
        booked = connection.execute(sa.text(_BOOK), {"schema": SCHEMA, "prefix": PREFIX, "day": day})
        return sum(row.added for row in booked)


def view_of(feed: Feed) -> str:
    """The view of a feed: typed columns, the last word of each key known by the platform's clock. A department's own
    conditions go into it, so that indexes are used.
    """
    types = {"Float64": "double precision", "Int64": "bigint", "Boolean": "boolean", "Date": "date"}
    columns = []
    for one in feed.fields:
        if one.name == feed.time and one.dtype == TIME:  # the same moment, and there is an index of it
            columns.append(f"time as {_quoted(one.name)}")
            continue
        kind = "timestamptz" if one.dtype == TIME else types.get(str(one.dtype), "text")
        columns.append(f"(\"values\" ->> '{one.name}')::{kind} as {_quoted(one.name)}")
    beside = [name for name in ("region", "flags", "known_at", "batch") if name not in feed.schema]
    return (
        f"create view {SCHEMA}.{_quoted(feed.name)} as select "
        f"{', '.join([*columns, *beside])} from feed_record where feed = '{feed.name}' "
        "and known_at <= (select lantian_now()) "
        "and (superseded_at is null or superseded_at > (select lantian_now())) "
        f"and (select lantian_read('{feed.name}'))"
    )


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"{name!r} is no name of a feed or field")
    return f'"{name}"'
