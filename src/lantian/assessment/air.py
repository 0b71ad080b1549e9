"""What was known of the air: daily and hourly frames of stations and regions from the store, as of a moment.

A region's daily values are those published for it where the store has them, else they are made from its evaluation
stations (hours first, as the national centre does). The column ``origin`` says which, so an answer can say on what
it rests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.store import ObservationStore, open_store
from lantian.places.regions import ancestors_of
from lantian.places.store import PlaceStore
from lantian.standards import aqi, statistics
from lantian.standards.codes import DAILY_ITEMS, POLLUTANTS, WEATHER

PUBLISHED, FROM_STATIONS, STATION = "published", "from stations", "station"
VALUES = list(DAILY_ITEMS)
DAILY_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "date": pl.Date,
    **dict.fromkeys(VALUES, pl.Float64),
    "origin": pl.String,
}
SPLICE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "origin": pl.String,
    "grade": pl.String,
    "first": pl.Date,
    "last": pl.Date,
}


class Air:
    """Frames of the air for any places. Every reader takes ``as_of``; None means the clock's now."""

    def __init__(self, platform: Platform) -> None:
        self._clock = platform.clock
        self.store: ObservationStore = open_store(platform)
        self.places = PlaceStore(platform.engine)

    def now(self) -> datetime:
        """The platform's time."""
        return self._clock.now()

    def today(self, as_of: datetime | None = None) -> date:
        """The natural day of Asia/Shanghai at ``as_of``."""
        return (as_of or self.now()).astimezone(TIMEZONE).date()

    def hourly(
        self,
        places: Sequence[str],
        start: datetime,
        end: datetime,
        as_of: datetime | None = None,
        *,
        weather: bool = False,
    ) -> pl.DataFrame:
        """Hours of stations, and of regions as the mean of their evaluation stations; ``start`` <= time < ``end``.

        ``place, time, so2 no2 co o3 pm10 pm25`` and, for stations when ``weather``, the weather.
        """
        as_of = as_of or self.now()
        stations = [place for place in places if _is_station(place)]
        members = self._members([place for place in places if not _is_station(place)], start.date())
        wanted = sorted({*stations, *(code for codes in members.values() for code in codes)})
        items = [*POLLUTANTS, *(WEATHER if weather else ())]
        frame = self.store.hourly(wanted, start, end, items, as_of).collect()
        parts = [frame.filter(pl.col("place").is_in(stations))]
        if members:
            parts.append(statistics.city(frame.select("place", "time", *POLLUTANTS), members))
        return pl.concat(parts, how="diagonal_relaxed").sort("place", "time")

    def rolling(
        self, places: Sequence[str], start: datetime, end: datetime, as_of: datetime | None = None
    ) -> pl.DataFrame:
        """As :meth:`hourly`, with rolling means, AQI, level and primary pollutant by the edition of each hour's day."""
        before = self.hourly(places, start - timedelta(hours=24), end, as_of)
        if before.is_empty():
            return before
        judged = aqi.hourly(statistics.rolling(before))
        return judged.filter(pl.col("time") >= start)

    def daily(
        self, places: Sequence[str], first: date, last: date, as_of: datetime | None = None, *, judged: bool = True
    ) -> pl.DataFrame:
        """Finished days ``first``..``last`` of any places.

        ``place, date, so2 no2 co o3_1h o3_8h pm10 pm25, n_<item>, origin`` and, when ``judged``, ``aqi, level,
        primary`` by the edition of each day.

        A day counts once it is over at ``as_of`` (published days: once they are published).
        """
        as_of = as_of or self.now()
        last = min(last, self.today(as_of) - timedelta(days=1))
        if last < first:
            return self._judge(pl.DataFrame(schema=DAILY_SCHEMA), judged)
        stop = last + timedelta(days=1)
        published = self._published([p for p in places if not _is_station(p)], first, stop, as_of)
        known = set(published["place"])
        rest = [p for p in places if p not in known]
        made = self._made(rest, first, stop, as_of)
        return self._judge(pl.concat([published, made], how="diagonal_relaxed").sort("place", "date"), judged)

    def both(
        self, places: Sequence[str], first: date, last: date, as_of: datetime | None = None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Days of regions as published, and the same days made from their stations, for a cross-check; not judged."""
        as_of = as_of or self.now()
        stop = min(last + timedelta(days=1), self.today(as_of))
        published = self._published([p for p in places if not _is_station(p)], first, stop, as_of)
        return published, self._made(sorted(set(published["place"])), first, stop, as_of)

    def above(self, places: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Each place with the regions that it lies in, itself first; a station lies in its county."""
        stations = {station.code: station.region for station in self.places.stations()}
        found = {}
        for place in places:
            region = stations.get(place, place)
            inside = (region, *ancestors_of(region))
            found[place] = inside if region == place else (place, *inside)
        return found

    def splice(self, places: Sequence[str], first: date, last: date, as_of: datetime | None = None) -> pl.DataFrame:
        """Where raw and reviewed values join: ``place, origin, grade, first, last``, a row for each grade that occurs,
        with the first and last day on which it does.
        """
        as_of = as_of or self.now()
        stop = min(last + timedelta(days=1), self.today(as_of))
        if stop <= first or not places:
            return pl.DataFrame(schema=SPLICE_SCHEMA)
        regions = [place for place in places if not _is_station(place)]
        days = self.store.splice(regions, first, stop, resolution="day", as_of=as_of) if regions else None
        published = set() if days is None else set(days["place"])
        members = self._members([place for place in regions if place not in published], first)
        members |= {place: [place] for place in places if _is_station(place)}
        parts = [] if days is None else [days.with_columns(pl.lit(PUBLISHED).alias("origin"))]
        if members:
            parts.append(self._splice_of_hours(members, first, stop, as_of))
        runs = pl.concat(part.select(*SPLICE_SCHEMA) for part in parts)
        return (
            runs.group_by("place", "origin", "grade")
            .agg(pl.col("first").min(), pl.col("last").max())
            .sort("place", "first")
        )

    def _splice_of_hours(
        self, members: Mapping[str, Sequence[str]], first: date, stop: date, as_of: datetime
    ) -> pl.DataFrame:
        pairs = [(place, code) for place, codes in members.items() for code in codes]
        stations = sorted({code for _, code in pairs})
        hours = self.store.splice(stations, first, stop, resolution="hour", as_of=as_of).rename({"place": "station"})
        origin = pl.when(pl.col("place") == pl.col("station")).then(pl.lit(STATION)).otherwise(pl.lit(FROM_STATIONS))
        return (
            pl.DataFrame(pairs, schema={"place": pl.String, "station": pl.String}, orient="row")
            .join(hours, on="station")
            .with_columns(pl.col("first", "last").dt.convert_time_zone(str(TIMEZONE)).dt.date(), origin.alias("origin"))
        )

    def _published(self, regions: Sequence[str], first: date, stop: date, as_of: datetime) -> pl.DataFrame:
        if not regions:
            return pl.DataFrame(schema=DAILY_SCHEMA)
        frame = self.store.daily(regions, first, stop, VALUES, as_of).collect()
        frame = frame.filter(pl.any_horizontal(pl.col(VALUES).is_not_null()))
        return frame.with_columns(pl.lit(PUBLISHED).alias("origin"))

    def _made(self, places: Sequence[str], first: date, stop: date, as_of: datetime) -> pl.DataFrame:
        start, end = _midnight(first), _midnight(stop)
        hourly = self.hourly(places, start, end, as_of) if places else pl.DataFrame()
        if hourly.is_empty():
            return pl.DataFrame(schema=DAILY_SCHEMA)
        origin = pl.when(pl.col("place").is_in([p for p in places if _is_station(p)])).then(pl.lit(STATION))
        return statistics.daily(hourly.select("place", "time", *POLLUTANTS)).with_columns(
            origin.otherwise(pl.lit(FROM_STATIONS)).alias("origin")
        )

    def _members(self, regions: Sequence[str], on: date) -> dict[str, list[str]]:
        found = self.places.memberships(regions, on) if regions else {}
        return {region: codes for region, codes in found.items() if codes}

    @staticmethod
    def _judge(frame: pl.DataFrame, judged: bool) -> pl.DataFrame:
        return aqi.daily(frame) if judged else frame


def _is_station(place: str) -> bool:
    """Region codes are digits, or Z and digits for zones; anything else is a station."""
    return not place.removeprefix("Z").isdigit()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=TIMEZONE).astimezone(UTC)
