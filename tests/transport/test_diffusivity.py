"""K profiles: their limits, their continuity, and that no weather makes them negative or not a number."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.transport import diffusivity
from lantian.transport.parameters import values

PRIORS = values(diffusivity.PARAMETERS)
BARE = {**PRIORS, "k_min_rural": 0.0, "k_min_urban": 0.0, "k_max": 1e9}
"""Without floor and ceiling, to see the profile itself."""
requirement = pytest.mark.requirement


def reference(z, u, inverse_l, h, shear2=None, ri=None, *, floor=0.01, length=80.0):
    """One point, with the case distinctions of CMAQ's eddyx written out, in double precision."""
    h = max(h, 20.0)
    k = 0.0
    if z < h:
        zeta = z * inverse_l
        if zeta < 0:
            phi = (1 - 16 * min(z, 0.1 * h) * inverse_l) ** -0.5
        elif zeta < 1:
            phi = 1 + 5 * zeta
        else:
            phi = 5 + zeta
        k = max(0.4 * u / phi * z * (1 - z / h) ** 2, floor)
    if shear2 is not None:
        mixing = (0.4 * z * length / (length + 0.4 * z)) ** 2
        f = math.sqrt(1 - 25 * ri) if ri < 0 else 0.0012 + 1 / (1 + 10 * ri + 50 * ri**2 + 5000 * ri**4)
        k = max(k, floor + math.sqrt(shear2) * f * mixing)
    return min(max(k, floor), 1000.0)


weather = {
    "z": st.floats(0.5, 5000),
    "u": st.floats(0, 2.5),
    "inverse_l": st.floats(-1, 1),
    "h": st.floats(0, 4000),
    "shear2": st.floats(1e-9, 0.1),
    "ri": st.floats(-1e4, 1e4),
}


VERTICAL = jax.jit(diffusivity.vertical)


@requirement("F3", part="K profiles, stable and unstable")
@given(**weather)
def test_the_profile_is_that_of_the_written_out_cases(z, u, inverse_l, h, shear2, ri):
    for extra in ({}, {"shear2": shear2, "gradient_richardson": ri}):
        arrays = {name: jnp.float32(value) for name, value in extra.items()}
        got = VERTICAL(*map(jnp.float32, (z, u, inverse_l, h)), PRIORS, **arrays)
        want = reference(z, u, inverse_l, h, extra.get("shear2"), extra.get("gradient_richardson"))
        assert float(got) == pytest.approx(want, rel=2e-3)  # 0.12 % is the step at Ri = 0 that is taken out


VALUE_AND_SLOPES = jax.jit(
    jax.value_and_grad(
        lambda z, u, inverse_l, h, shear2, ri, p: diffusivity.vertical(
            z, u, inverse_l, h, p, urban=0.5, shear2=shear2, gradient_richardson=ri
        ),
        argnums=(0, 1, 2, 3, 4, 5, 6),
    )
)


@given(
    **{
        **weather,
        "z": st.floats(0, 2e4, width=32),
        "inverse_l": st.floats(-100, 100, width=32),
        "ri": st.floats(-(2.0**40), 2.0**40, width=32),
    }
)
def test_no_weather_breaks_value_or_derivative_in_single_precision(z, u, inverse_l, h, shear2, ri):
    k, slopes = VALUE_AND_SLOPES(*map(jnp.float32, (z, u, inverse_l, h, shear2, ri)), PRIORS)
    assert k.dtype == jnp.float32
    assert PRIORS["k_min_rural"] * 0.999 <= float(k) <= PRIORS["k_max"]
    assert all(bool(jnp.isfinite(slope)) for slope in jax.tree.leaves(slopes))


def bare(z, u=0.3, inverse_l=0.0, h=1000.0):
    return np.asarray(diffusivity.vertical(jnp.asarray(z), *map(jnp.float32, (u, inverse_l, h)), BARE))


def test_neutral_layer_has_its_largest_k_at_a_third_of_its_depth():
    z = np.linspace(0, 1000, 1001)
    k = bare(z)
    assert z[k.argmax()] == pytest.approx(1000 / 3, abs=1)
    assert k.max() == pytest.approx(0.4 * 0.3 * 1000 * 4 / 27, rel=1e-4)
    assert k[-1] == 0
    assert bare([1.0])[0] == pytest.approx(0.4 * 0.3 * 1.0, rel=3e-3)  # k u* z next to the ground


def test_stability_damps_and_instability_enhances():
    z = np.linspace(5, 900, 50)
    stable, neutral, unstable = (bare(z, inverse_l=x) for x in (0.02, 0.0, -0.02))
    assert (stable < neutral).all()
    assert (unstable > neutral).all()
    assert bare([50.0], inverse_l=0.02, h=1e9)[0] == pytest.approx(0.4 * 0.3 * 50 / 6, rel=1e-3)  # phi_h = 6 at z = L


@pytest.mark.parametrize("at", [0.0, 1.0])
def test_phi_h_has_no_step_where_its_cases_meet(at):
    below, above = diffusivity.phi_h(at - 1e-5), diffusivity.phi_h(at + 1e-5)
    assert float(below) == pytest.approx(float(above), abs=2e-4)


