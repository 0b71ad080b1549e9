"""How good the statistics forecast, part by part, on days held out of training: `python -m benchmarks.forecast_skill`.

Training leaves out the winter of 2015-16, the summer of 2016 and the last quarter of 2016, all three at once or, with
`--apart`, each by itself in a training of its own, which learns the other two. A forecast is issued at 20:00 (or
`--hour`) of the evening before each day of these periods (lead 1) or earlier. The city is the mean of its evaluation
stations, hour by hour, and is held against days made of the same hours.

The parts: `persistence` (the last 24 hours, as in `lantian.forecast.verify`), `boosting` (plain gradient boosting on
the same predictors and days: the reference), `network` (the recurrent network alone), `joined` (with the direct days of
the city) and `whole` (less what these were lately wrong by: what is published). `history` knows no weather after the
issue, `perfect` the observed one.

1-NME is 1 - sum|F - O| / sum O; behind it the middle 90 % of what it is when whole weeks are drawn anew. A level is
that of the AQI of all six pollutants; `pm25 level` and `o3 level` are those of one pollutant alone.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.report import Line, machine, table
from lantian.forecast import clearing, features, hindcast, history, learn, learn_trees, verify, verify_clearing
from lantian.forecast.features import LEADS, Columns
from lantian.forecast.history import ITEMS, Array, History
from lantian.forecast.learn import ISSUE_HOUR, Calibrator, Mode
from lantian.kernel.settings import TIMEZONE
from lantian.observations.readers import read
from lantian.standards import aqi

DATA = Path(__file__).parents[1] / "examples" / "beijing" / "data"
CITY, CONTROL_POINT = "110000", "1002A"
WINTER, AUTUMN, SUMMER = (
    (date(2015, 11, 15), date(2016, 3, 15)),
    (date(2016, 10, 1), date(2016, 12, 31)),
    (date(2016, 6, 1), date(2016, 8, 31)),
)
HELD_OUT = (WINTER, AUTUMN, SUMMER)
PERIODS = {
    "winter 2015-16": (WINTER,),
    "2016-10..12": (AUTUMN,),
    "the two together": (WINTER, AUTUMN),
    "summer 2016": (SUMMER,),
}
Span = tuple[date, date]
Values = dict[str, Array]
"""Place -> (day, item of `ITEMS`)."""


def hours(folder: Path = DATA) -> pl.DataFrame:
    """The example's hours of stations."""
    return pl.concat(read(path).frames["hour"] for path in sorted((folder / "beijing_hourly").glob("PRSA_*")))


def load(folder: Path = DATA) -> History:
    """The example's hours and days on the grid."""
    hourly = hours(folder)
    daily = read(next(folder.glob("cities28_*"))).frames["day"]
    members = [code for code in hourly["place"].unique() if code != CONTROL_POINT]
    return history.of_frames(hourly, daily, {CITY: members}, {CONTROL_POINT: CITY})


