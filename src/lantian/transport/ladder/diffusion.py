"""Rungs with an exact solution of the diffusion equation: columns, a plane, and puffs in uniform wind and in shear."""

from __future__ import annotations

from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from scipy.special import erf  # type: ignore[import-untyped]

from lantian.transport.hour import HOUR, choose_steps
from lantian.transport.ladder.flows import Box, forth
from lantian.transport.ladder.kinematics import plane
from lantian.transport.ladder.rung import Curve, Map, Measure, Rung, Values, array, error
from lantian.transport.mixing import diffuse

CELLS: Final = 50
HEIGHT: Final = 20.0
"""m, of each cell of a column."""


@partial(jax.jit, static_argnames="steps")
def _column(q: Array, source: Array, exchange: Array, drain: Array, steps: int) -> Array:
    """``steps`` of mixing of columns (z, column) with air of 1 kg m-3; other arguments in kg in a step and m2."""
    mass = jnp.full((q.shape[0], 1, 1), HEIGHT, q.dtype)

    def step(_: int, q: Array) -> Array:
        return diffuse(q + source, mass, exchange[:, None, None], drain[None, None, None])

    mixed: Array = lax.fori_loop(0, steps, step, q[:, None, None, None])
    return mixed[:, 0, 0, 0]


def _block(z: Values, low: float, high: float, spread: float, top: float) -> Values:
    """Means over cells between the faces ``z`` of a block of 1 from ``low`` to ``high`` that has spread.

    Between an impermeable ground and top: the erf solution with its images (Crank 1975, The Mathematics of Diffusion,
    eq. 2.15 and section 2.2.5); ``spread`` is sqrt(4 K t).
    """

    def integral(x: Values) -> Values:
        result: Values = (x * erf(x / spread) + spread / np.sqrt(np.pi) * np.exp(-((x / spread) ** 2))) / 2
        return result

    blocks = [(low + 2 * k * top, high + 2 * k * top) for k in (-1, 0, 1)]
    blocks += [(-b, -a) for a, b in blocks]
    total = sum(integral(z - a) - integral(z - b) for a, b in blocks)
    return np.diff(total) / np.diff(z)


def diffusion() -> Rung:
    """Vertical mixing of a block, steady flow to a depositing ground, and horizontal diffusion of a Gaussian."""
    top, k, dt = CELLS * HEIGHT, 10.0, 60.0
    z = np.linspace(0, top, CELLS + 1)
    middle = (z[1:] + z[:-1]) / 2
    single = partial(jnp.asarray, dtype=jnp.float32)
    block = ((middle > 400) & (middle < 600)).astype(float)
    nothing, inner = jnp.zeros((CELLS, 1, 1, 1)), np.ones(CELLS - 1)
    mixed = array(_column(single(block), nothing, single(dt * k / HEIGHT * inner), jnp.zeros(()), 60))
    exact = _block(z, 400, 600, np.sqrt(4 * k * HOUR), top)

    # Steady state: what is put in at the top, F = 1 ug m-2 s-1, flows down through all layers and is deposited.
    velocity, slope, long = 0.005, 0.12, 1e7
    source = nothing.at[-1].set(long / HEIGHT)
    drain = single(velocity * long)
    flat = array(_column(jnp.zeros(CELLS), source, single(long * k / HEIGHT * inner), drain, 30))
    log = array(_column(jnp.zeros(CELLS), source, single(long * slope * z[1:-1] / HEIGHT), drain, 30))
    linear_exact = 1 / velocity + (middle - middle[0]) / k
    log_exact = 1 / velocity + np.log(middle / middle[0]) / slope

    place = np.arange(61) - 30.0
    share, sigma, steps = 0.05, 3.0, 200
    gauss = np.exp(-(place**2) / (2 * sigma**2))
    still = np.zeros((61, 62))
    spread, _ = plane(single(np.outer(gauss, gauss)), single(still), single(still.T), 0, steps, share, diffusing=True)
    wider = sigma**2 + 2 * share * steps
    field = array(spread)
    gauss_exact = sigma**2 / wider * np.exp(-(place**2 + place[:, None] ** 2) / (2 * wider))
    variance = float(np.sum(field * place**2) / np.sum(field))
    return Rung(
        "diffusion",
        "扩散",
        "A block mixed for an hour with K = 10 m2/s, steady profiles over a depositing ground, a Gaussian in the plane",
        (
            Measure("block against erf, L2", "方块 L2 误差", error(mixed, exact), at_most=0.01),
            Measure("block, mass", "方块质量", abs(float(mixed.sum() / block.sum() - 1)), at_most=1e-5),
            Measure("linear profile", "线性廓线", float(np.max(abs(flat / linear_exact - 1))), at_most=1e-4),
            Measure("log profile", "对数廓线", float(np.max(abs(log / log_exact - 1))), at_most=0.01),
            Measure("Gaussian, L2", "高斯 L2 误差", error(field, gauss_exact), at_most=0.01),
            Measure("Gaussian, variance", "高斯方差", abs(variance / wider - 1), at_most=1e-3),
        ),
        (
            Curve("block after an hour", "一小时后的方块", middle, mixed, exact, "m", "1"),
            Curve("constant flux, K = 0.12 z", "常通量层", middle, log, log_exact, "m", "ug m-3"),
        ),
    )


