"""Sulfate and nitrate: against a stiff solver of all reactions, published rates, atoms, slopes, single precision."""

import math

import hypothesis.extra.numpy as hnp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from lantian.transport import aerosol
from lantian.transport.parameters import values
from lantian.transport.species import FULL, MOLAR_MASS_AIR, REGISTRY

PRIORS = values(aerosol.PARAMETERS)
NIGHT, NOON = -0.2, 0.5
NAMES = ("ROC", "NO", "NO2", "O3", "SO2", "SO4", "TNO3", "TNH4", "PPM25", "BC", "DUST", "SOA")
HAZE = dict(zip(NAMES, (200, 0.05, 40, 15, 15, 8, 15, 50, 26, 20, 3, 6), strict=True))
"""ppb; about 220 ug m-3 of fine particles."""
CLEAN = dict(zip(NAMES, (40, 0.05, 12, 30, 5, 1, 1.5, 8, 4, 3, 3, 1), strict=True))
"""ppb; about 25 ug m-3."""
requirement = pytest.mark.requirement
react = jax.jit(aerosol.react)
rates = jax.jit(aerosol.rates)


def weather(temperature, humidity, cos_zenith, *, cloud_water=0.0, cloud_cover=0.0, pressure=101325.0):
    return (temperature, humidity, pressure, pressure / (287.05 * temperature), cloud_water, cos_zenith, cloud_cover)


def rates_at(temperature, humidity, cos_zenith, changed=None, **more):
    return rates(*weather(temperature, humidity, cos_zenith, **more), PRIORS | (changed or {}))


def arrays(mixture):
    return {name: jnp.asarray(float(value)) for name, value in mixture.items()}


def percent_per_hour(rate):
    return 100 * 3600 * float(rate)


def nitrate_by_bisection(tno3, tnh4, so4, kp):
    free = max(tnh4 - 2 * so4, 0.0)
    low, high = 0.0, min(free, tno3)
    if free * tno3 <= kp:
        return 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if (free - middle) * (tno3 - middle) > kp else (low, middle)
    return low


STIFF = ("SO2", "SO4", "NO2", "O3", "TNO3", "ROC", "SOA", "NO3", "N2O5")


def slope(_, y, k, fixed):
    """Every reaction by itself, NO3 and N2O5 as species of their own; ppb s-1."""
    now = fixed | dict(zip(STIFF, y, strict=True))
    nitrate = nitrate_by_bisection(now["TNO3"], now["TNH4"], now["SO4"], k.dissociation)
    mass = {n: now[n] * REGISTRY[n].molar_mass / MOLAR_MASS_AIR * REGISTRY[n].pm25 for n in NAMES if n != "TNO3"}
    nh4no3 = nitrate * 80.04 / MOLAR_MASS_AIR
    organic = mass["PPM25"] + mass["SOA"]
    s_wet = k.so2_on_inorganic * (mass["SO4"] + nh4no3) + k.so2_on_other * (organic + mass["BC"] + mass["DUST"])
    n_wet = k.n2o5_on_sulfate * mass["SO4"] + k.n2o5_on_nitrate * nh4no3 + k.n2o5_on_organic * organic
    n_wet += k.n2o5_on_dust * (mass["DUST"] + mass["BC"] / 2)
    sulfate = (k.so2_oxidation + s_wet) * now["SO2"]
    nitric = k.no2_oh * now["NO2"]
    made = k.no3_formation * now["NO2"] * now["O3"]
    lost = (k.no3_loss + k.no3_no * now["NO"]) * now["NO3"]
    joined = k.n2o5_formation * now["NO2"] * now["NO3"] - k.n2o5_decay * now["N2O5"]
    hydrolysed = n_wet * now["N2O5"]
    condensed = k.soa * now["ROC"]
    return {
        "SO2": -sulfate,
        "SO4": sulfate,
        "NO2": -nitric - made + lost - joined,
        "O3": lost - made,
        "TNO3": nitric + 2 * hydrolysed,
        "ROC": -condensed,
        "SOA": condensed * 14.03 / 150.0,
        "NO3": made - lost - joined,
        "N2O5": joined - hydrolysed,
    }


def stiff_hour(mixture, k):
    """An hour at these rates with SciPy's Radau."""
    k = aerosol.Rates(*(float(v) for v in k))
    fixed = {name: mixture[name] for name in ("NO", "TNH4", "PPM25", "BC", "DUST")}
    start = [mixture[name] for name in STIFF]
    end = solve_ivp(lambda *a: list(slope(*a, k, fixed).values()), (0, 3600), start, "Radau", rtol=1e-6, atol=1e-9)
    return fixed | dict(zip(STIFF, end.y[:, -1], strict=True))


