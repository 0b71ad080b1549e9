"""Tables of the clock and the audit trail."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    SmallInteger,
    Table,
    Text,
)

from lantian.kernel.database import metadata

clock = Table(
    "clock",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("simulated", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("speed", Double, CheckConstraint("speed > 0 and speed < 'Infinity'", name="speed"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    comment="what time it is: the real one, or `at` plus `speed` times what passed since `set_at`",
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("clock_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("ix_audit_table_name_key", "table_name", "key"),
    Index("ix_audit_actor", "actor"),
    comment="written by triggers only; docs/kernel.md says how the hash is made",
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    comment="the last row of the trail, so that cutting off its end shows",
)
