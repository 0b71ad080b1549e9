"""Accounts, roles, grants and sessions; the queue of jobs and their progress."""

import sqlalchemy as sa
from alembic import op

from lantian.kernel.audit import watch
from lantian.kernel.jobs import schema

revision = "0002_accounts"
down_revision = "0001_kernel"

ROLES = (
    ("admin", "管理员", "Administrator"),
    ("analyst", "分析员", "Analyst"),
    ("forecaster", "值班预报员", "Duty forecaster"),
    ("county", "县区负责人", "County officer"),
    ("inspector", "督查员", "Inspector"),
    ("mayor", "分管副市长", "Vice mayor"),
    ("citizen", "公众", "Citizen"),
)

# What each role held at the beginning; from here on the table decides, and later migrations add only what is new in
# them.
PUBLIC = ("air.read", "ranking.read", "calc.use", "api.read")
OFFICE = (*PUBLIC, "targets.read", "episodes.read", "data.read")
HELD = {
    "admin": (
        *OFFICE,
        *("targets.edit", "episodes.confirm", "data.import", "places.edit", "clock.control"),
        *("jobs.read", "accounts.manage", "audit.read"),
    ),
    "analyst": (
        *OFFICE,
        "targets.edit",
        "episodes.confirm",
        "data.import",
        "places.edit",
        "clock.control",
        "jobs.read",
    ),
    "forecaster": (*OFFICE, "episodes.confirm", "clock.control", "jobs.read"),
    "county": OFFICE,
    "inspector": OFFICE,
    "mayor": (*OFFICE, "audit.read"),
    "citizen": PUBLIC,
}


def upgrade() -> None:
    _accounts()
    _sessions()
    _jobs()
    for position, (code, zh, en) in enumerate(ROLES):
        op.execute(
            sa.insert(sa.table("role", *map(sa.column, ("code", "zh", "en", "position")))).values(
                (code, zh, en, position)
            )
        )
    held = sa.table("role_permission", sa.column("role"), sa.column("permission"))
    op.bulk_insert(held, [{"role": role, "permission": name} for role, names in HELD.items() for name in names])
    for table in ("account", "account_grant", "role", "role_permission"):
        watch(op.get_bind(), table)


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("department", sa.Text),
        sa.Column("region", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("must_change_password", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("password_changed_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("login", name="uq_account_login"),
        sa.CheckConstraint("login = lower(login)", name="ck_account_login_lower"),
    )
    op.create_table(
        "account_password",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_password"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_account_password_account_id_account", ondelete="CASCADE"
        ),
        comment="apart from account, so that no hash enters the audit trail",
    )
    op.create_table(
        "role",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_role"),
    )
    op.create_table(
        "role_permission",
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("permission", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("role", "permission", name="pk_role_permission"),
        sa.ForeignKeyConstraint(["role"], ["role.code"], name="fk_role_permission_role_role", ondelete="CASCADE"),
    )
    op.create_table(
        "account_grant",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("department", sa.Text, comment="null: every department"),
        sa.Column("region", sa.Text, comment="covers all below it; null: everywhere"),
        sa.PrimaryKeyConstraint("id", name="pk_account_grant"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_account_grant_account_id_account", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role"], ["role.code"], name="fk_account_grant_role_role"),
        sa.UniqueConstraint(
            *("account_id", "role", "department", "region"),
            name="uq_account_grant_account_id",
            postgresql_nulls_not_distinct=True,
        ),
    )


def _sessions() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("token_sha256", name="uq_session_token_sha256"),
        sa.CheckConstraint("kind IN ('session', 'api', 'key')", name="ck_session_kind"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_session_account_id_account", ondelete="CASCADE"
        ),
        sa.Index("ix_session_account_id", "account_id"),
        comment="real times, never the replay clock's",
    )
    op.create_table(
        "login_attempt",
        sa.Column("key", sa.LargeBinary, nullable=False, comment="SHA-256 of login and address"),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_attempt"),
    )


def _jobs() -> None:
    schema.apply(op.get_bind())
    op.create_table(
        "job_progress",
        sa.Column("job_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("stage_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Double, nullable=False),
        sa.Column("total", sa.Double),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_progress"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["procrastinate_jobs.id"], name="fk_job_progress_job_id_procrastinate_jobs", ondelete="CASCADE"
        ),
        comment="real times, never the replay clock's",
    )
