"""Habits of weeks: the worst hours hidden, a factor turned; one verdict a device a week."""

from dataclasses import replace

import numpy as np
import pytest

from lantian.observations.fraud import learn, scores
from lantian.observations.fraud.weeks import HIDDEN, guessed, hiding, missing_when_bad, shift
from lantian.observations.fraud.words import sentence

from .made import fleet

DAY, DEVICE = 149, 3
"""A Sunday."""


@pytest.fixture(scope="module")
def history():
    return fleet()


def without(one, hours):
    """With `hours` [days, 24] up to `DAY` taken away from the device."""
    values = one.values["pm25"].copy()
    part = values[DAY + 1 - len(hours) : DAY + 1, DEVICE]
    part[hours] = np.nan
    return replace(one, values={"pm25": values})


def worst(one, days, share):
    part = one.values["pm25"][DAY + 1 - days : DAY + 1, DEVICE]
    return part > np.quantile(part, 1 - share)


@pytest.mark.requirement("M5", part="hours missing when it is bad, by the week")
@pytest.mark.parametrize("peers", [True, False])
def test_hiding_the_worst_hours_is_told_from_losing_any(history, peers):
    fleet_ = replace(history, peers=peers)
    hours = worst(fleet_, 14, 0.2)
    hidden = missing_when_bad(without(fleet_, hours), "pm25")
    lost = missing_when_bad(without(fleet_, np.roll(hours.ravel(), 130).reshape(hours.shape)), "pm25")
    assert hidden[DAY, DEVICE] > 1.5
    assert hidden[DAY, DEVICE] > 2 * lost[DAY, DEVICE]
    # a verdict on Sundays only, and of nobody else
    assert not hidden[DAY - 6 : DAY].any()
    assert not np.delete(hidden[DAY], DEVICE).any()


def test_what_is_counted_of_a_habit(history):
    hours = worst(history, 14, 0.2)
    made = without(history, hours)
    found = hiding(made, "pm25", DAY, guessed(made, "pm25"))
    assert found.days[DEVICE] in HIDDEN
    assert found.missing[DEVICE] == hours.sum()
    runs = np.diff(np.concatenate([[0], hours.ravel().astype(int)])) == 1
    assert found.gaps[DEVICE] == runs.sum()
    assert 0.6 * hours.sum() < found.worst[DEVICE] <= hours.sum()


def test_gaps_that_the_fleet_shares_do_not_count(history):
    hours = worst(history, 14, 0.2)
    values = history.values["pm25"].copy()
    values[DAY - 13 : DAY + 1, 1:6][np.broadcast_to(hours[:, None], (14, 5, 24))] = np.nan
    shared = replace(history, values={"pm25": values})
    assert missing_when_bad(shared, "pm25")[DAY, DEVICE] == 0


def test_a_week_that_was_hardly_reported_says_nothing(history):
    hours = np.ones((28, 24), bool)
    hours[:, ::3] = False
    assert np.isnan(missing_when_bad(without(history, hours), "pm25")[DAY, DEVICE])


@pytest.mark.requirement("M5", part="a factor turned")
def test_a_factor_turned_two_weeks_ago_shows_against_the_others(history):
    limits = learn(history)
    values = history.values["pm25"].copy()
    values[DAY - 13 :, DEVICE] = np.round(values[DAY - 13 :, DEVICE] * 0.8)
    made = replace(history, values={"pm25": values})
    away = shift(made, "pm25")
    assert away[DAY, DEVICE] > 2 * np.delete(away[DAY], DEVICE).max()
    assert not away[DAY + 1].any()
    found = scores(made, limits)
    (reason,) = (one for one in found.evidence[(DAY, DEVICE)] if one.feature == "shift")
    zh, en, figures = sentence(made, reason, DAY, DEVICE, {})
    assert "与其他设备之比近 14 天为 8" in zh, zh
    assert figures["days"] == 14
    assert "56 days before" in en
    assert np.isnan(shift(replace(made, peers=False), "pm25")).all()
