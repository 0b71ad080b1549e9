"""What a simulated device measures: the same minute always has the same value, so that it can be told again.

Invented, but with the course of a day, noise with a memory of an hour, and what a flue's chemistry ties together. A
fault of ``observations.faults`` may be put into any stretch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.observations.faults import inject
from lantian.observations.simulate.profiles import Profile, Signal

__all__ = ["Episode", "Source"]

Values: TypeAlias = NDArray[np.float64]

_PERIOD = 16384
"""Minutes after which the noise begins anew: eleven days and nine hours, never the same hour of a day."""
_MEMORY = 0.98
"""Correlation of the noise from minute to minute."""
_MINUTE = 60
_PEAK_HOUR = 14.0
_OXYGEN_OF_AIR = 21.0


@dataclass(frozen=True, slots=True)
class Episode:
    """A fault of one device: its kind and sizes (``faults.KINDS``), the code, and from when to when."""

    kind: str
    code: str
    start: datetime
    end: datetime
    seed: int = 0
    sizes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@cache
def _noises() -> tuple[Values, Values]:
    """Slow and quick noise of mean 0 and deviation 1, shared by all devices, who read it from different places."""
    random = np.random.default_rng(20260722)
    white = random.standard_normal(_PERIOD)
    slow = np.empty(_PERIOD)
    last = 0.0
    for at, shock in enumerate(random.standard_normal(_PERIOD)):
        last = _MEMORY * last + np.sqrt(1 - _MEMORY**2) * shock
        slow[at] = last
    return (slow - slow.mean()) / slow.std(), white


class Source:
    """The values of one device, minute by minute."""

    def __init__(self, profile: Profile, seed: int, episodes: tuple[Episode, ...] = ()) -> None:
        self.profile = profile
        self.seed = seed
        self.episodes = episodes
        random = np.random.default_rng(seed)
        self._size = float(random.uniform(0.7, 1.3))
        self._at = {group: int(random.integers(_PERIOD)) for group in sorted({_group(s) for s in profile.signals})}
        self._spoiled: dict[int, tuple[Mapping[str, Values], NDArray[np.bool_]]] = {}

    def minutes(self, start: datetime, count: int) -> tuple[dict[str, Values], dict[str, NDArray[np.bool_]]]:
        """Give ``count`` minutes from ``start`` (aware, a whole minute): values by code, NaN where there are none, and
        by code which minutes carry the mark of a calibration.
        """
        first = round(start.timestamp()) // _MINUTE
        values = self._true(first, count)
        marked: dict[str, NDArray[np.bool_]] = {}
        for episode in self.episodes:
            begin = max(first, round(episode.start.timestamp()) // _MINUTE)
            end = min(first + count, round(episode.end.timestamp()) // _MINUTE)
            if begin < end:
                self._spoil(episode, values, marked, first, begin, end)
        return values, marked

    def _spoil(
        self,
        episode: Episode,
        values: dict[str, Values],
        marked: dict[str, NDArray[np.bool_]],
        first: int,
        begin: int,
        end: int,
    ) -> None:
        if id(episode) not in self._spoiled:
            self._spoiled[id(episode)] = self._injected(episode)
        spoiled, truth = self._spoiled[id(episode)]
        since = begin - round(episode.start.timestamp()) // _MINUTE
        for code, wrong in spoiled.items():
            values[code][begin - first : end - first] = wrong[since : since + end - begin]
        if episode.kind == "calibration_abuse":
            count = len(next(iter(values.values())))
            marks = marked.setdefault(episode.code, np.zeros(count, dtype=bool))
            marks[begin - first : end - first] |= truth[since : since + end - begin]

    def _injected(self, episode: Episode) -> tuple[Mapping[str, Values], NDArray[np.bool_]]:
        """The codes that the fault moves, over the whole episode, and where it struck."""
        lag = timedelta(days=float(episode.sizes.get("lag_days", 1))) if episode.kind == "copied_day" else timedelta()
        begin = round((episode.start - lag).timestamp()) // _MINUTE
        count = round(episode.end.timestamp()) // _MINUTE - begin
        times = pl.Series("time", [datetime.fromtimestamp((begin + at) * _MINUTE, UTC) for at in range(count)])
        frame = pl.DataFrame({"place": pl.repeat("0", count, eager=True), "time": times, **self._true(begin, count)})
        if episode.kind == "copied_neighbour":
            beside = Source(self.profile, self.seed + 1)._true(begin, count)
            frame = pl.concat(
                [frame, pl.DataFrame({"place": pl.repeat("1", count, eager=True), "time": times, **beside})]
            )
        done = inject(
            frame,
            episode.kind,
            item=episode.code,
            place="0",
            start=episode.start,
            end=episode.end,
            seed=episode.seed,
            **episode.sizes,
        )
        skip = round(lag.total_seconds()) // _MINUTE
        mine = done.frame.slice(0, count)
        moved = {
            code: mine[code].fill_null(np.nan).to_numpy()[skip:].copy()
            for code in self.profile.units
            if not mine[code].equals(frame[code].slice(0, count))
        }
        return moved, done.truth.to_numpy()[:count][skip:].copy()

    def _true(self, first: int, count: int) -> dict[str, Values]:
        slow, quick = _noises()
        at = np.arange(first, first + count)
        hours = ((at + 8 * 60) % 1440) / 60
        course = np.cos((hours - _PEAK_HOUR) / 24 * 2 * np.pi)
        values: dict[str, Values] = {}
        for place, signal in enumerate(self.profile.signals):
            where = at + self._at[_group(signal)]
            swing = 0.9 * slow[where % _PERIOD] + 0.2 * quick[(where + 97 * place) % _PERIOD]
            share = signal.daily * course + signal.noise * swing
            if signal.shape == "angle":
                values[signal.code] = np.round((signal.level * self._size + 180 * share) % 360, signal.decimals) % 360
            else:
                sized = signal.level * (self._size if signal.group else 1.0)
                raw = sized * (1 + share)
                values[signal.code] = np.round(np.maximum(raw, 0.0) if signal.level > 0 else raw, signal.decimals)
        return values

    def converted(self, code: str, values: Mapping[str, Values]) -> Values | None:
        """Give a concentration at the reference oxygen, ``C (21 - O2 ref) / (21 - O2)``; None where it has none."""
        signal = next(signal for signal in self.profile.signals if signal.code == code)
        if not signal.converted or "a19001" not in values:
            return None
        left = np.maximum(_OXYGEN_OF_AIR - values["a19001"], 0.5)
        return np.asarray(values[code] * (_OXYGEN_OF_AIR - self.profile.oxygen) / left)


def _group(signal: Signal) -> str:
    return signal.group or signal.code
