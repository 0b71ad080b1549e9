"""Rung of adjoints: dot products of the linear parts, and finite differences of a whole hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lantian.transport.advection import Adjoint, Passage, convergence, passage, sweep
from lantian.transport.hour import Hour
from lantian.transport.ladder.flows import DIVERGENT, EDDY, EMITTED, Wind, hills, hour
from lantian.transport.ladder.rung import Measure, Rung, Values, array
from lantian.transport.mixing import diffuse
from lantian.transport.step import advance

SECONDS: Final = 60.0
"""Of the transport step whose parts are transposed."""
SMALL: Final = (16, 20, 6)
"""Cells (y, x, z) of the hour that is differentiated whole."""
STEPS: Final = 3
"""Its steps in an interval, enough for the eddy's wind."""
QUICKLY: Final[dict[str, str | bool]] = {"xla_backend_optimization_level": "0"}
"""For what runs a few times only: to compile it well would take longer than to run it."""


def adjoint() -> Rung:
    """<y, A x> = <A' y, x> for mixing and sweeps, and the discrete adjoint of an hour against finite differences."""
    now = hour(DIVERGENT, species=2)
    gaps = _sweeps(now)
    exact = (
        ("discrete", "离散伴随"),
        ("continuous, uniform field", "连续伴随，均匀场"),
        ("continuous, uniform receptor", "连续伴随，均匀受体"),
        ("continuous, first-order limit", "连续伴随，一阶极限"),
    )
    smooth = "continuous, smooth fields"
    return Rung(
        "adjoint",
        "伴随",
        "Dot products of each part over hills, and the derivative of an hour by state and emission in double precision",
        (
            Measure("mixing", "混合", _mixing(now), at_most=1e-5),
            *(Measure(f"sweep, {name}", f"平流，{zh}", gaps[name], at_most=1e-5) for name, zh in exact),
            Measure(f"sweep, {smooth}", "平流，连续伴随，光滑场", gaps[smooth]),
            Measure("hour against finite differences", "整小时对有限差分", _differences(), at_most=1e-3),
        ),
    )


Pairs = Iterable[tuple[Any, Any]]


def _gap(one: Pairs, other: Pairs) -> float:
    """Difference of two dot products, each given as pairs of arrays, relative to the sizes of what is summed."""
    products = [np.concatenate([np.ravel(array(a) * array(b)) for a, b in pairs]) for pairs in (one, other)]
    return float(abs(products[0].sum() - products[1].sum()) / abs(products[0]).sum())


def _mixing(now: Hour) -> float:
    rng = np.random.default_rng(3)
    shape = (now.mass.shape[1], 2, *now.mass.shape[2:])
    x, y = (jnp.asarray(rng.normal(size=shape), jnp.float32) for _ in range(2))
    drain = now.drain[0] + 1e4

    @jax.jit
    def both(x: Array, y: Array) -> tuple[Array, Array]:
        after, back = jax.vjp(lambda q: diffuse(q, now.mass[0], now.exchange[0] * SECONDS, drain * SECONDS), x)
        return after, back(y)[0]

    after, back = both(x, y)
    return _gap([(y, after)], [(x, back)])


Inputs = tuple[Array, Array, Array]
"""A state and what lies beyond its low and high edge."""


@partial(jax.jit, static_argnames=("axis", "mode"), compiler_options=QUICKLY)
def _forth_and_back(
    inputs: Inputs, changes: Inputs, y: Array, mass: Array, through: Passage, *, axis: int, mode: Adjoint
) -> tuple[Array, Inputs]:
    """A sweep's tangent along ``changes`` if ``discrete``, else its result; and its transpose of ``y``."""

    def swept(q: Array, low: Array, high: Array) -> Array:
        return sweep(q, mass, through, low, high, axis=axis, adjoint=mode).q

    result, transposed = jax.vjp(swept, *inputs)
    if mode == "discrete":
        _, result = jax.jvp(swept, inputs, changes)
    return result, transposed(y)


@dataclass(frozen=True)
class _Along:
    """The air of a step along one axis of the state; ``edge`` is the state's shape without that axis."""

    axis: int
    state: tuple[int, ...]
    edge: tuple[int, ...]
    mass: Array
    through: Passage

    @property
    def after(self) -> Values:
        """(z, 1, y, x) air after the sweep, over the mean of that before."""
        gain = convergence(self.through.flux[:, 0], max(self.axis - 1, 0))
        return array(self.mass + gain)[:, None] / float(self.mass.mean())

    def gap(self, q: Any, y: Any, edge: float = 0.0, changes: Sequence[Any] | None = None) -> float:
        """Of <y, A x> and <A' y, x>, x being the state ``q`` and what lies beyond its edges.

        With ``changes`` of x: of its tangent and the discrete adjoint at x.
        """

        def made(values: Any, shape: tuple[int, ...]) -> Array:
            return jnp.asarray(np.broadcast_to(values, shape), jnp.float32)

        inputs = (made(q, self.state), made(edge, self.edge), made(edge, self.edge))
        tangent = inputs
        mode: Adjoint = "continuous"
        if changes is not None:
            mode = "discrete"
            tangent = (made(changes[0], self.state), made(changes[1], self.edge), made(changes[2], self.edge))
        receptor = made(y, self.state)
        result, back = _forth_and_back(inputs, tangent, receptor, self.mass, self.through, axis=self.axis, mode=mode)
        return _gap([(receptor, result)], zip(back, tangent, strict=True))