def winter_day(temperature, humidity, cloud_water):
    """The rates of 24 hours from 18 h on: night, the low sun of January, night."""
    clock = [abs((18 + i) % 24 - 12) for i in range(24)]
    suns = [0.5 * math.cos(math.pi * off / 10) if off < 5 else NIGHT for off in clock]
    return [rates_at(temperature, humidity, sun, cloud_water=cloud_water) for sun in suns]


@requirement("F3", part="aerosol against a stiff solver over night and day")
@pytest.mark.parametrize("dt", [300.0, 1200.0])
@pytest.mark.parametrize(
    ("mixture", "temperature", "humidity", "cloud_water"),
    [(HAZE, 273.0, 0.88, 0.0), (CLEAN, 260.0, 0.30, 0.0), (HAZE | {"O3": 35}, 281.0, 0.98, 1.0e-4)],
    ids=["humid haze", "dry cold", "fog"],
)
def test_night_and_day_as_the_stiff_solver(mixture, temperature, humidity, cloud_water, dt):
    with jax.enable_x64(True):
        exact = {n: float(v) for n, v in mixture.items()} | {"NO3": 0.0, "N2O5": 0.0}
        x = arrays(mixture)
        for k in winter_day(temperature, humidity, cloud_water):
            exact = stiff_hour(exact, k)
            for _ in range(round(3600 / dt)):
                x = react(x, k, dt)
            for name in ("SO2", "SO4", "NO2", "O3", "ROC", "SOA"):
                assert float(x[name]) == pytest.approx(exact[name], rel=0.03), name
            # The steady state counts as nitrate what still stands in the air as N2O5 and NO3.
            assert float(x["TNO3"]) == pytest.approx(exact["TNO3"] + exact["NO3"] + 2 * exact["N2O5"], rel=0.03)
        assert float(x["TNO3"]) == pytest.approx(exact["TNO3"], rel=0.03)
        # The day must have been one on which something happened, or agreement says nothing.
        assert exact["SO2"] < 0.9 * mixture["SO2"]
        assert exact["NO2"] < 0.6 * mixture["NO2"]
        assert exact["TNO3"] > 1.5 * mixture["TNO3"]


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


@jax.jit
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

CAUSES = (
    "so2_uptake_dry", "so2_uptake_humid", "oh_noon", "oh_nitrate_share", "n2o5_uptake_scale", "cloud_oxidation",
    "no3_organic_loss", "soa_yield", "soa_time", *NAMES, "temperature", "humidity",
)  # fmt: skip
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


slopes_of_an_hour = jax.jit(jax.jacrev(an_hour))


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


# Published rates


@requirement("F3", part="rates of sulfate and nitrate in the published ranges")
def test_rates_lie_in_the_published_ranges():
    noon = rates_at(273.0, 0.5, NOON)
    assert 0.4 < percent_per_hour(noon.so2_oxidation) < 0.8  # SO2 by OH, a winter noon
    whole = rates_at(273.0, 0.5, NOON, {"oh_nitrate_share": 1.0})
    assert 5 < percent_per_hour(whole.no2_oh) < 10  # NO2 by OH, a winter noon
    assert float(noon.no2_oh) == pytest.approx(0.5 * float(whole.no2_oh))
    assert percent_per_hour(rates_at(273.0, 0.5, NIGHT).so2_oxidation) < 1e-6
    assert percent_per_hour(rates_at(273.0, 0.5, NOON, cloud_cover=1.0).so2_oxidation) < 0.2


def test_hydroxyl_of_winter_and_summer():
    """Noon of January and of July at 39 N; summers there have 0.5-1.5e7 (Lu et al. 2013, ACP 13:1057)."""
    january, july = (float(aerosol._hydroxyl(sun, 0.0, PRIORS)) for sun in (0.48, 0.95))
    assert 1e6 < january < 4e6
    assert 0.5e7 < july < 1.5e7


@pytest.mark.parametrize(("humidity", "low", "high"), [(0.3, 0.3, 1.5), (0.8, 2, 6), (0.95, 5, 15)])
def test_sulfate_on_particles_grows_with_humidity(humidity, low, high):
    """200 ug m-3, half of it inorganic, at night; about 1 % an hour in dry haze, several in humid haze."""
    k = rates_at(272.0, humidity, NIGHT)
    density = 101325.0 / (287.05 * 272.0)
    assert low < percent_per_hour((k.so2_on_inorganic + k.so2_on_other) * 100.0 / density) < high


