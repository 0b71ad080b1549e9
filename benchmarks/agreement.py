"""Do aqi-hub and we give the same index? Both by HJ 633-2026, on real hours and days in published digits.

One difference is known: aqi-hub's row for the 24-hour mean of SO2 is the one-hour row (0, 150, 500, 650, 800) where
table 1 prints 0, 50, 150, 475, 800.
"""

import polars as pl
from aqi_hub.aqi_cn.aqi import AQI  # type: ignore[import-untyped]

from benchmarks import by_row
from benchmarks.report import Line
from lantian.standards import aqi
from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.standards.rounding import round_expr

MOST = 20_000
NAMES = {"so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3", "pm10": "PM10", "pm25": "PM2.5"}
"""Ours -> theirs."""


def lines(hours: pl.DataFrame, days: pl.DataFrame) -> list[Line]:
    """How many sub-indices of complete hours and days agree, and which do not."""
    found = [_line("hours", "hourly", hours, "o3"), _line("days", "daily", days, "o3_8h")]
    return [line for line in found if line is not None]


def compare(kind: str, frame: pl.DataFrame, ozone: str) -> tuple[int, dict[str, int], int, int]:
    """Sub-indices compared, differences by item, indices compared, and those that differ not by SO2 alone."""
    items = [ozone if item == "o3" else item for item in POLLUTANTS]
    rows = frame.drop_nulls(items).gather_every(max(1, frame.height // MOST))
    rows = rows.select("place", *(round_expr(pl.col(item), ITEMS[item].decimals) for item in items))
    judge = aqi.hourly if kind == "hourly" else aqi.daily
    ours = judge(rows, edition=2026).rows(named=True)
    wrong: dict[str, int] = {}
    indices = 0
    with by_row.quiet():
        for row in ours:
            theirs = AQI(row["pm25"], row["pm10"], row["so2"], row["no2"], row["co"], row[ozone], kind)
            differing = [item for item in items if row[f"iaqi_{item}"] != theirs.IAQI[NAMES[item.partition("_")[0]]]]
            for item in differing:
                wrong[item] = wrong.get(item, 0) + 1
            # Our index is never below 1, as the standard says.
            indices += max(theirs.AQI or 0, 1) != row["aqi"] and differing != ["so2"]
    return len(ours) * len(items), wrong, len(ours), indices


def _line(what: str, kind: str, frame: pl.DataFrame, ozone: str) -> Line | None:
    compared, wrong, indices, differing = compare(kind, frame, ozone)
    if not compared:
        return None
    known = f"{wrong['so2']:,} of SO2, whose 24-hour row is wrong there" if kind == "daily" and "so2" in wrong else ""
    others = ", ".join(f"{count:,} of {item}" for item, count in wrong.items() if not (known and item == "so2"))
    said = "; ".join(part for part in (known, others) if part) or "none"
    return Line(
        f"agreement with aqi-hub, {what}",
        f"{compared - sum(wrong.values()):,} of {compared:,} sub-indices",
        f"differing: {said}; {differing} of {indices:,} indices for another reason than SO2",
    )
