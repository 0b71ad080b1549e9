"""What electricity says against an enterprise: production without treatment, orders not kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from lantian.observations.power.running import Settings, settings

Rule = Literal["untreated", "not_stopped"]


@dataclass(frozen=True, slots=True)
class Order:
    """An order to stand still 停产要求: ``start`` <= time < ``end``; ``reason``: of which warning or plan it is."""

    enterprise: str
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A span in which an enterprise produced as it may not.

    Attributes:
        rule: ``untreated`` (production runs, its treatment facility does not), ``not_stopped`` (against an order).
        start, end: first half hour and the end of the last.
        production_kw: mean power of production in it; treatment_kw: of treatment, None where unknown.
        lasts: it had not ended with the newest reading.
        reason: of the order; empty for ``untreated``.
    """

    enterprise: str
    rule: Rule
    start: datetime
    end: datetime
    production_kw: float
    treatment_kw: float | None
    lasts: bool
    reason: str = ""

    @property
    def hours(self) -> float:
        """How long it lasted."""
        return (self.end - self.start) / timedelta(hours=1)


def untreated(worked: pl.DataFrame, *, with_: Settings | None = None) -> list[Violation]:
    """Spans in which production ran and the treatment facility stood still.

    Args:
        worked: as `working` gives it. An enterprise of which no treatment line is known at all is never accused.
        with_: the figures; None: the shipped ones. A reading that is missing ends a span.
    """
    marked = worked.with_columns(bad=pl.col("production") & ~pl.col("treatment"))
    return _spans(marked, _newest(worked), "untreated", with_ or settings())


def not_stopped(worked: pl.DataFrame, orders: Iterable[Order], *, with_: Settings | None = None) -> list[Violation]:
    """Spans in which production ran although it had been ordered to stop."""
    found: list[Violation] = []
    for order in orders:
        inside = worked.filter(
            (pl.col("enterprise") == order.enterprise) & (pl.col("time") >= order.start) & (pl.col("time") < order.end)
        )
        marked = inside.with_columns(bad=pl.col("production"))
        found += _spans(marked, _newest(worked), "not_stopped", with_ or settings(), order.reason)
    return sorted(found, key=lambda one: (one.enterprise, one.start))


def _newest(worked: pl.DataFrame) -> Mapping[str, datetime]:
    return dict(worked.group_by("enterprise").agg(pl.col("time").max()).iter_rows())


def _spans(
    marked: pl.DataFrame, newest: Mapping[str, datetime], rule: Rule, chosen: Settings, reason: str = ""
) -> list[Violation]:
    step = timedelta(minutes=chosen.step)
    ordered = marked.sort("enterprise", "time").with_columns(pl.col("bad").fill_null(False))
    new = (
        (pl.col("enterprise") != pl.col("enterprise").shift())
        | (pl.col("time").diff() != step)
        | (pl.col("bad") != pl.col("bad").shift())
    ).fill_null(True)
    spans = (
        ordered.with_columns(span=new.cum_sum())
        .filter("bad")
        .group_by("span", maintain_order=True)
        .agg(
            pl.col("enterprise").first(),
            start=pl.col("time").min(),
            last=pl.col("time").max(),
            production=pl.col("production_kw").mean(),
            treatment=pl.col("treatment_kw").mean(),
        )
    )
    return [
        Violation(
            row["enterprise"],
            rule,
            row["start"],
            row["last"] + step,
            round(row["production"], 1),
            None if row["treatment"] is None else round(row["treatment"], 1),
            row["last"] == newest[row["enterprise"]],
            reason,
        )
        for row in spans.iter_rows(named=True)
        if row["last"] + step - row["start"] >= timedelta(minutes=chosen.lasting)
    ]
