"""Accountability 考核问责: evaluations and decisions, the ledger of rewards and deductions, measures, interviews."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel import audit

revision = "0010_accountability"
down_revision = "0009_supervision"

NEVER_CHANGED = ("accountability_evaluation", "accountability_decision", "accountability_ledger")


def upgrade() -> None:
    _evaluations()
    _decisions()
    _ledger()
    _measures()
    _interviews()
    for name in (*NEVER_CHANGED, "accountability_measure", "accountability_interview"):
        audit.watch(op.get_bind(), name)
    op.execute(
        "create function lantian_only_added() returns trigger language plpgsql as "
        "$$ begin raise exception '% is never changed: add a row', tg_table_name; end $$"
    )
    for name in NEVER_CHANGED:
        op.execute(
            f"create trigger only_added before update or delete on {name} "
            "for each row execute function lantian_only_added()"
        )


def _evaluations() -> None:
    op.create_table(
        "accountability_evaluation",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("pack_text", sa.Text, nullable=False, comment="the pack's file as it was"),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("period", sa.Text, nullable=False, comment="written form: 2017AW"),
        sa.Column("facts", sa.Text, nullable=False, comment="JSON as text: its bytes count"),
        sa.Column("result", sa.Text, nullable=False, comment="JSON as text: its bytes count"),
        sa.Column("sha256", sa.Text, nullable=False, comment="of the result"),
        *_entered("made"),
        sa.PrimaryKeyConstraint("id", name="pk_accountability_evaluation"),
        sa.Index("ix_accountability_evaluation_made_at", "made_at"),
        comment="what a pack gave for facts; repeated from pack_text and facts it gives the same bytes",
    )


def _decisions() -> None:
    op.create_table(
        "accountability_decision",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("evaluation", sa.BigInteger, nullable=False),
        sa.Column("proposal", sa.Text, nullable=False, comment="key: region/action/post"),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        *_entered("decided"),
        sa.PrimaryKeyConstraint("id", name="pk_accountability_decision"),
        sa.ForeignKeyConstraint(["evaluation"], ["accountability_evaluation.id"], name="fk_accountability_decision"),
        sa.CheckConstraint("verdict IN ('agree', 'overturn')", name="ck_accountability_decision_verdict"),
        sa.CheckConstraint("btrim(reason) <> ''", name="ck_accountability_decision_reason"),
        sa.Index("ix_accountability_decision_evaluation", "evaluation", "proposal"),
        comment="a later decision stands beside the earlier one and is the one that holds",
    )


def _ledger() -> None:
    op.create_table(
        "accountability_ledger",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False, comment="written form: 2016-11"),
        sa.Column("item", sa.Text, nullable=False, comment="of the schedule: completion, index, heavy_days"),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False, comment="yuan; above 0 a reward, below 0 a deduction"),
        sa.Column("working", sa.Text, nullable=False, comment="how the amount comes about"),
        sa.Column("schedule", sa.Text, nullable=False, comment="name and edition of the schedule of amounts"),
        sa.Column("corrects", sa.BigInteger, comment="the entry that this one takes back"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        *_entered("entered"),
        sa.PrimaryKeyConstraint("id", name="pk_accountability_ledger"),
        sa.ForeignKeyConstraint(["corrects"], ["accountability_ledger.id"], name="fk_accountability_ledger"),
        sa.UniqueConstraint("corrects", name="uq_accountability_ledger_corrects"),
        sa.Index("ix_accountability_ledger_place", "place", "period"),
        comment="rewards and deductions; never changed, a correction is an entry of its own",
    )


def _measures() -> None:
    op.create_table(
        "accountability_measure",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, comment="the enterprise or site"),
        sa.Column("document", sa.Text, nullable=False, comment="number of the order or decision"),
        sa.Column(
            "on", sa.Date, nullable=False, comment="day of the order; of a daily fine the order to correct served"
        ),
        sa.Column("until", sa.Date, comment="last day of a restriction or sealing; null: until it is lifted"),
        sa.Column("amount", sa.Numeric(14, 2), comment="yuan, of a fine"),
        sa.Column("working", sa.Text, nullable=False, server_default="", comment="how the amount comes about"),
        sa.Column("case_number", sa.Text, comment="of the case that it follows"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        *_entered("entered"),
        sa.PrimaryKeyConstraint("id", name="pk_accountability_measure"),
        sa.CheckConstraint(
            "kind IN ('daily_fine', 'restriction', 'sealing', 'referral')", name="ck_accountability_measure_kind"
        ),
        sa.Index("ix_accountability_measure_on", "on"),
        comment="daily fine, restriction of production, sealing, referral to the police",
    )


def _interviews() -> None:
    op.create_table(
        "accountability_interview",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False, comment="name or post of who was interviewed"),
        sa.Column("by", sa.Text, nullable=False, comment="who held it"),
        sa.Column("held_on", sa.Date, nullable=False),
        sa.Column("minutes", sa.Text, nullable=False),
        sa.Column("commitments", JSONB, nullable=False, server_default="[]", comment="owner, text, due"),
        sa.Column("evaluation", sa.BigInteger, comment="whose proposal it follows"),
        sa.Column("proposal", sa.Text, comment="key of the proposal"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        *_entered("entered"),
        sa.PrimaryKeyConstraint("id", name="pk_accountability_interview"),
        sa.ForeignKeyConstraint(["evaluation"], ["accountability_evaluation.id"], name="fk_accountability_interview"),
        sa.Index("ix_accountability_interview_held_on", "held_on"),
        comment="interviews 约谈 with what was promised",
    )


def _entered(word: str) -> "tuple[sa.Column[Any], sa.Column[Any]]":
    return (
        sa.Column(f"{word}_by", sa.Text, nullable=False),
        sa.Column(f"{word}_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    )
