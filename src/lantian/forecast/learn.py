"""Statistics that learn: tomorrow's values, their quantiles and their hours from history and weather.

Gradient boosting on predictors of `features`. A region is forecast itself; its stations by their difference from it;
a city of which only published days are known by its own days and by what a place with hours near it knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from lantian.forecast import features, learn_shapes
from lantian.forecast.features import LEADS, Columns, Indices
from lantian.forecast.history import ITEMS, Array, History, midnight
from lantian.kernel.settings import TIMEZONE
from lantian.standards.codes import POLLUTANTS

Mode = Literal["history", "perfect"]
MODES: Final[tuple[Mode, ...]] = ("history", "perfect")
QUANTILES: Final = (10, 25, 50, 75, 90)
SOURCE: Final = "statistics"
LOOK_BACK: Final = timedelta(days=45)
"""How much history a prediction reads."""
ISSUE_HOUR: Final = 20
FOLDS: Final = 3
VALUES: Final[dict[str, Any]] = {
    "issue": pl.Datetime("us", "UTC"),
    "source": pl.String,
    "place": pl.String,
    "date": pl.Date,
    "lead": pl.Int64,
    "item": pl.String,
    "value": pl.Float64,
    **{f"q{q}": pl.Float64 for q in QUANTILES},
}
HOURS: Final[dict[str, Any]] = {
    "issue": pl.Datetime("us", "UTC"),
    "source": pl.String,
    "place": pl.String,
    "time": pl.Datetime("us", "UTC"),
    **dict.fromkeys(POLLUTANTS, pl.Float64),
}


class Forecast(NamedTuple):
    """Frames `values` and `hours` of docs/design/forecast.md."""

    values: pl.DataFrame
    hours: pl.DataFrame


@dataclass(frozen=True)
class Trees:
    """Boosted trees of one item with the names of their predictors."""

    names: tuple[str, ...]
    models: tuple[Any, ...]

    def predict(self, columns: Mapping[str, Array]) -> Array:
        """The mean of the models."""
        table = features.matrix(columns, self.names)
        return np.asarray(np.mean([model.predict(table) for model in self.models], axis=0))


@dataclass(frozen=True)
class Calibrator:
    """What was learnt: predicts any day and hour after an issue.

    Attributes:
        mode: "history", or "perfect" with weather of the days ahead.
        begins, ends: the first and last day that training saw.
        held_out: spans of days that it left out.
    """

    mode: Mode
    begins: date
    ends: date
    held_out: tuple[tuple[date, date], ...]
    regions: Mapping[str, Mapping[str, Trees]]
    stations: Mapping[str, Mapping[str, Trees]]
    cities: Mapping[str, Trees]
    codes: tuple[str, ...]
    spreads: Mapping[tuple[str, str, int], Array]
    shapes: Mapping[str, Array] = field(repr=False)
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def places(self) -> tuple[str, ...]:
        """Regions with stations, stations, and cities with published days that it can forecast."""
        return tuple(dict.fromkeys((*self.shapes, *self.codes)))

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of all predictors, in order."""
        used = [
            trees
            for group in (*self.regions.values(), *self.stations.values(), self.cities)
            for trees in group.values()
        ]
        return tuple(dict.fromkeys(name for trees in used for name in trees.names))

    def predict(
        self,
        history: History,
        issue: datetime,
        places: Sequence[str],
        *,
        weather: pl.DataFrame | None = None,
        model: pl.DataFrame | None = None,  # noqa: ARG002
    ) -> Forecast:
        """Forecast the seven days after that of an issue.

        Args:
            history: at least `LOOK_BACK` before the issue; what it holds of later hours is not looked at.
            issue: by custom 20:00 of Beijing; any hour will do.
            places: stations, regions with stations, cities with published days.
            weather: hourly frame of stations, house units; its hours from the issue on are used in mode "perfect".
            model: values of the engine, once there is one to learn from.

        Returns:
            A row for each place, lead and item that can be forecast; hours of places with stations.

        Raises:
            ValueError: mode "perfect" without weather.
        """
        if self.mode == "perfect" and weather is None:
            raise ValueError("perfect weather: a forecast of this mode needs the weather of the days ahead")
        issue = issue.astimezone(UTC)
        known = history.known_at(issue)
        if self.mode == "perfect" and weather is not None:
            known = known.with_weather(weather, issue)
        at = np.array([known.hour_of(issue)])
        tables = _Tables(known, at, self.mode == "perfect")
        made = {place: self._days(known, place, at, tables) for place in places}
        values = pl.concat([_values(self, issue, place, found) for place, found in made.items()] or [_empty(VALUES)])
        hours = [_hours(self, issue, place, found) for place, found in made.items() if self._shaped(place)]
        return Forecast(values, pl.concat(hours or [_empty(HOURS)]))

    def _shaped(self, place: str) -> bool:
        return place in self.shapes

    def has_seen(self, day: date) -> bool:
        """Whether training learnt from a day."""
        return self.begins <= day <= self.ends and not any(a <= day <= b for a, b in self.held_out)

    def _days(self, history: History, place: str, at: Indices, tables: _Tables) -> Array:
        """(lead, item) of a place; NaN throughout where it cannot be forecast."""
        found = np.full((len(LEADS), len(ITEMS)), np.nan)
        home = place if place in self.regions else history.homes.get(place, "")
        near = home if home in self.regions and home in history.members else ""
        for row, lead in enumerate(LEADS):
            for k, item in enumerate(ITEMS):
                if near:
                    columns = tables.of(near, lead)
                    found[row, k] = self.regions[near][item].predict(columns)[0]
                if near and place != near:
                    own = features.of_station(history, place, near, at, k) | columns
                    found[row, k] += self.stations[near][item].predict(own)[0]
                elif not near and place in self.codes and place in history.cities:
                    columns = features.of_city(history, place, at, tables.of(next(iter(self.regions)), lead))
                    columns["code"] = np.full(1, float(self.codes.index(place)))
                    found[row, k] = self.cities[item].predict(columns)[0]
        return np.asarray(np.expm1(found))


