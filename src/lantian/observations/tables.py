"""Tables of the observations: the manifest of segments, and what each import brought and refused."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from lantian.kernel.database import metadata

# A segment exists for readers from the commit of its row here until `retired_at`; its file outlives that by a grace
# period.
segment = sa.Table(
    "observation_segment",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("resolution", sa.Text, nullable=False),
    sa.Column("month", sa.Text, nullable=False, comment="month in Beijing, 2016-12"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("items", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("first", sa.DateTime(timezone=True), nullable=False, comment="earliest stamp; a day: midnight UTC"),
    sa.Column("last", sa.DateTime(timezone=True), nullable=False, comment="latest stamp"),
    sa.Column("known_first", sa.DateTime(timezone=True), nullable=False, comment="earliest known_at"),
    sa.Column("known_last", sa.DateTime(timezone=True), nullable=False, comment="latest known_at"),
    sa.Column("grades", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("repeats", sa.Boolean, nullable=False, comment="another row may speak of the same place and hour"),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
    sa.Column("retired_at", sa.DateTime(timezone=True), comment="since then no new reader sees it"),
    sa.Index("ix_observation_segment_live", "resolution", "month", postgresql_where=sa.text("retired_at IS NULL")),
)

import_batch = sa.Table(
    "import_batch",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False, comment="fingerprint of all that decides what the file means"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("new", sa.BigInteger, nullable=False),
    sa.Column("revised", sa.BigInteger, nullable=False),
    sa.Column("unchanged", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("notes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("finished", sa.Boolean, nullable=False, comment="false: under way, or interrupted"),
    sa.Index("ix_import_batch_sha256", "sha256"),
)

import_rejected = sa.Table(
    "import_rejected",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("batch", sa.ForeignKey("import_batch.id"), nullable=False, index=True),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("line", sa.Text, comment="line of a text from 1, sheet!row of a workbook; null: the whole file"),
    sa.Column("field", sa.Text),
    sa.Column("value", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
)
