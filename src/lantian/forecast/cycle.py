"""One run of the engine over a city's nests 预报循环: weather, emissions, approach, start state, forecast.

The *approach* are the hours before the issue: the engine runs through them on the outer nests, stations tell by how
much the emissions must change (`factors`), and it runs again. At the issue the stations correct every nest's state
(`assimilate`), and the forecast begins. The region's cities are the air outside (`region`).

Each stage leaves what it made in the run's folder and a mark that it is done. A run that was cut off goes on in the
stage that it was in; inside the stages with the engine, at its last checkpoint.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import polars as pl
import xarray as xr

from lantian import weather
from lantian.forecast import assimilate, factors, gas_state, region
from lantian.kernel.settings import TIMEZONE
from lantian.places.grid import Domain
from lantian.transport import door, nesting
from lantian.transport.boundary import Boundary
from lantian.transport.model import Model
from lantian.transport.result import Run, open_run
from lantian.transport.species import COMPACT

STAGES: Final = ("weather", "factors", "approach", "forecast")
"""In their order."""
SPECIES: Final = (*COMPACT, "PMC")
"""Eleven: what the six pollutants are made of."""
SEGMENT: Final = 6
_WHOLE_DAY: Final = 24
_SECOND: Final = 1
"""The nest on which the emissions are brought to the stations."""
Factors = Mapping[tuple[str, str], float]
Tell = Callable[[str, int, int, str], None]
"""tell(stage, done, total, text)"""


class Emitter(Protocol):
    """Where emissions come from; `emitting.Emitter` makes them of an inventory."""

    @property
    def digest(self) -> str:
        """Which inventory, for which city."""

    def parts(self, domain: Domain, weather: xr.Dataset) -> Mapping[str, xr.Dataset]:
        """Datasets of the door by part (sectors by area), for the hours of the ``weather``."""

    def total(self, domain: Domain, weather: xr.Dataset, factors: Factors) -> xr.Dataset:
        """Their sum, each lump of each part times its factor."""


@dataclass(frozen=True)
class Ingredients:
    """All that a run is made of.

    Attributes:
        issue: whole hour; kept as UTC.
        domains: from the region to the streets, each inside the one before.
        weather: canonical fields or stations, from ``issue - approach`` to ``issue + hours``.
        observed: stations' hours before the issue: ``place, time, lon, lat`` and items, house units, as published.
        cities: ``place, lon, lat, date`` and daily items of the region's cities, known or forecast, for all its days.
        hours: how far the forecast reaches; ``approach``: how far back it begins.
    """

    issue: datetime
    domains: tuple[Domain, ...]
    weather: xr.Dataset
    emissions: Emitter
    observed: pl.DataFrame
    cities: pl.DataFrame
    hours: int = 72
    approach: int = 24
    iterations: int = 4
    model: Model = field(default_factory=lambda: Model(SPECIES))

    def __post_init__(self) -> None:
        object.__setattr__(self, "issue", self.issue.astimezone(UTC))

    def times(self, first: int, last: int) -> np.ndarray:
        """Whole hours from ``first`` to ``last`` after the issue, both included."""
        start = np.datetime64(self.issue.replace(tzinfo=None), "h")
        return (start + np.arange(first, last + 1)).astype("datetime64[ns]")


class Folder:
    """A run's folder and what stands in it."""

    def __init__(self, path: Path, tell: Tell | None = None) -> None:
        self.path, self._tell = path, tell
        path.mkdir(parents=True, exist_ok=True)

    def of(self, wanted: Mapping[str, str]) -> None:
        """Empty the folder where it holds a run of something else."""
        note = self.path / "of.json"
        if note.exists() and json.loads(note.read_text()) != dict(wanted):
            shutil.rmtree(self.path)
            self.path.mkdir(parents=True)
        note.write_text(json.dumps(dict(wanted)))

    def once(self, stage: str, work: Callable[[], str]) -> None:
        """Do the ``work`` of a stage unless it is done; what it returns is kept as its note."""
        mark = self.path / f"{stage}.done"
        if mark.exists():
            return
        began = time.perf_counter()
        note = work()
        mark.write_text(json.dumps({"seconds": round(time.perf_counter() - began, 1), "note": note}))

    def done(self) -> dict[str, dict[str, Any]]:
        """Seconds and note of each stage that is done."""
        marks = {stage: self.path / f"{stage}.done" for stage in STAGES}
        return {stage: json.loads(mark.read_text()) for stage, mark in marks.items() if mark.exists()}

    def progress(self, stage: str, title: str) -> Callable[[int, int, str], None]:
        """The engine's progress as that of a stage."""

        def tell(done: int, total: int, text: str) -> None:
            if self._tell is not None:
                self._tell(stage, done, total, f"{title}: {text}")

        return tell


