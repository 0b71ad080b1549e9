"""Feeds: records, their batches, grants and access."""

revision = "0018_feeds"
down_revision = "0017_measuring"


def upgrade() -> None:
    pass
