"""The audit trail in the database: nothing is forgotten, and tampering shows even when triggers were switched off."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from lantian.kernel import audit
from lantian.kernel.audit import act, verify
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.chain import Entry


@pytest.fixture
def notes(engine: Engine) -> Engine:
    """The engine, with a watched table `note` and a trail that begins here, whatever the migrations wrote."""
    with without_triggers(engine) as connection:
        connection.execute(text("delete from audit"))
        connection.execute(text("update audit_head set seq = 0, hash = repeat('0', 64)"))
    with engine.begin() as connection:
        connection.execute(text("create table note (id int primary key, body text, size float, password_hash text)"))
        audit.watch(connection, "note", redact=["phone"])
    return engine


def rows(engine: Engine) -> list[Entry]:
    with engine.connect() as connection:
        return list(audit.entries(connection))


def write(engine: Engine, *ids: int, actor: str = "li.hua") -> None:
    for number in ids:
        with act(engine, actor, "a reason") as connection:
            connection.execute(text("insert into note values (:id, 'first 蓝天', 0.1, null)"), {"id": number})


@contextmanager
def without_triggers(engine: Engine) -> Iterator[Connection]:
    """What a superuser can do."""
    with engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        yield connection


def faults(engine: Engine, anchors: Path | None = None) -> list[tuple[int, str]]:
    return [(fault.seq, fault.kind) for fault in verify(engine, anchors)]


@pytest.mark.requirement("K2", part="who, when, what, before and after")
def test_insert_update_and_delete_leave_who_why_before_and_after(notes: Engine):
    write(notes, 1)
    with act(notes, "wang.wei", "a slip") as connection:
        connection.execute(text("update note set body = 'second'"))
    with act(notes, "job:clean") as connection:
        connection.execute(text("delete from note"))
    one, two, three = rows(notes)
    assert (one.actor, one.reason, one.operation, one.table_name) == ("li.hua", "a reason", "INSERT", "note")
    assert json.loads(one.key) == {"id": 1}
    assert one.before is None
    assert json.loads(one.after or "") == {"id": 1, "body": "first 蓝天", "size": 0.1, "password_hash": None}
    assert (two.actor, two.operation) == ("wang.wei", "UPDATE")
    assert json.loads(two.before or "") == {"body": "first 蓝天"}
    assert json.loads(two.after or "") == {"body": "second"}
    assert (three.actor, three.reason, three.operation, three.after) == ("job:clean", "", "DELETE", None)
    assert json.loads(three.before or "")["body"] == "second"
    assert [one.seq, two.seq, three.seq] == [1, 2, 3]
    assert verify(notes) == []


@pytest.mark.requirement("K2", part="no write is forgotten")
@pytest.mark.parametrize("statement", ["insert into note values (2)", "update note set size = 2", "delete from note"])
def test_a_write_without_an_actor_fails_and_says_what_to_do(notes: Engine, statement: str):
    write(notes, 1)
    with pytest.raises(DBAPIError, match="write to table note without an actor") as caught, notes.begin() as connection:
        connection.execute(text(statement))
    assert "lantian.kernel.audit.act" in str(caught.value)
    assert len(rows(notes)) == 1


def test_the_actor_is_gone_when_the_act_is_over(notes: Engine):
    write(notes, 1)
    with pytest.raises(DBAPIError, match="without an actor"), notes.begin() as connection:
        connection.execute(text("delete from note"))


@pytest.mark.parametrize("actor", ["", "  "])
def test_an_act_needs_an_actor(notes: Engine, actor: str):
    with pytest.raises(ValueError, match="needs an actor"), act(notes, actor):
        pass


def test_a_failed_act_leaves_nothing_and_no_gap(notes: Engine):
    write(notes, 1)
    with pytest.raises(DBAPIError, match="division by zero"), act(notes, "li.hua") as connection:
        connection.execute(text("insert into note values (2), (3), (4 / (select count(*) from note where id = 9))"))
    write(notes, 3)
    assert [entry.seq for entry in rows(notes)] == [1, 2]
    assert verify(notes) == []


def test_an_act_that_waits_too_long_says_for_what(notes: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit, "_PATIENCE", "50ms")
    with act(notes, "li.hua"), pytest.raises(TimeoutError, match="another act has been open"), act(notes, "wang.wei"):
        pass


def test_an_update_that_changes_nothing_is_no_entry(notes: Engine):
    write(notes, 1)
    with act(notes, "li.hua") as connection:
        connection.execute(text("update note set size = 0.1"))
    assert len(rows(notes)) == 1


def test_a_key_that_changes_is_recorded_under_the_old_one(notes: Engine):
    write(notes, 1)
    with act(notes, "li.hua") as connection:
        connection.execute(text("update note set id = 9"))
    entry = rows(notes)[-1]
    assert (json.loads(entry.key), json.loads(entry.after or "")) == ({"id": 1}, {"id": 9})


@pytest.mark.requirement("K2", part="secrets stay out of the trail")
def test_secrets_are_redacted_but_their_change_is_seen(notes: Engine):
    with notes.begin() as connection:
        connection.execute(text("alter table note add phone text"))
    with act(notes, "li.hua") as connection:
        connection.execute(text("insert into note values (1, 'b', 1, 'hush-1', '110')"))
        connection.execute(text("update note set password_hash = 'hush-2'"))
        connection.execute(text("update note set password_hash = null"))
    inserted, changed, removed = rows(notes)
    assert (
        json.loads(inserted.after or "")["password_hash"] == json.loads(inserted.after or "")["phone"] == "[redacted]"
    )
    assert changed.before == changed.after == '{"password_hash": "[redacted]"}'
    assert removed.after == '{"password_hash": null}'
    assert not any("hush" in f"{entry.before}{entry.after}" for entry in rows(notes))


def test_a_table_without_key_cannot_be_watched(engine: Engine):
    with engine.begin() as connection:
        connection.execute(text("create table loose (body text)"))
        with pytest.raises(ValueError, match="loose has no primary key"):
            audit.watch(connection, "loose")


def test_names_that_need_quotes_are_watched(engine: Engine):
    with engine.begin() as connection:
        connection.execute(
            text('create table "Order of 2016" ("key" int, "at" int, body text, primary key ("key", "at"))')
        )
        audit.watch(connection, "Order of 2016")
    with act(engine, "li.hua") as connection:
        connection.execute(text("""insert into "Order of 2016" values (1, 2, '100 %')"""))
    entry = rows(engine)[-1]
    assert (entry.table_name, json.loads(entry.key)) == ("Order of 2016", {"key": 1, "at": 2})
    assert verify(engine) == []


def test_many_rows_in_one_act_stay_quick_and_in_order(notes: Engine):
    with act(notes, "job:import") as connection:
        connection.execute(text("insert into note select n, 'x', n, null from generate_series(1, 3000) n"))
        connection.execute(text("update note set size = size + 1 where id <= 1000"))
    assert [entry.seq for entry in rows(notes)] == list(range(1, 4001))
    assert verify(notes) == []


@pytest.mark.requirement("K2", part="gap-free under concurrent writers")
def test_writers_at_the_same_time_leave_one_chain_without_gaps(notes: Engine):
    def go(worker: int) -> None:
        for number in range(5):
            with act(notes, f"job:{worker}") as connection:
                connection.execute(text("insert into note values (:id)"), {"id": worker * 100 + number})
                connection.execute(text("update note set size = coalesce(size, 0) + 1 where id % 100 = 0"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(go, range(1, 7)))
    found = rows(notes)
    assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
    assert sum(entry.operation == "INSERT" for entry in found) == 30
    assert verify(notes) == []


@pytest.mark.requirement("K2", part="append-only")
@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor = 'nobody'",
        "delete from audit where seq = 1",
        "truncate audit",
        "insert into audit select 2, at, at, actor, '', table_name, operation, key, null, null, hash, hash from audit",
        "update audit_head set seq = 0",
        "delete from audit_head",
        "truncate audit_head",
        "truncate note",
    ],
)
def test_the_trail_itself_cannot_be_written(notes: Engine, statement: str):
    write(notes, 1)
    with pytest.raises(DBAPIError, match="is refused"), act(notes, "li.hua") as connection:
        connection.execute(text(statement))
    assert len(rows(notes)) == 1
    assert verify(notes) == []


TAMPERING = [
    ("update audit set actor = 'nobody' where seq = 3", (3, "changed")),
    ("update audit set after = '{}' where seq = 5", (5, "changed")),
    ("update audit set at = at + interval '1 microsecond' where seq = 2", (2, "changed")),
    ("delete from audit where seq = 1", (1, "removed")),
    ("delete from audit where seq between 2 and 4", (2, "removed")),
    ("delete from audit where seq = 5", (5, "removed")),
    ("delete from audit", (1, "removed")),
    ("update audit_head set seq = 3", (4, "changed")),
]


@pytest.mark.requirement("K2", part="tampering by a superuser")
@pytest.mark.parametrize(("statement", "fault"), TAMPERING)
def test_tampering_with_triggers_switched_off_is_found_and_named(notes: Engine, statement: str, fault: tuple[int, str]):
    write(notes, 1, 2, 3, 4, 5)
    with without_triggers(notes) as connection:
        connection.execute(text(statement))
    assert faults(notes) == [fault]


@pytest.mark.requirement("K2", part="tampering by a superuser")
def test_rows_that_changed_places_are_found_and_named(notes: Engine):
    write(notes, 1, 2, 3, 4, 5)
    with without_triggers(notes) as connection:
        connection.execute(
            text("update audit set seq = case seq when 2 then -4 when 4 then -2 end where seq in (2, 4)")
        )
        connection.execute(text("update audit set seq = -seq where seq < 0"))
    assert faults(notes) == [(2, "reordered"), (4, "reordered")]


def test_writing_goes_on_after_the_end_was_cut_and_the_gap_stays_visible(notes: Engine):
    write(notes, 1, 2, 3)
    with without_triggers(notes) as connection:
        connection.execute(text("delete from audit where seq = 3"))
    write(notes, 4)
    assert faults(notes) == [(3, "removed")]


FORGE = """
do $$
declare
    previous text := repeat('0', 64);
    stamp text := 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';
    r record;
