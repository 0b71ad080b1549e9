"""The layouts that are known, and how a file finds its own."""

import csv
from dataclasses import replace
from pathlib import Path

from lantian.observations import words
from lantian.observations.readers import archive, files, longform, openaq, wide
from lantian.observations.readers.assemble import assemble
from lantian.observations.readers.files import Grid, Table
from lantian.observations.readers.reading import Options, Piece, ReadError, Reading, UnknownLayoutError

LAYOUTS: dict[str, str] = {
    "beijing_hourly": "UCI Beijing hourly: No,year,month,day,hour,PM2.5,...,wd,WSPM,station",
    "city_daily": "city daily table: city,date,AQI,range,level,PM25,PM10,SO2,CO,NO2,O3,rank",
    "national_archive": "national archive: date,hour,type,1001A,1002A,...",
    "openaq": 'OpenAQ v3 JSON: {"results": [{"value", "parameter", "period"}, ...]}',
    "long": "one value a row: station,time,item,value[,unit]",
    "wide": "one row a place and time: station,time,PM2.5,PM10,...",
}
"""Kind -> the header it is known by. Text, gzip or a workbook; Chinese or English names."""


def kind_of(header: list[str]) -> str | None:
    """The layout that a header belongs to, or None."""
    if archive.recognised(header):
        return "national_archive"
    if longform.recognised(header):
        return "long"
    return wide.kind_of(header)


def read(path: Path, options: Options) -> Reading:
    """See `lantian.observations.readers.read`."""
    raw = files.content(path)
    file = str(path)
    options = _with_neighbour(path, options)
    if files.is_workbook(raw):
        return _tables(file, [[grid] for grid in files.sheets(raw, file)], options, [])
    text, encoding = files.decode(raw, file)
    notes = [] if encoding.startswith("utf-8") else [words.ENCODING.say(encoding=encoding.upper())]
    records = openaq.records_of(text, file)
    if records is not None:
        return assemble(file, openaq.read(records, file, options), notes)
    return _tables(file, [[files.TextGrid(file, text, mark) for mark in files.DELIMITERS]], options, notes)


def _tables(file: str, grids: list[list[Grid]], options: Options, notes: list[str]) -> Reading:
    """Read every table; each has one or more views (delimiters), the first that shows a known header counts."""
    pieces: list[Piece] = []
    for views in grids:
        found = next((hit for view in views if (hit := _header(view)) is not None), None)
        if found is None:
            if views[0].sheet:
                notes.append(words.UNREAD_SHEET.say(sheet=views[0].sheet))
            continue
        grid, row, kind = found
        pieces.append(_piece(grid.table(row), kind, options))
    if not pieces:
        first = next((",".join(row) for views in grids for row in views[0].head if any(row)), "")
        known = "; ".join(f"{kind} ({header})" for kind, header in LAYOUTS.items())
        raise UnknownLayoutError(words.UNKNOWN_LAYOUT.say(file=file, line=repr(first[:200]), known=known))
    return assemble(file, pieces, notes)


def _piece(table: Table, kind: str, options: Options) -> Piece:
    if kind == "national_archive":
        return archive.read(table, options)
    if kind == "long":
        return longform.read(table, options)
    return wide.read(table, kind, options)


def _header(grid: Grid) -> tuple[Grid, int, str] | None:
    try:
        head = grid.head
    except ReadError:
        return None
    return next(((grid, n, kind) for n, row in enumerate(head) if (kind := kind_of(row)) is not None), None)


def _with_neighbour(path: Path, options: Options) -> Options:
    """Names from `stations.csv` beside the file (columns `file_station` and `station`), when the caller gave none."""
    beside = path.parent / "stations.csv"
    if options.stations or not beside.is_file() or beside == path:
        return options
    with beside.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = {row["file_station"]: row["station"] for row in rows if row.get("file_station") and row.get("station")}
    return replace(options, stations=names)
