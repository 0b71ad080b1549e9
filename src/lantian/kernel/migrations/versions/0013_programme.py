"""The programme 工作方案 and the joint meeting 联席会议: versions of tasks, monthly reports, decisions, outcomes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel import audit

revision = "0013_programme"
down_revision = "0012_field"

TABLES = (
    *("programme", "programme_task", "programme_report"),
    *("meeting", "meeting_minutes", "meeting_decision", "meeting_outcome"),
)


def upgrade() -> None:
    _programme()
    _task()
    _report()
    _meeting()
    _minutes()
    _decision()
    _outcome()
    for name in TABLES:
        audit.watch(op.get_bind(), name)
        op.execute(
            f"create trigger only_added before update or delete on {name} "
            "for each row execute function lantian_only_added()"
        )


def _programme() -> None:
    op.create_table(
        "programme",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False, comment="name of the template of its items"),
        sa.Column("period", sa.Text, nullable=False, comment="written form: 2017AW"),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("code", name="pk_programme"),
        comment="programmes of work; never changed",
    )


def _task() -> None:
    op.create_table(
        "programme_task",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, comment="the highest one known at a moment holds"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False, server_default="", comment="of this version"),
        sa.Column("programme", sa.Text, nullable=False, comment="empty: outside of any programme"),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.Column("parent", sa.Text, comment="number of the task that it was handed down from"),
        sa.Column("steps", JSONB, nullable=False, server_default="[]", comment="text, due, share in percent as text"),
        sa.Column("enterprise", sa.Text, nullable=False, server_default=""),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False, server_default=""),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("withdrawn", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("number", "seq", name="pk_programme_task"),
        sa.CheckConstraint("quantity > 0", name="ck_programme_task_quantity"),
        sa.Index("ix_programme_task_at", "at"),
        comment="versions of tasks; never changed: a change is a further version",
    )


def _report() -> None:
    op.create_table(
        "programme_report",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("month", sa.Date, nullable=False, comment="its first day"),
        sa.Column("done", sa.Numeric, nullable=False, comment="since the task began"),
        sa.Column("evidence", ARRAY(sa.Text), nullable=False, server_default="{}", comment="SHA-256 of files"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column(
            "why", sa.Text, nullable=False, server_default="", comment="why less than before, or more than asked"
        ),
        sa.Column("reported_by", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("id", name="pk_programme_report"),
        sa.Index("ix_programme_report_task", "task", "month"),
        comment="monthly reports; never changed: a later one for the month corrects",
    )


def _meeting() -> None:
    op.create_table(
        "meeting",
        sa.Column("number", sa.Text, nullable=False, comment="2016-01: year and serial"),
        sa.Column("held_on", sa.Date, nullable=False),
        sa.Column("chair", sa.Text, nullable=False),
        sa.Column("attendees", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column(
            "items", JSONB, nullable=False, server_default="[]", comment="the agenda with its reasons, as it was"
        ),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("number", name="pk_meeting"),
        comment="joint meetings; never changed",
    )


def _minutes() -> None:
    op.create_table(
        "meeting_minutes",
        sa.Column("meeting", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, comment="the last one holds"),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("meeting", "seq", name="pk_meeting_minutes"),
        sa.ForeignKeyConstraint(["meeting"], ["meeting.number"], name="fk_meeting_minutes_meeting_meeting"),
        comment="minutes in their versions; never changed",
    )


def _decision() -> None:
    op.create_table(
        "meeting_decision",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("meeting", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False, comment="task assign extend joint"),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False, comment="of the unit that answers for it"),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("departments", ARRAY(sa.Text), nullable=False, server_default="{}", comment="of a joint enforcement"),
        sa.Column("due", sa.Date, nullable=False, comment="last day, or the day of the joint enforcement"),
        sa.Column("case_number", sa.Text, comment="the case that it is about"),
        sa.Column("task", sa.Text, comment="number of the task that it became"),
        sa.Column("event", sa.Integer, comment="the event of the case that it became"),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("id", name="pk_meeting_decision"),
        sa.ForeignKeyConstraint(["meeting"], ["meeting.number"], name="fk_meeting_decision_meeting_meeting"),
        sa.UniqueConstraint("meeting", "position", name="uq_meeting_decision_meeting"),
        sa.Index("ix_meeting_decision_case_number", "case_number"),
        comment="what a meeting decided; never changed",
    )


def _outcome() -> None:
    op.create_table(
        "meeting_outcome",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("decision", sa.BigInteger, nullable=False),
        sa.Column("done_on", sa.Date, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("evidence", ARRAY(sa.Text), nullable=False, server_default="{}", comment="SHA-256 of files"),
        sa.Column("said_by", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("id", name="pk_meeting_outcome"),
        sa.ForeignKeyConstraint(
            ["decision"], ["meeting_decision.id"], name="fk_meeting_outcome_decision_meeting_decision"
        ),
        sa.Index("ix_meeting_outcome_decision", "decision"),
        comment="a joint enforcement that was held; never changed",
    )
