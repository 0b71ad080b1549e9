"""The log of access 访问记录: who read which feed through which door, counted by day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import polars as pl
import sqlalchemy as sa

from lantian.kernel.settings import TIMEZONE
from lantian.observations.catalogue import rls
from lantian.observations.feeds.access import log
from lantian.observations.feeds.tables import access

__all__ = ["SCHEMA", "log", "readings"]

SCHEMA: Final = {
    "day": pl.Date(),
    "account": pl.String(),
    "department": pl.String(),
    "via": pl.String(),
    "times": pl.Int64(),
    "rows": pl.Int64(),
}


def readings(
    engine: sa.Engine, feed: str, as_of: datetime, *, since: date | None = None, most: int = 200
) -> pl.DataFrame:
    """Who read a feed: `SCHEMA`, the newest day first. Of readings by SQL `rows` is null: it is not known."""
    rls.collect(engine, as_of)
    a = access.c
    query = (
        sa.select(a.day, a.account, a.department, a.via, a.times, sa.case((a.via != "sql", a.rows)))
        .where(a.feed == feed, a.day <= as_of.astimezone(TIMEZONE).date())
        .order_by(a.day.desc(), a.rows.desc(), a.account)
        .limit(most)
    )
    if since is not None:
        query = query.where(a.day >= since)
    with engine.connect() as connection:
        return pl.DataFrame([tuple(row) for row in connection.execute(query)], schema=SCHEMA, orient="row")
