"""What every resource answers with: tables in three formats, and problems."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import polars as pl
from fastapi.responses import JSONResponse, Response, StreamingResponse

PREFIX = "/api/v1"
VERSION = "1"

Format: TypeAlias = Literal["json", "csv", "arrow"]
"""How a table is asked for: `?format=json` (rows as objects), `csv`, or `arrow` (an Arrow IPC stream)."""

_TYPES: dict[str, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
}
_ROWS = 20_000  # a piece of a stream: about a megabyte of CSV


def table_response(frame: pl.DataFrame | pl.LazyFrame, format: Format = "json", *, name: str = "table") -> Response:  # noqa: A002
    """Answer with a table, sent piece by piece so that a large one is never built as one text.

    Args:
        frame: any Polars frame; a lazy one is collected by the streaming engine. Missing values are JSON null, an
            empty CSV field, Arrow null.
        format: `json`, `csv` or `arrow`. In the first two, times are ISO 8601 in UTC (`2016-12-16T12:00:00Z`) and
            lists are joined with `;` in CSV.
        name: file name without ending, for those who save it.

    Raises:
        ValueError: an unknown format.
    """
    if format not in _TYPES:
        raise ValueError(f"format {format!r}: expected one of {', '.join(_TYPES)}")
    data = frame.collect(engine="streaming") if isinstance(frame, pl.LazyFrame) else frame
    pieces = {"json": _json, "csv": _csv, "arrow": _arrow}[format](data)
    headers = {"Content-Disposition": f'inline; filename="{name}.{format}"', "X-Row-Count": str(data.height)}
    return StreamingResponse(pieces, media_type=_TYPES[format], headers=headers)


def problem(status: int, title: str, detail: str = "", **more: Any) -> JSONResponse:
    """Answer with a problem (RFC 9457, `application/problem+json`).

    Args:
        status: HTTP status.
        title: what kind of problem, in words.
        detail: what exactly, naming field and value.
        more: further members, such as `errors`.
    """
    body = {"type": "about:blank", "title": title, "status": status, **({"detail": detail} if detail else {}), **more}
    return JSONResponse(_plain(body), status, media_type="application/problem+json")


def _plain(value: Any) -> Any:
    """JSON values as they are, everything else as text: a problem must not fail while it reports what was wrong."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _printed(data: pl.DataFrame) -> pl.DataFrame:
    def iso(name: str, kind: pl.DataType) -> pl.Expr:
        column = pl.col(name)
        if isinstance(kind, pl.Datetime) and kind.time_zone:
            return column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(kind, pl.Datetime):
            return column.dt.strftime("%Y-%m-%dT%H:%M:%S")
        return column

    return data.select(iso(name, kind) for name, kind in data.schema.items())


def _json(data: pl.DataFrame) -> Iterator[bytes]:
    yield b"["
    for number, piece in enumerate(_printed(data).iter_slices(_ROWS)):
        if piece.height:
            yield (b"," if number else b"") + piece.write_json().encode()[1:-1]
    yield b"]"


def _csv(data: pl.DataFrame) -> Iterator[bytes]:
    flat = _printed(data).with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join(";")
        for name, kind in data.schema.items()
        if isinstance(kind, pl.List)
    )
    yield flat.clear().write_csv().encode()
    for piece in flat.iter_slices(_ROWS):
        yield piece.write_csv(include_header=False).encode()


def _arrow(data: pl.DataFrame) -> Iterator[bytes]:
    buffer = io.BytesIO()
    data.write_ipc_stream(buffer)
    view = buffer.getbuffer()
    for start in range(0, len(view), 1 << 20):
        yield bytes(view[start : start + (1 << 20)])
