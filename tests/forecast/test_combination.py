"""Published values: the sources weighed by their late errors, on series whose right weights are known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.forecast import combination
from lantian.forecast.combination import combined, hours_like, weighed
from lantian.forecast.history import ITEMS
from lantian.forecast.learn_trees import FLOOR
from lantian.forecast.store_files import SCHEMAS

ISSUE = datetime(2016, 12, 16, 12, tzinfo=UTC)
DAY = date(2016, 12, 17)
FLOOR_OF_PM25 = float(FLOOR[ITEMS.index("pm25")])


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(1)


def row(
    source: str, value: float, item: str = "pm25", lead: int = 1, place: str = "110000", **quantiles: float
) -> dict[str, object]:
    at = {"issue": ISSUE, "source": source, "place": place, "date": DAY + timedelta(days=lead - 1), "lead": lead}
    return at | {"item": item, "value": value} | quantiles


def values(*rows: dict[str, object]) -> pl.DataFrame:
    names = {name: [one.get(name) for one in rows] for name in SCHEMAS["values"]}
    return pl.DataFrame(names, schema=dict(SCHEMAS["values"]))


def before(errors: dict[str, np.ndarray], observed: float = 100.0) -> pl.DataFrame:
    """Issues before, on which sources erred so in ln(c + floor)."""
    parts = []
    for source, each in errors.items():
        made = (observed + FLOOR_OF_PM25) * np.exp(-each) - FLOOR_OF_PM25
        issues = [ISSUE - timedelta(days=len(each) - k) for k in range(len(each))]
        columns = {"issue": issues, "value": made, "observed": [observed] * len(each)}
        parts.append(pl.DataFrame(columns).with_columns(source=pl.lit(source)))
    lead = pl.lit(1, pl.Int64)
    found = pl.concat(parts).with_columns(place=pl.lit("110000"), item=pl.lit("pm25"), lead=lead)
    return found.with_columns(pl.col("issue").cast(pl.Datetime("us", "UTC")))


OURS = values(row("lantian", 100.0, q10=60.0, q25=80.0, q50=98.0, q75=125.0, q90=160.0))


@pytest.mark.requirement("F5", part="published values weigh all sources by their late errors")
def test_two_unbiased_sources_are_weighed_by_the_inverse_of_their_variances(random: np.random.Generator) -> None:
    errors = np.column_stack([random.normal(0, 0.2, 40_000), random.normal(0, 0.4, 40_000)])
    found = weighed(errors)
    assert found.shares == pytest.approx([0.8, 0.2], abs=0.01)
    # 0.8 and 0.2 of errors without covariance: variance 0.032 where the statistics alone have 0.04
    assert found.spread == pytest.approx(np.sqrt(0.032 / 0.04), abs=0.01)
    correlated = errors.copy()
    correlated[:, 1] = errors[:, 0] + random.normal(0, 0.3, 40_000)
    assert weighed(correlated).shares == pytest.approx([1.0, 0.0], abs=0.01), "it only adds noise to what is known"


def test_few_issues_leave_the_weights_near_the_statistics(random: np.random.Generator) -> None:
    good = np.column_stack([random.normal(0, 0.4, 40), random.normal(0, 0.02, 40)])
    assert weighed(good[:9]).shares.tolist() == [1.0, 0.0]
    ten, forty = (weighed(good[:count]).shares[1] for count in (10, 40))
    assert 0.2 < ten < 0.5 < forty < 0.8  # at most 10 and 40 over 10 more
    alone = good.copy()
    alone[:, 0] = np.nan
    assert weighed(alone).shares.tolist() == [1.0, 0.0], "nothing tells how good the statistics are"


def test_a_gain_that_chance_could_give_is_not_believed(random: np.random.Generator) -> None:
    """A model that repeats the errors of the statistics and adds its own: estimated weights would often be above 0."""
    shares = []
    for _ in range(50):
        ours = random.normal(0, 0.3, 40)
        shares.append(weighed(np.column_stack([ours, ours + random.normal(0, 0.3, 40)])).shares[1])
    assert np.mean(shares) < 0.01


def test_a_bad_source_gets_nothing_and_a_bias_is_no_badness(random: np.random.Generator) -> None:
    size = 40
    ours, other = random.normal(0, 0.2, size), random.normal(0, 0.2, size)
    wild = random.normal(0, 3.0, size)
    bad = weighed(np.column_stack([ours, wild]))
    assert bad.shares[1] < 0.02
    assert bad.spread <= 1.0
    shifted = weighed(np.column_stack([ours, other + 0.5]))
    assert shifted.biases[1] == pytest.approx(0.5 * 40 / 45, abs=0.1)
    assert shifted.shares[1] > 0.2
    assert shifted.biases[0] == 0.0, "the statistics have taken theirs off already"


def test_a_newcomer_that_is_no_good_takes_nothing_from_the_others(random: np.random.Generator) -> None:
    errors = np.column_stack([random.normal(0, 0.3, 40), random.normal(0, 0.2, 40), random.normal(0, 5.0, 40)])
    errors[:30, 2] = np.nan
    before, after = weighed(errors[:, :2]).shares, weighed(errors).shares
    assert before[1] > 0.3
    assert after[:2] == pytest.approx(before, abs=0.02)


def test_shares_sum_to_one_and_none_is_below_nothing(random: np.random.Generator) -> None:
    for sources in (2, 3, 6):
        mixed = random.normal(size=(35, sources)) @ random.normal(size=(sources, sources))
        mixed[random.uniform(size=mixed.shape) < 0.2] = np.nan
        found = weighed(mixed)
        assert found.shares.sum() == pytest.approx(1.0)
        assert (found.shares >= 0).all()
        assert 0 < found.spread <= 1


@pytest.mark.requirement("F5", part="where the statistics alone speak their digits are published")
def test_without_others_the_digits_are_those_of_the_statistics(random: np.random.Generator) -> None:
    history = before({"statistics": random.normal(0.3, 0.2, 30), "model": random.normal(0, 0.1, 30)})
    ours, shares = combined(OURS, values(), history)
    assert ours.equals(OURS)
    assert shares.is_empty()
    few = before({"statistics": random.normal(0, 0.2, 9), "model": random.normal(0, 0.1, 9)})
    ours, shares = combined(OURS, values(row("model", 50.0), row("model", 1.0, place="1001A")), few)
    assert ours.equals(OURS)
    assert shares.select("source", "share", "issues").rows() == [("statistics", 1.0, 9), ("model", 0.0, 9)]
    assert combined(OURS, values(row("model", 50.0)), few.clear())[0].equals(OURS)


def test_the_value_moves_by_the_share_and_the_quantiles_with_it(random: np.random.Generator) -> None:
    errors = {"statistics": random.normal(0, 0.3, 30), "model": 0.5 + random.normal(0, 0.1, 30)}
    ours, shares = combined(OURS, values(row("model", 50.0)), before(errors))
    own = {one["source"]: one for one in shares.to_dicts()}
    share, bias = own["model"]["share"], own["model"]["bias"]
    assert own["statistics"]["share"] == pytest.approx(1 - share)
    assert (own["model"]["issues"], own["model"]["date"]) == (30, DAY)
    low, high = np.log(50.0 + FLOOR_OF_PM25) + bias, np.log(100.0 + FLOOR_OF_PM25)
    centre = share * low + (1 - share) * high
    made = ours.row(0, named=True)
    assert made["value"] == pytest.approx(np.exp(centre) - FLOOR_OF_PM25)
    told = np.log(np.array([made[name] for name in combination.QUANTILES]) + FLOOR_OF_PM25) - centre
    alone = np.log(np.array([60.0, 80, 98, 125, 160]) + FLOOR_OF_PM25) - high
    ratio = told / alone
    assert ratio == pytest.approx(np.full(5, ratio[0]))
    assert share > 0.25
    assert 0.3 < ratio[0] < 0.8, "two that err apart err less together"


def test_hours_follow_the_days_that_changed_and_no_others() -> None:
    start = datetime(2016, 12, 16, 12, tzinfo=UTC)
    times = [start + timedelta(hours=k) for k in range(4 + 48)]
    hours = pl.DataFrame(
        {"place": ["110000"] * 52, "time": times, "o3": [1.0] * 52, "pm25": [0.0] * 4 + [80.0] * 24 + [0.0] * 24},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    old = values(row("statistics", 80.0), row("statistics", 0.0, lead=2), row("statistics", 1.0, item="o3_8h"))
    new = values(row("lantian", 120.0), row("lantian", 3.0, lead=2), row("lantian", 1.0, item="o3_8h"))
    found = hours_like(hours, old, new)
    assert found["pm25"].to_list() == [0.0] * 4 + [120.0] * 24 + [3.0] * 24
    assert found["o3"].equals(hours["o3"])
    assert hours_like(hours, old, old.with_columns(source=pl.lit("lantian"))) is hours
    ozone = hours_like(hours, old, values(row("lantian", 2.0, item="o3_8h")))
    assert ozone["o3"].to_list() == [2.0] * 28 + [1.0] * 24
    assert ozone["pm25"].equals(hours["pm25"])
