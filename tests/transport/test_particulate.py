"""PM2.5, PM10 and the six pollutants from a state: factors, the nitrate in particles, units, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lantian.transport import particulate
from lantian.transport.aerosol import equilibrium
from lantian.transport.species import COMPACT, FULL, REGISTRY, find

requirement = pytest.mark.requirement
# Compiled as the model compiles them: each operation compiled by itself would take longer than all of them together.
PM25, PM10, CONCENTRATIONS = (
    jax.jit(function, static_argnums=1) for function in (particulate.pm25, particulate.pm10, particulate.concentrations)
)
EQUILIBRIUM = jax.jit(equilibrium)
SHAPE = (3, len(FULL), 4, 5)
rng = np.random.default_rng(11)
Q = jnp.asarray(rng.uniform(0.0, 40.0, SHAPE), jnp.float32)
WINTER = (jnp.full((3, 4, 5), 268.0), jnp.full((3, 4, 5), 0.6), jnp.full((3, 4, 5), 1.3))
SUMMER = (jnp.full((3, 4, 5), 308.0), jnp.full((3, 4, 5), 0.4), jnp.full((3, 4, 5), 1.13))


def of(name, q=Q, names=FULL):
    return np.asarray(q[..., list(names).index(name), :, :])


def only(**amounts):
    """A state of one cell, ug kg-1, all other species 0."""
    return jnp.asarray([amounts.get(name, 0.0) for name in FULL], jnp.float32).reshape(1, len(FULL), 1, 1)


def one_cell(weather):
    return tuple(v[:1, :1, :1] for v in weather)


@pytest.mark.parametrize("weather", [WINTER, SUMMER], ids=["winter", "summer"])
def test_pm25_is_the_sum_of_what_is_in_fine_particles(weather):
    temperature, humidity, density = weather
    totals = (s.to_ppb(of(s.name)) for s in find(("TNO3", "TNH4", "SO4")))
    nitrate, _ = EQUILIBRIUM(*totals, temperature, humidity, density * 287.05 * temperature)
    nitrate = REGISTRY["TNO3"].from_ppb(np.asarray(nitrate))
    fine = 1.376 * of("SO4") + 1.291 * nitrate + of("PPM25") + of("BC") + of("DUST") + of("SOA")
    result = PM25(Q, FULL, *weather)
    assert result.shape == (3, 4, 5)
    np.testing.assert_allclose(result, fine * np.asarray(density), rtol=1e-5)
    coarse = PM10(Q, FULL, *weather) - result
    np.testing.assert_allclose(coarse, of("PMC") * np.asarray(density), rtol=1e-4, atol=1e-4)


def test_salts_weigh_what_their_ammonium_weighs():
    """10 ug kg-1 of SO4 and of NO3 with ample ammonia, in the cold: (NH4)2SO4 and NH4NO3."""
    weather = one_cell(WINTER)
    salt = PM25(only(SO4=10.0, TNO3=10.0, TNH4=40.0), FULL, *weather) / 1.3
    assert salt.item() == pytest.approx(10 * 132.14 / 96.06 + 10 * 80.04 / 62.005, rel=2e-3)


def test_nitric_acid_is_no_particle():
    """Neither where the air is hot, nor where sulfate has taken the ammonium."""
    hot = PM25(only(TNO3=5.0, TNH4=8.0), FULL, *one_cell(SUMMER))
    acid = PM25(only(TNO3=5.0, SO4=10.0), FULL, *one_cell(WINTER))
    assert hot.item() == 0.0
    assert acid.item() == pytest.approx(1.3 * 13.76, rel=1e-4)
    assert PM25(only(TNH4=8.0, PMC=30.0, CO=900.0), FULL, *one_cell(WINTER)).item() == 0.0


@requirement("F3", part="the six pollutants from the state, in the units of the standard")
def test_six_pollutants_in_their_units():
    surface = tuple(v[0] for v in WINTER)
    result = CONCENTRATIONS(Q[0], FULL, *surface)
    assert set(result) == {"pm25", "pm10", "so2", "no2", "o3", "co"}
    assert all(v.shape == (4, 5) for v in result.values())
    np.testing.assert_allclose(result["co"], of("CO")[0] * 1.3 / 1000.0, rtol=1e-6)  # mg m-3
    for item, name in (("so2", "SO2"), ("no2", "NO2"), ("o3", "O3")):
        np.testing.assert_allclose(result[item], of(name)[0] * 1.3, rtol=1e-6)
    np.testing.assert_array_equal(result["pm25"], PM25(Q[0], FULL, *surface))
    np.testing.assert_array_equal(result["pm10"], PM10(Q[0], FULL, *surface))
    np.testing.assert_allclose(particulate.concentration(Q[0], FULL, "BC", 1.3), of("BC")[0] * 1.3, rtol=1e-6)


def test_what_is_not_carried_is_left_out():
    tracers = ("CO", "PMC")
    q = jnp.ones((2, 4, 5))
    result = CONCENTRATIONS(q, tracers, 270.0, 0.5, 1.3)
    assert set(result) == {"co", "pm10"}
    assert float(result["pm10"][0, 0]) == pytest.approx(1.3)
    assert np.all(np.asarray(PM25(q, tracers, 270.0, 0.5, 1.3)) == 0)
    assert set(CONCENTRATIONS(Q[0, : len(COMPACT)], COMPACT, 270.0, 0.5, 1.3)) == {
        "pm25", "pm10", "so2", "no2", "o3", "co",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "shape", "message"),
    [
        (("PPM25", "CO"), (3, 4, 5), "2 species"),
        (("PPM25",), (4, 5), "1 species"),
        (("PPM25", "TNO3", "SO4"), (3, 4, 5), "depends on TNH4"),
        (("PPM25", "dust"), (2, 4, 5), "unknown species dust"),
    ],
)
def test_refuses_what_does_not_fit(names, shape, message):
    with pytest.raises(ValueError, match=message):
        PM25(jnp.ones(shape), names, 270.0, 0.5, 1.3)


def test_a_name_that_is_not_carried_is_refused():
    with pytest.raises(ValueError, match="BC is not carried"):
        particulate.concentration(jnp.ones((1, 4, 5)), ("CO",), "BC", 1.3)


def test_slopes_of_pm25_are_finite_and_none_points_down():
    """More ammonia never makes less PM2.5, and makes a mole of the salt where nitric acid waits for it."""
    q = jnp.concatenate([Q[:1], jnp.zeros_like(Q[:1])])  # the second level is empty air
    slope = jax.jit(jax.grad(lambda q: jnp.sum(PM25(q, FULL, 272.0, 0.7, 1.3))))
    slopes = slope(q)
    assert np.all(np.isfinite(slopes))
    assert np.all(np.asarray(slopes[0, FULL.index("TNH4")]) >= -1e-6)
    poor = only(TNO3=20.0, TNH4=4.0)
    of_ammonia = jax.jit(jax.grad(lambda q: jnp.sum(PM25(q, FULL, *one_cell(WINTER)))))(poor)[0, FULL.index("TNH4")]
    assert of_ammonia.item() == pytest.approx(1.3 * 80.04 / 18.038, rel=0.02)
