"""The air above the ground."""

import jax.numpy as jnp
import numpy as np
import pytest

from lantian.weather.columns import (
    Ground,
    air,
    hydrostatic,
    relative_humidity,
    saturation_pressure,
    specific_humidity,
    turning,
)
from lantian.weather.surface_layer import Surface, log_profile

HEIGHT = jnp.array([10.0, 30, 80, 200, 500, 1000, 1800])[:, None, None] * jnp.ones((7, 1, 2))
THICK = jnp.full((7, 1, 2), 20.0)


def full(value: float) -> jnp.ndarray:
    return jnp.full((1, 2), value, jnp.float32)


def ground(heat: float, inverse: float, depth: float, **changed: float) -> Ground:
    plain = {
        "x_wind": 3.0, "y_wind": 0.0, "temperature": 280.0, "pressure": 101_000.0, "humidity": 0.003,
        "inversion": 4.0, "x_aloft": 8.0, "y_aloft": -2.0, "x_shear": 0.0, "y_shear": 0.0, "cloud": 0.2, "rain": 0.0,
    } | changed  # fmt: skip
    surface = Surface(full(0.3), full(inverse), full(heat))
    return Ground(**{name: full(value) for name, value in plain.items()}, surface=surface, depth=full(depth))


def made(at: Ground) -> object:
    return air(at, HEIGHT, THICK, full(0.2), full(40.0))


@pytest.mark.requirement("F1", part="pressure follows the hypsometric equation")
def test_pressure_follows_the_hypsometric_equation() -> None:
    thickness = jnp.full((40, 1, 1), 100.0)
    found = hydrostatic(jnp.full((1, 1), 101_325.0), jnp.full((40, 1, 1), 280.0), jnp.zeros((40, 1, 1)), thickness)
    middle = 50 + 100 * np.arange(40)
    np.testing.assert_allclose(found[:, 0, 0], 101_325 * np.exp(-9.81 * middle / (287.05 * 280)), rtol=2e-6)


def test_humidity_there_and_back() -> None:
    vapour = 0.6 * saturation_pressure(293.15)
    assert float(saturation_pressure(293.15)) == pytest.approx(2337, rel=0.003)
    share = relative_humidity(specific_humidity(vapour, 1e5), 293.15, 1e5)
    assert float(share) == pytest.approx(0.6, rel=1e-3)


def test_the_wind_is_that_of_ten_metres_there_logarithmic_above_and_the_one_aloft_on_top() -> None:
    found = made(ground(0.05, -0.01, 900.0))
    assert float(found.x_wind[0, 0, 0]) == pytest.approx(3.0, rel=1e-4)
    assert float(found.y_wind[0, 0, 0]) == pytest.approx(0.0, abs=1e-4)
    speed = np.hypot(found.x_wind, found.y_wind)[:, 0, 0]
    growth = float(log_profile(80.0, 0.2, -0.01) / log_profile(10.0, 0.2, -0.01))
    assert speed[2] == pytest.approx(3 * growth, rel=1e-3)
    assert float(found.x_wind[-1, 0, 0]) == pytest.approx(8.0, rel=0.05)
    assert float(found.y_wind[-1, 0, 0]) == pytest.approx(-2.0, rel=0.05)


def test_it_veers_upward_in_the_north_and_most_in_stable_air() -> None:
    inverse = jnp.array([-0.05, 1e-4, 0.05])
    north = np.degrees(turning(jnp.full(3, 200.0), inverse, jnp.full(3, 40.0)))
    np.testing.assert_allclose(north / north[1], [1, 1, 38 / 12], rtol=0.02)
    np.testing.assert_allclose(turning(jnp.full(3, 200.0), inverse, jnp.full(3, -40.0)), -np.radians(north), rtol=1e-5)


def test_by_day_it_is_mixed_by_night_it_lies_still() -> None:
    day, night = made(ground(0.05, -0.01, 600.0)), made(ground(-0.02, 0.02, 80.0))
    theta = [np.asarray(a.temperature)[:, 0, 0] + 9.76e-3 * np.asarray(HEIGHT)[:, 0, 0] for a in (day, night)]
    np.testing.assert_allclose(theta[0][:5], theta[0][0], atol=0.02)  # up to 500 m of 600
    assert theta[0][-1] > theta[0][0] + 2
    assert np.all(np.diff(theta[1]) > 0.05)
    assert theta[1][3] - theta[1][0] > 2  # of the inversion's 4 K in 200 m
    assert np.all(np.diff(np.asarray(night.pressure), axis=0) < 0)


def test_low_cloud_stands_above_the_condensation_level_of_a_dull_sky() -> None:
    clear, dull = (made(ground(0.02, -0.01, 600.0, humidity=0.0048, cloud=c)) for c in (0.3, 1.0))
    assert float(clear.cloud_water.max()) == 0
    wet = np.asarray(dull.cloud_water)[:, 0, 0] > 0
    assert wet.any()
    assert not wet[:2].any()
    assert float(dull.cloud_water.max()) == pytest.approx(2e-4)
