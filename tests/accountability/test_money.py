"""Rewards, deductions and fines: every amount from its formula, caps where they hold, dates by the law's counting."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from lantian.accountability import fines, money
from lantian.accountability.fines import Recheck
from lantian.accountability.interviews import Commitment, Interview, overdue, tasks
from lantian.accountability.money import FOLDER, ScheduleError
from lantian.accountability.records import Books, Measure, balance
from lantian.supervision.programme import store as programme

SCHEDULE = money.load()
LAW = fines.load()
AT = datetime(2016, 12, 16, 12, tzinfo=UTC)
SERVED = date(2016, 11, 1)


@pytest.mark.requirement("C2", part="rewards and deductions by formula with caps")
@pytest.mark.parametrize(
    ("item", "value", "amount", "capped"),
    [
        ("completion", "100", "0.00", False),
        ("completion", "100.9", "0.00", False),  # whole points only
        ("completion", "101", "20000.00", False),
        ("completion", "132.4", "640000.00", False),
        ("completion", "150", "1000000.00", False),
        ("completion", "151", "1000000.00", True),
        ("completion", "99.1", "0.00", False),
        ("completion", "99", "-30000.00", False),
        ("completion", "37.0", "-1500000.00", True),
        ("index", "-0.35", "175000.00", False),
        ("index", "-0.359", "175000.00", False),
        ("index", "0.01", "-5000.00", False),
        ("heavy_days", "3", "-300000.00", False),
        ("heavy_days", "11", "-1000000.00", True),
        ("heavy_days", "-2", "100000.00", False),
    ],
)
def test_an_amount_is_units_times_yuan_within_its_cap(item: str, value: str, amount: str, capped: bool) -> None:
    line = money.settle(SCHEDULE, "110000", "2016AW", {item: Decimal(value)}).lines[0]
    assert (str(line.amount), line.capped) == (amount, capped)
    assert ("封顶" in line.zh) is capped


@pytest.mark.requirement("C2", part="rewards and deductions by formula with caps")
@given(st.decimals(-500, 500, places=1), st.decimals(-5, 5, places=2), st.integers(-60, 60))
def test_a_total_stays_within_the_caps_of_the_whole(completion: Decimal, index: Decimal, days: int) -> None:
    found = money.settle(
        SCHEDULE, "110000", "2016AW", {"completion": completion, "index": index, "heavy_days": Decimal(days)}
    )
    assert -SCHEDULE.deduction_cap <= found.total <= SCHEDULE.reward_cap
    assert found.limited == (found.total != sum(line.amount for line in found.lines))


def test_what_is_not_known_is_not_counted_but_said() -> None:
    found = money.settle(SCHEDULE, "110000", "2016AW", {"completion": None, "heavy_days": Decimal(1)})
    assert found.missing == ("completion", "index")
    assert found.total == Decimal(-100000)
    with pytest.raises(LookupError, match="item 'days': expected one of completion, heavy_days, index"):
        money.settle(SCHEDULE, "110000", "2016AW", {"days": Decimal(1)})


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("unit: 0.01", "unit: 0", "item index: unit 0: expected a number above 0"),
        ("better: higher", "better: more", "item completion: better 'more': expected one of higher, lower"),
        ("yuan: 20000", "yuan: -1", "item completion, reward: yuan -1: expected a number of at least 0"),
        ("reward_cap: 1500000, ", "", "total: field reward_cap is missing"),
    ],
)
def test_a_wrong_schedule_is_refused(before: str, after: str, said: str) -> None:
    text = (FOLDER / "money.yaml").read_text("utf-8")
    assert before in text
    with pytest.raises(ScheduleError, match=said):
        money.load(text.replace(before, after, 1))


@pytest.mark.requirement("C3", part="daily fine by the law's dates")
@pytest.mark.parametrize(
    ("rechecks", "first", "last", "days"),
    [
        ([], None, None, 0),
        ([(15, False)], None, None, 0),
        ([(2, True)], date(2016, 11, 2), date(2016, 11, 2), 1),
        ([(15, True)], date(2016, 11, 2), date(2016, 11, 15), 14),
        ([(15, True), (20, False)], date(2016, 11, 2), date(2016, 11, 15), 14),
        ([(15, True), (20, True), (28, False)], date(2016, 11, 2), date(2016, 11, 20), 19),
    ],
)
def test_days_run_from_the_day_after_service_to_the_recheck_that_finds_it_violating(
    rechecks: list[tuple[int, bool]], first: date | None, last: date | None, days: int
) -> None:
    found = fines.daily(LAW, SERVED, [Recheck(date(2016, 11, d), yes) for d, yes in rechecks], Decimal(100000))
    assert (found.first, found.last, found.days) == (first, last, days)
    assert found.amount == days * 100000
    assert found.notes == ()


@pytest.mark.requirement("C3", part="daily fine by the law's dates")
def test_the_counting_is_configuration() -> None:
    text = (FOLDER / "fines.yaml").read_text("utf-8")
    before = fines.load(text.replace("last_day: of_recheck ", "last_day: before_recheck "))
    assert not before.counts_recheck
    assert fines.daily(before, SERVED, [Recheck(date(2016, 11, 15), True)], Decimal(5)).days == 13
    assert fines.daily(before, SERVED, [Recheck(date(2016, 11, 2), True)], Decimal(5)).days == 0
    assert "MEMORY" in fines.daily(LAW, SERVED, [Recheck(date(2016, 11, 15), True)], Decimal(5)).zh
    late = fines.daily(LAW, SERVED, [Recheck(date(2016, 12, 2), True)], Decimal(5))
    assert "31 天后，超过规定的 30 天" in late.notes[0][0]


@pytest.mark.requirement("C3", part="daily fine by the law's dates")
@pytest.mark.parametrize(
    ("served", "rechecks", "original", "said"),
    [
        (date(2014, 12, 31), [], 5, "served 2014-12-31: expected a day from 2015-01-01"),
        (SERVED, [], 0, "original fine 0: expected yuan above 0"),
        (SERVED, [(1, True)], 5, "re-check 1 on 2016-11-01: expected a day after 2016-11-01"),
        (SERVED, [(9, True), (8, True)], 5, "re-check 2 on 2016-11-08: expected a day after 2016-11-09"),
        (SERVED, [(9, False), (12, True)], 5, "re-check 2 on 2016-11-12: the one before found it mended"),
    ],
)
def test_dates_that_cannot_be_are_refused(
    served: date, rechecks: list[tuple[int, bool]], original: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        fines.daily(LAW, served, [Recheck(date(2016, 11, d), yes) for d, yes in rechecks], Decimal(original))


@pytest.mark.requirement("C3", part="how long restriction and sealing last")
def test_measures_end_on_a_day() -> None:
    assert fines.last_day(LAW, "sealing", date(2016, 11, 1)) == date(2016, 11, 30)
    assert fines.last_day(LAW, "sealing", date(2016, 11, 1), extended=True) == date(2016, 12, 30)
    assert fines.last_day(LAW, "restriction", date(2016, 11, 1)) == date(2017, 1, 31)
    assert fines.last_day(LAW, "referral", date(2016, 11, 1)) is None
    with pytest.raises(LookupError, match="expected one of restriction, sealing, referral"):
        fines.last_day(LAW, "prison", date(2016, 11, 1))


@pytest.mark.requirement("C2", part="ledger")
def test_the_ledger_keeps_settlements_and_takes_back_by_entries(engine: sa.Engine) -> None:
    books = Books(engine)
    values = {"completion": Decimal("40"), "index": Decimal("0.9"), "heavy_days": Decimal(9)}
    settled = money.settle(SCHEDULE, "110105", "2016-11", values)
    made = books.enter(settled, "anna", AT, example=True)
    assert [(each.item, each.amount) for each in made] == [
        ("completion", Decimal("-1500000.00")),
        ("index", Decimal("-450000.00")),
        ("heavy_days", Decimal("-900000.00")),
        ("cap", Decimal("350000.00")),
    ]
    assert balance(books.ledger()) == {"110105": settled.total} == {"110105": Decimal(-2500000)}
    with pytest.raises(ValueError, match="stands in the ledger; correct its entries first"):
        books.enter(settled, "anna", AT)
    later = AT.replace(day=17)
    for each in made:
        books.correct(each.id, "bert", later, "数据更正")
    assert balance(books.ledger("110105")) == {"110105": Decimal("0.00")}
    assert len(books.ledger("110105", as_of=AT)) == 4  # as it stood the day before
    with pytest.raises(ValueError, match="was not taken back"):
        books.correct(made[0].id, "bert", later, "again")
    with pytest.raises(ValueError, match="expected why"):
        books.correct(made[0].id, "bert", later, " ")
    assert len(books.enter(settled, "anna", later)) == 4


@pytest.mark.requirement("C3", part="measures recorded with dates and amounts")
def test_measures_are_recorded(engine: sa.Engine) -> None:
    books = Books(engine)
    fine = fines.daily(LAW, SERVED, [Recheck(date(2016, 11, 15), True)], Decimal(100000))
    kept = books.record(
        Measure(
            "daily_fine",
            "110105",
            "示例铸造厂",
            "京环罚〔示例〕1号",
            SERVED,
            fine.last,
            fine.amount,
            fine.zh,
            "2016-000012",
        ),
        "anna",
        AT,
    )
    sealed = books.record(
        Measure("sealing", "110105", "示例铸造厂", "示例封1号", date(2016, 12, 1), date(2016, 12, 30), example=True),
        "anna",
        AT,
    )
    assert books.measures() == [sealed, kept]
    assert (kept.amount, kept.until, kept.entered_by) == (Decimal("1400000.00"), date(2016, 11, 15), "anna")
    assert books.measures(as_of=AT.replace(day=1)) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "prison"}, "measure 'prison': expected one of daily_fine"),
        ({"subject": " "}, "measure subject ' ': expected a text"),
        ({"until": date(2016, 10, 1)}, "until 2016-10-01: expected 2016-11-01 or a later day"),
        ({"amount": Decimal(1)}, "amount 1: expected yuan for a daily fine"),
        ({"kind": "daily_fine"}, "amount None: expected yuan for a daily fine"),
    ],
)
def test_a_measure_that_says_nothing_is_refused(values: dict[str, object], said: str) -> None:
    right: dict[str, object] = {"kind": "sealing", "place": "110105", "subject": "厂", "document": "1", "on": SERVED}
    with pytest.raises(ValueError, match=said):
        Measure(**{**right, **values})  # type: ignore[arg-type]


@pytest.mark.requirement("C4", part="interviews whose commitments become tasks")
def test_commitments_of_an_interview_become_tasks(engine: sa.Engine) -> None:
    promised = (
        Commitment("110105", "housing", "示例工地全部覆盖", date(2016, 12, 31)),
        Commitment("110105", "", "完成未完成的两件整改", date(2016, 12, 20)),
    )
    held = Interview("110105", "示例区副区长", "市督查办", date(2016, 12, 15), "示例纪要", promised, example=True)
    kept = Books(engine).minute(held, "anna", AT)
    assert Books(engine).interviews() == [kept]
    assert kept.commitments == promised
    found = tasks(kept)
    assert [(each.due.day, each.department) for each in found] == [(20, ""), (31, "housing")]
    assert f"约谈#{kept.id}" in found[0].source
    assert found[0].example
    assert [each.text for each in overdue(kept, date(2016, 12, 21))] == ["完成未完成的两件整改"]
    assert overdue(kept, date(2016, 12, 20)) == ()
    with engine.connect() as connection:
        owed = programme.tasks(connection, AT)
    assert [(one.source, one.department, one.due.day) for one in sorted(owed, key=lambda one: one.due)] == [
        ("interview", "government", 20),
        ("interview", "housing", 31),
    ]


@pytest.mark.parametrize(
    ("minutes", "commitment", "said"),
    [
        ("", None, "interview minutes '': expected a text"),
        (
            "x",
            Commitment("110105", "", "early", date(2016, 12, 14)),
            "commitment 1, due 2016-12-14: expected 2016-12-15",
        ),
        ("x", Commitment("110105", "", " ", date(2016, 12, 20)), "commitment 1: expected a region and a text"),
    ],
)
def test_an_interview_that_says_nothing_is_refused(minutes: str, commitment: Commitment | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Interview("110105", "x", "y", date(2016, 12, 15), minutes, (commitment,) if commitment else ())
