"""The migrations and the tables that the rooms declare say the same; what people edit is audited."""

import importlib
import pkgutil

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

import lantian
from lantian.kernel.database import metadata

NOT_AUDITED = {
    "audit": "the trail itself",
    "audit_head": "the trail itself",
    "alembic_version": "written by the migrations",
    "account_password": "secrets; changes of accounts are audited",
    "session": "secrets of a day",
    "login_attempt": "kept for minutes, against guessing",
    "job_progress": "written twice a second",
    "import_rejected": "may hold millions of rows; its batch is audited",
    "outline": "large geometry; its set is audited",
    "feed_record": "may hold millions of rows, none changed; its batch is audited",
    "feed_reject": "may hold millions of rows; its batch is audited",
    "feed_access": "counted with every reading",
    "feed_untold": "what rules are still to be told; empty a moment later",
    "case_span": "computed from case_event, which is audited",
    "quality_flag": "computed from the observations as often as they change; decisions are audited",
    "quality_run": "when the checks ran",
    "power_threshold": "learned from the readings each night; every one is kept",
    "fraud_score": "computed from the measurements; thresholds are audited",
    "device_state": "last packet of each device, written every few seconds",
    "device_stranger": "who knocked at the gateway without being registered",
    "device_gap": "found and asked for by the gateway itself",
    "gateway_journal": "how far the journal of the gateway is shelved",
    "telemetry_segment": "written by the gateway every few seconds; each row is a packet's, which the raw log keeps",
    "sensor_state": "last message of each sensor, written every few seconds",
    "sensor_refused": "messages that could not be read, as many as somebody sends",
    "sensor_stranger": "who sent without being registered",
    "poll_state": "how each polled source stands, written by the worker",
    "poll_attempt": "every attempt of the worker",
}


def rooms_with_tables():
    for module in pkgutil.walk_packages(lantian.__path__, "lantian."):
        if module.name.endswith(".tables"):
            yield importlib.import_module(module.name)


def ours(obj, name, kind, reflected, compare_to):
    """procrastinate's tables are its own, and so is a key that leads to one."""
    if kind == "foreign_key_constraint":
        return not obj.elements[0].target_fullname.startswith("procrastinate_")
    return not (kind == "table" and reflected and name.startswith("procrastinate_"))


def test_migrations_make_the_tables_that_rooms_declare(engine):
    assert len(list(rooms_with_tables())) >= 4
    with engine.connect() as connection:
        options = {"include_object": ours, "compare_type": True, "compare_server_default": False}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    assert [change for change in differences if change[0] != "remove_table_comment"] == []


def test_every_table_is_audited_or_says_why_not(engine):
    query = text(
        "select c.relname, exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'lantian_audit') "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'public' and c.relkind = 'r' and c.relname not like 'procrastinate%'"
    )
    with engine.connect() as connection:
        audited = dict(connection.execute(query).all())
    assert {table for table, yes in audited.items() if not yes} == set(NOT_AUDITED)
