"""Columns of any grid, and heights: what is linear comes out exactly."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.places.grid import Grid, Projection, nests
from lantian.weather.interpolation import Bilinear, to_heights

TARGET = nests(116.4, 39.9, (3000.0,), (12,))[0]


def regular(step: float, south_to_north: bool = True) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.meshgrid(np.arange(115, 118, step), np.arange(38.5, 41.5, step))
    return (lon, lat) if south_to_north else (lon[::-1], lat[::-1])


def rotated(angle: float, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """A grid on a map of its own, turned against ours."""
    x, y = np.meshgrid(*(spacing * (np.arange(-8, 9) + 0.3),) * 2)
    c, s = np.cos(angle), np.sin(angle)
    return Projection(30, 50, 41, 115).inverse(c * x - s * y + 118_000, s * x + c * y - 121_000)


def linear(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    x, y = TARGET.projection.forward(lon, lat)
    return 3 + 2e-4 * x - 5e-4 * y


@pytest.mark.requirement("F1", part="interpolation between grids: a linear field comes out exactly, from any grid")
@settings(max_examples=20)
@given(angle=st.floats(-3, 3), spacing=st.floats(8_000, 40_000))
def test_a_linear_field_comes_out_exactly_from_any_grid(angle: float, spacing: float) -> None:
    lon, lat = rotated(angle, spacing)
    bilinear = Bilinear.to(lon, lat, TARGET)
    np.testing.assert_allclose(bilinear(linear(lon, lat)), linear(TARGET.lon, TARGET.lat), atol=2e-4)
    assert bilinear.spacing == pytest.approx(spacing, rel=0.05)
    share = np.asarray(bilinear.weights.sum(axis=1))
    np.testing.assert_allclose(share, 1, atol=1e-6)


@pytest.mark.parametrize("south_to_north", [True, False])
def test_a_grid_of_longitude_and_latitude_does_too(south_to_north: bool) -> None:
    lon, lat = regular(0.25, south_to_north)
    both = np.stack([linear(lon, lat), 2 * linear(lon, lat)])
    wanted = linear(TARGET.lon, TARGET.lat)
    np.testing.assert_allclose(Bilinear.to(lon, lat, TARGET)(both), [wanted, 2 * wanted], atol=2e-4)


def test_the_earth_is_round() -> None:
    grid = Grid("zero", Projection(40, 50, 45, 0), -30_000.0, -30_000.0, 10_000.0, 6, 6)
    lon, lat = np.meshgrid(np.arange(0, 360, 1.0), np.arange(40, 51, 1.0))
    east = Bilinear.to(lon, lat, grid)(np.sin(np.radians(lon)))
    np.testing.assert_allclose(east, np.sin(np.radians(grid.lon)), atol=1e-4)


def test_a_source_that_does_not_reach_says_where() -> None:
    lon, lat = regular(0.25)
    with pytest.raises(ValueError, match=r"does not cover grid 'd01': \d+ of 144 cells.*from 116.5"):
        Bilinear.to(lon[:, 6:], lat[:, 6:], TARGET)
    with pytest.raises(ValueError, match="at least 2 x 2 columns"):
        Bilinear.to(lon[:1], lat[:1], TARGET)


def test_heights_are_linear_between_levels_and_go_on_beyond_them() -> None:
    heights = jnp.array([10.0, 100.0, 400.0])[:, None] * jnp.ones((3, 2))
    values = jnp.stack([0.01 * heights, 5 - 0.02 * heights])
    wanted = jnp.array([5.0, 10.0, 55.0, 250.0, 400.0, 900.0])[:, None] * jnp.ones((6, 2))
    found = np.asarray(to_heights(values, heights, wanted))
    inside = np.clip(wanted, 10, 400)
    np.testing.assert_allclose(found, [0.01 * inside, 5 - 0.02 * inside], rtol=1e-5)
