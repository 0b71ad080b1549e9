"""The chance that a running target is met: the rest of the period drawn again and again from past years.

Weeks are drawn whole (weather has memory), from the same season of a random past year, and scaled by how this year
has compared with those years so far. It is a statement about ordinary variability, not a forecast.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

BLOCK_DAYS = 7
"""Length of a drawn block; a heavy episode in north China lasts three to seven days."""
SEASON_DAYS = 10
"""A block may come from up to this many days earlier or later in the year."""
RATIO_RANGE = (0.5, 1.5)
"""This year / past years is not trusted beyond this."""
LEAST_PAST_YEARS = 2
LEAST_DAYS_FOR_RATIO = 30
DRAWS = 500
"""Standard error of the chance: at most 2.3 percentage points."""

Series = Mapping[date, float]


def chance_of(
    known: Series,
    past: Series,
    first: date,
    last: date,
    reached: Callable[[Sequence[float]], bool],
    seed: str,
    draws: int = DRAWS,
) -> float | None:
    """Share of resampled rests of a period with which a target is reached, 0..1.

    Parameters
    ----------
    known, past
        Daily values of this period and of earlier years, any unit; missing days are absent.
    first, last
        First and last day still to come; ``last`` before ``first`` means that nothing is left.
    reached
        Given one possible rest (a value a day), says whether the target is met.
    seed
        The same seed gives the same answer.

    Returns
    -------
    None where fewer than two past years cover the rest.
    """
    left = (last - first).days + 1
    if left <= 0:
        return float(reached(())) if known else None
    # The margin of last year's season may reach into this period, whose days are known too.
    observed = {**past, **known}
    years = [year for back in range(1, 31) if (year := _season(observed, first, left, back)) is not None]
    if len(years) < LEAST_PAST_YEARS:
        return None
    ratio = _ratio(known, past, len(years))
    scaled = [[value * ratio for value in year] for year in years]
    generator = random.Random(seed)  # noqa: S311 - a draw, not a secret
    return sum(reached(_draw(scaled, left, generator)) for _ in range(draws)) / draws


def years_back(day: date, back: int) -> date:
    """The same calendar day ``back`` years earlier (29 February becomes 28)."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - back, day=28 if leap else day.day)


def _season(past: Series, first: date, left: int, back: int) -> list[float] | None:
    """The rest as it was ``back`` years ago with the season's margin on both sides;

    gaps bridged, None when a tenth is missing.
    """
    start = years_back(first, back) - timedelta(days=SEASON_DAYS)
    found = [past.get(start + timedelta(days=i)) for i in range(left + 2 * SEASON_DAYS)]
    values = [value for value in found if value is not None]
    if len(values) < 0.9 * len(found):
        return None
    out, latest = [], values[0]
    for value in found:
        latest = latest if value is None else value
        out.append(latest)
    return out


def _draw(years: Sequence[Sequence[float]], left: int, generator: random.Random) -> list[float]:
    rest: list[float] = []
    while len(rest) < left:
        origin = len(rest) + generator.randint(0, 2 * SEASON_DAYS)
        year = years[generator.randrange(len(years))]
        rest += year[origin : origin + min(BLOCK_DAYS, left - len(rest), len(year) - origin)]
    return rest


def _ratio(known: Series, past: Series, years: int) -> float:
    """This year's mean over the known days divided by the past years' mean over the same dates."""
    if len(known) < LEAST_DAYS_FOR_RATIO:
        return 1.0
    pairs = [
        (now, then)
        for day, now in known.items()
        for back in range(1, years + 1)
        if (then := past.get(years_back(day, back))) is not None
    ]
    before = sum(then for _, then in pairs)
    low, high = RATIO_RANGE
    return min(high, max(low, sum(now for now, _ in pairs) / before)) if before else 1.0
