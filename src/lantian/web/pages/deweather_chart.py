"""The picture of weather normalisation: for the period and each month what changed, the weather's part and control's,
upwards for more pollution, with the intervals as whiskers. Plain geometry, written as SVG by the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lantian.assessment.deweather import Change
from lantian.web.drawing import ticks

LEFT, RIGHT, TOP, PLOT, BELOW = 44.0, 8.0, 18.0, 220.0, 26.0
WIDE = 30.0
"""Width of a column; three stand together."""
GAP = 34.0


@dataclass(frozen=True)
class SignedColumn:
    """One column from the zero line: its box, its whisker (None: the change itself is a fact), its value in words."""

    style: str
    left: float
    middle: float
    top: float
    height: float
    whisker: tuple[float, float] | None
    text: str
    text_y: float
    title: str


@dataclass(frozen=True)
class Group:
    """The three columns of one span, its name below."""

    name: str
    middle: float
    columns: tuple[SignedColumn, ...]


@dataclass(frozen=True)
class SignedChart:
    """The drawing: groups, value axis, zero line and size (``few``, ``some``, ``many`` as the style sheet has them)."""

    groups: tuple[Group, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    width: float
    height: float
    size: str

    left = LEFT

    @property
    def right(self) -> float:
        """Where the plot ends."""
        return self.width - RIGHT


def signed_chart(changes: Sequence[tuple[str, Change]], names: tuple[str, str, str], decimals: int) -> SignedChart:
    """Lay out changes with their names; ``names`` are what change, weather and control are called."""
    reach = max(
        max(abs(bound) for part in (one.weather, one.control) for bound in (part.low, part.high, one.change))
        for _, one in changes
    )
    above = ticks(reach, 3)
    highest = above[-1]
    zero = TOP + PLOT / 2

    def y(value: float) -> float:
        return round(zero - value / highest * PLOT / 2, 1)

    step = 3 * WIDE + GAP
    groups = []
    for number, (name, one) in enumerate(changes):
        first = LEFT + number * step + GAP / 2
        told = (
            ("hollow", one.change, None),
            ("ink", one.weather.value, (one.weather.low, one.weather.high)),
            ("accent", one.control.value, (one.control.low, one.control.high)),
        )
        columns = []
        for place, (style, value, interval) in enumerate(told):
            left, text = round(first + place * WIDE + 2, 1), f"{value:+.{decimals}f}"
            top, base = min(y(value), zero), max(y(value), zero)
            whisker = None if interval is None else (y(interval[1]), y(interval[0]))
            said = "" if interval is None else f" [{interval[0]:+.{decimals}f}, {interval[1]:+.{decimals}f}]"
            columns.append(
                SignedColumn(
                    style=style,
                    left=left,
                    middle=round(left + WIDE / 2 - 2, 1),
                    top=top,
                    height=round(base - top, 1),
                    whisker=whisker,
                    text=text,
                    text_y=_beside(value, top, base, whisker),
                    title=f"{name} {names[place]} {text}{said}",
                )
            )
        groups.append(Group(name, round(first + 1.5 * WIDE, 1), tuple(columns)))
    width = LEFT + RIGHT + step * len(groups)
    size = next((name for most, name in ((4, "few"), (7, "some")) if len(groups) <= most), "many")
    marks = [
        (y(value), f"{value:+g}" if value else "0") for value in (*(-each for each in reversed(above)), *above[1:])
    ]
    return SignedChart(tuple(groups), tuple(marks), zero, round(width, 1), round(TOP + PLOT + BELOW, 1), size)


def _beside(value: float, top: float, base: float, whisker: tuple[float, float] | None) -> float:
    """Where the number stands: beyond the whisker, above for more and below for less."""
    if value >= 0:
        return round((top if whisker is None else min(top, whisker[0])) - 5, 1)
    return round((base if whisker is None else max(base, whisker[1])) + 13, 1)
