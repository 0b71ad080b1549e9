"""From sites to places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.weather.analysis import Network, Structure, over_hours

NETWORK = Network(np.array([0.0, 30e3, 60e3, 0]), np.array([0.0, 0, 10e3, 50e3]), np.array([50.0, 60, 40, 500]))
PLACE = st.floats(-5e5, 5e5)


@given(x=PLACE, y=PLACE, altitude=st.floats(0, 2000), length=st.floats(5e3, 3e5), noise=st.floats(0.05, 3))
def test_weights_add_up_to_one_and_skip_who_did_not_measure(
    x: float, y: float, altitude: float, length: float, noise: float
) -> None:
    known = np.array([True, False, True, True])
    at = (np.array([value]) for value in (x, y, altitude))
    weights = NETWORK.weights(Structure(length, noise, 400.0), known, *at)
    assert weights.sum() == pytest.approx(1)
    assert weights[0, 1] == 0


def test_near_a_site_it_counts_most_and_far_from_all_the_mean_stays() -> None:
    known = np.ones(4, bool)
    near, far = (
        NETWORK.weights(Structure(20e3, 0.3, 400.0), known, *(np.array([v]) for v in at))[0]
        for at in ((1e3, 0.0, 50.0), (9e6, 9e6, 50.0))
    )
    assert near.argmax() == 0
    assert near[0] > 0.6
    np.testing.assert_allclose(far, 0.25, atol=0.08)


def test_nothing_known_is_told() -> None:
    with pytest.raises(ValueError, match="no site measured"):
        NETWORK.weights(Structure(1e4, 1, 1e3), np.zeros(4, bool), *(np.zeros(1),) * 3)


def test_hours_around_count_half_and_gaps_stay_gaps() -> None:
    series = np.array([[0.0, 1], [4, np.nan], [8, 3]])
    found = over_hours(series)
    np.testing.assert_allclose(found[:, 0], [4 / 3, 4, 20 / 3])
    np.testing.assert_allclose(found[:, 1], [1, np.nan, 3])
