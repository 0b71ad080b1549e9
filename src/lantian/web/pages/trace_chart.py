"""Lines over hours as plain geometry: a series with its neighbours, a band, and marked points. The template writes it
as SVG, so it stands on the page before any script runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lantian.web.drawing import ticks

LEFT, RIGHT, TOP, PLOT, BELOW = 46.0, 10.0, 12.0, 190.0, 24.0
WIDTH = 900.0

Values = Sequence[float | None]
Scale = Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """A line drawn: style (`own`, `near`, `middle`, `before`), its name, and the path; gaps stay gaps."""

    style: str
    name: str
    path: str


@dataclass(frozen=True)
class Mark:
    """A point that stands out: where, how (`suspect`, `decided`), and what its hover says."""

    x: float
    y: float
    style: str
    title: str


@dataclass(frozen=True)
class TraceChart:
    """The drawing: lines, a band (empty: none), marks, value axis, names below the axis, and a span that is tinted."""

    lines: tuple[Line, ...]
    band: str
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    names: tuple[tuple[float, str], ...]
    span: tuple[float, float] | None
    height: float = TOP + PLOT + BELOW

    left = LEFT
    right = WIDTH - RIGHT
    top = TOP
    base = TOP + PLOT
    width = WIDTH


def trace_chart(
    lines: Sequence[tuple[str, str, Values]],
    names: Sequence[str],
    *,
    band: tuple[Values, Values] | None = None,
    marks: Sequence[tuple[int, float, str, str]] = (),
    span: tuple[int, int] | None = None,
) -> TraceChart:
    """Lay out lines over steps of equal length.

    Args:
        lines: style, name and values of each; the last is drawn on top.
        names: what stands below each step; an empty text for nothing.
        band: lower and upper edge of a tinted band.
        marks: step, value, style and hover of points that stand out.
        span: first and last step of a stretch to tint.
    """
    every = [value for _, _, values in lines for value in values if value is not None]
    every += [value for edge in band or () for value in edge if value is not None]
    scale = ticks(max([*every, 0.0]))
    steps = max(len(names) - 1, 1)

    def x(step: float) -> float:
        return round(LEFT + step * (WIDTH - LEFT - RIGHT) / steps, 1)

    def y(value: float) -> float:
        return round(TOP + PLOT - max(value, 0.0) / scale[-1] * PLOT, 1)

    return TraceChart(
        tuple(Line(style, name, _path(values, x, y)) for style, name, values in lines),
        _band(band, x, y) if band else "",
        tuple(Mark(x(step), y(value), style, title) for step, value, style, title in marks),
        tuple((y(value), f"{value:g}") for value in scale),
        tuple((x(step), text) for step, text in enumerate(names) if text),
        None if span is None else (x(max(span[0] - 0.5, 0)), x(min(span[1] + 0.5, steps))),
    )


def _path(values: Values, x: Scale, y: Scale) -> str:
    parts, pen = [], False
    for step, value in enumerate(values):
        if value is None:
            pen = False
            continue
        parts.append(f"{'L' if pen else 'M'}{x(step)} {y(value)}")
        alone = not pen and (step + 1 >= len(values) or values[step + 1] is None)
        parts += ["h0.1"] if alone else []
        pen = True
    return "".join(parts)


def _band(band: tuple[Values, Values], x: Scale, y: Scale) -> str:
    known = [
        (step, low, high)
        for step, (low, high) in enumerate(zip(*band, strict=True))
        if low is not None and high is not None
    ]
    if len(known) < 2:
        return ""
    there = "L".join(f"{x(step)} {y(high)}" for step, _, high in known)
    back = "L".join(f"{x(step)} {y(low)}" for step, low, _ in reversed(known))
    return f"M{there}L{back}Z"
