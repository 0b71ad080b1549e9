from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lantian.forecast import features, features_hours, features_region
from lantian.forecast.features_hours import FLOOR
from tests.forecast import statistics_made as made


@pytest.mark.requirement(
    "F5", part="predictors never see the future: what is perturbed after the issue changes nothing"
)
@pytest.mark.parametrize("perfect", [False, True])
def test_what_comes_after_the_issue_changes_no_predictor(perfect: bool) -> None:
    city = made.city()
    hours = np.array([city.hour_of(made.ISSUE)] * 7)
    lead = np.arange(1, 8)
    wrong = city.air.copy()
    wrong[:, hours[0] :] *= 7.0
    days = city.days.copy()
    days[:, hours[0] // 24 :] *= 7.0
    weather = city.weather.copy()
    if not perfect:
        weather[:, hours[0] :] += 5.0
    other = replace(city, air=wrong, days=days, weather=weather)
    for place in city.places:
        own = features.of_place(city, place, hours, lead, perfect=perfect)
        same = features.of_place(other, place, hours, lead, perfect=perfect)
        assert own.keys() == same.keys()
        for name, values in own.items():
            assert np.array_equal(values, same[name], equal_nan=True), name
    for name, values in features.of_city(city, made.FAR, hours).items():
        assert np.array_equal(values, features.of_city(other, made.FAR, hours)[name], equal_nan=True), name


def test_perfect_weather_is_looked_up_on_the_day_that_is_forecast() -> None:
    city = made.city()
    weather = features.place_weather(city, made.REGION)
    found = features.coming_weather(weather, np.array([100 * 24 + 20]), np.array([2]))
    assert found["speed day"][0] == pytest.approx(weather[102 * 24 : 103 * 24, 6].mean())


def test_a_mean_off_the_grid_is_missing() -> None:
    windows = features.Windows.of(np.ones((10, 1)))
    assert np.isnan(windows.mean(np.array([20]), np.array([30]))).all()
    assert windows.mean(np.array([8]), np.array([30]))[0, 0] == 1.0


def test_heating_runs_from_mid_november_to_mid_march() -> None:
    days = [date(2016, 11, 14), date(2016, 11, 15), date(2017, 3, 15), date(2017, 3, 16)]
    assert [features.heating(day) for day in days] == [False, True, True, False]


def test_air_is_saturated_where_the_dew_point_is_the_temperature() -> None:
    assert features.humidity(np.array([10.0]), np.array([10.0]))[0] == pytest.approx(100.0)


def test_holes_take_the_value_before_them_and_never_one_after() -> None:
    city = made.city()
    air = city.air.copy()
    air[:, 50:60] = np.nan
    scale = features_hours.scale_of(city)
    none = np.zeros((city.hours, 0), np.float32)
    hours = features_hours.hours_of(replace(city, air=air), ("1001A",), scale, none, perfect=False)
    assert np.allclose(hours.air[0, 50:60], hours.air[0, 49])
    assert not hours.there[0, 50:60].any()


def test_the_scale_goes_there_and_back() -> None:
    scale = features_hours.scale_of(made.city())
    given = np.array([10.0, 40.0, 1.0, 80.0, 120.0, 90.0])
    assert np.allclose(scale.back(scale(given)), given)
    assert (FLOOR > 0).all()


def test_the_sun_stands_higher_in_june_and_not_at_night() -> None:
    noon = features_hours.sun(np.array([172.0, 355.0]), np.array([12.25, 12.25]))
    assert noon[0] > 0.95
    assert 0.4 < noon[1] < 0.5
    assert features_hours.sun(np.array([172.0]), np.array([0.0]))[0] == 0.0


def test_what_has_lasted_is_a_mean_of_the_hours_before_and_looks_no_further() -> None:
    weather = np.random.default_rng(4).normal(size=(100, 8))
    found = features_hours.lasting(weather)
    assert found.shape == (100, features_hours.LASTING)
    assert np.allclose(found[60, :3], weather[49:61, 4:7].mean(0))
    assert np.allclose(found[60, 12:15], weather[60, :3] - weather[36, :3])
    later = weather.copy()
    later[61:] += 5.0
    assert np.array_equal(features_hours.lasting(later)[:61], found[:61])


def test_the_regions_air_is_what_was_public_and_a_city_may_be_missing() -> None:
    city = made.city()
    region = features_region.learn(city, np.zeros(made.DAYS, bool))
    found = region(city)
    assert found.shape == (city.hours, features_region.SIZE)
    assert np.abs(found).max() > 1.0
    days = city.days.copy()
    days[:, 100:] *= 5.0
    other = region(replace(city, days=days))
    noon = 101 * 24 + 12  # when day 100 is published
    assert np.array_equal(other[:noon], found[:noon])
    assert not np.allclose(other[noon], found[noon])
    alone = region(replace(city, cities=city.cities[:1], days=city.days[:1]))
    assert alone.shape == found.shape
    assert np.isfinite(alone).all()


def test_the_regions_air_is_learnt_from_days_that_are_not_held_out() -> None:
    city = made.city()
    out = np.arange(made.DAYS) >= 150
    days = city.days.copy()
    days[:, 150:] *= 7.0
    own, other = (features_region.learn(one, out)(city) for one in (city, replace(city, days=days)))
    assert np.array_equal(own, other)


def test_without_cities_the_region_is_unknown() -> None:
    city = made.city()
    empty = replace(city, cities=(), days=city.days[:0])
    assert not features_region.learn(empty, np.zeros(made.DAYS, bool))(empty).any()


def test_what_comes_is_the_day_after_and_told_only_where_the_weather_ahead_is_known() -> None:
    weather = np.random.default_rng(4).normal(size=(100, 8))
    assert np.allclose(features_hours.coming(weather)[10], weather[11:35, [0, 1, 4, 5, 6]].mean(0))
    city = made.city()
    scale, none = features_hours.scale_of(city), np.zeros((city.hours, 0), np.float32)
    known, unknown = (
        features_hours.hours_of(city, ("1001A",), scale, none, perfect=perfect).weather for perfect in (True, False)
    )
    assert known[..., -features_hours.COMING :].any()
    assert not unknown[..., -features_hours.COMING :].any()
    assert np.array_equal(known[..., : -features_hours.COMING], unknown[..., : -features_hours.COMING])
