"""Minutes: still within the hour, at odds with the hour that was reported, rounded, cut off."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.observations.faults import inject
from lantian.observations.fraud import Fleet, learn, scores
from lantian.observations.fraud.days import Minutes
from lantian.observations.fraud.minutes import measured, of_days, steps_of
from lantian.observations.fraud.words import sentence

DAYS, DEVICES = 30, ("a", "b", "c", "d")
BEGIN = datetime(2016, 1, 1, tzinfo=UTC) - timedelta(hours=8)
DAY, DEVICE = 20, "b"


def minutes() -> pl.DataFrame:
    """Ten-minute means of SO2 in ug/m3, four stacks."""
    random = np.random.default_rng(8)
    count = DAYS * 144
    at = pl.datetime_range(BEGIN, BEGIN + timedelta(minutes=10 * (count - 1)), "10m", eager=True).alias("time")
    parts = []
    for device in DEVICES:
        slow = np.convolve(random.normal(0, 1, count + 35), np.ones(36) / 6, "valid") * 4
        value = np.round(150 + 40 * np.sin(np.arange(count) / 23) + slow + random.normal(0, 5, count))
        parts.append(pl.DataFrame({"device": device, "item": "so2", "time": at, "value": value, "flag": "N"}))
    return pl.concat(parts)


def hours_of(frame: pl.DataFrame) -> pl.DataFrame:
    by_hour = frame.group_by("device", "item", pl.col("time").dt.truncate("1h")).agg(pl.col("value").mean().round(1))
    return by_hour.with_columns(flag=pl.lit("N"))


def fleet_of(frame: pl.DataFrame, hours: pl.DataFrame) -> Fleet:
    days = of_days(frame, hours, {"so2": 1.0})
    return Fleet.of(hours, "cems", minutes=Minutes(days, {"so2": 1.0}), peers=False)


@pytest.fixture(scope="module")
def said() -> pl.DataFrame:
    return minutes()


@pytest.fixture(scope="module")
def limits(said):
    return learn(fleet_of(said, hours_of(said)))


def spoiled(frame, kind, **sizes):
    start = BEGIN + timedelta(days=DAY)
    return inject(
        frame, kind, item="so2", place=DEVICE, start=start, end=start + timedelta(days=1), seed=2, **sizes
    ).frame


WAYS = {
    "minute_constant": ("held", {}, "SO2 有 24 小时的分钟值整小时不变"),
    "minute_quantised": ("quantised", {"step": 20}, "个变动的分钟值中"),
    "minute_clipped": ("clipped", {"limit": 160}, "个分钟值停在最高值 160"),
}


def judged(made: Fleet, limits, feature: str) -> tuple[str, str]:
    found = scores(made, limits)
    at = (DAY, DEVICES.index(DEVICE))
    reasons = {one.feature: one for one in found.evidence.get(at, ())}
    assert feature in reasons, (reasons, found.score[at])
    zh, en, figures = sentence(made, reasons[feature], *at, {})
    assert "{" not in en
    assert figures["feature_value"] > figures["threshold"]
    return zh, en


@pytest.mark.requirement("M5", part="minutes that were made")
@pytest.mark.parametrize("feature", WAYS)
def test_made_minutes_are_told_although_their_hours_look_right(said, limits, feature):
    kind, sizes, says = WAYS[feature]
    made = spoiled(said, kind, **sizes)
    zh, _ = judged(fleet_of(made, hours_of(said)), limits, feature)
    assert says in zh, zh


@pytest.mark.requirement("M5", part="minutes that do not give the hour reported")
def test_hours_that_their_minutes_do_not_give(said, limits):
    hours = spoiled(hours_of(said), "scaled", factor=0.93)
    zh, en = judged(fleet_of(said, hours), limits, "minute_mean")
    assert "可比的 24 小时中 2" in zh
    assert "7" in en.split("(")[1]


def test_what_a_day_of_minutes_says(said):
    hours = hours_of(said)
    few = said.filter((pl.col("device") == "a") & (pl.col("time") < BEGIN + timedelta(days=1)))
    few = few.with_columns(
        flag=pl.when(pl.col("time") < BEGIN + timedelta(hours=19)).then(pl.lit("D")).otherwise("flag")
    )
    (row,) = of_days(few, hours, {"so2": 1.0}).to_dicts()
    assert (row["device"], row["item"], row["day"]) == ("a", "so2", date(2016, 1, 1))
    changes = int((few["value"].tail(30).diff() != 0).sum())
    assert (row["hours"], row["compared"], row["count"]) == (5, 5, 1 + changes)
    assert row["off"] is None  # five hours are too few
    assert row["frozen"] == 0
    assert steps_of(said) == {"so2": 1.0}
    # a fleet without minutes is silent about them
    assert list(measured(Fleet.of(hours, "cems", peers=False))) == []
