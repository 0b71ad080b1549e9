"""Similarity between ground and wind."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.weather import surface_layer
from lantian.weather.surface_layer import exchange, heat_flux, log_profile, psi_m, sunshine

ROUGH = st.floats(1e-4, 1.0)


@pytest.mark.requirement("F1", part="similarity profiles: the logarithmic law is exact in neutral air")
@given(friction=st.floats(0.1, 1.0), roughness=ROUGH, height=st.floats(5, 50))
def test_the_logarithmic_law_comes_out_exactly(friction: float, roughness: float, height: float) -> None:
    speed = friction / 0.4 * np.log(height / roughness)
    found = exchange(speed, height, roughness, 288.0, 1e-9, 0.5)
    assert float(found.friction_velocity) == pytest.approx(friction, rel=2e-3)
    assert float(log_profile(height, roughness, 0.0)) == pytest.approx(np.log(height / roughness), rel=1e-5)


@given(speed=st.floats(0.5, 15), heat=st.floats(5, 400), roughness=ROUGH)
def test_by_day_stress_length_and_wind_belong_together(speed: float, heat: float, roughness: float) -> None:
    found = exchange(speed, 10.0, roughness, 290.0, heat, 0.2)
    friction, inverse = float(found.friction_velocity), float(found.inverse_obukhov)
    assert -0.5 <= inverse < 0
    if inverse > -0.5:
        assert inverse == pytest.approx(-0.4 * 9.81 * float(found.heat) / (290 * friction**3), rel=0.1)
    assert friction >= 0.4 * speed / np.log(10 / roughness) * 0.999


@given(speed=st.floats(0.4, 12), cloud=st.floats(0, 1))
def test_by_night_the_air_is_stable_and_more_wind_means_more_stress(speed: float, cloud: float) -> None:
    less, more = (exchange(s, 10.0, 0.2, 270.0, -20.0, cloud) for s in (speed, 1.1 * speed))
    assert 0 < float(more.inverse_obukhov) <= float(less.inverse_obukhov) <= 0.5
    assert float(more.friction_velocity) >= float(less.friction_velocity)
    assert float(less.friction_velocity) <= max(0.4 * speed / np.log(50), 0.09)
    assert float(less.heat) < 0


def test_a_city_that_gives_enough_heat_keeps_its_night_neutral() -> None:
    field, city = (exchange(2.0, 10.0, 0.5, 270.0, -20.0, 0.0, warming=w) for w in (0.0, 60.0))
    assert float(city.inverse_obukhov) < 0.05 * float(field.inverse_obukhov)


def test_the_stability_function_is_continuous_and_has_its_published_slopes() -> None:
    zeta = jnp.array([-1e-4, 0.0, 1e-4])
    values = np.asarray(psi_m(zeta), np.float64)
    np.testing.assert_allclose(values, [4e-4, 0, -5e-4], atol=2e-4)
    assert float(psi_m(-1.0)) == pytest.approx(1.1163, abs=1e-3)  # Paulson (1970) with 16 at z/L = -1
    assert float(psi_m(10.0)) == pytest.approx(
        -(10 + 0.667 * (10 - 5 / 0.35) * np.exp(-3.5) + 0.667 * 5 / 0.35), rel=1e-4
    )


def test_sun_cloud_and_season_make_the_heat() -> None:
    assert float(sunshine(-0.2, 0.0)) == 0
    assert float(sunshine(0.5, 1.0)) == pytest.approx(0.25 * (910 * 0.5 - 30), rel=1e-5)
    winter, summer = heat_flux(sunshine(0.45, 0.1), 273.0, 0.1), heat_flux(sunshine(0.9, 0.2), 303.0, 0.2)
    assert 60 < float(winter) < 160
    assert 100 < float(summer) < 300
    assert float(heat_flux(0.0, 273.0, 0.0)) < 0
    assert surface_layer.moist(313.0) == pytest.approx(0.8)
