"""Monthly dispatch, quarterly assessment, responsibility letters."""

from datetime import date
from decimal import Decimal

import pytest

from lantian.accountability import letters
from lantian.accountability.letters import Month
from lantian.accountability.money import FOLDER, ScheduleError
from lantian.assessment.periods import parse
from lantian.assessment.targets import Day, Target, track

SCHEME = letters.load()
OCTOBER, NOVEMBER, DECEMBER = (parse(f"2016-{month}") for month in (10, 11, 12))


def quarter(place: str, done: tuple[int, int, int], air: tuple[str | None, str | None, str | None]) -> list[Month]:
    months = (OCTOBER, NOVEMBER, DECEMBER)
    return [
        Month(place, month, 10, count, None if text is None else Decimal(text))
        for month, count, text in zip(months, done, air, strict=True)
    ]


@pytest.mark.requirement("C2", part="monthly ranking and quarterly assessment")
def test_a_quarter_weighs_tasks_and_air() -> None:
    months = [
        *quarter("110101", (10, 9, 8), ("132.4", "80", "40")),  # 90.0 of tasks; air 100, 80, 40 -> 73.3
        *quarter("110102", (10, 10, 10), ("-20", "100", "100")),  # 100.0; air 0, 100, 100 -> 66.7
        *quarter("110105", (10, 10, 10), ("100", None, "100")),
    ]
    scores = {each.place: each for each in letters.assess(SCHEME, months)}
    assert (scores["110101"].tasks, scores["110101"].air) == (Decimal("90.0"), Decimal("73.3"))
    assert scores["110101"].total == Decimal("80.0")  # 36 + 43.98
    assert (scores["110102"].air, scores["110102"].total) == (Decimal("66.7"), Decimal("80.0"))
    assert [scores[place].rank for place in ("110101", "110102", "110105")] == [1, 1, None]
    assert scores["110101"].grade is not None
    assert scores["110101"].grade.zh == "良好"
    assert (scores["110105"].total, scores["110105"].tasks) == (None, Decimal("100.0"))


@pytest.mark.requirement("C2", part="monthly ranking and quarterly assessment")
@pytest.mark.parametrize(
    ("air", "grade"),
    [("100", "优秀"), ("83.4", "优秀"), ("83.2", "良好"), ("58.4", "良好"), ("33.4", "合格"), ("33.2", "不合格")],
)
def test_a_month_is_ranked_and_graded_at_the_thresholds(air: str, grade: str) -> None:
    score = letters.assess(SCHEME, [Month("110101", OCTOBER, 0, 0, Decimal(air))])[0]
    assert score.grade is not None
    assert (score.grade.zh, score.rank) == (grade, 1)


def test_a_place_without_one_of_the_months_is_not_ranked() -> None:
    months = [*quarter("110101", (1, 1, 1), ("50", "50", "50")), Month("110102", OCTOBER, 1, 1, Decimal(100))]
    assert [(each.place, each.rank, each.months) for each in letters.assess(SCHEME, months)] == [
        ("110101", 1, 3),
        ("110102", None, 1),
    ]
    with pytest.raises(ValueError, match="110102 2016-10: given twice"):
        letters.assess(SCHEME, months[-1:] * 2)
    with pytest.raises(ValueError, match=r"tasks done 2: expected 0\.\.1"):
        Month("110101", OCTOBER, 1, 2, None)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("tasks: 40", "tasks: 50", "air 60: expected 50, so that the weights make 100"),
        ("at_least: 75", "at_least: 95", "expected grades from the best to the worst"),
        ("floor: 0", "floor: low", "air: floor 'low': expected a number"),
    ],
)
def test_a_wrong_scheme_is_refused(before: str, after: str, said: str) -> None:
    text = (FOLDER / "letters.yaml").read_text("utf-8")
    assert before in text
    with pytest.raises(ScheduleError, match=said):
        letters.load(text.replace(before, after, 1))


@pytest.mark.requirement("C2", part="annual responsibility letters")
def test_a_responsibility_letter_sets_targets_against_what_was_achieved() -> None:
    days = [Day(date(2016, 12, n), 120, {"pm25": 60.0}) for n in range(1, 32)]
    targets = [
        Target("110105", "pm25", parse("2016-12"), limit=75, base=100, example=True, id=1),
        Target("110105", "pm25", parse("2016"), limit=50, id=2),
        Target("110105", "good_days", parse("2016-12"), limit=10, id=3),
        Target("110101", "pm25", parse("2017"), limit=50, id=4),
    ]
    tracks = [track(each, days, date(2016, 12, 31)) for each in targets]
    found = letters.letters(tracks, 2016)
    assert [each.place for each in found] == ["110105"]
    assert (found[0].kept, found[0].broken) == (1, 2)
    first = found[0].promises[0]
    assert (first.value, first.completion, first.met, first.over, first.example) == (60.0, 160.0, True, True, True)
