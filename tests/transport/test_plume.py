"""Plume rise: each formula against its derivation, its limits, and layers that do not change it."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from lantian.transport import plume
from lantian.transport.parameters import values
from lantian.transport.plume import Profile, Stack

PRIORS = values(plume.PARAMETERS)
requirement = pytest.mark.requirement
RISE = jax.jit(plume.rise)
SHARES = jax.jit(plume.layer_shares)
FACES = np.array([0, 15, 35, 60, 100, 150, 220, 320, 450, 620, 850, 1150, 1550, 2050, 2600, 3200.0])


def stacks(height=100.0, diameter=5.0, velocity=15.0, temperature=400.0):
    fields = np.broadcast_arrays(*(np.atleast_1d(np.float32(v)) for v in (height, diameter, velocity, temperature)))
    return Stack(*map(jnp.asarray, fields))


def profile(gradient=0.0, wind=5.0, friction=0.3, inverse_l=0.0, mixing=1000.0, faces=FACES, n=1, start=285.0):
    """Air over ``n`` chimneys; ``gradient`` of potential temperature in K/m, one number or a function of height."""
    faces = np.asarray(faces, float)
    z = (faces[1:] + faces[:-1]) / 2
    fine = np.linspace(0, faces[-1], 8001)
    slope = gradient(fine) if callable(gradient) else np.full_like(fine, gradient)
    theta = np.interp(z, fine, start + np.concatenate([[0], np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(fine))]))
    column = lambda v: jnp.asarray(np.repeat(np.broadcast_to(v, z.shape)[:, None], n, 1), jnp.float32)  # noqa: E731
    surface = lambda v: jnp.full(n, v, jnp.float32)  # noqa: E731
    return Profile(
        jnp.asarray(faces[:, None], jnp.float32),
        *map(column, (wind, theta - 0.0098 * z, theta)),
        *map(surface, (friction, inverse_l, mixing)),
    )


def centre_rise(stack, air, parameters=PRIORS):
    return np.asarray(RISE(stack, air, parameters).centre - stack.height)


def air(wind=5.0, stability=1e-7, friction=0.3, heating=1e-6, height=100.0):
    return plume._Air(*map(jnp.float32, (wind, stability, friction, heating, height)))


def bent_over(flux, wind, stability, until, beta=0.6):
    """Height of a bent-over plume in time: momentum grows by buoyancy, buoyancy is lost to stable stratification."""

    def motion(t, state):
        z, momentum, buoyancy = state
        speed = momentum / (wind * beta**2 * z**2)
        return speed, buoyancy, -stability * momentum

    tiny = 1e-3
    z0 = (1.5 * flux / beta**2 / wind * tiny**2) ** (1 / 3)
    return solve_ivp(motion, (tiny, until), (z0, flux * tiny, flux), rtol=1e-8, atol=1e-8, dense_output=True)


@requirement("F3", part="plume rise: Briggs's formulas from the equations of a bent-over plume")
@pytest.mark.parametrize(("flux", "wind", "stability"), [(100.0, 5.0, 3e-4), (800.0, 2.0, 1e-3), (10.0, 12.0, 1e-4)])
def test_stable_rise_is_where_the_equations_of_motion_stop(flux, wind, stability):
    motion = bent_over(flux, wind, stability, until=np.pi / np.sqrt(stability))
    stop = motion.y[0][-1]
    got = plume.buoyant_rise(jnp.float32(flux), air(wind, stability, friction=0.05))
    assert float(got) == pytest.approx(stop, rel=0.03)


@requirement("F3", part="plume rise: Briggs's formulas from the equations of a bent-over plume")
def test_turbulent_rise_is_where_the_plume_dissipates_as_little_as_the_air():
    flux, wind, friction, height, heating = 100.0, 5.0, 0.4, 80.0, 5e-3
    motion = bent_over(flux, wind, 0.0, until=3000)
    t = np.geomspace(1, 3000, 20000)
    z, momentum, _ = motion.sol(t)
    speed = momentum / (wind * 0.36 * z**2)
    own = 1.5 * speed**3 / z
    mechanical = z[np.argmax(own < friction**3 / (0.4 * (height + z)))]
    convective = z[np.argmax(own < 0.1 * heating)]
    got = plume.buoyant_rise(jnp.float32(flux), air(wind, friction=friction, height=height))
    assert float(got) == pytest.approx(mechanical, rel=0.06)  # the explicit form is itself within 5 % of the implicit
    got = plume.buoyant_rise(jnp.float32(flux), air(wind, friction=0.05, heating=heating, height=height))
    assert float(got) == pytest.approx(convective, rel=0.04)


def test_convective_rise_is_that_of_smoke_at_a_heat_flux_of_280_watts():
    heating = 9.81 / 290 * 280 / (1.2 * 1005)
    got = plume.buoyant_rise(jnp.float32(50.0), air(4.0, friction=0.05, heating=heating))
    assert float(got) == pytest.approx(30 * (50 / 4) ** 0.6, rel=0.01)


def test_buoyancy_flux_in_its_units():
    got = plume.buoyancy_flux(stacks(diameter=4.0, velocity=20.0, temperature=400.0), jnp.float32(300.0))
    assert float(got[0]) == pytest.approx(9.81 * 2.0**2 * 20 * 0.25)


def test_jet_rises_by_three_diameters_times_the_ratio_of_speeds_or_less_in_stable_air():
    jet = stacks(diameter=2.0, velocity=20.0, temperature=280.0)
    neutral, stable = (float(plume.momentum_rise(jet, *map(jnp.float32, (285.0, 5.0, s)))[0]) for s in (1e-7, 1e-2))
    assert neutral == pytest.approx(3 * 2 * 20 / 5)
    dtheta_dz = 1e-2 * 285 / 9.81  # the form that SMOKE has
    smoke = 0.646 * (20**2 * 2**2 / (280 * 5)) ** (1 / 3) * 285**0.5 / dtheta_dz ** (1 / 6)
    assert stable == pytest.approx(smoke, rel=2e-3)
    assert stable < neutral


@given(
    st.floats(0.0078125, 3000, width=32),
    st.floats(1, 30, width=32),
    st.sampled_from([1e-7, 3e-5, 4e-4, 3e-3]),
    st.floats(0.0625, 1.5, width=32),
    st.sampled_from([1e-6, 1e-3, 1e-2]),
    st.floats(1, 300, width=32),
)
def test_needed_flux_is_the_inverse_of_the_rise(flux, wind, stability, friction, heating, height):
    with jax.enable_x64(True):
        here = plume._Air(*map(jnp.float64, (wind, stability, friction, heating, height)))
        reach = plume.buoyant_rise(jnp.float64(flux), here)
        if float(reach) < 9.999 * height:  # under SMOKE's cap of ten stack heights, where less flux would do
            assert float(plume.needed_flux(reach, here)) == pytest.approx(flux, rel=1e-5)


@requirement("F3", part="plume rise by layer")
@pytest.mark.parametrize(("gradient", "inverse_l"), [(0.0, 0.0), (0.01, 0.02), (0.0, -0.03), (0.002, -0.01)])
def test_more_layers_of_the_same_air_do_not_change_the_rise(gradient, inverse_l):
    stack = stacks(height=[20.0, 100.0, 240.0], temperature=[420.0, 380.0, 330.0], diameter=[1.0, 5.0, 8.0])

    def make(faces):  # of one temperature, lest the coarse grid know less of it
        column = profile(gradient, inverse_l=inverse_l, mixing=1e4, faces=faces, n=3)
        return column._replace(temperature=jnp.full_like(column.temperature, 285.0))

    one, many = (centre_rise(stack, make(np.linspace(0, 3200, n + 1))) for n in (2, 160))
    np.testing.assert_allclose(many, one, rtol=1e-3)
    assert (one > 10).all()


def test_rise_of_one_layer_is_the_formula():
    stack, s = stacks(height=50.0), 9.81 / 285 * 0.02
    column = profile(0.02, wind=6.0, friction=0.6, faces=np.linspace(0, 3000, 301))
    flux = float(plume.buoyancy_flux(stack, jnp.float32(285 + (0.02 - 0.0098) * 50))[0])
    expected = min(
        2.6 * (flux / (6 * s)) ** (1 / 3),
        30 * (flux / 6) ** 0.6,
        1.2 * (flux / (6 * 0.36)) ** 0.6 * (50 + 1.3 * flux / (6 * 0.36)) ** 0.4,
    )
    assert centre_rise(stack, column)[0] == pytest.approx(expected, rel=0.02)


@requirement("F3", part="plume rise: limits")
def test_hotter_bigger_faster_or_calmer_goes_higher():
    for name, series in {
        "temperature": [300.0, 340.0, 400.0, 500.0],
        "diameter": [1.0, 3.0, 6.0, 9.0],
        "velocity": [5.0, 10.0, 20.0, 30.0],
    }.items():
        for gradient, inverse_l in ((0.01, 0.02), (0.0, 0.0), (0.0, -0.02)):
            rises = centre_rise(stacks(**{name: series}), profile(gradient, inverse_l=inverse_l, n=4))
            assert (np.diff(rises) > 0).all(), name
    calm_first = [centre_rise(stacks(), profile(0.005, wind=u))[0] for u in (1.0, 3.0, 8.0, 15.0)]
    assert all(a > b for a, b in itertools.pairwise(calm_first))
    weak_first = [centre_rise(stacks(), profile(g))[0] for g in (0.001, 0.005, 0.02, 0.05)]
    assert all(a > b for a, b in itertools.pairwise(weak_first))


def inversion(z):
    """Mixed up to 400 m, then 8 K in 200 m, then 3 K a kilometre."""
    return np.where(z < 400, 0.0, np.where(z < 600, 0.04, 0.003))


@requirement("F3", part="plume rise: an inversion traps, a strong plume penetrates")
def test_inversion_traps_a_weak_plume_and_a_strong_one_gets_through():
    stack = stacks(height=[100.0, 200.0], diameter=[5.0, 12.0], velocity=[12.0, 30.0], temperature=[380.0, 900.0])
    faces = np.linspace(0, 3000, 121)
    free = RISE(stack, profile(0.0, wind=3.0, friction=0.2, faces=faces, n=2), PRIORS)
    capped = RISE(stack, profile(inversion, wind=3.0, friction=0.2, faces=faces, n=2), PRIORS)
    assert float(free.top[0]) > 550
    assert 400 < float(capped.top[0]) < 500  # the weak one stops as it enters
    assert float(capped.top[1]) > 700  # the strong one comes out above
    assert (capped.top <= free.top).all()


def test_regimes_meet_without_a_step():
    for vary in ("gradient", "inverse_l"):
        values_ = np.linspace(-2e-3, 2e-3, 81)
        rises = np.array([centre_rise(stacks(), profile(**{vary: v}))[0] for v in values_])
        assert np.abs(np.diff(rises)).max() < 0.05 * rises.mean()


def test_a_cold_chimney_has_only_its_jet_and_a_dead_one_nothing():
    cold = stacks(temperature=[250.0, 250.0], velocity=[20.0, 0.0], diameter=1.0)
    got = centre_rise(cold, profile(0.003, n=2))
    assert got[0] == pytest.approx(min(3 * 20 / 5, 100), rel=0.35)
    assert got[0] > 5
    assert got[1] == pytest.approx(0, abs=1e-3)


def test_plume_is_as_thick_as_it_has_risen_and_stays_in_the_model():
    stack = stacks(height=[50.0, 3000.0, 5000.0], temperature=1200.0, diameter=15.0, velocity=30.0)
    got = RISE(stack, profile(0.0, wind=1.0, friction=0.1, n=3), PRIORS)
    top, centre, bottom = map(np.asarray, got)
    np.testing.assert_allclose(top - bottom, centre - np.asarray(stack.height), rtol=1e-4, atol=1e-3)
    assert (top[:2] <= FACES[-1] * (1 + 1e-6)).all()
    assert top[2] == bottom[2] == 5000  # a mouth above the model does not rise further
    scaled = centre_rise(stacks(), profile(0.01), {**PRIORS, "plume_rise_scale": 0.5})
    assert 0.45 < scaled[0] / centre_rise(stacks(), profile(0.01))[0] < 0.55


extremes = st.fixed_dictionaries(
    {
        "height": st.floats(0, 400, width=32),
        "diameter": st.floats(0.0625, 15, width=32),
        "velocity": st.floats(0, 50, width=32),
        "temperature": st.floats(240, 1500, width=32),
    }
)


@jax.jit
def all_slopes(stack, column, parameters):
    def total(stack, column, parameters):
        got = plume.rise(stack, column, parameters)
        shares = plume.layer_shares(got.bottom, got.top, column.faces)
        return (got.centre + (shares * jnp.arange(15.0)[:, None]).sum(0)).sum(), (got, shares)

    return jax.value_and_grad(total, argnums=(0, 1, 2), has_aux=True)(stack, column, parameters)


@requirement("F3", part="plume rise of any chimney in any weather")
@settings(max_examples=50)
@given(
    extremes,
    st.sampled_from([-0.02, 0.0, 1e-4, 0.01, 0.1]),
    st.floats(0, 40, width=32),
    st.floats(0, 2, width=32),
    st.floats(-1, 1, width=32),
    st.floats(0, 3000, width=32),
)
def test_no_chimney_breaks_value_or_derivative(stack, gradient, wind, friction, inverse_l, mixing):
    chimney = stacks(**stack)
    (_, (got, shares)), slopes = all_slopes(chimney, profile(gradient, wind, friction, inverse_l, mixing), PRIORS)
    assert got.top.dtype == jnp.float32
    assert stack["height"] <= float(got.bottom[0]) * (1 + 1e-6)
    assert float(got.bottom[0]) <= float(got.centre[0]) <= float(got.top[0])
    assert bool((shares >= 0).all())
    assert float(shares.sum()) == pytest.approx(1, abs=1e-6)
    assert all(bool(jnp.isfinite(slope).all()) for slope in jax.tree.leaves(slopes))


@requirement("F3", part="emission shares by layer")
@given(st.lists(st.tuples(st.floats(-500, 6000, width=32), st.floats(0, 2000, width=32)), min_size=5, max_size=5))
def test_shares_are_a_partition_whatever_the_plume(plumes):
    bottom, depth = (jnp.asarray(v, jnp.float32) for v in zip(*plumes, strict=True))
    shares = SHARES(bottom, bottom + depth, jnp.asarray(FACES, jnp.float32)[:, None])
    assert shares.shape == (15, len(plumes))
    assert bool((shares >= 0).all())
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-6)


def test_shares_by_overlap():
    faces = jnp.asarray([0.0, 100.0, 200.0, 400.0])[:, None]
    bottom, top = jnp.asarray([50.0, 120.0, 390.0, 900.0, -80.0]), jnp.asarray([250.0, 120.0, 430.0, 1000.0, -20.0])
    expected = [[0.25, 0.5, 0.25], [0, 1, 0], [0, 0, 1], [0, 0, 1], [1, 0, 0]]
    np.testing.assert_allclose(SHARES(bottom, top, faces).T, expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_the_kind_of_number_is_that_of_the_air(dtype):
    with jax.enable_x64(True):
        stack, column = jax.tree.map(lambda f: f.astype(dtype), (stacks(), profile(0.01)))
        got = jax.eval_shape(lambda *air: plume.rise(*air, PRIORS), stack, column)
        shares = jax.eval_shape(plume.layer_shares, got.bottom, got.top, column.faces)
    assert {f.dtype for f in (*got, shares)} == {jnp.dtype(dtype)}
