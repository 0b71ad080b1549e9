"""Who may see the emission inventory 源清单: the office, not the public, as it names enterprises."""

import sqlalchemy as sa
from alembic import op

revision = "0007_emissions"
down_revision = "0006_forecast"

READ = ("admin", "analyst", "forecaster", "county", "inspector", "mayor")


def upgrade() -> None:
    held = sa.table("role_permission", sa.column("role"), sa.column("permission"))
    # An office may have made roles of its own and dropped ours.
    known = set(op.get_bind().execute(sa.text("select code from role")).scalars())
    op.bulk_insert(held, [{"role": role, "permission": "emissions.read"} for role in READ if role in known])
