"""Between values and rows of the tables: one function each way, and the writing that touches only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, tuple_
from sqlalchemy.dialects.postgresql import insert

from lantian.places import tables
from lantian.places.groups import Group
from lantian.places.outlines import OutlineSet
from lantian.places.regions import Region
from lantian.places.stations import Station

Values = Mapping[str, Any]


def put(connection: Connection, table: Table, rows: Sequence[Values]) -> int:
    """Insert rows, or update those of the same key that differ; the number of rows written.

    A row that is already there stays untouched, so that loading twice leaves nothing in the audit trail.
    """
    if not rows:
        return 0
    keys = list(table.primary_key)
    others = [column for column in table.columns if not column.primary_key]
    statement = insert(table)
    new = [statement.excluded[column.name] for column in others]
    statement = statement.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: statement.excluded[column.name] for column in others},
        where=tuple_(*others).is_distinct_from(tuple_(*new)),
    )
    return len(connection.execute(statement.returning(*keys), [dict(row) for row in rows]).all())


def put_outlines(connection: Connection, outlines: OutlineSet) -> int:
    """Write a set and its outlines, and take away outlines that it no longer has; the number of rows written."""
    head = {
        "id": outlines.id,
        "source": outlines.source,
        "licence": outlines.licence,
        "approval_number": outlines.approval_number,
    }
    rows = [
        {"outline_set": outlines.id, "code": code, "name": outline.name, "geometry": outline.geometry()}
        for code, outline in outlines.outlines.items()
    ]
    written = put(connection, tables.outline_set, [head]) + put(connection, tables.outline, rows)
    stale = tables.outline.delete().where(
        tables.outline.c.outline_set == outlines.id, tables.outline.c.code.not_in(list(outlines.outlines))
    )
    return written + connection.execute(stale).rowcount


def region_row(region: Region) -> Values:
    """The row of a region."""
    return asdict(region) | {"kind": region.kind, "parent": region.parent}


def region_of(row: Values) -> Region:
    """The region of a row."""
    return Region(row["code"], row["name"], row["name_en"], row["example"])


def station_row(station: Station) -> Values:
    """The row of a station."""
    return asdict(station)


def station_of(row: Values) -> Station:
    """The station of a row."""
    return Station(**row)


def group_row(group: Group) -> Values:
    """The row of a group."""
    return asdict(group) | {"members": list(group.members)}


def group_of(row: Values) -> Group:
    """The group of a row."""
    return Group(row["id"], row["name"], tuple(row["members"]), row["name_en"])
