"""Files of a feed: CSV or TSV (UTF-8 or GB18030, plain or gzip), workbooks, JSON. Pure: texts under our field names.

    reading = read("降尘2016.csv", feed)
    reading.rows            # `_file, _line` and one text column for each field that the file has
    reading.rejects         # file, line, field, value, reason, reason_en

A row whose first cell begins with `#说明` explains, as in our templates, and is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from lantian.observations import words
from lantian.observations.feeds.definition import Feed, Field
from lantian.observations.feeds.entry import FeedError
from lantian.observations.readers import ReadError
from lantian.observations.readers.files import DELIMITERS, Grid, TextGrid, content, decode, is_workbook, sheets

REJECTS: Final = dict.fromkeys(("file", "line", "field", "value", "reason", "reason_en", "row"), pl.String)
"""Columns of what is refused; `row` is the whole row as JSON, so that nothing is lost."""

FILE, LINE = "_file", "_line"

EXPLAINS: Final = "#说明"
"""How the row of explanation of a template begins; `#1` alone may well be the name of a boiler."""

Given = str | Path | tuple[str, bytes]


@dataclass(frozen=True)
class Reading:
    """What a file says, all text: ``rows`` with `_file` and `_line`, the rows that cannot be split (``rejects``), and
    what was passed over (``notes``).
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    notes: tuple[str, ...] = ()


def read(given: Given, feed: Feed) -> Reading:
    """Read a file, or its name and bytes.

    Raises:
        FeedError: it is no such file, or no column of it is a field of the feed, or one that is required is missing.
        FileNotFoundError: there is no such file.
    """
    if isinstance(given, tuple):
        name, raw = given
    else:
        path = Path(given)
        try:
            name, raw = path.name, content(path)
        except ReadError as error:
            raise FeedError(str(error), words.chinese(str(error))) from None
    try:
        if is_workbook(raw):
            return _first(sheets(raw, name), name, feed)
        text, _ = decode(raw, name)
        if text.lstrip()[:1] in ("[", "{"):
            return of_rows(_json(text, name), feed, name)
        return _first([TextGrid(name, text, mark) for mark in DELIMITERS], name, feed)
    except ReadError as error:
        raise FeedError(str(error), words.chinese(str(error))) from None


def of_rows(rows: Iterable[Mapping[str, Any]], feed: Feed, name: str = "") -> Reading:
    """Rows as a program gives them; the line is the number of the row.

    Raises:
        FeedError: a row is no object, or names a field that the feed does not have.
    """
    heads = _heads(feed)
    made: list[dict[str, str | None]] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise FeedError(
                f"{name or feed.name}, row {number}: {str(row)[:80]!r}; expected an object of field: value",
                f"{name or feed.zh} 第 {number} 行“{str(row)[:80]}”：应为 字段: 值 的对象",
            )
        entry: dict[str, str | None] = {FILE: name, LINE: str(number)}
        for key, value in row.items():
            field = heads.get(_plain(str(key)))
            if field is None:
                raise FeedError(
                    f"{name or feed.name}, row {number}: unknown field {str(key)[:60]!r}; {feed.name} has "
                    + ", ".join(feed.schema),
                    f"{name or feed.zh} 第 {number} 行：没有字段“{str(key)[:60]}”；有 {'、'.join(feed.schema)}",
                )
            entry[field] = _text(value)
        made.append(entry)
    columns = [one for one in feed.schema if any(one in row for row in made)] if made else list(feed.schema)
    frame = pl.DataFrame(
        [[row.get(one) for one in (FILE, LINE, *columns)] for row in made],
        schema=dict.fromkeys((FILE, LINE, *columns), pl.String),
        orient="row",
    )
    return Reading(frame, pl.DataFrame(schema=REJECTS))


def _first(grids: Sequence[Grid], name: str, feed: Feed) -> Reading:
    """The first sheet, or way of splitting the text, in which the head of the feed stands."""
    heads, best = _heads(feed), (0, "")
    for grid in grids:
        for at, row in enumerate(grid.head):
            found = [heads.get(_plain(cell)) for cell in row]
            known = [one for one in found if one]
            if len(known) > best[0]:
                best = (len(known), ", ".join(sorted(set(feed.key) - set(known))))
            if set(feed.key) <= set(known):
                return _table(grid, at, found, name, feed)
    columns = ", ".join(f"{one.zh} ({one.name})" for one in feed.fields)
    right, right_zh = f"the columns {columns}; take the template", f"应有列 {columns}；可下载模板"
    if best[0]:
        raise FeedError(
            f"{name}: the column {best[1]} of the key is missing; expected {right}",
            f"{name}：缺少主键列 {best[1]}；{right_zh}",
        )
    raise FeedError(
        f"{name}: no column of it is a field of {feed.name} {feed.zh}; expected {right}",
        f"{name}：没有一列是{feed.zh}（{feed.name}）的字段；{right_zh}",
    )


def _table(grid: Grid, at: int, found: list[str | None], name: str, feed: Feed) -> Reading:
    known = [one for one in found if one]
    twice = sorted({one for one in known if known.count(one) > 1})
    if twice:
        raise FeedError(
            f"{name}: the column {twice[0]} stands there twice; expected it once", f"{name}：列 {twice[0]} 重复"
        )
    unknown = [cell for cell, field in zip(grid.head[at], found, strict=True) if cell.strip() and field is None]
    notes = (f"{name}: 未识别的列已略过 columns passed over: {', '.join(unknown)}",) if unknown else ()
    lacking = [one.name for one in feed.fields if one.required and one.name not in known]
    if lacking:
        raise FeedError(
            f"{name}: the column {lacking[0]} is missing; it is required", f"{name}：缺少必填列 {lacking[0]}"
        )
    table = grid.table(at)
    cells = table.cells
    if cells.width > 1:
        first = next((f"c{i}" for i, _ in enumerate(found)), "c0")
        cells = cells.filter(~pl.col(first).str.starts_with(EXPLAINS).fill_null(value=False))
    rows = cells.select(
        pl.lit(name).alias(FILE),
        pl.col("line").alias(LINE),
        *(pl.col(f"c{i}").alias(field) for i, field in enumerate(found) if field),
    )
    lost = [
        pl.DataFrame(
            {
                "file": part["file"],
                "line": part["line"].cast(pl.String),
                "field": part["field"],
                "value": part["value"],
                "reason": [words.chinese(reason) for reason in part["reason"]],
                "reason_en": part["reason"],
                "row": part["value"],
            },
            schema=REJECTS,
        )
        for part in table.rejects
    ]
    return Reading(rows, pl.concat(lost) if lost else pl.DataFrame(schema=REJECTS), notes)


def _json(text: str, name: str) -> list[Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise FeedError(f"{name}: not JSON: {error}", f"{name}：不是有效的 JSON（{error}）") from None
    rows = value.get("rows") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise FeedError(
            f'{name}: expected a list of objects, or {{"rows": [...]}}', f'{name}：应为对象的列表，或 {{"rows": [...]}}'
        )
    return rows


def _heads(feed: Feed) -> dict[str, str]:
    return {_plain(head): one.name for one in feed.fields for head in _names(one)}


def _names(field: Field) -> tuple[str, ...]:
    return (
        *(field.name, field.zh, field.en, field.label("zh"), field.label("en")),
        *(f"{field.zh}*", f"{field.label('zh')}*", f"{field.en}*", f"{field.label('en')}*"),
    )


def _plain(head: str) -> str:
    return "".join(head.split()).replace("(", "（").replace(")", "）").replace("＊", "*").casefold()


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):  # JSON may write half of a pair of characters, which no text holds
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
