"""The joint meeting: an agenda with reasons, decisions that become tasks and events of cases, and stay until done."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lantian.kernel import audit
from lantian.kernel.accounts import NotPermitted
from lantian.supervision.events import CaseError, Party
from lantian.supervision.findings import Finding
from lantian.supervision.programme.agenda import AgendaItem, CaseSeen, propose
from lantian.supervision.programme.decisions import CaseNow, Decision, Outcome, stands
from lantian.supervision.programme.meetings import Meetings
from lantian.supervision.programme.progress import stand
from lantian.supervision.programme.service import Programme
from lantian.supervision.programme.task import TaskError

from .conftest import PEOPLE, person
from .programme_made import CITY

DAY = date(2016, 12, 1)
HOUSING = Party("110105", "housing")
CASE = CaseSeen("2016-000001", "土方未覆盖", HOUSING, "housing", DAY)
NOW = datetime(2016, 12, 1, 2, tzinfo=UTC)
SECRETARY = person("secretary", {"programme.read", "meetings.manage", "cases.assign"})
ONLY_MEETINGS = person("minutes", {"programme.read", "meetings.manage"})
JOINT = Decision("2016-01", "joint", "夜查渣土车", Party("110105", "police"), DAY, NOW, "x", 1, ("police", "urban"))


def codes(items: list[AgendaItem]) -> list[list[str]]:
    return [[reason.code for reason in item.reasons] for item in items]


@pytest.mark.requirement("V8", part="agenda")
@pytest.mark.parametrize(
    ("case", "found"),
    [
        (CASE, []),
        (replace(CASE, due=DAY - timedelta(days=15)), []),
        (replace(CASE, due=DAY - timedelta(days=16)), [["overdue"]]),
        (replace(CASE, sent_back=1), []),
        (replace(CASE, sent_back=2), [["sent_back"]]),
        (replace(CASE, reassigned=1), [["reassigned"]]),
        (replace(CASE, failures=1), []),
        (replace(CASE, failures=2), [["failed"]]),
        (replace(CASE, usual="urban"), []),  # another department, but in time
        (replace(CASE, usual="urban", due=DAY - timedelta(days=1)), [["differs"]]),
        (replace(CASE, usual="urban", owner=Party("110105", "government"), due=DAY - timedelta(days=1)), []),
        (replace(CASE, owner=None, due=DAY - timedelta(days=20)), [["overdue"]]),
        (replace(CASE, failures=2, sent_back=3, reassigned=1), [["sent_back", "reassigned", "failed"]]),
    ],
)
def test_a_case_is_proposed_for_a_reason_that_is_said(case, found):
    items = propose([case], [], [], DAY)
    assert codes(items) == found
    for item in items:
        assert all(reason.zh and reason.en for reason in item.reasons)


@pytest.mark.requirement("V8", part="agenda")
def test_the_most_stuck_comes_first_and_open_decisions_before_all():
    slow = stand([CITY], [], date(2016, 12, 20))
    assert slow["A"].state == "severe"
    cases = [replace(CASE, number=str(k), failures=2, due=DAY - timedelta(days=k)) for k in range(40)]
    late = stands(JOINT, DAY + timedelta(days=3))
    done = stands(replace(JOINT, outcome=Outcome(DAY, "已查", (), "x", NOW)), DAY + timedelta(days=3))
    items = propose(cases, slow.values(), [done, late], DAY + timedelta(days=3))
    assert [item.subject for item in items[:2]] == ["decision", "case"]
    assert len(items) == 21
    assert codes(items)[0] == ["late"]
    assert items[0].reasons[0].zh == "第 2016-01 次会议决定，超期 3 天"
    task = next(item for item in propose([], slow.values(), [], DAY))
    assert (task.subject, task.key, task.owner) == ("task", "A", Party("110000", "ecology"))


@pytest.mark.requirement("V8", part="decisions")
def test_where_a_decision_stands_follows_from_what_it_became():
    task = Decision("2016-01", "task", "办", HOUSING, DAY, NOW, "x", 1, task="A")
    assert stands(task, DAY).state == "dropped"
    assert stands(task, DAY, stand([CITY], [], date(2016, 4, 2))["A"]).state == "open"
    assert stands(task, DAY, stand([CITY], [], date(2016, 12, 20))["A"]).state == "late"
    assert [stands(JOINT, DAY + timedelta(days=k)).state for k in (0, 1)] == ["open", "late"]
    given = Decision("2016-01", "extend", "延", HOUSING, DAY, NOW, "x", 1, case_number="2016-000001")
    later = DAY + timedelta(days=9)
    assert stands(given, later, case=CaseNow(False, later)).state == "open"
    assert stands(given, later, case=CaseNow(False, DAY)).state == "late"
    assert stands(given, later, case=CaseNow(True, None)).state == "done"


@pytest.mark.parametrize(
    "wrong",
    [
        {"departments": ("police",)},
        {"departments": ("urban", "transport")},
        {"kind": "task"},
        {"text": " "},
        {"case_number": "2016-000001"},
        {"kind": "party"},
        {"owner": Party("110105", "nobody")},
    ],
)
def test_a_decision_that_cannot_be_is_refused(wrong):
    with pytest.raises(TaskError, match="expected"):
        replace(JOINT, **wrong)


@pytest.fixture
def room(desk, platform) -> Meetings:
    number = desk.open(Finding("渣土乱倒", "muck", "inspection", "110105", example=True), PEOPLE["inspector"])
    for _ in range(2):
        desk.move(number, "hand_over", PEOPLE["office"], "交办", owner=HOUSING, days=3, requirement="清运")
        desk.move(number, "send_back", PEOPLE["housing"], "非我职责")
    desk.move(number, "hand_over", PEOPLE["office"], "交办", owner=HOUSING, days=3, requirement="清运")
    desk.move(number, "accept", PEOPLE["housing"], "签收")
    platform.clock.jump(datetime(2016, 12, 8, 2, tzinfo=UTC))
    return Meetings(platform)


@pytest.mark.requirement("V8", part="agenda")
def test_the_agenda_finds_a_case_passed_to_and_fro_and_shows_it_to_whom_it_concerns(room, platform):
    (item,) = room.agenda(SECRETARY)
    assert (item.key, codes([item])) == ("2016-000001", [["sent_back", "differs"]])
    assert "交通运输" in item.reasons[1].zh
    assert room.agenda(person("far", {"programme.read", "meetings.manage"}, "130100")) == []
    assert room.agenda(SECRETARY, datetime(2016, 11, 30, tzinfo=UTC)) == []


@pytest.mark.requirement("V8", part="decisions")
def test_decisions_become_tasks_and_events_and_come_back_until_done(room, desk, platform):
    number = room.hold(date(2016, 12, 8), "示例副市长", ["生态环境", "交通运输"], "", SECRETARY, keys={"2016-000001"})
    (held,) = room.meetings()
    assert (held.number, held.items[0].key, held.minutes) == (number, "2016-000001", "")
    room.write(number, "改派交通运输。", SECRETARY)
    room.write(number, "改派交通运输，三日内清运。", SECRETARY)
    assert room.meetings()[0].minutes.endswith("清运。")
    transport = Party("110105", "transport")
    given = room.decide(number, "assign", "由交通运输清运", transport, SECRETARY, case_number="2016-000001")
    case = desk.case("2016-000001")
    assert (case.case.owner, case.events[-1].kind, given.event) == (transport, "assign", 8)
    assert "联席会议 2016-01" in case.events[-1].reason
    task = room.decide(number, "task", "建渣土车闭环台账", transport, SECRETARY, due=date(2016, 12, 20))
    kept = Programme(platform).task(task.task)
    assert (kept.source, kept.reference, kept.due) == ("meeting", "2016-01/2", date(2016, 12, 20))
    joint = room.decide(
        *(number, "joint", "夜查渣土车", Party("110105", "police"), SECRETARY),
        due=date(2016, 12, 9),
        departments=["police", "urban", "transport"],
    )
    assert [one.state for one in room.decisions()] == ["late", "open", "open"]  # the case is overdue already
    before = platform.clock.now()
    platform.clock.jump(datetime(2016, 12, 12, 2, tzinfo=UTC))
    before_all = [item.key for item in room.agenda(SECRETARY)][:3]
    assert before_all == [given.key, joint.key, task.key]  # the most overdue first
    with pytest.raises(TaskError, match="a day that has come"):
        room.done(joint.key, date(2016, 12, 13), "已查", SECRETARY)
    room.done(joint.key, date(2016, 12, 9), "查车 60 辆", SECRETARY)
    assert [one.state for one in room.decisions()] == ["late", "open", "done"]
    assert joint.key not in [item.key for item in room.agenda(SECRETARY)]
    assert [one.state for one in room.decisions(before)] == ["late", "open", "open"]
    with pytest.raises(TaskError, match="not held yet"):
        room.done(joint.key, date(2016, 12, 9), "再查", SECRETARY)
    assert audit.verify(platform.engine) == []
    for table in ("meeting", "meeting_minutes", "meeting_decision", "meeting_outcome"):
        with pytest.raises(DBAPIError, match="never changed"), audit.act(platform.engine, "x") as connection:
            connection.execute(text(f"delete from {table}"))


@pytest.mark.requirement("K1", part="meetings")
def test_only_who_may_holds_meetings_and_moves_cases(room, desk):
    with pytest.raises(NotPermitted):
        room.hold(date(2016, 12, 8), "某", [], "x", PEOPLE["office"])
    number = room.hold(date(2016, 12, 8), "某", [], "", SECRETARY)
    transport = Party("110105", "transport")
    with pytest.raises(NotPermitted):  # holds meetings, but may not assign cases
        room.decide(number, "assign", "改派", transport, ONLY_MEETINGS, case_number="2016-000001")
    with pytest.raises(NotPermitted):
        room.decide(number, "task", "办", Party("130102", "transport"), SECRETARY, due=date(2016, 12, 20))
    with pytest.raises(NotPermitted):
        room.write(number, "x", PEOPLE["everything"])
    with pytest.raises(CaseError):
        room.decide(number, "extend", "延期", transport, SECRETARY, case_number="2016-000001", days=99)
    with pytest.raises(LookupError):
        room.decide("2016-77", "task", "办", transport, SECRETARY, due=date(2016, 12, 20))
    with pytest.raises(TaskError, match="today or a day to come"):
        room.decide(number, "task", "办", transport, SECRETARY, due=date(2016, 12, 7))
    with pytest.raises(TaskError, match="no day to come"):
        room.hold(date(2016, 12, 9), "某", [], "", SECRETARY)
    assert room.decisions() == []
    assert desk.case("2016-000001").case.owner == HOUSING
