"""Ammonium nitrate between gas and particle: published constants, bounds, mass action, slopes, single precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.transport import aerosol

requirement = pytest.mark.requirement


@pytest.mark.parametrize(
    ("temperature", "stelson_seinfeld", "mozurkewich", "isorropia"),
    [(298.15, 29.9, 41.99, 57.46), (273.15, 0.030, 0.0438, 0.062)],
)
def test_dissociation_constant(temperature, stelson_seinfeld, mozurkewich, isorropia):
    """ppb2 at one atmosphere: Mozurkewich's is 4.199e-17 atm2 at 298.15 K; the two others lie on either side of it."""
    kp = float(aerosol.dissociation(temperature, 0.3, 101325.0))
    assert kp == pytest.approx(mozurkewich, rel=0.003)
    assert stelson_seinfeld < kp < isorropia
    assert float(aerosol.dissociation(temperature, 0.3, 50662.5)) == pytest.approx(4 * kp, rel=1e-5)


def test_deliquescence():
    """61.8 % at 298 K, 75-77 % at 273 K (Tang & Munkelwitz 1993); the dissociation constant bends there, no jump."""
    assert float(aerosol.deliquescence(298.15)) == pytest.approx(0.618, abs=0.005)
    assert float(aerosol.deliquescence(273.15)) == pytest.approx(0.76, abs=0.015)
    humidity = np.linspace(0.2, 1.0, 3201)
    for temperature in (255.0, 273.15, 298.15, 308.0):
        kp = np.asarray(aerosol.dissociation(temperature, humidity))
        bend = humidity[np.argmax(kp < kp[0])]
        assert bend == pytest.approx(float(aerosol.deliquescence(temperature)), abs=0.04)
        assert np.all(np.diff(kp) <= 0)
        wet = kp[humidity < 0.97]
        assert np.all(wet[1:] > 0.97 * wet[:-1])  # a step of 0.025 % humidity changes it little
        assert kp[-1] < 1e-3 * kp[0]


amounts = st.one_of(st.just(0.0), st.floats(-6.0, 4.0).map(lambda power: 10.0**power))


@given(amounts, amounts, amounts, st.floats(220.0, 320.0), st.floats(0.0, 1.0), st.floats(3e4, 1.05e5))
@settings(max_examples=200)
def test_equilibrium_is_bounded_and_obeys_mass_action(tno3, tnh4, so4, temperature, humidity, pressure):
    with jax.enable_x64(True):
        nitrate, ammonium = (
            float(v) for v in aerosol.equilibrium(*map(jnp.asarray, (tno3, tnh4, so4)), temperature, humidity, pressure)
        )
        kp = float(aerosol.dissociation(temperature, humidity, pressure))
    assert 0 <= nitrate <= tno3
    assert nitrate <= ammonium <= tnh4
    bound = ammonium - nitrate
    assert bound <= 2 * so4 * (1 + 1e-9)
    nitric, ammonia = tno3 - nitrate, tnh4 - ammonium
    # With particles the product of the gases is Kp, without it is less; differences of the totals carry their rounding.
    noise = 1e-14 * (tnh4 * nitric + tno3 * ammonia + tnh4 * tno3 * 1e-14)
    assert nitric * ammonia <= kp * (1 + 1e-6) + noise
    if nitrate > 1e-6 * min(tnh4 - bound, tno3):
        assert nitric * ammonia == pytest.approx(kp, rel=1e-3, abs=noise)


def test_equilibrium_of_the_two_seasons():
    """Winter: all nitric acid is in particles where ammonia is rich. Summer noon: next to none below some ppb."""
    winter, _ = aerosol.equilibrium(15.0, 50.0, 8.0, 268.0, 0.5)
    summer, ammonium = aerosol.equilibrium(2.0, 15.0, 5.0, 306.0, 0.4)
    assert float(winter) > 14.9
    assert float(summer) == 0.0
    assert float(ammonium) == pytest.approx(10.0, rel=0.01)  # what sulfate binds
    acid, _ = aerosol.equilibrium(15.0, 10.0, 8.0, 268.0, 0.5)
    assert float(acid) < 0.1  # sulfate takes all ammonium


@requirement("F3", part="ammonium nitrate smooth where sulfate has bound all ammonium")
def test_the_corner_of_free_ammonia_is_smooth():
    with jax.enable_x64(True):
        ammonia = jnp.linspace(14.0, 18.0, 2001)
        nitrate = jax.vmap(lambda a: aerosol.equilibrium(10.0, a, 8.0, 268.0, 0.5)[0])
        first = jax.vmap(jax.grad(lambda a: aerosol.equilibrium(10.0, a, 8.0, 268.0, 0.5)[0]))(ammonia)
        differences = np.gradient(np.asarray(nitrate(ammonia)), float(ammonia[1] - ammonia[0]))
        assert np.all(np.isfinite(first))
        assert np.max(np.abs(np.diff(first))) < 0.05
        np.testing.assert_allclose(first[1:-1], differences[1:-1], atol=0.02)
        assert first[0] < 0.05
        assert first[-1] > 0.9


def test_slopes_at_zero_are_numbers():
    zero = jnp.float32(0.0)
    slopes = jax.grad(lambda *a: sum(aerosol.equilibrium(*a, 270.0, 0.5)), argnums=(0, 1, 2))(zero, zero, zero)
    assert all(np.isfinite(float(s)) for s in slopes)


def test_equilibrium_in_single_precision():
    rng = np.random.default_rng(3)
    totals = 10.0 ** rng.uniform(-3, 3, (3, 5000))
    state = (rng.uniform(240, 310, 5000), rng.uniform(0, 1, 5000))
    with jax.enable_x64(True):
        exact = [np.asarray(v) for v in aerosol.equilibrium(*map(jnp.asarray, (*totals, *state)))]
        single = [np.asarray(v) for v in aerosol.equilibrium(*(jnp.asarray(v, jnp.float32) for v in (*totals, *state)))]
    scale = np.minimum(totals[0], totals[1])
    for got, want in zip(single, exact, strict=True):
        assert got.dtype == jnp.float32
        np.testing.assert_array_less(np.abs(got - want), 2e-3 * scale + 1e-5 * totals[1] + 1e-6)
