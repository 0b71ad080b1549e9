"""Whatever is done to a case in whatever order, it keeps an owner and a day, and nobody closes what they owe."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.supervision import workflow_file
from lantian.supervision.case import Case, apply, fold
from lantian.supervision.events import CaseError, Event, Party
from lantian.supervision.findings import Finding
from lantian.supervision.reminders import due_on, raised
from lantian.supervision.rules import Who, allowed

FLOW = workflow_file.load("five_step")
OWNER = {"region": "110105", "department": "housing"}
PROOF = ("a" * 64,)
START = datetime(2016, 12, 1, 1, tzinfo=UTC)  # a Thursday
FINDING = Finding("土方未覆盖", "construction", "inspection", "110105").data()


def opened(workflow=FLOW, at=START) -> list[Event]:
    return [Event(1, at, "inspector", "open", Party("110000", "government"), data=FINDING)]


def then(events: list[Event], move: str, *, wait: float = 0, actor: str = "someone", **data) -> list[Event]:
    case = fold(events, FLOW)
    found = FLOW.moves[move]
    party = Party("110105", "housing") if FLOW.desks[found.desk].owner else Party("110000", "government")
    event = Event(
        len(events) + 1, events[-1].at + timedelta(days=wait), actor, "move", party, move, "因为",
        {"desk": found.desk, **data}, PROOF if found.evidence else (),
    )  # fmt: skip
    apply(case, event)
    return [*events, event]


def handed(days: int = 10) -> list[Event]:
    events = then(opened(), "hand_over", actor="office", owner=OWNER, days=days, requirement="覆盖到位")
    return then(events, "accept", actor="housing")


@pytest.mark.requirement("V3")
def test_the_five_steps_from_finding_to_closing():
    events = then(handed(), "report", wait=2, actor="housing")
    events = then(events, "pass", wait=1, actor="patrol")
    case = fold(events, FLOW)
    assert (case.state, case.over, case.due, case.closed_on) == ("closed", True, None, date(2016, 12, 4))
    assert case.handlers == {"housing"}
    assert [event.move for event in events] == [None, "hand_over", "accept", "report", "pass"]


@pytest.mark.requirement("V4")
def test_the_term_runs_from_the_hand_over_through_its_acceptance():
    case = fold(handed(days=10), FLOW)
    assert case.state == "mending"
    assert case.due is not None
    assert case.due.date == date(2016, 12, 12)  # the 11th is a Sunday
    assert not case.overdue(date(2016, 12, 12))
    assert case.overdue(date(2016, 12, 13))
    assert case.left(date(2016, 12, 10)) == 2
    assert case.left(date(2016, 12, 14)) == -2


@pytest.mark.requirement("V4")
def test_a_check_that_fails_gives_a_new_term_and_counts_as_unfinished_until_it_is_closed():
    events = then(handed(), "report", wait=2, actor="housing")
    failing = Event(
        5, events[-1].at + timedelta(days=1), "patrol", "move", Party("110000", "government"), "fail", "仍有裸土",
        {"desk": "checker", "days": 5}, PROOF,
    )  # fmt: skip
    case = apply(fold(events, FLOW), failing)
    assert case.due is not None
    assert (case.state, case.failures, case.due.date) == ("mending", 1, date(2016, 12, 9))
    assert case.unfinished(date(2016, 12, 5))  # before its day: sent back counts
    events = then(then([*events, failing], "report", actor="housing"), "pass", actor="patrol")
    assert not fold(events, FLOW).unfinished(date(2017, 1, 1))


@pytest.mark.requirement("V5", part="re-opened counts as unfinished")
def test_a_case_found_again_is_unfinished_from_that_day():
    events = then(then(handed(), "report", actor="housing"), "pass", wait=1, actor="patrol")
    found = Event(
        6, events[-1].at + timedelta(days=20), "patrol", "move", None, "reopen", "复查又见裸土",
        {"desk": "checker", "days": 7}, PROOF,
    )  # fmt: skip
    case = apply(fold(events, FLOW), found)
    assert (case.reopened, case.closed_on) == (1, None)
    assert case.unfinished(found.day)
    assert case.owner == Party("110105", "housing")


def extend(case: Case, days: int, at: datetime) -> Event:
    return Event(case.events + 1, at, "office", "extend", None, None, "雨雪", {"desk": "office", "days": days})


@pytest.mark.requirement("V4")
def test_extensions_are_counted_and_limited_and_pauses_stop_the_clock():
    case = fold(handed(days=10), FLOW)
    later = START + timedelta(days=2)
    case = apply(apply(case, extend(case, 5, later)), replace(extend(case, 5, later), seq=5))
    assert case.due is not None
    assert case.due.date == date(2016, 12, 21)
    with pytest.raises(CaseError, match="2 at most"):
        apply(case, extend(case, 1, later))
    pause = Event(6, later, "office", "pause", None, None, "停工", {"desk": "office", "until": "2016-12-13"})
    paused = apply(case, pause)
    assert paused.due is not None
    assert paused.due.date == date(2017, 1, 3)  # 10 days on: the 31st and the holiday after it
    assert paused.paused(date(2016, 12, 5))
    assert due_on(paused, date(2016, 12, 12)) == ()
    resumed = apply(paused, Event(7, later + timedelta(days=3), "office", "resume", None, None, "", {"desk": "office"}))
    assert resumed.due is not None
    assert resumed.due.date == date(2016, 12, 26)  # 3 days on: Saturday the 24th


@pytest.mark.requirement("V4", part="reminders")
def test_reminders_come_before_the_day_on_it_and_after_it():
    case = fold(handed(days=11), FLOW)  # Monday the 12th
    days = [date(2016, 12, d) for d in range(8, 24)]
    told = {day.day: [(one.kind, one.desk, one.days) for one in due_on(case, day)] for day in days if due_on(case, day)}
    assert told == {
        9: [("before", "owner", 3)],
        11: [("before", "owner", 1)],
        12: [("before", "owner", 0)],
        13: [("overdue", "office", 1)],
        19: [("overdue", "leader", 5)],
    }
    assert [one.propose for one in raised(case, date(2016, 12, 23))] == [None, "interview"]


def refusal(event: Event, events: list[Event]) -> str:
    with pytest.raises(CaseError) as refused:
        apply(fold(events, FLOW), event)
    return str(refused.value)


@pytest.mark.requirement("V3", part="who may")
def test_the_owner_may_not_check_itself_by_unit_or_by_person():
    events = then(handed(), "report", actor="housing")
    good = Event(5, events[-1].at, "patrol", "move", None, "pass", "到位", {"desk": "checker"}, PROOF)
    assert "belongs to the owner" in refusal(replace(good, party=Party("110105", "housing")), events)
    assert "acted for the owner" in refusal(replace(good, actor="housing"), events)
    assert apply(fold(events, FLOW), good).over


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seq": 9}, "expected 4"),
        ({"at": START - timedelta(days=1)}, "before the last one"),
        ({"move": "fly"}, "expected one of hand_over"),
        ({"move": "pass"}, "stands in mending"),
        ({"evidence": ()}, "1 file"),
        ({"reason": " "}, "say why"),
        ({"data": {"desk": "owner", "days": 3}}, "does not take days"),
        ({"data": {"desk": "office"}}, "does not sit there"),
        ({"data": {"desk": "cook"}}, "expected one of office"),
    ],
)
def test_what_the_workflow_does_not_allow_is_refused_in_words(change, said):
    good = Event(
        4, START + timedelta(days=3), "housing", "move", Party("110105", "housing"), "report", "完成",
        {"desk": "owner"}, PROOF,
    )  # fmt: skip
    assert said in refusal(replace(good, **change), handed())


def test_an_interview_needs_a_passed_day_and_a_special_inspection_an_interview():
    case = fold(handed(days=10), FLOW)
    leader = Who("mayor", frozenset({"leader"}))
    assert [move.name for move in allowed(case, leader, date(2016, 12, 12))] == []
    assert [move.name for move in allowed(case, leader, date(2016, 12, 13))] == ["interview"]


def test_the_reverse_schedule_ends_by_the_day_and_is_ticked_off_with_proof():
    case = fold(handed(days=10), FLOW)
    at = START + timedelta(days=1)
    steps = [{"text": "清点", "due": "2016-12-03"}, {"text": "覆盖", "due": "2016-12-12"}]
    plan = Event(4, at, "housing", "plan", None, None, "", {"desk": "owner", "steps": steps})
    late = replace(plan, data={"desk": "owner", "steps": [{"text": "x", "due": "2016-12-13"}]})
    assert "by 2016-12-12" in refusal(late, handed(days=10))
    planned = apply(case, plan)
    done = apply(planned, Event(5, at, "housing", "step", None, None, "", {"desk": "owner", "step": 0}, PROOF))
    assert [step.done_on for step in done.steps] == [date(2016, 12, 2), None]


# Whatever people try: each draw is an act by somebody at some desk, allowed or not.
PEOPLE = {
    "inspector": Party("110000", "government"),
    "office": Party("110000", "government"),
    "owner1": Party("110105", "housing"),
    "owner2": Party("110105", "housing"),
    "other": Party("110106", "transport"),
    "patrol": Party("110000", "ecology"),
    "mayor": None,
}
ACTS = st.tuples(
    st.sampled_from(sorted(PEOPLE)),
    st.sampled_from(["move", "move", "move", "move", "extend", "pause", "resume", "assign", "plan", "step", "note"]),
    st.integers(0, 11),
    st.integers(0, 40),
    st.integers(1, 60),
    st.integers(0, 2),
)


def attempt(workflow, case: Case, draw) -> Event:
    actor, kind, which, wait, days, proof = draw
    at = case.last_at + timedelta(days=wait)
    moves = [*workflow.moves_from(case.state), *workflow.moves.values()]
    move = moves[which % len(moves)] if kind == "move" else None
    desk = move.desk if move else ("owner" if kind in ("plan", "step") else "office")
    data: dict = {"desk": desk}
    if (move and "owner" in move.needs) or kind == "assign":
        data["owner"] = [OWNER, {"region": "110106", "department": "transport"}][which % 2]
    if (move and "days" in move.needs) or kind == "extend":
        data |= {"days": days}
    if move and "requirement" in move.needs:
        data["requirement"] = "整改"
    if kind == "pause":
        data["until"] = ((at + timedelta(days=days)).date()).isoformat()
    if kind == "plan":
        data["steps"] = [{"text": "一", "due": (at.date() + timedelta(days=wait % 5)).isoformat()}]
    if kind == "step":
        data["step"] = 0
    return Event(
        case.events + 1, at, actor, kind, PEOPLE[actor], move.name if move else None, "因为", data, PROOF * proof
    )


def straight(workflow, depth: int) -> list[Event]:
    """A case brought so many moves towards its closing, everybody doing their part."""
    people = {"office": "office", "owner": "owner1", "checker": "patrol", "leader": "mayor"}
    events = opened(workflow)
    for _ in range(depth):
        case = fold(events, workflow)
        if case.over:
            break
        move = next(move for move in workflow.moves_from(case.state) if move.desk == case.at.desk)
        actor = people[move.desk]
        values = {"owner": OWNER, "days": 10, "requirement": "整改"}
        data = {"desk": move.desk, **{need: values[need] for need in move.needs}}
        at = case.last_at + timedelta(days=1)
        events.append(Event(case.events + 1, at, actor, "move", PEOPLE[actor], move.name, "因为", data, PROOF))
    return events


@pytest.mark.parametrize("name", workflow_file.names())
def test_the_straight_way_leads_to_a_closed_case(name):
    workflow = workflow_file.load(name)
    assert fold(straight(workflow, 6), workflow).state == "closed"


@pytest.mark.requirement("V3")
@pytest.mark.requirement("V4")
@pytest.mark.parametrize("name", workflow_file.names())
@given(depth=st.integers(0, 6), draws=st.lists(ACTS, max_size=20))
@settings(max_examples=200)
def test_no_sequence_of_allowed_events_loses_a_case(name, depth, draws):
    workflow = workflow_file.load(name)
    events = straight(workflow, depth)
    case = fold(events, workflow)
    for draw in draws:
        event = attempt(workflow, case, draw)
        before = case
        try:
            case = apply(case, event)
        except CaseError:
            continue
        events.append(event)
        state = workflow.states[case.state]
        if state.final:
            assert case.due is None
            assert case.closed_on is not None
            if before.over:
                continue
            if state.verified:
                assert event.party != before.owner
                assert event.actor not in before.handlers
            else:
                assert event.actor != case.opener
        else:
            assert case.due is not None
            assert case.due.date >= case.since or case.given is not None
            assert state.desk in workflow.desks
            if state.owed or workflow.desks[state.desk].owner:
                assert case.owner is not None
        assert case.events == len(events)
    assert fold(events, workflow) == case  # and the record alone gives the same


def test_a_refusal_is_said_in_both_languages():
    error = CaseError("pause: 2 times at most", "最多中止 2 次")
    assert (str(error), error.en, error.zh) == ("pause: 2 times at most", "pause: 2 times at most", "最多中止 2 次")
    assert CaseError("only English").zh == "only English"
