"""Low-cost sensors and their calibrations; sources that are polled."""

revision = "0021_sensors"
down_revision = "0020_quality"


def upgrade() -> None:
    pass
