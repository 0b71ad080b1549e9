"""The chain as pure functions: any change, removal or exchange of rows is found and named."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.kernel.chain import GENESIS, Entry, Mark, canonical, check, digest

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
contents = st.tuples(texts, texts, st.sampled_from(["INSERT", "UPDATE", "DELETE"]), texts, st.none() | texts)


def row(seq: int, prev_hash: str, actor: str, reason: str, operation: str, key: str, before: str | None) -> Entry:
    at = f"2016-12-16T12:00:00.{seq:06}Z"
    entry = Entry(seq, at, at, actor, reason, "target", operation, key, before, '{"v": 1}', prev_hash, "")
    return replace(entry, hash=digest(entry))


def trail(*written: tuple[str, str, str, str, str | None]) -> list[Entry]:
    rows: list[Entry] = []
    for seq, content in enumerate(written, start=1):
        rows.append(row(seq, rows[-1].hash if rows else GENESIS, *content))
    return rows


trails = st.lists(contents, min_size=1, max_size=8).map(lambda written: trail(*written))
LONG = trail(*[(f"actor {n}", "", "INSERT", f'{{"id": {n}}}', None) for n in range(1, 8)])


def end(rows: list[Entry]) -> Mark:
    return Mark(rows[-1].seq, rows[-1].hash)


def found(rows: list[Entry], head: Mark | None = end(LONG), anchors: list[Mark] | None = None) -> list[tuple[int, str]]:
    return [(fault.seq, fault.kind) for fault in check(rows, head, anchors or [])]


def test_the_hash_is_what_the_documentation_says():
    entry = Entry(1, "t", "u", "李华", "", "target", "INSERT", '{"id": 1}', None, "{}", GENESIS, "")
    written = f'1:1,1:t,1:u,6:李华,0:,6:target,6:INSERT,9:{{"id": 1}},-,2:{{}},64:{GENESIS}'
    assert canonical(entry) == written
    assert digest(entry) == hashlib.sha256(written.encode()).hexdigest()


@given(trails)
def test_an_untouched_trail_has_no_fault(rows):
    assert check(rows, end(rows), [Mark(entry.seq, entry.hash) for entry in rows]) == []


def test_an_empty_trail_has_no_fault():
    assert check([], Mark(0, GENESIS)) == []


FIELDS = ["at", "clock_at", "actor", "reason", "table_name", "operation", "key", "before", "after"]


@pytest.mark.requirement("K2", part="a changed row")
@given(trails, st.data())
def test_any_change_of_any_field_is_found_and_named(rows, data):
    place = data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(st.sampled_from(FIELDS))
    old = getattr(rows[place], field)
    new = data.draw((texts if field not in ("before", "after") else st.none() | texts).filter(lambda text: text != old))
    changed = [*rows[:place], replace(rows[place], **{field: new}), *rows[place + 1 :]]
    assert found(changed, end(rows)) == [(place + 1, "changed")]


@pytest.mark.requirement("K2", part="a removed row")
@given(trails, st.data())
def test_any_removed_run_of_rows_is_found_and_named(rows, data):
    first = data.draw(st.integers(0, len(rows) - 1))
    final = data.draw(st.integers(first, len(rows) - 1))
    faults = check(rows[:first] + rows[final + 1 :], end(rows))
    assert [(fault.seq, fault.kind) for fault in faults] == [(first + 1, "removed")]
    assert str(final + 1) in faults[0].message


@pytest.mark.requirement("K2", part="reordered rows")
@given(st.data())
def test_any_exchange_of_places_is_found_and_named(data):
    one = data.draw(st.integers(0, len(LONG) - 1))
    other = data.draw(st.integers(0, len(LONG) - 1).filter(lambda place: place != one))
    rows = list(LONG)
    rows[one], rows[other] = replace(LONG[other], seq=one + 1), replace(LONG[one], seq=other + 1)
    faults = check(rows, end(LONG))
    assert {fault.seq for fault in faults if fault.kind == "reordered"} == {one + 1, other + 1}
    assert {fault.kind for fault in faults} == {"reordered"}


def test_rows_that_moved_up_over_a_removed_one_are_named():
    rows = [*LONG[:3], *(replace(entry, seq=entry.seq - 1) for entry in LONG[4:])]
    assert found(rows) == [(4, "reordered"), (5, "reordered"), (6, "reordered"), (7, "removed")]


def test_a_changed_row_with_a_new_hash_is_named():
    forged = replace(LONG[2], actor="someone else")
    forged = replace(forged, hash=digest(forged))
    assert found([*LONG[:2], forged, *LONG[3:]]) == [(3, "changed")]


def test_a_changed_last_row_with_a_new_hash_is_named():
    forged = replace(LONG[-1], actor="someone else")
    assert found([*LONG[:-1], replace(forged, hash=digest(forged))]) == [(7, "changed")]


def rewritten_from(place: int) -> list[Entry]:
    """The trail with the row at `place` changed and every hash from there made anew."""
    rows = list(LONG[:place])
    for entry in LONG[place:]:
        actor = "someone else" if entry.seq == place + 1 else entry.actor
        entry = replace(entry, actor=actor, prev_hash=rows[-1].hash if rows else GENESIS)
        rows.append(replace(entry, hash=digest(entry)))
    return rows


@pytest.mark.requirement("K2", part="a trail rewritten to its end")
def test_only_an_anchor_shows_a_trail_that_was_rewritten_with_its_head():
    forged = rewritten_from(3)
    anchors = [Mark(2, LONG[1].hash), Mark(5, LONG[4].hash)]
    assert found(forged, end(forged)) == []
    faults = check(forged, end(forged), anchors)
    assert [(fault.seq, fault.kind) for fault in faults] == [(3, "rewritten")]
    assert "from 3 to 5" in faults[0].message


@pytest.mark.requirement("K2", part="last rows removed together with the head")
def test_an_anchor_shows_that_the_end_and_the_head_were_cut_back():
    assert found(LONG[:4], end(LONG[:4]), [end(LONG)]) == [(5, "removed")]


def test_a_head_that_was_set_back_is_named():
    assert found(LONG, end(LONG[:4])) == [(5, "changed")]


@pytest.mark.requirement("K2", part="a removed head")
def test_a_head_that_was_removed_is_named():
    assert found(LONG, None) == [(8, "removed")]
    assert found([], None) == [(1, "removed")]


def test_a_row_that_comes_twice_is_named():
    assert found([*LONG[:4], LONG[3], *LONG[4:]]) == [(4, "reordered")]


def test_several_faults_are_all_told():
    rows = [LONG[0], replace(LONG[1], reason="?"), LONG[2], *LONG[4:6]]
    assert found(rows) == [(2, "changed"), (4, "removed"), (7, "removed")]
