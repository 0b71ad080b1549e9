"""The next clearing window 下一个扩散窗口: when the wind or rain comes that cleans the air, and how sure that is.

An hour is **dirty** when its PM2.5 and the means of the 12 hours that end and that begin with it are over 75 ug/m3
(grade II of a day). The air **clears** with the first hour, after a dirty one, that is at or below 75 and begins 12
hours whose mean is: short gaps in an episode do not count.

The **weather that does it**: wind, when some 3-hour mean from 3 hours before to 6 hours after the beginning reaches
2.5 m/s; rain, when the 6 hours to either side bring 1 mm. Both are the mean of a city's stations. At the 280 clearings
of Beijing from 2013-03 to 2016-12 there was such a wind in 58 % and such a rain in 22 % (either in 71 %), around other
dirty hours in 17 % and 9 % (24 %); a third of the clearings has neither and its cause is left open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.forecast import products_chance as chance

DIRTY = 75.0
"""ug/m3 of PM2.5: the limit of a day, grade II (GB 3095-2012)."""
SPAN = 12
"""Hours that must stay clean."""
WIND, WIND_HOURS = 2.5, 3
RAIN = 1.0
SEASON_DAYS = 45
"""Past episodes count that lie up to this many days earlier or later in the year."""
LEAST_WAITS = 20
ELAPSED = (12, 36)
"""An episode is young, of a day, or old: hours that it has lasted."""

SCHEMA: dict[str, Any] = {
    "issue": pl.Datetime("us", "UTC"),
    "source": pl.String,
    "place": pl.String,
    "begins": pl.Datetime("us", "UTC"),
    "cause": pl.String,
    "probability": pl.Float64,
    "wait_hours": pl.Float64,
}
QUANTILES = ("q10", "q25", "q50", "q75", "q90")
SECTORS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
WORDS_ZH = {
    "N": "北风",
    "NE": "东北风",
    "E": "东风",
    "SE": "东南风",
    "S": "南风",
    "SW": "西南风",
    "W": "西风",
    "NW": "西北风",
    "wind": "大风",
    "rain": "降水",
}
WORDS_EN = {"wind": "wind", "rain": "rain"} | {
    sector: f"{sector.replace('N', 'north').replace('S', 'south').replace('E', 'east').replace('W', 'west')} wind"
    for sector in SECTORS
}

Array = NDArray[np.float64]
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOUR = timedelta(hours=1)


def clearing(
    hours: pl.DataFrame,
    values: pl.DataFrame,
    observed: pl.DataFrame,
    *,
    weather: pl.DataFrame | None = None,
    past: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """When the air clears at each place that is dirty, or is going to be.

    Parameters
    ----------
    hours
        ``issue, source, place, time, pm25``: the hours to come.
    values
        Daily values with quantiles, for the probability; those of PM2.5 are used.
    observed
        ``place, time, pm25``: the hours before the issue; some days of them tell whether it is dirty now, and since
        when.
    weather
        ``place, time`` and ``wind_speed`` (m/s), ``wind_direction`` (degrees, from), ``rain`` (mm) to come: what
        does it. None: not known.
    past
        Without weather to come (mode history) the hours to come only fade to what is usual. Then give the spells of
        past years (`events`): the day is the first that is clean with more than even odds, else the likeliest; the
        hour is the median of past waits, of episodes as old at this time of the year and day, that end on that day.
        Spells that ended after the issue are not used.

    Returns
    -------
    One row an issue, source and place where the air is dirty at the issue or becomes so: ``begins`` (null: not within
    the hours forecast), ``cause`` (``N`` .. ``NW`` for a wind from there, ``wind``, ``rain``, joined by ``+``; null
    where no weather is known or none does it), ``probability`` that PM2.5 of the first whole day after it begins stays
    within 75 (of none begins: the best day's; null without quantiles), ``wait_hours`` from issue to beginning.
    """
    rows = []
    chances = _clean_days(values)
    for key, series in _series(hours, observed):
        issue, _, place = key
        begun = _dirty_at(series, issue) if past is not None else _first_dirty(series, issue)
        if begun is None:
            continue
        days = chances.get(key, {})
        if past is not None:
            begins = _by_waits(issue, days, waits(past.filter(pl.col("place") == place), issue, begun))
        else:
            begins = _next_clear(series, begun)
        cause = _cause(weather, place, begins) if weather is not None and begins is not None else None
        wait = (begins - issue) / _HOUR if begins is not None else None
        rows.append((*key, begins, cause, _chance_of(days, begins), wait))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("issue", "source", "place")


def events(hourly: pl.DataFrame) -> pl.DataFrame:
    """The dirty spells of each place and when they cleared, by the rule above: what past waits and scores rest on.

    ``hourly``: ``place, time, pm25``. Gives ``place, dirty`` (its first hour), ``clear`` (null: not in the data).
    """
    found = []
    for (place,), part in hourly.sort("time").group_by("place", maintain_order=True):
        series = _Series.of(part["time"], part["pm25"])
        start = series.dirty_from(0)
        while start is not None:
            clear = series.clear_from(start)
            found.append((place, series.time(start), None if clear is None else series.time(clear)))
            start = None if clear is None else series.dirty_from(clear)
    stamp = pl.Datetime("us", "UTC")
    return pl.DataFrame(found, schema={"place": pl.String, "dirty": stamp, "clear": stamp}, orient="row")


def waits(past: pl.DataFrame, issue: datetime, dirty_since: datetime) -> Array:
    """Hours that past spells still had to go, at this time of the year and the day, when they were as old; sorted.

    ``past``: `events` of one place; those whose end was known at the issue count. Where fewer than `LEAST_WAITS` were
    as old, spells of any age do.
    """
    spells = past.filter(pl.col("clear") <= issue - SPAN * _HOUR)
    hour = issue.astimezone(UTC).hour
    found: list[tuple[int, float]] = []
    for begun, clear in spells.select("dirty", "clear").iter_rows():
        moment = begun + timedelta(hours=(hour - begun.hour) % 24)
        while moment < clear:
            if _season_apart(moment, issue) <= SEASON_DAYS:
                found.append((_age(moment - begun), (clear - moment) / _HOUR))
            moment += timedelta(days=1)
    own = _age(issue - dirty_since)
    like = [wait for age, wait in found if age == own]
    return np.sort(np.array(like if len(like) >= LEAST_WAITS else [wait for _, wait in found]))


def words(cause: str | None, language: str) -> str:
    """A cause in words: ``西北风、降水``, ``northwest wind and rain``; empty where none is known."""
    if not cause:
        return ""
    said = WORDS_ZH if language == "zh" else WORDS_EN
    return ("、" if language == "zh" else " and ").join(said[part] for part in cause.split("+"))


class _Series:
    """Hourly PM2.5 without gaps in time: short gaps are bridged, long ones are NaN and neither dirty nor clean."""

    BRIDGED = 3

    def __init__(self, start: datetime, pm25: Array) -> None:
        self.start, self.pm25 = start, pm25
        before, after = _mean_before(pm25), _mean_before(pm25[::-1])[::-1]
        with np.errstate(invalid="ignore"):
            self._dirty = (pm25 > DIRTY) & (before > DIRTY) & (after > DIRTY)
            self._clean = (pm25 <= DIRTY) & (after <= DIRTY)

    @classmethod
    def of(cls, times: pl.Series, pm25: pl.Series) -> _Series:
        """From rows in order of time."""
        grid = pl.DataFrame({"time": times, "pm25": pm25}).unique("time", keep="first").sort("time")
        known = grid.upsample("time", every="1h")["pm25"].cast(pl.Float64)
        bridged = known.interpolate()
        gap = known.is_null().rle_id()
        length = pl.DataFrame({"gap": gap}).select(pl.len().over("gap")).to_series()
        filled = pl.select(pl.when(known.is_not_null() | (length <= cls.BRIDGED)).then(bridged)).to_series()
        return cls(grid["time"][0], filled.fill_null(np.nan).to_numpy().astype(float))

    def time(self, index: int) -> datetime:
        """The beginning of an hour."""
        return self.start + index * _HOUR

    def index(self, moment: datetime) -> int:
        """The hour that begins at a moment; it may lie outside."""
        return int((moment - self.start) / _HOUR)

    def dirty_from(self, index: int) -> int | None:
        """The first dirty hour from an index on."""
        return _first(self._dirty, max(index, 0))

    def clear_from(self, index: int) -> int | None:
        """The first hour from an index on with which the air clears."""
        return _first(self._clean, max(index, 0))

    def dirty_since(self, index: int) -> int | None:
        """The first hour of the dirty spell in which an hour lies; None when the air is clean then."""
        start = self.dirty_from(0)
        while start is not None and start <= index:
            clear = self.clear_from(start)
            if clear is None or clear > index:
                return start
            start = self.dirty_from(clear)
        return None


def _series(hours: pl.DataFrame, observed: pl.DataFrame) -> Iterator[tuple[tuple[datetime, str, str], _Series]]:
    """Each issue, source and place with PM2.5 from the observed hours before into those to come."""
    before = {place: part for (place,), part in observed.select("place", "time", "pm25").group_by("place")}
    for key, part in hours.sort("time").group_by("issue", "source", "place", maintain_order=True):
        issue, source, place = key
        ahead = part.select("time", "pm25")
        if place in before:
            known = before[place].filter(pl.col("time") < issue).select("time", "pm25")
            ahead = pl.concat([known, ahead.filter(pl.col("time") >= issue)], how="vertical_relaxed").sort("time")
        yield (issue, source, place), _Series.of(ahead["time"], ahead["pm25"])


def _dirty_at(series: _Series, issue: datetime) -> datetime | None:
    begun = series.dirty_since(series.index(issue - _HOUR))
    return None if begun is None else series.time(begun)


def _first_dirty(series: _Series, issue: datetime) -> datetime | None:
    """Since when it is dirty at the issue, else when it becomes so."""
    at = series.index(issue)
    begun = series.dirty_since(at - 1)
    begun = series.dirty_from(at) if begun is None else begun
    return None if begun is None else series.time(begun)


def _next_clear(series: _Series, begun: datetime) -> datetime | None:
    clear = series.clear_from(series.index(begun))
    return None if clear is None else series.time(clear)


def _clean_days(values: pl.DataFrame) -> dict[tuple[Any, ...], dict[date, float]]:
    """Issue, source, place -> day -> probability that its PM2.5 stays within the limit."""
    rows = values.filter(pl.col("item") == "pm25")
    if any(name not in rows.columns for name in QUANTILES):
        return {}
    rows = rows.drop_nulls(QUANTILES)
    # Half a digit more: the law rounds before it compares.
    clean = chance.below(rows.select(QUANTILES).to_numpy(), np.full(rows.height, DIRTY + 0.5))
    found: dict[tuple[Any, ...], dict[date, float]] = {}
    for (*key, day), share in zip(rows.select("issue", "source", "place", "date").iter_rows(), clean, strict=True):
        found.setdefault(tuple(key), {})[day] = float(share)
    return found


def _by_waits(issue: datetime, days: dict[date, float], past: Array) -> datetime | None:
    """The hour on the likeliest day; without quantiles the median of past waits."""
    ahead = {day: share for day, share in sorted(days.items()) if _midnight(day) > issue}
    if not ahead:
        return None if past.size == 0 else _whole(issue + timedelta(hours=float(np.median(past))))
    clean = next((day for day, share in ahead.items() if share > 0.5), max(ahead, key=lambda day: ahead[day]))
    # A day is clean as a whole when the air cleared from the noon before to its own morning.
    latest = (_midnight(clean) - issue) / _HOUR + 6
    earliest = max(latest - 24, 0.0)
    fitting = past[(past > earliest) & (past <= latest)]
    wait = float(np.median(fitting)) if fitting.size else (earliest + latest) / 2
    return _whole(issue + timedelta(hours=wait))


def _chance_of(days: dict[date, float], begins: datetime | None) -> float | None:
    if begins is None:
        return max(days.values(), default=None)
    first_whole = (begins.astimezone(_SHANGHAI) + timedelta(hours=18)).date()
    return days.get(first_whole)


def _cause(weather: pl.DataFrame, place: str, begins: datetime) -> str | None:
    rows = weather.filter(pl.col("place") == place).sort("time")
    near = rows.filter(pl.col("time").is_between(begins - 3 * _HOUR, begins + 6 * _HOUR, closed="left"))
    wide = rows.filter(pl.col("time").is_between(begins - 6 * _HOUR, begins + 6 * _HOUR, closed="left"))
    found = []
    if "wind_speed" in near.columns and (sector := _wind(near)):
        found.append(sector)
    if "rain" in wide.columns and float(wide["rain"].sum()) >= RAIN:
        found.append("rain")
    return "+".join(found) or None


def _wind(hours: pl.DataFrame) -> str | None:
    """The sector that the strongest hours come from, when they are strong enough."""
    mean = hours["wind_speed"].rolling_mean(WIND_HOURS)
    strongest = mean.max()
    if not isinstance(strongest, float) or strongest < WIND:
        return None
    last = mean.arg_max() or 0
    blown = hours[last - WIND_HOURS + 1 : last + 1]
    if "wind_direction" not in blown.columns or blown["wind_direction"].null_count() == blown.height:
        return "wind"
    angle = blown.select(pl.col("wind_direction").radians(), "wind_speed").drop_nulls()
    east = float((angle["wind_speed"] * angle["wind_direction"].sin()).sum())
    north = float((angle["wind_speed"] * angle["wind_direction"].cos()).sum())
    return SECTORS[round(np.degrees(np.arctan2(east, north)) / 45) % 8]


def _mean_before(values: Array) -> Array:
    """The mean of the `SPAN` hours that end with each hour; NaN where one is missing."""
    out = np.full(len(values), np.nan)
    if len(values) >= SPAN:
        out[SPAN - 1 :] = np.lib.stride_tricks.sliding_window_view(values, SPAN).mean(axis=1)
    return out


def _first(flags: NDArray[np.bool_], index: int) -> int | None:
    rest = np.flatnonzero(flags[index:])
    return None if rest.size == 0 else int(rest[0]) + index


def _age(lasted: timedelta) -> int:
    return sum(lasted / _HOUR >= bound for bound in ELAPSED)


def _season_apart(one: datetime, other: datetime) -> int:
    days = abs(one.timetuple().tm_yday - other.timetuple().tm_yday)
    return min(days, 365 - days)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_SHANGHAI).astimezone(UTC)


def _whole(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
