"""The named reference: the same transport step in careful Numba, with van Leer's limiter (1977, J. Comput. Phys. 23).

It does what `lantian.transport.step` does in one transport step: sweeps along x, y, z or z, y, x in turn with air and
species moved by the same fluxes, emission, implicit mixing with dry deposition; single precision, the same layout
(z, species, y, x). What depends on the air alone (Courant numbers, the matrix of mixing) is computed once for all
species, as there. It has no budget, no adjoint, no horizontal diffusion, no GPU, and does not guard a cell that two
faces empty. Every inner loop runs along x, so that it becomes vector instructions; the work is shared out by rows.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from lantian.transport.hour import HOUR, Hour, at

Field = NDArray[np.float32]

_compiled = numba.njit(parallel=True, cache=False, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
_inlined = numba.njit(inline="always", error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})


class Interval(NamedTuple):
    """What the steps of one interval share: kg of air, and kg in a step; `Hour` has the shapes."""

    mass: Field
    gain: Field
    flux: tuple[Field, Field, Field]
    """along z, y, x"""
    courant: tuple[Field, Field, Field]
    exchange: Field
    drain: Field
    emission: Field
    west: Field
    east: Field
    south: Field
    north: Field
    top: Field


def interval(hour: Hour, number: int, intervals: int, steps: int) -> Interval:
    """Interval ``number`` of the hour, by the forcing at its middle."""
    dt = HOUR / intervals / steps
    middle = (number + 0.5) / intervals

    def field(a: Any, scale: float = 1.0) -> Field:
        return np.ascontiguousarray(np.asarray(at(a, middle), np.float32) * np.float32(scale))

    mass = np.asarray(at(hour.mass, number / intervals), np.float32)
    flux = tuple(field(a, dt) for a in (hour.flux_z, hour.flux_y, hour.flux_x))
    courant = tuple(_courant(f, mass, axis) for axis, f in enumerate(flux))
    gain = np.asarray(hour.mass[1] - hour.mass[0], np.float32) * np.float32(dt / HOUR)
    return Interval(
        mass, gain, flux, courant, field(hour.exchange, dt), field(hour.drain, dt),
        np.asarray(hour.emission, np.float32) * np.float32(dt), *(field(a) for a in hour.edges),
    )  # fmt: skip


def _courant(flux: Field, mass: Field, axis: int) -> Field:
    edge = [(1, 1) if k == axis else (0, 0) for k in range(3)]
    padded = np.pad(mass, edge, mode="edge")
    n = mass.shape[axis]
    below, above = (np.take(padded, range(first, first + n + 1), axis) for first in (0, 1))
    return np.abs(flux) / np.where(flux > 0, below, above)


def hour_of(q: Field, hour: Hour, steps: int, intervals: int = 12) -> Field:
    """The state after an hour, as `step.advance` goes it without slow processes."""
    here, there = np.array(q, np.float32), np.empty(q.shape, np.float32)
    for number in range(intervals):
        now = interval(hour, number, intervals, steps)
        run(here, there, now, steps, number * steps)
    return here


def run(q: Field, spare: Field, now: Interval, steps: int, first: int) -> None:
    """``steps`` transport steps on ``q``, in place; ``first`` is the number of the first, which decides the order."""
    ratio, pivot = np.empty_like(now.mass), np.empty_like(now.mass)
    for j in range(steps):
        mass = now.mass + now.gain * np.float32(j)
        if (first + j) % 2 == 0:
            mass = _along_x(q, spare, mass, now.flux[2], now.courant[2], now.west, now.east)
            mass = _along_y(spare, q, mass, now.flux[1], now.courant[1], now.south, now.north)
            _along_z(q, spare, mass, now.flux[0], now.courant[0], now.top)
        else:
            mass = _along_z(q, spare, mass, now.flux[0], now.courant[0], now.top)
            mass = _along_y(spare, q, mass, now.flux[1], now.courant[1], now.south, now.north)
            _along_x(q, spare, mass, now.flux[2], now.courant[2], now.west, now.east)
        mass = now.mass + now.gain * np.float32(j + 1)
        _factors(mass, now.exchange, ratio, pivot)
        _mix(spare, q, mass, now.exchange, now.drain, now.emission, ratio, pivot)


@_inlined
def _face(q2, q1, q0, q_1, flux, courant):  # type: ignore[no-untyped-def]
    """Species mass through a face between ``q1 | q0``: upwind value and half the harmonic mean of two differences."""
    up = flux > 0
    value = q1 if up else q0
    down = q0 - q1
    down = down if up else -down
    behind = q1 - q2 if up else q0 - q_1
    both = down * behind
    slope = both / (down + behind) if both > 0 else np.float32(0)
    return flux * (value + (np.float32(1) - courant) * slope)


@_compiled
def _along_x(q, out, mass, flux, courant, west, east):  # type: ignore[no-untyped-def]
    """Write ``q`` swept along x to ``out``; returns the air after the sweep."""
    nz, ns, ny, nx = q.shape
    after = np.empty_like(mass)
    for row in numba.prange(nz * ny):
        k, y = row // ny, row % ny
        line = np.empty(nx + 4, np.float32)
        carried = np.empty(nx + 1, np.float32)
        inverse = np.empty(nx, np.float32)
        f, c, m = flux[k, y], courant[k, y], mass[k, y]
        for i in range(nx):
            after[k, y, i] = m[i] + f[i] - f[i + 1]
            inverse[i] = np.float32(1) / after[k, y, i]
        for s in range(ns):
            line[0] = line[1] = west[k, s, y]
            line[2 : nx + 2] = q[k, s, y]
            line[nx + 2] = line[nx + 3] = east[k, s, y]
            for i in range(nx + 1):
                carried[i] = _face(line[i], line[i + 1], line[i + 2], line[i + 3], f[i], c[i])
            for i in range(nx):
                out[k, s, y, i] = (m[i] * line[i + 2] + carried[i] - carried[i + 1]) * inverse[i]
    return after


@_compiled
def _along_y(q, out, mass, flux, courant, south, north):  # type: ignore[no-untyped-def]
    """The same along y: each layer and species is one task, whose rows follow one another in the cache."""
    nz, ns, ny, nx = q.shape
    after = np.empty_like(mass)
    inverse = np.empty_like(mass)
    for k in numba.prange(nz):
        for y in range(ny):
            for i in range(nx):
                after[k, y, i] = mass[k, y, i] + flux[k, y, i] - flux[k, y + 1, i]
                inverse[k, y, i] = np.float32(1) / after[k, y, i]
    for task in numba.prange(nz * ns):
        k, s = task // ns, task % ns
        carried = np.empty((2, nx), np.float32)
        for y in range(ny + 1):
            q2 = q[k, s, y - 2] if y >= 2 else south[k, s]
            q1 = q[k, s, y - 1] if y >= 1 else south[k, s]
            q0 = q[k, s, y] if y < ny else north[k, s]
            q_1 = q[k, s, y + 1] if y < ny - 1 else north[k, s]
            f, c = flux[k, y], courant[k, y]
            low, high = carried[(y + 1) % 2], carried[y % 2]
            for i in range(nx):
                high[i] = _face(q2[i], q1[i], q0[i], q_1[i], f[i], c[i])
            if y > 0:
                m, inv, row = mass[k, y - 1], inverse[k, y - 1], out[k, s, y - 1]
                for i in range(nx):
                    row[i] = (m[i] * q1[i] + low[i] - high[i]) * inv[i]
    return after


@_compiled
def _along_z(q, out, mass, flux, courant, top):  # type: ignore[no-untyped-def]
    """The same along z; no air passes the ground."""
    nz, ns, ny, nx = q.shape
    after = np.empty_like(mass)
    for y in numba.prange(ny):
        inverse = np.empty((nz, nx), np.float32)
        carried = np.empty((2, nx), np.float32)
        for k in range(nz):
            for i in range(nx):
                after[k, y, i] = mass[k, y, i] + flux[k, y, i] - flux[k + 1, y, i]
                inverse[k, i] = np.float32(1) / after[k, y, i]
        for s in range(ns):
            carried[0] = 0
            for k in range(nz):
                q2 = q[k - 1, s, y] if k >= 1 else q[0, s, y]
                q1 = q[k, s, y]
                q0 = q[k + 1, s, y] if k < nz - 1 else top[s, y]
                q_1 = q[k + 2, s, y] if k < nz - 2 else top[s, y]
                f, c = flux[k + 1, y], courant[k + 1, y]
                low, high = carried[k % 2], carried[(k + 1) % 2]
                for i in range(nx):
                    high[i] = _face(q2[i], q1[i], q0[i], q_1[i], f[i], c[i])
                for i in range(nx):
                    out[k, s, y, i] = (mass[k, y, i] * q1[i] + low[i] - high[i]) * inverse[k, i]
    return after


@_compiled
def _factors(mass, exchange, ratio, pivot):  # type: ignore[no-untyped-def]
    """Row k of the mixed column is q_k = ratio_k q_{k-1} + part_k, with 1 / pivot on its diagonal."""
    nz, ny, nx = mass.shape
    for y in numba.prange(ny):
        for k in range(nz - 1, 0, -1):
            for i in range(nx):
                above = exchange[k, y, i] * (np.float32(1) - ratio[k + 1, y, i]) if k < nz - 1 else np.float32(0)
                pivot[k, y, i] = np.float32(1) / (mass[k, y, i] + exchange[k - 1, y, i] + above)
                ratio[k, y, i] = exchange[k - 1, y, i] * pivot[k, y, i]


@_compiled
def _mix(q, out, mass, exchange, drain, emission, ratio, pivot):  # type: ignore[no-untyped-def]
    """Emission, then each column from the top down and back up; the drain of a species is in its lowest row."""
    nz, ns, ny, nx = q.shape
    layers = emission.shape[0]
    for row in numba.prange(ns * ny):
        s, y = row // ny, row % ny
        for k in range(layers):
            for i in range(nx):
                q[k, s, y, i] += emission[k, s, y, i] / mass[k, y, i]
        m, old, here, inverse = mass[nz - 1, y], q[nz - 1, s, y], out[nz - 1, s, y], pivot[nz - 1, y]
        for i in range(nx):
            here[i] = m[i] * old[i] * inverse[i]
        for k in range(nz - 2, 0, -1):
            m, old, here, inverse = mass[k, y], q[k, s, y], out[k, s, y], pivot[k, y]
            above, g = out[k + 1, s, y], exchange[k, y]
            for i in range(nx):
                here[i] = (m[i] * old[i] + g[i] * above[i]) * inverse[i]
        m, old, here, above, g = mass[0, y], q[0, s, y], out[0, s, y], out[1, s, y], exchange[0, y]
        lost, passed = drain[s, y], ratio[1, y]
        for i in range(nx):
            kept = m[i] + g[i] * (np.float32(1) - passed[i]) + lost[i]
            here[i] = (m[i] * old[i] + g[i] * above[i]) / kept
        for k in range(1, nz):
            here, below, share = out[k, s, y], out[k - 1, s, y], ratio[k, y]
            for i in range(nx):
                here[i] += share[i] * below[i]
