"""Rungs of pure motion: uniform fields, closed budgets, a turning cone, a deforming flow."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from lantian.transport.advection import convergence, passage, sweep
from lantian.transport.hour import choose_steps
from lantian.transport.ladder.flows import DIVERGENT, EDDY, LEVEL, SHEARED, burden, forth, hills, hour
from lantian.transport.ladder.rung import Map, Measure, Rung, Values, array, error


def uniform() -> Rung:
    """A mixing ratio that is the same everywhere and beyond the edges stays so; largest relative change."""
    measures = []
    for wind in (SHEARED, DIVERGENT, EDDY, LEVEL):
        now = hour(wind, edge=400.0)
        q = jnp.full((*now.mass.shape[1:2], 4, *now.mass.shape[2:]), 400.0, jnp.float32)
        after = array(forth(q, now, int(choose_steps(now, 300.0)[0])).q)
        measures.append(Measure(wind.name, wind.zh, float(np.max(abs(after / 400 - 1))), at_most=1e-5))
    return Rung(
        "uniform field",
        "均匀场",
        "A uniform mixing ratio after an hour of wind, mixing and horizontal diffusion over hills up to 500 m",
        tuple(measures),
        (Map("terrain", "地形", hills().terrain, "m"),),
    )


def budget() -> Rung:
    """What is there at the end is what was there and what each process brought; gap over burden, worst species."""
    domain = hills()
    heights = np.linspace(0, 1, domain.levels.n)[:, None, None]
    y, x = np.meshgrid(np.linspace(-1, 1, domain.grid.ny), np.linspace(-1, 1, domain.grid.nx), indexing="ij")
    blobs = [np.exp(-((x - a) ** 2 + (y + a) ** 2) / 0.05 - 3 * heights) for a in (-0.4, 0.0, 0.2, 0.5)]
    start = jnp.asarray(100 * np.stack(blobs, 1), jnp.float32)
    emission = np.zeros((3, 4, *y.shape))
    emission[0, :, 5:9, 5:9] = 1e6
    emission[2, :2, 15, 20] = 2e7
    measures, least = [], np.inf
    for wind in (SHEARED, DIVERGENT, EDDY, LEVEL):
        hours = [hour(wind, k, emission=emission, edge=20.0, velocity=(0.0, 0.001, 0.005, 0.02)) for k in (0, 1)]
        q, before = start, burden(start, hours[0].mass[0])
        gained, throughput = np.zeros(4), before
        for now in hours:
            q, _, changes, _ = forth(q, now, int(choose_steps(now, 300.0)[0]))
            gained = gained + sum(array(change) for change in changes.values())
            throughput = throughput + sum(array(change).clip(0) for change in changes.values())
        gap = abs(burden(q, hours[-1].mass[1]) - before - gained) / throughput
        measures.append(Measure(wind.name, wind.zh, float(gap.max()), at_most=1e-4))
        least = min(least, float(q.min()))
    return Rung(
        "mass budget",
        "质量收支",
        "Two hours with emission, deposition, mixing, diffusion and open edges; what the processes do not explain",
        (*measures, Measure("least mixing ratio", "最小值", least, at_least=0.0)),
    )


@partial(jax.jit, static_argnames="diffusing")
def plane(
    q: Array, flux_x: Array, flux_y: Array, first: int, steps: int, swap: float = 0.0, *, diffusing: bool = False
) -> tuple[Array, Array]:
    """Alternated sweeps of ``q`` (y, x) over cells of unit air by fluxes (y, x + 1) and (y + 1, x) in a step.

    ``swap`` air is exchanged with each neighbour in a step if ``diffusing``. Returns the field after ``steps`` more
    than ``first`` steps, and what came in through the edges, beyond which there is nothing.
    """
    flux_x, flux_y = flux_x[None], flux_y[None]
    air = jnp.ones((1, *q.shape), q.dtype)
    gain_x, gain_y = convergence(flux_x, 2), convergence(flux_y, 1)
    swap_x = jnp.zeros_like(flux_x).at[:, :, 1:-1].set(swap) if diffusing else None
    swap_y = jnp.zeros_like(flux_y).at[:, 1:-1].set(swap) if diffusing else None
    x = passage(flux_x, air + jnp.minimum(gain_y, 0), 2, swap_x)
    y = passage(flux_y, air + jnp.minimum(gain_x, 0), 1, swap_y)
    side, front = jnp.zeros((1, 1, q.shape[0]), q.dtype), jnp.zeros((1, 1, q.shape[1]), q.dtype)

    def along_x(q: Array, air: Array) -> tuple[Array, Array]:
        q, west, east = sweep(q, air, x, side, side, axis=3)
        return q, jnp.sum(west - east)

    def along_y(q: Array, air: Array) -> tuple[Array, Array]:
        q, south, north = sweep(q, air, y, front, front, axis=2)
        return q, jnp.sum(south - north)

    def x_y(q: Array) -> tuple[Array, Array]:
        q, sides = along_x(q, air)
        q, fronts = along_y(q, air + gain_x)
        return q, sides + fronts

    def y_x(q: Array) -> tuple[Array, Array]:
        q, fronts = along_y(q, air)
        q, sides = along_x(q, air + gain_y)
        return q, sides + fronts

    def step(j: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        q, gained = lax.cond(j % 2 == 0, x_y, y_x, carry[0])
        return q, carry[1] + gained

    q, gained = lax.fori_loop(first, first + steps, step, (q[None, None], jnp.zeros((), q.dtype)))
    return q[0, 0], gained


def _cone(x: Values, y: Values) -> Values:
    """Height 1, radius 15."""
    return np.maximum(0, 1 - np.hypot(x, y) / 15)


def cone() -> Rung:
    """A cone turned once around: 101 x 101 cells, radius 15, centre 25 from the axis, 628 steps.

    The test of Crowley (1968, Mon. Wea. Rev. 96:1) and Molenkamp (1968, J. Appl. Meteorol. 7:160) with the numbers of
    Smolarkiewicz (1983, Mon. Wea. Rev. 111:479).
    """
    n, angle = 101, 2 * np.pi / 628
    place = np.linspace(-50, 50, n)
    before = _cone(place - 25, place[:, None])
    flux_x = np.broadcast_to(-angle * place[:, None], (n, n + 1))
    flux_y = np.broadcast_to(angle * place, (n + 1, n))
    q, _ = plane(*(jnp.asarray(a, jnp.float32) for a in (before, flux_x, flux_y)), 0, 628)
    after = array(q)
    return Rung(
        "rotating cone",
        "旋转锥",
        "Molenkamp's cone after one revolution in 628 steps, sweeps alternated",
        (
            Measure("peak", "峰值", float(after.max()), at_least=0.84),
            Measure("L1 error", "L1 误差", error(after, before, 1), at_most=0.045),
            Measure("L2 error", "L2 误差", error(after, before), at_most=0.045),
            Measure("least value", "最小值", float(after.min()), at_least=0.0),
            Measure("change of mass", "质量变化", abs(float(after.sum() / before.sum() - 1)), at_most=1e-5),
        ),
        (Map("before", "旋转前", before), Map("after", "旋转后", after), Map("error", "误差", after - before)),
    )


def deformation() -> Rung:
    """A cone torn by small vortices: Smolarkiewicz (1982, Mon. Wea. Rev. 110:1968), 100 x 100 cells, step 0.7.

    The exact solution follows the trajectories back (Staniforth et al. 1987, Mon. Wea. Rev. 115:894).
    """
    n, wave, strength, dt = 100, 4 * np.pi / 100, 8.0, 0.7
    corner = np.linspace(0, n, n + 1)
    stream: Values = strength * np.outer(np.cos(wave * corner), np.sin(wave * corner))
    fluxes = [jnp.asarray(dt * a, jnp.float32) for a in (-np.diff(stream, axis=0), np.diff(stream, axis=1))]
    x, y = (array(a) for a in np.meshgrid(corner[:-1] + 0.5, corner[:-1] + 0.5))
    start = _cone(x - 50, y - 50)
    q, done, came_in = jnp.asarray(start, jnp.float32), 0, 0.0
    over, least, gap, fields, off = 0.0, np.inf, 0.0, {}, {}
    for steps in (19, 38, 57, 75, 377, 3768):
        q, gained = plane(q, *fluxes, done, steps - done)
        came_in, done, fields[steps] = came_in + float(gained), steps, array(q)
        over = max(over, float(fields[steps].max() - start.max()))
        least = min(least, float(fields[steps].min()))
        gap = max(gap, abs(float(fields[steps].sum() - came_in) / float(start.sum()) - 1))
        if steps <= 57:
            off[steps] = error(fields[steps], _cone(*_origin(x, y, steps * dt, wave, strength)))
    return Rung(
        "deformational flow",
        "变形流场",
        "Smolarkiewicz's cone among small vortices, seen after 19, 38, 57, 75, 377 and 3768 steps",
        (
            Measure("overshoot", "上冲", over, at_most=0.0),
            Measure("least value", "最小值", least, at_least=0.0),
            Measure("mass not accounted for", "未闭合质量", gap, at_most=1e-4),
            *(Measure(f"L2 error, {k} steps", f"{k} 步 L2 误差", v) for k, v in off.items()),
        ),
        (
            Map("57 steps", "57 步", fields[57]),
            Map("57 steps, exact", "57 步精确解", _cone(*_origin(x, y, 57 * dt, wave, strength))),
            Map("377 steps", "377 步", fields[377]),
        ),
    )


def _origin(x: Values, y: Values, time: float, wave: float, strength: float) -> tuple[Values, Values]:
    """Where the air came from, relative to the cone's centre: Runge-Kutta steps of 0.1 back along the wind."""

    def wind(x: Values, y: Values) -> Values:
        u, v = np.sin(wave * x) * np.sin(wave * y), np.cos(wave * x) * np.cos(wave * y)
        return -strength * wave * np.stack([u, v])

    steps = round(time / 0.1)
    dt, at = time / steps, np.stack([x, y])
    for _ in range(steps):
        k1 = wind(*at)
        k2 = wind(*(at + dt / 2 * k1))
        k3 = wind(*(at + dt / 2 * k2))
        k4 = wind(*(at + dt * k3))
        at = at + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return at[0] - 50, at[1] - 50