def puff() -> Rung:
    """Gaussian puffs, sigma 3 and 2 cells, an hour in uniform wind and in shear; moments against those of Aris.

    With wind u = U + S z and diffusivities Kx, Kz the moments of a puff obey (Aris 1956, Proc. R. Soc. A 235:67)
    d(zz)/dt = 2 Kz, d(xz)/dt = S zz, d(xx)/dt = 2 Kx + 2 S xz, so that after t::

        zz = zz0 + 2 Kz t,  xz = S (zz0 t + Kz t^2),  xx = xx0 + 2 Kx t + S^2 (zz0 t^2 + 2/3 Kz t^3)

    and a Gaussian stays one.
    """
    measures: list[Measure] = []
    pictures: list[Map | Curve] = []
    for name, zh, shear in (("uniform", "均匀风", 0.0), ("shear", "切变", 0.005)):
        (wide, narrow), pair = _puffs(shear)
        measures += [
            Measure(f"{name}: centre, cells", f"{zh}：中心", wide["centre"], at_most=0.05),
            Measure(f"{name}: variances", f"{zh}：方差", wide["variance"], at_most=0.01),
            Measure(f"{name}: covariance", f"{zh}：协方差", wide["covariance"], at_most=0.01),
            Measure(f"{name}: field, L2", f"{zh}：场 L2 误差", wide["field"], at_most=0.05),
            Measure(f"{name}: field of two cells' width, L2", f"{zh}：两格宽场 L2 误差", narrow["field"]),
        ]
        pictures += [Map(f"{name}, x-z", f"{zh}剖面", pair[0]), Map(f"{name}, x-z, exact", f"{zh}精确解", pair[1])]
    return Rung(
        "puff",
        "烟团",
        "A Gaussian puff of three cells' width after an hour, 5 m/s and a shear of 5 m/s in a kilometre",
        tuple(measures),
        tuple(pictures),
    )


BOX: Final = Box(40, 41, 60, 1000.0, 40.0)
SIGMAS: Final = ((150.0, 3000.0, 3000.0), (100.0, 2000.0, 2000.0))
"""m in z, y, x, of the two puffs."""
CENTRE: Final = (800.0, 14e3, 18e3)
WIND: Final = (0.0, 3.0, 5.0)
DIFFUSIVITY: Final = (4.0, 200.0, 200.0)
"""m2 s-1"""
STRENGTH: Final = 1e12


def _puffs(shear: float) -> tuple[list[dict[str, float]], tuple[Values, Values]]:
    """Errors of both puffs, and the first one's section along the wind computed and exact."""
    starts = []
    for sigma in SIGMAS:
        parts = [
            np.diff(erf((BOX.faces(i) - CENTRE[i]) / (sigma[i] * np.sqrt(2))) / 2) / np.diff(BOX.faces(i))
            for i in range(3)
        ]
        starts.append(STRENGTH * np.einsum("z,y,x->zyx", *parts))
    east = WIND[2] + shear * (BOX.centres(0) - CENTRE[0])
    now = BOX.hour(east, WIND[1], DIFFUSIVITY[0], DIFFUSIVITY[2], np.zeros((5, 2, BOX.ny, BOX.nx)))
    state = jnp.asarray(np.stack(starts, 1), jnp.float32)
    after = array(forth(state, now, int(choose_steps(now, 300.0)[0])).q)
    exact = [_aris(np.array(sigma), shear) for sigma in SIGMAS]
    errors, fields = zip(*(_moments(after[:, i], exact[i]) for i in range(2)), strict=True)
    row = int((CENTRE[1] + WIND[1] * HOUR) / BOX.dx)
    return list(errors), (after[:, 0, row], fields[0][:, row])


def _aris(sigma: Values, shear: float) -> Values:
    """The exact covariance matrix after an hour, in the order z, y, x."""
    kz = DIFFUSIVITY[0]
    zz, yy, xx = sigma**2 + 2 * np.array(DIFFUSIVITY) * HOUR
    xz = shear * (sigma[0] ** 2 * HOUR + kz * HOUR**2)
    xx += shear**2 * (sigma[0] ** 2 * HOUR**2 + 2 / 3 * kz * HOUR**3)
    return np.array([[zz, 0, xz], [0, yy, 0], [xz, 0, xx]])


def _moments(after: Values, exact: Values) -> tuple[dict[str, float], Values]:
    """Errors of a computed puff, and the Gaussian of ``exact`` covariances."""
    at = np.stack(np.meshgrid(*(BOX.centres(i) for i in range(3)), indexing="ij"))
    weight = after / after.sum()
    mean = np.einsum("izyx,zyx->i", at, weight)
    off = at - mean[:, None, None, None]
    size = np.array([BOX.dz, BOX.dx, BOX.dx])
    found = np.einsum("izyx,jzyx,zyx->ij", off, off, weight) - np.diag(size**2 / 12)  # cell means are a bit wider
    there = np.array(CENTRE) + np.array(WIND) * HOUR
    aside = at - there[:, None, None, None]
    field = np.exp(-np.einsum("izyx,ij,jzyx->zyx", aside, np.linalg.inv(exact), aside) / 2)
    field *= STRENGTH / np.sqrt((2 * np.pi) ** 3 * np.linalg.det(exact))
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    apart = abs(found - exact) / scale
    errors = {
        "centre": float(np.max(abs(mean - there) / size)),
        "variance": float(np.max(np.diag(apart))),
        "covariance": float(np.max(apart - np.diag(np.diag(apart)))),
        "field": error(after, field),
    }
    return errors, field
