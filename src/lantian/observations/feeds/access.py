"""The log of access 访问记录 is written here; `catalogue.access` reads it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds.reader import Reader, Via
from lantian.observations.feeds.tables import access


def log(engine: sa.Engine, feed: str, reader: Reader, via: Via, rows: int, now: datetime) -> None:
    """Count one reading of a feed."""
    values = {
        "day": now.astimezone(TIMEZONE).date(),
        "feed": feed,
        "account": reader.name,
        "via": via,
        "department": reader.department or "",
        "times": 1,
        "rows": rows,
    }
    said = insert(access).values(values)
    more = {name: access.c[name] + said.excluded[name] for name in ("times", "rows")}
    with engine.begin() as connection:
        connection.execute(
            said.on_conflict_do_update(
                index_elements=["day", "feed", "account", "via"],
                set_={**more, "department": said.excluded.department},
            )
        )
