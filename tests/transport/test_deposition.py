"""Deposition: resistances against their written-out formulas, rain, settling, what no weather may break, the page."""

import math
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from lantian.transport import deposition, diffusivity, plume, species
from lantian.transport.deposition import CLASSES, Land
from lantian.transport.parameters import values
from lantian.transport.weather import Weather

PRIORS = values(deposition.PARAMETERS)
requirement = pytest.mark.requirement
PARTICLES = ("SO4", "PPM25", "BC", "SOA", "DUST", "PMC")


def weather(
    temperature=280.0,
    friction=0.3,
    inverse_l=0.0,
    cos_zenith=0.5,
    cloud=0.0,
    mixing=800.0,
    rain=0.0,
    water=0.0,
    z=3,
    x=6,
):
    """One row of cells, the same everywhere; ``water`` is one number or the cloud water by level."""

    def volume(value):
        value = np.broadcast_to(np.asarray(value, np.float32).reshape(-1, 1, 1), (z, 1, x))
        return jnp.asarray(value)

    def surface(value):
        return jnp.full((1, x), value, jnp.float32)

    density = 1e5 / 287 / temperature
    return Weather(
        *map(volume, (temperature, 1e5, 0.5, density, water)),
        *map(surface, (cloud, cos_zenith, rain, friction, inverse_l, mixing)),
    )


def land(greenness=0.0):
    """One cell wholly of each class, side by side."""
    fraction = jnp.eye(6, dtype=jnp.float32)[:, None, :]
    return Land(fraction, deposition.roughness(fraction), jnp.full((1, 6), greenness, jnp.float32))


HEIGHT = jnp.full((1, 6), 7.5, jnp.float32)
DRY = jax.jit(deposition.dry_velocity, static_argnums=0)


def dry(names, w, greenness=0.0, parameters=PRIORS):
    """Velocities by name, each an array over the classes."""
    v = np.asarray(DRY(tuple(names), w, land(greenness), HEIGHT, parameters))[:, 0]
    return dict(zip(names, v, strict=True))


@pytest.mark.parametrize("zeta", [-8.0, -0.3, 0.0, 0.4, 1.0, 3.0, 20.0])
def test_psi_h_is_the_integral_of_the_gradient_function(zeta):
    with jax.enable_x64(True):
        integral, _ = quad(
            lambda s: (1 - float(diffusivity.phi_h(s))) / s if s else 0.0, 0, zeta, points=[min(zeta, 1.0)]
        )
        assert float(deposition.psi_h(zeta)) == pytest.approx(integral, abs=1e-6)


@pytest.mark.parametrize("inverse_l", [-0.05, 0.0, 0.03, 0.5])
def test_aerodynamic_resistance_is_the_integral_of_one_over_k(inverse_l):
    z0 = 0.1

    def one_over_k(z):
        return float(diffusivity.phi_h(z * inverse_l)) / (0.4 * 0.3 * z)

    with jax.enable_x64(True):
        expected, _ = quad(one_over_k, z0, 7.5, epsabs=1e-6, limit=200)
    got = deposition.aerodynamic_resistance(weather(inverse_l=inverse_l), jnp.full((1, 6), z0), HEIGHT)
    np.testing.assert_allclose(got, expected, rtol=1e-4)


@requirement("F3", part="dry deposition: resistances by land use")
def test_sulfur_dioxide_over_winter_cropland_is_the_sum_written_out():
    w = weather(temperature=283.15, friction=0.4, inverse_l=0.02)
    z0 = 0.15
    ra = (math.log(7.5 / z0) + 5 * (7.5 - z0) * 0.02) / (0.4 * 0.4)
    rb = 2 / (0.4 * 0.4) * (1.35e-5 / 10.89e-6 / 0.71) ** (2 / 3)
    rc = 10 + 150  # through the stubble to the soil; no leaves in winter
    assert dry(["SO2"], w)["SO2"][CLASSES.index("cropland")] == pytest.approx(1 / (ra + rb + rc), rel=1e-4)


