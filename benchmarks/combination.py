"""What other sources add to the statistics when they are put together: `python -m benchmarks.combination`, an hour.

The Beijing example, issued at 20:00 of the evenings of November and December 2016, for the day ahead with perfect
weather, the twelve stations and the city. The statistics learnt up to the end of October; beside them speak

- `model`: the engine on two small nests (30 and 10 km, the second 30 x 30), without any station and with emissions as
  in the inventory, so that an evening is quick; only the last `--engine` evenings;
- `boosting`: the plain gradient boosting of `benchmarks.forecast_skill`, which learnt the city's days;
- `persistence`: the last 24 hours;
- `made`: what came, times exp(0.3 + 0.2 e) with e normal, another number for every place, day and item: a model about
  as good as the statistics whose errors are its own, and which is always too high.

Every evening is combined by the errors of the 44 days before it, as in `lantian.forecast.past`. The reference is what
the statistics say alone, on the same cases. `--folder` keeps what was computed, and goes on with it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import joblib  # type: ignore[import-untyped]
import numpy as np
import polars as pl

from benchmarks import beijing
from benchmarks.forecast_skill import Boosting
from benchmarks.report import Line, machine, table
from lantian.emissions import example
from lantian.forecast import (
    combination,
    cycle,
    engine,
    features,
    gather,
    hindcast,
    history,
    learn,
    learn_days,
    past,
    verify,
)
from lantian.forecast.cycle import Ingredients
from lantian.forecast.features import Indices
from lantian.forecast.history import ITEMS, Array, History
from lantian.forecast.learn_frames import VALUES
from lantian.forecast.nests import Layout
from lantian.kernel.bootstrap import Platform
from lantian.places.store import PlaceStore
from lantian.places.terrain import Terrain

LEARNT = date(2016, 10, 31)
FIRST, LAST = date(2016, 11, 1), date(2016, 12, 28)
HOURS, APPROACH, MARGIN = 28, 12, 0.05
NESTS = ((30_000.0, 10_000.0), (30,))
SCORED = ("pm25", "pm10", "no2", "so2", "co", "o3_8h")


def run(evenings: int, folder: Path) -> Iterator[Line]:
    """Scores by set of sources and item; ``evenings``: on how many the engine runs."""
    folder.mkdir(parents=True, exist_ok=True)
    issues = hindcast.moments(FIRST, LAST)
    with beijing.platform(folder / "home") as opened:
        known = history.read(opened, opened.clock.now())
        begun, fresh = time.process_time(), 0
        model = []
        for issue in issues[len(issues) - evenings :]:
            fresh += not _kept(folder, issue).exists()
            model.append(_engine(opened, issue, folder))
    if fresh:
        yield Line("engine", f"{(time.process_time() - begun) / fresh:.0f} s of processor time an evening")
    own, seen = _statistics(known, issues, folder), _seen(known)
    sources = {
        "boosting": _boosting(known, issues),
        "persistence": _persistence(known, issues),
        "made": _made(own, seen),
    }
    if model:
        sources["model"] = pl.concat(model)
    for names in [*([name] for name in sources), list(sources)]:
        yield from _scored(" + ".join(names), own, pl.concat([sources[name] for name in names]), seen)


def _scored(told: str, own: pl.DataFrame, others: pl.DataFrame, seen: pl.DataFrame) -> Iterator[Line]:
    """What is published with some others, on the evenings on which any of them has a vote."""
    verified = pl.concat([own, others]).join(seen, on=("place", "date", "item"))
    made, shares = [], []
    for (issue,), part in own.partition_by("issue", as_dict=True, maintain_order=True).items():
        before = verified.filter(
            pl.col("date") <= issue.date() - timedelta(days=1), pl.col("issue") >= issue - past.RECENT
        )
        ours, share = combination.combined(
            part.with_columns(source=pl.lit("lantian")), others.filter(pl.col("issue") == issue), before
        )
        made.append(ours)
        shares.append(share)
    votes = pl.concat(shares).filter(pl.col("source") != combination.STATISTICS, pl.col("issues") >= combination.FEWEST)
    together = pl.concat(made).join(seen, on=("place", "date", "item"))
    cases = pl.concat([together, verified.select(together.columns)]).join(
        votes, on=("issue", *combination.KEY), how="semi"
    )
    for item in SCORED:
        yield _line(f"{told}: {item}", cases.filter(item=item), votes.filter(item=item))


def _line(name: str, cases: pl.DataFrame, votes: pl.DataFrame) -> Line:
    """1 - NME of each source, of the city and of the stations; how much the outer deciles hold."""
    error = (pl.col("value") - pl.col("observed")).abs().sum() / pl.col("observed").sum()
    inside = pl.col("observed").is_between("q10", "q90").mean()
    parts = []
    for who, rows in (("city", pl.col("place") == beijing.CITY), ("stations", pl.col("place") != beijing.CITY)):
        found = cases.filter(rows).group_by("source").agg(accuracy=1 - error, inside=inside, n=pl.len()).sort("source")
        each = ", ".join(f"{row['source']} {row['accuracy']:.3f}" for row in found.to_dicts())
        held = dict(found.select("source", "inside").rows())
        deciles = f"80 % hold {held.get('statistics') or 0:.2f}, {held.get('lantian') or 0:.2f}"
        parts.append(f"{who} ({found['n'].max()}) {each}; {deciles}")
    share = votes.group_by("source").agg(pl.col("share").mean()).sort("source").rows()
    return Line(
        name, " | ".join(parts), "shares " + ", ".join(f"{source} {100 * mean:.0f} %" for source, mean in share)
    )


def _statistics(known: History, issues: Sequence[datetime], folder: Path) -> pl.DataFrame:
    kept = folder / "calibrator.joblib"
    if not kept.exists():
        joblib.dump(learn.train(known, mode="perfect", until=LEARNT), kept)
    calibrator: learn.Calibrator = joblib.load(kept)
    joined, at = calibrator.joined(known.reaching_days(8)), _hours(known, issues)
    if joined is None:
        raise ValueError("nothing was learnt of places with hours")
    parts = []
    for place in known.places:
        days = joined.corrected(place, at)[1][:, 0]
        columns = learn_days.situation(known, place, at, np.ones_like(at))
        around = learn_days.quantiles(calibrator.spreads, columns, days)
        parts.append(_frame(combination.STATISTICS, place, issues, days, around))
    return pl.concat(parts)


def _boosting(known: History, issues: Sequence[datetime]) -> pl.DataFrame:
    plain, at = Boosting(known, "perfect"), _hours(known, issues)
    one = np.ones_like(at)
    made = {place: plain.days(features.of_place(known, place, at, one, perfect=True)) for place in known.places}
    return pl.concat(_frame("boosting", place, issues, days) for place, days in made.items())


def _persistence(known: History, issues: Sequence[datetime]) -> pl.DataFrame:
    found = verify.persistence(issues, [1], hourly=hindcast.hours_of(known, known.places))
    return found.select(pl.col(name).cast(kind) for name, kind in VALUES.items())


def _made(own: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """A model whose errors are known, on the cases of the statistics."""
    cases = own.join(seen, on=("place", "date", "item"), maintain_order="left")
    error = pl.Series(np.exp(0.3 + 0.2 * np.random.default_rng(5).normal(size=cases.height)))
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in combination.QUANTILES]
    made = cases.with_columns(*nothing, value=pl.col("observed") * error, source=pl.lit("made"))
    return made.select(own.columns)


def _seen(known: History) -> pl.DataFrame:
    """Days as they came: ``place, date, item, observed``."""
    days = hindcast.days_of(known, known.places)
    return days.unpivot(ITEMS, index=["place", "date"], variable_name="item", value_name="observed").drop_nulls()


def _hours(known: History, issues: Sequence[datetime]) -> Indices:
    return np.array([known.hour_of(issue) for issue in issues])


def _frame(
    source: str, place: str, issues: Sequence[datetime], days: Array, quantiles: Array | None = None
) -> pl.DataFrame:
    """`values` of days (issue, item), the day after each issue."""
    count = len(ITEMS)
    columns = {
        "issue": np.repeat(np.array([issue.replace(tzinfo=None) for issue in issues], "datetime64[us]"), count),
        "date": np.repeat(np.array([issue.date() + timedelta(days=1) for issue in issues], "datetime64[D]"), count),
        "item": list(ITEMS) * len(issues),
        "value": days.ravel(),
    }
    if quantiles is not None:
        columns |= {name: quantiles[..., k].ravel() for k, name in enumerate(combination.QUANTILES)}
    frame = pl.DataFrame(columns).with_columns(
        pl.col("issue").dt.replace_time_zone("UTC"), source=pl.lit(source), place=pl.lit(place), lead=pl.lit(1)
    )
    absent = [pl.lit(None).alias(name) for name in VALUES if name not in frame.columns]
    return frame.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in VALUES.items()).fill_nan(None)


def _kept(folder: Path, issue: datetime) -> Path:
    return folder / f"engine-{issue:%Y-%m-%d}.parquet"


def _engine(opened: Platform, issue: datetime, folder: Path) -> pl.DataFrame:
    """The engine's day at the stations and of the city."""
    kept = _kept(folder, issue)
    if not kept.exists():
        made = _ingredients(opened, issue)
        with tempfile.TemporaryDirectory(prefix="lantian-bench-") as place:
            nests = cycle.run(made, Path(place))
            finest = made.domains[-1]
            found = engine.law(nests[-1], cycle.weather_of(Path(place), finest))
            network = gather.stations(opened).filter(pl.col("place").str.ends_with("A"))
            members = PlaceStore(opened.engine).memberships([beijing.CITY])
            hourly = engine.hours(finest.grid, found, network, members, made.issue)
            engine.values(hourly, made.issue).write_parquet(kept)
    return pl.read_parquet(kept)


def _ingredients(opened: Platform, issue: datetime) -> Ingredients:
    """A short run on two small nests, which hears no station."""
    terrain = Terrain.installed(opened.home)
    if terrain is None:
        raise LookupError(f"{opened.home}: no terrain is installed")
    west, south, east, north = (
        float(edge)
        for edge in (
            terrain.lon.min() + MARGIN,
            terrain.lat.min() + MARGIN,
            terrain.lon.max() - MARGIN,
            terrain.lat.max() - MARGIN,
        )
    )
    layout = Layout(116.4, 39.9, (west, south, east, north), *NESTS)
    begin, end = issue - timedelta(hours=APPROACH), issue + timedelta(hours=HOURS)
    air = gather.observed_weather(opened, begin, end, opened.clock.now())
    inventory, ahead = example.inventory(beijing.EXAMPLE), beijing.persistent(opened, issue)
    made = gather.ingredients(
        opened, issue, beijing.CITY, air, ahead, inventory, hours=HOURS, approach=APPROACH, layout=layout
    )
    return replace(made, iterations=0, observed=made.observed.clear())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as fresh:
        print(table([machine(), *run(asked.engine, asked.folder or Path(fresh))]))
