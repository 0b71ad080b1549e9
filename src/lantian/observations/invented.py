"""Which batches of records are invented 示例: what a page marks so."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from lantian.observations.feeds.tables import batch


def marked(engine: sa.Engine, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of `Feeds.read` with the flag ``example``: they came with an invented batch."""
    numbers = frame["batch"].unique().to_list()
    query = sa.select(batch.c.id).where(batch.c.example, batch.c.id.in_(numbers))
    with engine.connect() as connection:
        invented = set(connection.scalars(query)) if numbers else set()
    return frame.with_columns(example=pl.col("batch").is_in(list(invented)))
