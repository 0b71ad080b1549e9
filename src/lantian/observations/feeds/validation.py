"""Are the rows right? Each is judged by its definition: good ones typed and placed, the others with the reason. Pure.

    good, rejects = validate(frame, feed, lookups)

`good`: the columns of the definition, `region`, `flags` (numbers of the checks that a row failed, as texts `c1`),
`_lon`, `_lat`. `rejects`: file, line, field, value, reason, reason_en, row; one line a fault.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.lookups import Lookups, locate
from lantian.observations.feeds.reading import FILE, LINE, REJECTS
from lantian.observations.feeds.values import Judged, judge

NOWHERE = ""
"""Region of the records of a feed without a place: whoever may see the feed sees them."""

KEY_LENGTH = 100
"""Characters of a text in a key, which an index holds."""


def validate(
    frame: pl.DataFrame,
    feed: Feed,
    lookups: Lookups | None = None,
    permitted: Callable[[str], bool] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Judge rows.

    Args:
        frame: columns are fields (texts as a file has them, or values); `_file` and `_line` say where each stands.
        feed: its definition.
        lookups: what references, places and points mean; None: nothing is known, and codes are taken as they are.
        permitted: whether rows of a region (a code) may be brought; None: all.

    Returns:
        Good rows and what is refused.
    """
    lookups = lookups or Lookups()
    if LINE not in frame.columns:
        frame = frame.with_columns(pl.int_range(1, pl.len() + 1).cast(pl.String).alias(LINE), pl.lit("").alias(FILE))
    faults, made, placed = _Faults(frame, feed), dict[str, pl.Series](), dict[str, Judged]()
    for field in feed.fields:
        given = frame[field.name] if field.name in frame.columns else pl.Series(field.name, [None] * frame.height)
        found = judge(given, field, lookups)
        near = found.near
        faults.add(field.name, found.wrong, found.zh, found.en, near)
        if field.required or field.name in feed.key:
            missing = found.values.is_null() & ~found.wrong
            faults.add(field.name, missing, "必填，不能为空", "missing; a value is needed")
        if field.name in feed.key and found.values.dtype == pl.String:
            long = found.values.str.len_chars() > KEY_LENGTH
            faults.add(field.name, long, f"主键最多 {KEY_LENGTH} 字", f"a key has {KEY_LENGTH} characters at most")
        made[field.name], placed[field.name] = found.values.cast(field.dtype), found
    good = pl.DataFrame(made)
    good = good.with_columns(_position(good, feed, placed, lookups))
    faults.twice(good)
    if permitted is not None and feed.place is not None:
        regions = {code: permitted(code) for code in good["region"].drop_nulls().unique()}
        held = good["region"].replace_strict(regions, default=False, return_dtype=pl.Boolean)
        faults.add(
            "region",
            ~held,
            "导入者没有这个区域的权限",
            "who brings it holds no permission for this region",
            good["region"],
        )
    good = good.with_columns(_flags(good, feed, faults))
    return good.filter(~faults.refused), faults.frame()


def _position(good: pl.DataFrame, feed: Feed, placed: dict[str, Judged], lookups: Lookups) -> list[pl.Series]:
    """Longitude, latitude and region of each row."""
    names = feed.position()
    nothing = pl.Series([None] * good.height, dtype=pl.Float64)
    lon, lat = (good[name] for name in names) if names else (nothing, nothing)
    if feed.place is None:
        region = pl.Series([NOWHERE] * good.height, dtype=pl.String)
    elif isinstance(feed.place, tuple):
        outlines = lookups.outlines
        region = locate(lon, lat, outlines) if outlines else pl.Series([None] * good.height, dtype=pl.String)
    else:
        regions = placed[feed.place].regions
        region = regions if regions is not None else pl.Series([None] * good.height, dtype=pl.String)
    return [region.alias("region"), lon.alias("_lon"), lat.alias("_lat")]