@dataclass
class _Tables:
    """Predictors of regions at one issue, each made once."""

    history: History
    at: Indices
    perfect: bool
    made: dict[tuple[str, int], Columns] = field(default_factory=dict)

    def of(self, place: str, lead: int) -> Columns:
        if (place, lead) not in self.made:
            self.made[place, lead] = features.of_place(self.history, place, self.at, lead, perfect=self.perfect)
        return self.made[place, lead]


def _values(calibrator: Calibrator, issue: datetime, place: str, days: Array) -> pl.DataFrame:
    kind = "city" if place in calibrator.codes and place not in calibrator.regions else "place"
    today = issue.astimezone(TIMEZONE).date()
    rows = []
    for row, lead in enumerate(LEADS):
        for k, item in enumerate(ITEMS):
            value = days[row, k]
            if np.isnan(value):
                continue
            spread = calibrator.spreads[kind, item, lead]
            spans = np.sort(np.maximum(np.expm1(np.log1p(value) + spread), 0.0))
            rows.append((issue, SOURCE, place, today + timedelta(lead), lead, item, max(value, 0.0), *spans))
    return pl.DataFrame(rows, schema=VALUES, orient="row")


def _hours(calibrator: Calibrator, issue: datetime, place: str, days: Array) -> pl.DataFrame:
    shape = calibrator.shapes[place]
    today = issue.astimezone(TIMEZONE).date()
    parts = []
    for row, lead in enumerate(LEADS):
        day = today + timedelta(lead)
        of_day = shape[day.month - 1] * days[row]
        times = [midnight(day) + timedelta(hours=h) for h in range(24)]
        frame = {"time": times, **{item: of_day[:, k] for k, item in enumerate(POLLUTANTS)}}
        parts.append(pl.DataFrame(frame, schema_overrides={"time": pl.Datetime("us", "UTC")}))
    made = pl.concat(parts).fill_nan(None)
    return made.select(
        pl.lit(issue).cast(HOURS["issue"]).alias("issue"),
        pl.lit(SOURCE).alias("source"),
        pl.lit(place).alias("place"),
        "time",
        *POLLUTANTS,
    )