def test_ozone_over_summer_grass_has_stomata_leaves_and_ground():
    w = weather(temperature=298.15, friction=0.4, cos_zenith=0.8, cloud=0.5)
    sun = (910 * 0.8 - 30) * (1 - 0.75 * 0.5**3.4)
    water = 120 * (1 + (200 / (sun + 0.1)) ** 2) * 400 / (25 * 15)
    stomata = 1 / (water * 1.51 + 1 / (0.01 / 3000 + 100))
    rest = 1 / 2000 + 1 / (100 * (1 + 1000 / (sun + 10)) + 1000) + 1 / (100 + 200)
    uptake = stomata + rest + 1e-7 * (1 / 2000 + 1 / (100 * (1 + 1000 / (sun + 10)) + 2000) + 1 / (100 + 350))
    ra = math.log(7.5 / 0.12) / 0.16
    rb = 2 / 0.16 * (1.35e-5 / (21.78e-6 / 1.51) / 0.71) ** (2 / 3)
    got = dry(["O3"], w, greenness=1.0)["O3"][CLASSES.index("grass")]
    assert got == pytest.approx(1 / (ra + rb + 1 / uptake), rel=1e-4)


def test_every_species_has_its_velocity_and_a_passive_tracer_none():
    for w, greenness in ((weather(), 0.0), (weather(298.0, 0.4, -0.02, 0.8), 1.0)):
        v = dry((*species.FULL, "tracer-7"), w, greenness)
        assert (v["tracer-7"] == 0).all()
        for name in ("CO", "NO"):
            assert (v[name] < 1e-5).all()
        assert (v["ROC"] < 1e-4).all()
        for name in set(species.FULL) - {"CO", "NO", "ROC"}:
            assert (v[name] > 2e-5).all(), name
            assert (v[name] < 0.03).all(), name
        assert (v["TNO3"] > v["SO4"]).all()


def test_magnitudes_of_a_north_china_winter_day_and_night():
    day = dry(species.FULL, weather(275.0, 0.35, -0.01, 0.45, mixing=900.0))
    night = dry(species.FULL, weather(266.0, 0.12, 0.05, -0.3, mixing=150.0))
    crops = CLASSES.index("cropland")
    for name, of_day, of_night in (  # cm/s, within a factor 2.5 of what models of the region use
        ("SO2", 0.4, 0.2),
        ("NO2", 0.1, 0.05),
        ("O3", 0.25, 0.1),
        ("PPM25", 0.1, 0.05),
        ("PMC", 0.4, 0.4),
    ):
        assert of_day / 2.5 < 100 * day[name][crops] < 2.5 * of_day, name
        assert of_night / 2.5 < 100 * night[name][crops] < 2.5 * of_night, name
    assert 100 * dry(["TNO3"], weather(), parameters={**PRIORS, "nitrate_gas_share": 1.0})["TNO3"][crops] > 1


def test_a_mosaic_is_the_mean_of_its_classes_at_equal_roughness():
    w = weather(298.0, 0.4, -0.02, 0.8)
    same = jnp.full((1, 6), 0.3)
    pure = Land(land().fraction, same, jnp.ones((1, 6)))
    mixed = pure._replace(fraction=jnp.full((6, 1, 6), 1 / 6))
    one = DRY(species.FULL, w, pure, HEIGHT, PRIORS)
    mean = DRY(species.FULL, w, mixed, HEIGHT, PRIORS)
    np.testing.assert_allclose(mean[:, 0, 0], one.mean(axis=(1, 2)), rtol=1e-5)


def test_roughness_of_mixed_land_is_the_mean_of_logarithms():
    half = jnp.asarray([0.5, 0, 0, 0, 0, 0.5])[:, None, None]
    np.testing.assert_allclose(deposition.roughness(half), math.sqrt(0.8 * 1e-4), rtol=1e-5)


