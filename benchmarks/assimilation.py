"""What stations bring to a field where there is none: a quarter of an hour an evening.

    python -m benchmarks.assimilation --evening 2016-04-15 --evening 2016-07-15

Some stations are withheld, the others correct emissions and start state; the forecast is compared with the withheld
ones in its first hour and in the one that begins twelve hours after the issue. Every station is withheld once. The
reference is the same engine with the same weather and no station at all: inventory and region as they are.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import beijing
from benchmarks.report import Line, machine, table
from lantian.forecast import cycle, fields, gas_state
from lantian.forecast.cycle import Ingredients
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import ObservationStore

EVENINGS = (date(2016, 11, 17), date(2016, 12, 16))
HOURS = (0, 12)
NESTS = 3
WANTED = 25
Errors = dict[tuple[str, int], list[float]]
"""("with" or "without" stations, hour) -> squared errors."""


def run(evenings: Sequence[date] = EVENINGS, folds: int = 3) -> Iterator[Line]:
    """Errors of PM2.5 by hour, with and without stations: each evening when it is done, then all together."""
    together: Errors = {}
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
        with beijing.platform(Path(folder) / "home") as opened:
            made = [_made(opened, datetime.combine(day, time(20), beijing.SHANGHAI)) for day in evenings]
        for day, (whole, truth) in zip(evenings, made, strict=True):
            errors = _evening(whole, truth, Path(folder) / day.isoformat(), folds)
            shutil.rmtree(Path(folder) / day.isoformat())
            for key, found in errors.items():
                together.setdefault(key, []).extend(found)
            yield from _lines(f"{day}, ", errors)
    if len(evenings) > 1:
        yield from _lines("", together)


def _made(opened: Platform, issue: datetime) -> tuple[Ingredients, pl.DataFrame]:
    """What a run is made of, and what stations measured after its issue."""
    truth = ObservationStore(opened).hourly(None, issue, issue + timedelta(hours=HOURS[-1] + 1), ["pm25"])
    return beijing.ingredients(opened, issue, HOURS[-1] + 1, NESTS), truth.collect()


def _evening(whole: Ingredients, truth: pl.DataFrame, folder: Path, folds: int) -> Errors:
    errors: Errors = {}
    network = whole.observed.select("place", "lon", "lat").unique().sort("place")
    codes = network["place"].to_list()
    deaf = replace(whole, observed=whole.observed.clear(), iterations=0)
    _errors(errors, "without", deaf, folder / "without", network, truth)
    for fold in range(folds):
        left_out = codes[fold::folds]
        part = replace(whole, observed=whole.observed.filter(~pl.col("place").is_in(left_out)))
        withheld = network.filter(pl.col("place").is_in(left_out))
        _errors(errors, "with", part, folder / f"{fold}", withheld, truth)
    return errors


def _lines(which: str, errors: Errors) -> Iterator[Line]:
    for hour in HOURS:
        alone, corrected = (float(np.sqrt(np.mean(errors[kind, hour]))) for kind in ("without", "with"))
        fall = 100 * (1 - corrected / alone)
        wanted = f"wanted {WANTED} % lower" if hour == 0 else "wanted lower"
        yield Line(
            f"{which}PM2.5 at withheld stations, hour {hour}",
            f"{corrected:.0f} ug/m3",
            f"without stations {alone:.0f}: {abs(fall):.0f} % {'lower' if fall > 0 else 'higher'}, {wanted}; "
            f"{len(errors['with', hour])} values",
        )


def _errors(
    into: Errors,
    which: str,
    made: Ingredients,
    path: Path,
    stations: pl.DataFrame,
    truth: pl.DataFrame,
) -> None:
    """Squared errors of a run at ``stations``."""
    found = cycle.run(made, path)[-1]
    nest = made.domains[-1]
    law = gas_state.as_in_law(found.mean, cycle.weather_of(path, nest))
    at = fields.at_stations(nest.grid, law, stations).join(truth, on=("place", "time"), suffix="_seen")
    for hour in HOURS:
        rows = at.filter(pl.col("time") == made.issue + timedelta(hours=hour)).drop_nulls("pm25_seen")
        into.setdefault((which, hour), []).extend(((rows["pm25"] - rows["pm25_seen"]) ** 2).to_list())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--evening", type=date.fromisoformat, action="append", help="as 2016-04-15; given once or more")
    asked = parser.parse_args()
    lines = [machine()]
    for line in run(asked.evening or EVENINGS, asked.folds):
        print(table([line]), flush=True)
        lines.append(line)
    print(table(lines))
