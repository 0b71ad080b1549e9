"""Cases in the database: kept as written, standing as computed, as of any moment; each may only what is theirs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from lantian.kernel import audit
from lantian.kernel.accounts import NotPermitted
from lantian.supervision.events import CaseError, Party
from lantian.supervision.findings import Finding
from lantian.supervision.ledger import Filter
from lantian.supervision.service import Supervision
from lantian.supervision.tables import case_event, supervision_case

OWNER = Party("110105", "housing")
PROOF = ["b" * 64]
FINDING = Finding("土方未覆盖", "construction", "inspection", "110105", subject="示例工地", lon=116.5, lat=39.9)


def handed(desk: Supervision, people, **more) -> str:
    number = desk.open(Finding(**{**FINDING.data(), **more}), people["inspector"])
    desk.move(number, "hand_over", people["office"], "交办", owner=OWNER, days=10, requirement="覆盖")
    desk.move(number, "accept", people["housing"], "签收")
    return number


@pytest.mark.requirement("V3")
def test_a_case_goes_its_way_and_every_event_is_kept_and_audited(desk, people, platform):
    number = handed(desk, people)
    assert number == "2016-000001"
    platform.clock.jump(datetime(2016, 12, 5, 2, tzinfo=UTC))
    desk.move(number, "report", people["housing"], "完成", evidence=PROOF)
    record = desk.move(number, "pass", people["patrol"], "到位", evidence=PROOF)
    assert record.case.state == "closed"
    again = desk.case(number)
    assert again.case == record.case
    assert [event.move or event.kind for event in again.events] == ["open", "hand_over", "accept", "report", "pass"]
    assert again.events[3].party == Party("110105", "housing")
    with platform.engine.connect() as connection:
        watched = {entry.table_name for entry in audit.entries(connection)}
    assert {"supervision_case", "case_event"} <= watched
    assert audit.verify(platform.engine) == []


@pytest.mark.requirement("K4", part="cases as of a moment")
def test_the_ledger_says_what_was_known_then(desk, people, platform):
    number = handed(desk, people)
    platform.clock.jump(datetime(2016, 12, 20, 2, tzinfo=UTC))
    desk.move(number, "interview", people["mayor"], "逾期")
    then, now = datetime(2016, 12, 13, 2, tzinfo=UTC), platform.clock.now()
    assert desk.case(number, then).case.state == "mending"
    (row,) = desk.ledger(Filter(standing="overdue"), then).rows
    assert (row["state"], row["due"], row["desk"]) == ("mending", date(2016, 12, 12), "owner")
    assert desk.ledger(Filter(standing="overdue"), then - timedelta(days=1)).total == 0
    assert desk.ledger(Filter(), now).rows[0]["state"] == "interview"
    assert desk.ledger(Filter(standing="all"), then - timedelta(days=30)).total == 0
    assert desk.summary(Filter(), then).states == {"mending": 1}
    with pytest.raises(LookupError):
        desk.case(number, then - timedelta(days=30))


@pytest.mark.requirement("C1", part="what accountability counts")
def test_the_tally_counts_by_county_and_does_not_change_afterwards(desk, people, platform):
    for _ in range(3):
        handed(desk, people)
    handed(desk, people, source="complaint")
    at = datetime(2016, 12, 14, 2, tzinfo=UTC)
    (row,) = desk.tally(at, date(2016, 12, 1)).to_dicts()
    assert row == {"region": "110105", "unfinished": 4, "new": 3, "open": 4, "closed": 0, "reopened": 0}
    platform.clock.jump(datetime(2016, 12, 20, 2, tzinfo=UTC))
    for number in ("2016-000001", "2016-000004"):
        desk.move(number, "report", people["housing"], "完成", evidence=PROOF)
        desk.move(number, "pass", people["patrol"], "到位", evidence=PROOF)
        platform.clock.jump(platform.clock.now() + timedelta(days=1))
    desk.move("2016-000001", "reopen", people["patrol"], "反弹", evidence=PROOF, days=5)
    assert desk.tally(at, date(2016, 12, 1)).to_dicts() == [row]
    (later,) = desk.tally(platform.clock.now(), date(2016, 12, 1)).to_dicts()
    assert (later["unfinished"], later["closed"], later["reopened"]) == (3, 1, 1)


@pytest.mark.requirement("K1", part="cases")
def test_each_may_only_what_is_theirs(desk, people):
    number = desk.open(FINDING, people["inspector"])
    with pytest.raises(NotPermitted):
        desk.move(number, "hand_over", people["inspector"], "交办", owner=OWNER, days=10, requirement="覆盖")
    with pytest.raises(NotPermitted):
        desk.move(number, "hand_over", people["elsewhere"], "交办", owner=OWNER, days=10, requirement="覆盖")
    with pytest.raises(NotPermitted):
        desk.open(FINDING, people["patrol"])
    desk.move(
        number, "hand_over", people["office"], "交办", owner=Party("110105", "transport"), days=9, requirement="x"
    )
    with pytest.raises(NotPermitted):  # another department of the same county
        desk.move(number, "accept", people["housing"], "签收")
    assert desk.move(number, "accept", people["county"], "签收").case.state == "mending"
    seen = desk.ledger(Filter(scopes=(("130100", None),), standing="all")).total
    assert (seen, desk.ledger(Filter(scopes=(("110000", "transport"),))).total) == (0, 1)
    assert desk.ledger(Filter(scopes=(("110105", "housing"),))).total == 0


def test_who_can_do_everything_still_may_not_check_their_own_work(desk, people):
    everything = people["everything"]
    number = desk.open(FINDING, everything)
    desk.move(number, "hand_over", everything, "交办", owner=OWNER, days=10, requirement="覆盖")
    desk.move(number, "accept", everything, "签收")
    desk.move(number, "report", everything, "完成", evidence=PROOF)
    with pytest.raises(CaseError, match="acted for the owner"):
        desk.move(number, "pass", everything, "到位", evidence=PROOF)


def test_a_note_does_not_make_one_of_the_owners_people(desk, people):
    number = handed(desk, people)
    desk.act(number, "note", people["everything"], "已电话提醒")
    desk.move(number, "report", people["housing"], "完成", evidence=PROOF)
    assert desk.move(number, "pass", people["everything"], "到位", evidence=PROOF).case.over


def test_two_who_act_at_once_do_not_overwrite_each_other(desk, people):
    number = handed(desk, people)
    seen = desk.case(number).case.events
    desk.act(number, "extend", people["office"], "雨雪", days=3, expected=seen)
    with pytest.raises(CaseError, match="4 events by now, 3 were seen"):
        desk.act(number, "extend", people["office"], "雨雪", days=3, expected=seen)


def test_events_cannot_be_changed_or_removed(desk, people, platform):
    number = handed(desk, people)
    for statement in (update(case_event).values(actor="nobody"), case_event.delete()):
        with pytest.raises(DBAPIError, match="never changed"), audit.act(platform.engine, "mallory") as connection:
            connection.execute(statement)
    assert desk.case(number).case.events == 3


def test_what_was_computed_can_be_computed_anew(desk, people, platform):
    number = handed(desk, people)
    with platform.engine.connect() as connection:
        before = connection.execute(select(supervision_case)).mappings().all()
    with audit.act(platform.engine, "mallory") as connection:
        connection.execute(update(supervision_case).values(due=date(2020, 1, 1), state="reported"))
        connection.execute(text("update case_span set due = '2020-01-01'"))
    assert desk.rebuild("office") == (1, 1)
    with platform.engine.connect() as connection:
        assert connection.execute(select(supervision_case)).mappings().all() == before
    assert desk.rebuild("office") == (1, 0)
    assert desk.ledger(Filter(text=number)).rows[0]["due"] == date(2016, 12, 12)


@pytest.mark.requirement("V4", part="overdue lists and reminders")
def test_the_reminders_of_a_day_name_the_case_the_desk_and_the_days(desk, people, platform):
    handed(desk, people)
    told = desk.reminders(Filter(), datetime(2016, 12, 11, 2, tzinfo=UTC))
    assert [(one.row["number"], one.reminder.desk, one.reminder.days) for one in told] == [("2016-000001", "owner", 1)]
    late = desk.reminders(Filter(), datetime(2016, 12, 23, 2, tzinfo=UTC))
    assert [(one.reminder.kind, one.reminder.desk, one.reminder.propose) for one in late] == [
        ("overdue", "leader", "interview")
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": ""}, "title ''"),
        ({"category": "x"}, "expected one of loose_coal"),
        ({"source": "x"}, "expected one of inspection"),
        ({"region": ""}, "region: missing"),
        ({"lon": 116.0, "lat": None}, "both or none"),
        ({"lon": 200.0, "lat": 40.0}, "expected degrees"),
        ({"checklist": (99,)}, "numbers from 0 to 7"),
    ],
)
def test_a_finding_that_cannot_be_used_is_refused(wrong, said):
    with pytest.raises(CaseError, match=said):
        Finding(**{**FINDING.data(), **wrong})
