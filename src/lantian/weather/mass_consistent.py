"""Winds closed: the smallest change after which no air is made or lost, on the engine's own cells.

Sasaki (1958, J. Meteor. Soc. Japan 36:77), Sherman (1978, J. Appl. Meteor. 17:312): of all winds that keep the air,
take the one nearest to the first guess. With density
rho, true wind (u, v, w) and the weight of the upright wind beta = (alpha_h / alpha_v)^2

    minimise  sum rho V [ (u - u0)^2 + (v - v0)^2 + (w - w0)^2 / beta ]   subject to  div(rho u) = 0 in every cell,

with no flow through the ground, a given flow through the top, and open sides. The multiplier lambda solves one
elliptic equation, and u = u0 + grad_x lambda, w = w0 + beta grad_z lambda. The gradient is along level surfaces, so
over sloping ground it has the cross terms of the terrain-following coordinate; the discrete operator is the divergence
times its transpose, hence symmetric, and is applied without a matrix. Conjugate gradients (Hestenes and Stiefel
1952, J. Res. Natl. Bur. Stand. 49:409) solve it, preconditioned by the same operator over level ground with mean
coefficients, which separates and is inverted exactly in its eigenvectors (Lynch, Rice and Thomas 1964, Numer. Math.
6:185): sines along x and y, those of a small matrix along z. On a processor of today a product
with a 200 x 200 matrix of sines is faster than the fast transform, and it runs on a GPU unchanged.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from numpy.typing import NDArray

from lantian.places.grid import Domain
from lantian.transport.forcing import to_faces

CELL: Final = 1e-5
"""s-1; where no cell makes or loses more of its air, the full equation is solved. What is left is found by continuity
in the upright wind, as the engine does: 5 mm s-1 in a layer of 500 m."""
COLUMN: Final = 1e-9
"""s-1; so much of its air may a column make or lose in the end: 3e-7 in five minutes."""
ITERATIONS: Final = 200
"""More are not done; what is left is told."""


class Closed(NamedTuple):
    """Winds that keep the air, and what it took."""

    x_wind: Array
    """(z, y, x + 1) m s-1 along the map's x, at the faces"""
    y_wind: Array
    """(z, y + 1, x) m s-1"""
    upward: Array
    """(z + 1, y, x) kg s-1 through the cells' floors and ceilings, relative to the terrain-following layers"""
    multiplier: Array
    """(z, y, x) m2 s-1, the lambda of this hour: a good start for the next"""
    iterations: Array
    """(2,) of the full equation, and of that of the columns"""
    residual: Array
    """s-1, the largest share of a column's air that is still made or lost"""


class Cells(NamedTuple):
    """The geometry of a domain as the adjustment needs it, and the sines of its preconditioner; float32."""

    area_x: Array
    """(z, y, x + 1) m2"""
    area_y: Array
    distance_x: Array
    """(y, x + 1) m"""
    distance_y: Array
    distance_z: Array
    """(z - 1, y, x) m"""
    cell_area: Array
    """(y, x) m2"""
    volume: Array
    """(z, y, x) m3"""
    slope_x: Array
    """(z - 1, y, x + 1) rise of the layers' faces over true distance"""
    slope_y: Array
    sines_x: Array
    """(x, x) eigenvectors along x, symmetric and their own inverse"""
    sines_y: Array
    waves_x: Array
    """(x,) their eigenvalues"""
    waves_y: Array

    @classmethod
    def of(cls, domain: Domain) -> Cells:
        """Those of a domain."""
        zeta = np.array(domain.levels.faces[1:-1])[:, None, None]
        flattening = 1 - zeta / domain.levels.top
        (sines_x, waves_x), (sines_y, waves_y) = (_sines(n) for n in (domain.grid.nx, domain.grid.ny))
        parts = (
            domain.face_area_x,
            domain.face_area_y,
            domain.distance_x,
            domain.distance_y,
            domain.distance_z,
            domain.grid.cell_area,
            domain.volume,
            flattening * domain.slope_x,
            flattening * domain.slope_y,
            sines_x,
            sines_y,
            waves_x,
            waves_y,
        )
        return cls(*(jnp.asarray(part, jnp.float32) for part in parts))


class _Weights(NamedTuple):
    """Density where it is needed, and the weight of the upright wind."""

    carry_x: Array
    """(z, y, x + 1) kg m-1: density times area of the faces"""
    carry_y: Array
    carry_z: Array
    """(z - 1, y, x), of the inner faces"""
    beta: Array


