from dataclasses import replace

import numpy as np
import pytest

from lantian.forecast import features, features_days, learn_direct
from lantian.forecast.history import ITEMS, Array, History
from lantian.forecast.learn_joined import Joined
from lantian.forecast.learn_trees import concentration, logarithm
from tests.forecast import statistics_made as made

PM25 = ITEMS.index("pm25")
ISSUES = np.arange(8, made.DAYS - 1) * 24 + 20


@pytest.fixture(scope="module")
def city() -> History:
    return made.city()


def taught(city: History) -> tuple[learn_direct.Direct, Array, Array]:
    """Trees of two members of the city's days, the network's days, which say nothing, and the shift of these."""
    block = np.arange(made.DAYS) // 40 % 2
    typical = np.nanmean(city.daily[made.REGION], axis=0)
    network = np.broadcast_to(typical, (1, len(ISSUES), 7, len(ITEMS)))
    allowed = block != np.arange(2)[:, None]
    return *learn_direct.learn(city, ISSUES, allowed, network, perfect=True, iterations=12), network[0]


def test_days_follow_the_wind_that_makes_them_and_stations_follow_their_region(city: History) -> None:
    direct, shift, network = taught(city)
    seen = np.stack([features.take(city.daily[made.REGION], ISSUES // 24 + lead) for lead in range(1, 8)], axis=1)
    there = ~np.isnan(seen[..., PM25])
    honest = concentration(logarithm(network[..., PM25], PM25) + shift[0, ..., PM25], PM25)
    off = [np.abs(one[there] - seen[..., PM25][there]).mean() for one in (network[..., PM25], honest)]
    assert off[1] < 0.75 * off[0]  # the trees are exact, and count for a half to a third

    own = made.calibrator("perfect").network
    assert own is not None
    city = city.reaching_days(8)
    joined = Joined(own, direct, city)
    for place in (made.REGION, "1002A"):  # a control point, which is no member of the region that it lies in
        plain, moved = joined.ensemble(place, ISSUES[-3:])[1], joined.joined(place, ISSUES[-3:])[1]
        added = logarithm(moved[..., PM25], PM25) - logarithm(plain[..., PM25], PM25)
        region = joined.ensemble(made.REGION, ISSUES[-3:])[1]
        wanted = direct.shift(city, made.REGION, ISSUES[-3:], region)[..., PM25]
        assert np.abs(wanted).max() > 0.01
        assert np.allclose(added, wanted)
    morning = ISSUES[-3:] - 11
    assert np.array_equal(joined.joined(made.REGION, morning)[1], joined.ensemble(made.REGION, morning)[1])


def test_both_ways_are_joined_and_drawn_out_from_the_middle() -> None:
    found = learn_direct.joined(np.array([3.0, 2.0]), np.array([5.0, 2.0]), 0.5, 2.0)
    assert np.allclose(found, [2.0 + learn_direct.STRETCH * 2.0, 2.0])


def test_predictors_of_a_day_never_look_past_the_issue_but_at_the_weather(city: History) -> None:
    issues, lead = ISSUES[100:101], np.array([1])
    at = int(issues[0])
    air = city.air.copy()
    air[:, at:] *= 5.0
    later = replace(city, air=air)
    own = features_days.of_region(city, made.REGION, issues, lead, perfect=True)
    assert own.keys() == (found := features_days.of_region(later, made.REGION, issues, lead, perfect=True)).keys()
    assert all(np.array_equal(own[name], found[name], equal_nan=True) for name in own)
    weather = city.weather.copy()
    weather[:, at:] += 3.0
    later = replace(city, weather=weather)
    assert (
        own["temperature day"] + 3.0
        == features_days.of_region(later, made.REGION, issues, lead, perfect=True)["temperature day"]
    )
    blind = features_days.of_region(later, made.REGION, issues, lead, perfect=False)
    assert all(np.array_equal(blind[name], own[name], equal_nan=True) for name in blind)
    assert "temperature day" not in blind
