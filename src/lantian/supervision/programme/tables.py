"""Tables of the programme and the joint meeting; nothing in them is ever changed, later rows stand beside earlier."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel.database import metadata

programme = sa.Table(
    "programme",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("zh", sa.Text, nullable=False),
    sa.Column("en", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False, comment="name of the template of its items"),
    sa.Column("period", sa.Text, nullable=False, comment="written form: 2017AW"),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    comment="programmes of work; never changed",
)

task = sa.Table(
    "programme_task",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, comment="the highest one known at a moment holds"),
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
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.Index("ix_programme_task_at", "at"),
    comment="versions of tasks; never changed: a change is a further version",
)

report = sa.Table(
    "programme_report",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("month", sa.Date, nullable=False, comment="its first day"),
    sa.Column("done", sa.Numeric, nullable=False, comment="since the task began"),
    sa.Column("evidence", ARRAY(sa.Text), nullable=False, server_default="{}", comment="SHA-256 of files"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("why", sa.Text, nullable=False, server_default="", comment="why less than before, or more than asked"),
    sa.Column("reported_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Index("ix_programme_report_task", "task", "month"),
    comment="monthly reports; never changed: a later one for the month corrects",
)

meeting = sa.Table(
    "meeting",
    metadata,
    sa.Column("number", sa.Text, primary_key=True, comment="2016-01: year and serial"),
    sa.Column("held_on", sa.Date, nullable=False),
    sa.Column("chair", sa.Text, nullable=False),
    sa.Column("attendees", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("items", JSONB, nullable=False, server_default="[]", comment="the agenda with its reasons, as it was"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    comment="joint meetings; never changed",
)

minutes = sa.Table(
    "meeting_minutes",
    metadata,
    sa.Column("meeting", sa.Text, sa.ForeignKey("meeting.number"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, comment="the last one holds"),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    comment="minutes in their versions; never changed",
)

decision = sa.Table(
    "meeting_decision",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("meeting", sa.Text, sa.ForeignKey("meeting.number"), nullable=False),
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
    sa.UniqueConstraint("meeting", "position"),
    sa.Index("ix_meeting_decision_case_number", "case_number"),
    comment="what a meeting decided; never changed",
)

outcome = sa.Table(
    "meeting_outcome",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("decision", sa.BigInteger, sa.ForeignKey("meeting_decision.id"), nullable=False),
    sa.Column("done_on", sa.Date, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("evidence", ARRAY(sa.Text), nullable=False, server_default="{}", comment="SHA-256 of files"),
    sa.Column("said_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Index("ix_meeting_outcome_decision", "decision"),
    comment="a joint enforcement that was held; never changed",
)
