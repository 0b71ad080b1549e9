"""What is published of an issue: the statistics' word, put together with that of the other sources, as products.

    calibrator = shelf.open(shelf.latest("history").version)
    said = said_of(platform, issue, "history", calibrator)
    published(platform, said)  # what RunStore.put takes

Ours (``lantian``) are the statistics where nothing else speaks, else what `combination` makes of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from lantian.forecast import (
    clearing,
    combination,
    foreseen_bias,
    foreseen_doubt,
    hindcast,
    history,
    past,
    products,
    shelf,
    verify,
)
from lantian.forecast.features import LEADS
from lantian.forecast.foreseen import first_open_day
from lantian.forecast.learn import HOURS, LOOK_BACK, SOURCE, VALUES, Calibrator, Forecast
from lantian.forecast.peers_store import PeerStore
from lantian.forecast.store import Mode, Run, RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    from lantian.forecast.history import History

OURS: Final = "lantian"
HELD_BACK: Final = timedelta(days=45)
"""Training for a platform that has no model ends so long before the issue: what is forecast after that is no proof of
memory, and can be verified at once.
"""
_AHEAD: Final = timedelta(days=max(LEADS) + 1)


@dataclass(frozen=True)
class Said:
    """What the statistics say of an issue.

    Attributes:
        mode: what was known of the weather to come.
        values, hours: of the source ``statistics``.
        base: `values` of persistence.
        plain: `values` of statistics that know no weather, for mode ``weather``; empty in other modes, and where no
            such model stands on the shelf.
        known: the weeks before, as known at the issue.
        weather: of stations and regions to come, as it was used; None where none is known.
        given: the weather of files with its corrections (`foreseen_bias.corrected`); None in other modes.
        spells: dirty spells of the years before.
    """

    issue: datetime
    mode: Mode
    values: pl.DataFrame
    hours: pl.DataFrame
    base: pl.DataFrame
    plain: pl.DataFrame
    known: History
    weather: pl.DataFrame | None
    given: pl.DataFrame | None
    spells: pl.DataFrame | None


def said_of(
    platform: Platform,
    issue: datetime,
    mode: Mode,
    calibrator: Calibrator,
    spells: pl.DataFrame | None = None,
    *,
    weather: pl.DataFrame | None = None,
) -> Said:
    """What the statistics say of an issue.

    A calibrator of mode ``perfect`` needs the weather of the days ahead. It is ``weather`` where a forecast is given,
    every hour of the stations from the issue on, and is corrected by what such forecasts lately got wrong; days that it
    does not cover with all their 24 hours are in none of the products, of no source. Without it the weather is read as
    it was observed, however late it became known. ``spells``: those of the years before (`hindcast.spells`), for the
    clearing of mode ``history``.

    Raises:
        LookupError: the store knows nothing of the weeks before the issue.
    """
    day = issue.astimezone(TIMEZONE).date()
    known = history.read(platform, issue, day - LOOK_BACK, day)
    places = [place for place in dict.fromkeys((*known.places, *known.cities)) if place in calibrator.places]
    end, given, plain = date.max, None, pl.DataFrame(schema=VALUES)
    if weather is not None:
        end = first_open_day(weather)
        stamped = weather.with_columns(issue=pl.lit(issue, pl.Datetime("us", "UTC")))
        given = foreseen_bias.corrected(stamped, past.weather_before(platform, issue))
        weather = foreseen_bias.as_used(given)
        plain = _plain(platform, known, issue, places)
    elif calibrator.mode == "perfect":
        weather = _weather_ahead(platform, issue, day)
    said = calibrator.predict(known, issue, places, weather=weather)
    if given is not None:
        said = Forecast(
            said.values.filter(pl.col("date") < end), said.hours.filter(pl.col("time") < history.midnight(end))
        )
    if said.values.is_empty():
        raise LookupError(f"nothing was known of the {LOOK_BACK.days} days before {issue.isoformat()}")
    base = verify.persistence([issue], LEADS, hourly=_hourly(known, issue), daily=_published(known, issue))
    return Said(
        issue,
        mode,
        *said,
        base.filter(pl.col("date") < end).select(pl.col(name).cast(kind) for name, kind in VALUES.items()),
        plain,
        known,
        None if weather is None else with_regions(weather, known.members),
        given,
        None if calibrator.mode == "perfect" else spells,
    )


@dataclass(frozen=True)
class Before:
    """What was published of an issue until it is put together again: ``values`` of the source ``lantian`` and their
    ``shares``; files that peers had given by ``moment`` count now.
    """

    moment: datetime
    values: pl.DataFrame
    shares: pl.DataFrame


def said_before(platform: Platform, run: Run) -> tuple[Said, Forecast, Before]:
    """What the statistics said in a run that has products, what the engine said, and what was published; the moment is
    the clock's now.
    """
    store = RunStore(platform)
    values, hours = (store.product(run, name).collect() for name in ("values", "hours"))
    day = run.day
    known = history.read(platform, run.issue, day - LOOK_BACK, day)
    given, weather = None, None
    plain = pl.DataFrame(schema=VALUES)
    if run.mode == "weather":
        given = store.product(run, "weather").collect()
        weather = foreseen_bias.as_used(given)
        plain = _plain(platform, known, run.issue, values["place"].unique(maintain_order=True).to_list())
    elif run.mode == "perfect":
        weather = _weather_ahead(platform, run.issue, day)
    own, model = (
        Forecast(values.filter(source=name), hours.filter(source=name).select(*HOURS)) for name in (SOURCE, "model")
    )
    said = Said(
        run.issue,
        run.mode,
        *own,
        values.filter(source="persistence"),
        plain,
        known,
        None if weather is None else with_regions(weather, known.members),
        given,
        hindcast.spells(platform, run.issue) if run.mode == "history" else None,
    )
    shares = store.product(run, "shares").collect()
    return said, model, Before(platform.clock.now(), values.filter(source=OURS), shares)


def published(
    platform: Platform, said: Said, engine: Forecast | None = None, before: Before | None = None
) -> dict[str, pl.DataFrame]:
    """The products of an issue: of the sources ``lantian``, ``statistics``, ``persistence`` and, with the ``engine``'s
    values and hours, ``model``.

    Peers' files speak as they were known at the issue or, with what was published ``before``, at its moment; of a day
    that had begun by then that stays. What is published rests on the issues before; see `combination` and, for how sure
    it is in mode ``weather``, `foreseen_doubt`.
    """
    model = engine or Forecast(pl.DataFrame(schema=VALUES), pl.DataFrame(schema=HOURS))
    after = timedelta() if before is None else before.moment - said.issue
    words = PeerStore(platform).last_words([said.issue], after)
    others = pl.concat([model.values, words.select(model.values.columns)], how="vertical_relaxed")
    ours = said.values.with_columns(source=pl.lit(OURS))
    shares = None
    if said.mode == "weather" or not others.is_empty():
        verified = past.verified(platform, said.issue, said.mode, said.known, after)
        if said.mode == "weather":
            own = verified.filter(source=SOURCE)
            ours = foreseen_doubt.widened(ours, said.plain, own)
        ours, shares = combination.combined(ours, others, verified)
        if before is not None:
            begun = pl.col("date") <= before.moment.astimezone(TIMEZONE).date()
            ours = pl.concat([before.values.filter(begun), ours.filter(~begun)])
            shares = pl.concat([before.shares.filter(begun), shares.filter(~begun)])
    hours = combination.hours_like(said.hours, said.values, ours).with_columns(source=pl.lit(OURS))
    values = pl.concat([said.values, ours, said.base, model.values])
    hourly = _hourly(said.known, said.issue)
    clears = clearing.clearing(
        hours, ours, hourly.select("place", "time", "pm25"), weather=said.weather, past=said.spells
    )
    made = {
        "values": values,
        "outlook": products.outlook(values),
        "hours": products.windows(pl.concat([said.hours, hours, model.hours]), hourly),
        "clearing": clears,
    }
    extra = {"shares": shares, "weather": said.given}
    return made | {name: frame for name, frame in extra.items() if frame is not None}


def with_regions(weather: pl.DataFrame, members: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Hourly weather of stations, and of regions as the mean of their stations; the wind's direction as a vector."""
    angle = pl.col("wind_direction").radians()
    east, north = (pl.col("wind_speed") * part for part in (angle.sin(), angle.cos()))
    of_stations = weather.select("place", "time", "wind_speed", "wind_direction", "rain")
    parts = [of_stations]
    for region, stations in members.items():
        inside = weather.filter(pl.col("place").is_in(list(stations))).with_columns(east=east, north=north)
        mean = inside.group_by("time").agg(pl.col("wind_speed", "east", "north", "rain").mean())
        toward = (pl.arctan2(pl.col("east"), pl.col("north")).degrees() + 360) % 360
        parts.append(mean.with_columns(place=pl.lit(region), wind_direction=toward).select(of_stations.columns))
    return pl.concat(parts, how="vertical_relaxed").sort("place", "time")


def _hourly(known: History, issue: datetime) -> pl.DataFrame:
    return hindcast.hours_of(known, known.places).filter(pl.col("time") < issue)


def _published(known: History, issue: datetime) -> pl.DataFrame:
    """Days of cities of which no hours are known, for their persistence."""
    cities = [city for city in known.cities if city not in known.members]
    days = hindcast.days_of(known, cities)
    return days.filter(pl.col("date") < issue.astimezone(TIMEZONE).date())


def _plain(platform: Platform, known: History, issue: datetime, places: Sequence[str]) -> pl.DataFrame:
    """`values` of statistics that know no weather; empty where no such model stands on the shelf."""
    card = shelf.of(platform).latest("history")
    if card is None:
        return pl.DataFrame(schema=VALUES)
    return shelf.of(platform).open(card.version).predict(known, issue, places).values


def _weather_ahead(platform: Platform, issue: datetime, day: date) -> pl.DataFrame:
    everything = max(platform.clock.now(), datetime.now(UTC))
    found = history.weather_of(platform, everything, day, day + _AHEAD)
    return found.filter(pl.col("time").is_between(issue, issue + _AHEAD, closed="left"))
