"""Regions, stations, groups, membership and outlines."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel import audit

revision = "0003_places"
down_revision = "0002_accounts"


def upgrade() -> None:
    op.create_table(
        "region",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False, server_default=""),
        sa.Column("kind", sa.Text, nullable=False, comment="follows from the code; kept for queries"),
        sa.Column("parent", sa.Text, comment="follows from the code; the parent itself need not be kept"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("code", name="pk_region"),
        sa.CheckConstraint("kind in ('province', 'city', 'county', 'township', 'zone')", name="ck_region_kind"),
    )
    op.create_index("ix_region_parent", "region", ["parent"])
    op.create_table(
        "station",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("elevation", sa.Double, comment="metres"),
        sa.Column("since", sa.Date, comment="first day of service"),
        sa.Column("until", sa.Date, comment="last day of service"),
        sa.Column(
            "evaluation",
            sa.Boolean,
            nullable=False,
            server_default="true",
            comment="counts for the city and county value",
        ),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("code", name="pk_station"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_station_region_region"),
        sa.CheckConstraint("kind in ('state', 'province', 'city', 'micro', 'site')", name="ck_station_kind"),
    )
    op.create_index("ix_station_region", "station", ["region"])
    op.create_table(
        "station_alias",
        sa.Column("alias", sa.Text, nullable=False, comment="a name that files use"),
        sa.Column("station", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("alias", name="pk_station_alias"),
        sa.ForeignKeyConstraint(
            ["station"], ["station.code"], name="fk_station_alias_station_station", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "place_group",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False, server_default=""),
        sa.Column("members", sa.ARRAY(sa.Text), nullable=False, comment="region codes in display order"),
        sa.PrimaryKeyConstraint("id", name="pk_place_group"),
    )
    op.create_table(
        "membership",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column(
            "stations",
            sa.ARRAY(sa.Text),
            nullable=False,
            comment="stations that count for the region, instead of those inside",
        ),
        sa.PrimaryKeyConstraint("region", name="pk_membership"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_membership_region_region", ondelete="CASCADE"),
    )
    op.create_table(
        "outline_set",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False, server_default=""),
        sa.Column("licence", sa.Text, nullable=False, server_default=""),
        sa.Column("approval_number", sa.Text, nullable=False, server_default="", comment="审图号; empty: a sketch"),
        sa.PrimaryKeyConstraint("id", name="pk_outline_set"),
    )
    op.create_table(
        "outline",
        sa.Column("outline_set", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("geometry", JSONB, nullable=False, comment="GeoJSON, WGS-84"),
        sa.PrimaryKeyConstraint("outline_set", "code", name="pk_outline"),
        sa.ForeignKeyConstraint(
            ["outline_set"], ["outline_set.id"], name="fk_outline_outline_set_outline_set", ondelete="CASCADE"
        ),
    )
    for table in ("region", "station", "station_alias", "place_group", "membership", "outline_set"):
        audit.watch(op.get_bind(), table)
