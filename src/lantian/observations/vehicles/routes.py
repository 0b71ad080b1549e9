"""Where and when vehicles drive, as gates saw them. Pure frames."""

from __future__ import annotations

import polars as pl

ZONE = "Asia/Shanghai"


def routes(passings: pl.DataFrame, gap: int) -> pl.DataFrame:
    """The ways that vehicles take: ``plate, route`` (gates in order), ``journeys, first, last``, most used first.

    Passings of one vehicle at most ``gap`` minutes apart are one journey; a gate passed twice in a row stands once. A
    journey of one gate is a route of one.
    """
    ordered = passings.select("plate", "gate", "time").sort("plate", "time", "gate")
    apart = pl.col("time").diff().over("plate")
    begins = apart.is_null() | (apart > pl.duration(minutes=gap))
    parted = ordered.with_columns(begins.cum_sum().over("plate").alias("journey"))
    again = (pl.col("gate") == pl.col("gate").shift()).over("plate", "journey").fill_null(False)
    journeys = (
        parted.filter(~again)
        .group_by("plate", "journey", maintain_order=True)
        .agg(pl.col("gate").alias("route"), pl.col("time").min())
    )
    return (
        journeys.group_by("plate", "route", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("journeys"),
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
        )
        .sort("plate", "journeys", pl.col("route").list.len(), "last", descending=[False, True, True, True])
    )


def hours(passings: pl.DataFrame) -> pl.DataFrame:
    """Passings by hour of the day in Beijing: ``plate, hour`` (0 to 23), ``passings``; only hours with some."""
    return (
        passings.group_by("plate", pl.col("time").dt.convert_time_zone(ZONE).dt.hour().cast(pl.Int64).alias("hour"))
        .agg(pl.len().cast(pl.Int64).alias("passings"))
        .sort("plate", "hour")
    )


def main_hours(counts: list[int], share: float = 0.5) -> list[tuple[int, int]]:
    """The hours in which a vehicle drives most: the fewest hours that hold the share, as spans (from, to exclusive).

    Example:
        >>> main_hours([0] * 6 + [3, 5, 1] + [0] * 14 + [1])
        [(7, 8)]
    """
    wanted, held, chosen = share * sum(counts), 0, list[int]()
    for hour in sorted(range(len(counts)), key=lambda at: (-counts[at], at)):
        if held >= wanted or not counts[hour]:
            break
        chosen.append(hour)
        held += counts[hour]
    spans: list[tuple[int, int]] = []
    for hour in sorted(chosen):
        if spans and spans[-1][1] == hour:
            spans[-1] = (spans[-1][0], hour + 1)
        else:
            spans.append((hour, hour + 1))
    return spans
