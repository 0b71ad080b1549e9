"""What was evaluated and decided is kept, never changed, and anybody can repeat it."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from lantian.accountability import packs, tables
from lantian.accountability.facts import Facts, Subject
from lantian.accountability.store import Evaluations, replay
from lantian.kernel import audit
from lantian.kernel.tables import audit as trail

AT = datetime(2018, 4, 20, 2, tzinfo=UTC)
FACTS = Facts(
    date(2018, 4, 20), "2017AW", counties=(Subject("140581", "高平市", "140500", unfinished=6, new=5, example=True),)
)
SECRETARY, DEPUTY = "140581/accountable/county_secretary", "140581/accountable/deputy_head"


@pytest.fixture
def store(engine: sa.Engine) -> Evaluations:
    return Evaluations(engine)


@pytest.mark.requirement("C1", part="replayable for a past date")
def test_an_evaluation_is_kept_and_repeats_byte_by_byte(store: Evaluations, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = store.keep(packs.load("2017-18"), FACTS, "anna", AT)
    assert [each.key for each in kept.result.proposals] == [SECRETARY, DEPUTY]
    assert store.get(kept.id) == kept
    monkeypatch.setattr(packs, "FOLDER", None)  # the shipped packs may change or go: the kept one counts
    again = replay(kept)
    assert again.same
    assert (again.result_json, again.sha256) == (kept.result_json, kept.sha256)


@pytest.mark.requirement("C1", part="replayable for a past date")
def test_a_result_that_does_not_come_out_again_is_found(store: Evaluations) -> None:
    import dataclasses

    kept = store.keep(packs.load("2017-18"), FACTS, "anna", AT)
    forged = dataclasses.replace(kept, facts=kept.facts.replace('"unfinished": 6', '"unfinished": 3'))
    assert not replay(forged).same
    assert not replay(dataclasses.replace(kept, sha256="0" * 64)).same


def test_the_same_evaluation_is_kept_once_and_a_later_one_beside_it(store: Evaluations) -> None:
    first = store.keep(packs.load("2017-18"), FACTS, "anna", AT)
    assert store.keep(packs.load("2017-18"), FACTS, "bert", AT + timedelta(days=1)) == first
    other = store.keep(packs.load("zones"), FACTS, "bert", AT + timedelta(days=1))
    assert [each.id for each in store.made()] == [other.id, first.id]
    assert [each.id for each in store.made(as_of=AT)] == [first.id]


@pytest.mark.requirement("C4", part="a person decides")
@pytest.mark.requirement("C1", part="decisions with reason; overturning recorded")
def test_a_later_decision_stands_beside_the_earlier_and_holds(store: Evaluations, engine: sa.Engine) -> None:
    kept = store.keep(packs.load("2017-18"), FACTS, "anna", AT)
    store.decide(kept.id, SECRETARY, "agree", "事实清楚", "mayor", AT)
    store.decide(kept.id, SECRETARY, "overturn", "两件已在期限内完成", "mayor", AT + timedelta(days=2))
    store.decide(kept.id, DEPUTY, "agree", "事实清楚", "mayor", AT)
    assert [each.verdict for each in store.decisions([kept.id]) if each.proposal == SECRETARY] == ["agree", "overturn"]
    assert [each.key for each in store.agreed(kept.id)] == [DEPUTY]
    assert [each.key for each in store.agreed(kept.id, as_of=AT)] == [SECRETARY, DEPUTY]  # as it stood that day
    assert store.holding(kept.id)[SECRETARY].reason == "两件已在期限内完成"
    with engine.connect() as connection:
        actors = connection.execute(sa.select(trail.c.actor, trail.c.table_name).order_by(trail.c.seq)).all()
    assert [row.actor for row in actors if row.table_name == "accountability_decision"] == ["mayor"] * 3


@pytest.mark.parametrize(
    ("proposal", "verdict", "reason", "error"),
    [
        (SECRETARY, "agree", "  ", "expected why"),
        (SECRETARY, "perhaps", "why not", "expected one of agree, overturn"),
        ("140581/accountable/mayor", "agree", "yes", "no proposal"),
    ],
)
def test_a_decision_needs_a_proposal_a_verdict_and_a_reason(
    store: Evaluations, proposal: str, verdict: str, reason: str, error: str
) -> None:
    kept = store.keep(packs.load("2017-18"), FACTS, "anna", AT)
    with pytest.raises((ValueError, LookupError), match=error):
        store.decide(kept.id, proposal, verdict, reason, "mayor", AT)
    assert store.decisions([kept.id]) == []


def test_kept_rows_cannot_be_changed(store: Evaluations, engine: sa.Engine) -> None:
    kept = store.keep(packs.load("2017-18"), FACTS, "anna", AT)
    change = sa.update(tables.evaluation).where(tables.evaluation.c.id == kept.id).values(result="{}")
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), audit.act(engine, "mallory") as connection:
        connection.execute(change)
    with pytest.raises(LookupError, match="no evaluation 99"):
        store.get(99)
