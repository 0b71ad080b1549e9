"""Air quality index 空气质量指数 by HJ 633-2012 and HJ 633-2026, of days and hours, for frames and for single values.

Concentrations are rounded to their published digits first (GB/T 8170 half-even; CO one decimal of mg/m3, others
whole ug/m3). HJ 633-2026 says so; HJ 633-2012 is silent, and we do the same, because the inputs are published with
these digits.

The edition follows the date of each row unless ``edition`` is given; missing is null in frames and None in values.
"""

from collections.abc import Collection

import polars as pl

from lantian.standards.aqi_frames import evaluate
from lantian.standards.aqi_values import AqiResult, Note, of_day, of_hour
from lantian.standards.frames import FrameLike
from lantian.standards.levels import LEVELS, Level, level_expr, level_of
from lantian.standards.subindices import DAILY_SUB_INDICES, EDITIONS, HOURLY_SUB_INDICES, Edition, on

__all__ = [
    "DAILY_SUB_INDICES",
    "EDITIONS",
    "HOURLY_SUB_INDICES",
    "LEVELS",
    "AqiResult",
    "Edition",
    "Level",
    "Note",
    "daily",
    "hourly",
    "level_expr",
    "level_of",
    "of_day",
    "of_hour",
    "on",
]


def daily(
    frame: FrameLike, *, edition: int | Edition | None = None, outside_plan: Collection[str] = ()
) -> pl.DataFrame:
    """Daily index of every row of a daily frame.

    ``frame``: ``so2 no2 pm10 pm25 o3_8h o3_1h`` in ug/m3 and ``co`` in mg/m3 (24-hour means; ``o3_1h`` the largest
    hour, ``o3_8h`` the largest 8-hour mean), and ``date`` unless ``edition`` is given. A column that is absent means
    "not measured". ``o3_1h`` counts in the 2012 edition only. ``outside_plan`` names pollutants that the monitoring
    plan leaves out; they do not block an index of the 2026 edition.

    Gives the frame and beside it

    - ``iaqi_<item>`` (UInt16) for each of `DAILY_SUB_INDICES`; null where there is none;
    - ``aqi`` (UInt16): the largest; null when nothing was measured, or when the 2026 edition forbids to publish it
    because
      a pollutant is missing and the others give 100 or less;
    - ``level`` (UInt8, 1 to 6); ``primary``: list of the items with the largest sub-index, empty up to AQI 50;
    - ``exceeding``: list of the items above 100; null in the 2026 edition, which dropped the concept;
    - ``complete``: every pollutant of the plan has a sub-index; ``capped``: a concentration is above its whole row.

    Raises `StandardsError` for wrong columns, units or values. Source: HJ 633-2012 clauses 4 and 5; HJ 633-2026.

    >>> daily(pl.DataFrame({"pm25": [75.0, 60.0], "pm10": [90.0, 80.0]}), edition=2012)["aqi"].to_list()
    [100, 82]
    """
    return evaluate(frame, "date", edition, outside_plan, "aqi.daily")


def hourly(
    frame: FrameLike, *, edition: int | Edition | None = None, outside_plan: Collection[str] = ()
) -> pl.DataFrame:
    """Real-time index of every row of an hourly frame.

    ``frame``: ``so2 no2 o3 pm10 pm25`` in ug/m3 and ``co`` in mg/m3, one-hour means, and ``time`` unless ``edition``
    is given. Rows of the 2012 edition take particles from ``pm10_24h pm25_24h`` and use ``o3_8h``
    (`statistics.rolling` adds the three); ``so2_24h``, when present, stands in where the hour of SO2 is above 800
    ug/m3.

    Gives the frame and the columns of `daily`, with ``iaqi_<item>`` for each of `HOURLY_SUB_INDICES`. Raises as
    `daily` does.
    """
    return evaluate(frame, "time", edition, outside_plan, "aqi.hourly")
