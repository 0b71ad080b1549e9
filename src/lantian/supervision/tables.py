"""Tables of cases 督办问题; the migration 0009 says in words what each column means."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel.database import metadata

LEDGER = (
    *("number", "state", "region", "owner_region", "owner_department", "category", "source", "round"),
    *("opened_on", "handed_on", "closed_on", "reopened", "owed", "failed", "public", "last_at"),
)
"""What counts, filters and orders need: kept in the index of days, so that they never touch the table."""

CLOSED = ("owner_region", "owner_department", "region", "category", "source", "state")
"""What cases that are over are counted by: few different rows, so that the index of a million is small."""

WORDS = "(((((number || ' ') || title) || ' ') || subject) || ' ') || address"
"""What a text is looked for in; `lantian_pairs` (0009) gives each two letters that stand side by side, which finds
parts of Chinese names by an index, with no extension of PostgreSQL."""

supervision_case = Table(
    "supervision_case",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("workflow", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("desk", Text, comment="whose move it is; null: the case is over"),
    Column("region", Text, nullable=False, comment="where it is"),
    Column("owner_region", Text, comment="who owes the rectification; null: nobody yet"),
    Column("owner_department", Text),
    Column("category", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default="", comment="enterprise, site or road"),
    Column("address", Text, nullable=False, server_default=""),
    Column("requirement", Text, nullable=False, server_default="", comment="what the owner must do"),
    Column("reference", Text, nullable=False, server_default="", comment="of the letter, complaint, alert, site"),
    Column("lon", Double),
    Column("lat", Double),
    Column("round", Text, comment="the round of inspection that found it"),
    Column("opened_on", Date, nullable=False),
    Column("handed_on", Date, comment="the day on which an owner was first named"),
    Column("due", Date, comment="last day of the present state; null: the case is over"),
    Column("provisional", Boolean, nullable=False, server_default="false", comment="of the due day"),
    Column("closed_on", Date),
    Column("failures", Integer, nullable=False, server_default="0", comment="checks not passed"),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("owed", Boolean, nullable=False, comment="rectification is owed at the moment"),
    Column("failed", Boolean, nullable=False, comment="sent back or opened again, and not closed"),
    Column("events", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("example", Boolean, nullable=False, server_default="false"),
    Column("public", Boolean, nullable=False, server_default="false", comment="shown without log-in"),
    CheckConstraint("(desk is null) = (due is null)", name="desk"),
    Index("ix_supervision_case_ledger", "due", "id", postgresql_include=LEDGER),
    Index("ix_supervision_case_region", "region", postgresql_ops={"region": "text_pattern_ops"}),
    Index("ix_supervision_case_owner_region", "owner_region", postgresql_ops={"owner_region": "text_pattern_ops"}),
    Index("ix_supervision_case_last_at", "last_at"),
    Index("ix_supervision_case_reference", "reference"),
    Index("ix_supervision_case_opened_on", "opened_on", "id"),
    Index("ix_supervision_case_closed", *CLOSED, postgresql_where=text("due is null")),
    Index("ix_supervision_case_pairs", text(f"lantian_pairs({WORDS})"), postgresql_using="gin"),
    comment="where each case stands, computed from its events; `lantian case rebuild` makes it anew",
)

case_event = Table(
    "case_event",
    metadata,
    Column("case_id", BigInteger, ForeignKey("supervision_case.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    Column("actor", Text, nullable=False),
    Column("region", Text, comment="of the unit that the actor acts for"),
    Column("department", Text),
    Column("kind", Text, nullable=False),
    Column("move", Text),
    Column("reason", Text, nullable=False, server_default=""),
    Column("data", JSONB, nullable=False, server_default="{}"),
    Column("evidence", ARRAY(Text), nullable=False, server_default="{}", comment="SHA-256 of files"),
    Index("ix_case_event_at", "at"),
    Index("ix_case_event_evidence", "evidence", postgresql_using="gin"),
    comment="never changed; all that is known of a case",
)

case_span = Table(
    "case_span",
    metadata,
    Column("case_id", BigInteger, ForeignKey("supervision_case.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, comment="the event that began it"),
    Column("state", Text, nullable=False),
    Column("owner_region", Text),
    Column("owner_department", Text),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), comment="null: still"),
    Column("due", Date),
    Column("owed", Boolean, nullable=False),
    Column("failed", Boolean, nullable=False, comment="sent back or opened again, and not closed"),
    Column("failures", Integer, nullable=False),
    Column("reopened", Integer, nullable=False),
    Index("ix_case_span_open", "until", postgresql_where=text("due is not null")),
    comment="what was true between two events, computed from them: counts as of any day",
)

evidence = Table(
    "evidence",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("taken_at", DateTime(timezone=True), comment="as the camera wrote it"),
    Column("lon", Double, comment="as the camera wrote it"),
    Column("lat", Double),
    Column("added_by", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    comment="the files lie under <home>/evidence by their hash",
)

field_submission = Table(
    "field_submission",
    metadata,
    Column("client_id", Text, primary_key=True, comment="made by the phone, so that what is sent twice is kept once"),
    Column("number", Text, nullable=False, comment="of the case"),
    Column("kind", Text, nullable=False, comment="finding or visit"),
    Column("received_at", DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    Column("account", Text, nullable=False),
    comment="what phones sent from the field",
)