def _sines(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvectors (n, n) and eigenvalues of the second difference with zeros beyond both ends."""
    k = np.arange(1, n + 1)
    return np.sqrt(2 / (n + 1)) * np.sin(np.pi * np.outer(k, k) / (n + 1)), 2 - 2 * np.cos(np.pi * k / (n + 1))


def adjust(
    domain: Domain | Cells,
    x_wind: ArrayLike,
    y_wind: ArrayLike,
    density: ArrayLike,
    *,
    top: ArrayLike = 0.0,
    beta: ArrayLike = 1.0,
    guess: Array | None = None,
) -> Closed:
    """The winds nearest to the given ones that keep the air.

    ``x_wind`` (z, y, x + 1) and ``y_wind`` (z, y + 1, x) m s-1 along the map's axes at the faces; ``density`` (z, y, x)
    kg m-3; ``top`` (y, x) or a number, kg m-2 s-1 upward through the lid; ``beta`` the share in which the upright wind
    gives way: 1 in neutral air, less in stable air, which then flows round hills rather than over them. The first guess
    of the upright wind is none. ``guess``: the ``multiplier`` of a similar hour. Afterwards no column makes or loses
    more than `COLUMN` of its air, and the upright flux is what continuity leaves.
    """
    cells = domain if isinstance(domain, Cells) else Cells.of(domain)
    given = [jnp.asarray(each, jnp.float32) for each in (x_wind, y_wind, density, top, beta)]
    first = jnp.zeros_like(cells.volume) if guess is None else jnp.asarray(guess, jnp.float32)
    closed: Closed = _adjust(cells, *given, first)
    return closed


@jax.jit
def _adjust(
    cells: Cells, x_wind: Array, y_wind: Array, density: Array, top: Array, beta: Array, guess: Array
) -> Closed:
    weights = _Weights(
        to_faces(density, 2) * cells.area_x,
        to_faces(density, 1) * cells.area_y,
        (density[1:] + density[:-1]) / 2 * cells.cell_area,
        beta,
    )
    mass = density * cells.volume
    lid = jnp.broadcast_to(top, cells.cell_area.shape) * cells.cell_area
    left = _divergence(*_fluxes(cells, weights, x_wind, y_wind, jnp.zeros_like(cells.distance_z)), lid)
    multiplier, in_cells = _conjugate_gradients(
        partial(_operator, cells, weights), _preconditioner(cells, weights), left, guess, mass * CELL
    )
    push_x, push_y, _ = _pushed(cells, weights, multiplier)
    x_wind, y_wind, in_columns = _close_columns(cells, weights, x_wind + push_x, y_wind + push_y, lid, mass.sum(0))
    out = jnp.diff(weights.carry_x * x_wind, axis=2) + jnp.diff(weights.carry_y * y_wind, axis=1)
    upward = jnp.pad(-jnp.cumsum(out, axis=0), ((1, 0), (0, 0), (0, 0)))
    residual = jnp.max(jnp.abs(upward[-1] - lid) / mass.sum(0))
    return Closed(x_wind, y_wind, upward, multiplier, jnp.stack([in_cells, in_columns]), residual)


@jax.jit
def convergence(cells: Cells, x_wind: Array, y_wind: Array, density: Array) -> Array:
    """What winds at the faces bring into the columns (y, x), kg m-2 s-1; arguments as in `adjust`."""
    in_x = -jnp.diff((to_faces(density, 2) * cells.area_x * x_wind).sum(0), axis=1)
    in_y = -jnp.diff((to_faces(density, 1) * cells.area_y * y_wind).sum(0), axis=0)
    return (in_x + in_y) / cells.cell_area


def _close_columns(
    cells: Cells, weights: _Weights, x_wind: Array, y_wind: Array, lid: Array, mass: Array
) -> tuple[Array, Array, Array]:
    """The least change, alike at all heights, after which the columns keep their air (own); and the iterations."""
    carry_x, carry_y = weights.carry_x.sum(0) / cells.distance_x, weights.carry_y.sum(0) / cells.distance_y
    waves = carry_y.mean() * cells.waves_y[:, None] + carry_x.mean() * cells.waves_x

    def steps(potential: Array) -> tuple[Array, Array]:
        return jnp.diff(jnp.pad(potential, ((0, 0), (1, 1))), axis=1), jnp.diff(
            jnp.pad(potential, ((1, 1), (0, 0))), axis=0
        )

    def gain(potential: Array) -> Array:
        along_x, along_y = steps(potential)
        return -jnp.diff(carry_x * along_x, axis=1) - jnp.diff(carry_y * along_y, axis=0)

    def solve(residual: Array) -> Array:
        return cells.sines_y @ (cells.sines_y @ (residual @ cells.sines_x) / waves) @ cells.sines_x

    left = (
        jnp.diff((weights.carry_x * x_wind).sum(0), axis=1) + jnp.diff((weights.carry_y * y_wind).sum(0), axis=0) + lid
    )
    potential, iterations = _conjugate_gradients(gain, solve, left, jnp.zeros_like(left), mass * COLUMN)
    along_x, along_y = steps(potential)
    return x_wind + along_x / cells.distance_x, y_wind + along_y / cells.distance_y, iterations


def _fluxes(cells: Cells, weights: _Weights, u: Array, v: Array, w: Array) -> tuple[Array, Array, Array]:
    """Air through the faces, kg s-1, of true winds; upright: relative to the layers' sloping faces."""
    return weights.carry_x * u, weights.carry_y * v, weights.carry_z * (w - _climb(cells, u, v))


def _climb(cells: Cells, u: Array, v: Array) -> Array:
    """Upright wind (z - 1, y, x) that follows the layers' faces: mean of slope times wind around."""
    over_x, over_y = cells.slope_x * (u[1:] + u[:-1]), cells.slope_y * (v[1:] + v[:-1])
    return (over_x[:, :, 1:] + over_x[:, :, :-1] + over_y[:, 1:] + over_y[:, :-1]) / 4


def _climb_transposed(cells: Cells, w: Array) -> tuple[Array, Array]:
    """The transpose of `_climb`."""
    x = cells.slope_x * _spread(w, 2) / 4
    y = cells.slope_y * _spread(w, 1) / 4
    return _spread(x, 0), _spread(y, 0)


def _spread(values: Array, axis: int) -> Array:
    """Each value to both its neighbours along an axis: n to n + 1."""
    before = [(1, 0) if at == axis else (0, 0) for at in range(3)]
    after = [(0, 1) if at == axis else (0, 0) for at in range(3)]
    return jnp.pad(values, before) + jnp.pad(values, after)


def _divergence(flux_x: Array, flux_y: Array, flux_z: Array, lid: Array | float = 0.0) -> Array:
    """What leaves the cells, kg s-1; ``flux_z`` through the inner faces, ``lid`` through the top."""
    upward = jnp.pad(flux_z, ((1, 0), (0, 0), (0, 0)))
    upward = jnp.concatenate([upward, jnp.broadcast_to(lid, upward[:1].shape)])
    return jnp.diff(flux_x, axis=2) + jnp.diff(flux_y, axis=1) + jnp.diff(upward, axis=0)


def _pushed(cells: Cells, weights: _Weights, multiplier: Array) -> tuple[Array, Array, Array]:
    """The change of the true winds by lambda, m s-1: its gradient along level surfaces, and beta times that upward."""
    steps = [
        jnp.diff(jnp.pad(multiplier, [(1, 1) if at == axis else (0, 0) for at in range(3)]), axis=axis)
        for axis in (2, 1)
    ]
    rise = jnp.diff(multiplier, axis=0)
    along_x, along_y = _climb_transposed(cells, weights.carry_z * rise)
    return (
        (steps[0] - along_x / weights.carry_x) / cells.distance_x,
        (steps[1] - along_y / weights.carry_y) / cells.distance_y,
        weights.beta * rise / cells.distance_z,
    )


def _operator(cells: Cells, weights: _Weights, multiplier: Array) -> Array:
    """What lambda brings into the cells, kg s-1: symmetric, positive."""
    return -_divergence(*_fluxes(cells, weights, *_pushed(cells, weights, multiplier)))


def _preconditioner(cells: Cells, weights: _Weights) -> Any:
    """The inverse of the operator over level ground with each layer's mean coefficients."""
    level = (weights.carry_x / cells.distance_x).mean((1, 2)), (weights.carry_y / cells.distance_y).mean((1, 2))
    broad = (level[0] + level[1]) / 2
    slope2 = (cells.slope_x**2).mean((1, 2)) + (cells.slope_y**2).mean((1, 2))
    upright = (weights.carry_z / cells.distance_z).mean((1, 2)) * (weights.beta + slope2)
    n = broad.shape[0]
    column = jnp.diag(jnp.pad(upright, (0, 1)) + jnp.pad(upright, (1, 0)))
    column = column - jnp.diag(upright, 1) - jnp.diag(upright, -1) if n > 1 else column
    # in units in which the horizontal coefficient is one, the small matrix is symmetric
    root = 1 / jnp.sqrt(broad)
    values, vectors = jnp.linalg.eigh(root[:, None] * column * root)
    modes = root[:, None] * vectors
    waves = values[:, None, None] + cells.waves_y[:, None] + cells.waves_x

    def solve(residual: Array) -> Array:
        spectrum = jnp.einsum("zm,zyx->myx", modes, residual)
        spectrum = cells.sines_y @ (spectrum @ cells.sines_x) / waves
        return jnp.einsum("zm,myx->zyx", modes, cells.sines_y @ (spectrum @ cells.sines_x))

    return solve


def _conjugate_gradients(operator: Any, solve: Any, right: Array, guess: Array, enough: Array) -> tuple[Array, Array]:
    """Solve until no residual exceeds ``enough``; the solution and how many iterations it took."""

    def going(carry: tuple[Array, ...]) -> Array:
        _, residual, _, _, count = carry
        return (count < ITERATIONS) & jnp.any(jnp.abs(residual) > enough)

    def step(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        x, residual, direction, energy, count = carry
        image = operator(direction)
        length = energy / jnp.vdot(direction, image)
        x, residual = x + length * direction, residual - length * image
        mended = solve(residual)
        now = jnp.vdot(residual, mended)
        return x, residual, mended + now / energy * direction, now, count + 1

    residual = right - operator(guess)
    mended = solve(residual)
    start: tuple[Array, ...] = (guess, residual, mended, jnp.vdot(residual, mended), jnp.zeros((), jnp.int32))
    found = lax.while_loop(going, step, start)
    return found[0], found[4]
