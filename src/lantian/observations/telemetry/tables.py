"""Table of the telemetry: the manifest of its segments."""

from __future__ import annotations

import sqlalchemy as sa

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

# A segment exists for readers from the commit of its row here until `retired_at`; its file outlives that by a grace
# period. The gateway writes some every few seconds, which is why this table is not audited.
segment = sa.Table(
    "telemetry_segment",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("resolution", sa.Text, nullable=False, comment="real, minute, hour, day; packet: the raw log"),
    sa.Column("day", sa.Date, nullable=False, comment="day in Beijing"),
    sa.Column("level", sa.SmallInteger, nullable=False, comment="how often its rows were merged"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("first", _MOMENT, nullable=False, comment="earliest time"),
    sa.Column("last", _MOMENT, nullable=False, comment="latest time"),
    sa.Column("known_first", _MOMENT, nullable=False, comment="earliest known_at"),
    sa.Column("known_last", _MOMENT, nullable=False, comment="latest known_at"),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False, server_default=sa.text("clock_timestamp()")),
    sa.Column("taken_at", _MOMENT, comment="when its hours had gone on to the observations"),
    sa.Column("retired_at", _MOMENT, comment="since then no new reader sees it"),
    sa.Index("ix_telemetry_segment_live", "resolution", "day", postgresql_where=sa.text("retired_at IS NULL")),
)
