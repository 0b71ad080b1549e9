"""From the state to what is measured: particulate matter, and the six pollutants in the units of the national standard.

Everything is at the state of the air as it is. The standard's gases stand at 298.15 K and 1013.25 hPa (GB 3095-2012
and its amendment of 2018): who compares with published values of gases converts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import jax.numpy as jnp
from jax import Array

from lantian.transport.aerosol import equilibrium
from lantian.transport.species import Species, find

GAS_CONSTANT_AIR: Final = 287.05
"""Specific gas constant of dry air, J kg-1 K-1; gives the pressure from density and temperature."""

_GASES: Final = {"so2": ("SO2", 1.0), "no2": ("NO2", 1.0), "o3": ("O3", 1.0), "co": ("CO", 1.0e-3)}


def pm25(q: Array, names: Sequence[str], temperature: Any, humidity: Any, density: Any) -> Array:
    """PM2.5 (细颗粒物), dry mass, ug m-3: each fine species with the particulate matter that it stands for.

    ``q``: (..., species, y, x), ug kg-1, its species in the order of ``names``; temperature (K), humidity (0..1) and
    density (kg m-3): (..., y, x). Sulfate and nitrate bring their ammonium; of TNO3 only the nitrate in particles
    counts (``aerosol.equilibrium``). A species that is not carried adds nothing. Raises ``ValueError`` where ``names``
    and ``q`` do not fit, and for TNO3 without TNH4 and SO4, on which its particulate part depends.
    """
    return _matter(q, names, temperature, humidity, density, "pm25")


def pm10(q: Array, names: Sequence[str], temperature: Any, humidity: Any, density: Any) -> Array:
    """PM10 (可吸入颗粒物), dry mass, ug m-3: PM2.5 and the coarse particles; arguments and errors as for ``pm25``."""
    return _matter(q, names, temperature, humidity, density, "pm10")


def concentration(q: Array, names: Sequence[str], name: str, density: Any) -> Array:
    """One species as it is carried, ug m-3, for example black carbon (黑碳, ``BC``); shapes as for ``pm25``.

    Raises ``ValueError`` for a name that is not carried.
    """
    carried = _by_name(q, names)
    if name not in carried:
        raise ValueError(f"{name} is not carried; carried are {', '.join(names)}")
    return jnp.asarray(carried[name] * density)


def concentrations(q: Array, names: Sequence[str], temperature: Any, humidity: Any, density: Any) -> dict[str, Array]:
    """The pollutants of the air quality index: pm25 pm10 so2 no2 o3 in ug m-3, co in mg m-3, at ambient state.

    Shapes and errors as for ``pm25``; the surface is ``q[0]`` with the weather of the lowest level. A gas that is not
    carried is left out, and so are pm25 and pm10 where no species of theirs is carried.
    """
    carried, species = _by_name(q, names), find(names)
    result = {item: factor * density * carried[name] for item, (name, factor) in _GASES.items() if name in carried}
    if any(s.pm25 for s in species):
        result["pm25"] = pm25(q, names, temperature, humidity, density)
    if any(s.pm10 for s in species):
        result["pm10"] = pm10(q, names, temperature, humidity, density)
    return result


def _matter(
    q: Array, names: Sequence[str], temperature: Any, humidity: Any, density: Any, size: Literal["pm25", "pm10"]
) -> Array:
    """Sum over the species of factor x particulate part x density."""

    def particulate(s: Species) -> Array:
        if s.kind == "mixed":
            return _nitrate(carried, temperature, humidity, density)
        return carried[s.name]

    carried = _by_name(q, names)
    factors = [(s, s.pm25 if size == "pm25" else s.pm10) for s in find(names)]
    parts = [factor * particulate(s) for s, factor in factors if factor]
    return jnp.asarray(sum(parts, start=jnp.zeros_like(q[..., 0, :, :])) * density)


def _nitrate(carried: dict[str, Array], temperature: Any, humidity: Any, density: Any) -> Array:
    """Nitrate in particles, ug kg-1."""
    missing = [name for name in ("TNH4", "SO4") if name not in carried]
    if missing:
        raise ValueError(f"how much of TNO3 is in particles depends on {' and '.join(missing)}, not carried here")
    tno3, tnh4, so4 = find(("TNO3", "TNH4", "SO4"))
    nitric, ammonia, sulfate = (s.to_ppb(carried[s.name]) for s in (tno3, tnh4, so4))
    pressure = density * GAS_CONSTANT_AIR * temperature
    nitrate, _ = equilibrium(nitric, ammonia, sulfate, temperature, humidity, pressure)
    return jnp.asarray(tno3.from_ppb(nitrate))


def _by_name(q: Array, names: Sequence[str]) -> dict[str, Array]:
    """The species' fields, (..., y, x)."""
    if q.ndim < 3 or q.shape[-3] != len(names):
        raise ValueError(f"q has the shape {tuple(q.shape)}; it must be (..., species, y, x) with {len(names)} species")
    return {name: q[..., i, :, :] for i, name in enumerate(names)}
