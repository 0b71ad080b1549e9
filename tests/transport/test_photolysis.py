"""The sun's place and the light that splits NO2, against almanac events and published rates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lantian.transport.parameters import values
from lantian.transport.photolysis import HORIZON, PARAMETERS, cos_zenith, photolysis_no2

PRIORS = values(PARAMETERS)


def test_the_sun_stands_overhead_where_the_almanac_says():
    """Solstice and equinox of 2024 (20 June 20:51, 20 March 03:06 UT): declination 23.44 and 0 degrees."""
    lat = np.linspace(-60, 60, 1201)
    for when, declination in (("2024-06-20T20:51", 23.44), ("2024-12-21T09:20", -23.44), ("2024-03-20T03:06", 0.0)):
        lon = np.linspace(-180, 180, 3601)
        height = cos_zenith(lon[:, None], lat, np.datetime64(when))
        at = np.unravel_index(height.argmax(), height.shape)
        assert lat[at[1]] == pytest.approx(declination, abs=0.11)
        assert height[at] == pytest.approx(1, abs=1e-5)


def test_solar_noon_follows_the_equation_of_time():
    """On 3 November the sun is 16.4 minutes early, on 11 February 14.2 minutes late (Astronomical Almanac)."""
    for day, minutes in (("2024-11-03", -16.4), ("2024-02-11", 14.2)):
        times = np.datetime64(day) + np.arange(0, 86400, 10).astype("timedelta64[s]")
        noon = times[cos_zenith(120.0, 36.65, times).argmax()]
        late = (noon - np.datetime64(f"{day}T04:00")) / np.timedelta64(60, "s")
        assert late == pytest.approx(minutes, abs=0.3)


def test_day_length_at_the_solstice():
    """At 36.65 N the geometric day of 21 June lasts 2 acos(-tan(lat) tan(decl)) / 15 degrees = 14.5 hours."""
    times = np.datetime64("2024-06-20T12:00") + np.arange(0, 86400, 60).astype("timedelta64[s]")
    hours = (cos_zenith(117.0, 36.65, times) > 0).sum() / 60
    exact = 2 * np.degrees(np.arccos(-np.tan(np.radians(36.65)) * np.tan(np.radians(23.43)))) / 15
    assert hours == pytest.approx(exact, abs=0.04)


def test_zenith_broadcasts_and_refuses_a_missing_time():
    times = np.array(["2024-01-01T00:00", "2024-01-01T06:00"], dtype="datetime64[s]")
    assert cos_zenith(np.full((3, 4), 117.0), np.full((3, 4), 36.0), times[:, None, None]).shape == (2, 3, 4)
    with pytest.raises(ValueError, match="NaT"):
        cos_zenith(117.0, 36.0, np.datetime64("NaT"))


def flux_formula(cosine):
    """The rate in short-wave flux that HYSPLIT and R-LINE use with GRS, under a clear sky of 1104 W m-2, s-1."""
    angle = np.degrees(np.arccos(cosine))
    factor = np.select(
        [angle < 47, angle < 64], [4.23e-4 + 1.09e-4 / cosine, 5.82e-4], -0.997e-4 + 1.2e-3 * (1 - cosine)
    )
    return factor * 1104 * cosine / 60


@pytest.mark.requirement("F3", part="photolysis of NO2 from zenith angle and cloud")
def test_clear_sky_agrees_with_published_rates():
    """Overhead 8e-3 to 1e-2 s-1; with the flux formula of other GRS codes and with Parrish et al. (1983) by day."""
    overhead = float(photolysis_no2(1.0, 0.0, PRIORS))
    assert 8e-3 <= overhead <= 1e-2
    cosine = np.cos(np.radians([0.0, 20.0, 40.0, 55.0, 62.0]))
    ours = np.asarray(photolysis_no2(cosine, 0.0, PRIORS))
    assert np.allclose(ours, flux_formula(cosine), rtol=0.15)
    assert np.allclose(ours, 1.67e-2 * np.exp(-0.575 / cosine), rtol=0.15)
    low = np.cos(np.radians(80.0))  # here the two published forms are a factor of five apart, and ours lies between
    assert 1.67e-2 * np.exp(-0.575 / low) < float(photolysis_no2(low, 0.0, PRIORS)) < flux_formula(low)


def test_night_is_exactly_dark_and_dawn_is_smooth():
    night = jnp.array([-1.0, -0.1, 0.0, HORIZON])
    slope = jax.grad(lambda c: photolysis_no2(c, 0.3, PRIORS).sum())
    assert (photolysis_no2(night, 0.3, PRIORS) == 0).all()
    assert (slope(night) == 0).all()
    dawn = jnp.linspace(-0.01, 0.2, 2001)
    rate = photolysis_no2(dawn, 0.0, PRIORS)
    assert (jnp.diff(rate) >= 0).all()
    assert float(jnp.abs(jnp.diff(rate)).max()) < 3e-6
    assert jnp.isfinite(slope(dawn)).all()


def test_cloud_takes_light_away_and_its_slope_is_finite():
    cover = jnp.linspace(0, 1, 101)
    rate = photolysis_no2(0.8, cover, PRIORS)
    clear = photolysis_no2(0.8, 0.0, PRIORS)
    assert (jnp.diff(rate) <= 0).all()
    assert float(rate[-1] / clear) == pytest.approx(1 - PRIORS["photolysis_cloud"], rel=1e-5)
    assert float(rate[50] / clear) > 0.9  # broken cloud leaves most of the light
    assert jnp.isfinite(jax.grad(lambda n: photolysis_no2(0.8, n, PRIORS).sum())(cover)).all()


def test_scale_multiplies():
    half = values(PARAMETERS, {"photolysis_scale": 0.5})
    assert float(photolysis_no2(0.7, 0.4, half) / photolysis_no2(0.7, 0.4, PRIORS)) == pytest.approx(0.5)
