"""Sulfate and nitrate: against a stiff solver of all reactions, published rates, atoms, slopes, single precision."""

import math
from functools import partial

import hypothesis.extra.numpy as hnp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.transport import aerosol
from lantian.transport.ladder.stiff import CLEAN, HAZE, WINTER, aerosol_day, sun_in_january
from lantian.transport.ladder.stiff import SOLID as NAMES
from lantian.transport.parameters import values
from lantian.transport.species import FULL, REGISTRY

PRIORS = values(aerosol.PARAMETERS)
NIGHT, NOON = -0.2, 0.5
requirement = pytest.mark.requirement
QUICKLY = {"xla_backend_optimization_level": "0"}  # for what takes longer to compile than to run
react = jax.jit(aerosol.react)
rates = jax.jit(aerosol.rates)


def weather(temperature, humidity, cos_zenith, *, cloud_water=0.0, cloud_cover=0.0, pressure=101325.0):
    return (temperature, humidity, pressure, pressure / (287.05 * temperature), cloud_water, cos_zenith, cloud_cover)


def rates_at(temperature, humidity, cos_zenith, changed=None, **more):
    return rates(*weather(temperature, humidity, cos_zenith, **more), PRIORS | (changed or {}))


def arrays(mixture):
    return {name: jnp.asarray(float(value)) for name, value in mixture.items()}


@requirement("F3", part="aerosol against a stiff solver over night and day")
@pytest.mark.parametrize("dt", [300.0, 1200.0])
@pytest.mark.parametrize("name", WINTER)
def test_night_and_day_as_the_stiff_solver(name, dt):
    day, mixture = aerosol_day(WINTER[name], dt, jnp.float64), WINTER[name].ppb
    for species in ("SO2", "SO4", "NO2", "O3", "ROC", "SOA"):
        np.testing.assert_allclose(day.computed[species], day.exact[species], rtol=0.03, err_msg=species)
    # The steady state counts as nitrate what still stands in the air as N2O5 and NO3.
    np.testing.assert_allclose(day.computed["TNO3"], day.nitrate(), rtol=0.03)
    assert day.computed["TNO3"][-1] == pytest.approx(day.exact["TNO3"][-1], rel=0.03)
    # The day must have been one on which something happened, or agreement says nothing.
    assert day.exact["SO2"][-1] < 0.9 * mixture["SO2"]
    assert day.exact["NO2"][-1] < 0.6 * mixture["NO2"]
    assert day.exact["TNO3"][-1] > 1.5 * mixture["TNO3"]


# Atoms, signs, floats


def clouds_of_air(low=-6.0, high=4.0):
    """Twelve species in eight cells, each 0 or between 1e-6 and 1e4 ppb."""
    powers = hnp.arrays(np.float64, (len(NAMES), 8), elements=st.floats(low, high))
    present = hnp.arrays(np.bool_, (len(NAMES), 8))
    return st.builds(lambda p, there: np.where(there, 10.0**p, 0.0).astype(np.float32), powers, present)


airs = st.tuples(
    st.floats(220.0, 320.0), st.floats(0.0, 1.0), st.floats(-1.0, 1.0), st.floats(0.0, 3e-3), st.floats(0.0, 1.0),
    st.floats(3e4, 1.05e5),
)  # fmt: skip


@partial(jax.jit, compiler_options=QUICKLY)
def step_and_slope(x, state, dt):
    """The mixture after dt, and the slope of its sum by mixture and weather."""

    def total(x, state):
        temperature, humidity, sun, water, cover, pressure = state
        density = pressure / (287.05 * temperature)
        k = aerosol.rates(temperature, humidity, pressure, density, water, sun, cover, PRIORS)
        y = aerosol.react(x, k, dt)
        return sum(jnp.sum(v) for v in y.values()), y

    (_, y), slopes = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)(x, state)
    return y, slopes


