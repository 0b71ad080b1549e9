"""Cloud from what stations measure."""

import numpy as np

from lantian.weather.sky import cloud

HOURS = np.arange(72)
WIDE, NARROW = (280 + half * np.sin(2 * np.pi * HOURS / 24) for half in (7.0, 1.5))


def test_a_dry_day_of_wide_range_is_clear_and_a_moist_one_of_narrow_range_is_dull() -> None:
    none = np.zeros(72)
    assert cloud(WIDE, none + 0.4, none).max() < 0.15
    assert cloud(NARROW, none + 0.9, none).min() > 0.8
    assert cloud(NARROW, none + 0.2, none).max() == 0


def test_rain_comes_from_cloud() -> None:
    rain = np.where(HOURS == 30, 1e-4, 0.0)
    found = cloud(WIDE, np.full(72, 0.5), rain)
    assert found[30] >= 0.9
    assert found[20] < 0.3
