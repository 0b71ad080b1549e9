"""What is derived from weather files: answers that are known, and rules that hold for all values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.places.grid import Projection
from lantian.weather import derive

KELVIN = st.floats(220, 320)
PRESSURE = st.floats(3e4, 1.08e5)


def columns(*levels: float) -> np.ndarray:
    return np.array(levels, float)[:, None, None]


@pytest.mark.requirement("F1", part="height of an isothermal atmosphere by the hypsometric equation, exact")
@given(KELVIN, PRESSURE, st.lists(st.floats(0.05, 0.3), min_size=1, max_size=8))
def test_the_height_of_isothermal_air_is_exact(kelvin, surface, falls):
    pressure = columns(*(surface * np.exp(-np.cumsum(falls))))
    height = derive.hypsometric_height(pressure, np.full_like(pressure, kelvin), 0 * pressure, [[surface]])
    scale_height = derive.GAS_CONSTANT * kelvin / derive.GRAVITY
    assert np.allclose(height[:, 0, 0], scale_height * np.cumsum(falls), rtol=1e-12)


def test_height_in_air_that_cools_evenly_is_that_of_the_textbook():
    # p = p0 (T / T0)^(g / R gamma), to the error of straight lines in log p
    gamma, warm, surface = 0.0065, 288.15, 101_325.0
    z = np.linspace(25, 5000, 60)
    kelvin = warm - gamma * z
    pressure = surface * (kelvin / warm) ** (derive.GRAVITY / derive.GAS_CONSTANT / gamma)
    height = derive.hypsometric_height(columns(*pressure), columns(*kelvin), 0 * columns(*z), [[surface]])
    assert np.allclose(height[:, 0, 0], z, atol=0.1)


@given(st.lists(KELVIN, min_size=3, max_size=3), st.floats(0, 0.02), PRESSURE)
def test_pressure_from_height_turns_height_from_pressure_round(kelvins, humidity, surface):
    warm, moist = columns(*kelvins), np.full((3, 1, 1), humidity)
    height = columns(12, 340, 2900)
    pressure = derive.hydrostatic_pressure(height, warm, moist, [[surface]])
    assert np.allclose(derive.hypsometric_height(pressure, warm, moist, [[surface]]), height, rtol=1e-10)


def test_moist_air_is_higher_than_dry():
    pressure, warm = columns(9e4, 8e4), columns(290, 285)
    heights = [derive.hypsometric_height(pressure, warm, q + 0 * warm, [[1e5]]) for q in (0.0, 0.01)]
    assert np.allclose(heights[1] / heights[0], 1 + 0.01 * (1 / derive.EPSILON - 1), rtol=1e-9)


@given(KELVIN, PRESSURE, st.floats(0.01, 1))
def test_relative_humidity_and_dew_point_agree(kelvin, pressure, relative):
    q = derive.humidity_of_relative(relative, kelvin, pressure)
    wanted = relative * derive.saturation_vapour_pressure(kelvin)
    # the dew point, from Buck's formula turned round
    log = math.log(float(wanted) / 611.21)
    dew_point = (17.502 * 273.16 - 32.19 * log) / (17.502 - log)
    if wanted < 0.1 * pressure:
        assert math.isclose(float(derive.humidity_of_dew_point(dew_point, pressure)), float(q), rel_tol=1e-9)
    assert 0 <= q < 0.1


def test_humidity_has_known_values():
    assert math.isclose(float(derive.saturation_vapour_pressure(293.15)), 2338.8, rel_tol=2e-3)  # WMO tables: 20 degC
    assert math.isclose(float(derive.humidity_of_dew_point(293.15, 101_325)), 0.01449, rel_tol=2e-3)
    assert math.isclose(float(derive.humidity_of_mixing_ratio(0.01)), 0.01 / 1.01)
    assert derive.humidity_of_relative(1.0, 280.0, 500.0) < 0.1  # the stratosphere


def test_potential_temperature_is_that_at_1000_hpa():
    assert derive.temperature_of_potential(300.0, 1e5) == 300.0
    assert math.isclose(float(derive.temperature_of_potential(300.0, 5e4)), 300 * 0.5 ** (2 / 7))


def test_hybrid_levels_follow_the_ground_below_and_pressure_above():
    pressure = derive.hybrid_pressure([0.0, 2000, 1000], [0.99, 0.5, 0.0], np.array([[1e5, 8e4]]))
    assert pressure[:, 0].tolist() == [[99_000, 79_200], [52_000, 42_000], [1000, 1000]]


def test_the_ground_of_a_column_and_its_pressure_belong_together():
    pressure, height = columns(1e5, 9e4, 8e4, 7e4), columns(100, 950, 1900, 2950)
    for surface in (1.02e5, 97_000.0, 85_000.0, 6.9e4):  # also beyond both ends
        altitude = derive.height_of_pressure([[surface]], pressure, height)
        assert np.allclose(derive.pressure_of_height(altitude, height, pressure), surface, rtol=1e-12)


def test_pressure_at_the_ground_from_that_of_the_sea():
    # standard atmosphere: 1000 m is 898.75 hPa and 281.65 K
    assert math.isclose(float(derive.pressure_of_sea_level(101_325, 1000, 281.65)), 89_875, rel_tol=2e-4)


def test_friction_velocity_from_the_stress_of_either_sign():
    density = 1e5 / (derive.GAS_CONSTANT * 280)
    assert math.isclose(float(derive.friction_velocity(-3.0, 4.0, 1e5, 280)), math.sqrt(5 / density))


def test_cloud_that_touches_overlaps_and_other_cloud_by_chance():
    assert derive.total_cloud(columns(0, 0.5, 0.5, 0))[0, 0] == 0.5
    assert math.isclose(derive.total_cloud(columns(0.5, 0, 0.5))[0, 0], 0.75)
    assert derive.total_cloud(columns(0.2, 1.0, 0.1))[0, 0] == 1
    assert derive.total_cloud(columns(0, 0))[0, 0] == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_total_cloud_lies_between_the_largest_layer_and_one(layers):
    assert max(layers) - 1e-9 <= derive.total_cloud(columns(*layers))[0, 0] <= 1


@pytest.mark.requirement("F1", part="winds turned from a Lambert grid to true east and north, there and back")
@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(75, 160), st.floats(5, 60))
def test_winds_turned_from_a_lambert_map_are_true(east, north, lon, lat):
    cone = Projection(30, 60, 40, 110)
    g = cone.north(*cone.forward(lon, lat))
    x, y = east * np.cos(g) - north * np.sin(g), east * np.sin(g) + north * np.cos(g)
    back = derive.true_wind(x, y, g)
    assert np.allclose(back, (east, north), atol=1e-9)


def test_north_is_found_from_the_places_of_any_conformal_grid():
    cone = Projection(30, 60, 40, 110)
    x, y = np.meshgrid(np.arange(10) * 9000.0 + 5e5, np.arange(8) * 9000.0 - 3e5)
    found = derive.north_of_grid(*cone.inverse(x, y))
    assert np.abs(np.rad2deg(found - cone.north(x, y))).max() < 0.1
    assert np.rad2deg(found).min() > 3  # east of the standing meridian north lies to the left


@pytest.mark.parametrize(("direction", "wind"), [(0, (0, -1)), (90, (-1, 0)), (180, (0, 1)), (270, (1, 0))])
def test_wind_comes_from_its_direction(direction, wind):
    assert np.allclose(derive.wind_of_direction(1.0, direction), wind, atol=1e-15)


def test_a_flux_at_a_moment_lies_between_its_means_before_and_after():
    assert derive.at_moment(2.0, 4.0) == 3.0
    assert derive.at_moment(2.0, None) == 2.0
    with pytest.raises(ValueError, match="before or after"):
        derive.at_moment(None, None)
    assert derive.rate([3600.0, 0.0], [3600, 1800]) == pytest.approx(2 / 3)
