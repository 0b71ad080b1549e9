"""Complaints 举报: what was reported, its case and its answer; apart from it who reported it."""

import sqlalchemy as sa
from alembic import op

from lantian.kernel import audit

revision = "0015_complaints"
down_revision = "0014_register"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "complaint",
        sa.Column("id", sa.Text, nullable=False, comment="number of the hotline"),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("channel", sa.Text, nullable=False, server_default="", comment="telephone, web, letter"),
        sa.Column("text", sa.Text, nullable=False, comment="with people covered"),
        sa.Column("subject", sa.Text, nullable=False, server_default="", comment="who is complained of"),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("lon", sa.Double),
        sa.Column("lat", sa.Double),
        sa.Column("category", sa.Text, nullable=False, comment="work line, by the words of the text"),
        sa.Column("due", sa.Date, nullable=False, comment="last day of the answer"),
        sa.Column("provisional", sa.Boolean, nullable=False, server_default="false", comment="of the due day"),
        sa.Column("case_number", sa.Text, comment="the case that was opened or joined"),
        sa.Column("linked_by", sa.Text),
        sa.Column("linked_at", moment, comment="by the platform's clock"),
        sa.Column("answer", sa.Text, comment="as it was given to who complained"),
        sa.Column("answered_by", sa.Text),
        sa.Column("answered_at", moment, comment="by the platform's clock"),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("recorded_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_complaint"),
        sa.CheckConstraint("(lon is null) = (lat is null)", name="ck_complaint_position"),
        sa.CheckConstraint("(answer is null) = (answered_at is null)", name="ck_complaint_answered"),
        sa.CheckConstraint("(case_number is null) = (linked_at is null)", name="ck_complaint_linked"),
        sa.Index("ix_complaint_received_at", "received_at"),
        sa.Index("ix_complaint_case_number", "case_number"),
    )
    op.create_table(
        "complaint_contact",
        sa.Column("complaint", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("phone", sa.Text, nullable=False, server_default=""),
        sa.Column("original", sa.Text, nullable=False, comment="the text as it came"),
        sa.PrimaryKeyConstraint("complaint", name="pk_complaint_contact"),
        sa.ForeignKeyConstraint(["complaint"], ["complaint.id"], name="fk_complaint_contact_complaint_complaint"),
        comment="personal: shown to who assigns cases in the region, and to nobody else",
    )
    audit.watch(op.get_bind(), "complaint", redact=("answer",))
    audit.watch(op.get_bind(), "complaint_contact", redact=("name", "phone", "original"))
