"""What is published put together again 重新组合 where another model's file came after the issue.

    for run in due(platform):
        combine(platform, run, actor="job:forecast.daily")

Days that have begun keep what was published of them; who reads as of a moment before sees what was published then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from lantian.forecast.peers_store import WORD_STANDS, PeerStore
from lantian.forecast.store import Run, RunStore
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    import xarray as xr

    from lantian.kernel.bootstrap import Platform
    from lantian.places.grid import Grid

STAGE: Final = "combination"
_REACH: Final = timedelta(days=10)
"""No run forecasts farther."""


def due(platform: Platform) -> list[Run]:
    """Finished runs, newest first, with days that have not begun and files of peers that came too late for them."""
    now = platform.clock.now()
    return [
        run
        for run in RunStore(platform).runs(now, first=now - _REACH)
        if run.status == "finished" and _late(platform, run) and _days_ahead(platform, run)
    ]


def combine(platform: Platform, run: Run, *, actor: str) -> Run:
    """Put the published values of a run together again, of all that is known now; the statistics' and the engine's own
    stay. The map is drawn to the new hours of the stations. A run that fails is left to people.
    """
    from lantian.forecast import service_statistics

    store, late = RunStore(platform), _late(platform, run)
    store.stage(run, STAGE, actor=actor)
    try:
        said, engine, before = service_statistics.said_before(platform, run)
        put = service_statistics.published(platform, said, engine, before)
        fields = _redrawn(platform, store.fields(run), put["hours"]) if store.has_fields(run) else None
        made = store.put(run, **put, fields=fields, peers_until=before.moment, actor=actor)
    except Exception as error:
        store.fail(run, f"{type(error).__name__}: {error}", actor=actor)
        raise
    store.stage(made, STAGE, actor=actor, ended=True, note=", ".join(late))
    return store.get(made.id)


def _late(platform: Platform, run: Run) -> list[str]:
    """Names of the peers whose newest word for a run came after those that are counted in."""
    until = run.peers_until or run.issue
    words = [one for one in PeerStore(platform).peers() if timedelta() <= run.issue - one.issue <= WORD_STANDS]
    newest = {one.name: one for one in reversed(words)}
    return sorted(one.name for one in newest.values() if one.known_at > until)


def _days_ahead(platform: Platform, run: Run) -> bool:
    last = RunStore(platform).product(run, "values").select(pl.col("date").max()).collect().item()
    return last is not None and bool(last > platform.clock.now().astimezone(TIMEZONE).date())


def _redrawn(platform: Platform, fields: xr.Dataset, hours: pl.DataFrame) -> xr.Dataset:
    """The map drawn to new hours; as it was, where its file does not say on which grid it lies."""
    from lantian.forecast import engine, gather
    from lantian.forecast.fields import drawn
    from lantian.forecast.service_statistics import OURS

    grid: Grid | None = engine.grid_of(fields)
    loaded = fields.load()
    return loaded if grid is None else drawn(grid, loaded, hours.filter(source=OURS), gather.stations(platform))
