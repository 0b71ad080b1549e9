"""Any 24 hours 滑动24小时: what a warning rests on, said of one place in a sentence; a day by the clock hides it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from lantian.forecast.service import OURS
from lantian.forecast.store import Run
from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.breakpoints import IAQI
from lantian.standards.rounding import round_expr
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.pages.forecast_view import weekday

HEAVY = 200
"""The sub-index above which 24 hours are heavy pollution."""
_ITEM, _COLUMN = "pm25", "pm25_24h"


@dataclass(frozen=True)
class Windows:
    """The 24-hour moving means of PM2.5 in a forecast, ug/m3.

    Attributes:
        most: the largest; ``ends``: the end of its 24 hours.
        limit: above it 24 hours are heavily polluted.
        spells: ends of the first and last window of each run of windows above it.
    """

    most: float
    ends: datetime
    limit: int
    spells: list[tuple[datetime, datetime]]

    def sentence(self, language: str) -> str:
        """Largest mean, and when windows are above the limit."""
        zh = language == "zh"
        when = _moment(self.ends, language)
        if zh:
            text = f"任意 24 小时 PM2.5 均值最高 {self.most:.0f} μg/m³（到{when}止）"
        else:
            text = f"Any 24 hours of PM2.5: at most {self.most:.0f} μg/m³ (ending {when})"
        if not self.spells:
            return text + (
                f"，不超过重污染的 {self.limit}" if zh else f", not above the {self.limit} of heavy pollution"
            )
        said = [
            f"{_moment(first, language)}{'至' if zh else ' to '}{_moment(last, language)}"
            for first, last in self.spells
        ]
        if zh:
            return f"{text}；{'、'.join(said)}结束的 24 小时超过重污染的 {self.limit}"
        return f"{text}; 24 hours ending {', '.join(said)} are above the {self.limit} of heavy pollution"


def windows_of(desk: ForecastDesk, run: Run, place: str) -> Windows | None:
    """The windows of a place in a run; None where no hours are forecast."""
    hours = desk.hours(run).filter((pl.col("place") == place) & (pl.col("source") == OURS))
    known = hours.sort("time").select((pl.col("time") + timedelta(hours=1)).alias("ends"), _COLUMN).drop_nulls()
    if known.is_empty():
        return None
    row = next(sub.row for sub in aqi.on(run.day).daily if sub.item == _ITEM)
    limit = row.nodes[IAQI.index(HEAVY)]
    # A concentration is judged as it is published.
    above = known.with_columns(heavy=round_expr(pl.col(_COLUMN), 0) > limit).with_columns(
        spell=pl.col("heavy").rle_id()
    )
    spells = (
        above.filter("heavy")
        .group_by("spell", maintain_order=True)
        .agg(first=pl.col("ends").first(), last=pl.col("ends").last())
    )
    top = known.row(int(known[_COLUMN].arg_max() or 0), named=True)
    return Windows(top[_COLUMN], top["ends"], limit, [(row["first"], row["last"]) for row in spells.to_dicts()])


def _moment(when: datetime, language: str) -> str:
    local = when.astimezone(TIMEZONE)
    text = weekday(local.date(), language)
    return f"{text.split(' ')[0]}{local.hour}时" if language == "zh" else f"{text} {local:%H}:00"
