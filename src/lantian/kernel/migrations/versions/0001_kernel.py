"""The clock, and the audit trail with its triggers."""

import sqlalchemy as sa
from alembic import op

from lantian.kernel.audit import watch

revision = "0001_kernel"
down_revision = None

GENESIS = "0" * 64

NOW = """
create function lantian_now() returns timestamptz language sql volatile set search_path from current as $$
    select case
        when not simulated then clock_timestamp()
        when paused then at
        else at + (clock_timestamp() - set_at) * speed
    end from clock
$$
"""

# Each field as <bytes>:<text>, a missing one as -, with commas between: no two rows give the same text.
CANONICAL = """
create function lantian_audit_text(variadic fields text[]) returns text language sql immutable as $$
    select string_agg(coalesce(octet_length(field) || ':' || field, '-'), ',' order by place)
    from unnest(fields) with ordinality as listed(field, place)
$$
"""

RECORD = """
create function lantian_audit() returns trigger language plpgsql
set search_path from current set timezone to 'UTC' as $$
declare
    actor text := nullif(current_setting('lantian.actor', true), '');
    reason text := coalesce(current_setting('lantian.reason', true), '');
    old_row jsonb;
    new_row jsonb;
    key jsonb;
    hidden text;
    entry audit%rowtype;
begin
    if actor is null then
        raise exception 'write to table % without an actor', TG_TABLE_NAME
            using hint = 'write inside lantian.kernel.audit.act(engine, actor, reason)';
    end if;
    if TG_OP <> 'INSERT' then old_row := to_jsonb(OLD); end if;
    if TG_OP <> 'DELETE' then new_row := to_jsonb(NEW); end if;
    if old_row = new_row then
        return null;  -- nothing changed
    end if;
    select jsonb_object_agg(name, coalesce(old_row, new_row) -> name) into key
        from unnest(string_to_array(TG_ARGV[0], ',')) as name;
    if TG_OP = 'UPDATE' then  -- only the columns that changed
        select jsonb_object_agg(b.key, b.value), jsonb_object_agg(b.key, new_row -> b.key) into old_row, new_row
            from jsonb_each(old_row) as b where b.value is distinct from new_row -> b.key;
    end if;
    foreach hidden in array string_to_array(TG_ARGV[1], ',') loop
        if old_row -> hidden <> 'null' then old_row := old_row || jsonb_build_object(hidden, '[redacted]'); end if;
        if new_row -> hidden <> 'null' then new_row := new_row || jsonb_build_object(hidden, '[redacted]'); end if;
    end loop;

    -- One writer at a time from here to the end of its transaction: no gap, no fork. The head may lag behind the rows
    -- that this transaction itself has added, and the rows behind the head when someone cut them off.
    select h.seq, h.hash into entry.seq, entry.prev_hash from audit_head h for update;
    if not found then
        raise exception 'the head of the audit trail (table audit_head) was removed'
            using hint = 'find out who did: lantian audit verify';
    end if;
    select a.seq, a.hash into entry.seq, entry.prev_hash
        from audit a where a.seq > entry.seq order by a.seq desc limit 1;
    if not found then
        select h.seq, h.hash into entry.seq, entry.prev_hash from audit_head h;
    end if;
    entry.seq := entry.seq + 1;
    entry.at := clock_timestamp();
    entry.clock_at := lantian_now();
    entry.actor := actor;
    entry.reason := reason;
    entry.table_name := TG_TABLE_NAME;
    entry.operation := TG_OP;
    entry.key := key::text;
    entry.before := old_row::text;
    entry.after := new_row::text;
    entry.hash := encode(sha256(convert_to(lantian_audit_text(
        entry.seq::text,
        to_char(entry.at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        to_char(entry.clock_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        entry.actor, entry.reason, entry.table_name, entry.operation,
        entry.key, entry.before, entry.after, entry.prev_hash
    ), 'UTF8')), 'hex');
    insert into audit values (entry.*);
    return null;
end $$
"""

# At commit, not row by row: thousands of versions of one row in one transaction would slow each other down.
ADVANCE = """
create function lantian_audit_advance() returns trigger language plpgsql set search_path from current as $$
begin
    update audit_head set seq = NEW.seq, hash = NEW.hash where NEW.seq = (select max(seq) from audit);
    return null;
end $$
"""

REFUSE = """
create function lantian_audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception '% on table % is refused: the audit trail is written by triggers only and never changed',
        TG_OP, TG_TABLE_NAME;
end $$
"""

GUARDS = (
    "create constraint trigger lantian_audit_advance after insert on audit deferrable initially deferred "
    "for each row execute function lantian_audit_advance()",
    "create trigger lantian_audit_change before update or delete or truncate on audit "
    "for each statement execute function lantian_audit_refuse()",
    "create trigger lantian_audit_insert before insert on audit "
    "for each statement when (pg_trigger_depth() = 0) execute function lantian_audit_refuse()",
    "create trigger lantian_audit_change before insert or delete or truncate on audit_head "
    "for each statement execute function lantian_audit_refuse()",
    "create trigger lantian_audit_update before update on audit_head "
    "for each statement when (pg_trigger_depth() = 0) execute function lantian_audit_refuse()",
)


def upgrade() -> None:
    op.create_table(
        "clock",
        sa.Column("id", sa.SmallInteger, sa.CheckConstraint("id = 1", name="ck_clock_single"), autoincrement=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column(
            "speed",
            sa.Double,
            sa.CheckConstraint("speed > 0 and speed < 'Infinity'", name="ck_clock_speed"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
        comment="what time it is: the real one, or `at` plus `speed` times what passed since `set_at`",
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.Index("ix_audit_table_name_key", "table_name", "key"),
        sa.Index("ix_audit_actor", "actor"),
        comment="written by triggers only; docs/kernel.md says how the hash is made",
    )
    op.create_table(
        "audit_head",
        sa.Column(
            "id", sa.SmallInteger, sa.CheckConstraint("id = 1", name="ck_audit_head_single"), autoincrement=False
        ),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
        comment="the last row of the trail, so that cutting off its end shows",
    )
    op.execute("insert into clock values (1, false, false, 1, now(), now())")
    op.execute(f"insert into audit_head values (1, 0, '{GENESIS}')")
    for statement in (NOW, CANONICAL, RECORD, ADVANCE, REFUSE, *GUARDS):
        op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
    watch(op.get_bind(), "clock")
