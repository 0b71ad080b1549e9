"""Points of soil with their last sample, as the feeds hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import Feeds, Reader
from lantian.observations.invented import marked
from lantian.observations.soil.judging import Judgement, judge
from lantian.observations.soil.law import Law, load
from lantian.standards.rounding import as_decimal


@dataclass(frozen=True, slots=True)
class Point:
    """A point, and its last sample with what it says; ``day`` None: it was never sampled."""

    id: str
    name: str
    region: str
    use: str
    example: bool
    day: date | None
    values: Mapping[str, Decimal]
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Soil:
    """The points that a reader may see, those with the worst soil first, and the values by which they are judged."""

    points: tuple[Point, ...]
    law: Law

    def at(self, level: str) -> int:
        """How many points are at a level of `judging.LEVELS`."""
        return sum(one.judgement.level == level for one in self.points)


_ORDER = {"intervention": 0, "screening": 1, "low": 2, "unjudged": 3}


def read(platform: Platform, reader: Reader, *, region: str | None = None, as_of: datetime) -> Soil:
    """The points and the last sample of each, as it was known at a moment. Raises SoilError for an office's file.

    A value below the detection limit counts as the limit, which is at most what there is.
    """
    feeds, law = Feeds(platform), load(platform.home)
    points = marked(platform.engine, feeds.read("soil_point", reader, region=region, as_of=as_of))
    samples = feeds.read("soil_sample", reader, region=region, as_of=as_of)
    last = samples.filter(pl.col("date") == pl.col("date").max().over("point"))
    days: dict[str, date] = {}
    taken: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in last.iter_rows(named=True):
        days[row["point"]] = row["date"]
        taken[row["point"]][row["item"]] = as_decimal(row["value"])
    found = [_point(row, days.get(row["point"]), taken[row["point"]], law) for row in points.iter_rows(named=True)]
    found.sort(key=lambda one: (_ORDER[one.judgement.level], -_worst(one), one.id))
    return Soil(tuple(found), law)


def _point(row: Mapping[str, Any], day: date | None, values: dict[str, Decimal], law: Law) -> Point:
    made = judge(values, row["use"], law)
    return Point(row["point"], row["name"], row["region"], row["use"], row["example"], day, values, made)


def _worst(one: Point) -> Decimal:
    return max((each.multiple or Decimal(0) for each in one.judgement.items), default=Decimal(0))
