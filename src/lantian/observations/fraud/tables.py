"""Tables of falsification screening: thresholds by version, and the score of each device's day."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

fraud_threshold = sa.Table(
    "fraud_threshold",
    metadata,
    sa.Column("version", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False, comment="of instrument: state, micro, dust, cems"),
    sa.Column("made_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("first", sa.Date, nullable=False, comment="first day of the fleet's history that it was learned from"),
    sa.Column("last", sa.Date, nullable=False),
    sa.Column("devices", sa.Integer, nullable=False),
    sa.Column("days", sa.Integer, nullable=False, comment="device-days"),
    sa.Column("rate", sa.Double, nullable=False, comment="stated false alarms per device-day"),
    sa.Column("learned", JSONB, nullable=False, comment="feature and item: quantiles and threshold"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("example", sa.Boolean, nullable=False),
    sa.Index("ix_fraud_threshold_kind", "kind", "made_at"),
)

fraud_score = sa.Table(
    "fraud_score",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("device", sa.Text, nullable=False, comment="number of the device, or code of the station"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False, comment="of Beijing"),
    sa.Column("score", sa.Double, nullable=False, comment="0 to 100; 50: as rare as the stated rate of false alarms"),
    sa.Column(
        "evidence", JSONB, nullable=False, comment="feature, item, figures, sentences of each, the strongest first"
    ),
    sa.Column("version", sa.ForeignKey("fraud_threshold.version"), nullable=False),
    sa.Column("scored_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("replaced_at", _MOMENT, comment="by the platform's clock: since then a later score stands"),
    sa.Column("example", sa.Boolean, nullable=False),
    sa.Index(
        "uq_fraud_score_standing",
        "device",
        "day",
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    ),
    sa.Index("ix_fraud_score_day", "day", "score"),
)
