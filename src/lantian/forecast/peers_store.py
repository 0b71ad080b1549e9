"""Other models' forecasts of a platform: added from files, kept in folders, read beside ours as of a moment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl
import sqlalchemy as sa

from lantian.forecast import peers, products, tables, verify
from lantian.forecast.store_files import SCHEMAS, checked
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.store import open_store
from lantian.places.store import PlaceStore
from lantian.standards import statistics
from lantian.standards.codes import POLLUTANTS

PEERS: Final = Path("forecast") / "peers"
WORD_STANDS: Final = timedelta(hours=36)
"""After its issue: how long a peer's forecast is its last word. Files come hours after the moment that they forecast
from, so that of the evening before counts where today's is not there yet.
"""
PeerProduct = Literal["values", "outlook", "hours"]


@dataclass(frozen=True)
class Peer:
    """A peer's forecast: ``name`` its source, ``issue``, ``known_at`` by the platform's clock; ``kind`` of its
    ``files``; ``places`` that it says something of; ``notes``: what was assumed.
    """

    id: int
    name: str
    issue: datetime
    known_at: datetime
    kind: str
    files: tuple[str, ...]
    places: int
    notes: tuple[str, ...]
    folder: str


class PeerStore:
    """The peers of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._root = platform.home / PEERS

    def add(
        self, paths: Iterable[str | Path], name: str, issue: datetime, *, actor: str, kind: str | None = None
    ) -> Peer:
        """Read files and keep what they say of all stations and their cities; known from the clock's now.

        With it goes persistence of the same issue, so that it can be verified beside that. Raises
        `peers.PeerError` for files that are not understood, LookupError without stations, ValueError for an issue
        without zone or still to come.
        """
        peers.check_name(name)
        now = self._platform.clock.now()
        if issue.tzinfo is None or issue > now:
            raise ValueError(
                f"issue {issue.isoformat()}: expected one with its zone, not after the clock's {now.isoformat()}"
            )
        issue, given = issue.astimezone(UTC), [Path(path) for path in paths]
        read = peers.read(given, kind=kind)
        places = PlaceStore(self._platform.engine)
        day = issue.astimezone(TIMEZONE).date()
        stations = [each for each in places.stations() if each.since is None or each.since <= day]
        if not stations:
            raise LookupError("no stations are loaded: `lantian load FOLDER` loads a city with its stations")
        members = {code: codes for code, codes in places.memberships(_regions(places), day).items() if codes}
        found = peers.at_places(read, stations, members, issue=issue, source=name)
        values = pl.concat([found.values, self._persistence(issue, found.values, members)])
        frames = {"values": values, "outlook": products.outlook(values), "hours": found.hours}
        row = {
            "name": name,
            "issue": issue,
            "known_at": now,
            "kind": read[0].kind,
            "files": [path.name for path in given],
            "places": found.values["place"].n_unique(),
            "notes": list(found.notes),
            "folder": self._keep(frames, name, issue),
        }
        with audit.act(self._platform.engine, actor, f"forecast of {name}") as connection:
            made = connection.execute(sa.insert(tables.peer).values(row).returning(tables.peer)).one()
        return _peer(made)

    def peers(self, as_of: datetime | None = None) -> list[Peer]:
        """Those known at a moment (None: the clock's now), the newest issue first; of one added twice the later."""
        known = tables.peer.c.known_at <= (as_of or self._platform.clock.now())
        query = sa.select(tables.peer).where(known).order_by(tables.peer.c.id)
        with self._platform.engine.connect() as connection:
            newest = {(row.name, row.issue): _peer(row) for row in connection.execute(query)}
        return sorted(newest.values(), key=lambda one: (one.issue, one.name), reverse=True)

    def beside(
        self, ours: pl.DataFrame, name: PeerProduct, as_of: datetime | None = None, *, issue: datetime | None = None
    ) -> pl.DataFrame:
        """A product of ours with the peers' rows below it, of one issue or of all; a case that ours has stands once."""
        told = [one for one in self.peers(as_of) if issue in (None, one.issue)]
        if not told:
            return ours
        parts = [pl.read_parquet(self._root / one.folder / f"{name}.parquet") for one in told]
        key = [column for column in ("issue", "source", "place", "date", "item", "time") if column in SCHEMAS[name]]
        theirs = pl.concat(parts).unique(key, keep="first", maintain_order=True)
        return pl.concat([ours, theirs.join(ours, on=key, how="anti").select(ours.columns)], how="vertical_relaxed")

    def last_words(self, issues: Iterable[datetime], after: timedelta = timedelta()) -> pl.DataFrame:
        """What each peer last said of the moments up to each of the issues, as far as it was known so long ``after``
        the issue, and no older than `WORD_STANDS`: `values` of our issue and counted by its leads, without persistence.
        """
        moments = sorted({issue.astimezone(UTC) for issue in issues})
        parts = [pl.DataFrame(schema=dict(SCHEMAS["values"]))]
        for issue in moments if moments and self.peers(moments[-1] + after) else ():
            fresh = [one for one in self.peers(issue + after) if timedelta() <= issue - one.issue <= WORD_STANDS]
            newest = {one.name: one for one in reversed(fresh)}  # the newest issue comes last, and stays
            day = issue.astimezone(TIMEZONE).date()
            for one in newest.values():
                said = pl.read_parquet(self._root / one.folder / "values.parquet").filter(source=one.name)
                lead = (pl.col("date") - pl.lit(day)).dt.total_days()
                parts.append(said.with_columns(lead=lead, issue=pl.lit(issue, pl.Datetime("us", "UTC"))))
        return pl.concat(parts, how="vertical_relaxed").filter(pl.col("lead") >= 1)

    def _persistence(self, issue: datetime, values: pl.DataFrame, members: Mapping[str, Sequence[str]]) -> pl.DataFrame:
        held = set(values["place"])
        cities = {region: codes for region, codes in members.items() if region in held}
        codes = sorted({*(held - cities.keys()), *(code for each in cities.values() for code in each)})
        observed = (
            open_store(self._platform).hourly(codes, issue - timedelta(days=1), issue, POLLUTANTS, issue).collect()
        )
        if observed.is_empty():
            return values.clear()
        both = [observed.filter(pl.col("place").is_in(held))]
        if cities:
            both.append(statistics.city(observed, cities).select("place", "time", *POLLUTANTS))
        hourly = pl.concat([part.select("place", "time", *POLLUTANTS) for part in both])
        return verify.persistence([issue], values["lead"].unique().to_list(), hourly=hourly).select(values.columns)

    def _keep(self, frames: dict[str, pl.DataFrame], name: str, issue: datetime) -> str:
        """Write the frames into a new folder, whole or not at all; its name."""
        folder = f"{issue.astimezone(TIMEZONE):%Y-%m-%dT%H}-{name}-{secrets.token_hex(4)}"
        temporary = self._root / f".{folder}"
        temporary.mkdir(parents=True)
        for product, frame in frames.items():
            path = temporary / f"{product}.parquet"
            checked(product, frame).write_parquet(path)
            with path.open("rb") as file:
                os.fsync(file.fileno())
        temporary.rename(self._root / folder)
        return folder


def _regions(places: PlaceStore) -> list[str]:
    return [region.code for region in places.regions()]


def _peer(row: sa.Row[Any]) -> Peer:
    values = dict(row._mapping)
    for name in ("files", "notes"):
        values[name] = tuple(values[name])
    for name in ("issue", "known_at"):
        values[name] = values[name].astimezone(UTC)
    return Peer(**values)
