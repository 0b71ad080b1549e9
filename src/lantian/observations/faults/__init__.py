"""Faults put into a real series: what instruments do when they break, and what people do to them.

In: a frame of measured values, which fault, where and when. Out: the frame with the fault in it and, row by row, the
truth. The simulator spoils its devices with it, and the proofs of quality control and of falsification screening count
how many of the injected faults they find. Pure: no file, database or clock; the same seed gives the same fault.

A frame is **wide** (``time``, one column an item, perhaps ``place`` or ``device``) or **long** (``time``, ``item``,
``value``, perhaps ``place`` or ``device`` and ``flag``); its rows keep their number and order. Missing is null: a gap
is a null, not a row less. Results keep the decimals of the series and do not go below zero where it never did, so that
no detector can tell a fault by its digits.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.observations.faults.kinds import AIR_OXYGEN, DOES, KINDS, Case, Kind, Others
from lantian.observations.faults.series import Injected, Series

__all__ = ["KINDS", "Injected", "Kind", "inject"]


def inject(
    frame: pl.DataFrame,
    kind: str,
    *,
    item: str,
    start: datetime,
    end: datetime,
    seed: int,
    place: str | None = None,
    **sizes: Any,
) -> Injected:
    """Put one fault into the values of ``item`` with ``start <= time < end``.

    ``place`` says which place or device of a frame that has several. ``sizes`` are those of the kind (``KINDS``),
    others are refused. Nothing known in the period: the frame as it is, truth false throughout. ValueError names what
    is missing or unknown.
    """
    if kind not in KINDS:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
    known = KINDS[kind].sizes
    for name in sizes:
        if name not in known:
            raise ValueError(f"fault {kind} has no size {name!r}; it has {', '.join(known) or 'none'}")
    series = Series(frame, place)
    rows = series.rows(item, start, end)
    given = {**known, **sizes}
    nothing = pl.Series("truth", np.zeros(frame.height, dtype=bool))
    if not rows.size or np.isnan(series.values(item)[rows]).all():
        return Injected(frame, nothing, nothing.alias("changed"))
    random = np.random.default_rng(seed)
    days = (series.times[rows] - series.times[rows[0]]) / 86400e6
    others = Others(
        lambda lag: series.at(item, rows, timedelta(days=lag)),
        lambda other: series.beside(item, rows, other, random),
    )
    case = Case(days, series.values(item)[rows], random, given, others)
    series.write(item, rows, DOES[kind](case), case.struck)
    if kind == "oxygen_dilution":
        _dilute(series, rows[case.struck], start, end, given)
    flag = "C" if kind == "calibration_abuse" else None
    return series.injected(rows[case.struck], flag)


def _dilute(series: Series, rows: NDArray[np.int64], start: datetime, end: datetime, sizes: dict[str, Any]) -> None:
    """Let the air into what else hangs on the same line: oxygen rises, other gases fall."""
    air, when = float(sizes["air"]), series.times[rows]
    for other in (sizes["oxygen"], *sizes["also"]):
        if not series.has(other):
            raise ValueError(f"fault oxygen_dilution: the frame has no item {other!r}; name oxygen's with oxygen=")
        beside = series.rows(other, start, end)
        beside = beside[np.isin(series.times[beside], when)]
        mixed = series.values(other)[beside] * (1.0 - air) + (AIR_OXYGEN * air if other == sizes["oxygen"] else 0.0)
        series.write(other, beside, mixed, ~np.isnan(mixed))
