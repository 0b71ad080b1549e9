"""Disclosure 信息公开: what makes duties, which were done, drafts and published documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel import audit

revision = "0011_disclosure"
down_revision = "0010_accountability"


def upgrade() -> None:
    op.create_table(
        "disclosure_event",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("happened_on", sa.Date, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("id", name="pk_disclosure_event"),
        sa.UniqueConstraint("kind", "region", "happened_on", name="uq_disclosure_event_kind"),
        comment="what makes duties of disclosure",
    )
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False, comment="name of the template"),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False, server_default=""),
        sa.Column("values", JSONB, nullable=False),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("duty", sa.Text, comment="kind of the duty that publishing it does"),
        sa.Column("duty_region", sa.Text),
        sa.Column("duty_trigger", sa.Date),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("published_by", sa.Text),
        sa.Column("published_at", sa.DateTime(timezone=True), comment="null: a draft"),
        sa.Column("sha256", sa.Text, nullable=False, comment="of the PDF"),
        sa.Column("docx_sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
        sa.Index("ix_document_made_at", "made_at"),
        comment="the files lie under <home>/documents by their hash",
    )
    op.create_table(
        "duty_done",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("trigger", sa.Date, nullable=False, comment="the day that names the duty"),
        sa.Column("done_on", sa.Date, nullable=False),
        sa.Column("document", sa.BigInteger),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("kind", "region", "trigger", name="pk_duty_done"),
        sa.ForeignKeyConstraint(["document"], ["document.id"], name="fk_duty_done_document_document"),
        comment="a later word on a duty replaces the earlier; the audit trail keeps both",
    )
    for name in ("disclosure_event", "document", "duty_done"):
        audit.watch(op.get_bind(), name)
