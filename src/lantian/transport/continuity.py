"""Whether the weather's air is air: the gas law holds, pressure falls upward, and the winds close.

The vertical wind is what continuity leaves (`hour.close`). Where the winds bring a column more air than its density
says it gains, the rest has to leave through the top; a little of that is the price of interpolation, much of it means
winds that do not belong to this terrain, and tracers would be blown out of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from lantian.transport.advection import outflow
from lantian.transport.forcing import Forcing, Geometry, air, read
from lantian.transport.hour import COURANT, HOUR, STEPS, Hour, close, courant
from lantian.transport.inputs import Faults, moment

GAS_CONSTANT: Final = 287.05
"""J kg-1 K-1, dry air."""
GAS_LAW: Final = 0.05
"""Density may differ from pressure / (R temperature) by this share; water vapour takes up to 0.02."""
SHORTEST: Final = HOUR / 12 / STEPS[-1]
"""s, the shortest step."""
HARMLESS: Final = COURANT / (1 + 2 * COURANT)
"""Where no sweep by itself moves more than this share of a cell's air, no sweep after two others exceeds `COURANT`:
x / (1 - 2 x) = `COURANT`; own."""
_NAMES: Final = ("air_density", "x_wind", "y_wind", "air_temperature", "air_pressure")


@dataclass
class _Worst:
    """The largest of many offences, and how many there were."""

    value: float = 0.0
    where: str = ""
    count: int = 0

    def add(self, value: float, where: str) -> None:
        self.count += 1
        if not abs(value) <= abs(self.value):
            self.value, self.where = value, where


def check(forcing: Forcing, top_velocity: float, faults: Faults) -> None:
    """Add to ``faults`` where the air of any hour is none, or continuity asks for more than ``top_velocity`` m s-1
    through the top, or for steps shorter than `SHORTEST`.
    """
    geometry = Geometry.of(forcing.domain, forcing.dtype)
    law, upside_down, leak, speed = _Worst(), _Worst(), _Worst(), _Worst()
    before: dict[str, Array] = {}
    for t, time in enumerate(forcing.times):
        now = {name: jnp.asarray(read(forcing.weather, name, t), forcing.dtype) for name in _NAMES}
        off, rise, least = _balance(now)
        if max(abs(float(off)), abs(float(least))) > GAS_LAW:
            law.add(*_extreme(_law(now), f"{moment(time)}, ", ("z", "y", "x")))
        if forcing.domain.levels.n > 1 and float(rise) >= 0:
            rises = np.diff(np.asarray(now["air_pressure"]), axis=0)
            upside_down.add(*_extreme(np.maximum(rises, 0), f"{moment(time)}, ", ("z", "y", "x")))
        if before:
            _hour(forcing, t - 1, before, now, geometry, top_velocity, leak, speed)
        before = now
    if law.count:
        faults.add(
            f"weather: air_density differs from air_pressure / ({GAS_CONSTANT} air_temperature) by "
            f"{100 * law.value:+.0f} % at {law.where} (in {law.count} times); is one of them of another kind, for "
            "example potential temperature?"
        )
    if upside_down.count:
        faults.add(
            f"weather: air_pressure rises with height, first at {upside_down.where} (in {upside_down.count} times); "
            "levels must count from the ground up."
        )
    if leak.count:
        faults.add(
            f"weather: the winds do not close: continuity asks for {leak.value:+.2f} m s-1 through the top at "
            f"{leak.where}; at most {top_velocity:g} m s-1 may pass there, which {leak.count} hours exceed. Make the "
            "winds mass consistent on this terrain."
        )
    if speed.count:
        faults.add(
            f"weather: the winds are too fast for the cells: in {SHORTEST:g} s, the shortest step, {speed.value:.2f} "
            f"of a cell's air leaves it at {speed.where}; at most {COURANT} may, which {speed.count} hours exceed."
        )


def _hour(
    forcing: Forcing,
    i: int,
    begin: Mapping[str, Array],
    end: Mapping[str, Array],
    geometry: Geometry,
    top_velocity: float,
    leak: _Worst,
    speed: _Worst,
) -> None:
    """Look at one hour."""
    top, share = _closing(begin, end, geometry)
    if not float(jnp.max(jnp.abs(top))) <= top_velocity:
        up = np.asarray(top)
        k = int(np.abs(up).max(axis=(1, 2)).argmax())
        leak.add(*_extreme(up[k], f"{moment(forcing.times[i + k])}, ", ("y", "x")))
    elif float(share) * SHORTEST > HARMLESS or "horizontal_diffusivity" in forcing.weather:
        hour = forcing.hour(i)
        number = float(courant(hour, SHORTEST))
        if not number <= COURANT:
            speed.add(number, f"{moment(forcing.times[i])}, {_fastest(hour)}")


def _law(now: Mapping[str, Array]) -> Array:
    """Density over that of the gas law, less one."""
    return now["air_density"] * now["air_temperature"] * GAS_CONSTANT / now["air_pressure"] - 1


@jax.jit
def _balance(now: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Largest excess over the gas law, largest rise of pressure with height, largest lack."""
    law, pressure = _law(now), now["air_pressure"]
    rise = jnp.max(pressure[1:] - pressure[:-1]) if pressure.shape[0] > 1 else -jnp.ones((), pressure.dtype)
    return jnp.max(law), rise, jnp.min(law)


@jax.jit
def _closing(begin: Mapping[str, Array], end: Mapping[str, Array], geometry: Geometry) -> tuple[Array, Array]:
    """Speed through the top at both ends (2, y, x) m s-1, and the largest share of a cell's air that leaves in 1 s."""
    ends = [air(now["air_density"], now["x_wind"], now["y_wind"], geometry) for now in (begin, end)]
    mass, flux_x, flux_y = (jnp.stack(pair) for pair in zip(*ends, strict=True))
    flux_z = close(mass, flux_x, flux_y)
    top = jnp.stack([begin["air_density"][-1], end["air_density"][-1]]) * geometry.cell_area
    sweeps = ((flux_x, 2), (flux_y, 1), (flux_z, 0))
    shares = [jnp.max(outflow(flux[k], axis) / mass[k]) for flux, axis in sweeps for k in (0, 1)]
    return flux_z[:, -1] / top, jnp.max(jnp.stack(shares))


def _extreme(field: Array | NDArray[Any], prefix: str, dims: Sequence[str]) -> tuple[float, str]:
    """The value that is farthest from zero, and its place."""
    values = np.asarray(field)
    index = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
    return float(values[index]), prefix + ", ".join(f"{dim} {int(i)}" for dim, i in zip(dims, index, strict=True))


def _fastest(hour: Hour) -> str:
    """Cell and direction of the largest outflow."""
    found = []
    ways = ((hour.flux_x, 2, hour.swap_x, "along x"), (hour.flux_y, 1, hour.swap_y, "along y"))
    for flux, axis, swap, way in (*ways, (hour.flux_z, 0, None, "upright")):
        for end in (0, 1):
            leaving = outflow(flux[end], axis, None if swap is None else swap[end]) / hour.mass[end]
            found.append(_extreme(leaving, f"{way} in ", ("z", "y", "x")))
    return max(found)[1]
