"""Other models beside ours 同行模式: files of WRF-CMAQ, WRF-Chem and CAMS as sources in the same tables.

    found = peers.read("CCTM_combined.nc")  # which model wrote it is found by looking
    frames = peers.at_places(found, stations, members, issue=issue, source="CMAQ")
    frames.values, frames.hours  # verified and shown like our own

Stations take their value from the four cells around them (bilinear); a city is the mean of its stations, hour by
hour, and its days follow by the law's statistics. Nothing is calibrated: a peer is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.forecast.peers_files import KINDS, PeerError, PeerFields, files
from lantian.forecast.peers_points import Stencil
from lantian.places.stations import Station
from lantian.standards import statistics
from lantian.standards.codes import POLLUTANTS

__all__ = ["KINDS", "PeerError", "PeerFields", "PeerFrames", "at_places", "check_name", "read"]

OURS = ("lantian", "model", "statistics", "persistence", "duty")
"""Names that a peer may not take."""
DAILY = ("so2", "no2", "co", "o3_8h", "pm10", "pm25")
QUANTILES = ("q10", "q25", "q50", "q75", "q90")
FURTHEST = 15
"""Days ahead that are kept."""

Array = NDArray[np.float64]
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True)
class PeerFrames:
    """A peer's ``values`` and ``hours`` as docs/design/forecast.md has them, without quantiles; ``notes``: what was
    assumed; ``outside``: stations that lie beyond its grid.
    """

    values: pl.DataFrame
    hours: pl.DataFrame
    notes: tuple[str, ...]
    outside: tuple[str, ...]


def read(paths: str | Path | Iterable[str | Path], *, kind: str | None = None) -> list[PeerFields]:
    """The concentrations near the ground in one or several files of one model.

    ``kind``: one of `KINDS` where looking should not decide. Raises `PeerError` for a file that is not understood; the
    message names the file, the variable, what is there and what would be right.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise PeerError("no file is given")
    return [found for path in given for found in files(Path(path), kind)]


def at_places(
    found: Sequence[PeerFields],
    stations: Sequence[Station],
    members: Mapping[str, Sequence[str]],
    *,
    issue: datetime,
    source: str,
) -> PeerFrames:
    """Values and hours of stations and cities from a peer's fields.

    Parameters
    ----------
    found
        Of `read`; parts may hold other hours or other pollutants. A later part goes before an earlier one.
    stations, members
        The stations, and region code -> codes of the stations that count for it.
    issue
        When the peer's forecast was issued; hours before it are left out, lead 1 is the natural day after its own.
    source
        The peer's name.

    Raises
    ------
    PeerError
        No station lies on the grid, or no hour after the issue.
    """
    check_name(source)
    issue = issue.astimezone(UTC)
    parts, outside = [], set[str]()
    for one in found:
        stencil = Stencil.of(one.lon, one.lat, [(each.lon, each.lat) for each in stations])
        outside |= {each.code for each, inside in zip(stations, stencil.inside, strict=True) if not inside}
        parts.append(_hours_of(one, stations, stencil))
    hours = _joined(parts).filter(pl.col("time") >= issue)
    if hours.is_empty():
        raise PeerError(
            f"{found[0].told}: none of {len(stations)} stations lies on its grid, or none of its hours is after "
            f"{issue.isoformat()}"
        )
    known = [item for item in POLLUTANTS if item in hours.columns]
    held = set(hours["place"])
    there = {region: [code for code in codes if code in held] for region, codes in members.items()}
    cities = {region: codes for region, codes in there.items() if codes}
    both = [hours]
    if cities:
        both.append(statistics.city(hours, cities).select("place", "time", *known))
    everywhere = pl.concat(both)
    days = statistics.daily(everywhere)
    return PeerFrames(
        values=_values(days, issue, source),
        hours=_labelled(everywhere, issue, source),
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
        outside=tuple(sorted(outside)),
    )


