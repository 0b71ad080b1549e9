"""Effort beside result: four quadrants, two lists, no cause."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from lantian.supervision.programme import rollup
from lantian.supervision.programme.progress import stand
from lantian.supervision.programme.quadrants import Air, listed, place, places, sentence
from lantian.supervision.programme.service import air_of

from .programme_made import child, report, steps

WORSE, BETTER, SAME = Air(80, 75, 6.7), Air(60, 75, -20.0), Air(75, 75, 0.0)


def group(done: int, late: int, region: str = "110105"):
    tasks = [child(f"{region}{k}", 10, region, parent=None) for k in range(done + late)]
    reports = [report(task.number, date(2016, 5, 1), Decimal(10)) for task in tasks[:done]]
    return rollup.total(region, stand(tasks, reports, date(2016, 12, 20)).values())


@pytest.mark.requirement("V7", part="effort beside the air's result")
@pytest.mark.parametrize(
    ("tasks", "air", "quadrant"),
    [
        ((5, 0), BETTER, "kept_better"),
        ((5, 0), SAME, "kept_worse"),
        ((4, 1), WORSE, "kept_worse"),  # 80 percent is enough
        ((3, 1), BETTER, "behind_better"),
        ((3, 1), WORSE, "behind_worse"),
        ((5, 0), None, None),
    ],
)
def test_a_place_stands_in_its_quadrant(tasks, air, quadrant):
    found = place(group(*tasks), air)
    assert found.quadrant == quadrant
    assert found.kept == Fraction(tasks[0], sum(tasks))


@pytest.mark.requirement("V7", part="effort beside the air's result")
def test_all_done_and_air_no_better_stands_first_with_its_sentence():
    groups = [group(4, 1, "110101"), group(5, 0, "110105"), group(5, 0, "110108"), group(1, 4, "110112")]
    found = places(groups, {"110101": Air(90, 70, 28.6), "110105": WORSE, "110108": SAME, "110112": BETTER})
    assert [one.code for one in listed(found, "kept_worse")] == ["110105", "110108", "110101"]
    assert [one.code for one in listed(found, "behind_better")] == ["110112"]
    assert sentence(found[1], "朝阳区", "zh") == "朝阳区：5 项任务全部完成，PM2.5 80 微克/立方米，同比上升 6.7%"
    assert sentence(found[2], "海淀区", "zh").endswith("与上年同期持平")
    assert (
        sentence(found[3], "Tongzhou", "en")
        == "Tongzhou: 1 of 5 tasks done, 4 late, PM2.5 60 µg/m³, −20.0 % on the year"
    )
    assert "无可比" in sentence(place(group(1, 0), None), "x", "zh")


def test_who_is_silent_is_not_on_schedule_and_is_said_to_be_silent():
    quiet = replace(child("1101051", 10, parent=None), steps=steps((date(2016, 12, 31), 100)))
    found = place(rollup.total("110105", stand([quiet], [], date(2016, 12, 20)).values()), BETTER)
    assert (found.kept, found.late, found.silent, found.quadrant) == (0, 0, 1, "behind_better")
    assert "缺报 1 项" in sentence(found, "朝阳区", "zh")
    assert "1 not reported" in sentence(found, "Chaoyang", "en")


def test_a_year_without_a_value_is_no_comparison():
    rows = [
        {"place": "a", "pm25": 80.0, "pm25_before": 75.0, "change_pm25": 6.7},
        {"place": "b", "pm25": 80.0, "pm25_before": None, "change_pm25": None},
        {"place": "c"},
    ]
    assert air_of(rows) == {"a": Air(80.0, 75.0, 6.7)}
