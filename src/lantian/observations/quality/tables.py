"""Tables of quality control: flags, the runs that raised and ended them, and what people decided."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

quality_flag = sa.Table(
    "quality_flag",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("place", sa.Text, nullable=False, comment="station or device"),
    sa.Column("kind", sa.Text, nullable=False, comment="of instrument, as checks.yaml names it"),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("check_name", sa.Text, nullable=False),
    sa.Column("time", _MOMENT, nullable=False, comment="the hour; of a day: its first hour"),
    sa.Column("value", sa.Double, comment="as it was when it was flagged"),
    sa.Column("zh", sa.Text, nullable=False),
    sa.Column("en", sa.Text, nullable=False),
    sa.Column("figures", JSONB, nullable=False),
    sa.Column("raised_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("ended_at", _MOMENT, comment="by the platform's clock: since then a revision has cured it"),
    sa.Index(
        "uq_quality_flag_standing",
        "place",
        "item",
        "check_name",
        "time",
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    sa.Index("ix_quality_flag_time", "time"),
)

quality_run = sa.Table(
    "quality_run",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("first", _MOMENT, nullable=False, comment="hours judged, from"),
    sa.Column("until", _MOMENT, nullable=False, comment="hours judged, before"),
    sa.Column("ran_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("seen", _MOMENT, comment="segments written until then (real time) were looked at; null: not asked"),
    sa.Column("hours", sa.BigInteger, nullable=False, comment="place-hours judged"),
    sa.Column("raised", sa.Integer, nullable=False),
    sa.Column("ended", sa.Integer, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
)

quality_decision = sa.Table(
    "quality_decision",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("first", _MOMENT, nullable=False, comment="first hour"),
    sa.Column("last", _MOMENT, nullable=False, comment="last hour"),
    sa.Column("decision", sa.Text, nullable=False, comment="accept, reject or replace"),
    sa.Column("hours", JSONB, nullable=False, comment="time, before and after of each hour; null: no value"),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("undone_by", sa.Text),
    sa.Column("undone_at", _MOMENT, comment="by the platform's clock; null: it stands"),
    sa.Column("undone_reason", sa.Text),
    sa.CheckConstraint("decision in ('accept', 'reject', 'replace')", name="decision"),
    sa.CheckConstraint("first <= last", name="span"),
    sa.Index("ix_quality_decision_place", "place", "item", "first"),
)
