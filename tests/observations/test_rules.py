"""Value rules."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.observations import rules

ITEMS = st.sampled_from(sorted(rules.RULES))
VALUES = st.lists(
    st.one_of(st.none(), st.floats(-1e5, 1e6), st.sampled_from(rules.MISSING_CODES), st.just(0.0)), max_size=30
)
RESOLUTIONS = st.sampled_from(["hour", "day"])

pytestmark = pytest.mark.requirement("M4", part="import checks")


@given(ITEMS, VALUES, RESOLUTIONS)
def test_every_value_stands_or_is_accounted_for(
    item: str, values: list[float | None], resolution: rules.Resolution
) -> None:
    series = pl.Series(values, dtype=pl.Float64)
    judged = rules.judge(series, item, resolution)
    refused = sum(int(mask.sum()) for mask, _ in judged.faults)
    lost = judged.values.null_count() - series.null_count()
    assert lost == judged.codes + judged.zeros + refused
    kept = judged.values.drop_nulls()
    rule = rules.RULES[item]
    assert kept.is_between(rule.low, rule.high).all()
    assert kept.equals(series.filter(judged.values.is_not_null()))


def test_limits_are_inclusive_and_wide_enough_for_true_extremes() -> None:
    for item, value in {
        "pm25": 1400.0,
        "pm10": 9985.0,
        "rain": 201.9,
        "temperature": -53.0,
        "pressure": 550.0,
        "co": 150.0,
    }.items():
        assert rules.judge(pl.Series([value]), item, "hour").values.to_list() == [value]


def test_zero_of_an_hour_stands_and_zero_of_a_day_is_missing() -> None:
    zero = pl.Series([0.0])
    assert rules.judge(zero, "so2", "hour").values.to_list() == [0.0]
    assert rules.judge(zero, "so2", "day").zeros == 1
    assert rules.judge(zero, "temperature", "day").values.to_list() == [0.0]


def test_reason_says_what_would_be_right() -> None:
    ((_, reason),) = rules.judge(pl.Series([-4.0]), "pm25", "hour").faults
    assert "between 0 and 2000 ug/m3" in reason


def test_particle_order_flags_and_keeps() -> None:
    frame = pl.DataFrame({"pm25": [10.0, 30.0, None, 22.0], "pm10": [20.0, 20.0, 20.0, 20.0]})
    assert rules.particle_order(frame).to_list() == [False, True, False, True]
    assert rules.particle_order(frame, tolerance=5).to_list() == [False, True, False, False]
    assert rules.particle_order(frame.drop("pm10")).to_list() == [False] * 4
