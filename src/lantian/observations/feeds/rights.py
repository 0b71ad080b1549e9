"""What a reader may see of a feed, and the transaction in which nothing else is there.

Reads for people run as the database role `lantian_reader`, whom row-level security shows only the regions that this
transaction states: a page that forgets a condition shows nothing more. Where the role does not exist (the database's
user may not make roles: `lantian doctor` says so) the same conditions stand in each question.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.reader import Granted, Reader, Regions, stem
from lantian.observations.feeds.records import begins_with
from lantian.observations.feeds.tables import grant, record

ROLE: Final = "lantian_reader"
FULL: Final = "lantian_reader_full"
"""The role that also sees masked fields in full."""
DEPARTMENTS: Final = "lantian_departments"
"""The role that owns the views of departments that ask with SQL (`catalogue.rls`)."""

_ROLES: WeakKeyDictionary[sa.Engine, bool] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see of a feed: nothing, everything, or these regions; and which masked fields in full."""

    open: bool
    regions: Regions = None
    uncovered: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """It sees every region."""
        return self.open and self.regions is None

    def stems(self) -> list[str] | None:
        """The beginnings of the codes that it sees; None: all."""
        return None if self.regions is None else sorted(stem(one) for one in self.regions)

    def holds(self, region: str | None) -> bool:
        """Whether it sees a region, as the database decides it."""
        if not self.open or self.regions is None or region == "":
            return self.open
        if region is None:
            return False
        return any(
            region == one[1:] if one.startswith("=") else region.lstrip("Z").startswith(one)
            for one in self.stems() or []
        )


def granted(connection: sa.Connection, now: datetime, feed: str | None = None) -> list[Granted]:
    """Grants in force."""
    g = grant.c
    query = sa.select(g.feed, g.department, g.region, g.until).where(
        g.state == "granted", g.until >= now.astimezone(TIMEZONE).date()
    )
    if feed is not None:
        query = query.where(g.feed == feed)
    return [Granted(*row) for row in connection.execute(query)]


def scope(engine: sa.Engine, feed: Feed, reader: Reader, now: datetime) -> Scope:
    """What a reader may see of a feed."""
    if reader.everything:
        return Scope(open=True, uncovered=tuple(one.name for one in feed.masked))
    with engine.connect() as connection:
        return scoped(feed, reader, granted(connection, now, feed.name))


def scoped(feed: Feed, reader: Reader, grants: list[Granted]) -> Scope:
    """What a reader may see of a feed by these grants."""
    sees, regions = reader.regions(feed, grants)
    return Scope(sees, regions, tuple(one.name for one in feed.masked if reader.uncovers(feed, one)))


def roles(engine: sa.Engine) -> bool:
    """Whether the reader's roles are there and may be taken; asked once for each engine that has them."""
    if not _ROLES.get(engine):
        with engine.connect() as connection:
            _ROLES[engine] = has(connection, ROLE, FULL)
    return _ROLES[engine]


def has(connection: sa.Connection, *names: str) -> bool:
    """Whether all these roles are there and may be taken."""
    may = "select count(*) from pg_roles where rolname = any(:names) and pg_has_role(current_user, oid, 'member')"
    return bool(connection.scalar(sa.text(may), {"names": list(names)}) == len(names))


class Seeing:
    """A transaction of a reader: use it in a `with` statement; ``connection`` sees only what the reader may."""

    connection: sa.Connection

    def __init__(self, engine: sa.Engine, feed: Feed, reader: Reader, now: datetime) -> None:
        self._engine, self._feed, self._reader = engine, feed, reader
        self.scope = scope(engine, feed, reader, now)
        self.uncovered = self.scope.uncovered

    def __enter__(self) -> Self:
        self.connection = self._engine.connect()
        try:
            if not self._reader.everything:
                self._become()
        except BaseException:
            self.connection.close()
            raise
        return self

    def _become(self) -> None:
        stems = self.scope.stems()
        stated = {self._feed.name: ["*"] if stems is None else ["", *stems]} if self.scope.open else {}
        self.connection.execute(
            sa.text("select set_config('lantian.scope', :scope, true)"), {"scope": json.dumps(stated)}
        )
        if roles(self._engine):
            self.connection.execute(sa.text(f"set local role {FULL if self.uncovered else ROLE}"))

    def condition(self) -> sa.ColumnElement[bool]:
        """The same in words of the question: it holds also in a database without the roles. A `case`, as in
        `lantian_in_scope`: PostgreSQL shall not expect that hardly any row fits.
        """
        if not self.scope.open:
            return sa.false()
        stems = self.scope.stems()
        if stems is None:
            return sa.true()
        inside = sa.or_(record.c.region == "", *(begins_with(one) for one in stems))
        return sa.case((inside, sa.true()), else_=sa.false())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.rollback()  # which also lays the role down
        self.connection.close()
