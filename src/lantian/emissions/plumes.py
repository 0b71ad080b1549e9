"""Chimneys 烟囱: which layers their plumes feed, hour by hour, by `transport.plume` in the air of the hour.

Without weather the air is a standard one: neutral, 4 m s-1 at 10 m, boundary layer of 800 m.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from lantian.emissions.heights import faces, layer_count
from lantian.emissions.profiles import Profiles
from lantian.places.grid import Domain, Field
from lantian.transport import plume
from lantian.transport.parameters import values

_KAPPA: Final = 0.2857  # R / cp of dry air
_SEA_LEVEL: Final = 1e5  # Pa


class Columns(NamedTuple):
    """The air over chimneys at some moments, (time, layer, source) and (time, source)."""

    wind: NDArray[np.float32]
    temperature: NDArray[np.float32]
    potential_temperature: NDArray[np.float32]
    friction_velocity: NDArray[np.float32]
    inverse_obukhov: NDArray[np.float32]
    mixing_height: NDArray[np.float32]

    def between(self, one: int, other: int) -> Columns:
        """The mean of two moments, as a single one."""
        return Columns(*((part[one] + part[other]) / 2 for part in self))


def standard_air(middles: Field) -> Columns:
    """Neutral air over sources whose layers have their middles at ``middles`` (layer, source) m above ground."""
    source = np.ones(middles.shape[1])
    temperature = 283.0 - 0.0098 * middles
    parts = (
        4.0 * (np.maximum(middles, 1.0) / 10) ** 0.2,
        temperature,
        np.full(middles.shape, 283.0),
        0.35 * source,
        0.0 * source,
        800.0 * source,
    )
    return Columns(*(part[None].astype(np.float32) for part in parts))


class Air(NamedTuple):
    """What emissions need of the weather: columns over chimneys, and the mean temperature near the ground."""

    times: NDArray[np.datetime64]
    columns: Columns
    ground: Field
    """(time,) degC"""


def read_air(weather: xr.Dataset, times: NDArray[np.datetime64], j: NDArray[Any], i: NDArray[Any]) -> Air:
    """Read the weather of the door once, at the hours ``times`` and at the end of the last one if it is there.

    Raises:
        ValueError: the weather does not cover the hours; the message says which is missing.
    """
    there = weather["time"].values.astype("datetime64[h]")
    hours = times.astype("datetime64[h]")
    wanted = np.unique(np.concatenate([hours, hours + 1]))
    ends = ~np.isin(wanted, hours)
    wanted = wanted[np.isin(wanted, there) | ~ends]
    if missing := sorted(set(wanted.tolist()) - set(there.tolist())):
        raise ValueError(f"the weather lacks {len(missing)} of the hours, first {missing[0]:%Y-%m-%d %H:%M} UTC")
    read = [_moment(weather, int(np.flatnonzero(there == time)[0]), j, i) for time in wanted]
    stacked = [np.stack(part).astype(np.float32) for part in zip(*(columns for columns, _ in read), strict=True)]
    return Air(wanted, Columns(*stacked), np.array([ground for _, ground in read]))


def _moment(weather: xr.Dataset, at: int, j: NDArray[Any], i: NDArray[Any]) -> tuple[tuple[Field, ...], float]:
    def there(name: str) -> Field:
        return np.asarray(weather.variables[name][at].values)

    x_wind, y_wind, temperature = there("x_wind"), there("y_wind"), there("air_temperature")
    pressure = there("air_pressure")[:, j, i]
    east = (x_wind[:, j, i] + x_wind[:, j, i + 1]) / 2
    north = (y_wind[:, j, i] + y_wind[:, j + 1, i]) / 2
    column = temperature[:, j, i]
    surface = (there(n)[j, i] for n in ("friction_velocity", "inverse_obukhov_length", "boundary_layer_height"))
    warm = column * (_SEA_LEVEL / pressure) ** _KAPPA
    return (np.hypot(east, north), column, warm, *surface), float(temperature[0].mean()) - 273.15


class Chimneys(NamedTuple):
    """Stacks as the plume rise takes them, and the layers' faces over each, (layer + 1, source) m above ground."""

    stack: plume.Stack
    faces: Field
    layers: int

    @property
    def middles(self) -> Field:
        """(layer, source) m above ground."""
        return np.asarray((self.faces[1:] + self.faces[:-1]) / 2)

    def shares(self, air: Columns) -> NDArray[np.float32]:
        """(layer, source) the share of each plume in each layer in the air of one moment; adds up to one."""
        found: NDArray[np.float32] = np.array(_rise(self.stack, jnp.asarray(self.faces, jnp.float32), air))
        found[self.layers - 1] += found[self.layers :].sum(axis=0)
        kept = found[: self.layers]
        return np.asarray(kept / kept.sum(axis=0), np.float32)


def chimneys(domain: Domain, points: pl.DataFrame, profiles: Profiles) -> Chimneys:
    """The stacks of points (rows with ``sector height diameter temperature velocity j i``).

    What is not known of a stack is that of the sector's usual one.
    """
    usual = [profiles.sectors[sector].stack for sector in points["sector"]]
    parts = []
    for name in ("height", "diameter", "velocity", "temperature"):
        given = points[name].to_numpy().astype(np.float64)
        parts.append(np.where(np.isnan(given), [getattr(one, name) for one in usual], given))
    stack = plume.Stack(*(jnp.asarray(part, jnp.float32) for part in parts))
    over = faces(domain)[:, points["j"].to_numpy(), points["i"].to_numpy()]
    return Chimneys(stack, over, layer_count(domain))


@jax.jit
def _rise(stack: plume.Stack, over: jax.Array, air: Columns) -> jax.Array:
    profile = plume.Profile(over, *map(jnp.asarray, air))
    risen = plume.rise(stack, profile, values(plume.PARAMETERS))
    return plume.layer_shares(risen.bottom, risen.top, over)
