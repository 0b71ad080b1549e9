"""How deep the air is mixed, by formula and in Beijing's December."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from lantian.places.grid import Domain, Levels
from lantian.transport import idealised
from lantian.weather.boundary_layer import evolved, grown, mechanical
from lantian.weather.downscaling import _land
from lantian.weather.ground import StationGround


def one(value: float) -> jnp.ndarray:
    return jnp.full((1,), value, jnp.float32)


def grow(heat: float, inversion: float = 0.0, hours: float = 6, wind: float = 0.2) -> float:
    return float(grown(one(100), one(heat), one(wind), one(-0.02), one(280.0), one(inversion), seconds=3600 * hours)[0])


def test_heat_deepens_as_the_square_root_and_an_inversion_holds_it_down() -> None:
    # without wind and for a deep layer h^2 = 2 (1 + 2A) / gamma times the heat that went in
    assert grow(0.1, wind=0.01) == pytest.approx(np.sqrt(100**2 + 2 * 1.4 * 0.1 * 6 * 3600 / 0.0035), rel=0.12)
    assert grow(0.0) == 100
    assert grow(0.05, inversion=8.0) < 0.7 * grow(0.05)


def test_wind_alone_mixes_deeper_the_stronger_it_is_and_never_without_end() -> None:
    depths = np.asarray(mechanical(jnp.linspace(0.01, 2.0, 50), 40.0))
    assert np.all(np.diff(depths) >= 0)
    assert depths[0] == 50
    assert 300 < float(mechanical(0.3, 40.0)) < 500
    assert float(mechanical(0.5, 0.0)) <= 3500


def test_when_the_sun_is_gone_the_layer_falls_within_hours() -> None:
    depth = one(1200.0)
    course = []
    for _ in range(6):
        depth = evolved(depth, one(-0.01), one(0.15), one(0.05), one(275.0), one(3.0), one(40.0))
        course.append(float(depth[0]))
    assert np.all(np.diff(course) <= 0)
    assert course[2] < 200


@pytest.mark.requirement("F1", part="boundary-layer height of Beijing's winter: shallow in haze, deep in wind")
def test_haze_is_shallow_and_wind_is_deep(month: xr.Dataset) -> None:
    domain = Domain(idealised.domain(2, 3000.0).grid, Levels(), np.full((2, 2), 45.0))
    land, reference = _land(domain, None)
    ground = StationGround(month.isel(time=slice(14 * 24, 28 * 24)), domain, land, reference)
    beijing = ground.times + np.timedelta64(8, "h")
    days = beijing.astype("datetime64[D]")
    depth = np.array([float(now.depth.mean()) for now in ground.hours(0, len(days) - 1)])
    noon = {str(day): depth[days == day].max() for day in np.unique(days)[1:]}
    red_alert = [noon[f"2016-12-{day}"] for day in (17, 18, 19, 20)]
    windy = [noon["2016-12-22"], noon["2016-12-27"]]  # the fronts that ended the haze and the next one
    assert 200 < min(red_alert) <= max(red_alert) < 800
    assert min(windy) > 1.2 * max(red_alert)
    assert np.median(depth[(beijing - days).astype("timedelta64[h]").astype(int) < 6]) < 150
