"""Goals at 24 hours: judged by both definitions, at lead 1 alone, before anything is rounded."""

from __future__ import annotations

import polars as pl
import pytest

from lantian.forecast import goals, scores


def table(**first: float | None) -> pl.DataFrame:
    """Scores of ours at leads 1 and 2; ``first``: those of PM2.5 at lead 1."""
    fine = {"accuracy": 0.9, "within_25": 0.7, "accuracy_persistence": 0.4, "within_25_persistence": None}
    rows = [
        {"source": source, "lead": lead, "item": item, "n": 9 + lead, **fine, **(first if lead == 1 else {})}
        for source in ("lantian", "persistence")
        for lead in (2, 1)
        for item in ("pm25", "so2", "aqi")
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.mark.parametrize(("reached", "met"), [(0.85, True), (0.8499, False), (None, None)])
def test_a_goal_is_met_from_its_share_on_and_not_by_rounding(reached: float | None, met: bool | None) -> None:
    by_error, by_days = goals.measured(table(accuracy=reached), "lantian")
    assert (by_error.score, by_error.reached, by_error.met, by_error.n) == ("accuracy", reached, met, 10)
    assert (by_days.score, by_days.met) == ("within_25", False)
    assert by_error.leads == {1: reached, 2: 0.9}
    assert by_error.base == {1: 0.4, 2: 0.4}
    assert by_error.plain()["by_lead"] == {"1": reached, "2": 0.9}


def test_what_has_no_case_at_24_hours_has_no_goal() -> None:
    assert goals.measured(table().filter(pl.col("lead") == 2), "lantian") == []
    assert goals.measured(table(), "CMAQ") == []
    assert goals.measured(pl.DataFrame(), "lantian") == []


def test_every_candidate_is_defined() -> None:
    assert set(goals.CANDIDATES) <= set(scores.DEFINITIONS)
    assert {(goal.item, goal.share) for goal in goals.GOALS} == {("pm25", 0.85), ("o3_8h", 0.8)}
