"""Tables with one value a row, and what turns any long text into judged values."""

import polars as pl

from lantian.observations import words
from lantian.observations.readers import cells, headers, places, when
from lantian.observations.readers.files import Table
from lantian.observations.readers.reading import Options, Piece, rejected

LONG_RAW = ("line", "field", "place", "stamp", "local_date", "item", "unit", "raw")


def recognised(header: list[str]) -> bool:
    """Whether the header has a place, a time, an item and a value."""
    roles = headers.by_role(headers.columns(header))
    return roles.keys() >= {"place", "item", "value"} and when.has_stamp(roles)


def read(table: Table, options: Options) -> Piece:
    """Read a long table into a `Piece`; hours are stamped by their beginning unless the options or the table say
    otherwise.
    """
    roles = headers.by_role(headers.columns(table.header))
    # OpenAQ's CSV archive (known by its sensors_id) stamps the end of the averaging period.
    time = when.of_table(table, roles, options.hour_stamp or ("end" if "sensor" in roles else "beginning"))
    place, notes = places.ids(table.cells[roles["place"].name], options)
    names = table.cells[roles["item"].name]
    item = items(names, time.resolution)
    piece = Piece(
        "long",
        time.resolution,
        pl.DataFrame(),
        False,
        table.rows,
        [*table.rejects, *time.rejects],
        notes + time.notes,
    )
    timed = time.stamp.is_not_null()
    for mask, name, raw, reason in (
        (timed & place.is_null(), "place", table.cells[roles["place"].name], words.UNKNOWN_PLACE.say()),
        (timed & place.is_not_null() & item.is_null(), "item", names, ITEM_HINT),
    ):
        if mask.any():
            piece.rejects.append(
                rejected(table.file, table.line.filter(mask), roles[name].text, raw.filter(mask), reason)
            )
    value = roles["value"]
    unit = pl.col(roles["unit"].name).str.strip_chars() if "unit" in roles else pl.lit(value.unit, dtype=pl.String)
    frame = table.cells.select(
        "line", pl.lit(value.text).alias("field"), place.alias("place"), time.stamp.alias("stamp"),
        time.date.alias("local_date"), item.alias("item"), unit.alias("unit"), pl.col(value.name).alias("raw"),
    )  # fmt: skip
    read_values(piece, table.file, frame.drop_nulls(["place", "stamp", "item"]))
    if (
        names.drop_nulls().unique().map_elements(headers.item_of, return_dtype=pl.String) == "o3"
    ).any() and piece.resolution == "day":
        piece.notes.append(words.OZONE_OF_DAY.say())
    return piece


ITEM_HINT = words.UNKNOWN_ITEM.say(items=", ".join(headers.ITEMS))
"""Reason for a name that is no item."""


def items(names: pl.Series, resolution: str) -> pl.Series:
    """Item names for the names in a file, null where unknown; see `headers.at` for `resolution`."""
    meaning = {text: headers.item_of(text) for text in names.drop_nulls().unique().to_list()}
    named = {text: headers.at(item, resolution) if item else None for text, item in meaning.items()}
    table = pl.DataFrame(
        {"raw": list(named), "item": list(named.values())}, schema={"raw": pl.String, "item": pl.String}
    )
    return pl.DataFrame({"raw": names}).join(table, on="raw", how="left", maintain_order="left")["item"]


def read_values(piece: Piece, file: str, frame: pl.DataFrame) -> None:
    """Read the text of a long frame (columns `LONG_RAW`) into `piece.values`, and what is refused or taken as missing
    into the piece.
    """
    parts = []
    for (item, unit), group in frame.partition_by("item", "unit", as_dict=True, maintain_order=True).items():
        name = str(item)
        given = None if unit in {None, ""} else str(unit)
        read = cells.read(group["raw"], name, piece.resolution, group["local_date"], given)
        for mask, reason in read.faults:
            piece.rejects.append(
                rejected(
                    file, group["line"].filter(mask), group["field"].filter(mask), group["raw"].filter(mask), reason
                )
            )
        if read.codes:
            piece.notes.append(words.CODES.say(field=name, n=read.codes))
        if read.zeros:
            piece.notes.append(words.ZEROS.say(field=name, n=read.zeros))
        parts.append(group.select("line", "place", "stamp", "item").with_columns(read.values.alias("value")))
    stamp = frame["stamp"].dtype
    empty = pl.DataFrame(
        schema={"line": pl.String, "place": pl.String, "stamp": stamp, "item": pl.String, "value": pl.Float64}
    )
    piece.values = pl.concat([empty, *parts])
