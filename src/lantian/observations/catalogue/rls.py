"""SQL for departments: a database role each, and a view for each feed, in which row-level security shows its rights.

What a role sees follows from the owner and the grants in force at the platform's clock, asked in the database itself:
nothing that a role can set widens it. Masked fields are covered, as the columns that hold them in full are not granted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from lantian.kernel.clock import Clock
from lantian.observations.feeds import rights
from lantian.observations.feeds.definition import TIME, Feed
from lantian.observations.feeds.registry import enter
from lantian.standards.departments import DEPARTMENTS

SCHEMA: Final = "lantian_feeds"
PREFIX: Final = "lantian_dept_"
_SEEN: Final = 'id, feed, time, region, lon, lat, "values", flags, known_at, superseded_at, batch'
_NO_ROLES: Final = (
    "the database user may not make roles: an administrator of the database does, as `lantian doctor` says"
)


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
        connection.exec_driver_sql(f"grant select ({_SEEN}) on feed_record to {name}")
        connection.exec_driver_sql(f"grant select on clock to {name}")  # which lantian_now() reads
        connection.exec_driver_sql(f"grant execute on function lantian_department_scope(text) to {name}")
        there = sa.text("select exists (select from pg_policies where tablename = 'feed_record' and policyname = :n)")
        if not connection.scalar(there, {"n": name}):
            scope = f"(select lantian_department_scope('{department}')) -> feed"
            connection.exec_driver_sql(
                f"create policy {name} on feed_record for select to {name} using (lantian_in_scope({scope}, region))"
            )
        made = _views(connection, feeds)
    return SqlRole(name, made)


def refresh(engine: sa.Engine, feeds: Iterable[Feed]) -> tuple[str, ...]:
    """Make the views anew after definitions have changed, where any department has a role."""
    with engine.begin() as connection:
        return _views(connection, feeds) if _members(connection) else ()


def _enter(engine: sa.Engine, feeds: Iterable[Feed]) -> None:
    """What a department sees follows from the definitions in force, so the database must know them."""
    now = Clock(engine).now()
    for feed in feeds:
        enter(engine, feed, now, "lantian")


def _members(connection: sa.Connection) -> list[str]:
    """The roles of departments that have a right in this database."""
    query = sa.text(
        "select policyname from pg_policies where tablename = 'feed_record' and starts_with(policyname, :p)"
    )
    return [row[0] for row in connection.execute(query, {"p": PREFIX})]


def _views(connection: sa.Connection, feeds: Iterable[Feed]) -> tuple[str, ...]:
    connection.exec_driver_sql(f"create schema if not exists {SCHEMA}")
    made = []
    for feed in feeds:
        if feed.store != "records":
            continue
        connection.exec_driver_sql(f"drop view if exists {SCHEMA}.{_quoted(feed.name)}")
        connection.exec_driver_sql(view_of(feed).replace("%", "%%"))
        made.append(f"{SCHEMA}.{feed.name}")
    for name in _members(connection):
        connection.exec_driver_sql(f"grant usage on schema {SCHEMA} to {name}")
        connection.exec_driver_sql(f"grant select on all tables in schema {SCHEMA} to {name}")
    return tuple(made)


def view_of(feed: Feed) -> str:
    """The view of a feed: typed columns, the last word of each key known by the platform's clock. It asks the records
    as its reader, so the reader's rights decide.
    """
    types = {"Float64": "double precision", "Int64": "bigint", "Boolean": "boolean", "Date": "date"}
    columns = []
    for one in feed.fields:
        kind = "timestamptz" if one.dtype == TIME else types.get(str(one.dtype), "text")
        columns.append(f"(\"values\" ->> '{one.name}')::{kind} as {_quoted(one.name)}")
    beside = [name for name in ("region", "flags", "known_at", "batch") if name not in feed.schema]
    return (
        f"create view {SCHEMA}.{_quoted(feed.name)} with (security_invoker = true) as select "
        f"{', '.join([*columns, *beside])} from feed_record where feed = '{feed.name}' "
        "and known_at <= (select lantian_now()) "
        "and (superseded_at is null or superseded_at > (select lantian_now()))"
    )


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"{name!r} is no name of a feed or field")
    return f'"{name}"'
