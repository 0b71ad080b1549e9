"""Flags, reviews and scores of falsification."""

revision = "0020_quality"
down_revision = "0019_devices"


def upgrade() -> None:
    pass
