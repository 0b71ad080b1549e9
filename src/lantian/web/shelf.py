"""Answers for everybody, made once: bytes kept in memory, with an ETag, so that many readers cost what one costs.

An answer stands while nothing was written and the clock's hour is the same. What has become old is made anew by one
reader at a time, while the others still get the old one; some `PATIENCE` after a write nothing old is given, so a case
that is taken back is gone within seconds here, and within `MAX_AGE` in browsers and between.

Nothing of the reader goes in: the language is in the address, cookies are not looked at.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from fastapi import Request, Response
from sqlalchemy import Engine, select
from starlette.concurrency import run_in_threadpool

from lantian.kernel.accounts import anonymous
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.kernel.tables import audit_head
from lantian.web.security import Viewer

LOOK = 1.0
"""Seconds (of the machine) between two looks at whether something was written."""
PATIENCE = 5.0
"""Seconds (of the machine) for which an answer is not made anew, whatever was written."""
MAX_AGE = 60
"""Seconds for which browsers and what stands between may keep an answer."""
MOST, BYTES = 2000, 192 * 2**20
"""Answers and bytes kept; the one not asked for longest goes first."""
_SMALLEST = 1000

Stamp = tuple[int, str]


@dataclass(frozen=True)
class Made:
    """An answer as it is made: its bytes, their type, further headers; ``pack`` False: its bytes are packed already."""

    body: bytes
    media_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    pack: bool = True


@dataclass
class _Kept:
    lock: Lock = field(default_factory=Lock)
    stamp: Stamp | None = None
    at: float = 0.0
    made: Made | None = None
    packed: bytes | None = None
    etag: str = ""

    @property
    def size(self) -> int:
        return (len(self.made.body) if self.made else 0) + len(self.packed or b"")


Make = Callable[[Viewer], Made]


class Shelf:
    """The kept answers of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = Lock()
        self._looking = Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stamp: Stamp | None = None
        self._looked = float("-inf")

    async def answer(self, request: Request, key: Hashable, make: Make) -> Response:
        """Give the kept answer to a question, or make it. What ``make`` raises goes to the reader and is not kept."""
        await self._keep_looking()
        kept = self._place(key)
        if not self._good(kept):
            await run_in_threadpool(self._renew, kept, make)
        return _answer(request, kept)

    async def _keep_looking(self) -> None:
        """Look whether something was written: beside the answer while readers come all the time, else before it."""
        ago = time.monotonic() - self._looked
        if self._stamp is None or ago >= max(LOOK, PATIENCE):
            await run_in_threadpool(self._look)
        elif ago >= LOOK and not self._looking.locked():
            task = asyncio.create_task(run_in_threadpool(self._look))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def forget(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()
        self._looked = float("-inf")

    def _look(self) -> None:
        with self._looking:
            with reading(self._platform.engine).connect() as connection:
                head = connection.execute(select(audit_head.c.seq)).scalar_one_or_none() or 0
            now = self._platform.clock.now()
            self._stamp = (int(head), f"{now:%Y-%m-%dT%H}")
            self._looked = time.monotonic()

    def _place(self, key: Hashable) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > MOST or sum(one.size for one in self._few()) > BYTES:
                self._kept.popitem(last=False)
            return kept

    def _few(self) -> list[_Kept]:
        """All that is kept, where it may be too much; else nothing, so that counting costs nothing."""
        return list(self._kept.values()) if len(self._kept) % 50 == 0 else []

    def _good(self, kept: _Kept) -> bool:
        if kept.made is None:
            return False
        if kept.stamp == self._stamp or kept.lock.locked():
            return True
        return time.monotonic() - kept.at < PATIENCE

    def _renew(self, kept: _Kept, make: Make) -> None:
        with kept.lock:
            if kept.made is not None and kept.stamp == self._stamp:
                return
            stamp = self._stamp
            made = make(Viewer(self._platform, anonymous(self._platform.engine)))
            digest = hashlib.sha256(made.body).hexdigest()[:24]
            packs = made.pack and len(made.body) >= _SMALLEST
            kept.packed = gzip.compress(made.body, 6, mtime=0) if packs else None
            kept.made, kept.stamp, kept.etag, kept.at = made, stamp, digest, time.monotonic()


def shelf_of(request: Request) -> Shelf:
    """The shelf of the application that answers."""
    platform: Platform = request.app.state.platform
    with _MAKING:
        return _SHELVES.setdefault(platform.engine, Shelf(platform))


_SHELVES: WeakKeyDictionary[Engine, Shelf] = WeakKeyDictionary()
_MAKING = Lock()


def _answer(request: Request, kept: _Kept) -> Response:
    assert kept.made is not None
    packed = kept.packed if "gzip" in request.headers.get("accept-encoding", "") else None
    headers = {
        "ETag": f'"{kept.etag}{"-gz" if packed is not None else ""}"',
        "Cache-Control": f"public, max-age={MAX_AGE}",
        "Vary": "Accept-Encoding",
        **kept.made.headers,
    }
    wanted = request.headers.get("if-none-match", "")
    if wanted == "*" or kept.etag in {
        part.strip().removeprefix("W/").strip('"').removesuffix("-gz") for part in wanted.split(",")
    }:
        return Response(status_code=304, headers=headers)
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
        return Response(packed, media_type=kept.made.media_type, headers=headers)
    return Response(kept.made.body, media_type=kept.made.media_type, headers=headers)
