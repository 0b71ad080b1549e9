"""Sources that are polled: what is due, one question, how each stands."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.observations.feeds import FeedError
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.known import lookups
from lantian.observations.feeds.reading import of_rows
from lantian.observations.feeds.service import Feeds
from lantian.observations.feeds.validation import validate
from lantian.observations.polling.fetch import SECONDS, FetchError, fetch, shown
from lantian.observations.polling.rows import AnswerError, address, rows
from lantian.observations.polling.tables import attempt, state
from lantian.observations.polling.telemetry import shelve
from lantian.observations.store import ObservationStore
from lantian.standards.codes import ITEMS

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

LONGEST_WAIT: Final = timedelta(hours=6)
"""Longest wait after failures; it doubles with each, from the source's own interval."""

KEPT: Final = timedelta(days=30)
"""How long attempts are kept."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What became of one question: ``changed`` False where the source said that nothing changed (304)."""

    feed: str
    status: int | None
    changed: bool
    rows: int = 0
    new: int = 0
    revised: int = 0
    rejected: int = 0
    error: str = ""


class Polls:
    """The polled sources of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._engine = platform.engine
        self._feeds = Feeds(platform)

    def sources(self) -> dict[str, Feed]:
        """Feeds that have a source, by name."""
        return {name: feed for name, feed in self._feeds.all().items() if feed.source is not None}

    def due(self, now: datetime) -> list[str]:
        """Feeds whose source is to be asked, those that wait longest first. A definition that changed is due."""
        states = self.states()
        found = []
        for name, feed in self.sources().items():
            there = states.get(name)
            if there is None or feed.source is None or there["url"] != feed.source.url:
                found.append((datetime.min.replace(tzinfo=now.tzinfo), name))
            elif there["next_at"] <= now or there["tried_at"] > now:  # the replay's clock may have gone back
                found.append((there["next_at"], name))
        return [name for _, name in sorted(found)]

    def poll(self, name: str, actor: str = "poll", *, seconds: float = SECONDS) -> Polled:
        """Ask a source once, now, and store what it says; an error is kept with the source, not raised.

        Raises LookupError where there is no such feed, FeedError where it has no source.
        """
        feed = self._feeds.feed(name)
        source = feed.source
        if source is None:
            raise FeedError(f"feed {name} has no source; expected `source: {{kind: poll, url: ...}}` in its definition")
        now, begin = self._platform.clock.now(), time.monotonic()
        there = self.states().get(name)
        if there is not None and there["url"] != source.url:
            there = None
        url = address(source, now)
        # What moves with the window is another address each hour, and has no validators of its own.
        kept = there if there is not None and url == source.url and not there["error"] else None
        size, etag, modified, after = 0, "", "", None
        try:
            found = fetch(
                url, etag=kept["etag"] if kept else "", modified=kept["modified"] if kept else "", seconds=seconds
            )
            etag, modified = found.etag, found.modified
            if found.body is None:
                done = Polled(name, found.status, False)
                etag, modified = (kept["etag"], kept["modified"]) if kept else ("", "")
            else:
                size = len(found.body)
                done = self._store(feed, rows(found.body, feed), found.status, shown(source.url), actor)
        except FetchError as error:
            done, after = Polled(name, error.status, False, error=str(error)), error.after
        except (AnswerError, FeedError, ValueError) as error:
            done = Polled(name, 200, False, error=str(error))
        took = round(1000 * (time.monotonic() - begin))
        self._note(feed, done, now, took, size, (etag, modified), there, after)
        return done

    def states(self) -> dict[str, dict[str, Any]]:
        """How each source stands: tried, good, next, failures, error."""
        with self._engine.connect() as connection:
            return {row["feed"]: dict(row) for row in connection.execute(sa.select(state)).mappings()}

    def attempts(self, name: str | None = None, *, most: int = 50) -> list[dict[str, Any]]:
        """The newest attempts, of one source or all."""
        query = sa.select(attempt).order_by(attempt.c.id.desc()).limit(most)
        if name is not None:
            query = query.where(attempt.c.feed == name)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def forget(self, now: datetime) -> int:
        """Drop attempts that are older than a month."""
        with self._engine.begin() as connection:
            return connection.execute(attempt.delete().where(attempt.c.at < now - KEPT)).rowcount

    def _store(self, feed: Feed, found: list[dict[str, Any]], status: int, source: str, actor: str) -> Polled:
        if feed.store == "records":
            receipt = self._feeds.put(feed.name, found, actor, source=source, example=feed.example)
            why = f"{receipt.rejected} rows refused, see its batches" if receipt.rejected else ""
            return Polled(feed.name, status, True, len(found), receipt.new, receipt.revised, receipt.rejected, why)
        if feed.store == "hourly":
            return self._hours(feed, found, status, actor)
        if feed.store == "telemetry":
            new, revised, rejected, why = shelve(self._platform, feed, found, self._platform.clock.now())
            return Polled(feed.name, status, True, len(found), new, revised, rejected, why)
        wanted = "records, hourly or telemetry"
        raise FeedError(f"feed {feed.name}: its values are {feed.store} values; expected store {wanted}")

    def _hours(self, feed: Feed, found: list[dict[str, Any]], status: int, actor: str) -> Polled:
        reading = of_rows(found, feed, feed.name)
        good, refused = validate(reading.rows, feed, lookups(self._engine, feed))
        items = [name for name in feed.schema if name in ITEMS]
        bad = refused.select("line").unique().height
        why = (
            f"{bad} rows refused: {refused['field'][0]} {refused['value'][0]!r}: {refused['reason_en'][0]}"
            if bad
            else ""
        )
        frame = good.select("place", "time", *(pl.col(name).cast(pl.Float64) for name in items))
        receipt = ObservationStore(self._platform).append(frame, "hour", f"poll:{feed.name}", actor=actor)
        return Polled(feed.name, status, True, len(found), receipt.new, receipt.revised, bad, why)

    def _note(
        self,
        feed: Feed,
        done: Polled,
        now: datetime,
        took: int,
        size: int,
        validators: tuple[str, str],
        there: dict[str, Any] | None,
        after: float | None,
    ) -> None:
        source = feed.source
        if source is None:
            return
        # Refused rows are the source's affair; the question itself went well.
        failed = bool(done.error) and not (done.changed and done.rows > done.rejected)
        failures = (there["failures"] if there else 0) + 1 if failed else 0
        values = {
            "feed": feed.name,
            "url": source.url,
            "tried_at": now,
            "good_at": (there["good_at"] if there else None) if failed else now,
            "next_at": now + wait(source.every.length, failures, after),
            "failures": failures,
            "error": done.error[:1000],
            "etag": "" if failed else validators[0],
            "modified": "" if failed else validators[1],
        }
        made = insert(state).values(values)
        log = {
            **{name: getattr(done, name) for name in ("feed", "status", "rows", "new", "revised", "rejected")},
            "at": now,
            "took_ms": took,
            "bytes": size,
            "error": done.error[:1000],
        }
        with self._engine.begin() as connection:
            connection.execute(made.on_conflict_do_update(index_elements=["feed"], set_=values))
            connection.execute(attempt.insert().values(log))


def wait(every: timedelta, failures: int, after: float | None = None, *, draw: float | None = None) -> timedelta:
    """How long until the next question: the interval; after failures it doubles, at most six hours, a quarter more or
    less by chance so that many sources of one server do not come back in one second. ``after``: seconds that the server
    asked for.
    """
    if not failures:
        return every
    longest = max(LONGEST_WAIT, every)
    waiting = min(every * 2.0 ** min(failures - 1, 16), longest)
    chance = random.random() if draw is None else draw  # noqa: S311  (no secret)
    waiting *= 0.75 + 0.5 * chance
    return max(waiting, min(timedelta(seconds=after), longest)) if after else waiting
