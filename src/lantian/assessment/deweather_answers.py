"""Answers of weather normalisation over the store: the hours that it needs, and answers kept in files.

An answer takes minutes, so a job computes it once; it stands in ``<home>/assessment/deweather`` with the moment as of
which it holds, and a reader of an earlier moment does not see it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from lantian.assessment import periods
from lantian.assessment.air import Air
from lantian.assessment.deweather import Change, Part, Split
from lantian.assessment.deweather_features import NEEDED, WEATHER
from lantian.assessment.periods import Period
from lantian.kernel.settings import TIMEZONE
from lantian.standards import limits, statistics
from lantian.standards.codes import GASES

YEARS = 10
"""Years of record before the period from which it learns, where there are as many."""


@dataclass(frozen=True)
class Answer:
    """A split with its place, the moment as of which it holds, and how many stations told weather and pollutant."""

    place: str
    as_of: datetime
    stations: int
    split: Split

    @property
    def period(self) -> Period:
        """The period that was asked for, cut to the days that were over."""
        return self.split.whole.period


def hours(air: Air, place: str, item: str, period: Period, as_of: datetime) -> tuple[pl.DataFrame, int]:
    """The hours of a station, or of a region's stations, with their weather, for `deweather.split`.

    A region's pollutant is the mean of its stations; so is its weather, the wind as a vector for its direction and by
    speed for its strength. Gases stand at the state in force at the period's end. Gives the hours and the number of
    stations with weather. Raises LookupError where no weather or nothing of the pollutant is known.
    """
    start = datetime(period.start.year - YEARS, 1, 1, tzinfo=TIMEZONE).astimezone(UTC)
    members = air.places.members(place, period.start) if place.removeprefix("Z").isdigit() else [place]
    frame = air.hourly(members, start, as_of, as_of, weather=True) if members else pl.DataFrame()
    if frame.is_empty() or frame[item].null_count() == frame.height:
        raise LookupError(f"no hours of {item} are known at {place}")
    told = frame.filter(pl.col(NEEDED).is_not_null())["place"].n_unique() if NEEDED in frame.columns else 0
    if not told:
        raise LookupError(f"no weather is known at {place}: its stations' hours have no {NEEDED}")
    frame = frame.select("place", "time", item, *(name for name in WEATHER if name in frame.columns))
    if item in GASES:
        frame = limits.at_gas_state(frame, period.end)
    city = statistics.city(frame.select("place", "time", item), {place: members}).select("time", item)
    return city.join(_mean_weather(frame), on="time"), told


def _mean_weather(frame: pl.DataFrame) -> pl.DataFrame:
    scalars = [name for name in WEATHER if name in frame.columns and name != "wind_direction"]
    vector = "wind_direction" in frame.columns
    angle = pl.col("wind_direction").radians() if vector else pl.lit(None, pl.Float64)
    speed = pl.col("wind_speed")
    mean = frame.group_by("time").agg(
        pl.col(scalars).mean(), east=(speed * angle.sin()).mean(), north=(speed * angle.cos()).mean()
    )
    direction = pl.arctan2("east", "north").degrees() % 360
    return mean.with_columns(direction.alias("wind_direction")).drop("east", "north").sort("time")


class Answers:
    """The answers kept in a data directory."""

    def __init__(self, home: Path) -> None:
        self._root = home / "assessment" / "deweather"

    def put(self, answer: Answer) -> Path:
        """Keep an answer; whole or not at all."""
        self._root.mkdir(parents=True, exist_ok=True)
        path = self._root / f"{_stem(answer.place, answer.split.item, answer.period)}-{answer.as_of:%Y%m%dT%H%M}.json"
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(_plain(answer), ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)
        return path

    def latest(self, place: str, item: str, period: Period, as_of: datetime) -> Answer | None:
        """The newest answer to a question that was known at a moment; None where there is none."""
        paths = sorted(self._root.glob(f"{_stem(place, item, period)}-*.json"), reverse=True)
        found = (_answer(json.loads(path.read_text(encoding="utf-8"))) for path in paths)
        return next((answer for answer in found if answer.as_of <= as_of), None)

    def known(self, place: str, as_of: datetime) -> list[tuple[str, Period]]:
        """The questions about a place that have an answer: item and period, the latest period first."""
        stems = {path.stem.rpartition("-")[0] for path in self._root.glob(f"{place}-*.json")}
        asked = [(item, periods.parse(label)) for _, item, label in (stem.split("-", 2) for stem in stems)]
        known = [one for one in asked if self.latest(place, *one, as_of)]
        return sorted(known, key=lambda one: (one[1].end, one[1].start, one[0]), reverse=True)


def whole_hour(moment: datetime) -> datetime:
    """The hour that has begun: an answer holds as of a whole hour."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _stem(place: str, item: str, period: Period) -> str:
    return f"{place}-{item}-{period.label}"


def _plain(answer: Answer) -> dict[str, Any]:
    split = asdict(answer.split)
    for change, own in zip([split["whole"], *split["months"]], [answer.split.whole, *answer.split.months], strict=True):
        change["period"] = own.period.label
    return {"place": answer.place, "as_of": answer.as_of.isoformat(), "stations": answer.stations, "split": split}


def _answer(plain: dict[str, Any]) -> Answer:
    split = dict(plain["split"])
    split["whole"] = _change(split["whole"])
    split["months"] = tuple(map(_change, split["months"]))
    split["years"] = tuple(split["years"])
    return Answer(plain["place"], datetime.fromisoformat(plain["as_of"]), plain["stations"], Split(**split))


def _change(plain: dict[str, Any]) -> Change:
    parts = {name: Part(**plain[name]) for name in ("weather", "control")}
    return Change(**{**plain, **parts, "period": periods.parse(plain["period"])})