def _empty(schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


def train(
    history: History, *, mode: Mode, until: date | None = None, held_out: Sequence[tuple[date, date]] = ()
) -> Calibrator:
    """Learn from history up to a day.

    Args:
        history: all that was known when training began.
        mode: whether the weather of the days ahead may be used.
        until: the last day to learn from; None: all.
        held_out: spans of days, ends included, of which nothing is learnt: for honest scores.

    Raises:
        ValueError: too little to learn from: under 200 days, or no place at all.
    """
    seen = history if until is None else history.until(until)
    if seen.hours < 200 * 24:
        raise ValueError(f"{seen.hours // 24} days of observations are too few to learn from; 200 are needed")
    perfect = mode == "perfect"
    issues = np.arange(7, seen.hours // 24 - 1) * 24 + ISSUE_HOUR
    regions: dict[str, dict[str, Trees]] = {}
    stations: dict[str, dict[str, Trees]] = {}
    spreads: dict[tuple[str, str, int], Array] = {}
    leads_of = {place: _leads(seen, place, issues, perfect=perfect) for place in seen.members}
    for place, tables in leads_of.items():
        regions[place], stations[place] = {}, {}
        for k, item in enumerate(ITEMS):
            table = _target(seen, place, issues, k, held_out)
            regions[place][item], errors = _fit(tables, table)
            spreads |= {("place", item, lead): errors[lead] for lead in LEADS}
            stations[place][item] = _fit_stations(seen, place, issues, k, tables, held_out)
    cities, city_spreads = _fit_cities(seen, issues, next(iter(leads_of.values()), None), held_out)
    codes = tuple(code for code in seen.cities)
    return Calibrator(
        mode,
        seen.first,
        seen.dates[-1],
        tuple(held_out),
        regions,
        stations,
        cities,
        codes,
        spreads | city_spreads,
        {place: learn_shapes.shape(seen, place) for place in seen.places},
    )


def _leads(history: History, place: str, issues: Indices, *, perfect: bool) -> dict[int, Columns]:
    return {lead: features.of_place(history, place, issues, lead, perfect=perfect) for lead in LEADS}


def _target(
    history: History, place: str, issues: Indices, k: int, held_out: Sequence[tuple[date, date]]
) -> dict[int, Array]:
    observed = np.log1p(history.observed(place)[:, k])
    observed[_out(history, held_out)] = np.nan
    return {lead: features.take(observed[:, None], issues // 24 + lead)[:, 0] for lead in LEADS}


def _out(history: History, held_out: Sequence[tuple[date, date]]) -> NDArray[np.bool_]:
    days = np.array(history.dates)
    return np.array([any(a <= day <= b for a, b in held_out) for day in days], bool)


class Booster(HistGradientBoostingRegressor):  # type: ignore[misc]
    """Boosted trees that pass over predictors of which nothing is known."""

    def fit(self, table: NDArray[np.float32], target: Array) -> Booster:
        """Learn; columns that are missing throughout are not used."""
        self.used_ = ~np.isnan(table).all(0)
        super().fit(table[:, self.used_], target)
        return self

    def predict(self, table: NDArray[np.float32]) -> Array:
        """Predict from all columns."""
        return np.asarray(super().predict(table[:, self.used_]))


def _booster(seed: int, iterations: int = 200) -> Booster:
    return Booster(
        loss="absolute_error",
        max_iter=iterations,
        learning_rate=0.06,
        max_leaf_nodes=15,
        min_samples_leaf=20,
        l2_regularization=1.0,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )


def _stack(tables: Mapping[int, Columns], names: tuple[str, ...]) -> NDArray[np.float32]:
    return np.concatenate([features.matrix(tables[lead], names) for lead in LEADS])


def _fit(tables: Mapping[int, Columns], targets: Mapping[int, Array]) -> tuple[Trees, dict[int, Array]]:
    names = tuple(tables[1])
    table, target = _stack(tables, names), np.concatenate([targets[lead] for lead in LEADS])
    size = len(targets[1])
    block = np.tile(np.arange(size) * FOLDS * 4 // size % FOLDS, len(LEADS))
    there = ~np.isnan(target)
    errors = np.full(len(target), np.nan)
    for fold in range(FOLDS):
        use = there & (block != fold)
        errors[block == fold] = target[block == fold] - _booster(1, 100).fit(table[use], target[use]).predict(
            table[block == fold]
        )
    model = _booster(0).fit(table[there], target[there])
    lead = np.repeat(list(LEADS), size)
    return Trees(names, (model,)), {k: np.nanquantile(errors[lead == k], np.array(QUANTILES) / 100) for k in LEADS}


def _fit_stations(
    history: History,
    place: str,
    issues: Indices,
    k: int,
    tables: Mapping[int, Columns],
    held_out: Sequence[tuple[date, date]],
) -> Trees:
    home = _target(history, place, issues, k, held_out)
    names: tuple[str, ...] = ()
    parts, targets = [], []
    random = np.random.default_rng(0)
    for station in (code for code, region in sorted(history.homes.items()) if region == place):
        own = _target(history, station, issues, k, held_out)
        near = features.of_station(history, station, place, issues, k)
        lead = random.integers(1, 8, len(issues))
        names = (*near, *tables[1])
        all_leads = np.stack([features.matrix(near | tables[one], names) for one in LEADS])
        parts.append(all_leads[lead - 1, np.arange(len(issues))])
        difference = np.stack([own[one] - home[one] for one in LEADS])
        targets.append(difference[lead - 1, np.arange(len(issues))])
    table, target = np.concatenate(parts), np.concatenate(targets)
    there = ~np.isnan(target)
    return Trees(names, (_booster(0, 100).fit(table[there], target[there]),))


def _fit_cities(
    history: History, issues: Indices, near: Mapping[int, Columns] | None, held_out: Sequence[tuple[date, date]]
) -> tuple[dict[str, Trees], dict[tuple[str, str, int], Array]]:
    found: dict[str, Trees] = {}
    spreads: dict[tuple[str, str, int], Array] = {}
    if not history.cities:
        return found, spreads
    random = np.random.default_rng(1)
    for k, item in enumerate(ITEMS):
        parts, targets, leads = [], [], []
        names: tuple[str, ...] = ()
        for number, code in enumerate(history.cities):
            lead = random.integers(1, 8, len(issues))
            observed = np.log1p(history.days[number][:, k])
            observed[_out(history, held_out)] = np.nan
            blank: Mapping[int, Columns] = near or {one: features.calendar(history, issues, one) for one in LEADS}
            own = features.of_city(history, code, issues, {})
            own["code"] = np.full(len(issues), float(number))
            names = (*own, *blank[1])
            every = np.stack([features.matrix(own | blank[one], names) for one in LEADS])
            parts.append(every[lead - 1, np.arange(len(issues))])
            targets.append(features.take(observed[:, None], issues // 24 + lead)[:, 0])
            leads.append(lead)
        table, target, lead = np.concatenate(parts), np.concatenate(targets), np.concatenate(leads)
        there = ~np.isnan(target)
        half = there & (np.concatenate([np.arange(len(issues))] * len(history.cities)) % 120 < 60)
        errors = target - _booster(1, 100).fit(table[half], target[half]).predict(table)
        check = there & ~half
        for one in LEADS:
            spreads["city", item, one] = np.nanquantile(errors[check & (lead == one)], np.array(QUANTILES) / 100)
        found[item] = Trees(names, (_booster(0, 150).fit(table[there], target[there]),))
    return found, spreads
