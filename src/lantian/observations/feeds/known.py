"""What the platform knows that values of a feed may refer to: places, records of other feeds, outlines."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import sqlalchemy as sa

from lantian.kernel.tables import audit
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.lookups import Known, Lookups
from lantian.observations.feeds.tables import record
from lantian.places.names import Gazetteer
from lantian.places.outlines import OutlineSet
from lantian.places.store import PlaceStore

_SETS = ("counties", "cities")
"""Outlines by which a point's region is found, the first that is loaded; else whichever there is."""

_KEPT: WeakKeyDictionary[sa.Engine, tuple[int, Gazetteer | None, OutlineSet | None]] = WeakKeyDictionary()


def lookups(engine: sa.Engine, feed: Feed) -> Lookups:
    """All that the fields of a feed may ask for."""
    types = {one.type for one in feed.fields}
    gazetteer, outlines = (
        places(engine) if types & {"region", "station"} or isinstance(feed.place, tuple) else (None, None)
    )
    return Lookups(gazetteer, {name: references(engine, name) for name in feed.references}, outlines)


def places(engine: sa.Engine) -> tuple[Gazetteer | None, OutlineSet | None]:
    """All places by name, and the outlines of the smallest regions; kept until places are written again."""
    seen = audit.c.table_name.in_(["region", "station", "station_alias", "outline_set"])
    with engine.connect() as connection:
        version = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(audit.c.seq), 0)).where(seen)) or 0
    kept = _KEPT.get(engine)
    if kept is None or kept[0] != version:
        store = PlaceStore(engine)
        regions = store.regions()
        gazetteer = Gazetteer(regions, store.stations(), store.aliases()) if regions else None
        sets = [one.id for one in store.outline_sets()]
        chosen = next((one for one in (*_SETS, *sets) if one in sets), None)
        kept = _KEPT[engine] = (version, gazetteer, store.outlines(chosen) if chosen else None)
    return kept[1], kept[2]


def references(engine: sa.Engine, feed: str) -> Known:
    """The records of another feed, by id and, where each name stands for one, by name."""
    name = record.c["values"]["name"].astext
    query = sa.select(record.c.key, record.c.region, name).where(
        record.c.feed == feed, record.c.superseded_at.is_(None)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    names: dict[str, str | None] = {}
    for key, _, called in rows:
        if called:
            names[called] = None if called in names else key
    return Known({key: region for key, region, _ in rows}, {one: key for one, key in names.items() if key})
