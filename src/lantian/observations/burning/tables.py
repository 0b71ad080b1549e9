"""Tables of burning: fires, the signals that belong to them, and what happened to each."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

fire = sa.Table(
    "fire",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("found_at", _MOMENT, nullable=False, comment="when it was first seen burning"),
    sa.Column("told_at", _MOMENT, nullable=False, comment="when the platform heard of it, by its clock"),
    sa.Column("source", sa.Text, nullable=False, comment="camera, satellite, report"),
    sa.Column("kind", sa.Text, nullable=False, comment="straw, garbage, leaves, other; empty: not said"),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False, comment="address of a picture, which is not kept here"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Index("ix_fire_told_at", "told_at"),
    comment="as it was found; how it stands is the fold over fire_event",
)

fire_signal = sa.Table(
    "fire_signal",
    metadata,
    sa.Column("sender", sa.Text, primary_key=True, comment="camera system or satellite"),
    sa.Column("id", sa.Text, primary_key=True, comment="its number there"),
    sa.Column("fire", sa.ForeignKey("fire.id", name="fk_fire_signal_fire_fire"), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", _MOMENT, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("confidence", sa.Text, nullable=False, comment="low, nominal, high"),
    sa.Column("frp", sa.Double, comment="fire radiative power, MW"),
    sa.Column("link", sa.Text, nullable=False),
    sa.Index("ix_fire_signal_fire", "fire"),
    sa.Index("ix_fire_signal_at", "at"),
)

fire_event = sa.Table(
    "fire_event",
    metadata,
    sa.Column("fire", sa.ForeignKey("fire.id", name="fk_fire_event_fire_fire"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("data", JSONB, nullable=False, server_default="{}"),
    sa.Index("ix_fire_event_at", "at"),
    comment="never changed; all that is known of a fire",
)
