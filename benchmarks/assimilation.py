"""What stations bring to a field where there is none: `python -m benchmarks.assimilation`, about half an hour.

Some stations are withheld, the others correct emissions and start state; the forecast is compared with the withheld
ones in its first hour and in the one that begins twelve hours after the issue. Every station is withheld once. The
reference is the same engine with the same weather and no station at all: inventory and region as they are.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import beijing
from benchmarks.report import Line, machine, table
from lantian.forecast import cycle, fields, gas_state
from lantian.forecast.cycle import Ingredients
from lantian.observations.store import ObservationStore

ISSUES = tuple(datetime(2016, *day, 20, tzinfo=beijing.SHANGHAI) for day in ((11, 17), (12, 16)))
HOURS = (0, 12)
NESTS = 3
WANTED = 25


def run(issues: Sequence[datetime] = ISSUES, folds: int = 3) -> Iterator[Line]:
    """Errors of PM2.5 by hour, with and without stations."""
    errors: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
        with beijing.platform(Path(folder) / "home") as opened:
            made = []
            for issue in issues:
                truth = ObservationStore(opened).hourly(None, issue, issue + timedelta(hours=HOURS[-1] + 1), ["pm25"])
                made.append((beijing.ingredients(opened, issue, HOURS[-1] + 1, NESTS), truth.collect()))
        for number, (whole, truth) in enumerate(made):
            network = whole.observed.select("place", "lon", "lat").unique().sort("place")
            codes = network["place"].to_list()
            deaf = replace(whole, observed=whole.observed.clear(), iterations=0)
            _errors(errors, "without", deaf, Path(folder) / f"{number}-without", network, truth)
            for fold in range(folds):
                left_out = codes[fold::folds]
                heard = whole.observed.filter(~pl.col("place").is_in(left_out))
                part = replace(whole, observed=heard)
                withheld = network.filter(pl.col("place").is_in(left_out))
                _errors(errors, "with", part, Path(folder) / f"{number}-{fold}", withheld, truth)
    for hour in HOURS:
        alone, corrected = (float(np.sqrt(np.mean(errors[which, hour]))) for which in ("without", "with"))
        fall = 100 * (1 - corrected / alone)
        wanted = f"wanted {WANTED} % lower" if hour == 0 else "wanted lower"
        yield Line(
            f"PM2.5 at withheld stations, hour {hour}",
            f"{corrected:.0f} ug/m3",
            f"without stations {alone:.0f}: {fall:.0f} % lower, {wanted}; {len(errors['with', hour])} values",
        )


def _errors(
    into: dict[tuple[str, int], list[float]],
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
    parser.add_argument("--issues", type=int, default=len(ISSUES))
    asked = parser.parse_args()
    print(table([machine(), *run(ISSUES[-asked.issues :], asked.folds)]))
