"""Weather forecasts laid down for the platform 气象预报投放: a folder under `<home>/weather` is one run of a model.

A script that fetches GFS, ECMWF or WRF output puts the files of one run into a folder of any name. Nothing is moved or
deleted here. A folder that changed within the last minutes may still be written to, and waits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from lantian.kernel.settings import TIMEZONE

FOLDER: Final = "weather"
SETTLED: Final = 120.0
"""Seconds without a change after which the files of a folder are taken to be whole."""
GAP: Final = 6
"""Hours between two moments of the files over which the weather is interpolated, as models write them; over a longer
gap nothing is known."""


@dataclass(frozen=True)
class Delivery:
    """The files of one run of a weather model.

    Attributes:
        name: of the folder.
        files: in the order of their names.
        size: bytes.
        laid_at: when the newest file was last written, aware, UTC; real time, not the platform's clock.
        kind: what the files are (`weather.look`); "" where they cannot be read.
        first, last: hours between which moments follow each other at most `GAP` hours apart, from the first on;
            None where they cannot be read.
        bounds: west, south, east, north in degrees.
        fault: why they cannot be used at all; "" where nothing is wrong.
        settled: whether nothing was written lately.
    """

    name: str
    files: tuple[Path, ...]
    size: int
    laid_at: datetime
    kind: str = ""
    first: datetime | None = None
    last: datetime | None = None
    bounds: tuple[float, float, float, float] | None = None
    fault: str = ""
    settled: bool = True

    def reaches(self, issue: datetime) -> bool:
        """Whether an issue can be made of it: whole, and without gaps to the end of the first day forecast."""
        if self.fault or not self.settled or self.first is None or self.last is None:
            return False
        return self.first <= issue and self.last >= last_needed(issue)


def last_needed(issue: datetime) -> datetime:
    """The last hour of the first day that an issue forecasts, the natural day of Beijing after its own."""
    local = issue.astimezone(TIMEZONE)
    return (local.replace(hour=23, minute=0, second=0, microsecond=0) + timedelta(days=1)).astimezone(UTC)


def deliveries(home: Path) -> list[Delivery]:
    """Everything that was laid down: what can be read first, the newest first. Folders without a file are left out."""
    folder = home / FOLDER
    found = [_delivery(each) for each in sorted(folder.iterdir()) if each.is_dir()] if folder.is_dir() else []
    order = sorted((one for one in found if one), key=lambda one: (one.first or one.laid_at, one.name), reverse=True)
    return sorted(order, key=lambda one: one.first is None)


def best(found: Sequence[Delivery], issue: datetime) -> Delivery | None:
    """The one to make an issue of: of those that reach far enough, that which begins last; None if there is none."""
    usable = [one for one in found if one.reaches(issue)]
    return max(usable, key=lambda one: (one.first, one.last, one.name), default=None)


def _delivery(folder: Path) -> Delivery | None:
    files = tuple(sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith(".")))
    if not files:
        return None
    stamps = tuple((str(each), each.stat().st_size, each.stat().st_mtime_ns) for each in files)
    newest = max(stamp[2] for stamp in stamps) / 1e9
    laid_at, settled = datetime.fromtimestamp(newest, UTC), time.time() - newest > SETTLED
    one = Delivery(folder.name, files, sum(stamp[1] for stamp in stamps), laid_at, settled=settled)
    if not settled:
        return one
    kind, first, last, bounds, fault = _looked(stamps)
    return Delivery(folder.name, files, one.size, laid_at, kind, first, last, bounds, fault)


Looked = tuple[str, datetime | None, datetime | None, tuple[float, float, float, float] | None, str]


@lru_cache(maxsize=64)
def _looked(stamps: tuple[tuple[str, int, int], ...]) -> Looked:
    """What the files hold; asked once for files that did not change."""
    from lantian import weather  # brings xarray, which pages do without

    try:
        found = weather.look([path for path, _, _ in stamps])
    except (ValueError, OSError, RuntimeError) as error:  # what readers raise on files of any content
        return "", None, None, None, str(error) or type(error).__name__
    if found.faults:
        return found.kind, None, None, found.bounds, "; ".join(str(fault) for fault in found.faults)
    moments = [datetime.fromtimestamp(int(hour), UTC) for hour in found.times.astype("datetime64[s]").astype(int)]
    if not moments:
        return found.kind, None, None, found.bounds, "no whole hour at which all needed quantities are there"
    last = moments[0]
    for moment in moments[1:]:
        if moment - last > timedelta(hours=GAP):
            break
        last = moment
    return found.kind, moments[0], last, found.bounds, ""
