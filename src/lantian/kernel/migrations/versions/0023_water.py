"""Water sections, waste manifests, dustfall and coverage."""

revision = "0023_water"
down_revision = "0022_works"


def upgrade() -> None:
    pass
