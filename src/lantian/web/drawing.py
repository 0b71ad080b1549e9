"""Column charts as plain geometry: the template writes them as SVG, so they stand on the page before any script runs,
print sharply and never shift it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

_LEFT, _RIGHT, _TOP = 40.0, 8.0, 22.0
_SIZES = ((6, "few", 480.0), (14, "some", 900.0), (40, "many", 1120.0))
"""Up to so many columns: what the style sheet calls such a drawing, and how wide it is."""
_ZH, _EN = 12.5, 6.8  # width of a letter of a label, in units of the drawing


@dataclass(frozen=True)
class Bar:
    """One column to draw.

    Attributes:
        name: written below.
        value: its height; None leaves a gap.
        text: the value as printed.
        mark: a value to compare with, drawn as a line across; None for none.
        style: `ink`, `accent` (the one spoken of) or `hollow` (not measured yet).
        title: what the hover says.
        href: where a click leads; empty for nowhere.
    """

    name: str
    value: float | None
    text: str = ""
    mark: float | None = None
    style: str = "ink"
    title: str = ""
    href: str = ""


@dataclass(frozen=True)
class Column:
    """One column drawn: where it stands, in units of the drawing."""

    bar: Bar
    left: float
    middle: float
    width: float
    top: float
    height: float
    mark: float | None


@dataclass(frozen=True)
class ColumnChart:
    """A drawing of columns: how many there are (`few`, `some`, `many`), its width, where the plot ends at the right,
    its height, the base line, the value axis and where a limit stands; whether names stand upright and values are
    written over the columns.
    """

    columns: tuple[Column, ...]
    size: str
    width: float
    right: float
    height: float
    base: float
    ticks: tuple[tuple[float, str], ...]
    limit: tuple[float, str] | None
    upright: bool
    texts: bool

    @property
    def left(self) -> float:
        """Where the plot begins."""
        return _LEFT


def column_chart(bars: Sequence[Bar], *, plot: float = 170, limit: tuple[float, str] | None = None) -> ColumnChart:
    """Lay out columns, left to right in the order given.

    Args:
        bars: what to draw.
        plot: height of the plot alone; the names come below it.
        limit: a value across the whole plot, and its label.
    """
    size, width = next((each for each in _SIZES if len(bars) <= each[0]), (0, "many", max(1120.0, 26.0 * len(bars))))[
        1:
    ]
    right = width - (_RIGHT if limit is None else _length(limit[1]) + 10)
    step = (right - _LEFT) / max(1, len(bars))
    upright = all(_length(bar.name) + 8 <= step for bar in bars)
    below = 22.0 if upright else 14 + max((_length(bar.name) for bar in bars), default=0)
    highest = [value for bar in bars for value in (bar.value, bar.mark) if value is not None]
    marks = ticks(max([*highest, limit[0] if limit else 0, 0]))
    base, scale = _TOP + plot, plot / marks[-1]

    def y(value: float) -> float:
        return round(base - max(0.0, value) * scale, 1)

    thick = min(step * 0.62, 40.0)
    columns = tuple(
        Column(
            bar=bar,
            left=round(_LEFT + step * (number + 0.5) - thick / 2, 1),
            middle=round(_LEFT + step * (number + 0.5), 1),
            width=round(thick, 1),
            top=base if bar.value is None else y(bar.value),
            height=0 if bar.value is None else round(base - y(bar.value), 1),
            mark=None if bar.mark is None else y(bar.mark),
        )
        for number, bar in enumerate(bars)
    )
    return ColumnChart(
        columns,
        size,
        width,
        round(right, 1),
        round(base + below, 1),
        base,
        tuple((y(value), f"{value:g}") for value in marks),
        None if limit is None else (y(limit[0]), limit[1]),
        upright,
        all(_length(bar.text) + 2 <= step for bar in bars),
    )


def ticks(highest: float, about: int = 5) -> list[float]:
    """Round values from 0 to a little above the highest, about so many.

    Example:
        >>> ticks(11.2), ticks(0.0)
        ([0.0, 2.5, 5.0, 7.5, 10.0, 12.5], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2])
    """
    highest = highest if highest > 1e-6 else 1.0
    rough = highest / about
    power = 10.0 ** int(log10(rough) // 1)
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [round(step * number, 10) for number in range(ceil(highest * 1.02 / step) + 1)]


def _length(text: str) -> float:
    return sum(_ZH if ord(letter) > 0x2E7F else _EN for letter in text)
