"""How strongly turbulence mixes: vertical K profiles and horizontal diffusivity, in m2 s-1.

In the boundary layer K follows a cubic profile of height with the surface layer's stability function; everywhere a
local K from wind shear and Richardson number stands beside it, and the larger of the two counts. Below both lies a
floor that a calibration may move: it decides how thick the polluted layer of a calm winter night is.

All forms here were compared with the public code of CMAQ 5 (``eddyx``, ``hcdiff3d``), EMEP (``TROENKz``) and WRF
(``smag2d``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from lantian.transport.parameters import Parameter

KARMAN: Final = 0.4
"""Von Karman's constant."""
GRAVITY: Final = 9.81
"""m s-2"""
SHALLOWEST: Final = 20.0
"""m; a mixing height below this is taken as this (CMAQ)."""
URBAN_DEPTH: Final = 500.0
"""m; up to here a city's buildings and heat raise the floor of K (CMAQ)."""
SHEAR_FLOOR: Final = 1e-9
"""s-2; keeps the Richardson number finite in still air (CMAQ)."""
DEFORMATION_FLOOR: Final = 1e-9
"""s-1; keeps the slope of the square root finite where the wind does not deform."""

PARAMETERS: Final = (
    Parameter(
        "k_min_rural",
        0.01,
        0.001,
        0.5,
        "m2 s-1",
        "least vertical diffusivity outside cities, and everywhere above 500 m",
        "CMAQ 5 (KZL); low end EMEP (KZ_MINIMUM)",
    ),
    Parameter(
        "k_min_urban",
        1.0,
        0.05,
        2.0,
        "m2 s-1",
        "least vertical diffusivity over a wholly urban cell, up to 500 m",
        "CMAQ 5 (KZU); range: judgement, the strongest knob of winter-night particles",
    ),
    Parameter("k_max", 1000.0, 300.0, 2000.0, "m2 s-1", "largest vertical diffusivity", "CMAQ 5, EMEP (KZ_MAXIMUM)"),
    Parameter(
        "mixing_length",
        80.0,
        30.0,
        200.0,
        "m",
        "asymptotic mixing length of the free air",
        "CMAQ 5 (RLAM), after Liu and Carroll (1996); range: judgement",
    ),
    Parameter(
        "smagorinsky",
        0.28,
        0.1,
        0.35,
        "1",
        "Smagorinsky's coefficient: K = (coefficient times grid length)^2 times deformation",
        "CMAQ 5 (ALP); WRF uses 0.25",
    ),
    Parameter(
        "horizontal_speed",
        2.0,
        0.5,
        10.0,
        "m s-1",
        "ceiling of horizontal diffusivity over grid length",
        "judgement: with a step that a 15 m s-1 wind allows, K dt / dx^2 stays under 0.14; WRF uses 10",
    ),
)


def phi_h(zeta: ArrayLike) -> Array:
    """Dimensionless gradient of heat and of passive species, of ``zeta`` = z/L.

    Unstable (1 - 16 zeta)^(-1/2), stable 1 + 5 zeta (Dyer 1974, Boundary-Layer Meteorol. 7:363), very stable
    5 + zeta beyond zeta = 1 (CMAQ's ``eddyx``), continuous throughout.
    """
    stable = jnp.maximum(zeta, 0.0)
    return (1 + 5 * jnp.minimum(stable, 1) + jnp.maximum(stable - 1, 0)) / jnp.sqrt(1 - 16 * jnp.minimum(zeta, 0))


def boundary_layer(height: Array, friction_velocity: Array, inverse_obukhov: Array, depth: Array) -> Array:
    """K = k u* z (1 - z/h)^2 / phi_h below the mixing height h = ``depth``, zero above it; all arguments broadcast.

    Troen and Mahrt (1986, Boundary-Layer Meteorol. 37:129) with the exponent 2, as Holtslag and Boville (1993, J.
    Climate 6:1825): stable air uses z/L; unstable air above the surface layer (0.1 h) keeps the stability of its top.
    """
    unstable = jnp.minimum(height, 0.1 * depth) * jnp.minimum(inverse_obukhov, 0.0)
    stable = height * jnp.maximum(inverse_obukhov, 0.0)
    left = jnp.maximum(1 - height / depth, 0.0)
    return KARMAN * friction_velocity * height * left**2 / phi_h(unstable + stable)


def local(height: Array, shear2: Array, gradient_richardson: Array, length: ArrayLike) -> Array:
    """K = l^2 S f(Ri) of the free air, with 1/l = 1/(k z) + 1/``length`` (Blackadar 1962, J. Geophys. Res. 67:3095).

    Stable f = 1/(1 + 10 Ri + 50 Ri^2 + 5000 Ri^4) + 0.0012; unstable f = sqrt(1 - 25 Ri) (CMAQ 5, after Liu and Carroll
    1996). The unstable side is multiplied by 1.0012 here, so that f has no step at Ri = 0. All
    arguments broadcast.
    """
    ri = jnp.clip(gradient_richardson, 0.0, 100.0)  # beyond 100 the fourth power would overflow and f no longer changes
    stable = 1 / (1 + ri * (10 + ri * (50 + 5000 * ri**2))) + 0.0012
    unstable = jnp.sqrt(1 - 25 * jnp.minimum(gradient_richardson, 0.0))
    surface = KARMAN * height
    mixing = surface * length / (surface + length)
    return mixing**2 * jnp.sqrt(jnp.maximum(shear2, SHEAR_FLOOR)) * stable * unstable


