"""`/now`: the air at this moment of the clock: every station's last hour, every city's last published day."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import polars as pl
from fastapi import Response

from lantian.assessment.air import Air
from lantian.places.store import PlaceStore
from lantian.standards import aqi
from lantian.standards.codes import POLLUTANTS
from lantian.standards.rounding import half_even
from lantian.standards.statistics import rolling
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.remember import Memory
from lantian.web.security import Viewer, allow

router = resource("now")
Reader = Annotated[Viewer, allow("air.read")]
Basis = Literal["hour", "day"]

LOOK_BACK = dt.timedelta(hours=24)
"""A station that said nothing for so long is not on the map of now."""
DAYS_BACK = 7
"""A city whose last published day is older is not on it either."""


@router.get("/now", responses=TABLE)
def now(
    viewer: Reader,
    basis: Basis | None = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """The newest values of every place that has any: `place, name, kind, region, lon, lat, basis`, and

    - `basis` `hour`: stations; `time` is the beginning of the newest hour that any station has, the values are means of
      it (`o3_8h pm10_24h pm25_24h` rolling), `coverage` the percentage of the last 24 hours' values that are there;
    - `basis` `day`: cities; `date` is the last day that was published, `o3_8h` its largest 8-hour mean.

    `aqi, level, primary` by the edition of the day. Values in ug/m3, CO in mg/m3; null is missing.
    """
    parts = {"hour": stations_now, "day": cities_now}
    frames = [read(viewer) for name, read in parts.items() if basis in (None, name)]
    table = pl.concat(frames, how="diagonal_relaxed").drop("^iaqi_.*$")
    return table_response(table, format, name="now")


def stations_now(viewer: Viewer) -> pl.DataFrame:
    """The newest hour of all stations that reported in the last day, see `now`, with `iaqi_<item>`; by code."""
    return Memory(viewer)("stations now", lambda: _stations(viewer))


def cities_now(viewer: Viewer) -> pl.DataFrame:
    """The last published day of all cities, see `now`, with `iaqi_<item>`; by code."""
    return Memory(viewer)("cities now", lambda: _cities(viewer))


def _stations(viewer: Viewer) -> pl.DataFrame:
    end = viewer.now.replace(minute=0, second=0, microsecond=0)
    stations = {station.code: station for station in PlaceStore(viewer.platform.engine).stations(on=viewer.today)}
    # 24 hours for the coverage and 24 more before them, on which their rolling means rest.
    read = Air(viewer.platform).hourly(list(stations), end - 2 * LOOK_BACK, end, viewer.now)
    recent = read.filter((pl.col("time") >= end - LOOK_BACK) & pl.any_horizontal(pl.col(POLLUTANTS).is_not_null()))
    if recent.is_empty():
        return pl.DataFrame(schema=_schema("hour"))
    newest = recent["time"].max()
    judged = aqi.hourly(rolling(read)).filter(pl.col("time") == newest)
    present = pl.sum_horizontal(pl.col(name).count() for name in POLLUTANTS)
    expected = LOOK_BACK // dt.timedelta(hours=1) * len(POLLUTANTS)
    covered = recent.group_by("place").agg((present * 100 / expected).round(1).alias("coverage"))
    return _where(
        covered.join(judged, on="place", how="left").with_columns(pl.lit(newest, judged.schema["time"]).alias("time")),
        [(s.code, s.name, f"station {s.kind}", s.region, s.lon, s.lat) for s in stations.values()],
        "hour",
    )


def _cities(viewer: Viewer) -> pl.DataFrame:
    store = PlaceStore(viewer.platform.engine)
    cities = {region.code: region for region in store.regions("city")}
    since = viewer.today - dt.timedelta(days=DAYS_BACK)
    daily = Air(viewer.platform).daily(list(cities), since, viewer.today, viewer.now)
    last = daily.filter(pl.col("aqi").is_not_null()).sort("date").group_by("place").last()
    if last.is_empty():
        return pl.DataFrame(schema=_schema("day"))
    middles = _middles(store, list(cities))
    return _where(
        last, [(c.code, c.name, c.kind, c.parent, *middles.get(c.code, (None, None))) for c in cities.values()], "day"
    )


def _middles(store: PlaceStore, cities: list[str]) -> dict[str, tuple[float, float]]:
    """Where a city's value is drawn: the middle of its stations, which is where its people live."""
    stations = {station.code: station for station in store.stations()}
    found = {}
    for city, codes in store.memberships(cities).items():
        inside = [stations[code] for code in codes if code in stations]
        if inside:
            found[city] = (sum(s.lon for s in inside) / len(inside), sum(s.lat for s in inside) / len(inside))
    return found


def _where(values: pl.DataFrame, places: list[tuple[object, ...]], basis: Basis) -> pl.DataFrame:
    known = pl.DataFrame(places, schema=_PLACE, orient="row")
    table = known.join(values, on="place", how="inner").with_columns(pl.lit(basis).alias("basis"))
    return table.select(name for name in _schema(basis) if name in table.columns).sort("place")


_PLACE = {"place": pl.String, "name": pl.String, "kind": pl.String, "region": pl.String} | dict.fromkeys(
    ("lon", "lat"), pl.Float64
)


def _schema(basis: Basis) -> dict[str, pl.DataType | type[pl.DataType]]:
    hour = basis == "hour"
    items = (*POLLUTANTS, "o3_8h", "pm10_24h", "pm25_24h") if hour else (*POLLUTANTS, "o3_8h", "o3_1h")
    subs = aqi.HOURLY_SUB_INDICES if hour else aqi.DAILY_SUB_INDICES
    types: dict[str, pl.DataType | type[pl.DataType]] = {**_PLACE, "basis": pl.String}
    types["time" if hour else "date"] = pl.Datetime("us", "UTC") if hour else pl.Date
    types |= dict.fromkeys(items, pl.Float64)
    types |= {"aqi": pl.UInt16, "level": pl.UInt8, "primary": pl.List(pl.String)}
    types |= dict.fromkeys((f"iaqi_{name}" for name in subs), pl.UInt16)
    types["coverage" if hour else "origin"] = pl.Float64 if hour else pl.String
    return types


def level_of_hour(item: str, value: float | None, day: dt.date) -> int | None:
    """The level number of one pollutant's hour by itself: where its value stands in the row of breakpoints that the
    edition of `day` holds for it (particles have no hourly row; theirs is that of 24 hours).
    """
    if value is None:
        return None
    row = next(sub.row for sub in aqi.on(day).hourly if sub.item == item)
    found = aqi.level_of(row.iaqi(int(half_even(value, row.decimals).scaleb(row.decimals))))
    return found.number if found else None
