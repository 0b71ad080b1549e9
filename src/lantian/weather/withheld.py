"""How well the wind between stations is known: each left out in turn, and told by the others.

Stations that share one weather station leave together, else the nearest neighbour would be the station itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from lantian.places.projection import Projection
from lantian.weather import analysis
from lantian.weather.analysis import Network
from lantian.weather.stations import Sites, sites

Field = NDArray[np.float64]
Weights = Callable[[Network, NDArray[np.bool_], Field, Field, Field], Field]
"""(points, S) of the network, which sites are known, and x, y and altitude of points."""

DIRECTED: Final = 1.0
"""m s-1; below this a direction says nothing."""


class Method(NamedTuple):
    """One way to tell the wind of a place."""

    weights: Weights
    over_hours: bool
    """Whether the hours before and after count too"""


def _ours(network: Network, known: NDArray[np.bool_], x: Field, y: Field, altitude: Field) -> Field:
    return network.weights(analysis.WIND, known, x, y, altitude)


def _nearest(network: Network, known: NDArray[np.bool_], x: Field, y: Field, _: Field) -> Field:
    distance = np.where(known, np.hypot(x[:, None] - network.x, y[:, None] - network.y), np.inf)
    return np.array(np.eye(len(known))[distance.argmin(axis=1)])


def _inverse(network: Network, known: NDArray[np.bool_], x: Field, y: Field, _: Field) -> Field:
    distance = np.hypot(x[:, None] - network.x, y[:, None] - network.y)
    share = known / np.maximum(distance, 1.0) ** 2
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _mean(_: Network, known: NDArray[np.bool_], x: Field, __: Field, ___: Field) -> Field:
    return np.array(np.broadcast_to(known / known.sum(), (len(x), len(known))))


METHODS: Final = {
    "analysis": Method(_ours, over_hours=True),
    "nearest neighbour": Method(_nearest, over_hours=False),
    "inverse distance": Method(_inverse, over_hours=False),
    "inverse distance, over hours": Method(_inverse, over_hours=True),
    "mean of the others": Method(_mean, over_hours=False),
}
"""Ours, and what it is held against; inverse distance is of the second power."""


def withheld(stations: xr.Dataset) -> pl.DataFrame:
    """Errors of the wind at sites that were left out, one row a method of `METHODS`.

    ``stations`` as `from_stations` makes them, of any length: each month by itself, because stations may come to share
    a weather station. Columns: ``method``; ``sites``, the fewest and the most that measure apart in a month, as text;
    ``n``, how many winds were told; ``rmse`` m s-1 of the vector; ``speed_rmse`` and ``speed_bias`` m s-1 of its size;
    ``direction`` degrees, the mean error where the true wind is at least `DIRECTED`.

    Raises:
        ValueError: fewer than three sites measure apart.
    """
    month = stations["time"].values.astype("datetime64[M]")
    parts = [sites(stations.isel(time=month == one)) for one in np.unique(month)]
    counts = [len(part.stations) for part in parts]
    if min(counts) < 3:
        raise ValueError(f"{min(counts)} stations measure apart; there must be three to leave one out")
    span = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    rows = []
    for name, method in METHODS.items():
        told, true = (np.concatenate(found) for found in zip(*(_told(part, method) for part in parts), strict=True))
        rows.append({"method": name, "sites": span, **_errors(told, true)})
    return pl.DataFrame(rows)


def _told(given: Sites, method: Method) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """The wind of each site from the others, and its own, eastward + i northward; where both are known."""
    lon, lat = float(given.lon.mean()), float(given.lat.mean())
    x, y = Projection(lat - 5, lat + 5, lat, lon).forward(given.lon, given.lat)
    network = Network(x, y, given.altitude)
    winds = [given.eastward, given.northward]
    own = winds[0] + 1j * winds[1]
    eastward, northward = (analysis.over_hours(wind) if method.over_hours else wind for wind in winds)
    wind = eastward + 1j * northward
    patterns, which = np.unique(np.isfinite(wind), axis=0, return_inverse=True)
    told = np.full(wind.shape, np.nan + 0j)
    for number, pattern in enumerate(patterns):
        hours = which.ravel() == number
        for site in range(len(x)):
            known = pattern & (np.arange(len(x)) != site)
            if known.any():
                at = (a[site : site + 1] for a in (x, y, given.altitude))
                told[hours, site] = np.nan_to_num(wind[hours]) @ method.weights(network, known, *at)[0]
    both = np.isfinite(told) & np.isfinite(own)
    return told[both], own[both]


def _errors(told: NDArray[np.complex128], true: NDArray[np.complex128]) -> dict[str, float]:
    size = np.abs(told) - np.abs(true)
    directed = (np.abs(true) >= DIRECTED) & (np.abs(told) > 0)
    turned = np.abs(np.angle(told[directed] / true[directed]))
    return {
        "n": len(told),
        "rmse": float(np.sqrt(np.mean(np.abs(told - true) ** 2))),
        "speed_rmse": float(np.sqrt(np.mean(size**2))),
        "speed_bias": float(size.mean()),
        "direction": float(np.degrees(turned.mean())),
    }