def _flags(good: pl.DataFrame, feed: Feed, faults: _Faults) -> pl.Series:
    """Which checks each row failed; those that refuse go into the faults."""
    marks = []
    for number, check in enumerate(feed.checks, 1):
        right = good.select(pl.sql_expr(check.rule).alias("right"))["right"]
        wrong = ~right.fill_null(value=True)
        if len(wrong) == 1 and good.height != 1:  # a rule of constants only
            wrong = pl.Series([wrong[0]] * good.height, dtype=pl.Boolean)
        if check.action == "refuse":
            faults.add("", wrong, check.zh, check.en)
        else:
            marks.append(pl.select(pl.when(wrong).then(pl.lit(f"c{number}"))).to_series())
    if not marks:
        return pl.Series("flags", [[]] * good.height, dtype=pl.List(pl.String))
    together = pl.DataFrame({f"{at}": one for at, one in enumerate(marks)})
    return together.select(pl.concat_list(pl.all()).list.drop_nulls().alias("flags"))["flags"]


class _Faults:
    """What is wrong, row by row."""

    def __init__(self, frame: pl.DataFrame, feed: Feed) -> None:
        self._frame, self._feed = frame, feed
        self.refused = pl.Series([False] * frame.height, dtype=pl.Boolean)
        self._parts: list[pl.DataFrame] = []

    def add(self, field: str, wrong: pl.Series, zh: str, en: str, near: pl.Series | None = None) -> None:
        """Refuse the rows where ``wrong``; ``near``: what each may have meant."""
        wrong = wrong.fill_null(value=False)
        if not wrong.any():
            return
        self.refused = self.refused | wrong
        part = self._frame.filter(wrong)
        value = (
            part[field].cast(pl.String) if field in part.columns else pl.Series([None] * part.height, dtype=pl.String)
        )
        hint = pl.Series([None] * part.height, dtype=pl.String) if near is None else near.filter(wrong)
        columns = [name for name in part.columns if name not in (FILE, LINE)]
        row = pl.Series(["{}"] * part.height)
        if columns:
            row = part.select(pl.struct(pl.col(columns).cast(pl.String)).struct.json_encode()).to_series()
        self._parts.append(
            pl.DataFrame({"file": part[FILE], "line": part[LINE], "value": value, "hint": hint, "row": row}).select(
                "file",
                "line",
                pl.lit(field).alias("field"),
                "value",
                (
                    pl.lit(zh)
                    + pl.when(pl.col("hint").is_null()).then(pl.lit("")).otherwise("（" + pl.col("hint") + "）")
                ).alias("reason"),
                (
                    pl.lit(en)
                    + pl.when(pl.col("hint").is_null()).then(pl.lit("")).otherwise(" (" + pl.col("hint") + ")")
                ).alias("reason_en"),
                "row",
            )
        )

    def twice(self, good: pl.DataFrame) -> None:
        """Refuse rows whose key stands in the file before with other values; the same row again is nothing new."""
        key = list(self._feed.key)
        rows = good.with_columns(self.refused.alias("_bad"), pl.int_range(pl.len()).alias("_at"))
        first = pl.col("_at").min().over(key)
        values = [name for name in self._feed.schema if name not in key]
        seen = rows.filter(~pl.col("_bad")).with_columns((pl.col("_at") > first).alias("_later"))
        if not seen["_later"].any():
            return
        other = pl.any_horizontal(
            pl.lit(value=False), *(pl.col(one).ne_missing(pl.col(one).first().over(key)) for one in values)
        )
        late = seen.with_columns(other.alias("_other")).filter("_later")
        zh, en = "同一主键在文件里出现两次且内容不同", "the key stands in the file before with other values"
        positions = pl.Series(range(good.height), dtype=pl.Int64)
        self.add(key[0], positions.is_in(late.filter("_other")["_at"].to_list()), zh, en)
        self.refused = self.refused | positions.is_in(late["_at"].to_list())

    def frame(self) -> pl.DataFrame:
        """All faults."""
        if not self._parts:
            return pl.DataFrame(schema=REJECTS)
        every = pl.concat(self._parts).cast(pl.String).select(list(REJECTS))
        return every.with_columns(pl.all().str.replace_all("\x00", "␀", literal=True))
