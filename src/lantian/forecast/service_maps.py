"""Maps of a run's fields: frames for a screen, the wind over them, and the hours of one point.

A frame holds a byte a cell: half the one-hour sub-index of its concentration, rounded up, so that every level of
HJ 633 ends between two bytes. Hours of particles have no limits of their own in the 2012 edition and are set against
those of 24 hours. Cells keep their own grid; where they lie on the map says a mesh of longitudes and latitudes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.breakpoints import IAQI, TOP, Row
from lantian.standards.codes import POLLUTANTS

if TYPE_CHECKING:
    import xarray as xr

MISSING: Final = 255
"""The byte of a cell without a value."""
STEP: Final = 2
"""Sub-index a byte."""
WIND_STEP: Final = 0.25
"""m/s of a signed byte of wind."""
_MESH: Final = 24
_ARROWS: Final = 18
_NEAR: Final = 0.75
"""Sides of a cell from the nearest centre within which a point counts as inside: a corner is 0.71 away."""
_DEGREE: Final = 111.2
"""km a degree of latitude."""
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Sheet:
    """Where the frames of a run lie and when.

    Attributes:
        times: beginnings of the hours (aware, UTC), one frame each.
        items: what there are frames of; ``aqi`` first.
        nx, ny: cells of a frame; the first row is the southernmost.
        lon, lat: corners of the mesh, row by row, degrees; ``u``, ``v`` their places in the frame, 0 to 1.
        columns: corners in a row of the mesh.
        bounds: west, south, east, north.
        wind_lon, wind_lat: where arrows stand; empty without wind.
    """

    times: list[datetime]
    items: list[str]
    nx: int
    ny: int
    columns: int
    lon: list[float]
    lat: list[float]
    u: list[float]
    v: list[float]
    bounds: tuple[float, float, float, float]
    wind_lon: list[float]
    wind_lat: list[float]


def sheet(fields: xr.Dataset) -> Sheet:
    """What a screen must know before it draws the frames of stored fields."""
    lon, lat = fields["lon"].to_numpy(), fields["lat"].to_numpy()
    ny, nx = lon.shape
    rows, columns = _marks(ny, _MESH), _marks(nx, _MESH)
    corners = np.ix_(rows, columns)
    v, u = np.meshgrid((rows + 0.5) / ny, (columns + 0.5) / nx, indexing="ij")
    arrows = _arrows(fields) if "eastward_wind" in fields else None
    return Sheet(
        times=_times(fields),
        items=["aqi", *(item for item in POLLUTANTS if item in fields["item"].to_numpy())],
        nx=nx,
        ny=ny,
        columns=len(columns),
        lon=_short(lon[corners], 5),
        lat=_short(lat[corners], 5),
        u=_short(u, 5),
        v=_short(v, 5),
        bounds=(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())),
        wind_lon=[] if arrows is None else _short(lon[arrows], 4),
        wind_lat=[] if arrows is None else _short(lat[arrows], 4),
    )


def frames(fields: xr.Dataset, item: str) -> bytes:
    """All frames of an item, hour after hour, each from south to north and west to east, a byte a cell.

    ``item``: one of the pollutants, or ``aqi``: the largest of all that are there.

    Raises:
        KeyError: the fields have no such item.
    """
    day = _times(fields)[0].astimezone(TIMEZONE).date()
    held = [str(name) for name in fields["item"].to_numpy()]
    if item != "aqi" and item not in held:
        raise KeyError(f"no fields of {item!r}; there are {', '.join(held)}")
    wanted = [name for name in held if name in POLLUTANTS] if item == "aqi" else [item]
    made: Bytes | None = None
    for name in wanted:
        one = _bytes(fields["concentration"].sel(item=name).to_numpy(), _row(name, day))
        # What is missing of one pollutant does not hide the others.
        made = one if made is None else np.where((made == MISSING) | ((one != MISSING) & (one > made)), one, made)
    if made is None:
        raise KeyError("the fields hold none of the six pollutants")
    return made.tobytes()


def sub_indices(values: NDArray[Any], item: str, day: date) -> NDArray[np.float64]:
    """Sub-indices of one pollutant's hours by themselves, as in the frames, of any shape; NaN is missing."""
    return _indices(values, _row(item, day))


