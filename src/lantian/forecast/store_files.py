"""A run's products on the disk: Parquet files and, where the engine ran, the fields as Zarr.

Each time products are put, they stand in a new folder ``products-<revision>``: written under another name, every file
synced, then renamed. A reader meets all of them or none, and what was there before stays until the row names the new.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    import xarray as xr

_TIME = pl.Datetime("us", "UTC")
_KEY: dict[str, Any] = {"issue": _TIME, "source": pl.String, "place": pl.String}
_QUANTILES = ("q10", "q25", "q50", "q75", "q90")
_WEATHER = ("temperature", "pressure", "dew_point", "rain", "wind_direction", "wind_speed")
_USED = ("temperature_used", "pressure_used", "dew_point_used", "wind_speed_used")

SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "values": {**_KEY, "date": pl.Date, "lead": pl.Int64, "item": pl.String}
    | dict.fromkeys(("value", *_QUANTILES), pl.Float64),
    "outlook": {**_KEY, "date": pl.Date, "lead": pl.Int64}
    | dict.fromkeys(("aqi", "aqi_low", "aqi_high"), pl.UInt16)
    | dict.fromkeys(("level", "level_low", "level_high"), pl.UInt8)
    | {"primary": pl.List(pl.String)}
    | dict.fromkeys((f"p{level}" for level in range(1, 7)), pl.Float64),
    "hours": {**_KEY, "time": _TIME}
    | dict.fromkeys(("so2", "no2", "co", "o3", "pm10", "pm25", "pm25_24h", "pm10_24h", "o3_8h"), pl.Float64),
    "clearing": {**_KEY, "begins": _TIME, "cause": pl.String, "probability": pl.Float64, "wait_hours": pl.Float64},
    "shares": {"issue": _TIME, "place": pl.String, "date": pl.Date, "lead": pl.Int64, "item": pl.String}
    | {"source": pl.String, "share": pl.Float64, "bias": pl.Float64, "issues": pl.Int64},
    "weather": {"issue": _TIME, "place": pl.String, "time": _TIME}
    | dict.fromkeys((*_WEATHER, *_USED), pl.Float64)
    | {"issues": pl.Int64},
}
"""The products and their columns, as docs/design/forecast.md lays them down; concentrations in ug/m3, CO in mg/m3."""
OPTIONAL: Final = ("shares", "weather")
"""Products that not every run has; one that it has not reads as an empty one."""

FIELDS: Final = "fields.zarr"
FIELD_DIMS: Final = ("time", "item", "y", "x")
BACKGROUND_DAYS: Final = "background_days"
"""An attribute of the fields: days on which the air outside is the season's background alone, ``2016-12-18``."""
_WIND: Final = ("eastward_wind", "northward_wind")
_HOURS_A_CHUNK: Final = 24
_TEMPORARY: Final = ".tmp"


def products_folder(folder: Path, revision: int) -> Path:
    """Where the products of a revision stand in a run's folder."""
    return folder / f"products-{revision}"


