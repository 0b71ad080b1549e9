"""A million invented cases: some hundred real histories, multiplied over counties and weeks by the database itself.

The histories are the example's story (`lantian.supervision.story`), told by the workflow's own rules and kept through
`store.add`; between their events lie notes, as people write them, so that a case has about ten. One part is told to its
end and lies in years gone by; the other stands as the moment finds it. Each copy moves a history by whole weeks
(archive) and by some counties, with its number, place and owner changed in case, events and spans alike.

Copies are written by `insert ... select` with indexes dropped and made again afterwards, and with
``session_replication_role = replica``: no trigger runs, so the audit trail knows the templates and not their copies,
and foreign keys are not checked. That needs a superuser and is no way to load real cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.places.outlines import Outline, read_geojson
from lantian.places.regions import is_within
from lantian.supervision import store
from lantian.supervision.events import Event
from lantian.supervision.rounds import Campaign
from lantian.supervision.story import tell
from lantian.supervision.tables import case_event, case_span, supervision_case

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
FILE = Path(__file__).parents[1] / "examples/beijing/data/boundaries_28_cities_districts.geojson.gz"
CITIES = ("110000", "120000", "130100", "130600", "140100", "370100", "410100", "410700")
PRESENT = 5
"""One copy in so many lies in the present campaign; the others are history."""
WEEKS = (84, 200)
"""How far back an archive's copies lie."""

History = tuple[str, Sequence[Event]]

_CASES = """
insert into supervision_case ({kept}, id, number, region, owner_region, subject, address, opened_on, handed_on, due,
                              closed_on, last_at)
select {kept}, b.first + t.rank, to_char(t.opened_on - b.days, 'YYYY') || '-' || lpad((b.first + t.rank)::text, 7, '0'),
       m.there, case when t.owner_region is null then null else m.there end,
       t.subject || (b.first + t.rank), t.address || b.copy || '号', t.opened_on - b.days, t.handed_on - b.days,
       t.due - b.days, t.closed_on - b.days, t.last_at - b.days * interval '1 day'
from bench_copy b join bench_template t on t.present = b.present
join bench_county m on m.here = t.county and m.turn = b.turn
where b.first + t.rank <= :last order by b.first + t.rank
"""
_EVENTS = """
insert into case_event (case_id, seq, at, actor, region, department, kind, move, reason, data, evidence)
select b.first + t.rank, e.seq, e.at - b.days * interval '1 day', e.actor,
       case when e.region = t.county then m.there else e.region end, e.department, e.kind, e.move, e.reason,
       case when e.kind = 'open' then jsonb_set(e.data, '{{region}}', to_jsonb(m.there))
            when e.data ? 'owner' then jsonb_set(e.data, '{{owner,region}}', to_jsonb(m.there)) else e.data end,
       e.evidence
from bench_copy b join bench_template t on t.present = b.present
join bench_county m on m.here = t.county and m.turn = b.turn
join case_event e on e.case_id = t.id
where b.first + t.rank <= :last order by b.first + t.rank, e.seq
"""
_SPANS = """
insert into case_span ({kept}, case_id, owner_region, since, until, due)
select {kept}, b.first + t.rank, case when s.owner_region is null then null else m.there end,
       s.since - b.days * interval '1 day', s.until - b.days * interval '1 day', s.due - b.days
from bench_copy b join bench_template t on t.present = b.present
join bench_county m on m.here = t.county and m.turn = b.turn
join case_span s on s.case_id = t.id
where b.first + t.rank <= :last order by b.first + t.rank, s.seq
"""


def fill(platform: Platform, cases: int, per_city: int = 5) -> tuple[int, int]:
    """Fill an empty platform, its clock standing at `NOW`; how many cases and events there are."""
    platform.clock.set_simulated(NOW, paused=True)
    histories = {present: _histories(present, per_city) for present in (False, True)}
    with audit.act(platform.engine, "benchmark", "示例 templates of the benchmark") as connection:
        kept = {present: store.add(connection, given) for present, given in histories.items()}
    with platform.engine.begin() as connection:
        connection.execute(sa.text("set local session_replication_role = replica"))
        connection.execute(sa.text("set local maintenance_work_mem = '1GB'"))
        connection.execute(sa.text("set local synchronous_commit = off"))
        past = list(kept[False])
        last = cases + len(past)  # an archive's templates lie in the future, and leave
        _plan(connection, kept, last)
        tables = (supervision_case, case_event, case_span)
        indexes = [index for table in tables for index in table.indexes]
        for index in indexes:
            index.drop(connection)
        _multiply(connection, last)
        for table, column in ((case_event, "case_id"), (case_span, "case_id"), (supervision_case, "id")):
            connection.execute(sa.delete(table).where(table.c[column].in_(past)))
        for index in indexes:
            index.create(connection)
        connection.execute(sa.text("select setval(pg_get_serial_sequence('supervision_case', 'id'), :n)"), {"n": last})
    with platform.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in (supervision_case, case_event, case_span):  # as autovacuum does in a running platform
            connection.execute(sa.text(f"vacuum analyze {table.name}"))
        found = connection.execute(
            sa.text("select (select count(*) from supervision_case), (select count(*) from case_event)")
        ).one()
    return found[0], found[1]


