"""The law, as a library: GB 3095, HJ 633, HJ 663, GB/T 8170 and working days; pure functions over frames and numbers.

In: hourly or daily frames (Polars or pandas; names and units in `lantian.standards.codes`) or single numbers.
Out: sub-indices, AQI, levels, statistics, composite indices, deadlines, to the published digit. Editions are chosen by
date, never assumed. This room knows no database, clock or network::

    from lantian.standards import aqi, statistics, indices

    aqi.of_day(pm25=75, edition=2026).aqi  # 114
"""

from typing import TYPE_CHECKING, Any

from lantian.standards.codes import DAILY_ITEMS, GASES, ITEMS, POLLUTANTS, WEATHER, Item

if TYPE_CHECKING:
    from lantian.standards.frames import FrameLike, StandardsError, as_frame, require_columns

__all__ = [
    "DAILY_ITEMS",
    "GASES",
    "ITEMS",
    "POLLUTANTS",
    "WEATHER",
    "FrameLike",
    "Item",
    "StandardsError",
    "as_frame",
    "require_columns",
]


def __getattr__(name: str) -> Any:
    """Import what handles frames only when it is asked for: names, units and departments need no Polars."""
    if name in __all__:
        from lantian.standards import frames

        return getattr(frames, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
