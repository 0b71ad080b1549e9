"""Tables of disclosure: what happened, which duties were done, drafts and published documents."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel.database import metadata

disclosure_event = sa.Table(
    "disclosure_event",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("happened_on", sa.Date, nullable=False),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.UniqueConstraint("kind", "region", "happened_on"),
    comment="what makes duties of disclosure",
)

document = sa.Table(
    "document",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
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
    sa.Index("ix_document_made_at", "made_at"),
    comment="the files lie under <home>/documents by their hash",
)

duty_done = sa.Table(
    "duty_done",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("region", sa.Text, primary_key=True),
    sa.Column("trigger", sa.Date, primary_key=True, comment="the day that names the duty"),
    sa.Column("done_on", sa.Date, nullable=False),
    sa.Column("document", sa.ForeignKey("document.id", name="fk_duty_done_document_document")),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    comment="a later word on a duty replaces the earlier; the audit trail keeps both",
)
