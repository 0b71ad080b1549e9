"""Feeds: records, their batches, grants and access; row-level security on the records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from lantian.kernel import audit

revision = "0018_feeds"
down_revision = "0017_measuring"

MOMENT = sa.DateTime(timezone=True)
CLOCK = "by the platform's clock"

# What a reader may see, as JSON: feed -> null (everywhere) or a list of the beginnings of region codes; `=code` is that
# region alone. A record without a place (empty region) goes with its feed; one whose place is unknown only to those
# who may see it everywhere.
IN_SCOPE = """
create function lantian_in_scope(scope jsonb, region text) returns boolean language sql immutable parallel safe as $$
    select case
        when scope is null then false
        when scope = 'null'::jsonb or region = '' then true
        when region is null then false
        else exists (
            select from jsonb_array_elements_text(scope) as stem
            where case when starts_with(stem, '=') then region = substr(stem, 2)
                else starts_with(ltrim(region, 'Z'), stem) end)
    end
$$
"""
# The beginnings of the codes below a region (GB/T 2260), as kernel.accounts.covers has it.
STEM = """
create function lantian_stem(region text) returns text language sql immutable parallel safe as $$
    select case
        when region !~ '^[0-9]{6}$' then '=' || region
        when region like '%0000' then left(region, 2)
        when region like '%00' then left(region, 4)
        else region
    end
$$
"""
# For the roles of departments, who cannot be trusted to say themselves what they may see.
OF_DEPARTMENT = """
create function lantian_department_scope(asked text) returns jsonb language sql stable security definer
set search_path from current as $$
    select coalesce(jsonb_object_agg(feed, case when everywhere then null else stems end), '{}'::jsonb)
    from (
        select e.feed,
            e.sensitivity = 'open' or e.owner = asked or coalesce(bool_or(g.region is null), false) as everywhere,
            to_jsonb(array_remove(array_agg(distinct lantian_stem(g.region)), null)) as stems
        from feed_entry e left join feed_grant g on g.feed = e.feed and g.department = asked and g.state = 'granted'
            and g.until >= (lantian_now() at time zone 'Asia/Shanghai')::date
        group by e.feed, e.sensitivity, e.owner
        having e.sensitivity = 'open' or e.owner = asked or count(g.id) > 0
    ) as held
$$
"""

# The roles under which pages and the interface read. Where the database's user may not make roles an administrator
# does (lantian doctor says how); then this is called again.
ROLES = """
create function lantian_feed_roles() returns boolean language plpgsql set search_path from current as $$
declare
    name text;
    seen text := 'id, feed, key, time, region, lon, lat, values, flags, known_at, superseded_at, batch';
    taken text := case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end;
    rule text := $rule$lantian_in_scope(
        (select nullif(current_setting('lantian.scope', true), '')::jsonb) -> feed, region)$rule$;
begin
    foreach name in array array['lantian_reader', 'lantian_reader_full'] loop
        begin
            if not exists (select from pg_roles where rolname = name) then
                execute format('create role %I nologin', name);
            end if;
        exception
            when insufficient_privilege then return false;
            when duplicate_object or unique_violation then null;  -- another database of the server made it just now
        end;
        begin
            if not pg_has_role(current_user, name, taken) then
                execute format('grant %I to %I', name, current_user);
            end if;
        exception when insufficient_privilege then return false;
        end;
        execute format('grant usage on schema %I to %I', current_schema, name);
        execute format('grant select (%s) on feed_record to %I',
            seen || case when name = 'lantian_reader_full' then ', hidden' else '' end, name);
        if not exists (select from pg_policies where tablename = 'feed_record' and policyname = name) then
            execute format('create policy %1$I on feed_record for select to %1$I using (%2$s)', name, rule);
        end if;
    end loop;
    return true;
