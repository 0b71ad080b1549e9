"""Tables of accounts.

Secrets stand apart (`account_password`, `session`, `login_attempt`), so the audit trail never holds one.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from lantian.kernel.database import metadata

account = Table(
    "account",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("department", Text),
    Column("region", Text),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("example", Boolean, nullable=False, server_default="false"),
    Column("must_change_password", Boolean, nullable=False, server_default="false"),
    Column("password_changed_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("login = lower(login)", name="login_lower"),
)

account_password = Table(
    "account_password",
    metadata,
    Column("account_id", BigInteger, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False),
    comment="apart from account, so that no hash enters the audit trail",
)

role = Table(
    "role",
    metadata,
    Column("code", Text, primary_key=True),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("position", Integer, nullable=False),
)

role_permission = Table(
    "role_permission",
    metadata,
    Column("role", Text, ForeignKey("role.code", ondelete="CASCADE"), primary_key=True),
    Column("permission", Text, primary_key=True),
)

account_grant = Table(
    "account_grant",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("account_id", BigInteger, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, ForeignKey("role.code"), nullable=False),
    Column("department", Text, comment="null: every department"),
    Column("region", Text, comment="covers all below it; null: everywhere"),
    UniqueConstraint("account_id", "role", "department", "region", postgresql_nulls_not_distinct=True),
)

session = Table(
    "session",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", Text, nullable=False, server_default=""),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    CheckConstraint("kind IN ('session', 'api', 'key')", name="kind"),
    comment="real times, never the replay clock's",
)

login_attempt = Table(
    "login_attempt",
    metadata,
    Column("key", LargeBinary, primary_key=True, comment="SHA-256 of login and address"),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
)
