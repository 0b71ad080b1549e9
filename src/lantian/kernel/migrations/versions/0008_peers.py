"""Other models' forecasts beside ours 同行模式."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from lantian.kernel import audit

revision = "0008_peers"
down_revision = "0007_emissions"


def upgrade() -> None:
    op.create_table(
        "forecast_peer",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False, comment="the source that it is called by in tables"),
        sa.Column("issue", sa.DateTime(timezone=True), nullable=False, comment="the moment that it forecasts from"),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("kind", sa.Text, nullable=False, comment="cmaq, wrfchem or cams"),
        sa.Column("files", ARRAY(sa.Text), nullable=False, comment="names of the files that it was read from"),
        sa.Column("places", sa.Integer, nullable=False, comment="stations and cities that it says something of"),
        sa.Column(
            "notes", ARRAY(sa.Text), nullable=False, server_default="{}", comment="what was assumed of the files"
        ),
        sa.Column("folder", sa.Text, nullable=False, comment="under <home>/forecast/peers"),
        sa.PrimaryKeyConstraint("id", name="pk_forecast_peer"),
        sa.Index("ix_forecast_peer_issue", "issue"),
        comment="other models' forecasts; never changed: one added again counts instead of the earlier one",
    )
    audit.watch(op.get_bind(), "forecast_peer")
