"""Statistics that learn 统计预报: tomorrow's values, their quantiles and their hours from history and weather.

A recurrent network steps through the hours of places with stations (`learn_recurrent`), trees go straight to the
days of regions (`learn_direct`); both are joined, what they were lately wrong by is taken off (`learn_joined`), and
errors of days they had not seen give the quantiles (`learn_days`). Boosted trees forecast cities of which only
published days are known (`learn_cities`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.forecast import (
    features,
    features_hours,
    features_region,
    learn_cities,
    learn_days,
    learn_direct,
    learn_joined,
    learn_recurrent,
)
from lantian.forecast.features import LEADS, Indices
from lantian.forecast.history import Array, History
from lantian.forecast.learn_cities import CityTrees
from lantian.forecast.learn_days import BLOCK_DAYS
from lantian.forecast.learn_direct import Direct
from lantian.forecast.learn_frames import HOURS, VALUES, Forecast, Made, frames
from lantian.forecast.learn_joined import Joined
from lantian.forecast.learn_recurrent import Effort, Network
from lantian.forecast.learn_spread import Spread

__all__ = ["HOURS", "ISSUE_HOUR", "LOOK_BACK", "MODES", "SOURCE", "VALUES", "Calibrator", "Effort", "Forecast", "Mode"]
__all__ += ["train"]

Mode = Literal["history", "perfect"]
MODES: Final[tuple[Mode, ...]] = ("history", "perfect")
SOURCE: Final = "statistics"
ISSUE_HOUR: Final = 20
"""Of Beijing: when forecasts are issued."""
LOOK_BACK: Final = timedelta(days=45)
"""How much history a prediction reads."""
FEWEST: Final = 200
"""Days under which nothing can be learnt."""
EFFORT: Final = Effort()
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Calibrator:
    """What was learnt: forecasts the seven days after any issue.

    Attributes:
        mode: "history", or "perfect" with weather of the days ahead.
        begins, ends: the first and last day that training saw; ``held_out``: spans in between that it did not.
        network: None where no place has hours; ``direct``: None where no region has; ``spreads``: errors of both by
            item, empty where there is no network.
        cities: of which only published days are known.
        scores: of its honest forecasts, by name; see docs/forecast/statistics.md.
    """

    mode: Mode
    begins: date
    ends: date
    held_out: tuple[tuple[date, date], ...]
    network: Network | None
    direct: Direct | None
    spreads: Mapping[str, Spread]
    cities: CityTrees
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def places(self) -> tuple[str, ...]:
        """Regions with stations, stations, and cities with published days that it can forecast."""
        own = self.network.places if self.network else ()
        return tuple(dict.fromkeys((*own, *self.cities.codes)))

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of the trees' predictors, in order."""
        return tuple(dict.fromkeys(name for trees in self.cities.trees.values() for name in trees.names))

    def has_seen(self, day: date) -> bool:
        """Whether training learnt from a day."""
        return self.begins <= day <= self.ends and not any(a <= day <= b for a, b in self.held_out)

    def predict(
        self,
        history: History,
        issue: datetime,
        places: Sequence[str],
        *,
        weather: pl.DataFrame | None = None,
    ) -> Forecast:
        """Forecast the seven days after that of an issue.

        Args:
            history: at least `LOOK_BACK` before the issue; what it holds of later hours is not looked at.
            issue: by custom 20:00 of Beijing; any whole hour will do.
            places: stations, regions with stations, cities with published days.
            weather: hourly frame of stations, house units; its hours from the issue on are used in mode "perfect".

        Returns:
            Values of each place, lead and item that can be forecast, and hours of places with stations, from the issue
            to the end of the last day. Unknown places are left out.

        Raises:
            ValueError: mode "perfect" without weather.
        """
        perfect = self.mode == "perfect"
        if perfect and weather is None:
            raise ValueError("perfect weather: a forecast of this mode needs the weather of the days ahead")
        issue = issue.astimezone(UTC)
        known = history.known_at(issue).reaching(issue + timedelta(days=max(LEADS) + 1))
        if perfect and weather is not None:
            known = known.with_weather(weather, issue)
        at, lead = np.full(len(LEADS), known.hour_of(issue)), np.array(LEADS)
        joined = self.joined(known)
        made: dict[str, Made] = {}
        if joined:
            own = set(joined.network.places) & set(known.places)
            made = {place: self._of_hours(joined, place, at, lead) for place in places if place in own}
        cities = [one for one in places if one not in made and one in self.cities.codes and one in known.cities]
        near = self._near(known, joined, at, lead) if cities else ({}, None)
        made |= {city: self._of_days(known, city, at, lead, *near) for city in cities}
        return frames(issue, SOURCE, [made[place] for place in places if place in made])

    def joined(self, history: History) -> Joined | None:
        """What was learnt of places with hours, asked with a history that reaches past the days to forecast."""
        return Joined(self.network, self.direct, history) if self.network else None

    def _of_hours(self, joined: Joined, place: str, at: Indices, lead: Indices) -> Made:
        hours, days = joined.corrected(place, at[:1])
        columns = learn_days.situation(joined.history, place, at, lead)
        return Made(place, days[0], learn_days.quantiles(self.spreads, columns, days[0]), hours[0])

    def _of_days(
        self, known: History, city: str, at: Indices, lead: Indices, near: features.Columns, days: Array | None
    ) -> Made:
        columns = learn_cities.cases(known, city, self.cities.codes.index(city), at, lead, near, days)
        return Made(city, *self.cities.forecast(columns), None)

    def _near(
        self, known: History, joined: Joined | None, at: Indices, lead: Indices
    ) -> tuple[features.Columns, Array | None]:
        """The predictors of the place with hours that stands for the whole, and its forecast (lead, item)."""
        home = _home(known)
        if joined is None or home not in joined.network.places:
            return {}, None
        near = features.of_place(known, home, at, lead, perfect=joined.network.perfect)
        return near, joined.corrected(home, at[:1])[1][0]


