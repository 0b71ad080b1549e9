"""What was forecast before an issue, and what came 此前的预报: both only as far as they were known at the issue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from lantian.forecast import foreseen_bias, hindcast, history
from lantian.forecast.history import ITEMS, History
from lantian.forecast.peers_store import PeerStore
from lantian.forecast.store import Mode, Run, RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    from collections.abc import Sequence

RECENT: Final = timedelta(days=44)
"""Issues that are looked at: as many as the history holds that an issue is forecast from (`learn.LOOK_BACK`)."""
_UNWEIGHED: Final = ("lantian", "persistence")


def verified(
    platform: Platform, issue: datetime, mode: Mode, known: History, after: timedelta = timedelta()
) -> pl.DataFrame:
    """Daily values that sources forecast in issues of a mode before this one, beside what was observed.

    Args:
        platform: its runs and peers are read as of the issue.
        issue: later ones, and what became known later, are not looked at.
        mode: of our runs; a peer's word is put to each of them as it was known so long ``after`` that issue.
        known: the history as of the issue; days before its own are over.
        after: the issue, what is published is put together; a peer is judged by what it had said as late as that.

    Returns:
        Columns of `values` and ``observed``, of the statistics, the engine and peers.
    """
    runs = _runs(platform, issue, mode, RECENT)
    made = RunStore(platform).archive(runs, "values").drop("mode").collect()
    words = PeerStore(platform).last_words([run.issue for run in runs], after)
    today = issue.astimezone(TIMEZONE).date()
    days = hindcast.days_of(known, dict.fromkeys((*known.places, *known.cities)))
    if days.is_empty():
        return made.clear().with_columns(observed=pl.lit(None, pl.Float64))
    seen = days.filter(pl.col("date") < today).unpivot(
        ITEMS, index=["place", "date"], variable_name="item", value_name="observed"
    )
    return (
        pl.concat([made, words.select(made.columns)], how="vertical_relaxed")
        .filter(~pl.col("source").is_in(_UNWEIGHED))
        .join(seen.drop_nulls("observed"), on=("place", "date", "item"))
    )


def weather_before(platform: Platform, issue: datetime) -> pl.DataFrame:
    """Weather of files at the stations in the issues before, beside what was measured up to this one: the ``before`` of
    `foreseen_bias.corrected`.
    """
    runs = _runs(platform, issue, "weather", foreseen_bias.RECENT)
    made = RunStore(platform).archive(runs, "weather").select("issue", "place", "time", *foreseen_bias.CORRECTED)
    day = issue.astimezone(TIMEZONE).date()
    seen = history.weather_of(platform, issue, day - foreseen_bias.RECENT, day).filter(pl.col("time") < issue)
    names = {name: f"{name}_observed" for name in foreseen_bias.CORRECTED}
    measured = seen.select("place", "time", *names).rename(names)
    return made.collect().join(measured, on=("place", "time"))


def _runs(platform: Platform, issue: datetime, mode: Mode, within: timedelta) -> Sequence[Run]:
    """Runs of a mode whose products were known at the issue, of issues before it."""
    runs = RunStore(platform).runs(issue, first=issue - within)
    return [run for run in runs if run.mode == mode and run.issue < issue]
