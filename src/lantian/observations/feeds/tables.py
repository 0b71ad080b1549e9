"""Tables of the feeds: records with every revision, batches, what was refused, and which definition made them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from lantian.kernel.database import metadata

entry = sa.Table(
    "feed_entry",
    metadata,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("sensitivity", sa.Text, nullable=False),
    sa.Column("key", pg.ARRAY(sa.Text), nullable=False, comment="may not change once there are records"),
    sa.Column("types", pg.JSONB, nullable=False, comment="field -> type"),
    sa.Column("sha256", sa.Text, nullable=False, comment="of the definition file"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.CheckConstraint("sensitivity in ('open', 'shared', 'restricted')", name="sensitivity"),
    comment="the definitions in force, for row-level security and to notice a change that would break records",
)

batch = sa.Table(
    "feed_batch",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False, comment="file, address or rule that brought it"),
    *(
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in ("rows", "new", "revised", "unchanged", "rejected", "flagged")
    ),
    sa.Column("notes", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Index("ix_feed_batch_feed", "feed", "id"),
)

reject = sa.Table(
    "feed_reject",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("batch", sa.ForeignKey("feed_batch.id"), nullable=False, index=True),
    sa.Column("file", sa.Text),
    sa.Column("line", sa.Text, comment="line of a text from 1, sheet!row of a workbook, number of a row"),
    sa.Column("field", sa.Text),
    sa.Column("value", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reason_en", sa.Text, nullable=False),
    sa.Column("row", sa.Text, comment="the whole row, so that nothing is lost"),
)

record = sa.Table(
    "feed_record",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False, comment="the key's values, joined"),
    sa.Column("time", sa.DateTime(timezone=True), comment="a day: midnight in Beijing"),
    sa.Column("region", sa.Text, comment="code; empty: the feed has no place; null: where it lies is not known"),
    sa.Column("lon", sa.Double),
    sa.Column("lat", sa.Double),
    sa.Column("values", pg.JSONB, nullable=False, comment="field -> value, masked ones covered"),
    sa.Column("hidden", pg.JSONB, comment="masked fields in full"),
    sa.Column("flags", pg.ARRAY(sa.Text), nullable=False, server_default="{}", comment="checks that it failed"),
    sa.Column("known_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("superseded_at", sa.DateTime(timezone=True), comment="known_at of the statement that revised it"),
    sa.Column("batch", sa.BigInteger, nullable=False, comment="feed_batch.id; written in the same transaction"),
    sa.Index("ix_feed_record_key", "feed", "key"),
    sa.Index("ix_feed_record_time", "feed", "time"),
    sa.Index("ix_feed_record_region", "feed", "region", "time"),
    sa.Index("ix_feed_record_batch", "batch"),
    sa.Index("ix_feed_record_id", "feed", "id"),
    sa.Index("ix_feed_record_known", "feed", "known_at"),
    sa.Index(
        "ix_feed_record_superseded", "feed", "superseded_at", postgresql_where=sa.text("superseded_at is not null")
    ),
    sa.Index("ix_feed_record_flagged", "feed", "known_at", postgresql_where=sa.text("flags <> '{}'")),
    comment="append-only; row-level security is on (docs/catalogue.md)",
)

untold = sa.Table(
    "feed_untold",
    metadata,
    sa.Column("record", sa.BigInteger, primary_key=True, autoincrement=False, comment="feed_record.id"),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("known_at", sa.DateTime(timezone=True), nullable=False, comment="from when on rules are told of it"),
    sa.Index("ix_feed_untold_feed", "feed", "known_at"),
    comment="records of which the rules that listen have not been told",
)

access = sa.Table(
    "feed_access",
    metadata,
    sa.Column("day", sa.Date, primary_key=True, comment="of the platform's clock, in Beijing"),
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("via", sa.Text, primary_key=True, comment="page, api, export or sql"),
    sa.Column("department", sa.Text, nullable=False, server_default=""),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    comment="who read what, counted by day",
)

grant = sa.Table(
    "feed_grant",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("department", sa.Text, nullable=False, comment="who asks"),
    sa.Column("region", sa.Text, comment="asked for, then granted; null: everywhere"),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("state", sa.Text, nullable=False, server_default="asked"),
    sa.Column("until", sa.Date, comment="last day on which it holds, in Beijing"),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.DateTime(timezone=True), comment="by the platform's clock"),
    sa.Column("reason", sa.Text, nullable=False, server_default="", comment="of a refusal or a revocation"),
    sa.Column("revoked_at", sa.DateTime(timezone=True), comment="by the platform's clock"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.CheckConstraint("state in ('asked', 'granted', 'refused', 'revoked')", name="state"),
    sa.CheckConstraint("(state in ('granted', 'revoked')) = (until is not null)", name="until"),
    sa.Index("ix_feed_grant_department", "department", "feed"),
)
