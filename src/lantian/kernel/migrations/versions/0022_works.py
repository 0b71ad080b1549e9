"""Construction sites, vehicles and open burning."""

revision = "0022_works"
down_revision = "0021_sensors"


def upgrade() -> None:
    pass
