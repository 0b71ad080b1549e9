"""Which road emits most at which hour: what remote sensing measured, times what was counted. Pure frames.

Remote sensing sees ratios to CO2 in the plume. With Q = CO/CO2, Q' = HC/CO2, Q'' = NO/CO2 (by volume, HC as propane),
and a fuel of 860 g carbon a kg, the carbon balance gives g a kg of fuel::

    CO = 28 Q  · 860 / 12 / (1 + Q + 6 Q')      HC = 2 · 44 Q' · ...      NO = 30 Q'' · ...

(form of the University of Denver's remote sensing reports, Bishop and Stedman; from memory, MEDIUM). A road's emission
at an hour of the day is then, summed over the classes of vehicle c::

    E [g/(km·h)] = sum over c of  N_c [vehicles/h] · mean rate_c [g/kg fuel] · fuel use_c [kg/km]

N is the traffic count (mean over the days), the rate the mean over valid passings of that class at the road's gates in
that hour of the day; where fewer than `FEW` passed, of the road's whole day, then of all roads; ``basis`` says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import polars as pl

ZONE = "Asia/Shanghai"
FEW = 3
"""Fewer passings than this give no mean of their own."""

_CARBON = 860 / 12
RATES = ("co", "hc", "no")
"""Pollutants with a rate."""

ROAD_HOURS: Final = pl.Schema({
    "road": pl.String(), "hour": pl.Int64(), "pollutant": pl.String(), "emission": pl.Float64(), "flow": pl.Float64(),
    "rate": pl.Float64(), "passings": pl.Int64(), "basis": pl.String(),
})  # fmt: skip
"""Columns of `road_hours`: g/(km·h), vehicles/h, g/kg fuel (mean over the vehicles counted), measured passings."""


Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def rates(passings: Frame) -> Frame:
    """Passings with ``rate_co, rate_hc, rate_no``, g a kg of fuel; null where CO2 was not measured or is below 1 %.

    What an instrument gives below zero (noise) counts as it is: cut off, means would be too high.
    """
    carbon = pl.when(pl.col("co2") >= 1).then(pl.col("co2"))
    q, q1, q2 = pl.col("co") / carbon, pl.col("hc") / 1e4 / carbon, pl.col("no") / 1e4 / carbon
    whole = 1 + q.fill_null(0.0) + 6 * q1.fill_null(0.0)
    return passings.with_columns(
        (28 * q * _CARBON / whole).alias("rate_co"),
        (2 * 44 * q1 * _CARBON / whole).alias("rate_hc"),
        (30 * q2 * _CARBON / whole).alias("rate_no"),
    )


def road_hours(
    passings: pl.DataFrame | pl.LazyFrame, roads: Mapping[str, str], flow: pl.DataFrame, fuel_use: Mapping[str, float]
) -> pl.DataFrame:
    """Emissions by road and hour of the day, as `ROAD_HOURS`.

    Args:
        passings: as `emitters.PASSINGS`; only valid ones count. Millions of them are summed as they are read.
        roads: gate -> road.
        flow: ``road, time`` (hour, aware UTC) and one column of counts a class in ``fuel_use``.
        fuel_use: class of vehicle -> kg fuel a km.
    """
    hour = pl.col("time").dt.convert_time_zone(ZONE).dt.hour().cast(pl.Int64).alias("hour")
    road = pl.col("gate").replace_strict(dict(roads), default=None, return_dtype=pl.String).alias("road")
    sums = (
        rates(passings.lazy().filter(pl.col("valid").fill_null(True)))
        .group_by(road, hour, "vehicle")
        .agg(
            *(pl.col(f"rate_{name}").sum().alias(f"sum_{name}") for name in RATES),
            *(pl.col(f"rate_{name}").count().cast(pl.Int64).alias(f"count_{name}") for name in RATES),
        )
        .collect(engine="streaming")
        .sort("road", "hour", "vehicle")  # so that the same sums are added in the same order
    )
    seen = pl.concat(
        sums.select("road", "hour", "vehicle", pl.lit(name).alias("pollutant"), pl.col(f"sum_{name}").alias("sum"),
                    pl.col(f"count_{name}").alias("count"))
        for name in RATES
    ).filter(pl.col("count") > 0)  # fmt: skip
    counted = (
        flow.with_columns(hour)
        .unpivot(
            on=[name for name in fuel_use if name in flow.columns], index=["road", "hour"], variable_name="vehicle"
        )
        .group_by("road", "hour", "vehicle")
        .agg(pl.col("value").mean().alias("n"))
        .drop_nulls("n")
        .join(pl.DataFrame({"pollutant": list(RATES)}), how="cross")
    )
    for basis, keys in (("hour", ["road", "hour"]), ("road", ["road"]), ("all", [])):
        by = [*keys, "vehicle", "pollutant"]
        mean = seen.group_by(by).agg(
            (pl.col("sum").sum() / pl.col("count").sum()).alias(f"r_{basis}"),
            pl.col("count").sum().alias(f"p_{basis}"),
        )
        counted = counted.join(mean, on=by, how="left")
    enough = pl.col("p_hour").fill_null(0) >= FEW
    along = pl.col("p_road").fill_null(0) >= FEW
    counted = counted.with_columns(
        pl.when(enough).then("r_hour").when(along).then("r_road").otherwise("r_all").alias("rate"),
        pl.when(enough).then(pl.lit(0)).when(along).then(pl.lit(1)).otherwise(pl.lit(2)).alias("basis"),
        pl.col("vehicle").replace_strict(dict(fuel_use), return_dtype=pl.Float64).alias("use"),
    ).drop_nulls("rate")
    return (
        counted.group_by("road", "hour", "pollutant")
        .agg(
            (pl.col("n") * pl.col("rate") * pl.col("use")).sum().alias("emission"),
            pl.col("n").sum().alias("flow"),
            ((pl.col("n") * pl.col("rate")).sum() / pl.col("n").sum()).alias("rate"),
            pl.col("p_hour").fill_null(0).sum().alias("passings"),
            pl.col("basis").max().replace_strict({0: "hour", 1: "road", 2: "all"}, return_dtype=pl.String),
        )
        .with_columns(pl.col("rate").fill_nan(None))
        .select(*ROAD_HOURS)
        .cast(ROAD_HOURS)
        .sort("road", "pollutant", "hour")
    )