def outlines() -> dict[str, list[Outline]]:
    """Counties of some cities."""
    known = read_geojson(FILE, code="district_adcode", name="district_name").outlines
    return {city: [one for code, one in known.items() if is_within(code, city)] for city in CITIES}


def _histories(present: bool, per_city: int) -> list[History]:
    """Histories as the moment finds them, or told to their end, with notes between; numbered apart."""
    until = NOW if present else NOW + timedelta(days=560)
    story = tell(Campaign("示例督查", date(2016, 5, 20)), outlines(), until, per_city=per_city, seed=2016 + present)
    letter = "P" if present else "A"
    return [(f"{letter}{number}", _noted(events)) for number, events in story.cases]


def _noted(events: Sequence[Event]) -> list[Event]:
    """The events, and from the third on a note half-way to the next."""
    found = list(events[:1])
    for before, event in pairwise(events):
        half = before.at + (event.at - before.at) / 2
        if before.at < half < event.at:
            note = Event(0, half, "example-office", "note", before.party, reason="电话了解进展，已提醒", data={})
            found.append(note)
        found.append(event)
    return [replace(event, seq=k) for k, event in enumerate(found, 1)]


def _plan(connection: Connection, kept: Mapping[bool, Sequence[int]], cases: int) -> None:
    """Which copies there will be: how far they are moved in time and over the counties."""
    run = connection.execute
    run(sa.text("create temporary table bench_template on commit drop as select *, false as present, 0 as rank, "
                "left(region, 6) as county from supervision_case"))  # fmt: skip
    for present, ids in kept.items():
        rank = "(select count(*) from unnest(cast(:ids as bigint[])) o where o < id)"
        statement = f"update bench_template set present = :present, rank = {rank} where id = any(:ids)"
        run(sa.text(statement), {"present": present, "ids": list(ids)})
    counties = list(run(sa.text("select distinct county from bench_template order by 1")).scalars())
    run(sa.text("create temporary table bench_county (here text, there text, turn int) on commit drop"))
    turns = [
        {"here": here, "there": counties[(k + turn) % len(counties)], "turn": turn}
        for turn in range(len(counties))
        for k, here in enumerate(counties)
    ]
    run(sa.text("insert into bench_county values (:here, :there, :turn)"), turns)
    run(sa.text("create temporary table bench_copy (copy int, present bool, first bigint, days int, turn int) "
                "on commit drop"))  # fmt: skip
    first, copy, copies = sum(map(len, kept.values())) + 1, 0, []
    while first <= cases:
        present = copy % PRESENT == 0
        days = 0 if present else 7 * (WEEKS[0] + copy * 37 % (WEEKS[1] - WEEKS[0]))
        copies.append({"copy": copy, "present": present, "first": first, "days": days, "turn": copy % len(counties)})
        first, copy = first + len(kept[present]), copy + 1
    if copies:
        run(sa.text("insert into bench_copy values (:copy, :present, :first, :days, :turn)"), copies)
    for table in ("bench_template", "bench_county", "bench_copy"):
        run(sa.text(f"analyze {table}"))


def _multiply(connection: Connection, cases: int) -> None:
    moved = {"id", "number", "region", "owner_region", "subject", "address", "last_at"}
    moved |= {"opened_on", "handed_on", "due", "closed_on"}
    kept = ", ".join(f"t.{column.name}" for column in supervision_case.c if column.name not in moved)
    spans = {"case_id", "owner_region", "since", "until", "due"}
    span = ", ".join(f"s.{column.name}" for column in case_span.c if column.name not in spans)
    # The events are copied before the cases only in name: no foreign key is looked at here.
    for statement in (_EVENTS.format(), _SPANS.format(kept=span), _CASES.format(kept=kept)):
        head, _, tail = statement.partition("select")
        connection.execute(sa.text(head.replace("t.", "").replace("s.", "") + "select" + tail), {"last": cases})
