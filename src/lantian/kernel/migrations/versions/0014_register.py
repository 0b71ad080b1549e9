"""The register 检查对象: sites, campaigns of inspection with rounds and teams, who was drawn, reviews of rebounds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel import audit

revision = "0014_register"
down_revision = "0013_programme"

WATCHED = ("inspection_campaign", "inspection_team", "inspection_round", "round_target", "rebound_review")


def upgrade() -> None:
    _sites()
    _rounds()
    audit.watch(op.get_bind(), "site", redact=("blocks",))  # computed; they would only repeat the row
    for name in WATCHED:
        audit.watch(op.get_bind(), name)


def _sites() -> None:
    op.create_table(
        "site",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False, comment="county or township"),
        *(
            sa.Column(name, sa.Text, nullable=False, server_default="")
            for name in ("address", "industry", "phone", "credit_code", "equipment", "park")
        ),
        sa.Column("person", sa.Text, nullable=False, server_default="", comment="legal person or owner"),
        sa.Column("lon", sa.Double),
        sa.Column("lat", sa.Double),
        sa.Column("status", sa.Text, nullable=False, server_default="active"),
        sa.Column("status_on", sa.Date, comment="since when the status holds"),
        sa.Column("since", sa.Date, comment="known to work from this day on"),
        sa.Column("tags", JSONB, nullable=False, server_default="{}", comment="why it is looked at, with weights"),
        sa.Column("blocks", ARRAY(sa.Text), nullable=False, server_default="{}", comment="computed; finds rebounds"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.CheckConstraint("status in ('active', 'banned', 'moved')", name="ck_site_status"),
        sa.CheckConstraint("(lon is null) = (lat is null)", name="ck_site_position"),
        sa.Index("ix_site_blocks", "blocks", postgresql_using="gin"),
        sa.Index("ix_site_region", "region"),
        sa.Index("ix_site_status", "status", "id"),
        comment="enterprises, workshops, yards that may be inspected",
    )
    op.create_table(
        "rebound_review",
        sa.Column("banned", sa.Text, nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=False, comment="log-odds when it was decided"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("banned", "other", name="pk_rebound_review"),
        sa.ForeignKeyConstraint(["banned"], ["site.id"], name="fk_rebound_review_banned_site", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other"], ["site.id"], name="fk_rebound_review_other_site", ondelete="CASCADE"),
        sa.CheckConstraint("decision in ('same', 'other')", name="ck_rebound_review_decision"),
        comment="what a person said of a proposed rebound; nothing is merged",
    )


def _rounds() -> None:
    op.create_table(
        "inspection_campaign",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("stages", JSONB, nullable=False, server_default="[]", comment="[rounds, days] of each"),
        sa.Column("cities", ARRAY(sa.Text), nullable=False),
        sa.Column("seed", sa.Text, nullable=False, comment="decides ties in the assignment of teams"),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("name", name="pk_inspection_campaign"),
    )
    op.create_table(
        "inspection_team",
        sa.Column("campaign", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("home_region", sa.Text, nullable=False, comment="never inspects there"),
        sa.Column("people", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "id", name="pk_inspection_team"),
        sa.ForeignKeyConstraint(
            ["campaign"],
            ["inspection_campaign.name"],
            name="fk_inspection_team_campaign_inspection_campaign",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "inspection_round",
        sa.Column("campaign", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
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
        sa.PrimaryKeyConstraint("campaign", "number", name="pk_inspection_round"),
        sa.ForeignKeyConstraint(
            ["campaign"],
            ["inspection_campaign.name"],
            name="fk_inspection_round_campaign_inspection_campaign",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("(drawn_at is null) = (seed is null)", name="ck_inspection_round_drawn"),
    )
    op.create_table(
        "round_target",
        sa.Column("campaign", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("stratum", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("for_county", sa.Boolean, nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("inspected_at", sa.DateTime(timezone=True), comment="by the platform's clock; null: not yet"),
        sa.Column("case_number", sa.Text, comment="the case that the inspection opened; null: nothing found"),
        sa.PrimaryKeyConstraint("campaign", "round", "site", name="pk_round_target"),
        sa.ForeignKeyConstraint(["site"], ["site.id"], name="fk_round_target_site_site"),
        sa.ForeignKeyConstraint(
            ["campaign", "round"],
            ["inspection_round.campaign", "inspection_round.number"],
            name="fk_round_target_campaign_inspection_round",
            ondelete="CASCADE",
        ),
        sa.Index("ix_round_target_site", "site"),
    )