def run(made: Ingredients, path: Path, tell: Tell | None = None) -> list[Run]:
    """Run all stages; the forecasts of all nests, the finest last."""
    folder = Folder(path, tell)
    folder.of(_fingerprint(made))
    work = _Work(made, folder)
    folder.once("weather", work.weather)
    folder.once("factors", work.factors)
    folder.once("approach", work.approach)
    folder.once("forecast", work.forecast)
    return [work.result(domain) for domain in made.domains]


def weather_of(path: Path, domain: Domain) -> xr.Dataset:
    """The weather of a nest that a run in that folder made, read when it is used."""
    return xr.open_dataset(path / "weather" / f"{domain.grid.name}.zarr", engine="zarr", consolidated=False)


def _fingerprint(made: Ingredients) -> dict[str, str]:
    return {
        "issue": made.issue.isoformat(),
        "hours": f"{made.approach}+{made.hours}",
        "domains": "; ".join(f"{d.grid.name} {d.terrain.shape} {d.grid.spacing}" for d in made.domains),
        "species": " ".join(made.model.species),
        "emissions": made.emissions.digest,
        "observed": str(made.observed.hash_rows().sum()),
        "cities": str(made.cities.hash_rows().sum()),
    }


class _Work:
    """The stages of one run."""

    def __init__(self, made: Ingredients, folder: Folder) -> None:
        self.made, self.folder = made, folder

    # weather

    def weather(self) -> str:
        """The door's weather of every nest, to Zarr; the innermost needs none of the approach."""
        made, last = self.made, len(self.made.domains) - 1
        for number, domain in enumerate(made.domains):
            first = 0 if number == last > _SECOND else -made.approach
            path = self._weather_path(domain)
            shutil.rmtree(path, ignore_errors=True)
            tell = self.folder.progress("weather", domain.grid.name)
            weather.write(made.weather, domain, path, times=made.times(first, made.hours), progress=tell)
        return f"{len(made.domains)} nests, {made.approach} hours before and {made.hours} after the issue"

    def _weather_path(self, domain: Domain) -> Path:
        return self.folder.path / "weather" / f"{domain.grid.name}.zarr"

    def _weather(self, domain: Domain, first: int, last: int) -> xr.Dataset:
        return weather_of(self.folder.path, domain).sel(time=self.made.times(first, last))

    # emissions brought to the stations

    def factors(self) -> str:
        """Factors on the emissions from the stations' hours of the approach, on the second nest."""
        made = self.made
        nest = made.domains[min(_SECOND, len(made.domains) - 1)]
        if made.iterations == 0 or made.approach == 0:
            self._keep_factors({})
            return "emissions as in the inventory"
        outside = self._outside(made.domains[0])
        if nest is not made.domains[0]:
            parent = self._approach_run(made.domains[0], outside, {}, "factors")
            outside = self._inward(parent, made.domains[0], nest)
        air = self._weather(nest, -made.approach, 0)
        heard = gas_state.as_in_air(self._heard(-made.approach, -1), air, nest.grid)
        found = factors.estimate(
            made.model,
            nest,
            air,
            made.emissions.parts(nest, air),
            outside,
            heard,
            iterations=made.iterations,
            progress=self.folder.progress("factors", nest.grid.name),
        )
        self._keep_factors(found.factors)
        before, after = found.misfit
        return f"misfit of the logarithms {before:.2f} to {after:.2f} in {found.evaluations} runs back"

    def _keep_factors(self, found: Factors) -> None:
        rows = [[part, lump, factor] for (part, lump), factor in found.items()]
        (self.folder.path / "factors.json").write_text(json.dumps(rows))

    def _factors(self) -> Factors:
        rows = json.loads((self.folder.path / "factors.json").read_text())
        return {(part, lump): factor for part, lump, factor in rows}

    # the hours before the issue

    def approach(self) -> str:
        """The outer nests up to the issue, with the emissions as they were found."""
        made = self.made
        if made.approach == 0:
            return "none"
        outside = self._outside(made.domains[0])
        for number, domain in enumerate(made.domains[:-1] or made.domains):
            ended = self._approach_run(domain, outside, self._factors(), "approach")
            ended.save(self.folder.path / "approach" / domain.grid.name / "run")
            if number + 1 < len(made.domains) - 1:
                outside = self._inward(ended, domain, made.domains[number + 1])
        return f"{made.approach} hours on {len(made.domains) - 1} nests"

    def _approach_run(self, domain: Domain, outside: Boundary, scale: Factors, stage: str) -> Run:
        place = self.folder.path / stage / domain.grid.name
        return self._engine(domain, outside, -self.made.approach, 0, scale, place, stage)

    def _engine(
        self, domain: Domain, outside: Boundary, first: int, last: int, scale: Factors, place: Path, stage: str
    ) -> Run:
        air = self._weather(domain, first, last)
        forcing = door.open_forcing(
            domain,
            self.made.model.species,
            weather=air,
            emissions=self.made.emissions.total(domain, air, scale),
            edges=outside.edges,
            parameters=self.made.model.parameters,
        )
        return self.made.model.run(
            forcing,
            outside.start,
            checkpoints=place / "checkpoints",
            segment_hours=SEGMENT,
            progress=self.folder.progress(stage, domain.grid.name),
            keep_fields=place / "fields.zarr",
        )

    def _outside(self, domain: Domain) -> Boundary:
        air = self._weather(domain, -self.made.approach, self.made.hours)
        return region.boundary(domain, self.made.model.species, air, self.made.cities)

    def _inward(self, parent: Run, outer: Domain, inner: Domain) -> Boundary:
        edges = nesting.edges_from(parent.fields, outer, inner, self.made.model.species)
        return Boundary(edges, nesting.start_from(parent.fields, outer, inner, self.made.model.species))

    # the forecast

    def forecast(self) -> str:
        """Every nest from the issue on, from the outside in."""
        made = self.made
        fields = self._region()
        for number, domain in enumerate(made.domains[1:], start=1):
            edges = nesting.edges_from(fields, made.domains[number - 1], domain, made.model.species)
            place = self._place(domain)
            if not (place / "run").exists():
                outside = Boundary(edges, self._start(number, fields))
                self._engine(domain, outside, 0, made.hours, self._factors(), place, "forecast").save(place / "run")
            fields = xr.open_dataset(place / "fields.zarr", engine="zarr", consolidated=False)
        return f"{made.hours} hours on {len(made.domains)} nests"

    def _region(self) -> xr.Dataset:
        """The fields of the outermost nest, which its cities' values draw to them at the end of each Beijing day."""
        made, domain = self.made, self.made.domains[0]
        outside = self._outside(domain)
        start = self._start(0, None)
        pieces: list[Run] = []
        for first, last in _days(made.issue, made.hours):
            place = self._place(domain) / f"from-{first}"
            piece = self._engine(
                domain, Boundary(outside.edges, start), first, last, self._factors(), place, "forecast"
            )
            pieces.append(piece)
            start = piece.end.drop_vars("time").to_dataset(name="mixing_ratio")
            day = (made.issue + timedelta(hours=last - 1)).astimezone(TIMEZONE).date()
            today = made.cities.filter(pl.col("date") == day)
            if last - first == _WHOLE_DAY and not today.is_empty():
                mean = piece.mean.mean("time", keep_attrs=True)
                start = region.redrawn(domain, start, self._weather(domain, last, last).isel(time=0), today, mean)
        mean = xr.concat(
            [piece.mean for piece in pieces], "time", data_vars="minimal", compat="override", coords="minimal"
        )
        whole = Run(mean, pieces[-1].end, pieces[-1].budget)
        whole.save(self._place(domain) / "run")
        fields = [piece.fields.isel(time=slice(0, -1)).load() for piece in pieces[:-1]]
        parts = [*fields, pieces[-1].fields.load()]
        return xr.concat(parts, "time", data_vars="minimal", compat="override", coords="minimal")

    def _place(self, domain: Domain) -> Path:
        return self.folder.path / "forecast" / domain.grid.name

    def _start(self, number: int, parent: xr.Dataset | None) -> xr.Dataset:
        """The state at the issue, as the approach left it or as it comes in from outside, corrected by the stations."""
        made, domain = self.made, self.made.domains[number]
        before = self.folder.path / "approach" / domain.grid.name / "run"
        air = self._weather(domain, 0, 0)
        if before.exists():
            start = open_run(before).end.drop_vars("time").to_dataset(name="mixing_ratio")
        elif parent is not None:
            start = nesting.start_from(parent, made.domains[number - 1], domain, made.model.species)
        else:
            start = region.boundary(domain, made.model.species, air, made.cities).start
        heard = self._heard(-1, -1)
        if heard.is_empty():
            return start
        analysis = assimilate.analyse(domain, start, air.isel(time=0), gas_state.as_in_air(heard, air, domain.grid))
        analysis.fit.write_parquet(self.folder.path / f"analysis-{domain.grid.name}.parquet")
        return analysis.start

    def _heard(self, first: int, last: int) -> pl.DataFrame:
        """The stations' hours that begin from ``first`` to ``last`` after the issue."""
        begin, end = (self.made.issue + timedelta(hours=hour) for hour in (first, last))
        return self.made.observed.filter(pl.col("time").is_between(begin, end))

    def result(self, domain: Domain) -> Run:
        """The forecast of a nest."""
        return open_run(self._place(domain) / "run")


def _days(issue: datetime, hours: int) -> list[tuple[int, int]]:
    """The hours after the issue cut at the midnights of Beijing: (first, last) of each piece."""
    left = 24 - issue.astimezone(TIMEZONE).hour
    cuts = [0, *range(left, hours, 24), hours]
    return list(pairwise(cuts))
