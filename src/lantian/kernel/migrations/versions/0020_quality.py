"""Flags, reviews and scores of falsification."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel import audit

revision = "0020_quality"
down_revision = "0019_devices"


def upgrade() -> None:
    _quality()
    _fraud()
    for name in ("quality_decision", "fraud_threshold"):
        audit.watch(op.get_bind(), name)


def _quality() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "quality_flag",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("place", sa.Text, nullable=False, comment="station or device"),
        sa.Column("kind", sa.Text, nullable=False, comment="of instrument, as checks.yaml names it"),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("check_name", sa.Text, nullable=False),
        sa.Column("time", moment, nullable=False, comment="the hour; of a day: its first hour"),
        sa.Column("value", sa.Double, comment="as it was when it was flagged"),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        sa.Column("figures", JSONB, nullable=False),
        sa.Column("raised_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("ended_at", moment, comment="by the platform's clock: since then a revision has cured it"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_flag"),
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
    op.create_table(
        "quality_run",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("first", moment, nullable=False, comment="hours judged, from"),
        sa.Column("until", moment, nullable=False, comment="hours judged, before"),
        sa.Column("ran_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("seen", moment, comment="segments written until then (real time) were looked at; null: not asked"),
        sa.Column("hours", sa.BigInteger, nullable=False, comment="place-hours judged"),
        sa.Column("raised", sa.Integer, nullable=False),
        sa.Column("ended", sa.Integer, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quality_run"),
    )
    op.create_table(
        "quality_decision",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("first", moment, nullable=False, comment="first hour"),
        sa.Column("last", moment, nullable=False, comment="last hour"),
        sa.Column("decision", sa.Text, nullable=False, comment="accept, reject or replace"),
        sa.Column("hours", JSONB, nullable=False, comment="time, before and after of each hour; null: no value"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("undone_by", sa.Text),
        sa.Column("undone_at", moment, comment="by the platform's clock; null: it stands"),
        sa.Column("undone_reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_quality_decision"),
        sa.CheckConstraint("decision in ('accept', 'reject', 'replace')", name="ck_quality_decision_decision"),
        sa.CheckConstraint("first <= last", name="ck_quality_decision_span"),
        sa.Index("ix_quality_decision_place", "place", "item", "first"),
    )


def _fraud() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "fraud_threshold",
        sa.Column("version", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False, comment="of instrument: state, micro, dust, cems"),
        sa.Column("made_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column(
            "first", sa.Date, nullable=False, comment="first day of the fleet's history that it was learned from"
        ),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("devices", sa.Integer, nullable=False),
        sa.Column("days", sa.Integer, nullable=False, comment="device-days"),
        sa.Column("rate", sa.Double, nullable=False, comment="stated false alarms per device-day"),
        sa.Column("learned", JSONB, nullable=False, comment="feature and item: quantiles and threshold"),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("example", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_fraud_threshold"),
        sa.Index("ix_fraud_threshold_kind", "kind", "made_at"),
    )
    op.create_table(
        "fraud_score",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("device", sa.Text, nullable=False, comment="number of the device, or code of the station"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False, comment="of Beijing"),
        sa.Column(
            "score", sa.Double, nullable=False, comment="0 to 100; 50: as rare as the stated rate of false alarms"
        ),
        sa.Column(
            "evidence", JSONB, nullable=False, comment="feature, item, figures, sentences of each, the strongest first"
        ),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("scored_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("replaced_at", moment, comment="by the platform's clock: since then a later score stands"),
        sa.Column("example", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fraud_score"),
        sa.ForeignKeyConstraint(
            ["version"], ["fraud_threshold.version"], name="fk_fraud_score_version_fraud_threshold"
        ),
        sa.Index(
            "uq_fraud_score_standing",
            "device",
            "day",
            unique=True,
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
        sa.Index("ix_fraud_score_day", "day", "score"),
    )
