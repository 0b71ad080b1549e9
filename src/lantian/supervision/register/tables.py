"""Tables of the register: sites, campaigns, teams, rounds, targets, what people said of proposed rebounds."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel.database import metadata

site = sa.Table(
    "site",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False, index=True, comment="county or township"),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("lon", sa.Double),
    sa.Column("lat", sa.Double),
    sa.Column("industry", sa.Text, nullable=False, server_default=""),
    sa.Column("person", sa.Text, nullable=False, server_default="", comment="legal person or owner"),
    sa.Column("phone", sa.Text, nullable=False, server_default=""),
    sa.Column("credit_code", sa.Text, nullable=False, server_default=""),
    sa.Column("equipment", sa.Text, nullable=False, server_default=""),
    sa.Column("park", sa.Text, nullable=False, server_default=""),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    sa.Column("status_on", sa.Date, comment="since when the status holds"),
    sa.Column("since", sa.Date, comment="known to work from this day on"),
    sa.Column("tags", JSONB, nullable=False, server_default="{}", comment="why it is looked at, with weights"),
    sa.Column("blocks", ARRAY(sa.Text), nullable=False, server_default="{}", comment="computed; finds rebounds"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.CheckConstraint("status in ('active', 'banned', 'moved')", name="status"),
    sa.CheckConstraint("(lon is null) = (lat is null)", name="position"),
    sa.Index("ix_site_blocks", "blocks", postgresql_using="gin"),
    sa.Index("ix_site_status", "status", "id"),
)

inspection_campaign = sa.Table(
    "inspection_campaign",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("start", sa.Date, nullable=False),
    sa.Column("rounds", sa.Integer, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("stages", JSONB, nullable=False, server_default="[]", comment="[rounds, days] of each"),
    sa.Column("cities", ARRAY(sa.Text), nullable=False),
    sa.Column("seed", sa.Text, nullable=False, comment="decides ties in the assignment of teams"),
    sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
)

inspection_team = sa.Table(
    "inspection_team",
    metadata,
    sa.Column("campaign", sa.ForeignKey("inspection_campaign.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("home_region", sa.Text, nullable=False, comment="never inspects there"),
    sa.Column("people", sa.Integer, nullable=False),
)

inspection_round = sa.Table(
    "inspection_round",
    metadata,
    sa.Column("campaign", sa.ForeignKey("inspection_campaign.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("start", sa.Date, nullable=False),
    sa.Column("end", sa.Date, nullable=False),
    sa.Column("assignment", JSONB, nullable=False, comment="team -> city"),
    sa.Column("method", sa.Text, comment="of the draw; null: not drawn yet"),
    sa.Column("seed", sa.Text),
    sa.Column("n", sa.Integer),
    sa.Column("shares", sa.Text),
    sa.Column("candidates", sa.Integer, comment="how many were drawn from"),
    sa.Column("list_sha256", sa.Text, comment="of the list; the file lies under <home>/rounds"),
    sa.Column("notes", JSONB, nullable=False, server_default="[]", comment="[zh, en] of each"),
    sa.Column("drawn_at", sa.DateTime(timezone=True), comment="by the platform's clock"),
    sa.CheckConstraint("(drawn_at is null) = (seed is null)", name="drawn"),
)

round_target = sa.Table(
    "round_target",
    metadata,
    sa.Column("campaign", sa.Text, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("site", sa.ForeignKey("site.id"), primary_key=True),
    sa.Column("stratum", sa.Text, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("for_county", sa.Boolean, nullable=False),
    sa.Column("again", sa.Boolean, nullable=False),
    sa.Column("inspected_at", sa.DateTime(timezone=True), comment="by the platform's clock; null: not yet"),
    sa.Column("case_number", sa.Text, comment="the case that the inspection opened; null: nothing found"),
    sa.ForeignKeyConstraint(
        ["campaign", "round"], ["inspection_round.campaign", "inspection_round.number"], ondelete="CASCADE"
    ),
    sa.Index("ix_round_target_site", "site"),
)

rebound_review = sa.Table(
    "rebound_review",
    metadata,
    sa.Column("banned", sa.ForeignKey("site.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("other", sa.ForeignKey("site.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("score", sa.Double, nullable=False, comment="log-odds when it was decided"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.CheckConstraint("decision in ('same', 'other')", name="decision"),
)