def train(
    history: History,
    *,
    mode: Mode,
    until: date | None = None,
    held_out: Sequence[tuple[date, date]] = (),
    hour: int = ISSUE_HOUR,
    effort: Effort = EFFORT,
    tell: Tell = lambda _done, _total: None,
) -> Calibrator:
    """Learn from history up to a day.

    Args:
        history: all that was known when training began.
        mode: whether the weather of the days ahead may be used.
        until: the last day to learn from; None: all.
        held_out: spans of days, ends included, of which nothing is learnt: for honest scores.
        hour: of Beijing, at which forecasts will be issued: from other hours they are a little worse.
        effort: how long to train.
        tell: told steps done and steps in all.

    Raises:
        ValueError: there is too little to learn from.
    """
    seen = history if until is None else history.until(until)
    if seen.hours < FEWEST * 24:
        raise ValueError(f"{seen.hours // 24} days of observations are too few to learn from; {FEWEST} are needed")
    out = np.array([any(a <= day <= b for a, b in held_out) for day in seen.dates], bool)
    issues = np.arange(LOOK_BACK.days // 6, seen.hours // 24 - 1) * 24 + hour
    network, direct, honest, scores = None, None, None, dict[str, float]()
    spreads: Mapping[str, Spread] = {}
    perfect = mode == "perfect"
    # The trees take about as long as the network.
    whole = effort.steps * 2
    if seen.places:
        network, direct, honest = _with_hours(
            seen, issues, out, effort, perfect=perfect, tell=lambda done, _total: tell(done, whole)
        )
        observed = np.where(out[:, None], np.nan, np.stack([seen.daily[place] for place in seen.places]))
        given = learn_days.lesson(seen, seen.places, issues, honest, observed)
        spreads, scores = learn_days.spreads(given), learn_days.scores(given, regions=len(seen.members))
    near = honest[0] if honest is not None else None
    cities = learn_cities.learn(seen, issues, _home(seen), near, out, perfect=perfect, iterations=effort.iterations)
    tell(whole, whole)
    return Calibrator(mode, seen.first, seen.dates[-1], tuple(held_out), network, direct, spreads, cities, scores)


def _home(history: History) -> str | None:
    """The place with hours that stands for the whole: the first region, else the first station."""
    return next(iter(history.places), None)


def _with_hours(
    history: History, issues: Indices, out: NDArray[np.bool_], effort: Effort, *, perfect: bool, tell: Tell
) -> tuple[Network, Direct | None, Array]:
    """The network, the direct days of regions, and honest forecasts (place, issue, lead, item): of the members that
    did not learn the day, less what these were lately wrong by.
    """
    scale = features_hours.scale_of(history)
    region = features_region.learn(history, out)
    hours = features_hours.hours_of(history, history.places, scale, region(history), perfect=perfect)
    block = np.arange(len(out)) // BLOCK_DAYS % effort.members
    allowed = ~out & (block != np.arange(effort.members)[:, None])
    network = learn_recurrent.fit(
        hours,
        scale,
        region,
        np.repeat(allowed, 24, axis=1),
        effort,
        perfect=perfect,
        regions=len(history.members),
        tell=tell,
    )
    grown = history.reaching_days(len(LEADS) + 1)
    further = features_hours.hours_of(grown, history.places, scale, region(grown), perfect=perfect)
    ahead = learn_joined.ahead(issues)
    days = np.stack(
        [learn_joined.days_of(network.forecast(further, issues, one, ahead), issues) for one in network.places]
    )
    which = block[np.minimum(issues[:, None] // 24 + np.array(LEADS), len(block) - 1)]
    honest = days[:, which, np.arange(len(issues))[:, None], np.arange(len(LEADS))]
    direct = None
    if history.members:
        own = honest[: len(history.members)]
        direct, shift = learn_direct.learn(grown, issues, allowed, own, perfect=perfect, iterations=effort.iterations)
        number = {code: k for k, code in enumerate(direct.regions)}
        homes = [history.homes.get(place, place) for place in history.places]
        nothing = np.zeros_like(shift[0])
        shifts = [shift[number[home]] if home in number else nothing for home in homes]
        honest = np.stack([learn_joined.moved(one, by) for one, by in zip(honest, shifts, strict=True)])
    day = issues // 24
    corrected = [
        learn_joined.late(one, one[:, 0], history.daily[place], day, day)
        for one, place in zip(honest, history.places, strict=True)
    ]
    return network, direct, np.stack(corrected)
