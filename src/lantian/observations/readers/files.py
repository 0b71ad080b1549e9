"""From a file's bytes to grids of text: compression, encoding, delimiter, sheets.

Recognised by content: gzip, workbooks (XLSX, XLS) and text by their first bytes, never by the file's name.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import fastexcel
import polars as pl

from lantian.observations import words
from lantian.observations.readers.reading import ReadError, rejected

DELIMITERS = (",", "\t", ";", "|")
HEAD = 20  # a header stands within the first rows: titles and remarks above it are at most this long


@dataclass(frozen=True)
class Table:
    """The rows below a header, all text. Column i of the header is column `c{i}`; `line` says where a row stands;
    blank rows are gone.
    """

    file: str
    header: list[str]
    header_line: str
    cells: pl.DataFrame
    rejects: list[pl.DataFrame]

    @property
    def rows(self) -> int:
        """Rows that hold anything, those refused whole among them."""
        return self.cells.height + sum(part.height for part in self.rejects)

    @property
    def line(self) -> pl.Series:
        """Place of each row: physical line, or `sheet!row`."""
        return self.cells["line"]


class TextGrid:
    """Delimited text seen with one delimiter."""

    def __init__(self, file: str, text: str, delimiter: str) -> None:
        self.file, self.text, self.delimiter = file, text, delimiter
        self.sheet = ""

    @cached_property
    def head(self) -> list[list[str]]:
        """The first rows, as the csv module splits them."""
        return [row for _, row in self._rows(HEAD)]

    def _rows(self, limit: int | None = None) -> Iterator[tuple[int, list[str]]]:
        """Rows with the physical line on which each begins (a quoted field may hold line ends)."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter)
        line = 1
        try:
            for number, row in enumerate(reader):
                if limit is not None and number >= limit:
                    return
                yield line, row
                line = reader.line_num + 1
        except csv.Error as fault:
            raise ReadError(words.BROKEN_LINE.say(file=self.file, line=reader.line_num, fault=fault)) from fault

    def table(self, header_row: int) -> Table:
        """Split everything below the header, fast when each line is one row of the right width, else row by row."""
        header = self.head[header_row]
        names = [f"c{i}" for i in range(len(header))]
        lines = self.text.count("\n") + (not self.text.endswith("\n"))
        starts = [line for line, _ in self._rows(header_row + 2)]
        above = starts[header_row + 1] - 1 if len(starts) > header_row + 1 else lines
        cells = self._fast(names, above)
        if cells is None or cells.height != lines - above:
            return self._slow(names, header, header_row, above)
        line = pl.int_range(above + 1, above + 1 + cells.height, eager=True).cast(pl.String).alias("line")
        return Table(self.file, header, str(above), without_blank(cells.insert_column(0, line)), [])

    def _fast(self, names: list[str], skip: int) -> pl.DataFrame | None:
        try:
            return pl.read_csv(
                self.text.encode(), has_header=False, skip_lines=skip, separator=self.delimiter,
                schema=dict.fromkeys(names, pl.String), raise_if_empty=False,
            )  # fmt: skip
        except pl.exceptions.PolarsError:
            return None

    def _slow(self, names: list[str], header: list[str], header_row: int, above: int) -> Table:
        width = len(names)
        kept: list[list[str | None]] = []
        long: list[tuple[str, str]] = []
        for number, (line, row) in enumerate(self._rows()):
            if number <= header_row:
                continue
            if len(row) > width and any(cell.strip() for cell in row[width:]):
                long.append((str(line), self.delimiter.join(row)))
            else:
                kept.append([str(line), *(cell or None for cell in row[:width]), *[None] * (width - len(row))])
        schema = {"line": pl.String(), **dict.fromkeys(names, pl.String())}
        cells = pl.DataFrame(kept, schema=schema, orient="row")
        faults = []
        if long:
            where, what = (pl.Series(part, dtype=pl.String) for part in zip(*long, strict=True))
            faults.append(rejected(self.file, where, "(row)", what, words.TOO_MANY_FIELDS.say(width=width)))
        return Table(self.file, header, str(above), without_blank(cells), faults)


class SheetGrid:
    """One sheet of a workbook."""

    def __init__(self, file: str, sheet: str, frame: pl.DataFrame) -> None:
        self.file, self.sheet, self.frame = file, sheet, frame

    @cached_property
    def head(self) -> list[list[str]]:
        """The first rows; an empty cell is the empty text."""
        return [[cell or "" for cell in row] for row in self.frame.head(HEAD).rows()]

    def table(self, header_row: int) -> Table:
        """Everything below the header."""
        header = self.head[header_row]
        body = self.frame[header_row + 1 :]
        body = body.rename({old: f"c{i}" for i, old in enumerate(body.columns)})
        rows = pl.int_range(header_row + 2, header_row + 2 + body.height, eager=True).cast(pl.String)
        line = (pl.Series([f"{self.sheet}!"]) + rows).alias("line")
        return Table(
            self.file, header, f"{self.sheet}!{header_row + 1}", without_blank(body.insert_column(0, line)), []
        )


Grid = TextGrid | SheetGrid


def without_blank(cells: pl.DataFrame) -> pl.DataFrame:
    """Drop the rows in which every cell is empty or blank."""
    if not cells.height or cells.width == 1:
        return cells
    first = cells.columns[1]
    if cells[first].null_count() == 0 and cells[first].str.len_bytes().min():
        suspects = cells[first].str.strip_chars().str.len_bytes() == 0
        if not suspects.any():
            return cells
    filled = [pl.col(name).str.strip_chars().str.len_bytes() > 0 for name in cells.columns[1:]]
    return cells.filter(pl.any_horizontal(pl.col(cells.columns[1]).is_null() & False, *filled))


def content(path: Path) -> bytes:
    """The file's bytes, decompressed when they are gzip. Raises ReadError when the compression is broken."""
    raw = path.read_bytes()
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as fault:
        raise ReadError(words.BROKEN_GZIP.say(file=path, fault=fault)) from fault


def is_workbook(raw: bytes) -> bool:
    """Whether the bytes begin as XLSX (zip) or XLS (OLE) does."""
    return raw[:4] in {b"PK\x03\x04", b"\xd0\xcf\x11\xe0"}


def decode(raw: bytes, file: str) -> tuple[str, str]:
    r"""Text and the name of its encoding: a byte order mark decides, else UTF-8, else GB18030 (which holds GBK and
    GB2312).

    Line ends become `\n`. Raises ReadError naming the first byte that is neither.
    """
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    marked = [name for mark, name in marks if raw.startswith(mark)]
    for name in marked or ("utf-8", "gb18030"):
        try:
            text = raw.decode(name)
        except UnicodeDecodeError as fault:
            place = fault.start
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n"), name
    line = raw.count(b"\n", 0, place) + 1
    raise ReadError(words.BROKEN_TEXT.say(file=file, line=line, byte=place))


def sheets(raw: bytes, file: str) -> list[SheetGrid]:
    """Every sheet of a workbook that holds anything, as text: dates as ISO, numbers as they are."""
    try:
        book = fastexcel.read_excel(raw)
        grids = []
        for name in book.sheet_names:
            # skip_rows=0 keeps empty rows at the top, so that row numbers are those the user sees.
            sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
            if sheet.width:
                grids.append(SheetGrid(file, name, sheet.to_polars()))
    except fastexcel.FastExcelError as fault:
        raise ReadError(words.BROKEN_BOOK.say(file=file, fault=fault)) from fault
    return grids
