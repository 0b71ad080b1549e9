"""The store of telemetry: append readings, read what is known.

store = TelemetryStore(platform)
store.append(frame, "mqtt:city/micro")
store.read(["31011012345678"], start, end, resolution="minute", items=["pm25"], as_of=platform.clock.now()).collect()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from lantian.observations.telemetry import readings
from lantian.observations.telemetry.readings import COLUMNS, RESOLUTIONS
from lantian.observations.telemetry.shelf import Segment, Shelf

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

GRACE = timedelta(hours=1)
"""How long a reader may hold a lazy frame before it collects it: files replaced by a merge stay that long."""

_FILE = pl.Schema({name: kind for name, kind in COLUMNS.items() if name != "resolution"})


class TelemetryStore:
    """Readings of devices. Any number of processes may read and write at once."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.database.engine
        self.shelf = Shelf(self._engine, platform.settings.home / "telemetry")

    def append(self, frame: pl.DataFrame, source: str) -> int:
        """Store readings; when this returns they are on the disk and readers see them. Returns the number of rows
        without exact repeats.

        `frame`: columns of `telemetry.COLUMNS`, of which `device, resolution, item, time, known_at` must be there.
        `source` says where they come from, for example ``mqtt:city/micro``. Items are names of `standards.codes.ITEMS`
        in their units, or codes of HJ 212 (`a19001`). Raises ValueError naming column or row.
        """
        written = self.write(frame, source)
        try:
            with self._engine.begin() as connection:
                self.shelf.enter(connection, written)
        except BaseException:
            self.shelf.forget(written)
            raise
        return sum(one.rows for one in written)

    def write(self, frame: pl.DataFrame, source: str) -> list[Segment]:
        """As `append`, but the caller enters the files by `shelf.enter` in a transaction of its own."""
        parts = readings.prepare(frame).partition_by("resolution", as_dict=True, include_key=False)
        return [one for (name,), part in sorted(parts.items()) for one in self.shelf.write(part, str(name), source)]

    def read(
        self,
        devices: str | Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        resolution: str = "minute",
        items: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pl.LazyFrame:
        """Readings as they stand: columns of `telemetry.COLUMNS`, one row a device, item and time, in no promised
        order; the later QN holds.

        `start` <= time < `end`, aware. `devices`, `items` None: all there are. `as_of`: only what was known then;
        None: all that is known. Collect within an hour: later the files may have been merged away. Raises ValueError
        for an unknown resolution or a time without its zone.
        """
        return readings.standing(self.statements(devices, start, end, resolution=resolution, items=items, as_of=as_of))

    def statements(
        self,
        devices: str | Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        resolution: str = "minute",
        items: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pl.LazyFrame:
        """Everything that was said, as `read` but with every revision; a packet sent again may stand twice until the
        next merge, with the same QN.
        """
        if resolution not in RESOLUTIONS:
            raise ValueError(f"resolution {resolution!r}: expected one of {', '.join(RESOLUTIONS)}")
        for name, moment in (("start", start), ("end", end), ("as_of", as_of)):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{name} {moment.isoformat()}: expected a time with its zone")
        wanted = [pl.lit(True)]
        if devices is not None:
            wanted.append(pl.col("device").is_in([devices] if isinstance(devices, str) else list(devices)))
        if items is not None:
            wanted.append(pl.col("item").is_in(list(items)))
        if start is not None:
            wanted.append(pl.col("time") >= pl.lit(start.astimezone(UTC), readings.TIME))
        if end is not None:
            wanted.append(pl.col("time") < pl.lit(end.astimezone(UTC), readings.TIME))
        if as_of is not None:
            wanted.append(pl.col("known_at") <= pl.lit(as_of.astimezone(UTC), readings.TIME))
        found = self.shelf.holding(resolution, start, end, as_of)
        rows = self.shelf.scan(found, _FILE).filter(*wanted)
        return rows.with_columns(pl.lit(resolution).alias("resolution")).select(list(COLUMNS))

    def compact(self, *, least: int | None = None) -> int:
        """Join the segments of each day into one (`least` None), or only groups of so many small ones; every statement
        is kept, exact repeats go. Returns how many were joined.
        """
        return self.shelf.merge(dict.fromkeys(RESOLUTIONS, _FILE), readings.distinct, least=least)

    def sweep(self, grace: timedelta = GRACE) -> int:
        """Clear away what killed writers left, and files replaced by a merge longer ago than `grace`."""
        return self.shelf.sweep(grace)

    def newest(self, *, as_of: datetime) -> datetime | None:
        """The latest time of any segment known by `as_of`; None: the store is empty."""
        from lantian.observations.telemetry.tables import segment

        query = sa.select(sa.func.max(segment.c.last)).where(
            segment.c.retired_at.is_(None), segment.c.resolution.in_(RESOLUTIONS), segment.c.known_first <= as_of
        )
        with self._engine.connect() as connection:
            found: datetime | None = connection.scalar(query)
        return found
