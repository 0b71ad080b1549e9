"""Tables of the low-cost sensors: register, what is known of each, calibrations, refused messages, strangers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

sensor = sa.Table(
    "sensor",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="third part of its topic; its device in the telemetry"),
    sa.Column("network", sa.Text, nullable=False, comment="second part of its topic"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False, server_default=""),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("station", sa.Text, comment="its calibrated hours go on as those of this station"),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("items", ARRAY(sa.Text), nullable=False, comment="what it measures beside temperature and humidity"),
    sa.Column("every", sa.Integer, nullable=False, comment="seconds between two values"),
    sa.Column("since", _MOMENT, nullable=False, comment="counts from then on"),
    sa.Column("until", _MOMENT, comment="given up then; null: in use"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.CheckConstraint("every > 0", name="every"),
    sa.Index("ix_sensor_network", "network"),
)

state = sa.Table(
    "sensor_state",
    metadata,
    sa.Column("sensor", sa.ForeignKey("sensor.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("heard_at", _MOMENT, nullable=False, comment="last message, by the platform's clock"),
    sa.Column("newest", _MOMENT, comment="newest time of a value"),
    sa.Column("messages", sa.BigInteger, nullable=False),
    sa.Column("says", sa.Text, nullable=False, server_default="", comment="online, offline or fault; empty: not said"),
    sa.Column("battery", sa.Double, comment="percent"),
    sa.Column("signal", sa.Double, comment="dBm"),
    sa.Column("firmware", sa.Text, nullable=False, server_default=""),
)

calibration = sa.Table(
    "sensor_calibration",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("sensor", sa.ForeignKey("sensor.id", ondelete="CASCADE"), nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, comment="counts from 1 for each sensor and item"),
    sa.Column("method", sa.Text, nullable=False, comment="beside: beside a reference; blind: against the network"),
    sa.Column("reference", sa.Text, nullable=False, comment="the station, or the network"),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("fitted", JSONB, nullable=False, comment="data range, coefficients, scores"),
    sa.Column("valid_from", _MOMENT, nullable=False, comment="holds for values from then on, until a later one"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.UniqueConstraint("sensor", "item", "version", name="uq_sensor_calibration_sensor"),
    sa.CheckConstraint("method in ('beside', 'blind')", name="method"),
)

refused = sa.Table(
    "sensor_refused",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("row", sa.Integer, nullable=False, comment="from 1; 0: the whole message"),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("zh", sa.Text, nullable=False),
    sa.Column("en", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False, comment="its first 2000 characters"),
    sa.Index("ix_sensor_refused_at", "at"),
)

stranger = sa.Table(
    "sensor_stranger",
    metadata,
    sa.Column("network", sa.Text, primary_key=True),
    sa.Column("sensor", sa.Text, primary_key=True),
    sa.Column("first_at", _MOMENT, nullable=False),
    sa.Column("last_at", _MOMENT, nullable=False),
    sa.Column("messages", sa.BigInteger, nullable=False),
    sa.Column("sample", sa.Text, nullable=False, comment="its first message"),
)
