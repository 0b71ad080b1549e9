"""What weather forecasts lately got wrong at the stations 气象订正, taken out before the statistics read them.

By station, lead and hour of the day: the mean of what was observed less what was forecast, in the issues of the last
weeks, as far as it was known at the issue. The wind's speed is corrected by a factor, so that a calm stays one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from lantian.kernel.settings import TIMEZONE

CORRECTED: Final = ("temperature", "pressure", "dew_point", "wind_speed")
"""What is corrected of `history.WEATHER`: the rain's errors are not such as a mean tells, and a direction's mean error
means little where winds are weak."""
RECENT: Final = timedelta(days=30)
"""Issues that are looked at: a bias changes with the season, and when the model is renewed."""
DOUBT: Final = 7.0
"""The mean counts as if so many more issues had shown no error. Judgement: best where a bias is some 40 % of the
scatter of single errors, as 1 / 0.4 squared is about 7."""
_CALM: Final = 0.5
"""m/s added to a speed before its logarithm."""


def corrected(given: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """A weather forecast at the stations with its late errors taken out.

    Args:
        given: ``issue, place, time`` and `history.WEATHER`, of one issue, as the files have it.
        before: ``issue, place, time``, `CORRECTED` as files had it and ``<name>_observed`` as it was measured, of the
            issues before: nothing that was not known at this one. Null where not measured.

    Returns:
        ``given`` with ``<name>_used`` of each of `CORRECTED`, and ``issues``, the most on which a correction of that
        hour rests. Without any the digits are those of the files. The dew point is never above the temperature, a
        speed never below nothing.
    """
    errors = [
        (_scaled(pl.col(f"{name}_observed"), name) - _scaled(pl.col(name), name)).alias(name) for name in CORRECTED
    ]
    found = (
        before.select(*_slot(), *errors)
        .group_by("place", "lead", "hour")
        .agg(
            *((pl.col(name).sum() / (pl.col(name).count() + DOUBT)).alias(f"{name}_error") for name in CORRECTED),
            issues=pl.max_horizontal(pl.col(name).count() for name in CORRECTED),
        )
    )
    slots = given.with_columns(_slot()[1:])
    both = slots.join(found, on=("place", "lead", "hour"), how="left", maintain_order="left")
    used = both.with_columns(
        pl.when(pl.col(f"{name}_error").fill_null(0.0) == 0.0)
        .then(name)
        .otherwise(_unscaled(_scaled(pl.col(name), name) + pl.col(f"{name}_error"), name))
        .alias(f"{name}_used")
        for name in CORRECTED
    ).with_columns(
        pl.when(pl.col("issues").is_null())
        .then("dew_point_used")
        .otherwise(pl.min_horizontal("dew_point_used", "temperature_used"))
        .alias("dew_point_used"),
        pl.col("issues").fill_null(0).cast(pl.Int64),
    )
    return used.select(*given.columns, *(f"{name}_used" for name in CORRECTED), "issues")


def as_used(corrected: pl.DataFrame) -> pl.DataFrame:
    """The frame that the statistics read: ``place, time`` and `history.WEATHER`, corrected."""
    return corrected.drop("issue", "issues", *CORRECTED).rename({f"{name}_used": name for name in CORRECTED})


@dataclass(frozen=True)
class Size:
    """How large a correction is, over all stations and hours of an issue.

    Attributes:
        issues: the most on which a correction rests.
        mean: item of `CORRECTED` -> mean of used less given, house units; ``absolute``: of its absolute value. An item
            that no hour has is not there.
    """

    issues: int
    mean: Mapping[str, float]
    absolute: Mapping[str, float]


def size(corrected: pl.DataFrame) -> Size | None:
    """How large a correction is; None where nothing was corrected."""
    issues = corrected["issues"].max()
    if not isinstance(issues, int) or issues == 0:
        return None
    changes = corrected.select((pl.col(f"{name}_used") - pl.col(name)).alias(name) for name in CORRECTED)
    means, sizes = (frame.mean().row(0, named=True) for frame in (changes, changes.select(pl.all().abs())))
    return Size(issues, *({name: one for name, one in found.items() if one is not None} for found in (means, sizes)))


def _slot() -> list[pl.Expr]:
    """Station, lead in natural days of Beijing, hour of the day."""
    issue, time = (pl.col(name).dt.convert_time_zone(str(TIMEZONE)) for name in ("issue", "time"))
    lead = (time.dt.date() - issue.dt.date()).dt.total_days()
    return [pl.col("place"), lead.alias("lead"), time.dt.hour().alias("hour")]


def _scaled(column: pl.Expr, name: str) -> pl.Expr:
    return (column + _CALM).log() if name == "wind_speed" else column


def _unscaled(column: pl.Expr, name: str) -> pl.Expr:
    return (column.exp() - _CALM).clip(0) if name == "wind_speed" else column
