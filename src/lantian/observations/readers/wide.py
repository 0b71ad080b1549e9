"""Wide tables: a row is a place and a time, a column an item. The Beijing hourly files and the city daily table are
two of them.
"""

import polars as pl

from lantian.observations import words
from lantian.observations.readers import cells, headers, places, when
from lantian.observations.readers.files import Table
from lantian.observations.readers.headers import Column
from lantian.observations.readers.reading import HourStamp, Options, Piece, rejected
from lantian.observations.rules import Resolution

_BEIJING = {"year", "month", "day", "hour", "wd", "wspm", "station"}


def kind_of(header: list[str]) -> str | None:
    """`beijing_hourly`, `city_daily`, `wide`, or None when the header is none of these."""
    columns = headers.columns(header)
    roles = headers.by_role(columns)
    items = {column.item for column in columns if column.item}
    if not items or "place" not in roles or not when.has_stamp(roles) or roles.keys() & {"item", "value", "type"}:
        return None
    if {headers.key(text) for text in header} >= _BEIJING:
        return "beijing_hourly"
    if (
        "aqi" in items
        and "date" in roles
        and not roles.keys() & {"time", "hour"}
        and headers.key(roles["place"].text) in {"city", "城市", "城市名称"}
    ):
        return "city_daily"
    return "wide"


def read(table: Table, kind: str, options: Options) -> Piece:
    """Read a wide table into a `Piece`; hours are stamped by their beginning unless the options or the table say
    otherwise.
    """
    columns = headers.columns(table.header)
    roles = headers.by_role(columns)
    rule: HourStamp = options.hour_stamp or "beginning"
    time = when.of_table(table, roles, rule)
    name = roles["place"]
    place, notes = places.ids(table.cells[name.name], options)
    piece = Piece(
        kind,
        time.resolution,
        pl.DataFrame(),
        True,
        table.rows,
        [*table.rejects, *time.rejects],
        notes + time.notes,
    )
    lost = place.is_null() & time.stamp.is_not_null()
    if lost.any():
        given = table.cells[name.name].filter(lost)
        lines = table.line.filter(lost)
        blank = given.is_null() | (given.str.strip_chars() == "")
        piece.rejects.append(
            rejected(table.file, lines.filter(blank), name.text, given.filter(blank), words.NO_PLACE.say())
        )
        piece.rejects.append(
            rejected(table.file, lines.filter(~blank), name.text, given.filter(~blank), words.UNKNOWN_PLACE.say())
        )
    sound = place.is_not_null() & time.stamp.is_not_null()
    frame = table.cells.with_columns(place.alias("place"), time.stamp.alias("stamp"), time.date.alias("local_date"))
    frame = frame if sound.all() else frame.filter(sound)
    chosen, unread = _choose(columns, roles, time.resolution)
    if unread:
        piece.notes.append(words.UNREAD_COLUMNS.say(names=", ".join(unread)))
    values = {item: _column(piece, table.file, frame, column, item) for item, column in chosen.items()}
    if "range" in roles:
        values |= _range(piece, table.file, frame, roles["range"])
    piece.values = frame.select("line", "place", "stamp").with_columns(
        series.alias(item) for item, series in values.items()
    )
    if "o3_8h" in chosen and headers.item_of(chosen["o3_8h"].text) == "o3":
        piece.notes.append(words.OZONE_OF_DAY.say())
    return piece


def _choose(
    columns: list[Column], roles: dict[str, Column], resolution: Resolution
) -> tuple[dict[str, Column], list[str]]:
    """One column for each item (the first), and the names of columns that are not read."""
    chosen: dict[str, Column] = {}
    unread = []
    for column in columns:
        item = column.item and headers.at(column.item, resolution)
        if item and item not in chosen:
            chosen[item] = column
        elif column.role not in {"ignored", "sensor"} and column not in roles.values() and column.text:
            unread.append(column.text)
    return chosen, unread


def _column(piece: Piece, file: str, frame: pl.DataFrame, column: Column, item: str) -> pl.Series:
    # The UCI table gives CO in ug/m3 and says so nowhere in the file.
    unit = "ug/m3" if piece.kind == "beijing_hourly" and item == "co" else column.unit
    raw = frame[column.name]
    read = cells.read(raw, item, piece.resolution, frame["local_date"], unit)
    for mask, reason in read.faults:
        piece.rejects.append(rejected(file, frame["line"].filter(mask), column.text, raw.filter(mask), reason))
    if read.codes:
        piece.notes.append(words.CODES.say(field=column.text, n=read.codes))
    if read.zeros:
        piece.notes.append(words.ZEROS.say(field=column.text, n=read.zeros))
    return read.values


def _range(piece: Piece, file: str, frame: pl.DataFrame, column: Column) -> dict[str, pl.Series]:
    """The published AQI range `106~130` as its two ends."""
    raw = frame[column.name]
    ends = raw.str.normalize("NFKC").str.extract_groups(r"^\s*(\d+)\s*[~\-—–至]\s*(\d+)\s*$").struct
    low, high = (ends.field(n).cast(pl.Float64) for n in ends.fields)
    bad = raw.is_not_null() & low.is_null() & ~raw.str.strip_chars().str.to_lowercase().is_in(list(cells.MISSING_WORDS))
    piece.rejects.append(rejected(file, frame["line"].filter(bad), column.text, raw.filter(bad), words.NO_RANGE.say()))
    return {"aqi_low": low, "aqi_high": high}
