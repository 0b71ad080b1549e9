"""A forecast from beginning to end 预报: statistics first, then the engine and the map; each is known when it is done.

    run = issue_forecast(platform, issue, "perfect", actor="li", progress=progress)

The statistics stand within seconds and are put at once; the engine takes minutes, and puts its hours, days and map
beside them. A run that was cut off goes on where it was (`cycle`).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl
import xarray as xr

from lantian.emissions import Inventory, installed
from lantian.forecast import store_files
from lantian.forecast.foreseen import Foreseen, carried, foreseen
from lantian.forecast.shelf import Shelf
from lantian.forecast.store import Mode, Run, RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    from lantian.forecast.learn import Calibrator
    from lantian.forecast.service_statistics import Said
    from lantian.kernel.jobs import Progress

HOURS: Final = 72
APPROACH: Final = 24
"""Hours before the issue, as far as the weather reaches."""
SHELF: Final = "forecast/models"
NAMES: Final[Mapping[str, str]] = {
    "statistics": "统计预报 statistics",
    "weather": "气象降尺度 weather",
    "factors": "排放反演 emissions from stations",
    "approach": "起报前模拟 hours before the issue",
    "forecast": "嵌套模拟 nested forecast",
    "map": "校准成图 map",
}
"""Stage -> what people read while it runs."""


def issue_forecast(
    platform: Platform,
    issue: datetime,
    mode: Mode,
    calibrator: Calibrator,
    *,
    actor: str,
    progress: Progress,
    city: str | None = None,
    hours: int = HOURS,
    weather: xr.Dataset | None = None,
    past: pl.DataFrame | None = None,
) -> Run:
    """Make and store the forecast of an issue; with a ``city`` the engine runs over its nests.

    ``weather``, for mode ``weather`` and no other: canonical fields, a weather forecast. The statistics are those of a
    ``perfect`` calibrator with this weather at its stations, on the days that it covers whole; the engine runs as many
    of the ``hours`` as it covers, after as much of the day before. A run that was made with the same weather is not
    made again. In mode ``perfect`` both read the stations' weather as it was observed; mode ``history`` knows no
    weather and has no engine.

    Raises:
        LookupError: nothing is known before the issue, or something that the engine needs is lacking.
        ValueError: the weather does not reach far enough in time or space; mode and weather do not fit together.
    """
    from lantian.forecast.service_statistics import published, said_of

    if (mode == "weather") != (weather is not None):
        raise ValueError(f"mode {mode}: fields of a weather forecast belong to mode weather, and to no other")
    if weather is not None and calibrator.mode != "perfect":
        raise ValueError(f"mode weather: expected a calibrator of mode perfect, got one of mode {calibrator.mode}")
    store = RunStore(platform)
    versions = {"statistics": _version(platform, calibrator)}
    given = None if weather is None else _given(platform, weather, issue, calibrator)
    if given is not None:
        versions["weather"] = given.label
        before = next((run for run in store.runs(first=issue) if (run.issue, run.mode) == (issue, mode)), None)
        if before is not None and before.models == versions and _stands(store, before, city):
            return before
        if before is not None and before.models.get("weather") != given.label:
            shutil.rmtree(store.folder(before) / "engine", ignore_errors=True)  # begun with other weather
    run = store.begin(issue, mode, actor=actor, models=versions, resume=True)
    try:
        progress.stage(NAMES["statistics"])
        store.stage(run, "statistics", actor=actor)
        ahead = None if given is None else given.at_stations
        said = said_of(platform, issue, mode, calibrator, past, weather=ahead)
        store.stage(run, "statistics", actor=actor, ended=True)
        if run.revision == 0 or city is None or given is not None:
            run = store.put(run, **published(platform, said), fields=None, peers_until=None, actor=actor)
        if city is None:
            return run
        return _with_engine(_Job(platform, store, run, city, hours, actor, progress), said, given)
    except Exception as error:
        store.fail(run, f"{type(error).__name__}: {error}", actor=actor)
        raise


@dataclass
class _Job:
    """A run at work."""

    platform: Platform
    store: RunStore
    run: Run
    city: str
    hours: int
    actor: str
    progress: Progress
    stage: str = ""
    done: int = 0
    total: int | None = None

    def begin(self, stage: str, total: int | None = None) -> None:
        """A stage begins; that before it has ended."""
        if stage != self.stage:
            self.end()
            self.stage = stage
            self._count(total)
            self.store.stage(self.run, stage, actor=self.actor)

    def _count(self, total: int | None) -> None:
        self.done, self.total = 0, total
        self.progress.stage(NAMES[self.stage], total)

    def end(self, note: str = "") -> None:
        """The stage that runs is done."""
        if self.stage:
            self.store.stage(self.run, self.stage, actor=self.actor, ended=True, note=note)
        self.stage = ""

    def tell(self, stage: str, done: int, total: int, text: str) -> None:
        """What `cycle` says of its progress; a nest of a stage begins from nothing again."""
        self.begin(stage, total)
        if done < self.done or total != self.total:
            self._count(total)
        self.progress.advance(done - self.done, message=text)
        self.done = done


def _with_engine(job: _Job, said: Said, given: Foreseen | None) -> Run:
    from lantian.forecast import cycle, engine, gather, region
    from lantian.forecast.learn import Forecast
    from lantian.forecast.service_statistics import OURS, published

    platform, run = job.platform, job.run
    issue = run.issue
    hours = job.hours if given is None else min(job.hours, given.after)
    approach = APPROACH if given is None else min(APPROACH, given.before)
    begin, until = issue - timedelta(hours=approach), issue + timedelta(hours=hours)
    air = given.fields if given else gather.observed_weather(platform, begin, until, gather.later(platform))
    ahead = said.values
    if given is not None:
        ahead = carried(ahead, until.astimezone(TIMEZONE).date() + timedelta(days=1))
    made = gather.ingredients(
        platform, issue, job.city, air, ahead, _inventory(platform), hours=hours, approach=approach
    )
    folder = job.store.folder(run) / "engine"
    nests = cycle.run(made, folder, job.tell)
    job.begin("map")
    finest = made.domains[-1]
    sky = cycle.weather_of(folder, finest)
    found = engine.law(nests[-1], sky)
    network = gather.stations(platform).filter(pl.col("place").is_in(said.hours["place"].unique().implode()))
    hourly = engine.hours(finest.grid, found, network, _members(platform, said.hours), issue)
    put = published(platform, said, Forecast(engine.values(hourly, issue), hourly))
    chart = engine.chart(finest.grid, found, sky, put["hours"].filter(source=OURS), network)
    span = (moment.astimezone(TIMEZONE).date() for moment in (begin, until))
    bare = [day.isoformat() for day in region.background_days(made.domains[0], made.cities, *span)]
    chart = chart.assign_attrs({store_files.BACKGROUND_DAYS: bare})
    result = job.store.put(run, **put, fields=chart, peers_until=None, actor=job.actor)
    job.end(f"no city in the outermost nest has values on {', '.join(bare)}: background air outside" if bare else "")
    (folder / "factors.json").replace(job.store.folder(run) / "factors.json")
    shutil.rmtree(folder)  # large; a run that is asked for again is made again
    return result


def _given(platform: Platform, weather: xr.Dataset, issue: datetime, calibrator: Calibrator) -> Foreseen:
    """The weather at the stations that the statistics forecast."""
    from lantian.forecast import gather

    known = gather.stations(platform).filter(pl.col("place").is_in(list(calibrator.places)))
    return foreseen(weather, issue, known)


def _stands(store: RunStore, run: Run, city: str | None) -> bool:
    """Whether all that is asked for was made."""
    return run.status == "finished" and run.revision > 0 and (city is None or store.has_fields(run))


def _members(platform: Platform, hourly: pl.DataFrame) -> dict[str, Sequence[str]]:
    """The stations of regions that have hours of their own, as far as they have any."""
    from lantian.places.store import PlaceStore

    places = hourly["place"].unique().to_list()
    store = PlaceStore(platform.engine)
    regions = [region.code for region in store.regions("city") if region.code in places]
    found = store.memberships(regions)
    return {region: [code for code in codes if code in places] for region, codes in found.items()}


def _inventory(platform: Platform) -> Inventory:
    """The newest version in the library, by year and then by name.

    Raises:
        LookupError: there is none.
    """
    library = installed.library(platform.home)
    versions = library.list().sort("year", "id")
    if versions.is_empty():
        raise LookupError("no emission inventory is here; `lantian emissions import FILE` brings one")
    return library.open(versions["id"][-1])


def _version(platform: Platform, calibrator: Calibrator) -> str:
    """The version of the shelf that a calibrator is; "" for one that does not stand there."""
    cards = Shelf(platform.home / SHELF).cards(calibrator.mode)
    same = [c.version for c in cards if (c.begins, c.ends) == (calibrator.begins, calibrator.ends)]
    return same[-1] if same else ""
