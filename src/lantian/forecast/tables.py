"""Tables of the forecast: its runs, what the duty forecaster corrected 会商, and the texts that went out with them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel.database import metadata

run = sa.Table(
    "forecast_run",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
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
    sa.Column("peers_until", sa.DateTime(timezone=True), comment="other models' files known then are counted in"),
    sa.Column(
        "earlier", JSONB, nullable=False, server_default="[]", comment="what was known before: revision, times, sources"
    ),
    sa.Column("error", sa.Text),
    sa.CheckConstraint("mode IN ('history', 'perfect', 'weather')", name="mode"),
    sa.CheckConstraint("status IN ('running', 'finished', 'failed')", name="status"),
    sa.CheckConstraint("(revision > 0) = (known_at IS NOT NULL)", name="known"),
    sa.UniqueConstraint("issue", "mode"),
)

correction = sa.Table(
    "forecast_correction",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("run", sa.ForeignKey("forecast_run.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("aqi_low", sa.SmallInteger, nullable=False),
    sa.Column("aqi_high", sa.SmallInteger, nullable=False),
    sa.Column("primary", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.CheckConstraint("0 <= aqi_low AND aqi_low <= aqi_high AND aqi_high <= 500", name="range"),
    comment="never changed: a later word on the same day stands beside the earlier one",
)

text = sa.Table(
    "forecast_text",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("run", sa.ForeignKey("forecast_run.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("published", sa.Boolean, nullable=False, comment="false: a draft, for the forecasters only"),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    comment="never changed: the last published one stands on the page",
)

peer = sa.Table(
    "forecast_peer",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, comment="the source that it is called by in tables"),
    sa.Column("issue", sa.DateTime(timezone=True), nullable=False, comment="the moment that it forecasts from"),
    sa.Column("known_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("kind", sa.Text, nullable=False, comment="cmaq, wrfchem or cams"),
    sa.Column("files", ARRAY(sa.Text), nullable=False, comment="names of the files that it was read from"),
    sa.Column("places", sa.Integer, nullable=False, comment="stations and cities that it says something of"),
    sa.Column("notes", ARRAY(sa.Text), nullable=False, server_default="{}", comment="what was assumed of the files"),
    sa.Column("folder", sa.Text, nullable=False, comment="under <home>/forecast/peers"),
    sa.Index("ix_forecast_peer_issue", "issue"),
    comment="other models' forecasts; never changed: one added again counts instead of the earlier one",
)
