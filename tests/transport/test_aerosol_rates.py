"""The rates of sulfate and nitrate: data sheets, published ranges, uptake, cloud."""

import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lantian.transport import aerosol
from lantian.transport.parameters import values

PRIORS = values(aerosol.PARAMETERS)
NIGHT, NOON = -0.2, 0.5
requirement = pytest.mark.requirement
rates = jax.jit(aerosol.rates)


def rates_at(temperature, humidity, cos_zenith, changed=None, *, cloud_water=0.0, cloud_cover=0.0, pressure=101325.0):
    density = pressure / (287.05 * temperature)
    state = (temperature, humidity, pressure, density, cloud_water, cos_zenith, cloud_cover)
    return rates(*state, PRIORS | (changed or {}))


def percent_per_hour(rate):
    return 100 * 3600 * float(rate)


@requirement("F3", part="rates of sulfate and nitrate in the published ranges")
def test_rates_lie_in_the_published_ranges():
    noon = rates_at(273.0, 0.5, NOON)
    assert 0.4 < percent_per_hour(noon.so2_oxidation) < 0.8  # SO2 by OH, a winter noon
    whole = rates_at(273.0, 0.5, NOON, {"oh_nitrate_share": 1.0})
    assert 5 < percent_per_hour(whole.no2_oh) < 10  # NO2 by OH, a winter noon
    assert float(noon.no2_oh) == pytest.approx(0.5 * float(whole.no2_oh))
    assert percent_per_hour(rates_at(273.0, 0.5, NIGHT).so2_oxidation) < 1e-6
    assert percent_per_hour(rates_at(273.0, 0.5, NOON, cloud_cover=1.0).so2_oxidation) < 0.3


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


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("so2_oxidation", 8.8e-13, 9.7e-13),
        ("no2_oh", 9.5e-12, 10.7e-12),
        ("no3_formation", 3.2e-17, 3.6e-17),
        ("no3_no", 2.55e-11, 2.70e-11),
    ],
)
def test_rate_constants_are_those_of_the_data_sheets(field, low, high):
    """At 298 K and 1 bar, cm3 s-1, between the evaluations of IUPAC and JPL 15-10."""
    k = rates_at(298.0, 0.0, 0.5, {"oh_noon": 1.0, "oh_nitrate_share": 1.0}, pressure=1e5)
    per = 1e-9 * 1e5 / 298.0 * 1e-6 / 1.380649e-23 if field.startswith("no3") else 1.0
    assert low < float(getattr(k, field)) / per < high


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


PAGE = (Path(__file__).parents[2] / "docs" / "transport" / "aerosol.md").read_text(encoding="utf-8")


def test_the_page_runs_and_knows_every_parameter(capsys):
    exec(PAGE.split("```python")[1].split("```")[0], {})
    assert "'TNO3': 1.6" in capsys.readouterr().out
    for p in aerosol.PARAMETERS:
        if not p.name.startswith("photolysis"):
            assert f"| `{p.name}` | {p.prior:g} | {p.low:g} to {p.high:g} | {p.unit} |" in PAGE