end $$
"""


def upgrade() -> None:
    _definitions()
    _records()
    _sharing()
    for name in ("feed_entry", "feed_batch", "feed_grant"):
        audit.watch(op.get_bind(), name)
    for statement in (IN_SCOPE, STEM, OF_DEPARTMENT, ROLES):
        op.execute(statement)
    # Any role may call a new function; this one tells what a department may see, and only its own role shall ask.
    op.execute("revoke execute on function lantian_department_scope(text) from public")
    op.execute("alter table feed_record enable row level security")
    op.execute("select lantian_feed_roles()")


def _definitions() -> None:
    op.create_table(
        "feed_entry",
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("sensitivity", sa.Text, nullable=False),
        sa.Column("key", pg.ARRAY(sa.Text), nullable=False, comment="may not change once there are records"),
        sa.Column("types", pg.JSONB, nullable=False, comment="field -> type"),
        sa.Column("sha256", sa.Text, nullable=False, comment="of the definition file"),
        sa.Column("at", MOMENT, nullable=False, comment=CLOCK),
        sa.PrimaryKeyConstraint("feed", name="pk_feed_entry"),
        sa.CheckConstraint("sensitivity in ('open', 'shared', 'restricted')", name="ck_feed_entry_sensitivity"),
        comment="the definitions in force, for row-level security and to notice a change that would break records",
    )
    op.create_table(
        "feed_batch",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False, comment=CLOCK),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False, comment="file, address or rule that brought it"),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("rows", "new", "revised", "unchanged", "rejected", "flagged")
        ),
        sa.Column("notes", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_batch"),
        sa.Index("ix_feed_batch_feed", "feed", "id"),
    )
    op.create_table(
        "feed_reject",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("file", sa.Text),
        sa.Column("line", sa.Text, comment="line of a text from 1, sheet!row of a workbook, number of a row"),
        sa.Column("field", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reason_en", sa.Text, nullable=False),
        sa.Column("row", sa.Text, comment="the whole row, so that nothing is lost"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_reject"),
        sa.ForeignKeyConstraint(["batch"], ["feed_batch.id"], name="fk_feed_reject_batch_feed_batch"),
        sa.Index("ix_feed_reject_batch", "batch"),
    )


def _records() -> None:
    op.create_table(
        "feed_record",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, comment="the key's values, joined"),
        sa.Column("time", MOMENT, comment="a day: midnight in Beijing"),
        sa.Column("region", sa.Text, comment="code; empty: the feed has no place; null: where it lies is not known"),
        sa.Column("lon", sa.Double),
        sa.Column("lat", sa.Double),
        sa.Column("values", pg.JSONB, nullable=False, comment="field -> value, masked ones covered"),
        sa.Column("hidden", pg.JSONB, comment="masked fields in full"),
        sa.Column("flags", pg.ARRAY(sa.Text), nullable=False, server_default="{}", comment="checks that it failed"),
        sa.Column("known_at", MOMENT, nullable=False, comment=CLOCK),
        sa.Column("superseded_at", MOMENT, comment="known_at of the statement that revised it"),
        sa.Column("batch", sa.BigInteger, nullable=False, comment="feed_batch.id; written in the same transaction"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_record"),
        sa.Index("ix_feed_record_key", "feed", "key"),
        sa.Index("ix_feed_record_time", "feed", "time"),
        sa.Index("ix_feed_record_region", "feed", "region", "time"),
        sa.Index("ix_feed_record_batch", "batch"),
        comment="append-only; row-level security is on (docs/catalogue.md)",
    )


def _sharing() -> None:
    op.create_table(
        "feed_access",
        sa.Column("day", sa.Date, nullable=False, comment="of the platform's clock, in Beijing"),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("via", sa.Text, nullable=False, comment="page, api, export or sql"),
        sa.Column("department", sa.Text, nullable=False, server_default=""),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "feed", "account", "via", name="pk_feed_access"),
        comment="who read what, counted by day",
    )
    op.create_table(
        "feed_grant",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False, comment="who asks"),
        sa.Column("region", sa.Text, comment="asked for, then granted; null: everywhere"),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False, comment=CLOCK),
        sa.Column("state", sa.Text, nullable=False, server_default="asked"),
        sa.Column("until", sa.Date, comment="last day on which it holds, in Beijing"),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", MOMENT, comment=CLOCK),
        sa.Column("reason", sa.Text, nullable=False, server_default="", comment="of a refusal or a revocation"),
        sa.Column("revoked_at", MOMENT, comment=CLOCK),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_grant"),
        sa.CheckConstraint("state in ('asked', 'granted', 'refused', 'revoked')", name="ck_feed_grant_state"),
        sa.CheckConstraint("(state in ('granted', 'revoked')) = (until is not null)", name="ck_feed_grant_until"),
        sa.Index("ix_feed_grant_department", "department", "feed"),
    )