def index_of_hours(hours: pl.DataFrame, day: date) -> NDArray[np.float64]:
    """The largest sub-index of each row's pollutants, as in the frames of ``aqi``; NaN where all are missing."""
    parts = [sub_indices(hours[item].cast(pl.Float64).to_numpy(), item, day) for item in POLLUTANTS]
    return np.asarray(np.fmax.reduce(parts))


def winds(fields: xr.Dataset) -> bytes:
    """The wind at the arrows of `sheet`, hour after hour: eastward and northward, a signed byte each."""
    where = _arrows(fields)
    parts = [fields[name].to_numpy()[:, where[0], where[1]] for name in ("eastward_wind", "northward_wind")]
    both = np.stack([np.nan_to_num(part) for part in parts], axis=-1) / WIND_STEP
    return np.clip(np.rint(both), -127, 127).astype(np.int8).tobytes()


def point(fields: xr.Dataset, lon: float, lat: float) -> pl.DataFrame | None:
    """The hours of the cell that holds a point: ``time`` and the items, ug/m3, CO mg/m3; None outside the fields."""
    east = (fields["lon"].to_numpy() - lon) * np.cos(np.radians(lat)) * _DEGREE
    north = (fields["lat"].to_numpy() - lat) * _DEGREE
    distance = np.hypot(east, north)
    j, i = np.unravel_index(int(distance.argmin()), distance.shape)
    side = max(float(np.hypot(np.diff(east, axis=k), np.diff(north, axis=k)).max(initial=1.0)) for k in (0, 1))
    if distance[j, i] > _NEAR * side:
        return None
    values = fields["concentration"].isel(y=int(j), x=int(i)).to_numpy()
    held = [str(name) for name in fields["item"].to_numpy()]
    columns = {name: values[:, number].astype(np.float64) for number, name in enumerate(held)}
    frame = pl.DataFrame({"time": _times(fields)} | columns, schema_overrides={"time": pl.Datetime("us", "UTC")})
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def legend(item: str, day: date) -> list[float]:
    """The concentrations at which the levels of an item's hour end (five numbers), or the index itself for ``aqi``."""
    if item == "aqi":
        return list(IAQI[1:6])
    row = _row(item, day)
    return [node / 10**row.decimals for node in row.nodes[1:6]]


def _row(item: str, day: date) -> Row:
    return next(sub.row for sub in aqi.on(day).hourly if sub.item == item)


def _bytes(values: NDArray[Any], row: Row) -> Bytes:
    indices = _indices(values, row)
    halves = np.where(np.isfinite(indices), np.ceil(indices / STEP), MISSING)
    return halves.astype(np.uint8)


def _indices(values: NDArray[Any], row: Row) -> NDArray[np.float64]:
    """Sub-indices of concentrations rounded to their published digits (half to even); NaN stays NaN."""
    # What lies above a row that ends early (SO2 of 2012, judged by 24 hours then) is shown at the row's end.
    beyond = TOP if row.reaches_top else IAQI[len(row.nodes) - 1]
    table = row.table.fill_null(beyond).to_numpy().astype(np.float64)
    known = np.isfinite(values)
    whole = np.rint(np.where(known, values, 0.0) * 10**row.decimals).clip(0, row.last + 1).astype(np.intp)
    return np.where(known, table[whole], np.nan)


def _marks(cells: int, most: int) -> NDArray[np.intp]:
    """Cells at even distances, the first and the last among them."""
    return np.unique(np.linspace(0, cells - 1, min(cells, most + 1)).round().astype(np.intp))


def _arrows(fields: xr.Dataset) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    every = max(1, -(-max(fields.sizes["y"], fields.sizes["x"]) // _ARROWS))
    rows, columns = (np.arange(every // 2, fields.sizes[name], every) for name in ("y", "x"))
    j, i = np.meshgrid(rows, columns, indexing="ij")
    return j.ravel(), i.ravel()


def _times(fields: xr.Dataset) -> list[datetime]:
    seconds = fields["time"].to_numpy().astype("datetime64[s]").astype(np.int64)
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    return [begin + timedelta(seconds=int(second)) for second in seconds]


def _short(values: Iterable[Any], digits: int) -> list[float]:
    return [round(float(value), digits) for value in np.ravel(np.asarray(values))]
