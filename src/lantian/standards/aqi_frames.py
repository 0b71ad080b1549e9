"""The index of whole frames: every concentration becomes an integer and its sub-index is looked up, without any float.

`aqi_values` does the same for single values by formula; the tests hold the two together.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl

from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.standards.frames import FrameLike, StandardsError, as_frame, require_columns
from lantian.standards.levels import level_expr
from lantian.standards.rounding import scaled
from lantian.standards.subindices import (
    DAILY_SUB_INDICES,
    EDITIONS,
    HOURLY_SUB_INDICES,
    Edition,
    SubIndex,
    edition_of,
)

_CHINA = ZoneInfo("Asia/Shanghai")
_RESULTS = ("aqi", "level", "primary", "exceeding", "complete", "capped")
_LIST = pl.List(pl.String)
_ROW = "row of the input"
# Rows judged at once: enough to keep every core busy, few enough that the intermediate integers stay small.
_BLOCK = 250_000


def evaluate(
    frame: FrameLike, key: str, edition: int | Edition | None, outside_plan: Collection[str], where: str
) -> pl.DataFrame:
    """The frame with the columns that `aqi.daily` (``key`` "date") and `aqi.hourly` (``key`` "time") describe."""
    unknown = sorted(set(outside_plan) - set(POLLUTANTS))
    if unknown:
        raise StandardsError(f"{where}: outside_plan names {unknown}, expected pollutants among {list(POLLUTANTS)}")
    items = DAILY_SUB_INDICES if key == "date" else HOURLY_SUB_INDICES
    data = as_frame(frame)
    taken = [name for name in (*_RESULTS, *(f"iaqi_{item}" for item in items)) if name in data.columns]
    if taken:
        raise StandardsError(f'{where}: the frame already has {taken}; rename them, for example "published_{taken[0]}"')
    used = dict.fromkeys(c for known in EDITIONS for sub in _sub_indices(known, key) for c in _columns(sub))
    needed = (key,) if edition is None else ()
    data = require_columns(data, needed, optional=("pm10", "pm25", *used), where=where)
    parts = list(_by_edition(data, key, None if edition is None else edition_of(edition)))
    judged = [_judge_blocks(part, known, key, outside_plan, where) for known, part in parts]
    if len(judged) == 1:
        return judged[0]
    return pl.concat(judged).sort(_ROW).drop(_ROW)


def _sub_indices(edition: Edition, key: str) -> tuple[SubIndex, ...]:
    return edition.daily if key == "date" else edition.hourly


def _columns(sub: SubIndex) -> tuple[str, ...]:
    return (sub.column,) if sub.stand_in is None else (sub.column, sub.stand_in.column)


def _by_edition(data: pl.DataFrame, key: str, edition: Edition | None) -> Iterator[tuple[Edition, pl.DataFrame]]:
    """The frame cut where one edition gives way to the next; rows are numbered when there is more than one part."""
    if edition is not None or data.is_empty():
        yield edition or EDITIONS[-1], data
        return
    starts = [_first_moment(known.start, key) for known in EDITIONS[1:]]
    low, high = data.select(pl.col(key).min().alias("low"), pl.col(key).max().alias("high")).row(0)
    first, last = (sum(moment >= start for start in starts) for moment in (low, high))
    if first == last:
        yield EDITIONS[first], data
        return
    number = pl.sum_horizontal(pl.lit(0), *((pl.col(key) >= start).cast(pl.Int32) for start in starts))
    numbered = data.with_row_index(_ROW)
    for k in range(first, last + 1):
        yield EDITIONS[k], numbered.filter(number == k)


def _first_moment(day: date, key: str) -> date | datetime:
    """The start of a natural day of Asia/Shanghai, as a value of the key column."""
    return day if key == "date" else datetime.combine(day, time(), _CHINA).astimezone(UTC)


def _judge_blocks(
    data: pl.DataFrame, edition: Edition, key: str, outside_plan: Collection[str], where: str
) -> pl.DataFrame:
    subs = _sub_indices(edition, key)
    _require_measured(data, edition, subs, where)
    order = DAILY_SUB_INDICES if key == "date" else HOURLY_SUB_INDICES
    planned = [pollutant for pollutant in POLLUTANTS if pollutant not in outside_plan]
    # An empty frame still needs its columns, hence at least one block.
    starts = range(0, max(data.height, 1), _BLOCK)
    blocks = [_judge(data.slice(start, _BLOCK), edition, subs, order, planned) for start in starts]
    return data.hstack(pl.concat(blocks, rechunk=False))


def _require_measured(data: pl.DataFrame, edition: Edition, subs: Sequence[SubIndex], where: str) -> None:
    """A frame without any concentration, or without the rolling means of its hours, is a mistake and not "missing"."""
    columns = [sub.column for sub in subs]
    if not any(column in data.columns for column in columns):
        wanted = ", ".join(f"{column} ({ITEMS[column].unit})" for column in columns)
        raise StandardsError(f"{where}: no concentration column; {edition.name} uses {wanted}")
    rolling = [
        sub.column
        for sub in subs
        if sub.column not in data.columns
        and sub.column.partition("_")[2] in ("8h", "24h")
        and sub.pollutant in data.columns
    ]
    if where == "aqi.hourly" and rolling:
        raise StandardsError(
            f"{where}: {edition.name} judges an hour by rolling means; missing {rolling}: add them with "
            "statistics.rolling(frame)"
        )


def _judge(
    data: pl.DataFrame, edition: Edition, subs: Sequence[SubIndex], order: Sequence[str], planned: Sequence[str]
) -> pl.DataFrame:
    """The result columns of one block."""
    by_item = {sub.item: sub for sub in subs}
    names = [f"iaqi_{item}" for item in order]
    aqi = pl.col("largest").clip(lower_bound=edition.least)
    if not edition.publish_incomplete:
        aqi = pl.when(pl.col("complete") | (aqi > 100)).then(aqi)
    result = (
        _look_up_all(data, by_item, order)
        .with_columns(
            _largest(names).alias("largest"),
            # The literal is for a plan without any pollutant.
            pl.all_horizontal(pl.lit(True), *(_measured(each, by_item) for each in planned)).alias("complete"),
        )
        .with_columns(aqi.alias("aqi"))
    )
    primary = _marks((pl.col(name) == pl.col("largest")) & (pl.col("largest") > 50) for name in names)
    exceeding = _marks(pl.col(name) > 100 for name in names) if edition.exceedance else pl.lit(None, pl.UInt32)
    marks = result.with_columns(primary.alias("primary"), exceeding.alias("exceeding"))
    lists = _lists(tuple(order))
    return result.select(
        *names,
        "aqi",
        level_expr(pl.col("aqi")).alias("level"),
        lists.gather(marks["primary"]).alias("primary"),
        lists.gather(marks["exceeding"]).alias("exceeding"),
        "complete",
        "capped",
    )


def _look_up_all(data: pl.DataFrame, by_item: dict[str, SubIndex], order: Sequence[str]) -> pl.DataFrame:
    """All sub-indices of a block, and whether any concentration is above the whole index (``capped``)."""
    digits = _digits(data, by_item.values())
    found = [_look_up(digits, by_item[item]) if item in by_item else _nothing(data.height) for item in order]
    above = pl.DataFrame([flag.alias(item) for item, (_, flag) in zip(order, found, strict=True)])
    iaqi = pl.DataFrame([series.alias(f"iaqi_{item}") for item, (series, _) in zip(order, found, strict=True)])
    return iaqi.with_columns(above.select(pl.any_horizontal(pl.all())).to_series().alias("capped"))


def _digits(data: pl.DataFrame, subs: Iterable[SubIndex]) -> pl.DataFrame:
    """Each concentration as an index into the table of its row; all columns at once, so that every core has work."""
    used = {part.column: part.row for sub in subs for part in (sub, sub.stand_in) if part is not None}
    return data.select(
        scaled(pl.col(column), row.decimals).clip(upper_bound=row.last + 1).cast(pl.UInt32)
        if column in data.columns
        else pl.repeat(None, data.height, dtype=pl.UInt32).alias(column)
        for column, row in used.items()
    )


def _look_up(digits: pl.DataFrame, sub: SubIndex) -> tuple[pl.Series, pl.Series]:
    """Sub-indices of a block, and where the concentration is above the whole index."""
    whole, row = digits[sub.column], sub.row
    iaqi, above = row.table.gather(whole), (whole > row.last).fill_null(False)
    if sub.stand_in is not None:
        other, other_above = _look_up(digits, sub.stand_in)
        return other.zip_with(above, iaqi), other_above & above
    return iaqi, above if row.reaches_top else pl.repeat(False, digits.height, eager=True)


def _nothing(height: int) -> tuple[pl.Series, pl.Series]:
    """Sub-indices and flags of a concentration that was not measured."""
    return pl.repeat(None, height, dtype=pl.UInt16, eager=True), pl.repeat(False, height, eager=True)


def _measured(pollutant: str, by_item: dict[str, SubIndex]) -> pl.Expr:
    """Whether any sub-index of the pollutant exists."""
    return pl.any_horizontal(
        pl.col(f"iaqi_{item}").is_not_null() for item, sub in by_item.items() if sub.pollutant == pollutant
    )


def _largest(names: Sequence[str]) -> pl.Expr:
    """The largest of the columns; null where all are. Without nulls in its way Polars finds it ten times as fast."""
    measured = pl.any_horizontal(pl.col(names).is_not_null())
    return pl.when(measured).then(pl.max_horizontal(pl.col(names).fill_null(0)))


def _marks(conditions: Iterable[pl.Expr]) -> pl.Expr:
    """The conditions as one number, a bit for each sub-index; null where there is no index."""
    bits = ((condition.fill_null(False)).cast(pl.UInt32) * (1 << k) for k, condition in enumerate(conditions))
    return pl.when(pl.col("aqi").is_not_null()).then(pl.sum_horizontal(*bits))


@cache
def _lists(order: tuple[str, ...]) -> pl.Series:
    """The list of items behind each number that `_marks` makes: looked up, not built for every row."""
    chosen = [[item for k, item in enumerate(order) if number >> k & 1] for number in range(1 << len(order))]
    return pl.Series(chosen, dtype=_LIST)
