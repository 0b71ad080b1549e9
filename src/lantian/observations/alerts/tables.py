"""Table of the alerts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="device, site, feed, vehicle, manifest"),
    sa.Column("key", sa.Text, nullable=False, comment="with kind and subject: the same alert"),
    sa.Column("name", sa.Text, nullable=False, comment="of the subject, as people call it"),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("department", sa.Text, nullable=False, comment="who should act"),
    sa.Column("at", _MOMENT, nullable=False, comment="when what it tells of began"),
    sa.Column("raised_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("ended_at", _MOMENT, comment="by the platform's clock; null: it lasts"),
    sa.Column("zh", sa.Text, nullable=False),
    sa.Column("en", sa.Text, nullable=False),
    sa.Column("figures", JSONB, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("category", sa.Text, comment="work line of the case that it becomes by itself; null: a person decides"),
    sa.Column("lon", sa.Float),
    sa.Column("lat", sa.Float),
    sa.Column("case_number", sa.Text, comment="the case that it became"),
    sa.Column("dismissed_by", sa.Text),
    sa.Column("dismissed_at", _MOMENT, comment="by the platform's clock"),
    sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why it was dismissed"),
    sa.Column("example", sa.Boolean, nullable=False),
    sa.UniqueConstraint("kind", "subject", "key", name="uq_alert_kind"),
    sa.Index("ix_alert_raised_at", "raised_at"),
    sa.Index("ix_alert_subject", "subject"),
)
