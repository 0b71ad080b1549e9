"""Winds are closed: as the engine sees them, with the least change, and not at all where they close already."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.places.grid import Domain, Levels, stretched
from lantian.transport import idealised
from lantian.transport.advection import outflow
from lantian.transport.forcing import Geometry, air, to_faces
from lantian.transport.hour import COURANT, close
from lantian.weather.mass_consistent import Cells, adjust

LEVELS = Levels(stretched(10, 25.0, 2000.0))
LONGEST = 300.0
"""s, the engine's longest step."""


def winds(domain: Domain, seed: int, speed: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    nz, ny, nx = domain.thickness.shape
    u, v = (speed * (1 + rng.normal(size=shape)) for shape in ((nz, ny, nx + 1), (nz, ny + 1, nx)))
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2
    return u, v, 1.25 * np.exp(-middle / 8500)


def through_top(domain: Domain, u: jax.Array, v: jax.Array, density: np.ndarray) -> jax.Array:
    """What the engine finds to pass the top of steady air, kg m-2 s-1, as a share of the column's air in a step."""
    geometry = Geometry.of(domain, np.float32)
    parts = air(jnp.asarray(density, jnp.float32), jnp.asarray(u), jnp.asarray(v), geometry)
    mass, flux_x, flux_y = (jnp.stack([part, part]) for part in parts)
    flux_z = close(mass, flux_x, flux_y)
    sweeps = ((flux_x, 2), (flux_y, 1), (flux_z, 0))
    fastest = max(float(jnp.max(outflow(flux[0], axis) / mass[0])) for flux, axis in sweeps)
    return flux_z[0, -1] * min(LONGEST, COURANT / max(fastest, 1e-6)) / mass[0].sum(0)


@pytest.mark.requirement("F1", part="after the adjustment the transport sees a divergence of at most 1e-6 a step")
@settings(max_examples=8)
@given(seed=st.integers(0, 1000), speed=st.floats(-15, 15), beta=st.floats(0.04, 1.0))
def test_any_winds_over_a_steep_hill_are_closed_as_the_engine_sees_them(
    steep: Domain, seed: int, speed: float, beta: float
) -> None:
    u, v, density = winds(steep, seed, speed)
    assert np.abs(steep.slope_x).max() > 0.2
    closed = adjust(steep, u, v, density, beta=beta)
    assert float(jnp.abs(through_top(steep, closed.x_wind, closed.y_wind, density)).max()) <= 1e-6
    assert np.all(np.asarray(closed.iterations) < 100)


def test_winds_that_close_are_left_as_they_are() -> None:
    domain = idealised.domain((8, 9), 1000.0, levels=LEVELS)  # level ground: no upright wind to ask for either
    made = idealised.weather(domain, "2026-01-10", 1, x_wind=7.0, y_wind=-3.0)
    u, v, density = (made[name].values[0] for name in ("x_wind", "y_wind", "air_density"))
    closed = adjust(domain, u, v, density)
    np.testing.assert_allclose(closed.x_wind, u, atol=2e-5)
    np.testing.assert_allclose(closed.y_wind, v, atol=2e-5)


def test_of_all_winds_that_close_it_is_the_nearest() -> None:
    domain = idealised.domain((8, 9), 1000.0, levels=LEVELS)
    u, v, density = winds(domain, 3, 1.0)
    beta = 0.3
    ours, other = adjust(domain, u, v, density, beta=beta), adjust(domain, *winds(domain, 4, 1.0)[:2], density)
    at_x, at_y = (np.asarray(to_faces(jnp.asarray(density), axis)) for axis in (2, 1))
    at_z = (density[1:] + density[:-1]) / 2 * domain.grid.cell_area
    weights = (
        at_x * domain.face_area_x * domain.distance_x,
        at_y * domain.face_area_y * domain.distance_y,
        at_z * domain.distance_z / beta,
    )
    found, told = ((c.x_wind, c.y_wind, c.upward[1:-1] / at_z) for c in (ours, other))
    change = [np.asarray(a, np.float64) - b for a, b in zip(found, (u, v, 0.0), strict=True)]
    away = [np.asarray(a, np.float64) - np.asarray(b) for a, b in zip(told, found, strict=True)]
    # the change stands at right angles on every way along which winds stay closed
    product = sum(float(np.sum(w * a * b)) for w, a, b in zip(weights, change, away, strict=True))
    sizes = [sum(float(np.sum(w * a**2)) for w, a in zip(weights, part, strict=True)) for part in (change, away)]
    assert abs(product) < 1e-3 * np.sqrt(sizes[0] * sizes[1])


def test_what_the_lid_lets_through_passes_it(steep: Domain) -> None:
    u, v, density = winds(steep, 4, 5.0)
    top = 0.05 * np.ones(steep.terrain.shape)
    closed = adjust(steep, u, v, density, top=top)
    passed = through_top(steep, closed.x_wind, closed.y_wind, density)
    wanted = top * steep.grid.cell_area / (density * steep.volume).sum(0)
    np.testing.assert_allclose(passed / passed.mean(), wanted / wanted.mean(), rtol=1e-3)
    np.testing.assert_allclose(closed.upward[-1] / steep.grid.cell_area, top, rtol=1e-3)


def test_stable_air_goes_round_the_hill_and_neutral_air_over_it(steep: Domain) -> None:
    nz, ny, nx = steep.thickness.shape
    u, v, density = 5.0 * np.ones((nz, ny, nx + 1)), np.zeros((nz, ny + 1, nx)), np.ones((nz, ny, nx))
    neutral, stable = (adjust(steep, u, v, density, beta=beta) for beta in (1.0, 0.04))
    aside = [float(jnp.abs(closed.y_wind[:4]).mean()) for closed in (neutral, stable)]
    assert aside[1] > 1.3 * aside[0]
    # upwind of the hill the stable air is held back
    j, i = np.unravel_index(steep.terrain.argmax(), steep.terrain.shape)
    assert float(stable.x_wind[0, j, i - 1]) < float(neutral.x_wind[0, j, i - 1])


def test_the_multiplier_of_the_hour_before_is_a_good_start(steep: Domain) -> None:
    cells = Cells.of(steep)
    u, v, density = winds(steep, 5, 5.0)
    first = adjust(cells, u, v, density)
    again = adjust(cells, 1.01 * u, 1.01 * v, density, guess=first.multiplier)
    assert int(again.iterations[0]) < int(first.iterations[0])
