"""Which power of a line counts as running, learned from its past."""

import sqlalchemy as sa
from alembic import op

revision = "0023_water"
down_revision = "0022_works"


def upgrade() -> None:
    op.create_table(
        "power_threshold",
        sa.Column("line", sa.Text, nullable=False, comment="meter of the feed electricity_line"),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("kw", sa.Float, comment="the line runs above it; null: nobody can say yet"),
        sa.Column("idle", sa.Float, comment="mean power standing still, kW; null: one level only"),
        sa.Column("running", sa.Float, comment="mean power running, kW; null: one level only"),
        sa.Column("readings", sa.BigInteger, nullable=False, comment="from how many it was learned"),
        sa.Column("means", sa.Text, nullable=False, comment="groups, share, rated, asleep, unknown"),
        sa.PrimaryKeyConstraint("line", "learned_at", name="pk_power_threshold"),
    )
