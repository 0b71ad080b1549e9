"""The connection: questions out, Arrow in, pages and increments put together."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx2
import polars as pl

Moment: TypeAlias = date | datetime | str
"""A day (its midnight in Beijing), an aware time, or either as text."""

PAGE = 50_000
"""Records asked for at once."""


class LantianError(RuntimeError):
    """The server refused or failed.

    Attributes:
        status: the HTTP status; 0 where the server could not be reached.
        detail: the server's sentence.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}" if status else detail)
        self.status, self.detail = status, detail


class Client:
    """A connection to a platform. Close it, or use it in a `with` statement.

    Args:
        url: where the platform is served, such as ``https://lantian.example``.
        token: of an account, made by ``lantian token``.
        timeout: seconds to wait for an answer.
        transport: how requests are sent, for tests.
    """

    def __init__(
        self, url: str, token: str, *, timeout: float = 60.0, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            transport=transport,
        )
        self._since: dict[str, str] = {}

    # the catalogue

    def datasets(self) -> pl.DataFrame:
        """The catalogue: name, zh, en, owner, sensitivity, state, newest, records, readable, one row a dataset."""
        rows = self._json("/datasets")
        names = ("name", "zh", "en", "owner", "sensitivity", "state", "newest", "records", "readable")
        kinds = {"records": pl.Int64, "readable": pl.Boolean}
        frame = pl.DataFrame(
            [[row[name] for name in names] for row in rows],
            schema={name: kinds.get(name, pl.String) for name in names},
            orient="row",
        )
        return frame.with_columns(pl.col("newest").str.to_datetime(time_zone="UTC", strict=False))

    def dataset(self, name: str) -> dict[str, Any]:
        """One entry of the catalogue with its fields, units and codes."""
        found: dict[str, Any] = self._json(f"/datasets/{name}")
        return found

    def records(
        self,
        name: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        region: str | None = None,
        where: Mapping[str, str] | None = None,
        since: Moment | None = None,
        as_of: Moment | None = None,
    ) -> pl.DataFrame:
        """The records of a dataset that the account may see, all pages of them.

        Args:
            name: of the dataset.
            start, end: start <= time < end.
            region: only within it.
            where: field to value.
            since: only what became known after it: a time, or what `since` gave after an earlier reading.
            as_of: as it was known then.
        """
        asked = {
            "start": _text(start),
            "end": _text(end),
            "region": region,
            "since": _text(since),
            "as_of": _text(as_of),
            "where": [f"{field}:{value}" for field, value in (where or {}).items()] or None,
        }
        return pl.concat(self.pages(name, asked))

    def pages(self, name: str, asked: Mapping[str, Any]) -> Iterator[pl.DataFrame]:
        """The records page by page, for those that are too many at once; ``asked`` as the interface names it."""
        cursor: str | None = None
        while True:
            answer = self._get(
                f"/datasets/{name}/records", {**asked, "format": "arrow", "limit": PAGE, "cursor": cursor}
            )
            yield pl.read_ipc_stream(io.BytesIO(answer.content))
            cursor = answer.headers.get("X-Next-Cursor")
            if cursor is None:
                if not asked.get("as_of"):  # what is asked of the past says nothing of what is known by now
                    self._since[name] = answer.headers["X-Since"]
                return

    def since(self, name: str) -> str | None:
        """What to give as ``since`` next time, for what became known after the last reading of a dataset here (without
        `as_of`); None before the first. Keep it where the next run finds it.
        """
        return self._since.get(name)

    def put(self, name: str, rows: pl.DataFrame | Iterable[Mapping[str, Any]], *, source: str = "") -> dict[str, Any]:
        """Bring records; gives new, revised, unchanged, rejected, and the wrong values as `refused`."""
        listed = rows.to_dicts() if isinstance(rows, pl.DataFrame) else list(rows)
        plain = [{key: _plain(value) for key, value in row.items()} for row in listed]
        answer = self._send("POST", f"/datasets/{name}/records", json={"rows": plain, "source": source})
        done: dict[str, Any] = answer.json()
        return done

    # the air

    def hourly(
        self,
        places: Sequence[str] | None = None,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        items: Sequence[str] | None = None,
        as_of: Moment | None = None,
    ) -> pl.DataFrame:
        """Hourly values: `place, time, <items>`; `time` is the beginning of the hour, UTC."""
        return self._table("/observations/hourly", places, start, end, items, as_of)

    def daily(
        self,
        places: Sequence[str] | None = None,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        items: Sequence[str] | None = None,
        as_of: Moment | None = None,
    ) -> pl.DataFrame:
        """Daily values as they were published: `place, date, <items>`."""
        return self._table("/observations/daily", places, start, end, items, as_of)

    def _table(
        self,
        path: str,
        places: Sequence[str] | None,
        start: Moment | None,
        end: Moment | None,
        items: Sequence[str] | None,
        as_of: Moment | None,
    ) -> pl.DataFrame:
        asked = {
            "format": "arrow",
            "places": ",".join(places) if places else None,
            "items": ",".join(items) if items else None,
            "start": _text(start),
            "end": _text(end),
            "as_of": _text(as_of),
        }
        return pl.read_ipc_stream(io.BytesIO(self._get(path, asked).content))

    # the wire

    def _json(self, path: str) -> Any:
        return self._get(path, {}).json()

    def _get(self, path: str, asked: Mapping[str, Any]) -> httpx2.Response:
        return self._send("GET", path, params={key: value for key, value in asked.items() if value is not None})

    def _send(self, method: str, path: str, **what: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **what)
        except httpx2.HTTPError as error:
            raise LantianError(0, f"{self._http.base_url} cannot be reached: {error}") from error
        if answer.status_code != 200:
            raise LantianError(answer.status_code, _sentence(answer))
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sentence(answer: httpx2.Response) -> str:
    """What the server says is wrong, with the parameter where it names one."""
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:200] or answer.reason_phrase
    if not isinstance(body, dict):
        return str(body)[:200]
    faults = [f"{one.get('field')}: {one.get('message')}" for one in body.get("errors", []) if isinstance(one, dict)]
    return "; ".join([str(body.get("detail") or body.get("title") or answer.reason_phrase), *faults])


def _text(moment: Moment | None) -> str | None:
    if moment is None or isinstance(moment, str):
        return moment
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise LantianError(0, f"{moment}: a time needs its zone, such as datetime(2016, 12, 1, 8, tzinfo=UTC)")
    return moment.isoformat()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