def _along(now: Hour, axis: int, *, closed: bool) -> _Along:
    """The first step of an hour along an axis; ``closed``: no air passes the outer faces."""
    mass, air_axis = now.mass[0], max(axis - 1, 0)
    flux, swap = {3: (now.flux_x, now.swap_x), 2: (now.flux_y, now.swap_y), 0: (now.flux_z, None)}[axis]
    passing = flux[0] * SECONDS
    if closed:
        passing = jnp.moveaxis(jnp.moveaxis(passing, air_axis, 0).at[jnp.array([0, -1])].set(0), 0, air_axis)
    through = passage(passing, mass, air_axis, None if swap is None else swap[0] * SECONDS)
    state = (mass.shape[0], 2, *mass.shape[1:])
    return _Along(axis, state, tuple(n for i, n in enumerate(state) if i != axis), mass, through)


def _sweeps(now: Hour) -> dict[str, float]:
    """Relative gaps of the sweeps' dot products, the larger of x and z; y is computed as x is.

    The continuous adjoint is that of the equation and not of the limited scheme; being homogeneous of degree one, the
    sweep obeys <y, A x> = <A' y, x> as far as both limit alike.
    """
    rng = np.random.default_rng(4)
    found: dict[str, float] = {}
    for axis in (3, 0):
        real, closed = (_along(now, axis, closed=only_inner) for only_inner in (False, True))
        place = np.arange(real.state[axis]).reshape([-1 if i == axis else 1 for i in range(4)])
        positive, y = rng.uniform(1, 3, real.state), rng.normal(size=real.state)
        noise = [rng.normal(size=shape) for shape in (real.state, real.edge, real.edge)]
        turning = 2 + (-1.0) ** place  # where every value turns, the limiter leaves the first-order scheme, both ways
        smooth, other = 1 + np.sin(0.5 * place), 1 + np.cos(0.4 * place)
        gaps = {
            "discrete": real.gap(positive, y, 2.0, noise),
            "continuous, uniform field": real.gap(1.0, abs(y), 1.0),
            "continuous, uniform receptor": real.gap(positive, real.after, 2.0),
            "continuous, first-order limit": closed.gap(turning, turning * closed.after),
            "continuous, smooth fields": closed.gap(smooth, other * closed.after),
        }
        found = {name: max(value, found.get(name, 0.0)) for name, value in gaps.items()}
    return found


class Linearised(NamedTuple):
    """An hour at a state: the receptors' value, the state at its end, and the derivatives of the value."""

    value: Array
    end: Array
    of_state: Array
    of_emission: Array


def _linearise(q: Array, weight: Array, receptor: Array, now: Hour, steps: int) -> Linearised:
    def value(q: Array, emission: Array) -> tuple[Array, Array]:
        after = advance(q, now._replace(emission=emission), steps, adjoint="discrete")
        return jnp.sum(weight * after.q) + jnp.sum(receptor * after.mean), after.q

    (result, end), (of_state, of_emission) = jax.value_and_grad(value, (0, 1), has_aux=True)(q, now.emission)
    return Linearised(result, end, of_state, of_emission)


@cache
def linearised(steps: int) -> Callable[..., Linearised]:
    """`Linearised` of (state, weight of the state at the end, receptor, `small` hour); float64, discrete adjoint."""
    now = small(EDDY)
    q, receptor = jnp.zeros((SMALL[2], 3, *SMALL[:2])), jnp.zeros((3, *SMALL[:2]))
    lowered = jax.jit(_linearise, static_argnums=4).lower(q, q, receptor, now, steps)
    compiled: Callable[..., Linearised] = lowered.compile(compiler_options=QUICKLY)
    return compiled


def small(wind: Wind, begin: float = 0.0) -> Hour:
    """An hour over fewer hills, three species, a countryside's and a city's emission and a chimney; float64."""
    ny, nx, _ = SMALL
    y, x = np.mgrid[:ny, :nx]
    emission = np.zeros((EMITTED, 3, ny, nx))
    emission[0] = 1e6 * (1.5 + np.sin(0.4 * x - 0.5 * y) + np.exp(-((x - 9.5) ** 2 + (y - 7.5) ** 2) / 7))
    emission[2, :, 9, 5] = 5e6
    return hour(
        wind, begin, domain=hills(*SMALL), species=3, emission=emission, edge=5.0, velocity=0.003, dtype=jnp.float64
    )


def start() -> Values:
    """(z, species, y, x) that varies everywhere: where a field is uniform the limiter has no derivative."""
    ny, nx, nz = SMALL
    z, y, x = np.mgrid[:nz, :ny, :nx]
    field = 5 + 1.5 * np.sin(0.5 * x + 0.3 * y + 0.7 * z) - 0.3 * z
    return np.repeat(field[:, None], 3, 1)


def _differences() -> float:
    """Largest gap between derivative and central difference, by state and by emission.

    Relative to the root of the sum of squares of the derivative's parts, the size of their sum in a random direction.
    """
    with jax.enable_x64(True):
        now = small(EDDY)
        run = linearised(STEPS)
        rng = np.random.default_rng(5)
        q = jnp.asarray(start())
        weight, receptor = jnp.asarray(rng.uniform(0, 1, q.shape)), jnp.asarray(rng.uniform(0, 1, q.shape[1:]))
        here = run(q, weight, receptor, now)
        worst = 0.0
        for size_q, size_e in ((1.0, 0.0), (0.0, 1e6)):
            dq, de = rng.normal(size=q.shape) * size_q, rng.uniform(0, 1, now.emission.shape) * size_e
            parts = np.concatenate([(array(here.of_state) * dq).ravel(), (array(here.of_emission) * de).ravel()])
            ends = [
                run(q + eps * dq, weight, receptor, now._replace(emission=now.emission + eps * de)).value
                for eps in (1e-6, -1e-6)
            ]
            gap = float(ends[0] - ends[1]) / 2e-6 - parts.sum()
            worst = max(worst, abs(gap) / float(np.linalg.norm(parts)))
    return worst
