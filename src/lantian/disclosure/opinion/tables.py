"""Tables of public opinion: messages and stock answers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from lantian.kernel.database import metadata

opinion_message = sa.Table(
    "opinion_message",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="channel and its number there"),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("channel", sa.Text, nullable=False, server_default=""),
    sa.Column("text", sa.Text, nullable=False, comment="with people covered"),
    sa.Column("region", sa.Text, comment="as stated, else by the places that the text names"),
    sa.Column("topics", ARRAY(sa.Text), nullable=False, server_default="{}", comment="the likeliest first"),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Index("ix_opinion_message_received_at", "received_at"),
)

stock_answer = sa.Table(
    "stock_answer",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("edited_by", sa.Text, nullable=False),
    sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("retired_at", sa.DateTime(timezone=True), comment="by the platform's clock; null: in use"),
    sa.Column("search", TSVECTOR, comment="words of title and text"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Index("ix_stock_answer_search", "search", postgresql_using="gin"),
)
