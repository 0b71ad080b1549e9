"""Targets and sand-dust decisions."""

import sqlalchemy as sa
from alembic import op

from lantian.kernel import audit

revision = "0005_assessment"
down_revision = "0004_observations"


def upgrade() -> None:
    op.create_table(
        "target",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False, comment="written form: 2016, 2017AW, 2016-10-01..2017-03-31"),
        sa.Column("limit", sa.Double, nullable=False, comment="ug/m3 (CO mg/m3), percent or days"),
        sa.Column("base", sa.Double, comment="value that a cut is counted from"),
        sa.Column("parent", sa.BigInteger, comment="what this one was decomposed from"),
        sa.Column("source", sa.Text, nullable=False, server_default=""),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_target"),
        sa.ForeignKeyConstraint(["parent"], ["target.id"], name="fk_target_parent_target", ondelete="SET NULL"),
        sa.UniqueConstraint("place", "quantity", "period", name="uq_target_place"),
    )
    op.create_index("ix_target_place", "target", ["place"])
    op.create_table(
        "dust_event",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False, comment="first hour after the event"),
        sa.Column("state", sa.Text, nullable=False, comment="confirmed or rejected; a candidate has no row"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("id", name="pk_dust_event"),
        sa.CheckConstraint("state IN ('confirmed', 'rejected')", name="ck_dust_event_state"),
        sa.CheckConstraint('"end" > start', name="ck_dust_event_span"),
        sa.UniqueConstraint("place", "start", name="uq_dust_event_place"),
    )
    audit.watch(op.get_bind(), "target")
    audit.watch(op.get_bind(), "dust_event")
