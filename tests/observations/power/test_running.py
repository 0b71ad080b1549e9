"""Thresholds learned from a line's past, and the half hours in which production and treatment ran."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.observations.power import Threshold, learned, working
from lantian.observations.power.running import power, settings

START = datetime(2016, 12, 1, tzinfo=UTC)


def past(line: str, values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"line": line, "kw": values})


def readings(line: str, kind: str, values: list[float | None], enterprise: str = "E") -> pl.DataFrame:
    times = [START + timedelta(minutes=30 * n) for n in range(len(values))]
    schema = {"kw": pl.Float64, "time": pl.Datetime("us", "UTC")}
    return pl.DataFrame(
        {"enterprise": enterprise, "line": line, "kind": kind, "time": times, "kw": values}, schema_overrides=schema
    )


@given(
    idle=st.floats(0, 40), running=st.floats(100, 5000), share=st.floats(0.05, 0.95), seed=st.integers(0, 10_000)
)  # fmt: skip
def test_two_levels_are_told_apart(idle: float, running: float, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    runs = rng.random(1000) < share
    values = np.where(runs, running * rng.uniform(0.9, 1.1, 1000), idle * rng.uniform(0.9, 1.1, 1000))
    (mark,) = learned(past("a", values))
    assert mark.means == "groups"
    assert mark.kw is not None
    assert np.array_equal(values > mark.kw, runs)
    assert mark.running == pytest.approx(values[runs].mean(), rel=0.01)


def test_a_fan_that_never_stops_runs_above_a_share_of_its_usual_power() -> None:
    values = 50 + np.random.default_rng(1).normal(0, 2, 2000)
    (mark,) = learned(past("a", values))
    assert (mark.means, mark.idle) == ("share", None)
    assert mark.kw == pytest.approx(0.2 * np.percentile(values, 99), abs=0.01)


def test_a_line_that_slept_or_is_new_is_judged_by_its_rated_power_or_not_at_all() -> None:
    asleep, new = past("a", np.full(500, 0.3)), past("b", np.full(10, 80.0))
    marks = learned(pl.concat([asleep, new]), {"a": 200.0, "b": 100.0, "c": None})
    assert [(one.line, one.kw, one.means) for one in marks] == [
        ("a", 40.0, "rated"), ("b", 20.0, "rated"), ("c", None, "unknown"),
    ]  # fmt: skip


def test_the_noise_of_a_facility_that_is_never_switched_on_is_not_taken_for_running() -> None:
    noise = np.abs(np.random.default_rng(2).normal(0.05, 0.02, 1000))
    (mark,) = learned(past("t", noise))
    assert (mark.kw, mark.means) == (0.2, "asleep")
    assert learned(past("z", np.zeros(500)))[0].means == "asleep"


def test_an_enterprise_works_where_one_of_its_lines_runs() -> None:
    frame = pl.concat(
        [
            readings("p1", "production", [90.0, 1.0, None, 1.0]),
            readings("p2", "production", [1.0, 1.0, None, 80.0]),
            readings("t", "treatment", [9.0, 0.1, 9.0, None]),
        ]
    )
    marks = [Threshold("p1", 10, 1, 90, 400, "groups"), Threshold("p2", 10, 1, 80, 400, "groups")]
    found = working(frame, [*marks, Threshold("t", 2, 0, 9, 400, "groups")])
    assert found["production"].to_list() == [True, False, None, True]
    assert found["treatment"].to_list() == [True, False, True, None]
    assert found["production_kw"].to_list() == [91.0, 2.0, None, 81.0]


def test_a_line_without_a_threshold_says_nothing() -> None:
    frame = readings("p", "production", [90.0])
    assert working(frame, [Threshold("p", None, None, None, 3, "unknown")])["production"].to_list() == [None]


def test_energy_of_half_an_hour_becomes_power() -> None:
    lines = pl.DataFrame({"meter": ["p"], "enterprise": ["E"], "kind": ["production"]})
    rows = pl.DataFrame({"meter": ["p", "stranger"], "time": [START, START], "kwh": [45.0, 1.0]})
    assert power(rows, lines).select("enterprise", "kw").rows() == [("E", 90.0)]


def test_the_figures_of_a_file_are_complete_or_named(tmp_path: Path) -> None:
    assert settings().confidence == "MEMORY"
    file = tmp_path / "power.yaml"
    text = Path(str(settings.__wrapped__.__defaults__[0])).read_text(encoding="utf-8")
    file.write_text(text.replace("lasting: 60", "lasting: soon"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"power\.yaml, lasting: 'soon'"):
        settings(file)
