"""Instruments that send by HJ 212: the register, their packets and telemetry."""

revision = "0019_devices"
down_revision = "0018_feeds"


def upgrade() -> None:
    pass
