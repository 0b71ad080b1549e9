"""What terrain does to the wind: slopes that breathe, and ranges that lift the air through the top."""

import jax.numpy as jnp
import numpy as np
import pytest

from lantian.places.grid import Domain, Levels, nests
from lantian.weather import lid, slope_flow
from lantian.weather.columns import Air
from lantian.weather.lid import Lid
from lantian.weather.slope_flow import Slopes
from lantian.weather.surface_layer import Surface

SHAPE = (3, 8, 9)
HEIGHT = jnp.array([12.0, 60, 400])[:, None, None] * jnp.ones(SHAPE)


def slope(rise: float) -> Domain:
    """Level in the west, then rising to the east with this slope."""
    grid = nests(116.4, 39.9, (1000.0,), ((8, 9),))[0]
    terrain = np.broadcast_to(np.maximum(np.arange(9) - 4.0, 0) * 1000 * rise, (8, 9))
    return Domain(grid, Levels(), terrain)


def breathed(domain: Domain, heat: float) -> np.ndarray:
    still = jnp.zeros(SHAPE)
    air = Air(still, still, still + 280, still + 1e5, still, still)
    plane = jnp.zeros(SHAPE[1:])
    added = slope_flow.add(air, Slopes.of(domain), Surface(plane + 0.2, plane, plane + heat), HEIGHT)
    assert float(jnp.abs(added.y_wind).max()) < 1e-6
    return np.asarray(added.x_wind)


@pytest.mark.requirement("F1", part="slope flow: down at night, up by day, none on plains")
def test_slopes_breathe_up_by_day_and_down_at_night_and_plains_do_not() -> None:
    day, night = breathed(slope(0.1), 0.08), breathed(slope(0.1), -0.02)
    assert 0.5 < day[0, 4, 6] < 4
    assert -2.5 < night[0, 4, 6] < -0.3
    assert abs(day[0, 4, 1]) + abs(night[0, 4, 1]) < 1e-6
    assert np.abs(night[2]).max() < 0.1 * np.abs(night[0]).max()  # it is shallow
    assert np.abs(breathed(slope(0.002), -0.02)).max() < 0.1


def test_a_range_lifts_the_air_through_the_top_and_a_ridge_does_not() -> None:
    grid = nests(116.4, 39.9, (1000.0,), ((8, 120),))[0]
    x = np.broadcast_to(np.arange(120) + 0.5, (8, 120))
    broad, narrow = 600 * (1 + np.tanh((x - 60) / 20)), 300 * (1 + np.cos(2 * np.pi * x / 4))
    ones = jnp.ones((8, 120))
    felt = [Lid.of(Domain(grid, Levels(), ground)) for ground in (broad, narrow)]
    up, steepest = [], []
    for each, ground in zip(felt, (broad, narrow), strict=True):
        up.append(float(each.flow(2 * ones, 0 * ones, ones).max()))
        steepest.append(2 * np.abs(np.gradient(ground[0])).max() / 1000)
    assert up[0] == pytest.approx(steepest[0], rel=0.3)
    assert up[1] < 0.05 * steepest[1]
    assert float(jnp.abs(felt[0].flow(500 * ones, 0 * ones, ones)).max()) <= 1.001 * lid.FASTEST


def test_what_is_broad_is_kept_and_what_is_narrow_is_not() -> None:
    x = np.arange(64)
    wide, fine = np.cos(np.pi * (x + 0.5) / 64), np.cos(np.pi * 20 * (x + 0.5) / 64)
    field = np.broadcast_to(wide + fine, (8, 64))
    np.testing.assert_allclose(lid.broad(field, 1000.0, 5000.0), np.broadcast_to(wide, (8, 64)), atol=0.05)