def vertical(
    height: Array,
    friction_velocity: Array,
    inverse_obukhov: Array,
    mixing_height: Array,
    parameters: Mapping[str, Any],
    *,
    urban: ArrayLike = 0.0,
    shear2: Array | None = None,
    gradient_richardson: Array | None = None,
) -> Array:
    """Vertical diffusivity at the inner faces, (z - 1, y, x) m2 s-1.

    ``height`` (z - 1, y, x) m above ground of the faces, or of a shape that broadcasts to it; ``friction_velocity`` m
    s-1, ``inverse_obukhov`` m-1, ``mixing_height`` m and the ``urban`` part of the cell (0..1), each (y, x). With
    ``shear2`` s-2 and ``gradient_richardson`` (both, on the faces) the local K of the free air counts too; without them
    only the boundary layer does. The result lies between the floor (``k_min_rural``, ``k_min_urban``) and ``k_max``.
    ``ValueError`` if only one of the two is given.
    """
    if (shear2 is None) != (gradient_richardson is None):
        raise ValueError("the local K needs both shear2 and gradient_richardson; give both or neither")
    rural = parameters["k_min_rural"]
    floor = jnp.where(height <= URBAN_DEPTH, rural + (parameters["k_min_urban"] - rural) * urban, rural)
    depth = jnp.maximum(mixing_height, SHALLOWEST)
    k = jnp.maximum(boundary_layer(height, friction_velocity, inverse_obukhov, depth), floor)
    if shear2 is not None and gradient_richardson is not None:
        k = jnp.maximum(k, floor + local(height, shear2, gradient_richardson, parameters["mixing_length"]))
    return jnp.minimum(k, parameters["k_max"])


def shear_squared(eastward: Array, northward: Array, height: Array) -> Array:
    """Square of the vertical wind shear between neighbours in the vertical, (z - 1, ...) s-2, never below 1e-9.

    Winds (z, ...) m s-1 at the cells' centres, whose ``height`` (z, ...) m increases.
    """
    difference2 = jnp.diff(eastward, axis=0) ** 2 + jnp.diff(northward, axis=0) ** 2
    return difference2 / jnp.diff(height, axis=0) ** 2 + SHEAR_FLOOR


def richardson(potential_temperature: Array, height: Array, shear2: Array) -> Array:
    """Gradient Richardson number (g / theta) (d theta / dz) / S^2 between neighbours in the vertical, (z - 1, ...).

    ``potential_temperature`` (z, ...) K (virtual, where humidity is known) and ``height`` (z, ...) m at the cells'
    centres; ``shear2`` from `shear_squared`.
    """
    mean = (potential_temperature[1:] + potential_temperature[:-1]) / 2
    return GRAVITY * jnp.diff(potential_temperature, axis=0) / (jnp.diff(height, axis=0) * mean * shear2)


def horizontal(eastward: Array, northward: Array, spacing: ArrayLike, parameters: Mapping[str, Any]) -> Array:
    """Horizontal diffusivity K = (c dx)^2 D at the cells' centres, (..., y, x) m2 s-1, at most ``horizontal_speed`` dx.

    Smagorinsky (1963, Mon. Weather Rev. 91:99), as CMAQ's ``hcdiff3d`` and WRF's ``smag2d``, with the deformation D^2 =
    (du/dx - dv/dy)^2 + (dv/dx + du/dy)^2. Winds (..., y, x) m s-1 at the centres of at least 2 x 2 cells; ``spacing`` m
    is the true grid length, one number or (y, x): changes of the map factor from cell to cell are neglected.
    """
    stretching = (_slope(eastward, -1) - _slope(northward, -2)) / spacing
    shearing = (_slope(northward, -1) + _slope(eastward, -2)) / spacing
    deformation = jnp.sqrt(stretching**2 + shearing**2 + DEFORMATION_FLOOR**2)
    k = (parameters["smagorinsky"] * spacing) ** 2 * deformation
    return jnp.minimum(k, parameters["horizontal_speed"] * spacing)


def _slope(field: Array, axis: int) -> Array:
    """Difference per cell: central inside, one-sided at the edges."""
    f = jnp.moveaxis(field, axis, 0)
    inner = (f[2:] - f[:-2]) / 2
    return jnp.moveaxis(jnp.concatenate([f[1:2] - f[:1], inner, f[-1:] - f[-2:-1]]), 0, axis)