def check_name(source: str) -> None:
    """Refuse a name that is ours, empty, or no plain word: it stands in addresses and file names."""
    plain = source.replace("-", "").replace("_", "").replace(".", "")
    if source.lower() in OURS or not plain.isascii() or not plain.isalnum() or len(source) > 40:
        raise PeerError(
            f"name {source!r}: a peer is called by letters, digits, - _ . (at most 40), such as CMAQ; "
            f"{', '.join(OURS)} are ours"
        )


def _hours_of(one: PeerFields, stations: Sequence[Station], stencil: Stencil) -> pl.DataFrame:
    """Rows of the stations on the grid: ``place, time`` and items."""
    codes = [each.code for each, inside in zip(stations, stencil.inside, strict=True) if inside]
    series = {item: stencil.apply(field) for item, field in one.fields.items()}
    times = one.times
    if one.instant:
        moments = times
        times = np.arange(_ceiling(moments[0]), moments[-1], _HOUR)
        series = {item: _hourly_means(moments, values, times) for item, values in series.items()}
    stamps = pl.Series("time", times.astype("datetime64[us]")).dt.replace_time_zone("UTC")
    columns: dict[str, Any] = {
        "place": np.tile(np.array(codes, object), len(times)),
        "time": stamps.gather(np.repeat(np.arange(len(times)), len(codes))),
        **{item: values.ravel() for item, values in series.items()},
    }
    return pl.DataFrame(columns, schema_overrides={"place": pl.String}).with_columns(
        pl.col(list(series)).fill_nan(None).clip(0)
    )


def _hourly_means(moments: NDArray[np.datetime64], values: Array, hours: NDArray[np.datetime64]) -> Array:
    """Means of hours of what goes straight from moment to moment: (hours, n) from (moments, n)."""
    axis = moments.astype("datetime64[s]").astype(float)
    wanted = np.append(hours, hours[-1:] + _HOUR).astype("datetime64[s]").astype(float)
    ends = np.column_stack([np.interp(wanted, axis, column) for column in values.T])
    found: Array = (ends[:-1] + ends[1:]) / 2
    return found


def _ceiling(moment: np.datetime64) -> np.datetime64:
    whole: np.datetime64 = moment.astype("datetime64[h]").astype("datetime64[s]")
    return whole if whole == moment else whole + _HOUR


def _joined(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row a place and hour; a later part goes before an earlier one, item by item."""
    everything = pl.concat([part.with_columns(part=pl.lit(k)) for k, part in enumerate(parts)], how="diagonal")
    items = [item for item in POLLUTANTS if item in everything.columns]
    return (
        everything.sort("part", descending=True)
        .group_by("place", "time", maintain_order=True)
        .agg(pl.col(item).drop_nulls().first() for item in items)
        .sort("place", "time")
    )


def _values(days: pl.DataFrame, issue: datetime, source: str) -> pl.DataFrame:
    first = issue.astimezone(_SHANGHAI).date()
    present = [item for item in DAILY if item in days.columns]
    long = days.unpivot(present, index=("place", "date"), variable_name="item").drop_nulls("value")
    return (
        long.select(
            pl.lit(issue).cast(pl.Datetime("us", "UTC")).alias("issue"),
            pl.lit(source).alias("source"),
            "place",
            "date",
            (pl.col("date") - pl.lit(first)).dt.total_days().cast(pl.Int16).alias("lead"),
            "item",
            "value",
            *(pl.lit(None, pl.Float64).alias(name) for name in QUANTILES),
        )
        .filter(pl.col("lead").is_between(1, FURTHEST))
        .sort("place", "date", "item")
    )


def _labelled(hours: pl.DataFrame, issue: datetime, source: str) -> pl.DataFrame:
    """Hours with all columns of the product, the moving means over the forecast's own hours among them."""
    moving = statistics.rolling(hours)
    absent = [name for name in (*POLLUTANTS, "pm25_24h", "pm10_24h", "o3_8h") if name not in moving.columns]
    return moving.select(
        pl.lit(issue).cast(pl.Datetime("us", "UTC")).alias("issue"),
        pl.lit(source).alias("source"),
        pl.all(),
        *(pl.lit(None, pl.Float64).alias(name) for name in absent),
    )
