"""Tables of judgement: targets, and sand-dust events with a person's decision."""

from __future__ import annotations

import sqlalchemy as sa

from lantian.kernel.database import metadata

target = sa.Table(
    "target",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("place", sa.Text, nullable=False, index=True),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False, comment="written form: 2016, 2017AW, 2016-10-01..2017-03-31"),
    sa.Column("limit", sa.Double, nullable=False, comment="ug/m3 (CO mg/m3), percent or days"),
    sa.Column("base", sa.Double, comment="value that a cut is counted from"),
    sa.Column("parent", sa.ForeignKey("target.id", ondelete="SET NULL"), comment="what this one was decomposed from"),
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.UniqueConstraint("place", "quantity", "period"),
)

dust_event = sa.Table(
    "dust_event",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("start", sa.DateTime(timezone=True), nullable=False),
    sa.Column("end", sa.DateTime(timezone=True), nullable=False, comment="first hour after the event"),
    sa.Column("state", sa.Text, nullable=False, comment="confirmed or rejected; a candidate has no row"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.CheckConstraint("state IN ('confirmed', 'rejected')", name="state"),
    sa.CheckConstraint('"end" > start', name="span"),
    sa.UniqueConstraint("place", "start"),
)
