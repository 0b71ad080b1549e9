"""Rung of steady plumes: continuous sources against the analytic solutions of K theory."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from scipy.special import erf, ive  # type: ignore[import-untyped]

from lantian.transport.hour import Hour, choose_steps
from lantian.transport.ladder.flows import Box, forth
from lantian.transport.ladder.rung import Curve, Map, Measure, Rung, Values, array, error

BOX: Final = Box(40, 41, 60, 1000.0, 20.0)
SOURCE: Final = 3
"""Column of cells where the sources stand."""
STRENGTH: Final = 1e9
"""ug s-1"""
LAYER: Final = 4
"""Of the elevated source: 80 to 100 m."""
HOURS: Final = 6


def plume() -> Rung:
    """Steady plumes from a source in the lowest layer and one at 90 m.

    Two airs: constant wind and K in three dimensions, and power-law profiles across the wind's line.
    """
    constant, low, high = _constant()
    powers, profile = _powers()
    measures = []
    for i, (name, zh) in enumerate((("ground source", "地面源"), ("source at 90 m", "90 米源"))):
        measures.append(Measure(f"{name}, L2", f"{zh} L2 误差", constant[i], at_most=0.03))
        measures.append(Measure(f"{name}, power laws, L2", f"{zh}幂律 L2 误差", powers[i], at_most=0.03))
    return Rung(
        "steady plume",
        "稳态烟羽",
        "Concentrations 15 to 55 km downwind with constant wind and K, 8 to 24 km with power laws",
        tuple(measures),
        (
            Map("plume at the ground", "地面烟羽", low, "ug m-3"),
            Map("plume at the ground, exact", "地面烟羽精确解", high, "ug m-3"),
            profile,
        ),
    )


def _steady(now: Hour) -> Values:
    """(z, species, y, x) after `HOURS` hours, by when the slowest air has left."""
    steps = int(choose_steps(now, 300.0)[0])
    q = jnp.zeros((BOX.nz, 2, BOX.ny, BOX.nx))
    for _ in range(HOURS):
        q = forth(q, now, steps).q
    return array(q)


def _emission(across: slice | int) -> Values:
    """(layer, species, y, x) ug s-1: species 0 at the ground, 1 in `LAYER`."""
    emission = np.zeros((LAYER + 1, 2, BOX.ny, BOX.nx))
    emission[0, 0, across, SOURCE] = emission[LAYER, 1, across, SOURCE] = STRENGTH
    return emission


def _band(faces: Values, centre: float, sigma: Values) -> Values:
    """Mean (cell, x) over the cells between ``faces`` of a Gaussian from a source as wide as a cell."""
    width = faces[1] - faces[0]

    def integral(t: Values) -> Values:
        scaled = t / (sigma * np.sqrt(2))
        result: Values = t * (1 + erf(scaled)) / 2 + sigma / np.sqrt(2 * np.pi) * np.exp(-(scaled**2))
        return result

    rising = integral(faces[:, None] - (centre - width / 2)) - integral(faces[:, None] - (centre + width / 2))
    shares: Values = np.diff(rising, axis=0) / width**2
    return shares


def _constant() -> tuple[list[float], Values, Values]:
    """Errors with constant wind and K, and the field at the ground computed and exact.

    The slender plume (Roberts 1923; Seinfeld & Pandis 2016, Atmospheric Chemistry and Physics, table 18.2):
    c = Q / (2 pi u sy sz) exp(-y^2 / 2 sy^2) [exp(-(z-h)^2 / 2 sz^2) + exp(-(z+h)^2 / 2 sz^2)], s^2 = 2 K x / u.
    """
    wind, vertical, across, middle = 5.0, 5.0, 1000.0, BOX.ny // 2
    field = _steady(BOX.hour(wind, 0.0, vertical, across, _emission(middle)))
    columns = np.arange(SOURCE + 15, BOX.nx - 1)
    x = (columns - SOURCE) * BOX.dx
    sigma_y, sigma_z = np.sqrt(2 * across * x / wind), np.sqrt(2 * vertical * x / wind)
    wide = _band(BOX.faces(1), BOX.centres(1)[middle], sigma_y)
    errors, ground = [], []
    for species, layer in enumerate((0, LAYER)):
        h = BOX.centres(0)[layer]
        tall = _band(BOX.faces(0), h, sigma_z) + _band(BOX.faces(0), -h, sigma_z)
        exact = STRENGTH / wind * tall[:, None] * wide
        errors.append(error(field[:, species][..., columns], exact))
        ground.append(exact[0])
    return errors, field[0, 0][:, columns], ground[0]


def huang(x: Values, z: Values, h: float, *, wind: float, wind_power: float, k: float, k_power: float) -> Values:
    """Crosswind-integrated concentration over source strength, s m-2, at ``x`` downwind and height ``z``.

    Wind ``wind z^wind_power`` and diffusivity ``k z^k_power``, source at ``h`` (Huang 1979, Atmos. Environ. 13:453)::

        c = (z h)^((1-n)/2) / (k s x) exp(-wind (z^s + h^s) / (k s^2 x)) I_-v(2 wind (z h)^(s/2) / (k s^2 x))

    with s = 2 + wind_power - k_power and v = (1 - k_power) / s; it becomes Roberts' solution as h goes to 0.
    """
    s = 2 + wind_power - k_power
    scale = wind / (k * s**2 * x)
    bessel = 2 * scale * (z * h) ** (s / 2)
    spread = np.exp(bessel - scale * (z**s + h**s)) * ive(-(1 - k_power) / s, bessel)
    result: Values = (z * h) ** ((1 - k_power) / 2) / (k * s * x) * spread
    return result


def _powers() -> tuple[list[float], Curve]:
    """Errors with u = 1.9 z^0.2 and K = 0.1 z^0.8, from lines of sources across the wind."""
    laws = {"wind": 3.0 / 10**0.2, "wind_power": 0.2, "k": 0.1, "k_power": 0.8}
    faces = BOX.faces(0)
    power = laws["wind_power"] + 1
    east = laws["wind"] * np.diff(faces**power) / (power * BOX.dz)
    field = _steady(BOX.hour(east, 0.0, laws["k"] * faces[1:-1] ** laws["k_power"], 0.0, _emission(slice(None))))
    columns = np.arange(SOURCE + 8, SOURCE + 25)
    x = np.asarray((columns - SOURCE) * BOX.dx, np.float64)
    inside = (faces[:-1, None] + (np.arange(20) + 0.5) / 20 * BOX.dz)[..., None]
    errors, curves = [], []
    for species, layer in enumerate((0, LAYER)):
        exact = STRENGTH / BOX.dx * huang(x, inside, BOX.centres(0)[layer], **laws).mean(1)
        found = field[:, species, BOX.ny // 2][:, columns]
        errors.append(error(found, exact))
        curves.append((found[0], exact[0]))
    line = Curve("at the ground, source at 90 m", "90 米源的地面浓度", x / 1000, *curves[1], "km", "ug m-3")
    return errors, line
