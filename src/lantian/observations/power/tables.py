"""Table of the thresholds."""

from __future__ import annotations

import sqlalchemy as sa

from lantian.kernel.database import metadata

power_threshold = sa.Table(
    "power_threshold",
    metadata,
    sa.Column("line", sa.Text, nullable=False, comment="meter of the feed electricity_line"),
    sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("kw", sa.Float, comment="the line runs above it; null: nobody can say yet"),
    sa.Column("idle", sa.Float, comment="mean power standing still, kW; null: one level only"),
    sa.Column("running", sa.Float, comment="mean power running, kW; null: one level only"),
    sa.Column("readings", sa.BigInteger, nullable=False, comment="from how many it was learned"),
    sa.Column("means", sa.Text, nullable=False, comment="groups, share, rated, asleep, unknown"),
    sa.PrimaryKeyConstraint("line", "learned_at", name="pk_power_threshold"),
)
