"""What every resource answers with: tables in three formats, and problems."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Literal, TypeAlias

import polars as pl
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
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
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "what kind of problem"},
        "status": {"type": "integer", "description": "the HTTP status"},
        "detail": {"type": "string", "description": "what exactly, with parameter and value"},
        "errors": {
            "type": "array",
            "description": "each parameter that cannot be used",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "value": {"description": "as it was given"},
                    "message": {"type": "string", "description": "what would be right"},
                },
            },
        },
    },
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }
}
"""For the OpenAPI description: every error of every route."""
TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table, in the format asked for",
        "content": {
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "text/csv": {"schema": {"type": "string"}},
            _TYPES["arrow"]: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
"""For the OpenAPI description of a route that answers with `table_response`."""


def resource(tag: str) -> APIRouter:
    """A router for one resource of the interface: its paths stand under `PREFIX`, its errors are problem+json."""
    return APIRouter(prefix=PREFIX, tags=[tag], responses=PROBLEMS)


_ROWS = 20_000  # a piece of a stream: about a megabyte of CSV


def table_response(
    table: pl.DataFrame | pl.LazyFrame | Iterable[pl.DataFrame],
    format: Format = "json",  # noqa: A002
    *,
    name: str = "table",
) -> Response:
    """Answer with a table, sent piece by piece so that a large one is never built as one text.

    Args:
        table: any Polars frame; a lazy one is collected by the streaming engine. Or frames of one schema, at least
            one, each taken when the one before has been sent, so that no more than one is in memory. Missing values
            are JSON null, an empty CSV field, Arrow null.
        format: `json`, `csv` or `arrow`. In the first two, times are ISO 8601 in UTC (`2016-12-16T12:00:00Z`) and
            lists are joined with `;` in CSV.
        name: file name without ending, for those who save it.

    Raises:
        ValueError: an unknown format.
    """
    if format not in _TYPES:
        raise ValueError(f"format {format!r}: expected one of {', '.join(_TYPES)}")
    headers = {"Content-Disposition": f'inline; filename="{name}.{format}"'}
    if isinstance(table, pl.LazyFrame):
        table = table.collect(engine="streaming")
    if isinstance(table, pl.DataFrame):
        headers["X-Row-Count"] = str(table.height)
        table = [table]
    frames = iter(table)
    first = next(frames)  # what fails at once fails before the answer has begun
    pieces = {"json": _json, "csv": _csv, "arrow": _arrow}[format](chain([first], frames))
    return StreamingResponse(pieces, media_type=_TYPES[format], headers=headers)


def refuse(parameter: str, value: Any, right: str) -> RequestValidationError:
    """Make the error for a query parameter that cannot be used; raise it, and the answer is a problem with status 422.

    Args:
        parameter: its name.
        value: as it was given.
        right: what would be right, in words.
    """
    fault = {"type": "value_error", "loc": ("query", parameter), "input": value, "msg": right}
    return RequestValidationError([fault])


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


def _json(frames: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    between = b"["
    for piece in _pieces(frames):
        if piece.height:
            yield between + piece.write_json().encode()[1:-1]
            between = b","
    yield b"]" if between == b"," else b"[]"


def _csv(frames: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    head = True
    for piece in _pieces(frames):
        if not head and not piece.height:
            continue
        flat = piece.with_columns(
            pl.col(name).cast(pl.List(pl.String)).list.join(";")
            for name, kind in piece.schema.items()
            if isinstance(kind, pl.List)
        )
        yield flat.write_csv(include_header=head).encode()
        head = False


def _pieces(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for frame in frames:
        printed = _printed(frame)
        yield from printed.iter_slices(_ROWS) if printed.height else [printed]


def _arrow(frames: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    """Write all frames as one stream: the schema message of the first, the record batches of each, one end mark.

    (Arrow columnar format, "IPC Streaming Format": a message is FFFFFFFF, the length of its metadata, the metadata
    and its body, which a schema does not have; the end is FFFFFFFF and a length of 0.)
    """
    for number, data in enumerate(frames):
        buffer = io.BytesIO()
        data.write_ipc_stream(buffer)
        view = buffer.getbuffer()
        begin = 8 + int.from_bytes(view[4:8], "little") if number else 0
        for start in range(begin, len(view) - 8, 1 << 20):
            yield bytes(view[start : min(start + (1 << 20), len(view) - 8)])
    yield b"\xff\xff\xff\xff\x00\x00\x00\x00"
