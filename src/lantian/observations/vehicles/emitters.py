"""Who emits too much again and again: the rule of two exceedances. Pure frames."""

from __future__ import annotations

from typing import Final

import polars as pl

from lantian.observations.vehicles.limits import POLLUTANTS, Limits

ZONE = "Asia/Shanghai"
PASSINGS: Final = pl.Schema({
    "gate": pl.String(), "time": pl.Datetime("us", "UTC"), "plate": pl.String(), "vehicle": pl.String(),
    "fuel": pl.String(), "co": pl.Float64(), "hc": pl.Float64(), "no": pl.Float64(), "co2": pl.Float64(),
    "opacity": pl.Float64(), "blackness": pl.Float64(), "valid": pl.Boolean(),
})  # fmt: skip
"""Columns of passings that the rules use: CO and CO2 in %, HC (as propane) and NO in ppm, opacity in %."""

STATES = ("confirmed", "repeated", "once")
"""Confirmed by the rule; twice or more but not so; one exceedance."""


def judged(passings: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Every valid value that has a limit.

    ``plate, vehicle, fuel, gate, time, pollutant, value, limit, unit, role,
    exceeds``. A measurement counts where the instrument calls it valid and the limit is in force.
    """
    known = pl.DataFrame(
        [(one.fuel, one.pollutant, one.value, one.unit, one.role, one.since) for one in limits.limits],
        schema={"fuel": pl.String, "pollutant": pl.String, "limit": pl.Float64, "unit": pl.String, "role": pl.String,
                "since": pl.Date},
        orient="row",
    )  # fmt: skip
    long = (
        passings.filter(pl.col("valid").fill_null(True))
        .select("plate", "vehicle", "fuel", "gate", "time", *POLLUTANTS)
        .unpivot(index=["plate", "vehicle", "fuel", "gate", "time"], variable_name="pollutant", value_name="value")
        .drop_nulls("value")
        .join(known, on=["fuel", "pollutant"])
    )
    in_force = pl.col("time").dt.convert_time_zone(ZONE).dt.date() >= pl.col("since")
    return (
        long.filter(in_force)
        .sort("since")  # of several editions the latest
        .unique(["plate", "gate", "time", "pollutant"], keep="last", maintain_order=True)
        .with_columns((pl.col("value") > pl.col("limit")).alias("exceeds"))
        .drop("since")
        .sort("plate", "pollutant", "time", "gate")
    )


def unjudged(passings: pl.DataFrame | pl.LazyFrame, limits: Limits) -> pl.DataFrame:
    """Vehicles of which no valid value could be held against a limit that decides, by fuel: ``fuel, vehicles,
    passings``, the most first. Electric ones have nothing to judge and are left out.
    """
    day = pl.col("time").dt.convert_time_zone(ZONE).dt.date()
    held = [
        (pl.col("fuel") == one.fuel) & pl.col(one.pollutant).is_not_null() & (day >= one.since)
        for one in limits.limits
        if one.role == "decides"
    ]
    able = pl.any_horizontal(pl.lit(False), *held) & pl.col("valid").fill_null(True)
    each = passings.lazy().filter(pl.col("fuel") != "electric").group_by("plate").agg(
        pl.col("fuel").last(), able.any().alias("able"), pl.len().cast(pl.Int64).alias("passings")
    )  # fmt: skip
    return (
        each.filter(~pl.col("able"))
        .group_by("fuel")
        .agg(pl.len().cast(pl.Int64).alias("vehicles"), pl.col("passings").sum())
        .collect(engine="streaming")
        .sort("vehicles", "fuel", descending=[True, False])
    )


def exceedances(found: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The exceedances of `judged`, each with ``confirms``: with it the rule of the last ones is met."""
    rule, keys = limits.confirmed, ["plate", "pollutant"]
    ordered = found.sort(*keys, "time", "gate")
    run = (~pl.col("exceeds")).cum_sum().over(keys) if rule.consecutive else pl.lit(0)
    over = ordered.with_columns(run.alias("run")).filter(pl.col("exceeds"))
    local = pl.col("time").dt.convert_time_zone(ZONE)
    first = local.shift(rule.exceedances - 1).over(*keys, "run")
    met = (first.dt.offset_by(f"{rule.months}mo") >= local) & (pl.col("role") == "decides")
    return over.with_columns(met.fill_null(False).alias("confirms")).drop("run")


def suspects(passings: pl.LazyFrame, limits: Limits) -> pl.LazyFrame:
    """The passings of vehicles of which any value that decides passed any limit: all that `emitters` has to look at."""
    over = [
        (pl.col("fuel") == one.fuel) & (pl.col(one.pollutant) > one.value)
        for one in limits.limits
        if one.role == "decides"
    ]
    plates = passings.filter(pl.any_horizontal(over) if over else pl.lit(False)).select("plate").unique()
    return passings.join(plates, on="plate", how="semi")


def emitters(passings: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Vehicles with an exceedance, the worst first.

    Args:
        passings: as `PASSINGS`, all of the months that the rule looks at, no later than the moment asked about; of
            very many vehicles those of `suspects` are enough.
        limits: limits and rule.

    Returns:
        ``rank, plate, vehicle, fuel, state`` (of `STATES`), ``pollutants`` (list, those confirmed first),
        ``exceedances, worst`` (largest value over its limit), ``worst_pollutant, worst_value, worst_limit, unit``,
        ``first, last`` (of the exceedances), ``confirmed_at`` (null: not confirmed), ``passings``.
    """
    over = exceedances(judged(passings, limits), limits)
    counted = over.filter(pl.col("role") == "decides")
    ratio = pl.col("value") / pl.col("limit")
    top = ratio.arg_max()
    of = counted.group_by("plate").agg(
        pl.col("vehicle").last(),
        pl.col("fuel").last(),
        pl.col("confirms").any().alias("confirmed"),
        pl.col("pollutant")
        .sort_by(["confirms", "time"], descending=True)
        .unique(maintain_order=True)
        .alias("pollutants"),
        pl.len().cast(pl.Int64).alias("exceedances"),
        ratio.max().alias("worst"),
        pl.col("pollutant").get(top).alias("worst_pollutant"),
        pl.col("value").get(top).alias("worst_value"),
        pl.col("limit").get(top).alias("worst_limit"),
        pl.col("unit").get(top),
        pl.col("time").min().alias("first"),
        pl.col("time").max().alias("last"),
        pl.col("time").filter(pl.col("confirms")).min().alias("confirmed_at"),
        pl.col("pollutant").value_counts().struct.field("count").max().alias("same"),
    )
    state = (
        pl.when(pl.col("confirmed"))
        .then(pl.lit("confirmed"))
        .when(pl.col("same") > 1)
        .then(pl.lit("repeated"))
        .otherwise(pl.lit("once"))
    )
    seen = passings.group_by("plate").agg(pl.len().cast(pl.Int64).alias("passings"))
    order = pl.col("state").replace_strict({name: at for at, name in enumerate(STATES)}, return_dtype=pl.Int64)
    ranked = (
        of.with_columns(state.alias("state"))
        .join(seen, on="plate", how="left")
        .with_columns(order.alias("order"))
        .sort("order", "exceedances", "worst", "passings", "plate", descending=[False, True, True, True, False])
    )
    return ranked.with_row_index("rank", 1).with_columns(pl.col("rank").cast(pl.Int64)).select(
        "rank", "plate", "vehicle", "fuel", "state", "pollutants", "exceedances", "worst", "worst_pollutant",
        "worst_value", "worst_limit", "unit", "first", "last", "confirmed_at", "passings",
    )  # fmt: skip
