"""The table of questions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

from lantian.kernel.database import metadata

question = sa.Table(
    "question",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("text", sa.Text, nullable=False, comment="with people covered"),
    sa.Column("region", sa.Text),
    sa.Column("shown", sa.Text, nullable=False, server_default="", comment="the question as it was published"),
    sa.Column("answer", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_by", sa.Text),
    sa.Column("published_at", sa.DateTime(timezone=True), comment="by the platform's clock; null: not published"),
    sa.Column("declined_at", sa.DateTime(timezone=True), comment="by the platform's clock; null: not declined"),
    sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why it was declined"),
    sa.Column("search", TSVECTOR, comment="words of question and answer"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.CheckConstraint("published_at is null or declined_at is null", name="decided"),
    sa.Index("ix_question_asked_at", "asked_at"),
    sa.Index("ix_question_published_at", "published_at"),
    sa.Index("ix_question_search", "search", postgresql_using="gin"),
)
