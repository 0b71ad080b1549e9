"""Alerts that measurements raise; the roles and permissions of measuring."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from lantian.kernel import audit

revision = "0017_measuring"
down_revision = "0016_public"

ROLES = (("warden", "网格员", "Grid warden"), ("police", "交警", "Traffic police"))
_PUBLIC = ("air.read", "ranking.read", "calc.use", "api.read", "forecast.read")
_SEE = ("alerts.read", "feeds.read", "devices.read")
GIVEN = {
    "admin": (
        *_SEE,
        *("alerts.decide", "feeds.manage", "devices.manage", "quality.review", "burning.handle", "plates.read"),
    ),
    "analyst": (*_SEE, "alerts.decide", "feeds.manage", "devices.manage", "quality.review"),
    "forecaster": _SEE,
    "county": (*_SEE, "alerts.decide", "burning.handle"),
    "department": (*_SEE, "feeds.manage", "data.import"),
    "inspector": _SEE,
    "office": (*_SEE, "alerts.decide"),
    "mayor": _SEE,
    "warden": (*_PUBLIC, "alerts.read", "burning.handle", "cases.report"),
    "police": (*_PUBLIC, "alerts.read", "feeds.read", "feeds.manage", "data.import", "data.read", "plates.read"),
}


def upgrade() -> None:
    _alerts()
    audit.watch(op.get_bind(), "alert")
    _roles()


def _alerts() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, comment="device, site, feed, vehicle, manifest"),
        sa.Column("key", sa.Text, nullable=False, comment="with kind and subject: the same alert"),
        sa.Column("name", sa.Text, nullable=False, comment="of the subject, as people call it"),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False, comment="who should act"),
        sa.Column("at", moment, nullable=False, comment="when what it tells of began"),
        sa.Column("raised_at", moment, nullable=False, comment="by the platform's clock"),
        sa.Column("ended_at", moment, comment="by the platform's clock; null: it lasts"),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        sa.Column("figures", JSONB, nullable=False, server_default="{}"),
        sa.Column("link", sa.Text, nullable=False, server_default=""),
        sa.Column(
            "category", sa.Text, comment="work line of the case that it becomes by itself; null: a person decides"
        ),
        sa.Column("lon", sa.Float),
        sa.Column("lat", sa.Float),
        sa.Column("case_number", sa.Text, comment="the case that it became"),
        sa.Column("dismissed_by", sa.Text),
        sa.Column("dismissed_at", moment, comment="by the platform's clock"),
        sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why it was dismissed"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("kind", "subject", "key", name="uq_alert_kind"),
        sa.Index("ix_alert_raised_at", "raised_at"),
        sa.Index("ix_alert_subject", "subject"),
    )


def _roles() -> None:
    role = sa.table("role", *map(sa.column, ("code", "zh", "en", "position")))
    known = set(op.get_bind().execute(sa.select(role.c.code)).scalars())
    for position, (code, zh, en) in enumerate(ROLES, 22):
        if code not in known:
            op.execute(sa.insert(role).values((code, zh, en, position)))
    known |= {code for code, _, _ in ROLES}  # an office may have dropped roles of ours
    held = sa.table("role_permission", sa.column("role"), sa.column("permission"))
    there = {(row.role, row.permission) for row in op.get_bind().execute(sa.select(held.c.role, held.c.permission))}
    new = [(code, name) for code, names in GIVEN.items() if code in known for name in names]
    op.bulk_insert(held, [{"role": code, "permission": name} for code, name in new if (code, name) not in there])
