"""How complete the observations are, and where raw and reviewed ones join: pure functions over the store's views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations.selection import Selection, as_stamp, instant
from lantian.observations.statements import STAMP, STAMP_TYPE, Resolution

_STEP = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


def only_due(asked: Selection) -> Selection:
    """The selection cut off at what had been due by its `as_of`: hours that have ended, days whose next noon has
    come.
    """
    assert asked.as_of is not None
    if asked.resolution == "hour":
        until = asked.as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    else:
        today = (asked.as_of.astimezone(TIMEZONE) - timedelta(hours=12)).date()
        until = datetime(today.year, today.month, today.day, tzinfo=UTC)
    return replace(asked, end=until if asked.end is None else min(asked.end, until))


def measure(
    observed: pl.LazyFrame,
    asked: Selection,
    items: Sequence[str],
    since: Mapping[str, datetime],
    seen: Callable[[Selection], set[str]],
) -> pl.DataFrame:
    """Expected and observed stamps: `place, item, expected, observed, percent`, sorted by place and in the order of
    `items`.

    `observed` is the view of `asked`, whose start and end are both given. `since` says from when on a place is
    expected to report; without it that is its first row, and `seen` is asked which places had one before the span.
    """
    assert asked.start is not None
    assert asked.end is not None
    start, end, stamp = asked.start, asked.end, pl.col(STAMP[asked.resolution])
    begun = pl.LazyFrame(
        {"place": list(since), "begin": [as_stamp(moment, asked.resolution) for moment in since.values()]},
        schema={"place": pl.String, "begin": STAMP_TYPE[asked.resolution]},
    )
    counts = (
        observed.join(begun, on="place", how="left")
        .filter(pl.col("begin").is_null() | (stamp >= pl.col("begin")))
        .group_by("place")
        .agg(stamp.min().alias("first"), *(pl.col(name).count() for name in items))
        .collect()
    )
    firsts = {place: instant(first, asked.resolution) for place, first in counts.select("place", "first").iter_rows()}
    places = sorted(asked.places if asked.places is not None else {*firsts, *since})
    late = tuple(place for place, first in firsts.items() if first > start and place not in since)
    before = seen(replace(asked, places=late, start=None, end=start)) if late else set()
    expected = []
    for place in places:
        begin = since.get(place) or (start if place in before else firsts.get(place, start))
        expected.append(max(0, (end - max(start, begin)) // _STEP[asked.resolution]))
    table = pl.DataFrame({"place": places, "expected": expected}, schema={"place": pl.String, "expected": pl.Int64})
    wide = table.join(counts.drop("first"), on="place", how="left", maintain_order="left")
    long = wide.unpivot(list(items), index=["place", "expected"], variable_name="item", value_name="observed")
    order = pl.Enum(list(items))
    return (
        long.with_columns(pl.col("observed").fill_null(0).cast(pl.Int64))
        .sort("place", pl.col("item").cast(order))
        .select(
            "place",
            "item",
            "expected",
            "observed",
            pl.when(pl.col("expected") > 0).then(pl.col("observed") * 100 / pl.col("expected")).alias("percent"),
        )
    )


def splice(view: pl.LazyFrame, resolution: Resolution) -> pl.DataFrame:
    """Unbroken runs of one grade: `place, grade, first, last, rows`, from a view with `grade`."""
    stamp = STAMP[resolution]
    run = (pl.col("grade") != pl.col("grade").shift()).fill_null(False).cum_sum().over("place")
    return (
        view.sort("place", stamp)
        .with_columns(run.alias("run"))
        .group_by("place", "run", maintain_order=True)
        .agg(
            pl.col("grade").first(),
            pl.col(stamp).min().alias("first"),
            pl.col(stamp).max().alias("last"),
            pl.len().cast(pl.Int64).alias("rows"),
        )
        .select("place", "grade", "first", "last", "rows")
        .collect()
    )
