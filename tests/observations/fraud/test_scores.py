"""Scores: the stated rate of false alarms on the fleet's own history; each way of cheating found and said in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.observations.fraud import Fleet, Learned, learn, scores
from lantian.observations.fraud.catalogue import FEATURES
from lantian.observations.fraud.features import likeness
from lantian.observations.fraud.thresholds import Tail
from lantian.observations.fraud.words import sentence

from .made import DEVICES, fleet

DAY, DEVICE = 149, 3
"""A Sunday: habits of weeks are judged then."""


@pytest.fixture(scope="module")
def history() -> Fleet:
    return fleet()


@pytest.fixture(scope="module")
def learned(history) -> Learned:
    return learn(history)


def spoiled(whole: Fleet, change, item: str = "pm25") -> Fleet:
    values = {name: array.copy() for name, array in whole.values.items()}
    change(values[item])
    return replace(whole, values=values)


def stuck(values):
    values[DAY, DEVICE, 2:] = values[DAY, DEVICE, 2]


def quantised(values):
    values[DAY, DEVICE] = np.round(values[DAY, DEVICE] / 20) * 20


def clipped(values):
    values[DAY, DEVICE] = np.minimum(values[DAY, DEVICE], np.quantile(values[DAY, DEVICE], 0.7))


def flat(values):
    values[DAY, DEVICE] = np.round(np.median(values[DAY, DEVICE]) + np.tile([0, 1, 2, 1], 6))


def yesterday(values):
    values[DAY, DEVICE] = values[DAY - 2, DEVICE]


def neighbour(values):
    values[DAY, DEVICE] = values[DAY, DEVICE + 1]


def repeated(values):
    values[DAY, DEVICE] = np.tile(values[DAY, DEVICE, :6], 4)


def hidden(values):
    week = values[DAY - 6 : DAY + 1, DEVICE]
    week[week > np.quantile(week, 0.7)] = np.nan
    values[DAY, DEVICE, :2] = np.nan


WAYS = {
    "constant": (stuck, "连续 22 小时都是"),
    "quantised": (quantised, "是 20 μg/m³ 的整数倍"),
    "clipped": (clipped, "小时停在最高值"),
    "low_variance": (flat, "全天只在"),
    "copied_day": (yesterday, "小时与 2 天前完全相同"),
    "copied_neighbour": (neighbour, "有 24 小时与“仪器 S4”完全相同"),
    "periodic": (repeated, "每 6 小时重复一次"),
    "missing_when_bad": (hidden, "小时缺数（其他设备有数）"),
}


@pytest.mark.requirement("M5", part="false alarms as stated on the history that it was learned from")
def test_the_stated_rate_of_the_history_alarms(history, learned):
    score = scores(history, learned).score
    known = score[~np.isnan(score)]
    assert known.size > 1300
    assert np.mean(known > 50) <= 0.0101
    assert learned.days == known.size


@pytest.mark.requirement("M5", part="each way of making data up is found and told with its figures")
@pytest.mark.parametrize("feature", WAYS)
def test_each_way_is_found_and_told(history, learned, feature):
    change, says = WAYS[feature]
    made = spoiled(history, change)
    found = scores(made, learned)
    assert found.score[DAY, DEVICE] > 50
    reasons = {one.feature: one for one in found.evidence[(DAY, DEVICE)]}
    assert feature in reasons
    zh, en, figures = sentence(made, reasons[feature], DAY, DEVICE, {name: f"仪器 {name}" for name in DEVICES})
    assert says in zh
    assert "PM2.5" in en
    assert "{" not in en
    assert figures["feature_value"] > figures["threshold"]


def test_thresholds_read_back_are_the_same(history, learned):
    again = Learned.of_json(
        learned.as_json(), kind="state", rate=0.01, first=learned.first, last=learned.last, devices=8, days=learned.days
    )
    one, other = scores(history, learned).score, scores(history, again).score
    assert np.array_equal(one, other, equal_nan=True)
    assert set(FEATURES) >= {feature for feature, _ in learned.tails}


def test_rarer_values_score_more_and_common_ones_nothing():
    tail = Tail.of(np.random.default_rng(1).exponential(1.0, 20_000))
    rare = tail.rarity(np.array([np.nan, 0.1, 2.3, 4.6, 6.9, 9.0]))
    assert rare[:2].tolist() == [0.0, 0.0]
    assert rare[2:5] == pytest.approx([1.0, 2.0, 3.0], abs=0.1)
    assert rare[5] > rare[4]
    assert tail.value_at(3.0) == pytest.approx(6.9, abs=0.3)
    assert Tail.of(np.ones(10)) is None


def test_still_stretches_are_not_alike():
    still, moving = np.full((1, 1, 24), 3.0), np.arange(24.0).reshape(1, 1, 24)
    assert likeness(still, still, np.zeros((1, 1)), 1.0)[0, 0] < 1
    assert likeness(moving, moving, np.full((1, 1), 10.0), 1.0)[0, 0] > 1.5


def test_hours_are_laid_out_by_days_of_beijing():
    at = datetime(2016, 12, 15, 16, tzinfo=UTC)  # midnight
    rows = pl.DataFrame(
        {
            "device": ["a", "a", "b"],
            "item": ["so2"] * 3,
            "time": [at, at + timedelta(hours=25), at],
            "value": [1.0, 2.0, None],
            "flag": ["N", "C", None],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    whole = Fleet.of(rows, "cems", peers=False)
    assert (whole.shape, whole.first.isoformat()) == ((2, 2), "2016-12-16")
    assert whole.values["so2"][0, 0, 0] == 1
    assert whole.values["so2"][1, 0, 1] == 2
    assert np.isnan(whole.values["so2"]).sum() == 2 * 2 * 24 - 2
    assert whole.marks[1, 0, 1] == "C"
    with pytest.raises(ValueError, match="no row"):
        Fleet.of(rows.head(0), "cems")


def test_too_little_history_is_said():
    with pytest.raises(ValueError, match="expected at least 100"):
        learn(fleet(days=12))
