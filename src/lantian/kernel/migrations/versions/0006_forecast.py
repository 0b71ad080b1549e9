"""Runs of the forecast, corrections of the duty forecaster 会商 and their texts; who may read and correct."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel import audit

revision = "0006_forecast"
down_revision = "0005_assessment"

READ = ("admin", "analyst", "forecaster", "county", "inspector", "mayor", "citizen")
CORRECT = ("admin", "forecaster")


def upgrade() -> None:
    _runs()
    _duty()
    for name in ("forecast_run", "forecast_correction", "forecast_text"):
        audit.watch(op.get_bind(), name)
    held = sa.table("role_permission", sa.column("role"), sa.column("permission"))
    given = [(role, "forecast.read") for role in READ] + [(role, "forecast.correct") for role in CORRECT]
    # An office may have made roles of its own and dropped ours.
    known = set(op.get_bind().execute(sa.text("select code from role")).scalars())
    op.bulk_insert(held, [{"role": role, "permission": name} for role, name in given if role in known])


def _runs() -> None:
    op.create_table(
        "forecast_run",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("issue", sa.DateTime(timezone=True), nullable=False, comment="the moment that it forecasts from"),
        sa.Column("mode", sa.Text, nullable=False, comment="history, perfect (weather observed later) or weather"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False, comment="real time of the last beginning"),
        sa.Column("sources", ARRAY(sa.Text), nullable=False, server_default="{}", comment="in its products"),
        sa.Column("stages", JSONB, nullable=False, server_default="[]", comment="name, began, ended, note; real times"),
        sa.Column("models", JSONB, nullable=False, server_default="{}", comment="part -> version of what computed it"),
        sa.Column("folder", sa.Text, nullable=False, comment="under <home>/forecast/runs"),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0", comment="0: no products; grows"),
        sa.Column("known_at", sa.DateTime(timezone=True), comment="by the platform's clock; null: not finished"),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_forecast_run"),
        sa.CheckConstraint("mode IN ('history', 'perfect', 'weather')", name="ck_forecast_run_mode"),
        sa.CheckConstraint("status IN ('running', 'finished', 'failed')", name="ck_forecast_run_status"),
        sa.CheckConstraint("(revision > 0) = (known_at IS NOT NULL)", name="ck_forecast_run_known"),
        sa.UniqueConstraint("issue", "mode", name="uq_forecast_run_issue"),
    )


def _duty() -> None:
    op.create_table(
        "forecast_correction",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("run", sa.BigInteger, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("aqi_low", sa.SmallInteger, nullable=False),
        sa.Column("aqi_high", sa.SmallInteger, nullable=False),
        sa.Column("primary", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("id", name="pk_forecast_correction"),
        sa.ForeignKeyConstraint(
            ["run"], ["forecast_run.id"], name="fk_forecast_correction_run_forecast_run", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "0 <= aqi_low AND aqi_low <= aqi_high AND aqi_high <= 500", name="ck_forecast_correction_range"
        ),
        sa.Index("ix_forecast_correction_run", "run"),
        comment="never changed: a later word on the same day stands beside the earlier one",
    )
    op.create_table(
        "forecast_text",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("run", sa.BigInteger, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False, comment="false: a draft, for the forecasters only"),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("id", name="pk_forecast_text"),
        sa.ForeignKeyConstraint(
            ["run"], ["forecast_run.id"], name="fk_forecast_text_run_forecast_run", ondelete="CASCADE"
        ),
        sa.Index("ix_forecast_text_run", "run"),
        comment="never changed: the last published one stands on the page",
    )