class Boosting:
    """Plain gradient boosting: a model an item, from the predictors of a place straight to its day."""

    def __init__(self, known: History, mode: Mode, spans: Sequence[Span] = HELD_OUT, hour: int = ISSUE_HOUR) -> None:
        self.perfect = mode == "perfect"
        issues = np.arange(7, known.hours // 24 - 1) * 24 + hour
        lead = np.tile(LEADS, len(issues))
        which = np.repeat(issues, len(LEADS))
        out = np.array([any(a <= day <= b for a, b in spans) for day in known.dates])
        seen = np.where(out[:, None], np.nan, known.observed(CITY))
        columns = features.of_place(known, CITY, which, lead, perfect=self.perfect)
        self.names = tuple(columns)
        grades = learn_trees.graded(learn_trees.table_of(columns, self.names))
        target = features.take(seen, which // 24 + lead)
        growth = learn_trees.Growth(iterations=200, rate=0.06, leaves=15)
        self.models = [growth.booster().fit(grades, learn_trees.logarithm(target[:, k], k)) for k in range(len(ITEMS))]

    def days(self, columns: Columns) -> Array:
        """(case, item)."""
        rows = learn_trees.table_of(columns, self.names)
        made = [learn_trees.concentration(model.predict(rows), k) for k, model in enumerate(self.models)]
        return np.stack(made, axis=1)


def parts(
    calibrator: Calibrator, plain: Boosting, known: History, days: Sequence[date], lead: int, hour: int
) -> dict[str, Values]:
    """What each part says of the days; predictors look no further than each issue."""
    at = np.array([known.day_of(day) - lead for day in days]) * 24 + hour
    joined = calibrator.joined(known.reaching_days(len(LEADS) + 1))
    if joined is None:
        raise ValueError("nothing was learnt of places with hours")
    made: dict[str, Values] = {"boosting": {}, "network": {}, "joined": {}, "whole": {}}
    for place in known.places:
        columns = features.of_place(known, place, at, np.full(len(at), lead), perfect=calibrator.mode == "perfect")
        made["boosting"][place] = plain.days(columns)
        made["network"][place] = joined.ensemble(place, at)[1][:, lead - 1]
        made["joined"][place] = joined.joined(place, at)[1][:, lead - 1]
        made["whole"][place] = joined.corrected(place, at)[1][:, lead - 1]
    return made


def persistence(known: History, days: Sequence[date], lead: int) -> Values:
    """The same of persistence."""
    wanted = {day - timedelta(days=lead) for day in days}
    every = hindcast.moments(min(wanted), max(wanted))
    issues = [one for one in every if one.astimezone(TIMEZONE).date() in wanted]
    base = verify.persistence(issues, [lead], hourly=hindcast.hours_of(known, known.places))
    wide = base.pivot("item", index=("place", "date"), values="value")
    grid = pl.DataFrame({"date": days})
    return {
        place: grid.join(wide.filter(pl.col("place") == place), on="date", how="left")
        .select(pl.col(ITEMS).fill_null(float("nan")))
        .to_numpy()
        for place in known.places
    }


def accuracy(made: Array, seen: Array) -> float:
    """1 - NME of the pairs that are there."""
    there = ~np.isnan(made) & ~np.isnan(seen)
    return float(1.0 - np.abs(made - seen)[there].sum() / seen[there].sum())


def interval(made: Array, seen: Array) -> tuple[float, float]:
    """5 % and 95 % of `accuracy` when whole weeks are drawn anew, with replacement: how much hangs on the days."""
    random, week = np.random.default_rng(1), np.arange(len(made)) // 7
    drawn = [
        np.concatenate([np.flatnonzero(week == k) for k in random.integers(week[-1] + 1, size=week[-1] + 1)])
        for _ in range(500)
    ]
    low, high = np.quantile([accuracy(made[rows], seen[rows]) for rows in drawn], (0.05, 0.95))
    return float(low), float(high)


def levels(made: Array, seen: Array, days: Sequence[date]) -> tuple[float, float, float, float]:
    """Share of days with the level of the AQI, within one of it, and with the level of PM2.5 and of ozone alone."""
    ours, theirs = _judged(made, days), _judged(seen, days)
    apart = (ours["level"].cast(pl.Int64) - theirs["level"].cast(pl.Int64)).abs().drop_nulls().to_numpy()
    alone = [
        [frame.select(aqi.level_expr(pl.col(item))).to_series() for frame in (ours, theirs)]
        for item in ("iaqi_pm25", "iaqi_o3_8h")
    ]
    pm25, ozone = (float((one == other).drop_nulls().to_numpy().mean()) for one, other in alone)
    return float((apart == 0).mean()), float((apart <= 1).mean()), pm25, ozone


def _judged(values: Array, days: Sequence[date]) -> pl.DataFrame:
    frame = pl.DataFrame({item: values[:, k] for k, item in enumerate(ITEMS)}).fill_nan(None)
    return aqi.daily(frame.with_columns(date=pl.Series(days)))


def score(name: str, made: Values, known: History, days: Sequence[date]) -> Line:
    """One line: the city, and all stations together."""
    seen = {place: known.observed(place)[[known.day_of(day) for day in days]] for place in made}
    pm25, ozone = (accuracy(made[CITY][:, k], seen[CITY][:, k]) for k in (5, 3))
    stations = np.stack([made[code] for code in known.stations]), np.stack([seen[code] for code in known.stations])
    own = [accuracy(stations[0][..., k], stations[1][..., k]) for k in (5, 3)]
    level, within, particles, of_ozone = levels(made[CITY], seen[CITY], days)
    low, high = interval(made[CITY][:, 5], seen[CITY][:, 5])
    told = (
        f"1-NME pm25 {pm25:.3f} ({low:.2f} to {high:.2f}) o3_8h {ozone:.3f}, level {level:.3f}, within one {within:.3f}"
    )
    return Line(
        name, told, f"pm25 level {particles:.3f} o3 level {of_ozone:.3f}; stations pm25 {own[0]:.3f} o3_8h {own[1]:.3f}"
    )


def clears(calibrator: Calibrator, known: History, span: Span) -> Line:
    """When dirty air clears: windows of the evenings before the days of a span, the city alone, against what came."""
    perfect, weather = calibrator.mode == "perfect", hours().select("place", "time", *history.WEATHER)
    seen = hindcast.hours_of(known, [CITY]).select("place", "time", "pm25")
    past = None if perfect else clearing.events(seen.drop_nulls())
    said, ahead = [], []
    for issue in hindcast.moments(*(day - timedelta(days=1) for day in span)):
        first = known.day_of(issue.astimezone(TIMEZONE).date()) - 60
        grid = slice(24 * first, 24 * (first + 62))
        then = replace(
            known,
            first=known.first + timedelta(days=first),
            air=known.air[:, grid],
            weather=known.weather[:, grid],
            days=known.days[:, first : first + 62],
        )
        coming = weather.filter(pl.col("time").is_between(issue, issue + hindcast.AHEAD, closed="left"))
        made = calibrator.predict(then, issue, [CITY], weather=coming if perfect else None)
        before = seen.filter(pl.col("time") < issue)
        said.append(clearing.clearing(made.hours, made.values, before, past=past))
        ahead.append(made.hours)
    (row,) = verify_clearing.verify(pl.concat(said), pl.concat(ahead), seen).to_dicts()
    told = (
        f"{row['error']:.1f} h off (late {row['bias']:.1f} h), within 6 h {row['within_6']:.2f}, "
        f"12 h {row['within_12']:.2f}; Brier {row['brier']:.3f}"
    )
    fixed = (
        f"a fixed answer {row['error_usual']:.1f} h, {row['brier_usual']:.3f}; {row['n']} cases, waited "
        f"{row['wait']:.1f} h, probability said {row['probability']:.2f}, came {row['frequency']:.2f}"
    )
    return Line(f"clearing, {span[0]} .. {span[1]}, {calibrator.mode}", told, fixed)


def run(leads: Sequence[int], hour: int, *, apart: bool = False) -> Iterator[Line]:
    """Train both modes and score them; some minutes, with ``apart`` three times as many."""
    known = load()
    models: dict[tuple[Mode, Span], tuple[Calibrator, Boosting]] = {}
    for mode in learn.MODES:
        for spans in [(span,) for span in HELD_OUT] if apart else [HELD_OUT]:
            begun = time.process_time()
            pair = learn.train(known, mode=mode, held_out=spans, hour=hour), Boosting(known, mode, spans, hour)
            models |= {(mode, span): pair for span in spans}
            found = {name: value for name, value in pair[0].scores.items() if "pm25" in name or "o3" in name}
            without = "without " + ", ".join(f"{span[0]} .. {span[1]}" for span in spans)
            yield Line(
                f"training, {mode}", f"{time.process_time() - begun:.0f} s of processor time", f"{without} {found}"
            )
    for (_, span), (calibrator, _) in models.items():
        if hour == ISSUE_HOUR:
            yield clears(calibrator, known, span)
    for name, spans in PERIODS.items():
        each = [[span[0] + timedelta(days=k) for k in range((span[1] - span[0]).days + 1)] for span in spans]
        days = [day for part in each for day in part]
        for lead in leads:
            if hour == ISSUE_HOUR:
                yield score(f"{name}, lead {lead}, persistence", persistence(known, days, lead), known, days)
            for mode in learn.MODES:
                made = [
                    parts(*models[mode, span], known, part, lead, hour) for span, part in zip(spans, each, strict=True)
                ]
                for part in made[0]:
                    joined = {place: np.concatenate([one[part][place] for one in made]) for place in made[0][part]}
                    yield score(f"{name}, lead {lead}, {mode}, {part}", joined, known, days)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=[1, 3, 7])
    parser.add_argument("--hour", type=int, default=ISSUE_HOUR, help="of Beijing, at which forecasts are issued")
    parser.add_argument("--apart", action="store_true", help="leave out each period by itself, and learn the others")
    asked = parser.parse_args()
    print(table([machine(), *run(asked.leads, asked.hour, apart=asked.apart)]), flush=True)