@requirement("F3", part="atoms of S and N conserved by the aerosol; nothing negative; no NaN")
@given(clouds_of_air(), airs, st.floats(1.0, 7200.0))
@settings(max_examples=150)
def test_atoms_are_kept_nothing_is_negative_and_slopes_are_finite(amounts, state, dt):
    x = {name: jnp.asarray(row) for name, row in zip(NAMES, amounts, strict=True)}
    y, slopes = step_and_slope(x, tuple(jnp.full(8, v, jnp.float32) for v in state), jnp.float32(dt))
    before = {name: np.asarray(v, np.float64) for name, v in x.items()}
    after = {name: np.asarray(v, np.float64) for name, v in y.items()}
    for name in NAMES:
        assert y[name].dtype == jnp.float32
        assert np.all(after[name] >= 0), name
    for atom in ("S", "N"):
        species = [name for name in NAMES if REGISTRY[name].atoms.get(atom)]
        count = sum(before[name] for name in species)
        np.testing.assert_allclose(sum(after[name] for name in species), count, rtol=4e-7)
    carbon = before["ROC"] * 14.03 + before["SOA"] * 150.0
    np.testing.assert_allclose(after["ROC"] * 14.03 + after["SOA"] * 150.0, carbon, rtol=4e-7)
    for name in ("NO", "TNH4", "PPM25", "BC", "DUST"):
        assert np.array_equal(before[name], after[name])
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slopes))


def test_two_nitrogen_dioxides_take_one_ozone():
    k = rates_at(272.0, 0.8, NIGHT)
    x = arrays(HAZE)
    y = react(x, k, 3600.0)
    assert float(y["TNO3"] - x["TNO3"]) > 1.0
    assert float(x["NO2"] - y["NO2"]) == pytest.approx(2 * float(x["O3"] - y["O3"]), rel=1e-4)


def test_species_that_are_not_carried_are_not_needed():
    needed = ("NO", "NO2", "O3", "SO2", "SO4", "TNO3", "TNH4")
    y = aerosol.react({name: jnp.ones(3) for name in needed}, rates_at(270.0, 0.5, NOON), 300.0)
    assert set(y) == set(needed)


@requirement("F3", part="the aerosol in single precision as in double")
def test_single_precision_is_enough():
    rng = np.random.default_rng(7)
    cells = 4000
    state = (
        rng.uniform(240, 310, cells), rng.uniform(0.1, 1, cells), rng.uniform(6e4, 1.03e5, cells),
        rng.uniform(0.8, 1.4, cells), rng.uniform(0, 1e-3, cells), rng.uniform(-1, 1, cells), rng.uniform(0, 1, cells),
    )  # fmt: skip
    mixture = {name: 10.0 ** rng.uniform(-3, 3, cells) for name in NAMES}

    def hours(dtype):
        x = {name: jnp.asarray(v, dtype) for name, v in mixture.items()}
        k = rates(*(jnp.asarray(v, dtype) for v in state), PRIORS)
        for _ in range(12):
            x = react(x, k, 300.0)
        assert all(v.dtype == dtype for v in x.values())
        return {name: np.asarray(v) for name, v in x.items()}

    with jax.enable_x64(True):
        exact = hours(jnp.float64)
    for name, value in hours(jnp.float32).items():
        np.testing.assert_allclose(value, exact[name], rtol=2e-4, atol=1e-6, err_msg=name)


def test_level_by_level_is_the_whole():
    rng = np.random.default_rng(1)
    shape = (3, 4, 5)
    temperature = jnp.asarray(rng.uniform(255, 285, shape), jnp.float32)
    surface = jnp.asarray(rng.uniform(0, 1, shape[1:]), jnp.float32)
    k = rates(temperature, 0.7, 9e4, 1.2, 0.0, surface, surface, PRIORS)
    assert {field.shape for field in k} == {shape}
    x = {name: jnp.asarray(rng.uniform(0, 30, shape), jnp.float32) for name in NAMES}
    levels = jax.lax.map(lambda level: aerosol.react(*level, 300.0), (x, k))
    for name, value in react(x, k, 300.0).items():
        np.testing.assert_allclose(levels[name], value, rtol=1e-6)


# Slopes

CAUSES = (*PRIORS, *NAMES, "temperature", "humidity")
EFFECTS = ("SO2", "SO4", "NO2", "O3", "TNO3", "ROC", "SOA")


@jax.jit
def an_hour(factors, sun):
    """All effects after an hour, every cause multiplied by its factor."""
    by = dict(zip(CAUSES, factors, strict=True))
    parameters = {name: value * by[name] for name, value in PRIORS.items()}
    state = weather(288.0 * by["temperature"], 0.75 * by["humidity"], sun, cloud_water=2e-5, cloud_cover=0.3)
    k = aerosol.rates(*state, parameters)
    x = {name: value * by[name] for name, value in (HAZE | {"TNH4": 30.0}).items()}
    x = aerosol.react(x, k, 3600.0)
    return jnp.stack([x[name] for name in EFFECTS])


