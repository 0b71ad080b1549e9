"""A forecast that is combined again keeps what was known of it before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026_forecast_states"
down_revision = "0025_shared_data"


def upgrade() -> None:
    op.add_column(
        "forecast_run",
        sa.Column("peers_until", sa.DateTime(timezone=True), comment="other models' files known then are counted in"),
    )
    op.add_column(
        "forecast_run",
        sa.Column(
            "earlier",
            JSONB,
            nullable=False,
            server_default="[]",
            comment="what was known before: revision, times, sources",
        ),
    )
