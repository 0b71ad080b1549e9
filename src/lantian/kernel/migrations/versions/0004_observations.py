"""The manifest of observation segments, and what each import brought and refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from lantian.kernel.audit import watch

revision = "0004_observations"
down_revision = "0003_places"

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "observation_segment",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("resolution", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False, comment="month in Beijing, 2016-12"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("items", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False, comment="earliest stamp; a day: midnight UTC"),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False, comment="latest stamp"),
        sa.Column("known_first", sa.DateTime(timezone=True), nullable=False, comment="earliest known_at"),
        sa.Column("known_last", sa.DateTime(timezone=True), nullable=False, comment="latest known_at"),
        sa.Column("grades", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("repeats", sa.Boolean, nullable=False, comment="another row may speak of the same place and hour"),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("retired_at", sa.DateTime(timezone=True), comment="since then no new reader sees it"),
        sa.PrimaryKeyConstraint("id", name="pk_observation_segment"),
        comment="one row a Parquet file; its commit makes the file visible",
    )
    op.create_index(
        "ix_observation_segment_live",
        "observation_segment",
        ["resolution", "month"],
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "import_batch",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("mapping", sa.Text, nullable=False, comment="fingerprint of all that decides what the file means"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("new", sa.BigInteger, nullable=False),
        sa.Column("revised", sa.BigInteger, nullable=False),
        sa.Column("unchanged", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("notes", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("finished", sa.Boolean, nullable=False, comment="false: under way, or interrupted"),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
        comment="one row a file that was imported",
    )
    op.create_index("ix_import_batch_sha256", "import_batch", ["sha256"])
    op.create_table(
        "import_rejected",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("line", sa.Text, comment="line of a text from 1, sheet!row of a workbook; null: the whole file"),
        sa.Column("field", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_rejected"),
        sa.ForeignKeyConstraint(["batch"], ["import_batch.id"], name="fk_import_rejected_batch_import_batch"),
    )
    op.create_index("ix_import_rejected_batch", "import_rejected", ["batch"])
    # Refused rows are not watched: there may be very many, they are never changed, and their batch, which is watched,
    # counts them.
    for table in ("observation_segment", "import_batch"):
        watch(op.get_bind(), table)
