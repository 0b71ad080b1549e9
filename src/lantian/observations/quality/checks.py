"""The checks 审核规则: suspects among hours, each with its figures and a sentence. Pure.

    flags = run(frame, book().kinds["state"], near, start=start, end=end, now=now)

A frame needs some 34 days before `start` for what is usual at a station; with less, the checks that need it are silent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations.quality.grid import Array, Grid, Mask, Nearby, rolling_median, shifted
from lantian.observations.quality.kinds import Book, Kind, Limits, book
from lantian.standards.codes import ITEMS

HISTORY = timedelta(days=34)
"""How much before the first hour to be judged the checks look at."""

USUAL, SHORT, LONG = 360, 72, 720
"""Hours: for what is usual between a station and its neighbours; of a lasting shift; and of what it is held against."""

FLOOR = 0.15
"""The least robust difference (of logarithms) taken as usual: some 15 %."""

SCHEMA: dict[str, Any] = {
    "place": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "item": pl.String,
    "check": pl.String,
    "value": pl.Float64,
    "zh": pl.String,
    "en": pl.String,
    "figures": pl.String,
}
"""Columns of flags; `figures` is JSON."""


@dataclass(frozen=True)
class Found:
    """Suspects of one check in one column: a mask over hours, and figures by name, each over hours or one for all."""

    mask: Mask
    figures: Mapping[str, Any] = field(default_factory=dict)


def run(
    frame: pl.DataFrame,
    kind: Kind,
    near: Mapping[str, Sequence[str]],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    rules: Book | None = None,
) -> pl.DataFrame:
    """Flags of the hours start <= time < end.

    Args:
        frame: `place, time, <items>`, hours (UTC), with the history before `start` and an hour or two after `end`.
        kind: the kind of instrument that all places of the frame are.
        near: of each place the stations nearby; they must be in the frame to count.
        start: first hour judged; end: the hour after the last one.
        now: what lies later is not over yet.
        rules: the book that says what flags say; None: the platform's own.
    """
    rules = rules or book()
    items = [item for item in kind.items if item in frame.columns]
    if not items or frame.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    grid = Grid.of(frame, items, start - HISTORY, end + timedelta(hours=3))
    first, last = int(HISTORY / timedelta(hours=1)), int((end - start + HISTORY) / timedelta(hours=1))
    rows: list[dict[str, Any]] = []
    index = {place: column for column, place in enumerate(grid.places)}
    for item in items:
        limits, values = kind.items[item], grid.values[item]
        if np.isnan(values).all():
            continue
        for place, column in index.items():
            beside = [index[other] for other in near.get(place, ()) if other in index]
            view = _Column(grid, values[:, column], Nearby(values[:, beside]), limits, kind, item, place, now)
            for check, found in view.all(grid, column):
                rows += [
                    _flag(rules, check, item, place, grid.time(int(row)), values[row, column], found, int(row))
                    for row in np.flatnonzero(found.mask[first:last]) + first
                ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("time", "place", "item", "check")


@dataclass(frozen=True)
class _Column:
    """One item at one place, with its neighbours."""

    grid: Grid
    values: Array
    near: Nearby
    limits: Limits
    kind: Kind
    item: str
    place: str
    now: datetime

    def all(self, grid: Grid, column: int) -> Iterator[tuple[str, Found]]:
        if not np.isnan(self.values).all():
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                yield "range", self.out_of_range()
                yield "zero", self.zero()
                yield "stuck", self.stuck()
                yield "spike", self.spike()
                for order in self.kind.order:
                    if order.part == self.item and order.whole in grid.values:
                        whole = grid.values[order.whole][:, column]
                        yield "order", self.above_whole(whole, order.times, order.plus, order.whole)
                yield from self.unlike()
                yield "stamp", self.too_early()
                yield "validity", self.short_days()

    def out_of_range(self) -> Found:
        low, high = self.limits.low, self.limits.high
        return Found((self.values < low) | (self.values > high), {"low": low, "high": high})

    def zero(self) -> Found:
        mask, hours = np.zeros(len(self.values), bool), np.zeros(len(self.values))
        if self.limits.zero is not None:
            for first, last in runs(self.values <= 0):
                if last - first + 1 >= self.limits.zero:
                    mask[first : last + 1], hours[first : last + 1] = True, last - first + 1
        return Found(mask, {"hours": hours})

    def stuck(self) -> Found:
        """Runs of one value; a stop of a whole region (no neighbour moved) is none."""
        values, rule = self.values, self.limits.stuck
        mask, hours, moved = np.zeros(len(values), bool), np.zeros(len(values)), np.full(len(values), np.nan)
        alone = self.limits.stuck_alone
        if rule is None and alone is None:
            return Found(mask)
        same = np.append(False, values[1:] == values[:-1])
        for begin, last in runs(same):
            first, length = begin - 1, last - begin + 2
            above = values[first] > (rule.above if rule else 0)
            around = self.near.moved(first, last)
            known = not np.isnan(around)
            enough = (
                rule is not None and length >= rule.hours and around >= rule.moved
                if known and rule is not None
                else alone is not None and length >= alone
            )
            if above and enough:
                mask[first : last + 1], hours[first : last + 1] = True, length
                moved[first : last + 1] = around
        return Found(mask, {"hours": hours, "moved": moved})

    def spike(self) -> Found:
        rule, values, near = self.limits.spike, self.values, self.near
        if rule is None:
            return Found(np.zeros(len(values), bool))
        before, after = shifted(values, 1), np.append(values[1:], np.nan)
        top, bottom = np.maximum(before, after), np.minimum(before, after)
        alone = np.isnan(near.middle)
        up = (values > rule.times * top) & (values - top > rule.least) & (alone | (values > 1.5 * near.high))
        down = (values * rule.times < bottom) & (bottom - values > rule.least) & (alone | (values * 1.5 < near.low))
        return Found(up | down, {"before": before, "after": after, "low": near.low, "high": near.high})

    def above_whole(self, whole: Array, times: float, plus: float, name: str) -> Found:
        return Found(self.values > times * whole + plus, {"whole": whole, "other": name})

    def unlike(self) -> Iterator[tuple[str, Found]]:
        """The checks against neighbours: the hour, and the last three days."""
        rule, factor, near, values = self.limits.neighbour, self.limits.shift, self.near, self.values
        if (rule is None and factor is None) or np.isnan(near.middle).all():
            return
        small = (rule.least if rule else self.limits.high / 20) / 6
        apart = np.log((values + small) / (near.middle + small))
        if rule is not None:
            usual = rolling_median(shifted(apart, 1), USUAL, USUAL // 4)
            spread = 1.4826 * rolling_median(np.abs(shifted(apart, 1) - usual), USUAL, USUAL // 4)
            times = np.abs(apart - usual) / np.maximum(spread, FLOOR)
            expected = np.maximum(np.exp(usual) * (near.middle + small) - small, 0)
            outside = (values > near.high * rule.factor) | (values < near.low / rule.factor)
            far = outside & (times > rule.times) & (np.abs(values - expected) > rule.least)
            yield "neighbour", Found(far, {"expected": expected, "low": near.low, "high": near.high, "times": times})
        if factor is not None:
            yield "shift", self.shifted_away(apart, factor, small)

    def shifted_away(self, apart: Array, factor: float, small: float) -> Found:
        near, values = self.near, self.values
        short = rolling_median(apart, SHORT, SHORT * 2 // 3)
        usual = shifted(rolling_median(apart, LONG, LONG // 3), SHORT)
        away = short - usual
        own = rolling_median(values, SHORT, SHORT * 2 // 3)
        others = np.stack([rolling_median(one, SHORT, SHORT * 2 // 3) for one in near.values.T], axis=1)
        low, high = np.fmin.reduce(others, axis=1), np.fmax.reduce(others, axis=1)
        beyond = (own + small > 1.4 * (high + small)) | (1.4 * (own + small) < low + small)
        mask = (np.abs(away) > np.log(factor)) & beyond & ~np.isnan(values)
        return Found(mask, {"ratio": np.exp(short), "usual": np.exp(usual)})

    def too_early(self) -> Found:
        over = np.array([self.grid.time(row) + timedelta(hours=1) <= self.now for row in range(len(self.values))])
        times = [self.grid.time(row).astimezone(TIMEZONE).strftime("%Y-%m-%d %H:00") for row in range(len(self.values))]
        return Found(~over & ~np.isnan(self.values), {"time": times})

    def short_days(self) -> Found:
        """Days of Beijing that are over and have too few hours, of an item that is measured here."""
        there = ~np.isnan(self.values)
        mask, count = np.zeros(len(there), bool), np.zeros(len(there))
        begin = (-(self.grid.start.astimezone(TIMEZONE).hour)) % 24
        for row in range(begin, len(there) - 23, 24):
            found = int(there[row : row + 24].sum())
            before = there[max(0, row - USUAL) : row]
            over = self.grid.time(row + 24) <= self.now
            if found < self.kind.day_hours and over and before.mean() > 0.5 if len(before) else False:
                mask[row], count[row] = True, found
        needed = self.kind.day_hours
        return Found(mask, {"found": count, "needed": needed, "part": "小时", "part_en": "hours"})


def flagged(frame: pl.DataFrame, rules: Book | None = None) -> pl.DataFrame:
    """Flags of values that the device itself marks M, D, C, B, T or F.

    `frame`: `place, time, item, value, flag` (long). Values marked N, S or not at all are no suspects.
    """
    rules = rules or book()
    marked = frame.filter(pl.col("flag").is_in(list(rules.flags)))
    rows = []
    for one in marked.iter_rows(named=True):
        words = rules.flags[one["flag"]]
        figures = {"flag": one["flag"], "flag_zh": words.zh, "flag_en": words.en}
        value = float("nan") if one["value"] is None else one["value"]
        rows.append(
            _flag(rules, "flagged", one["item"], one["place"], one["time"], value, Found(np.ones(1, bool), figures), 0)
        )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def short_hours(frame: pl.DataFrame, kind: Kind, rules: Book | None = None) -> pl.DataFrame:
    """Flags of hours with fewer valid minutes than the kind needs.

    `frame`: `place, time, item, value, minutes`: hours with the number of valid minutes in them.
    """
    rules = rules or book()
    rows = []
    for one in frame.filter(pl.col("minutes") < kind.hour_minutes).iter_rows(named=True):
        figures = {"found": one["minutes"], "needed": kind.hour_minutes, "part": "分钟", "part_en": "minutes"}
        value = float("nan") if one["value"] is None else one["value"]
        rows.append(
            _flag(rules, "validity", one["item"], one["place"], one["time"], value, Found(np.ones(1, bool), figures), 0)
        )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """First and last row of each unbroken run of True.

    Example:
        >>> list(runs(np.array([True, True, False, True])))
        [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    yield from ((int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True))


_DECIMALS: Mapping[str, Callable[[float], str]] = {
    "times": lambda value: f"{value:.0f}",
    "ratio": lambda value: f"{value:.2f}",
    "usual": lambda value: f"{value:.2f}",
    "hours": lambda value: f"{value:.0f}",
    "found": lambda value: f"{value:.0f}",
}


def _flag(
    rules: Book, check: str, item: str, place: str, time: datetime, value: float, found: Found, row: int
) -> dict[str, Any]:
    """One flag: figures as JSON has them, and its sentences."""
    meaning = ITEMS.get(item)
    figures: dict[str, Any] = {}
    for name, stated in {"value": value, **found.figures}.items():
        one = stated[row] if isinstance(stated, np.ndarray | list) else stated
        figures[name] = (None if np.isnan(one) else round(float(one), 4)) if isinstance(one, float) else one
    decimals = meaning.decimals if meaning else 1

    def told(name: str, figure: Any) -> str:
        if figure is None:
            return "–"
        if isinstance(figure, str | int):
            return ITEMS[str(figure)].symbol if name == "other" and figure in ITEMS else str(figure)
        return _DECIMALS[name](figure) if name in _DECIMALS else f"{figure:.{decimals}f}"

    words = {name: told(name, figure) for name, figure in figures.items()}
    words |= {"item": meaning.symbol if meaning else item, "unit": meaning.printed_unit if meaning else ""}
    says = rules.checks[check].says
    return {
        "place": place,
        "time": time,
        "item": item,
        "check": check,
        "value": figures["value"],
        "zh": says.zh.format(**words),
        "en": says.en.format(**words),
        "figures": json.dumps(figures, ensure_ascii=False),
    }
