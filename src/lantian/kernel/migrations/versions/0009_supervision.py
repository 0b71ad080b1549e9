"""Cases 督办问题: their events, where each stands, the evidence; the roles and permissions of the loop of people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel import audit

revision = "0009_supervision"
down_revision = "0008_peers"

ROLES = (("office", "督查督办员", "Supervision office"), ("department", "部门经办", "Department officer"))
LEDGER = (
    *("number", "state", "region", "owner_region", "owner_department", "category", "source", "round"),
    *("opened_on", "handed_on", "closed_on", "reopened", "owed", "failed", "public", "last_at"),
)
CLOSED = ("owner_region", "owner_department", "region", "category", "source", "state")
WORDS = "(((((number || ' ') || title) || ' ') || subject) || ' ') || address"
_SEE = ("cases.read", "programme.read", "publishing.read", "accountability.read")
GIVEN = {
    "admin": (
        *_SEE,
        *("cases.report", "cases.assign", "cases.handle", "cases.verify", "cases.lead", "rounds.manage"),
        *("programme.edit", "meetings.manage", "accountability.decide", "publishing.edit", "opinion.read"),
    ),
    "analyst": (*_SEE, "cases.report", "publishing.edit", "opinion.read"),
    "forecaster": ("cases.read", "programme.read", "publishing.read"),
    "county": ("cases.read", "cases.report", "cases.handle", "programme.read", "publishing.read"),
    "department": (
        *("cases.read", "cases.report", "cases.handle", "programme.read", "publishing.read"),
        *("air.read", "ranking.read", "calc.use", "api.read", "targets.read", "episodes.read", "data.read"),
        *("forecast.read", "emissions.read"),
    ),
    "inspector": ("cases.read", "cases.report", "cases.verify", "programme.read"),
    "office": (
        *_SEE,
        *("cases.report", "cases.assign", "rounds.manage", "programme.edit", "meetings.manage", "publishing.edit"),
        *("opinion.read", "air.read", "ranking.read", "calc.use", "api.read", "targets.read", "episodes.read"),
        *("data.read", "forecast.read", "emissions.read", "jobs.read", "clock.control"),
    ),
    "mayor": (*_SEE, "cases.lead", "accountability.decide", "opinion.read"),
}


def upgrade() -> None:
    _cases()
    _events()
    for name in ("supervision_case", "case_event", "evidence"):
        audit.watch(op.get_bind(), name)
    op.execute(
        "create function lantian_never_changed() returns trigger language plpgsql as "
        "$$ begin raise exception using message = tg_table_name || ' is never changed: add an event'; end $$"
    )
    op.execute(
        "create trigger never_changed before update or delete on case_event "
        "for each row execute function lantian_never_changed()"
    )
    _roles()


def _roles() -> None:
    role = sa.table("role", *map(sa.column, ("code", "zh", "en", "position")))
    known = set(op.get_bind().execute(sa.select(role.c.code)).scalars())
    for position, (code, zh, en) in enumerate(ROLES, 20):
        if code not in known:
            op.execute(sa.insert(role).values((code, zh, en, position)))
    known |= {code for code, _, _ in ROLES}  # an office may have dropped roles of ours
    held = sa.table("role_permission", sa.column("role"), sa.column("permission"))
    there = {(row.role, row.permission) for row in op.get_bind().execute(sa.select(held.c.role, held.c.permission))}
    new = [(code, name) for code, names in GIVEN.items() if code in known for name in names]
    op.bulk_insert(held, [{"role": code, "permission": name} for code, name in new if (code, name) not in there])


def _cases() -> None:
    op.execute(
        "create function lantian_pairs(words text) returns text[] language sql immutable strict parallel safe as "
        "$$ select coalesce(array_agg(distinct substr(lower(words), k, 2)), '{}') "
        "from generate_series(1, length(words) - 1) k $$"
    )
    op.create_table(
        "supervision_case",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("desk", sa.Text, comment="whose move it is; null: the case is over"),
        sa.Column("region", sa.Text, nullable=False, comment="where it is"),
        sa.Column("owner_region", sa.Text, comment="who owes the rectification; null: nobody yet"),
        sa.Column("owner_department", sa.Text),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, server_default="", comment="enterprise, site or road"),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("requirement", sa.Text, nullable=False, server_default="", comment="what the owner must do"),
        sa.Column(
            "reference", sa.Text, nullable=False, server_default="", comment="of the letter, complaint, alert, site"
        ),
        sa.Column("lon", sa.Double),
        sa.Column("lat", sa.Double),
        sa.Column("round", sa.Text, comment="the round of inspection that found it"),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("handed_on", sa.Date, comment="the day on which an owner was first named"),
        sa.Column("due", sa.Date, comment="last day of the present state; null: the case is over"),
        sa.Column("provisional", sa.Boolean, nullable=False, server_default="false", comment="of the due day"),
        sa.Column("closed_on", sa.Date),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0", comment="checks not passed"),
        sa.Column("reopened", sa.Integer, nullable=False, server_default="0"),
        sa.Column("owed", sa.Boolean, nullable=False, comment="rectification is owed at the moment"),
        sa.Column("failed", sa.Boolean, nullable=False, comment="sent back or opened again, and not closed"),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("public", sa.Boolean, nullable=False, server_default="false", comment="shown without log-in"),
        sa.PrimaryKeyConstraint("id", name="pk_supervision_case"),
        sa.UniqueConstraint("number", name="uq_supervision_case_number"),
        sa.CheckConstraint("(desk is null) = (due is null)", name="ck_supervision_case_desk"),
        sa.Index("ix_supervision_case_ledger", "due", "id", postgresql_include=LEDGER),
        sa.Index("ix_supervision_case_region", "region", postgresql_ops={"region": "text_pattern_ops"}),
        sa.Index(
            "ix_supervision_case_owner_region", "owner_region", postgresql_ops={"owner_region": "text_pattern_ops"}
        ),
        sa.Index("ix_supervision_case_last_at", "last_at"),
        sa.Index("ix_supervision_case_reference", "reference"),
        sa.Index("ix_supervision_case_opened_on", "opened_on", "id"),
        sa.Index("ix_supervision_case_closed", *CLOSED, postgresql_where=sa.text("due is null")),
        sa.Index("ix_supervision_case_pairs", sa.text(f"lantian_pairs({WORDS})"), postgresql_using="gin"),
        comment="where each case stands, computed from its events; `lantian case rebuild` makes it anew",
    )


def _events() -> None:
    op.create_table(
        "case_event",
        sa.Column("case_id", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("region", sa.Text, comment="of the unit that the actor acts for"),
        sa.Column("department", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("move", sa.Text),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("data", JSONB, nullable=False, server_default="{}"),
        sa.Column("evidence", ARRAY(sa.Text), nullable=False, server_default="{}", comment="SHA-256 of files"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_case_event"),
        sa.ForeignKeyConstraint(["case_id"], ["supervision_case.id"], name="fk_case_event_case_id_supervision_case"),
        sa.Index("ix_case_event_at", "at"),
        comment="never changed; all that is known of a case",
    )
    op.create_table(
        "case_span",
        sa.Column("case_id", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, comment="the event that began it"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner_region", sa.Text),
        sa.Column("owner_department", sa.Text),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), comment="null: still"),
        sa.Column("due", sa.Date),
        sa.Column("owed", sa.Boolean, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False, comment="sent back or opened again, and not closed"),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_case_span"),
        sa.ForeignKeyConstraint(["case_id"], ["supervision_case.id"], name="fk_case_span_case_id_supervision_case"),
        sa.Index("ix_case_span_open", "until", postgresql_where=sa.text("due is not null")),
        comment="what was true between two events, computed from them: counts as of any day",
    )
    op.create_table(
        "evidence",
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), comment="as the camera wrote it"),
        sa.Column("lon", sa.Double, comment="as the camera wrote it"),
        sa.Column("lat", sa.Double),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.PrimaryKeyConstraint("sha256", name="pk_evidence"),
        comment="the files lie under <home>/evidence by their hash",
    )
