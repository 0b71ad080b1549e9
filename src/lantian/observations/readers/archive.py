"""The national archive layout: `date,hour,type,1001A,1002A,...`, a row an hour and a type, a column a station (or a
city).
"""

from dataclasses import dataclass

import polars as pl

from lantian.kernel.said import Phrase
from lantian.observations import words
from lantian.observations.readers import headers, longform, places, when
from lantian.observations.readers.files import Table
from lantian.observations.readers.headers import Column
from lantian.observations.readers.reading import Options, Piece, rejected

HOUR_STAMP = "end"
"""Hour h of the archive is the value that the national platform published at h:00, the mean of the hour that ended
then: the labels of HJ 663 run 1 to 24 and an 8-hour mean labelled h covers hours h-7 to h. The archive's 0 is the 24
of the day before.
"""


@dataclass(frozen=True)
class Order:
    """Two types of which `upper`, a maximum over hours that include the present one, can never be below `lower`."""

    lower: str
    upper: str


ORDERS = (Order("o3", "o3_24h"), Order("o3_8h", "o3_8h_24h"))
"""Pairs of types that some archives swap."""

MIN_PAIRS = 50
"""Pairs of differing values needed for a verdict."""
SWAPPED = 0.9
"""Share of pairs in the wrong order from which the two types count as swapped. Were wrong orders mere errors, even as
likely as right ones, such a share among 50 pairs would have a probability below exp(-2 * 50 * 0.4^2) = 1e-7
(Hoeffding); with right labels it is near 0.
"""
DOUBTFUL = 0.1
"""Share from which a note asks for a look."""


def recognised(header: list[str]) -> bool:
    """Whether the header has date, hour, type and at least one column more."""
    roles = headers.by_role(headers.columns(header))
    return roles.keys() >= {"date", "hour", "type"} and "value" not in roles and len(header) > 3


def read(table: Table, options: Options) -> Piece:
    """Read an archive table into a `Piece`; hour stamps are ends of hours (`HOUR_STAMP`) unless the options say
    otherwise.
    """
    roles = headers.by_role(headers.columns(table.header))
    keys = {role: roles[role] for role in ("date", "hour", "type")}
    time = when.of_table(table, keys, options.hour_stamp or "end")
    piece = Piece(
        "national_archive",
        "hour",
        pl.DataFrame(),
        False,
        table.rows,
        [*table.rejects, *time.rejects],
        time.notes,
    )
    kind = keys["type"]
    types = table.cells[kind.name]
    item = longform.items(types, "hour")
    unknown = item.is_null() & time.stamp.is_not_null()
    if unknown.any():
        given = types.filter(unknown)
        piece.rejects.append(rejected(table.file, table.line.filter(unknown), kind.text, given, longform.ITEM_HINT))
    columns = [column for column in headers.columns(table.header) if column not in keys.values()]
    place = _places(piece, table, columns, options)
    index = ["line", "stamp", "local_date", "item", "type"]
    frame = table.cells.with_columns(
        time.stamp.alias("stamp"),
        time.date.alias("local_date"),
        item.alias("item"),
        types.str.strip_chars().alias("type"),
    ).drop_nulls(["stamp", "item"])
    long = frame.unpivot(on=list(place), index=index, variable_name="column", value_name="raw")
    named = pl.DataFrame(
        {"column": list(place), "place": list(place.values()), "head": [table.header[int(c[1:])] for c in place]}
    )
    long = long.join(named, on="column", maintain_order="left").select(
        "line", (pl.col("head") + " " + pl.col("type")).alias("field"), "place", "stamp", "local_date", "item",
        pl.lit(None, dtype=pl.String).alias("unit"), "raw",
    )  # fmt: skip
    longform.read_values(piece, table.file, long)
    _put_right(piece)
    # An hour at which a station reported nothing at all is not a row: the archive lists every station ever known.
    piece.values = piece.values.drop_nulls("value")
    return piece


def _places(piece: Piece, table: Table, columns: list[Column], options: Options) -> dict[str, str]:
    """Place id of each column that has one; a column of an unknown place is rejected once, with the number of its
    cells.
    """
    names = pl.Series([column.text for column in columns], dtype=pl.String)
    found, notes = places.ids(names, options)
    piece.notes.extend(notes)
    known: dict[str, str] = {}
    for column, place in zip(columns, found.to_list(), strict=True):
        cells = table.cells[column.name]
        if place is not None:
            known[column.name] = place
        elif filled := len(cells) - cells.null_count():
            phrase = words.UNKNOWN_COLUMN if column.text else words.NO_PLACE_COLUMN
            line = pl.Series([table.header_line])
            piece.rejects.append(
                rejected(
                    table.file, line, column.text or f"column {column.index + 1}", column.text, phrase.say(cells=filled)
                )
            )
    return known


def _put_right(piece: Piece) -> None:
    """Find days on which two types are swapped, exchange them, and say so."""
    for order in ORDERS:
        pairs = _pairs(piece.values, order)
        wrong, total = _sums(pairs)
        if not total:
            continue
        share = wrong / total
        own = pl.col("wrong") / pl.col("pairs")
        verdict = pl.when(pl.col("pairs") >= MIN_PAIRS).then(own).otherwise(share if total >= MIN_PAIRS else 0.0)
        judged = pairs.with_columns(verdict.alias("share"))
        swapped = judged.filter(pl.col("share") >= SWAPPED)
        doubtful = judged.filter((pl.col("share") >= DOUBTFUL) & (pl.col("share") < SWAPPED))
        if swapped.height:
            other = {order.lower: order.upper, order.upper: order.lower}
            on_day = _day(pl.col("stamp")).is_in(swapped["day"].to_list())
            renamed = pl.when(on_day).then(pl.col("item").replace(other)).otherwise(pl.col("item"))
            piece.values = piece.values.with_columns(renamed.alias("item"))
            piece.notes.append(_note(order, swapped, words.SWAPPED_DAY, words.SWAPPED_DAYS))
        if doubtful.height:
            piece.notes.append(_note(order, doubtful, words.DOUBTFUL_DAY, words.DOUBTFUL_DAYS))


def _sums(pairs: pl.DataFrame) -> tuple[int, int]:
    return int(pairs["wrong"].sum()), int(pairs["pairs"].sum())


def _day(stamp: pl.Expr) -> pl.Expr:
    return stamp.dt.offset_by(when.CHINA).dt.date()


def _pairs(values: pl.DataFrame, order: Order) -> pl.DataFrame:
    """Per local day: pairs of differing values, and how many of them stand in the wrong order."""
    keys = ["place", "stamp"]
    lower = values.filter(pl.col("item") == order.lower).drop_nulls("value").unique(keys, keep="first")
    upper = values.filter(pl.col("item") == order.upper).drop_nulls("value").unique(keys, keep="first")
    both = lower.join(upper, on=keys, suffix="_upper").filter(pl.col("value") != pl.col("value_upper"))
    wrong = (pl.col("value") > pl.col("value_upper")).sum().alias("wrong")
    return both.group_by(_day(pl.col("stamp")).alias("day")).agg(pl.len().alias("pairs"), wrong).sort("day")


def _note(order: Order, days: pl.DataFrame, of_one: Phrase, of_several: Phrase) -> str:
    named = days["day"].cast(pl.String).to_list()
    wrong, pairs = _sums(days)
    found = {"lower": order.lower, "upper": order.upper, "first": named[0], "wrong": wrong, "pairs": pairs}
    return of_one.say(**found) if len(named) == 1 else of_several.say(**found, days=len(named), last=named[-1])
