"""An answer into rows of a feed: JSON or CSV, their names to ours. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds.definition import Feed, Source

LEAST_WINDOW: Final = timedelta(hours=24)
"""A shorter window would lose hours that come late."""

MOST_ROWS: Final = 200_000


class AnswerError(ValueError):
    """An answer is not what the definition says; the message tells what was there."""


def address(source: Source, now: datetime) -> str:
    """The address to ask: ``{start}`` and ``{end}`` stand for the window, ISO 8601 in Beijing, on whole hours."""
    end = now.astimezone(TIMEZONE).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    start = end - max(source.window.length, LEAST_WINDOW)
    url = source.url
    for name, moment in (("{start}", start), ("{end}", end)):
        url = url.replace(name, quote(moment.isoformat(timespec="seconds"), safe=""))
    return url


def rows(body: bytes, feed: Feed) -> list[dict[str, Any]]:
    """Rows under the feed's names; what the definition does not name is left out.

    Raises AnswerError where there is no such place in the answer, or no row has any field of the feed.
    """
    source = feed.source
    if source is None:
        raise AnswerError(f"feed {feed.name} has no source")
    found = _json(body, source.rows) if source.format == "json" else _csv(body)
    if len(found) > MOST_ROWS:
        raise AnswerError(f"{len(found)} rows; expected at most {MOST_ROWS}: narrow the window")
    made = [_named(row, source, feed) for row in found]
    if found and not any(made):
        seen = ", ".join(sorted({str(key)[:40] for row in found[:20] for key in row})[:20])
        raise AnswerError(f"no field of {feed.name} in the rows; they have {seen or 'nothing'}: see `names`")
    return [row for row in made if row]


def _named(row: Mapping[str, Any], source: Source, feed: Feed) -> dict[str, Any]:
    made = {name: row[name] for name in feed.schema if name in row}
    for theirs, ours in source.names.items():
        value = row.get(theirs)
        if value is None and "." in theirs:
            value = _at(row, theirs)
        if value is not None:
            made[ours] = value
    return {name: value for name, value in made.items() if not isinstance(value, dict | list)}


def _json(body: bytes, path: str) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        shown = body[:60].decode("utf-8", "replace")
        raise AnswerError(f"not JSON (UTF-8): it begins with {shown!r}") from None
    found = _at(content, path) if path else content
    if not isinstance(found, list):
        kind = type(found).__name__ if found is not None else "nothing"
        raise AnswerError(f"rows: {path or 'the answer'} holds {kind}; expected a list of objects")
    if strange := [row for row in found if not isinstance(row, dict)]:
        raise AnswerError(f"rows: {str(strange[0])[:60]!r} is no object")
    return found


def _at(content: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and part.isdigit() and int(part) < len(content):
            content = content[int(part)]
        else:
            return None
    return content


def _csv(body: bytes) -> list[Mapping[str, Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = body.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise AnswerError("not text in UTF-8 or GB18030")
    if text.lstrip()[:1] in ("<", "{", "["):
        raise AnswerError(f"not CSV: it begins with {text.lstrip()[:60]!r}")
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        return [
            {key: value for key, value in row.items() if key is not None and value not in (None, "")} for row in reader
        ]
    except csv.Error as error:
        raise AnswerError(f"not CSV: {error}") from None
