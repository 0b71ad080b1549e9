"""Clearing windows against what came: cases made by hand, whose scores are counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from lantian.forecast import clearing, verify_clearing

ISSUE = datetime(2016, 12, 1, 12, tzinfo=UTC)  # 20:00 in Beijing
HOUR = timedelta(hours=1)
STAMP = pl.Datetime("us", "UTC")


def air(place: str, dirty: int, clean: int = 96, lead: int = 48) -> pl.DataFrame:
    """Hours of a place: dirty from two days before the issue to so many hours after it, then clean."""
    count = lead + dirty + clean
    rows = [200.0] * (lead + dirty) + [30.0] * clean
    return pl.DataFrame(
        {"place": place, "time": [ISSUE - (lead - k) * HOUR for k in range(count)], "pm25": rows}
    ).with_columns(pl.col("time").cast(STAMP))


def ahead(places: list[str], hours: int = 72) -> pl.DataFrame:
    parts = [
        pl.DataFrame({"issue": ISSUE, "source": "ours", "place": one, "time": [ISSUE + k * HOUR for k in range(hours)]})
        for one in places
    ]
    return pl.concat(parts).with_columns(pl.col("issue", "time").cast(STAMP))


def said(place: str, wait: float | None, probability: float | None = None) -> pl.DataFrame:
    begins = None if wait is None else ISSUE + wait * HOUR
    return pl.DataFrame([(ISSUE, "ours", place, begins, None, probability, wait)], schema=clearing.SCHEMA, orient="row")


@pytest.mark.requirement("F5", part="clearing windows are held against the hour at which the air cleared")
def test_hours_and_chances_are_counted() -> None:
    observed = pl.concat([air("a", 20), air("b", 40), air("c", 10)])
    rows = pl.concat([said("a", 24, 0.9), said("b", 30, 0.8), said("c", 24, 0.4)])
    table = verify_clearing.verify(rows, ahead(["a", "b", "c"]), observed)
    (row,) = table.to_dicts()
    assert row["source"] == "ours"
    assert row["n"] == 3
    assert row["wait"] == 20
    assert row["error"] == pytest.approx((4 + 10 + 14) / 3)
    assert row["bias"] == pytest.approx((4 - 10 + 14) / 3)
    assert row["within_6"] == pytest.approx(1 / 3)
    assert row["within_12"] == pytest.approx(2 / 3)
    assert row["error_usual"] == pytest.approx((0 + 20 + 10) / 3)
    # The air of b is dirty until 12:00 of the third day, which is the first whole day after the hour that was said.
    assert row["n_probability"] == 3
    assert row["frequency"] == pytest.approx(2 / 3)
    assert row["brier"] == pytest.approx((0.1**2 + 0.8**2 + 0.6**2) / 3)
    assert row["brier_usual"] == pytest.approx(2 / 9)


def test_what_was_not_said_counts_as_clean_at_once_and_never_as_the_end_of_the_forecast() -> None:
    observed = pl.concat([air("silent", 20), air("never", 50), air("long", 90)])
    rows = pl.concat([said("never", None, 0.3), said("long", None)])
    found = verify_clearing.cases(rows, ahead(["silent", "never", "long"]), observed)
    by_place = {row["place"]: row for row in found.to_dicts()}
    assert (by_place["silent"]["forecast"], by_place["silent"]["observed"]) == (0, 20)
    assert (by_place["never"]["forecast"], by_place["never"]["observed"]) == (72, 50)
    assert by_place["never"]["probability"] is None  # the best day's is not that of an hour
    assert (by_place["long"]["forecast"], by_place["long"]["observed"]) == (72, 72)


def test_only_issues_in_dirty_air_whose_end_is_seen_are_cases() -> None:
    clean_before = air("clean", -48, clean=120)  # never dirty
    cut = air("cut", 20, clean=0)  # the observations end inside the spell
    later = air("later", 20).with_columns(pl.col("time") + timedelta(days=5))  # dirty after the issue
    rows = pl.concat([said("clean", 5), said("cut", 5), said("later", 5)])
    hours = ahead(["clean", "cut", "later"])
    observed = pl.concat([clean_before, cut, later])
    assert verify_clearing.cases(rows, hours, observed).is_empty()
    assert verify_clearing.verify(rows, hours, observed).is_empty()


def test_every_score_has_a_definition() -> None:
    table = verify_clearing.verify(said("a", 24, 0.9), ahead(["a"]), air("a", 20), by=("source", "place"))
    assert set(table.columns) == {"source", "place", *verify_clearing.DEFINITIONS}
