"""Hindcasts 回报: a forecast every day with only what was known then, and how good it was.

Each issue reads the store as of its moment, revisions and late arrivals included, so nothing later can reach it; in
mode "perfect" the weather that was observed later is put beside it. Days that the model had learnt from are counted
and said: a score on them is no proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from lantian.forecast import clearing, history, learn, products, verify, verify_clearing
from lantian.forecast.features import LEADS
from lantian.forecast.history import ITEMS, History
from lantian.forecast.learn import ISSUE_HOUR, LOOK_BACK, SOURCE, Calibrator
from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.codes import POLLUTANTS

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform
    from lantian.kernel.jobs import Progress

AHEAD: Final = timedelta(days=max(LEADS) + 1)
"""How far beyond an issue the weather is read."""
_HOURS: Final = {name: learn.HOURS[name] for name in ("place", "time", *POLLUTANTS)}
BY: Final = ("source", "lead", "place")


@dataclass(frozen=True)
class Hindcast:
    """What a hindcast gave.

    Attributes:
        values, outlook: frames of docs/design/forecast.md, of the sources "statistics" and "persistence".
        observed: the days that happened: ``place, date`` and daily items, with index, level and primary pollutants.
        table: `verify.verify` by `BY`; ``reliability``: `verify.reliability`; ``clearing``: `verify_clearing.verify`
            by place, of the statistics.
        issues: moments at which a forecast could be made.
        seen: how many of the days that were forecast the model had learnt from; ``days``: of how many.
    """

    values: pl.DataFrame
    outlook: pl.DataFrame
    observed: pl.DataFrame
    table: pl.DataFrame
    reliability: pl.DataFrame
    clearing: pl.DataFrame
    issues: tuple[datetime, ...]
    seen: int
    days: int


def moments(first: date, last: date) -> list[datetime]:
    """20:00 of Beijing of every day from the first to the last, in UTC."""
    days = [date.fromordinal(k) for k in range(first.toordinal(), last.toordinal() + 1)]
    return [history.midnight(day) + timedelta(hours=ISSUE_HOUR) for day in days]


def run(
    platform: Platform,
    calibrator: Calibrator,
    first: date,
    last: date,
    *,
    places: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Hindcast:
    """Issue a forecast at 20:00 of every day from the first to the last, and verify what has happened since.

    Args:
        platform: its store is read as of each issue, and what happened as of its clock.
        calibrator: the model; its mode decides whether observed weather is used.
        first, last: days of issue, ends included.
        places: what to forecast; None: the stations and regions with hours that the model knows.
        progress: told of every issue.

    Raises:
        LookupError: the store holds nothing with which to forecast or to verify, or no place that the model knows.
    """
    now = platform.clock.now()
    known = history.read(platform, now, first - LOOK_BACK, last + AHEAD)
    wanted = tuple(places or (place for place in known.places if place in calibrator.places))
    if not wanted:
        told = ", ".join(known.places[:3]) or "none"
        raise LookupError(
            f"the model knows {', '.join(calibrator.places[:3])} and so on, and none of the places with hours here "
            f"({told}): `lantian forecast train` learns them"
        )
    weather = history.weather_of(platform, now, first, last + AHEAD) if calibrator.mode == "perfect" else None
    issues = [issue for issue in moments(first, last) if issue <= now]
    if progress:
        progress.stage("回报 hindcast", total=len(issues))
    past = None if calibrator.mode == "perfect" else spells(platform, now)
    made, clears = [], [pl.DataFrame(schema=clearing.SCHEMA)]
    for issue in issues:
        day = issue.astimezone(TIMEZONE).date()
        then = history.read(platform, issue, day - LOOK_BACK, day)
        said = calibrator.predict(then, issue, wanted, weather=_after(weather, issue))
        before = hours_of(then, wanted).filter(pl.col("time") < issue)
        made.append(said)
        clears.append(clearing.clearing(said.hours, said.values, before.select("place", "time", "pm25"), past=past))
        if progress:
            progress.advance(message=f"{day}")
    values, hours = (
        pl.concat([pl.DataFrame(schema=schema), *parts])
        for schema, parts in ((learn.VALUES, [one.values for one in made]), (learn.HOURS, [one.hours for one in made]))
    )
    return judge(values, hours, pl.concat(clears), known, calibrator)


def judge(
    values: pl.DataFrame, hours: pl.DataFrame, clears: pl.DataFrame, known: History, calibrator: Calibrator
) -> Hindcast:
    """Verify values, and clearing windows of the hours, against what is known now, persistence beside the values.

    Raises:
        LookupError: no forecast was made, or none of its days is known.
    """
    observed = days_of(known, values["place"].unique().sort())
    issues = tuple(values["issue"].unique().sort())
    past = values.join(observed.select("place", "date"), on=("place", "date"), how="semi")
    if past.is_empty():
        raise LookupError("no day of the hindcast can be verified: nothing was observed, or the clock stands before it")
    base = verify.persistence(issues, LEADS, hourly=hours_of(known, values["place"].unique()))
    both = pl.concat([values, base.select(pl.col(name).cast(kind) for name, kind in values.schema.items())])
    outlook = products.outlook(both)
    days = aqi.daily(observed)
    dates = past["date"].unique()
    seen = hours_of(known, values["place"].unique().sort()).select("place", "time", "pm25")
    return Hindcast(
        both,
        outlook,
        days,
        verify.verify(both, outlook, days, by=BY),
        verify.reliability(outlook.filter(pl.col("source") == SOURCE), days, by=("source", "lead")),
        verify_clearing.verify(clears, hours, seen, by=("place",)),
        issues,
        sum(calibrator.has_seen(day) for day in dates),
        len(dates),
    )


def spells(platform: Platform, until: datetime) -> pl.DataFrame:
    """The dirty spells of all places with hours that ended before a moment; see `clearing.events`."""
    known = history.read(platform, until)
    hourly = hours_of(known, known.places).select("place", "time", "pm25").drop_nulls()
    return clearing.events(hourly.filter(pl.col("time") < until))


def days_of(known: History, places: Iterable[str]) -> pl.DataFrame:
    """What was observed: ``place, date`` and `ITEMS`; days without any value are left out."""
    parts = [
        pl.DataFrame({"date": known.dates, **{item: known.observed(place)[:, k] for k, item in enumerate(ITEMS)}})
        .select(pl.lit(place).alias("place"), "date", pl.col(ITEMS).fill_nan(None))
        .filter(pl.any_horizontal(pl.col(ITEMS).is_not_null()))
        for place in places
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema={"place": pl.String, "date": pl.Date})


def hours_of(known: History, places: Iterable[str]) -> pl.DataFrame:
    """Hours of the places that have them: ``place, time`` and pollutants."""
    times = list(_hours(known))
    parts = [
        pl.DataFrame({"time": times, **{item: known.hourly(place)[:, k] for k, item in enumerate(POLLUTANTS)}})
        .select(
            pl.lit(place).alias("place"), pl.col("time").cast(learn.HOURS["time"]), pl.col(POLLUTANTS).fill_nan(None)
        )
        .filter(pl.any_horizontal(pl.col(POLLUTANTS).is_not_null()))
        for place in places
        if place in known.places
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=_HOURS)


def _hours(known: History) -> Iterator[datetime]:
    start = history.midnight(known.first)
    for hour in range(known.hours):
        yield start + timedelta(hours=hour)


def _after(weather: pl.DataFrame | None, issue: datetime) -> pl.DataFrame | None:
    if weather is None:
        return None
    return weather.filter(pl.col("time").is_between(issue, issue + AHEAD, closed="left"))
