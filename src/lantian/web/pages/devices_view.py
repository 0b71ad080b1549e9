"""What the pages of devices draw: the strip of a day, and the course of an item as SVG; pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations.hj212.codes import POLLUTANTS
from lantian.standards.codes import ITEMS
from lantian.web.drawing import ticks

_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 12.0, 12.0, 24.0
WIDTH, HEIGHT = 900.0, 220.0


@dataclass(frozen=True)
class Item:
    """What a measured item is called and measured in."""

    name: str
    zh: str
    en: str
    unit: str

    @property
    def symbol(self) -> str:
        """The short label."""
        return ITEMS[self.name].symbol if self.name in ITEMS else self.name


def item_of(name: str) -> Item:
    """An item of the platform, or a code of HJ 212; one that neither knows is called by its code."""
    if name in ITEMS:
        one = ITEMS[name]
        return Item(name, one.zh, one.en, one.printed_unit)
    code = POLLUTANTS.get(name)
    return Item(name, code.zh, code.en, code.item_unit) if code else Item(name, name, name, "")


@dataclass(frozen=True)
class Course:
    """A line drawn: pieces without gaps, bands between low and high, single points, marked values, the axes."""

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    marked: tuple[tuple[float, float, str], ...]
    values: tuple[tuple[float, str], ...]
    times: tuple[tuple[float, str], ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    base: float = HEIGHT - _BOTTOM


def course(rows: pl.DataFrame, start: datetime, end: datetime, every: int) -> Course:
    """Lay out readings of one item (`time, value, low, high, flag`, by time); a gap of more than two intervals breaks
    the line, and values that are not marked normal are drawn as crosses.
    """
    found = rows.filter(pl.col("value").is_not_null()).sort("time")
    marks = ticks(max([0.0, *found["value"].to_list(), *found["high"].drop_nulls().to_list()]))
    low = min([0.0, *found["value"].to_list()])
    span, high = (end - start).total_seconds(), marks[-1]

    def x(moment: datetime) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (moment - start).total_seconds() / span, 1)

    def y(value: float) -> float:
        return float(round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low), 1))

    runs = _runs(found.select("time", "value", "low", "high").rows(), timedelta(seconds=2.5 * every))
    bands = []
    for run in runs:
        both = [(moment, least, most) for moment, _, least, most in run if least is not None and most is not None]
        if len(both) > 1:
            upper = " ".join(f"{x(moment)},{y(most)}" for moment, _, most in both)
            lower = " ".join(f"{x(moment)},{y(least)}" for moment, least, _ in reversed(both))
            bands.append(f"{upper} {lower}")
    odd = found.filter(~pl.col("flag").fill_null("N").is_in(["N", ""])).select("time", "value", "flag").rows()
    return Course(
        lines=tuple(" ".join(f"{x(moment)},{y(value)}" for moment, value, *_ in run) for run in runs if len(run) > 1),
        bands=tuple(bands),
        dots=tuple((x(run[0][0]), y(run[0][1])) for run in runs if len(run) == 1),
        marked=tuple((x(moment), y(value), flag) for moment, value, flag in odd),
        values=tuple((y(value), f"{value:g}") for value in ([low, *marks] if low < 0 else marks)),
        times=tuple((x(moment), text) for moment, text in _hours(start, end)),
    )


def _runs(
    rows: Sequence[tuple[datetime, float, float | None, float | None]], gap: timedelta
) -> list[list[tuple[datetime, float, float | None, float | None]]]:
    runs: list[list[tuple[datetime, float, float | None, float | None]]] = []
    for row in rows:
        if runs and row[0] - runs[-1][-1][0] <= gap:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _hours(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Marks of the time axis: at most about nine, on whole hours of Beijing; midnight as the day."""
    hours = (end - start).total_seconds() / 3600
    step = next((one for one in (1, 2, 3, 6, 12, 24, 48) if hours / one <= 9), 96)
    moment = start.astimezone(TIMEZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while moment <= end:
        if moment >= start:
            found.append((moment, f"{moment.month}-{moment.day}" if moment.hour == 0 else f"{moment.hour}:00"))
        moment += timedelta(hours=step)
    return found
