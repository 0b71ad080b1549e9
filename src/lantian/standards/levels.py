"""The six levels of the index: names, colours, and an ink that can be read on each colour."""

from dataclasses import dataclass

import polars as pl

from lantian.standards.frames import StandardsError

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Level:
    """One level 级别 of the index: ``low`` <= AQI <= ``high``.

    ``rgb`` is the colour that the standard prescribes; ``ink`` the text colour on it, black or white, with a
    contrast of at least 4.5 (WCAG 2 AA).
    """

    number: int
    low: int
    high: int
    zh: str
    en: str
    rgb: tuple[int, int, int]
    ink: tuple[int, int, int]

    @property
    def colour(self) -> str:
        """The background as CSS, for example ``#00e400``."""
        return _css(self.rgb)

    @property
    def text_colour(self) -> str:
        """The ink as CSS."""
        return _css(self.ink)


def _css(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


# HJ 633-2012, the tables of levels and of their colours; HJ 633-2026 keeps both.
LEVELS: tuple[Level, ...] = (
    Level(1, 0, 50, "优", "excellent", (0, 228, 0), _BLACK),
    Level(2, 51, 100, "良", "good", (255, 255, 0), _BLACK),
    Level(3, 101, 150, "轻度污染", "lightly polluted", (255, 126, 0), _BLACK),
    Level(4, 151, 200, "中度污染", "moderately polluted", (255, 0, 0), _BLACK),
    Level(5, 201, 300, "重度污染", "heavily polluted", (153, 0, 76), _WHITE),
    Level(6, 301, 500, "严重污染", "severely polluted", (126, 0, 35), _WHITE),
)
"""The levels, best first; ``LEVELS[number - 1]``."""


def level_of(aqi: int | None) -> Level | None:
    """The level of an index; None when there is no index. Above 500 the sixth. Raises `StandardsError` below 0."""
    if aqi is None:
        return None
    if aqi < 0:
        raise StandardsError(f"an AQI is 0 to 500, got {aqi}")
    return next((level for level in LEVELS if aqi <= level.high), LEVELS[-1])


def level_expr(aqi: pl.Expr) -> pl.Expr:
    """Level number (UInt8, 1 to 6) of an expression of indices; null stays null."""
    bounds = [level.high for level in LEVELS[:-1]]
    return pl.sum_horizontal(
        pl.lit(1, pl.UInt8), *((aqi > bound).cast(pl.UInt8) for bound in bounds), ignore_nulls=False
    )
