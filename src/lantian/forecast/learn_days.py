"""Days of places with hours: the network's hours made days, less what it was lately wrong by, with quantiles.

What a place emits changes from year to year, and a network that learnt the years before cannot know. But the last
weeks are known: what it would have forecast for them, and what came. The mean of those errors of the logarithm is
added to the days ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from lantian.forecast import features, learn_spread
from lantian.forecast.features import LEADS, Columns, Indices, Windows
from lantian.forecast.history import ITEMS, Array, History
from lantian.forecast.learn_spread import Spread
from lantian.forecast.learn_trees import Table, concentration, logarithm
from lantian.standards.codes import POLLUTANTS

OZONE: Final = ITEMS.index("o3_8h")
WINDOW: Final = 8
"""Hours of ozone's moving mean."""
RECENT: Final = 40
"""Days whose errors are looked at: as many as `learn.LOOK_BACK` has room for."""
DOUBT: Final = 40.0
"""The mean error counts as if so many days more had been without any, so half of it at most: chosen on the days that
docs/forecast/statistics.md names; 10 and 20 helped stations as much, and cost the city's summer 0.001 to 0.004.
"""
BLOCK_DAYS: Final = 40
"""Days that are learnt from, or left out, together."""


def days_of(hours: Array) -> Array:
    """Daily values of whole natural days (..., hour, item of `POLLUTANTS`): (..., day, item of `ITEMS`).

    24-hour means, and of ozone the largest 8-hour mean wholly inside the day.
    """
    parts = hours.reshape(*hours.shape[:-2], -1, 24, len(POLLUTANTS))
    days = parts.mean(-2)
    sums = np.cumsum(parts[..., OZONE], axis=-1)
    sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
    days[..., OZONE] = ((sums[..., WINDOW:] - sums[..., :-WINDOW]) / WINDOW).max(-1)
    return np.asarray(days)


def lately(made: Array, observed: Array, issued: Indices, day: Indices) -> Array:
    """The mean error ln(observed) - ln(made) of the last `RECENT` whole days before the days of issues.

    Args:
        made: forecasts one day ahead (issue, item of `ITEMS`).
        observed: (day, item), NaN where nothing is known.
        issued: the day of each of ``made``: it is of the day after.
        day: the days on which it is asked; itself and later ones are not looked at.

    Returns:
        (asked, item); nearer to nothing the fewer days are known.
    """
    errors = np.full(observed.shape, np.nan)
    inside = issued + 1 < len(errors)
    target = issued[inside] + 1
    for k in range(len(ITEMS)):
        errors[target, k] = logarithm(observed[target, k], k) - logarithm(made[inside, k], k)
    sums = Windows.of(errors)
    begin = np.maximum(day - RECENT, 0)
    return np.asarray((sums.total[day] - sums.total[begin]) / (sums.count[day] - sums.count[begin] + DOUBT))


def moved(days: Array, error: Array) -> Array:
    """Days (case, item) with an error (case, item) of their logarithms added."""
    return np.stack([concentration(logarithm(days[:, k], k) + error[:, k], k) for k in range(len(ITEMS))], axis=1)


def of_network(days: Array) -> Columns:
    """Forecasts of days (case, item) as predictors."""
    return {f"network {item}": logarithm(days[:, k], k) for k, item in enumerate(ITEMS)}


@dataclass(frozen=True)
class Lesson:
    """Honest forecasts and what came, of all places: (case, item). ``place``: its number."""

    place: Indices
    columns: Columns
    made: Array
    observed: Array


def lesson(history: History, places: tuple[str, ...], issues: Indices, honest: Array, observed: Array) -> Lesson:
    """Every lead of the regions, and one lead, drawn at random, of each issue of the stations: enough, in less time.

    Args:
        history: what is known.
        places: regions first.
        issues: hour indices.
        honest: forecasts (place, issue, lead, item); observed: (place, day, item), NaN where a day must not be learnt
            from.
    """
    random = np.random.default_rng(3)
    parts: list[Columns] = []
    numbers, made, seen = [], [], []
    for number, place in enumerate(places):
        if place in history.members:
            which, lead = np.repeat(np.arange(len(issues)), len(LEADS)), np.tile(LEADS, len(issues))
        else:
            which, lead = np.arange(len(issues)), random.integers(LEADS.start, LEADS.stop, len(issues))
        parts.append(situation(history, place, issues[which], lead))
        numbers.append(np.full(len(which), number))
        made.append(honest[number, which, lead - 1])
        seen.append(features.take(observed[number], issues[which] // 24 + lead))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Lesson(np.concatenate(numbers), columns, np.concatenate(made), np.concatenate(seen))


def situation(history: History, place: str, hours: Indices, lead: Indices) -> Columns:
    """What the size of an error depends on beside the forecast: the last day, lead and season."""
    return features.known_air(history.hourly(place), hours) | features.calendar(history, hours, lead)


def spreads(given: Lesson) -> dict[str, Spread]:
    """The errors of each item, by situation."""
    found = {}
    for k, item in enumerate(ITEMS):
        made, seen = logarithm(given.made[:, k], k), logarithm(given.observed[:, k], k)
        found[item] = learn_spread.learn(_table(given.columns, made, k), seen - made, given.columns["lead"])
    return found


def quantiles(spread: Mapping[str, Spread], columns: Columns, days: Array) -> Array:
    """Quantiles (case, item, quantile) of days (case, item) in a `situation`, ug/m3, CO mg/m3."""
    found = np.empty((*days.shape, len(learn_spread.QUANTILES)))
    for k, item in enumerate(ITEMS):
        made = logarithm(days[:, k], k)
        errors = spread[item].around(_table(columns, made, k), columns["lead"])
        found[:, k] = concentration(made[:, None] + errors, k)
    return found


def _table(columns: Columns, made: Array, k: int) -> Table:
    last = columns[f"{POLLUTANTS[k]} 24h"]
    return learn_spread.situation(columns["lead"], made, last, (columns["season sine"], columns["season cosine"]))


def scores(given: Lesson, *, regions: int) -> dict[str, float]:
    """1 - NME of honest forecasts of regions and of stations, all seasons, by item, for the first lead and the last."""
    found: dict[str, float] = {}
    for name, own in (("region", given.place < regions), ("station", given.place >= regions)):
        for lead in (LEADS[0], LEADS[-1]):
            rows = own & (given.columns["lead"] == lead)
            for k, item in enumerate(ITEMS):
                made, seen = given.made[rows, k], given.observed[rows, k]
                there = ~np.isnan(seen)
                if there.any():
                    error = np.abs(made - seen)[there].sum() / seen[there].sum()
                    found[f"{name} {item} lead {lead} accuracy"] = round(float(1 - error), 4)
    return found
