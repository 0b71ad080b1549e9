"""Open burning: fires, their signals and what happened to each. Sites and vehicles are feeds and need no tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel import audit

revision = "0022_works"
down_revision = "0021_sensors"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "fire",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("found_at", moment, nullable=False, comment="when it was first seen burning"),
        sa.Column("told_at", moment, nullable=False, comment="when the platform heard of it, by its clock"),
        sa.Column("source", sa.Text, nullable=False, comment="camera, satellite, report"),
        sa.Column("kind", sa.Text, nullable=False, comment="straw, garbage, leaves, other; empty: not said"),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False, comment="address of a picture, which is not kept here"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_fire"),
        sa.Index("ix_fire_told_at", "told_at"),
        comment="as it was found; how it stands is the fold over fire_event",
    )
    op.create_table(
        "fire_signal",
        sa.Column("sender", sa.Text, nullable=False, comment="camera system or satellite"),
        sa.Column("id", sa.Text, nullable=False, comment="its number there"),
        sa.Column("fire", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("confidence", sa.Text, nullable=False, comment="low, nominal, high"),
        sa.Column("frp", sa.Double, comment="fire radiative power, MW"),
        sa.Column("link", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sender", "id", name="pk_fire_signal"),
        sa.ForeignKeyConstraint(["fire"], ["fire.id"], name="fk_fire_signal_fire_fire"),
        sa.Index("ix_fire_signal_fire", "fire"),
        sa.Index("ix_fire_signal_at", "at"),
    )
    op.create_table(
        "fire_event",
        sa.Column("fire", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("data", JSONB, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("fire", "seq", name="pk_fire_event"),
        sa.ForeignKeyConstraint(["fire"], ["fire.id"], name="fk_fire_event_fire_fire"),
        sa.Index("ix_fire_event_at", "at"),
        comment="never changed; all that is known of a fire",
    )
    for name in ("fire", "fire_signal", "fire_event"):
        audit.watch(op.get_bind(), name)
