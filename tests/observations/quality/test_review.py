"""Decisions: a reviewed statement with a reason, audited, taken back; what stood stays readable."""

from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import text

from lantian.observations.quality.review import Review
from lantian.observations.quality.service import Quality
from lantian.observations.quality.suspects import suspects
from lantian.observations.store import ObservationStore

from .conftest import END, spoiled

DAY = END - timedelta(days=3)
HOUR = timedelta(hours=1)


def values(platform, as_of=None):
    return (
        ObservationStore(platform)
        .hourly(["A2"], DAY, DAY + 3 * HOUR, ["pm25"], as_of=as_of)
        .collect()
        .sort("time")["pm25"]
        .to_list()
    )


@pytest.fixture
def reviewed(city, clean):
    """The city with three hours of A2 at 900, judged."""
    bad = spoiled(clean, "A2", DAY, DAY + 2 * HOUR, pm25=900.0, pm10=1300.0).filter(pl.col("place") == "A2")
    city.clock.set_simulated(END + HOUR, paused=True)
    ObservationStore(city).append(bad, "hour", "test", actor="test")
    city.clock.set_simulated(END + 2 * HOUR, paused=True)
    Quality(city).run(DAY - 24 * HOUR, END, "test")
    return city


@pytest.mark.requirement("M4")
def test_a_rejection_takes_the_values_back_and_can_be_taken_back_itself(reviewed):
    review, before = Review(reviewed), reviewed.clock.now()
    city = reviewed
    number = review.decide("A2", "pm25", DAY, DAY + 2 * HOUR, "reject", "采样管漏气", "analyst")
    assert values(city, before + HOUR) == [None, None, None]
    assert values(city, before - timedelta(minutes=1)) == [900.0, 900.0, 900.0]
    city.clock.set_simulated(END + 5 * HOUR, paused=True)
    review.undo(number, "查明是真实过程", "analyst")
    city.clock.set_simulated(END + 6 * HOUR, paused=True)
    assert values(city, city.clock.now()) == [900.0, 900.0, 900.0]
    assert values(city, END + 4 * HOUR) == [None, None, None]
    (then,) = review.decisions(as_of=END + 4 * HOUR)
    (now,) = review.decisions(as_of=city.clock.now())
    assert then.stands
    assert (now.undone_by, now.undone_reason, now.reason) == ("analyst", "查明是真实过程", "采样管漏气")
    with city.engine.connect() as connection:
        trail = connection.execute(
            text("select operation, actor, reason from audit where table_name='quality_decision' order by seq")
        ).all()
    assert [tuple(row) for row in trail] == [
        ("INSERT", "analyst", "采样管漏气"),
        ("UPDATE", "analyst", "查明是真实过程"),
    ]
    with pytest.raises(LookupError, match=f"no decision {number} stands"):
        review.undo(number, "again", "analyst")


def test_a_replacement_by_a_number_or_a_line(reviewed):
    review, now = Review(reviewed), reviewed.clock.now()
    first = review.decide("A2", "pm25", DAY, DAY, "replace", "查日志", "analyst", value=66)
    assert values(reviewed, now + HOUR) == [66.0, 900.0, 900.0]
    second = review.decide("A2", "pm25", DAY, DAY + 2 * HOUR, "replace", "插补", "analyst")
    line = values(reviewed, now + HOUR)
    assert max(line) < 300
    assert line == sorted(line) or line == sorted(line, reverse=True)
    with pytest.raises(ValueError, match=f"decision {second} about the same hours came later"):
        review.undo(first, "错了", "analyst")


def test_an_acceptance_is_a_note_and_the_suspect_is_decided(reviewed):
    review, now = Review(reviewed), reviewed.clock.now()
    review.decide("A2", "pm25", DAY, DAY + 2 * HOUR, "accept", "烟花", "analyst")
    assert values(reviewed, now + HOUR) == [900.0, 900.0, 900.0]
    found = suspects(Quality(reviewed).flags(as_of=now, items=["pm25"]), review.decisions(as_of=now))
    (one,) = [each for each in found if "neighbour" in each.checks]
    assert (one.place, one.item, one.first, one.hours) == ("A2", "pm25", DAY, 3)
    assert one.decision is not None
    assert one.decision.decision == "accept"
    assert "按附近站点应约为" in one.zh


WRONG = (
    ({"reason": " "}, "reason: missing"),
    ({"verdict": "delete"}, "expected one of accept, reject, replace"),
    ({"item": "aqi_of_all"}, "expected a measured item"),
    ({"first": DAY + timedelta(minutes=30)}, "expected the beginnings of hours"),
    ({"last": DAY - HOUR}, "the first before the last"),
    ({"verdict": "replace", "value": -4.0}, "must lie between 0 and 2000"),
)


def test_what_cannot_be_decided_says_why(city):
    for changes, says in WRONG:
        asked = {"place": "A2", "item": "pm25", "first": DAY, "last": DAY, "verdict": "reject", "reason": "x"} | changes
        with pytest.raises(ValueError, match=says):
            Review(city).decide(**asked, actor="analyst")
    assert Review(city).decisions(as_of=END + 9 * HOUR) == []