slopes_of_an_hour = jax.jit(jax.jacrev(an_hour), compiler_options=QUICKLY)


@requirement("F3", part="slopes of the aerosol against finite differences")
@pytest.mark.parametrize("sun", [NIGHT, NOON])
def test_slopes_are_those_of_finite_differences(sun):
    step = 1e-4
    with jax.enable_x64(True):
        one = jnp.ones(len(CAUSES))
        slopes = np.asarray(slopes_of_an_hour(one, sun))
        for i, cause in enumerate(CAUSES):
            away = step * (jnp.arange(len(CAUSES)) == i)
            differences = np.asarray(an_hour(one + away, sun) - an_hour(one - away, sun)) / (2 * step)
            np.testing.assert_allclose(slopes[:, i], differences, rtol=1e-3, atol=1e-7, err_msg=cause)
    assert np.count_nonzero(np.abs(slopes) > 1e-3) > 60


# Published behaviour


def test_night_makes_nitrate_where_ozone_is_left():
    """Tenths to some ppb an hour on winter nights of north China (Liu L. et al. 2019, ACP 19:8189)."""
    k = rates_at(272.0, 0.8, NIGHT)
    x = arrays(HAZE)
    made = float(react(x, k, 3600.0)["TNO3"] - x["TNO3"])
    assert 0.3 < made < 4.0
    assert float(react(x | {"O3": jnp.asarray(0.0)}, k, 3600.0)["TNO3"] - x["TNO3"]) == 0.0
    with_no = float(react(x | {"NO": jnp.asarray(20.0)}, k, 3600.0)["TNO3"] - x["TNO3"])
    assert with_no < 0.3 * made  # NO takes NO3 first
    clean = arrays(CLEAN | {"NO": 0.0})
    by_night, by_day = (
        float(react(clean, rates_at(285.0, 0.4, sun, {"oh_noon": 0.0}), 3600.0)["TNO3"] - clean["TNO3"])
        for sun in (NIGHT, NOON)
    )
    assert by_day < 0.3 * by_night  # and so does the sun


def oxidised_sulfur(humidity, changed, hours=24):
    """SO4 / (SO2 + SO4) after a day in haze that began with 9 % of its sulfur as sulfate."""
    x = arrays(HAZE | {"SO4": 0.1 * HAZE["SO2"]})
    for i in range(hours):
        x = react(x, rates_at(275.0, humidity, sun_in_january(18 + i), changed), 3600.0)
    return float(x["SO4"] / (x["SO2"] + x["SO4"]))


@pytest.mark.parametrize("humidity", [0.4, 0.6, 0.8])
def test_oxidised_sulfur_follows_humidity_as_observed(humidity):
    """The fits of Liu Y. et al. 2021 (ACP 21:13269), Shijiazhuang and Beijing, lie within the parameters' range."""
    percent = 100 * humidity
    observed = (0.15 + 0.0032 * math.exp(percent / 16.2), -0.045 + 0.12 * math.exp(percent / 37.8))
    ranges = {p.name: p for p in aerosol.PARAMETERS if p.name.startswith("so2_uptake")}
    low = oxidised_sulfur(humidity, {name: p.low for name, p in ranges.items()})
    high = oxidised_sulfur(humidity, {name: p.high for name, p in ranges.items()})
    assert low < min(observed) < max(observed) < high
    assert low < oxidised_sulfur(humidity, {}) < high


# Secondary organic aerosol


def test_organic_carbon_condenses_with_its_yield_and_time():
    """At 1e6 OH the share 1 - exp(-yield t / time) of the vapour is particle after t, gram for gram."""
    oh = float(aerosol._hydroxyl(NOON, 0.0, PRIORS))
    k = rates_at(275.0, 0.5, NOON)
    x = arrays(HAZE)
    for _ in range(22):
        x = react(x, k, 3600.0)
    condensed = 1 - math.exp(-0.1 * oh / 1e6)
    assert float(x["ROC"]) == pytest.approx(HAZE["ROC"] * (1 - condensed), rel=1e-4)
    assert float(x["SOA"]) == pytest.approx(HAZE["SOA"] + HAZE["ROC"] * condensed * 14.03 / 150.0, rel=1e-4)
    assert set(FULL) >= set(NAMES)