begin
    for r in select * from audit order by seq loop
        previous := encode(sha256(convert_to(lantian_audit_text(
            r.seq::text, to_char(r.at at time zone 'UTC', stamp), to_char(r.clock_at at time zone 'UTC', stamp),
            r.actor, r.reason, r.table_name, r.operation, r.key, r.before, r.after, previous), 'UTF8')), 'hex');
        update audit set hash = previous where seq = r.seq;
        update audit set prev_hash = previous where seq = r.seq + 1;
        update audit_head set seq = r.seq, hash = previous;
    end loop;
end $$
"""


@pytest.mark.requirement("K2", part="tampering by a superuser who makes all hashes anew")
def test_a_trail_rewritten_to_its_end_is_found_by_an_anchor(notes: Engine, tmp_path: Path):
    anchors = tmp_path / "audit" / "anchors.jsonl"
    write(notes, 1, 2)
    audit.anchor(notes, anchors)
    write(notes, 3, 4, 5)
    assert audit.anchor(notes, anchors).seq == 5
    with without_triggers(notes) as connection:
        connection.execute(text("update audit set actor = 'nobody' where seq = 4"))
        connection.exec_driver_sql(FORGE)
    assert faults(notes) == []
    assert faults(notes, anchors) == [(3, "rewritten")]


@pytest.mark.requirement("K2", part="last rows removed together with the head")
def test_an_end_cut_off_together_with_the_head_is_found_by_an_anchor(notes: Engine, tmp_path: Path):
    anchors = tmp_path / "anchors.jsonl"
    write(notes, 1, 2, 3)
    audit.anchor(notes, anchors)
    with without_triggers(notes) as connection:
        connection.execute(text("delete from audit where seq = 3"))
        connection.exec_driver_sql(FORGE)
    assert faults(notes) == []
    assert faults(notes, anchors) == [(3, "removed")]


def test_a_removed_head_is_told(notes: Engine):
    write(notes, 1, 2)
    with without_triggers(notes) as connection:
        connection.execute(text("delete from audit_head"))
    assert faults(notes) == [(3, "removed")]
    with pytest.raises(DBAPIError, match=r"head of the audit trail .* was removed"):
        write(notes, 3)


def test_an_anchor_is_noted_once(notes: Engine, tmp_path: Path):
    anchors = tmp_path / "anchors.jsonl"
    write(notes, 1)
    audit.anchor(notes, anchors)
    audit.anchor(notes, anchors)
    assert len(anchors.read_text().splitlines()) == 1


def test_a_platform_notes_the_head_when_it_opens_and_closes(platform: Platform):
    def noted() -> int:
        return json.loads(platform.anchors.read_text().splitlines()[-1])["seq"]

    before = noted()
    with open_platform(settings=platform.settings) as other:
        other.clock.set_simulated(datetime(2016, 12, 16, tzinfo=UTC), actor="li.hua")
        assert noted() == before
    assert noted() == before + 1
    assert verify(platform.engine, platform.anchors) == []


@pytest.fixture
def exported(notes: Engine, tmp_path: Path) -> Path:
    write(notes, 1, 2, 3, 4, 5)
    file = tmp_path / "trail.jsonl"
    assert audit.export(notes, file) == 5
    return file


@pytest.mark.requirement("K2", part="verification off-line")
def test_an_export_is_verified_without_any_database(exported: Path):
    program = (
        "import sys, pathlib; from lantian.kernel import audit; print(audit.verify_export(pathlib.Path(sys.argv[1])))"
    )
    environment = {"LANTIAN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "-c", program, str(exported)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.requirement("K2", part="verification off-line")
@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (lambda lines: [*lines[:3], lines[3].replace("li.hua", "li.hub"), *lines[4:]], (3, "changed")),
        (lambda lines: [*lines[:3], *lines[4:]], (3, "removed")),
        (lambda lines: lines[:-1], (5, "removed")),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], (2, "reordered")),
    ],
)
def test_a_tampered_export_is_found(exported: Path, tamper, fault: tuple[int, str]):
    lines = exported.read_text(encoding="utf-8").splitlines(keepends=True)
    exported.write_text("".join(tamper(lines)), encoding="utf-8")
    assert [(found.seq, found.kind) for found in audit.verify_export(exported)] == [fault]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "line 1: not JSON"),
        ("{}\n", "line 1: not an export"),
        ('{"format": "lantian-audit-1", "head": {"seq": 0, "hash": ""}}\n{"seq": 1}\n', "line 2: not a row"),
        ('{"format": "lantian-audit-1", "head": {"seq": 0, "hash": ""}}\nnothing\n', "line 2: not JSON"),
    ],
)
def test_a_file_that_is_no_export_is_refused_by_line(tmp_path: Path, content: str, told: str):
    file = tmp_path / "trail.jsonl"
    file.write_text(content)
    with pytest.raises(ValueError, match=told) as caught:
        audit.verify_export(file)
    assert str(file) in str(caught.value)
