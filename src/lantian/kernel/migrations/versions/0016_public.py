"""What the public asks and says: questions with answers, messages about public opinion, stock answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from lantian.kernel import audit

revision = "0016_public"
down_revision = "0015_complaints"


def upgrade() -> None:
    _questions()
    _opinion()
    audit.watch(op.get_bind(), "question", redact=("search",))  # computed
    audit.watch(op.get_bind(), "opinion_message", redact=("text",))  # many, long, and never changed
    audit.watch(op.get_bind(), "stock_answer", redact=("search",))


def _questions() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "question",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("asked_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("text", sa.Text, nullable=False, comment="with people covered"),
        sa.Column("region", sa.Text),
        sa.Column("shown", sa.Text, nullable=False, server_default="", comment="the question as it was published"),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        sa.Column("decided_by", sa.Text),
        sa.Column("published_at", moment, comment="by the platform's clock; null: not published"),
        sa.Column("declined_at", moment, comment="by the platform's clock; null: not declined"),
        sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why it was declined"),
        sa.Column("search", TSVECTOR, comment="words of question and answer"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
        sa.CheckConstraint("published_at is null or declined_at is null", name="ck_question_decided"),
        sa.Index("ix_question_asked_at", "asked_at"),
        sa.Index("ix_question_published_at", "published_at"),
        sa.Index("ix_question_search", "search", postgresql_using="gin"),
    )


def _opinion() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "opinion_message",
        sa.Column("id", sa.Text, nullable=False, comment="channel and its number there"),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("channel", sa.Text, nullable=False, server_default=""),
        sa.Column("text", sa.Text, nullable=False, comment="with people covered"),
        sa.Column("region", sa.Text, comment="as stated, else by the places that the text names"),
        sa.Column("topics", ARRAY(sa.Text), nullable=False, server_default="{}", comment="the likeliest first"),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("recorded_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_opinion_message"),
        sa.Index("ix_opinion_message_received_at", "received_at"),
    )
    op.create_table(
        "stock_answer",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("edited_by", sa.Text, nullable=False),
        sa.Column("edited_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("retired_at", moment, comment="by the platform's clock; null: in use"),
        sa.Column("search", TSVECTOR, comment="words of title and text"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_stock_answer"),
        sa.Index("ix_stock_answer_search", "search", postgresql_using="gin"),
    )