def test_season_night_frost_and_turbulence_move_deposition_the_right_way():
    forest = CLASSES.index("forest")
    summer, winter = (dry(["O3"], weather(293.0, cos_zenith=0.8), g)["O3"][forest] for g in (1.0, 0.0))
    night = dry(["O3"], weather(293.0, cos_zenith=-0.2), 1.0)["O3"][forest]
    assert summer > 1.5 * winter
    assert summer > 1.5 * night
    warm, cold = (dry(["SO2"], weather(t, cos_zenith=-0.5))["SO2"][1] for t in (275.0, 260.0))
    assert cold < warm
    calm, windy = (dry(species.FULL, weather(friction=u)) for u in (0.1, 0.5))
    assert all((windy[name] >= calm[name]).all() for name in species.FULL)


def test_gas_share_makes_the_mixed_species_gas_or_particle():
    w = weather(friction=0.4)
    shares = [dry(["TNH4", "SO4"], w, parameters={**PRIORS, "ammonia_gas_share": s}) for s in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(shares[0]["TNH4"], shares[0]["SO4"], rtol=1e-6)
    np.testing.assert_allclose(shares[1]["TNH4"], (shares[0]["TNH4"] + shares[2]["TNH4"]) / 2, rtol=1e-5)
    field = jnp.linspace(0, 1, 6)[None]
    assert DRY(("TNH4",), w, land(), HEIGHT, {**PRIORS, "ammonia_gas_share": field}).shape == (1, 1, 6)


def test_a_particle_that_does_not_stick_to_anything_but_the_ground_falls_at_its_settling_velocity():
    w = weather(friction=0.01, inverse_l=0.5)
    v = dry(["PMC"], w)["PMC"]
    np.testing.assert_allclose(v, deposition.settling_velocity("PMC", w, PRIORS)[0, 0], rtol=0.01)


def test_settling_velocity_with_slip():
    w = weather(temperature=288.15)
    viscosity = 1.789e-5  # US Standard Atmosphere at sea level
    for name, diameter, density in (("PMC", 4.85e-6, 2200), ("DUST", 1.5e-6, 2600), ("SO4", 0.47e-6, 1600)):
        kn = 2 * (2 * viscosity / (1.209 * 458.9)) / diameter  # density and mean molecular speed at 288 K, 1000 hPa
        slip = 1 + kn * (1.257 + 0.4 * math.exp(-1.1 / kn))
        expected = diameter**2 * density * 9.81 * slip / 18 / viscosity
        got = deposition.settling_velocity(name, w, PRIORS)
        assert got.shape == (3, 1, 6)
        np.testing.assert_allclose(got, expected, rtol=2e-3)
    for name in ("SO2", "TNO3", "tracer"):
        assert not deposition.settling_velocity(name, w, PRIORS).any()


def test_published_slip_corrections():
    """Seinfeld and Pandis (2006), Table 9.3: 1.164 at 1 um and 2.85 at 0.1 um (298 K, 1 atm, mean free path 65 nm)."""
    w = weather(temperature=298.15)._replace(pressure=jnp.full((3, 1, 6), 101325.0))
    stokes = {d: 1e-12 * d**2 * 2600 * 9.81 / 18 / 1.837e-5 for d in (0.1, 1.0)}
    for diameter, slip in ((1.0, 1.164), (0.1, 2.85)):
        got = deposition.settling_velocity("DUST", w, {**PRIORS, "dust_diameter": diameter})
        assert float(got[0, 0, 0]) / stokes[diameter] == pytest.approx(slip, rel=0.025)


extremes = {
    "temperature": st.floats(230, 320, width=32),
    "friction": st.floats(0, 3, width=32),
    "inverse_l": st.floats(-10, 10, width=32),
    "cos_zenith": st.floats(-1, 1, width=32),
    "cloud": st.floats(0, 1, width=32),
    "mixing": st.floats(0, 4000, width=32),
    "rain": st.floats(0, 0.03125, width=32),
    "greenness": st.floats(0, 1, width=32),
    "height": st.floats(0.125, 50, width=32),
}


@jax.jit
def all_losses(w, ground, height, parameters):
    def total(w, parameters):
        v = deposition.dry_velocity(species.FULL, w, ground, height, parameters)
        rate = deposition.wet_rate(species.FULL, w, parameters).rate()
        return v.sum() + rate.sum(), (v, rate)

    return jax.value_and_grad(total, argnums=(0, 1), has_aux=True, allow_int=True)(w, parameters)


@requirement("F3", part="deposition in any weather: finite, never negative")
@given(**extremes)
def test_no_weather_breaks_value_or_derivative_in_single_precision(greenness, height, **kwargs):
    w = weather(**kwargs, water=[0, 1e-4, 0])
    (_, (v, rate)), slopes = all_losses(w, land(greenness), jnp.full((1, 6), height), PRIORS)
    assert v.dtype == rate.dtype == jnp.float32
    assert bool(((v >= 0) & (v < 1)).all())
    assert bool(((rate >= 0) & (rate < 0.1)).all())
    assert all(bool(jnp.isfinite(slope).all()) for slope in jax.tree.leaves(slopes))


@requirement("F3", part="wet scavenging")
def test_rain_of_one_millimetre_an_hour():
    w = weather(rain=1 / 3600, water=[0, 0, 1e-4, 0], z=4)
    names = ("TNO3", "SO2", "SO4", "PMC", "BC", "O3", "CO", "NO", "NO2", "ROC", "tracer")
    rate = deposition.wet_rate(names, w, {**PRIORS, "nitrate_gas_share": 1.0}).rate()
    assert rate.shape == (4, len(names), 1, 6)
    below, cloud, above = (dict(zip(names, np.asarray(rate)[k, :, 0, 0], strict=True)) for k in (0, 2, 3))
    assert above == dict.fromkeys(names, 0.0)
    assert cloud["TNO3"] == pytest.approx(1.4 * 2.78e-4, rel=1e-3)
    assert below["TNO3"] == pytest.approx(0.5 * 2.78e-4, rel=1e-3)
    assert cloud["SO2"] == pytest.approx(0.3 * 2.78e-4, rel=1e-3)
    assert cloud["SO4"] == pytest.approx(2.78e-4, rel=1e-3)
    assert below["SO4"] == pytest.approx(5.8e-6, rel=0.01)
    assert below["PMC"] == pytest.approx(1.16e-4, rel=0.01)
    assert below["BC"] == below["SO4"]
    assert 0 < cloud["BC"] < cloud["SO4"]
    assert all(cloud[name] == below[name] == 0 for name in ("O3", "CO", "NO", "NO2", "ROC", "tracer"))


def test_without_rain_nothing_at_all_is_washed_out():
    for rain in (0.0, -1e-9):
        wet = deposition.wet_rate(species.FULL, weather(rain=rain, water=1e-3), PRIORS)
        assert not wet.rate().any()


def test_rain_from_a_cloud_above_the_model_washes_the_whole_column():
    wet = deposition.wet_rate(("SO4",), weather(rain=1e-3), PRIORS)
    assert not wet.rain_in_cloud.any()
    assert (wet.rain_below_cloud == jnp.float32(1e-3)).all()


def test_clear_air_between_two_clouds_lies_below_the_upper_one():
    wet = deposition.wet_rate(("SO4",), weather(rain=1e-3, water=[0, 1e-4, 0, 1e-4, 0], z=5), PRIORS)
    np.testing.assert_array_equal(wet.rain_in_cloud[:, 0, 0] > 0, [False, True, False, True, False])
    np.testing.assert_array_equal(wet.rain_below_cloud[:, 0, 0] > 0, [True, False, True, False, False])


def test_share_of_gas_may_be_a_field_in_wet_rates_too():
    share = jnp.linspace(0, 1, 6)[None]
    wet = deposition.wet_rate(("SO2", "TNH4"), weather(rain=1e-3, water=1e-4), {**PRIORS, "ammonia_gas_share": share})
    assert wet.in_cloud.shape == (2, 1, 6)
    np.testing.assert_allclose(wet.in_cloud[1, 0], 1 + 0.4 * share[0], rtol=1e-6)


SETTLE = jax.jit(deposition.settle)
columns = st.tuples(
    *(
        st.lists(st.floats(low, high, width=32), min_size=7, max_size=7)
        for low, high in ((0, 1024), (0.5, 4), (0, 1), (1, 512))
    )
)


@requirement("F3", part="settling conserves mass")
@settings(max_examples=60)
@given(columns, st.floats(1, 4096, width=32))
def test_settling_conserves_mass_and_stays_positive_at_any_step(column, dt):
    q, mass, velocity, thickness = (jnp.asarray(c, jnp.float32)[:, None, None] for c in column)
    after = SETTLE(q, mass, velocity, thickness, jnp.float32(dt))
    assert after.shape == q.shape
    assert bool((after >= 0).all())
    assert float((mass * after).sum()) == pytest.approx(float((mass * q).sum()), rel=2e-6, abs=1e-30)
    carried = np.cumsum(np.asarray(mass * (after - q))[::-1, 0, 0])  # nothing rises: no level gains from below
    assert (carried <= 1e-4 * (1 + float((mass * q).sum()))).all()


def test_settling_moves_the_centre_of_mass_down_at_its_velocity():
    n, dz, dt, speed = 100, 10.0, 10.0, 0.5
    z = (np.arange(n) + 0.5) * dz
    mass = jnp.ones((n, 1, 1))
    q = jnp.asarray(np.exp(-(((z - 700) / 50) ** 2)), jnp.float32)[:, None, None]
    after = q
    for _ in range(60):
        after = SETTLE(after, mass, jnp.full_like(q, speed), jnp.full_like(q, dz), dt)
    fallen = [float((np.asarray(c)[:, 0, 0] * z).sum() / np.asarray(c).sum()) for c in (q, after)]
    assert fallen[0] - fallen[1] == pytest.approx(speed * dt * 60, rel=1e-3)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_the_kind_of_number_is_that_of_the_weather(dtype):
    def everything(w, ground, height):
        sinking = deposition.settling_velocity("PMC", w, PRIORS)
        return (
            deposition.dry_velocity(species.FULL, w, ground, height, PRIORS),
            deposition.wet_rate(species.FULL, w, PRIORS).rate(),
            sinking,
            deposition.settle(w.density, w.density, sinking, 10 * w.density, 60.0),
        )

    with jax.enable_x64(True):
        w, ground = jax.tree.map(lambda f: f.astype(dtype), (weather(rain=1e-3, water=1e-4), land(0.5)))
        made = jax.eval_shape(everything, w, ground, HEIGHT.astype(dtype))
    assert {f.dtype for f in made} == {jnp.dtype(dtype)}


PAGE = (Path(__file__).parents[2] / "docs" / "transport" / "boundary-layer.md").read_text(encoding="utf-8")


def test_the_page_runs(capsys):
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        exec(block, {})
    assert "[0.01       0.5       ]" in capsys.readouterr().out


@pytest.mark.parametrize("file", [diffusivity, deposition, plume])
def test_the_page_has_the_parameters_as_they_are(file):
    for p in file.PARAMETERS:
        row = f"| `{p.name}` | {p.prior:g} | {p.low:g} to {p.high:g} | {p.unit} | {p.meaning} | {p.source} |"
        assert row in PAGE, row


@pytest.mark.parametrize("row", [0, 1])
def test_the_page_has_the_table_of_land(row):
    for label, table in (("ground, SO2", "ground_so2"), ("ground, O3", "ground_o3"), ("stomata", "stomata")):
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| {label}, s m-1"))
        cells = [cell.strip().split(" / ")[row if "/" in cell else 0] for cell in line.split("|")[2:-1]]
        expected = getattr(deposition.SURFACE, table)[row]
        assert [cell == "none" or float(cell) == value for cell, value in zip(cells, expected, strict=True)] == [
            True
        ] * 6
        assert [cell == "none" for cell in cells] == [bool(value >= 1e20) for value in expected]