def checked(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A product with its columns in order and of their types; NaN becomes missing.

    Raises:
        ValueError: a column is absent or cannot be brought to its type; the message names the product and the column.
    """
    schema = SCHEMAS[name]
    if absent := [column for column in schema if column not in frame.columns]:
        raise ValueError(f"{name}: no column {', '.join(absent)}; expected {', '.join(schema)}")
    try:
        cast = frame.select(pl.col(column).cast(kind) for column, kind in schema.items())
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{name}: {error}") from None
    return cast.with_columns(pl.selectors.float().fill_nan(None))


def checked_fields(fields: xr.Dataset) -> xr.Dataset:
    """The fields as they are stored: ``concentration`` (time, item, y, x) in float32 on ``lon``, ``lat`` (y, x).

    ``eastward_wind``, ``northward_wind`` (time, y, x) m s-1, true east and north, may stand beside them; attributes
    and the grid mapping are kept, other variables are not. Hours begin at ``time`` (UTC, no zone).

    Raises:
        ValueError: a dimension, coordinate or variable is not as expected; the message says which.
    """
    if "concentration" not in fields or fields["concentration"].dims != FIELD_DIMS:
        found = fields["concentration"].dims if "concentration" in fields else "nothing"
        raise ValueError(f"fields: expected concentration with dimensions {FIELD_DIMS}, got {found}")
    for name in ("lon", "lat"):
        if name not in fields.coords or fields[name].dims != ("y", "x"):
            raise ValueError(f"fields: expected a coordinate {name} with dimensions ('y', 'x')")
    winds = [name for name in _WIND if name in fields]
    for name in winds:
        if fields[name].dims != ("time", "y", "x"):
            raise ValueError(f"fields: expected {name} with dimensions ('time', 'y', 'x'), got {fields[name].dims}")
    kept = fields[["concentration", *winds]]
    return kept.astype("float32", keep_attrs=True)


def write_products(
    folder: Path, revision: int, frames: Mapping[str, pl.DataFrame], fields: xr.Dataset | None = None
) -> Path:
    """Write all products of a revision so that after a crash they are there whole or not at all; their folder."""
    target = products_folder(folder, revision)
    temporary = target.with_name(target.name + _TEMPORARY)
    for left in (temporary, target):  # of a writer that was killed before its row stood
        shutil.rmtree(left, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, frame in frames.items():
        frame.write_parquet(temporary / f"{name}.parquet")
    if fields is not None:
        _write_fields(fields, temporary / FIELDS)
    _sync_tree(temporary)
    temporary.replace(target)
    _sync(folder)
    _sync(folder.parent)
    return target


def drop_before(folder: Path, revision: int, kept: Collection[int] = ()) -> None:
    """Remove products older than the revision before this one, which a reader may have open; not ``kept`` ones."""
    for path in folder.glob("products-*"):
        number = path.name.removeprefix("products-").removesuffix(_TEMPORARY)
        if number.isdigit() and int(number) < revision - 1 and int(number) not in kept:
            shutil.rmtree(path, ignore_errors=True)


def read_product(folder: Path, revision: int, name: str) -> pl.LazyFrame:
    """One product, read when it is collected; empty where it is one of `OPTIONAL` that was not written."""
    path = products_folder(folder, revision) / f"{name}.parquet"
    if name in OPTIONAL and not path.exists():
        return pl.LazyFrame(schema=dict(SCHEMAS[name]))
    return pl.scan_parquet(path)


def has_fields(folder: Path, revision: int) -> bool:
    """Whether a revision has fields."""
    return (products_folder(folder, revision) / FIELDS).is_dir()


def open_fields(folder: Path, revision: int) -> xr.Dataset:
    """The fields of a revision, read when they are used.

    Raises:
        FileNotFoundError: there are none.
    """
    import xarray as xr  # a second to import, which only maps need

    path = products_folder(folder, revision) / FIELDS
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: this run has no fields")
    return xr.open_dataset(path, engine="zarr", consolidated=False)


def fields_told(folder: Path, revision: int) -> dict[str, Any]:
    """The attributes of the fields of a revision, read without opening them; empty where there are no fields."""
    path = products_folder(folder, revision) / FIELDS / "zarr.json"
    if not path.exists():
        return {}
    told: dict[str, Any] = json.loads(path.read_text("utf-8")).get("attributes", {})
    return told


def _write_fields(fields: xr.Dataset, path: Path) -> None:
    hours = min(_HOURS_A_CHUNK, fields.sizes["time"])
    plane = fields.sizes["y"], fields.sizes["x"]
    # A map wants one item over all hours, a point all items: a day of one item at a time serves both.
    chunks = {"concentration": (hours, 1, *plane)} | {name: (hours, *plane) for name in _WIND if name in fields}
    # Words of any length: Zarr's words of fixed length are not in its specification.
    bare = fields.drop_encoding().assign_coords(item=fields["item"].astype(object))
    encoding = {name: {"chunks": chunk} for name, chunk in chunks.items()}
    bare.to_zarr(path, mode="w", zarr_format=3, consolidated=False, encoding=encoding)


def _sync_tree(root: Path) -> None:
    for path in (*root.rglob("*"), root):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
