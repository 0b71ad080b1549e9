"""Tables of accountability: evaluations with what a person decided, the ledger of money, measures, interviews."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel.database import metadata

evaluation = sa.Table(
    "accountability_evaluation",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("pack", sa.Text, nullable=False),
    sa.Column("edition", sa.Text, nullable=False),
    sa.Column("pack_text", sa.Text, nullable=False, comment="the pack's file as it was"),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("period", sa.Text, nullable=False, comment="written form: 2017AW"),
    sa.Column("facts", sa.Text, nullable=False, comment="JSON as text: its bytes count"),
    sa.Column("result", sa.Text, nullable=False, comment="JSON as text: its bytes count"),
    sa.Column("sha256", sa.Text, nullable=False, comment="of the result"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Index("ix_accountability_evaluation_made_at", "made_at"),
    comment="what a pack gave for facts; repeated from pack_text and facts it gives the same bytes",
)

decision = sa.Table(
    "accountability_decision",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column(
        "evaluation", sa.ForeignKey("accountability_evaluation.id", name="fk_accountability_decision"), nullable=False
    ),
    sa.Column("proposal", sa.Text, nullable=False, comment="key: region/action/post"),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.CheckConstraint("verdict IN ('agree', 'overturn')", name="verdict"),
    sa.CheckConstraint("btrim(reason) <> ''", name="reason"),
    sa.Index("ix_accountability_decision_evaluation", "evaluation", "proposal"),
    comment="a later decision stands beside the earlier one and is the one that holds",
)

ledger = sa.Table(
    "accountability_ledger",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False, comment="written form: 2016-11"),
    sa.Column("item", sa.Text, nullable=False, comment="of the schedule: completion, index, heavy_days"),
    sa.Column("amount", sa.Numeric(14, 2), nullable=False, comment="yuan; above 0 a reward, below 0 a deduction"),
    sa.Column("working", sa.Text, nullable=False, comment="how the amount comes about"),
    sa.Column("schedule", sa.Text, nullable=False, comment="name and edition of the schedule of amounts"),
    sa.Column(
        "corrects",
        sa.ForeignKey("accountability_ledger.id", name="fk_accountability_ledger"),
        unique=True,
        comment="the entry that this one takes back",
    ),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Index("ix_accountability_ledger_place", "place", "period"),
    comment="rewards and deductions; never changed, a correction is an entry of its own",
)

measure = sa.Table(
    "accountability_measure",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="the enterprise or site"),
    sa.Column("document", sa.Text, nullable=False, comment="number of the order or decision"),
    sa.Column("on", sa.Date, nullable=False, comment="day of the order; of a daily fine the order to correct served"),
    sa.Column("until", sa.Date, comment="last day of a restriction or sealing; null: until it is lifted"),
    sa.Column("amount", sa.Numeric(14, 2), comment="yuan, of a fine"),
    sa.Column("working", sa.Text, nullable=False, server_default="", comment="how the amount comes about"),
    sa.Column("case_number", sa.Text, comment="of the case that it follows"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.CheckConstraint("kind IN ('daily_fine', 'restriction', 'sealing', 'referral')", name="kind"),
    sa.Index("ix_accountability_measure_on", "on"),
    comment="daily fine, restriction of production, sealing, referral to the police",
)

interview = sa.Table(
    "accountability_interview",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False, comment="name or post of who was interviewed"),
    sa.Column("by", sa.Text, nullable=False, comment="who held it"),
    sa.Column("held_on", sa.Date, nullable=False),
    sa.Column("minutes", sa.Text, nullable=False),
    sa.Column("commitments", JSONB, nullable=False, server_default="[]", comment="owner, text, due"),
    sa.Column(
        "evaluation",
        sa.ForeignKey("accountability_evaluation.id", name="fk_accountability_interview"),
        comment="whose proposal it follows",
    ),
    sa.Column("proposal", sa.Text, comment="key of the proposal"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Index("ix_accountability_interview_held_on", "held_on"),
    comment="interviews 约谈 with what was promised",
)