def test_local_k_at_neutral_is_shear_times_mixing_length_squared():
    z, shear2 = 200.0, 1e-4
    length = 1 / (1 / (0.4 * z) + 1 / 80)
    k = diffusivity.local(jnp.float32(z), jnp.float32(shear2), jnp.asarray([-1e-7, 0.0, 1e-7]), 80.0)
    np.testing.assert_allclose(k, 1.0012 * length**2 * 1e-2, rtol=1e-5)


def test_local_k_dies_with_the_richardson_number():
    ri = jnp.linspace(-2, 2, 200)
    k = np.asarray(diffusivity.local(jnp.float32(500.0), jnp.float32(1e-4), ri, 80.0))
    assert (np.diff(k) <= 0).all()
    assert k[-1] < 0.002 * k[100]


def test_city_raises_the_floor_only_near_the_ground():
    z = jnp.asarray([10.0, 499.0, 501.0])[:, None, None]
    still = jnp.zeros((1, 3))
    k = diffusivity.vertical(z, still, still, still + 50, PRIORS, urban=jnp.asarray([[0.0, 0.5, 1.0]]))
    assert k.shape == (3, 1, 3)
    np.testing.assert_allclose(k[:, 0], [[0.01, 0.505, 1.0], [0.01, 0.505, 1.0], [0.01, 0.01, 0.01]], rtol=1e-5)


def test_half_a_pair_of_diagnostics_is_refused():
    one = jnp.float32(1.0)
    with pytest.raises(ValueError, match="both shear2 and gradient_richardson"):
        diffusivity.vertical(one, one, one, one, PRIORS, shear2=one)


def test_shear_and_richardson_number_of_a_linear_profile():
    z = jnp.asarray([10.0, 30.0, 70.0, 150.0])[:, None, None]
    shear2 = diffusivity.shear_squared(3 + 0.03 * z, 1 - 0.04 * z, z)
    assert shear2.shape == (3, 1, 1)
    np.testing.assert_allclose(shear2, 0.05**2, rtol=1e-4)
    ri = diffusivity.richardson(280 + 0.01 * z, z, shear2)
    np.testing.assert_allclose(ri, 9.81 * 0.01 / 280.7 / 0.0025, rtol=5e-3)
    calm = diffusivity.shear_squared(0 * z, 0 * z, z)
    assert bool(jnp.isfinite(diffusivity.richardson(280 - 0.01 * z, z, calm)).all())


def field(slope_x, slope_y, dx=1000.0, n=9):
    y, x = np.meshgrid(np.arange(n) * dx, np.arange(n) * dx, indexing="ij")
    return jnp.asarray((slope_x * x + slope_y * y)[None], jnp.float32)


@requirement("F3", part="horizontal diffusion from deformation")
@pytest.mark.parametrize(
    ("u", "v", "deformation"),
    [
        ((0, 1e-3), (0, 0), 1e-3),  # plain shear
        ((4e-4, 0), (0, -4e-4), 8e-4),  # stretching along x, shrinking along y
        ((3e-4, 2e-4), (2e-4, -1e-4), math.hypot(4e-4, 4e-4)),
        ((0, -5e-4), (5e-4, 0), 0),  # turning as a solid body deforms nothing
        ((5e-4, 0), (0, 5e-4), 0),  # nor does blowing apart evenly
    ],
)
def test_deformation_of_linear_winds(u, v, deformation):
    k = diffusivity.horizontal(field(*u), field(*v), 1000.0, PRIORS)
    assert k.shape == (1, 9, 9)
    np.testing.assert_allclose(k, (0.28 * 1000) ** 2 * deformation, rtol=1e-3, atol=1e-2)


def test_horizontal_ceiling_and_spacing_per_cell():
    u, still = field(0, 0.5), jnp.zeros((1, 9, 9))
    np.testing.assert_allclose(diffusivity.horizontal(u, still, 1000.0, PRIORS), 2000.0)
    spacing = jnp.linspace(900.0, 1100.0, 81).reshape(9, 9)
    np.testing.assert_allclose(diffusivity.horizontal(u, still, spacing, PRIORS)[0], 2 * spacing, rtol=1e-6)


def test_horizontal_is_differentiable_in_a_wind_that_does_not_deform():
    slope = jax.grad(lambda u: diffusivity.horizontal(u, jnp.zeros_like(u), 1000.0, PRIORS).sum())(jnp.ones((2, 4, 5)))
    assert bool(jnp.isfinite(slope).all())


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_the_kind_of_number_is_that_of_the_air(dtype):
    def everything(z, surface):
        shear2 = diffusivity.shear_squared(0.1 * z, 0 * z, z)
        ri = diffusivity.richardson(280 + 0.01 * z, z, shear2)
        k = diffusivity.vertical(z[1:], surface, surface, surface, PRIORS, shear2=shear2, gradient_richardson=ri)
        return shear2, ri, k, diffusivity.horizontal(0.1 * z, z, 1000.0, PRIORS)

    with jax.enable_x64(True):
        made = jax.eval_shape(everything, jnp.ones((3, 3, 4), dtype), jnp.ones((3, 4), dtype))
    assert {f.dtype for f in made} == {jnp.dtype(dtype)}
