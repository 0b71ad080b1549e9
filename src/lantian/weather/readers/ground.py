"""Levels that lie under the ground, as those of pressure do over mountains, brought above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from lantian.weather import derive
from lantian.weather.derive import Field

ANCHOR: Final = 10.0
"""Metres above the ground of the lowest level that is made: where weather models tell the wind."""
_CLEAR: Final = 20.0, 200.0
"""A level counts as above the ground from these metres, and Pa less than at the ground, on; judgement."""
_FROM_2M: Final = derive.GRAVITY / derive.HEAT_CAPACITY * (ANCHOR - 2)
"""K that well mixed air is colder at the anchor than at 2 m."""


def settle(
    volumes: Mapping[str, Field], near: Mapping[str, Field], surface_pressure: Field
) -> dict[str, Field] | tuple[int, int]:
    """The same columns with all levels above the ground; those of ``volumes`` (level, y, x) with NaN or not.

    Levels under the ground move in between the anchor and the lowest level above the ground, with values linear in
    height (pressure: its logarithm): whoever interpolates linearly in height sees nothing of them. Values at the
    anchor are those of ``near``, by the name of the volume (wind at 10 m, temperature and humidity at 2 m), which
    also gives each column a level more; else what the levels around it give. ``volumes`` holds ``height``,
    ``air_pressure``, ``air_temperature``, ``specific_humidity``.

    A column that is under the ground as a whole is told by its (y, x) instead.
    """
    height, pressure = volumes["height"], volumes["air_pressure"]
    above = (height > _CLEAR[0]) & (pressure < surface_pressure - _CLEAR[1])
    first = np.argmax(above, axis=0)
    if not above.any(axis=0).all():
        j, i = np.unravel_index(int(np.argmin(above.any(axis=0))), first.shape)
        return int(j), int(i)
    if not near and not first.any():
        return dict(volumes)
    more = 1 if near else 0
    moved = first + more
    at = np.arange(len(height) + more).reshape(-1, 1, 1)
    share = np.where(at < moved, at / np.maximum(moved, 1), 1.0)
    source = np.clip(np.maximum(at - more, first), 0, len(height) - 1)

    anchors = {name: _anchor(name, volume, height, near) for name, volume in volumes.items()}
    warm = derive.virtual_temperature(anchors["air_temperature"], anchors["specific_humidity"])
    fall = derive.GRAVITY * ANCHOR / (derive.GAS_CONSTANT * warm)
    anchors |= {"height": np.full(first.shape, ANCHOR), "air_pressure": np.log(surface_pressure) - fall}
    settled = {}
    for name, volume in volumes.items():
        values = np.log(volume) if name == "air_pressure" else volume
        upper = np.take_along_axis(values, source, axis=0)
        # where the share is one the level is its own, whatever stands below it
        inner = np.where(share < 1, anchors[name] + share * (upper - anchors[name]), upper)
        settled[name] = np.exp(inner) if name == "air_pressure" else inner
    return settled


def _anchor(name: str, volume: Field, height: Field, near: Mapping[str, Field]) -> Field:
    """The values (y, x) at the anchor."""
    if name in near:
        return near[name] - _FROM_2M if name == "air_temperature" else near[name]
    # height rises with the level, and is missing at most below
    here = np.clip((~(height > ANCHOR)).sum(axis=0), 0, len(height) - 1)[None]
    under = np.maximum(here - 1, 0)
    upper, lower = (np.take_along_axis(volume, k, axis=0)[0] for k in (here, under))
    top, bottom = (np.take_along_axis(height, k, axis=0)[0] for k in (here, under))
    with np.errstate(invalid="ignore", divide="ignore"):
        between: Field = lower + (upper - lower) * np.clip((ANCHOR - bottom) / (top - bottom), 0, 1)
    return np.where(np.isfinite(between), between, upper)
