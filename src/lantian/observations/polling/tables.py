"""Tables of polling: how each source stands, and its attempts."""

from __future__ import annotations

import sqlalchemy as sa

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

state = sa.Table(
    "poll_state",
    metadata,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False, comment="of the definition; when it changes all below begins anew"),
    sa.Column("tried_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("good_at", _MOMENT, comment="last answer that could be used"),
    sa.Column("next_at", _MOMENT, nullable=False, comment="not asked before"),
    sa.Column("failures", sa.Integer, nullable=False, comment="one after the other; 0: the last went well"),
    sa.Column("error", sa.Text, nullable=False, comment="of the last attempt; empty: it went well"),
    sa.Column("etag", sa.Text, nullable=False, server_default=""),
    sa.Column("modified", sa.Text, nullable=False, server_default="", comment="Last-Modified"),
)

attempt = sa.Table(
    "poll_attempt",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("status", sa.Integer, comment="of HTTP; null: there was no answer"),
    sa.Column("took_ms", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("rows", "new", "revised", "rejected")),
    sa.Column("error", sa.Text, nullable=False),
    sa.Index("ix_poll_attempt_feed", "feed", "id"),
)
