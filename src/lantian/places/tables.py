"""Tables of places.

All but the outlines themselves are audited: people edit them, and who counts where decides a ranking.
"""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Column, Date, Double, ForeignKey, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel.database import metadata

region = Table(
    "region",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False, comment="follows from the code; kept for queries"),
    Column("parent", Text, index=True, comment="follows from the code; the parent itself need not be kept"),
    Column("example", Boolean, nullable=False, server_default="false"),
    CheckConstraint("kind in ('province', 'city', 'county', 'township', 'zone')", name="kind"),
)

station = Table(
    "station",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("region", Text, ForeignKey("region.code"), nullable=False, index=True),
    Column("lon", Double, nullable=False),
    Column("lat", Double, nullable=False),
    Column("elevation", Double, comment="metres"),
    Column("since", Date, comment="first day of service"),
    Column("until", Date, comment="last day of service"),
    Column(
        "evaluation", Boolean, nullable=False, server_default="true", comment="counts for the city and county value"
    ),
    Column("example", Boolean, nullable=False, server_default="false"),
    CheckConstraint("kind in ('state', 'province', 'city', 'micro', 'site')", name="kind"),
)

station_alias = Table(
    "station_alias",
    metadata,
    Column("alias", Text, primary_key=True, comment="a name that files use"),
    Column("station", Text, ForeignKey("station.code", ondelete="CASCADE"), nullable=False),
)

place_group = Table(
    "place_group",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("members", ARRAY(Text), nullable=False, comment="region codes in display order"),
)

membership = Table(
    "membership",
    metadata,
    Column("region", Text, ForeignKey("region.code", ondelete="CASCADE"), primary_key=True),
    Column(
        "stations", ARRAY(Text), nullable=False, comment="stations that count for the region, instead of those inside"
    ),
)

outline_set = Table(
    "outline_set",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False, server_default=""),
    Column("licence", Text, nullable=False, server_default=""),
    Column("approval_number", Text, nullable=False, server_default="", comment="审图号; empty: a sketch"),
)

outline = Table(
    "outline",
    metadata,
    Column("outline_set", Text, ForeignKey("outline_set.id", ondelete="CASCADE"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("geometry", JSONB, nullable=False, comment="GeoJSON, WGS-84"),
)
