"""Shared data: readings by SQL are counted, rules are told when a record becomes known, indexes of large feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0025_shared_data"
down_revision = "0024_gateway_keys"

# A scope is, by feed, the beginnings of region codes that somebody may see: two, four or six digits, `=code` for that
# region alone, the empty text for records of feeds that have no place, `*` for every one, also those whose place is not
# known. Written so that PostgreSQL takes it into the question (called for each row it cost twenty times as much), and
# as a `case`, of which it expects that every second row fits: of `?|` alone it expects one in a thousand, and then
# reads millions of rows to find the newest hundred.
IN_SCOPE = """
create or replace function lantian_in_scope(scope jsonb, region text) returns boolean
language sql immutable parallel safe as $$
    select case when scope ?| array['*', '=' || region, left(ltrim(region, 'Z'), 2), left(ltrim(region, 'Z'), 4),
        left(ltrim(region, 'Z'), 6)] then true else false end
$$
"""
# Who asks is who logged in, which nobody but a superuser can change: an account of a person that is a member of a
# department's role reads as that department.
DEPARTMENTS = """
create function lantian_session_departments() returns text[] language sql stable security definer
set search_path from current as $$
    select coalesce(array_agg(substr(held.rolname, 14)), '{}')
    from pg_roles held join pg_roles self on self.rolname = session_user and not self.rolsuper
    where starts_with(held.rolname, 'lantian_dept_') and pg_has_role(self.oid, held.oid, 'usage')
$$
"""
SCOPE = """
create function lantian_session_scope() returns jsonb language sql stable security definer
set search_path from current as $$
    select coalesce(jsonb_object_agg(feed, case when everywhere then '["*"]' else stems end), '{}')
    from (
        select e.feed,
            bool_or(e.sensitivity = 'open' or e.owner = asked or g.id is not null and g.region is null) as everywhere,
            to_jsonb(array_append(array_remove(array_agg(distinct lantian_stem(g.region)), null), '')) as stems
        from feed_entry e cross join unnest(lantian_session_departments()) as asked
            left join feed_grant g on g.feed = e.feed and g.department = asked and g.state = 'granted'
            and g.until >= (lantian_now() at time zone 'Asia/Shanghai')::date
        group by e.feed
        having bool_or(e.sensitivity = 'open' or e.owner = asked or g.id is not null)
    ) as held
$$
"""
# A row of a log would be gone with a transaction that is rolled back, as many programs end theirs; a sequence is not.
READ = """
create function lantian_read(feed text) returns boolean language plpgsql volatile security definer
set search_path from current as $$
declare
    department text;
begin
    if current_setting('transaction_read_only')::boolean then
        raise exception 'lantian: who reads % is counted, which a read-only transaction cannot do', feed
            using errcode = 'read_only_sql_transaction', hint = 'ask in a transaction that is READ WRITE';
    end if;
    foreach department in array lantian_session_departments() loop
        perform nextval(format('lantian_feeds.%I', feed || '.' || department));
    end loop;
    return true;
end $$
"""
ROLES = """
create or replace function lantian_feed_roles() returns boolean language plpgsql set search_path from current as $$
declare
    name text;
    seen text := 'id, feed, key, time, region, lon, lat, values, flags, known_at, superseded_at, batch';
    taken text := case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end;
    scope text;
begin
    foreach name in array array['lantian_reader', 'lantian_reader_full', 'lantian_departments'] loop
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
        scope := case when name = 'lantian_departments' then 'lantian_session_scope()'
            else $rule$nullif(current_setting('lantian.scope', true), '')::jsonb$rule$ end;
        if not exists (select from pg_policies where tablename = 'feed_record' and policyname = name) then
            execute format('create policy %1$I on feed_record for select to %1$I
                using (lantian_in_scope((select %2$s) -> feed, region))', name, scope);
        end if;
    end loop;
    return true;
end $$
"""
# Departments read through the views alone, whose owner is `lantian_departments`: the records themselves are no more
# theirs, so nothing is read that is not counted. `lantian up` makes the views anew.
NO_MORE = """
do $$
declare
    name text;
begin
    for name in select policyname from pg_policies
        where tablename = 'feed_record' and starts_with(policyname, 'lantian_dept_')
    loop
        execute format('drop policy %I on feed_record', name);
        execute format('revoke select on feed_record from %I', name);
    end loop;
end $$
"""


def upgrade() -> None:
    op.create_table(
        "feed_untold",
        sa.Column("record", sa.BigInteger, autoincrement=False, nullable=False, comment="feed_record.id"),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False, comment="from when on rules are told of it"),
        sa.PrimaryKeyConstraint("record", name="pk_feed_untold"),
        sa.Index("ix_feed_untold_feed", "feed", "known_at"),
        comment="records of which the rules that listen have not been told",
    )
    op.create_index("ix_feed_record_id", "feed_record", ["feed", "id"])
    op.create_index("ix_feed_record_known", "feed_record", ["feed", "known_at"])
    for name, column, only in (
        ("superseded", "superseded_at", "superseded_at is not null"),
        ("flagged", "known_at", "flags <> '{}'"),
    ):
        op.create_index(f"ix_feed_record_{name}", "feed_record", ["feed", column], postgresql_where=sa.text(only))
    op.execute(NO_MORE)
    op.execute("drop function lantian_department_scope(text)")
    for statement in (IN_SCOPE, DEPARTMENTS, SCOPE, READ, ROLES):
        op.execute(statement)
    op.execute("select lantian_feed_roles()")
