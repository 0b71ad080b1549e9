"""What statistics may look at: nothing that was not public at the issue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.forecast import history
from lantian.standards.codes import POLLUTANTS

FIRST = datetime(2015, 12, 31, 16, tzinfo=UTC)
ISSUE = FIRST + timedelta(days=6, hours=20)


def hours(factor: float) -> pl.DataFrame:
    """Ten days of a station; what is measured from the issue on is multiplied."""
    frame = pl.DataFrame({"time": [FIRST + timedelta(hours=h) for h in range(240)]}).with_columns(place=pl.lit("1001A"))
    values = pl.Series(np.arange(1.0, 241.0))
    columns = dict.fromkeys((*POLLUTANTS, "temperature", "wind_speed"), values)
    later = pl.col("time") >= ISSUE
    return frame.with_columns(**columns).with_columns(
        pl.when(later).then(pl.col(list(columns)) * factor).otherwise(pl.col(list(columns)))
    )


def days(factor: float) -> pl.DataFrame:
    """Ten published days of a city; those that were not out at the issue are multiplied."""
    dates = [(FIRST + timedelta(days=n, hours=8)).date() for n in range(10)]
    pm25 = [100.0 * (factor if n >= 6 else 1.0) for n in range(10)]
    return pl.DataFrame({"place": "130100", "date": dates, "pm25": pm25})


@pytest.mark.requirement("F5", part="statistics see nothing that was not public at the issue")
def test_what_comes_after_the_issue_is_not_seen() -> None:
    one, other = (history.of_frames(hours(f), days(f), {"110000": ["1001A"]}).known_at(ISSUE) for f in (1.0, 7.0))
    for name in ("air", "weather", "days"):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name
    assert np.isfinite(one.air[0, one.hour_of(ISSUE) - 1]).all()
    assert np.isnan(one.air[0, one.hour_of(ISSUE) :]).all()
    assert np.isfinite(one.days[0, 5, -1])  # the day before the issue was published at noon
    assert np.isnan(one.days[0, 6:, -1]).all()  # its own day is published tomorrow
