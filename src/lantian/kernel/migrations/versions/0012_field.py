"""Field work 现场: what phones sent, so that what is sent twice is kept once; the cases of a file."""

import sqlalchemy as sa
from alembic import op

from lantian.kernel import audit

revision = "0012_field"
down_revision = "0011_disclosure"


def upgrade() -> None:
    op.create_table(
        "field_submission",
        sa.Column(
            "client_id", sa.Text, nullable=False, comment="made by the phone, so that what is sent twice is kept once"
        ),
        sa.Column("number", sa.Text, nullable=False, comment="of the case"),
        sa.Column("kind", sa.Text, nullable=False, comment="finding or visit"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("account", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_field_submission"),
        comment="what phones sent from the field",
    )
    audit.watch(op.get_bind(), "field_submission")
    op.create_index("ix_case_event_evidence", "case_event", ["evidence"], postgresql_using="gin")
