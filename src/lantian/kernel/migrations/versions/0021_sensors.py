"""Low-cost sensors and their calibrations; sources that are polled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel import audit

revision = "0021_sensors"
down_revision = "0020_quality"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _sensor()
    _sensor_state()
    _sensor_calibration()
    _sensor_refused()
    _sensor_stranger()
    _poll_state()
    _poll_attempt()
    for name in ("sensor", "sensor_calibration"):
        audit.watch(op.get_bind(), name)


def _sensor() -> None:
    op.create_table(
        "sensor",
        sa.Column("id", sa.Text, nullable=False, comment="third part of its topic; its device in the telemetry"),
        sa.Column("network", sa.Text, nullable=False, comment="second part of its topic"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False, server_default=""),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("station", sa.Text, comment="its calibrated hours go on as those of this station"),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("items", ARRAY(sa.Text), nullable=False, comment="what it measures beside temperature and humidity"),
        sa.Column("every", sa.Integer, nullable=False, comment="seconds between two values"),
        sa.Column("since", MOMENT, nullable=False, comment="counts from then on"),
        sa.Column("until", MOMENT, comment="given up then; null: in use"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_sensor"),
        sa.CheckConstraint("every > 0", name="ck_sensor_every"),
        sa.Index("ix_sensor_network", "network"),
    )


def _sensor_state() -> None:
    op.create_table(
        "sensor_state",
        sa.Column("sensor", sa.Text, nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False, comment="last message, by the platform's clock"),
        sa.Column("newest", MOMENT, comment="newest time of a value"),
        sa.Column("messages", sa.BigInteger, nullable=False),
        sa.Column(
            "says", sa.Text, nullable=False, server_default="", comment="online, offline or fault; empty: not said"
        ),
        sa.Column("battery", sa.Double, comment="percent"),
        sa.Column("signal", sa.Double, comment="dBm"),
        sa.Column("firmware", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("sensor", name="pk_sensor_state"),
        sa.ForeignKeyConstraint(["sensor"], ["sensor.id"], name="fk_sensor_state_sensor_sensor", ondelete="CASCADE"),
    )


def _sensor_calibration() -> None:
    op.create_table(
        "sensor_calibration",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("sensor", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, comment="counts from 1 for each sensor and item"),
        sa.Column("method", sa.Text, nullable=False, comment="beside: beside a reference; blind: against the network"),
        sa.Column("reference", sa.Text, nullable=False, comment="the station, or the network"),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("fitted", JSONB, nullable=False, comment="data range, coefficients, scores"),
        sa.Column("valid_from", MOMENT, nullable=False, comment="holds for values from then on, until a later one"),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False, comment="by the platform's clock"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_sensor_calibration"),
        sa.CheckConstraint("method in ('beside', 'blind')", name="ck_sensor_calibration_method"),
        sa.ForeignKeyConstraint(
            ["sensor"], ["sensor.id"], name="fk_sensor_calibration_sensor_sensor", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("sensor", "item", "version", name="uq_sensor_calibration_sensor"),
    )


def _sensor_refused() -> None:
    op.create_table(
        "sensor_refused",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("at", MOMENT, nullable=False, comment="by the platform's clock"),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("row", sa.Integer, nullable=False, comment="from 1; 0: the whole message"),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False, comment="its first 2000 characters"),
        sa.PrimaryKeyConstraint("id", name="pk_sensor_refused"),
        sa.Index("ix_sensor_refused_at", "at"),
    )


def _sensor_stranger() -> None:
    op.create_table(
        "sensor_stranger",
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("sensor", sa.Text, nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("messages", sa.BigInteger, nullable=False),
        sa.Column("sample", sa.Text, nullable=False, comment="its first message"),
        sa.PrimaryKeyConstraint("network", "sensor", name="pk_sensor_stranger"),
    )


def _poll_state() -> None:
    op.create_table(
        "poll_state",
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False, comment="of the definition; when it changes all below begins anew"),
        sa.Column("tried_at", MOMENT, nullable=False, comment="by the platform's clock"),
        sa.Column("good_at", MOMENT, comment="last answer that could be used"),
        sa.Column("next_at", MOMENT, nullable=False, comment="not asked before"),
        sa.Column("failures", sa.Integer, nullable=False, comment="one after the other; 0: the last went well"),
        sa.Column("error", sa.Text, nullable=False, comment="of the last attempt; empty: it went well"),
        sa.Column("etag", sa.Text, nullable=False, server_default=""),
        sa.Column("modified", sa.Text, nullable=False, server_default="", comment="Last-Modified"),
        sa.PrimaryKeyConstraint("feed", name="pk_poll_state"),
    )


def _poll_attempt() -> None:
    op.create_table(
        "poll_attempt",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False, comment="by the platform's clock"),
        sa.Column("status", sa.Integer, comment="of HTTP; null: there was no answer"),
        sa.Column("took_ms", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("new", sa.BigInteger, nullable=False),
        sa.Column("revised", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_poll_attempt"),
        sa.Index("ix_poll_attempt_feed", "feed", "id"),
    )