def test_wet_surface_is_the_published_one():
    """About 1.1e-5 m2 of dry surface per ug; twice the surface at 80 % humidity for half-inorganic particles."""
    assert pytest.approx(1.11e-5, rel=0.01) == aerosol._SURFACE
    growth = [float(aerosol._growth(jnp.asarray(0.8), kappa)) for kappa in (0.6, 0.1)]
    assert 1.5 < sum(growth) / 2 < 2.2
    assert float(aerosol._growth(jnp.asarray(1.0), 0.6)) < 6.0


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


@pytest.mark.parametrize(
    ("field", "value"),
    [("so2_oxidation", 9.2e-13), ("no2_oh", 9.8e-12), ("no3_formation", 3.5e-17), ("no3_no", 2.6e-11)],
)
def test_rate_constants_are_those_of_the_data_sheets(field, value):
    """IUPAC's values at 298 K and 1 bar, cm3 s-1."""
    k = rates_at(298.0, 0.0, 0.5, {"oh_noon": 1.0, "oh_nitrate_share": 1.0}, pressure=1e5)
    per = 1e-9 * 1e5 / 298.0 * 1e-6 / 1.380649e-23 if field.startswith("no3") else 1.0
    assert float(getattr(k, field)) / per == pytest.approx(value, rel=0.03)


def test_n2o5_stands_with_no2_and_no3_as_published():
    """Formation and decay are IUPAC's; JPL 15-10 evaluates their ratio independently, 5.8e-27 exp(10840/T) cm3."""
    for temperature in (260.0, 280.0, 298.0):
        k = rates_at(temperature, 0.5, NIGHT, pressure=1e5)
        air = 1e5 / temperature * 1e-6 / 1.380649e-23
        equilibrium = float(k.n2o5_formation / k.n2o5_decay) / (1e-9 * air)
        assert equilibrium == pytest.approx(5.8e-27 * math.exp(10840.0 / temperature), rel=0.25)


def test_uptake_coefficients_of_n2o5():
    sulfate, nitrate, organic = (
        np.asarray(g) for g in aerosol.n2o5_uptake_coefficients(275.0, np.array([0.4, 0.7, 0.9]))
    )
    warm, _, _ = aerosol.n2o5_uptake_coefficients(294.0, np.array([0.4, 0.7, 0.9]))
    np.testing.assert_allclose(warm, [0.00480, 0.01837, 0.03902], rtol=0.01)
    np.testing.assert_allclose(sulfate / warm, 10**0.48, rtol=1e-5)  # uptake grows in the cold
    np.testing.assert_allclose(nitrate, [0.00213, 0.00922, 0.0154], rtol=0.01)
    np.testing.assert_allclose(organic, [0.0208, 0.03, 0.03], rtol=1e-5)


def test_cloud_oxidation_is_that_of_dissolved_ozone():
    """Seinfeld & Pandis 2006, chapter 7: Henry's law, dissociation and the three rates of S(IV) with O3."""
    t, ozone = 273.0, 30e-9
    x = 1 / t - 1 / 298.0

    def rate(ph):
        so2 = 1.23 * math.exp(3145 * x)
        hso3 = so2 * 1.3e-2 * math.exp(1960 * x) / 10**-ph
        so3 = hso3 * 6.6e-8 * math.exp(1500 * x) / 10**-ph
        k = 2.4e4 * so2 + 3.7e5 * math.exp(-5530 * x) * hso3 + 1.5e9 * math.exp(-5280 * x) * so3
        return 1e-6 * 0.08206 * t * k * 1.1e-2 * math.exp(2300 * x) * ozone  # s-1 per g m-3

    (cloud,) = (p for p in aerosol.PARAMETERS if p.name == "cloud_oxidation")
    for value, ph in ((cloud.low, 4.4), (cloud.prior, 4.9), (cloud.high, 5.5)):
        assert value == pytest.approx(rate(ph), rel=0.35)
    density = 101325.0 / (287.05 * t)
    gram = rates_at(t, 1.0, NIGHT, cloud_water=1e-3 / density)
    assert float(gram.so2_oxidation) == pytest.approx(cloud.prior, rel=1e-4)


def oxidised_sulfur(humidity, changed, hours=24):
    """SO4 / (SO2 + SO4) after a day in haze that began with 9 % of its sulfur as sulfate."""
    x = arrays(HAZE | {"SO4": 0.1 * HAZE["SO2"]})
    for i in range(hours):
        off = abs((18 + i) % 24 - 12)
        sun = 0.5 * math.cos(math.pi * off / 10) if off < 5 else NIGHT
        x = react(x, rates_at(275.0, humidity, sun, changed), 3600.0)
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


# Ammonium nitrate


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
