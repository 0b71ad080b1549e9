"""The slow processes over a state: what each does, and nothing else."""

from collections.abc import Mapping
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import Array

from lantian.places.grid import Levels
from lantian.transport import aerosol, chemistry, compilation, deposition, diffusivity, idealised, reactions
from lantian.transport.door import open_forcing, open_start
from lantian.transport.hour import Hour
from lantian.transport.mixing import diffuse
from lantian.transport.parameters import values
from lantian.transport.species import COMPACT, FULL, find
from lantian.transport.step import Process, advance
from lantian.transport.weather import Weather

SHAPE = (4, 3, 5)
SECONDS = 300.0
ATOMS = ("N", "S")
NAMES = FULL[::-1]
"""Another order than the registry's: who mixes up species is found out."""


def weather(seed: int, dtype: Any = np.float32, **changed: float) -> Weather:
    """Random winter weather; ``changed`` holds everywhere."""
    generator = np.random.default_rng(seed)

    def volume(low: float, high: float) -> np.ndarray:
        return generator.uniform(low, high, SHAPE).astype(dtype)

    def surface(low: float, high: float) -> np.ndarray:
        return generator.uniform(low, high, SHAPE[1:]).astype(dtype)

    temperature, pressure = volume(253, 293), volume(7e4, 1.02e5)
    made = Weather(
        temperature, pressure, volume(0.1, 1.0), pressure / (287.05 * temperature), volume(0, 4e-5), surface(0, 1),
        surface(-0.5, 0.7), surface(0, 1e-3), surface(0.05, 0.6), surface(-0.05, 0.05), surface(100, 1500),
        thickness=np.broadcast_to(np.array([40, 70, 140, 350], dtype)[:, None, None], SHAPE),
        sun_climb=surface(-7e-5, 7e-5),
    )  # fmt: skip
    made = made._replace(**{name: np.full_like(getattr(made, name), value) for name, value in changed.items()})
    return jax.tree.map(jnp.asarray, made)


def state(seed: int, names: tuple[str, ...] = NAMES, dtype: Any = np.float32) -> Array:
    """From clean to badly polluted air, ug kg-1, with zeros here and there."""
    generator = np.random.default_rng(seed)
    shape = (SHAPE[0], len(names), *SHAPE[1:])
    q = np.exp(generator.uniform(np.log(0.01), np.log(300), shape))
    return jnp.asarray(np.where(generator.random(shape) < 0.1, 0, q), dtype)


def process(name: str, names: tuple[str, ...] = NAMES, parameters: Mapping[str, Any] | None = None) -> Process:
    return dict(reactions.processes(names, parameters))[name]


QUICKLY: Final[dict[str, str | bool]] = {"xla_backend_optimization_level": "0"}
"""For what runs once: to compile it well would take longer."""
ALL = {name: jax.jit(process, static_argnums=2) for name, process in reactions.processes(NAMES)}


def test_what_is_carried_decides_what_acts() -> None:
    def acting(*names: str, **more: bool) -> list[str]:
        return [name for name, _ in reactions.processes(names, **more)]

    assert acting(*NAMES) == ["chemistry", "scavenging", "settling"]
    assert acting(*COMPACT) == ["chemistry", "scavenging"]
    assert acting(*COMPACT, reactive=False) == ["scavenging"]
    assert acting("SO2", "DUST") == ["scavenging", "settling"]
    with pytest.raises(ValueError, match="unknown species XX"):
        acting("XX")


def test_all_parameters_are_gathered_once_by_name() -> None:
    names = [p.name for p in reactions.PARAMETERS]
    assert len(set(names)) == len(names)
    for module in (chemistry, aerosol, deposition, diffusivity):
        assert set(module.PARAMETERS) <= set(reactions.PARAMETERS)
    with pytest.raises(ValueError, match="oh_noon = 1 cm-3 lies outside"):
        reactions.processes(COMPACT, {"oh_noon": 1})


def test_the_chemistry_is_photochemistry_then_aerosol_in_each_cell() -> None:
    @jax.jit
    def directly(q: Array, air: Weather) -> Array:
        knobs, light = values(reactions.PARAMETERS), (air.cos_zenith, air.cloud_cover)
        x = {s.name: s.to_ppb(q[:, i]) for i, s in enumerate(find(NAMES))}
        climb = SECONDS * air.sun_climb
        x, no = chemistry.react_and_mean(
            x, chemistry.rates(air.temperature, *light, knobs, air.pressure, climb), SECONDS
        )
        pace = aerosol.rates(air.temperature, air.humidity, air.pressure, air.density, air.cloud_water, *light, knobs)
        x = aerosol.react(x, pace, SECONDS, no)
        return jnp.stack([s.from_ppb(x[s.name]) for s in find(NAMES)], axis=1)

    q, air = state(1), weather(2)
    after = ALL["chemistry"](q, air, SECONDS)
    np.testing.assert_allclose(after, directly(q, air), rtol=2e-5, atol=1e-6)
    for name in ("CO", "TNH4", "PPM25", "PMC", "BC", "DUST"):
        np.testing.assert_array_equal(after[:, NAMES.index(name)], q[:, NAMES.index(name)])


def test_what_a_gpu_would_do_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """All levels at once and loops unrolled, on whatever device is here; the device is the one that was chosen."""
    q, air = state(1), weather(2)
    exchange, drain = 0.3 * air.pressure[:-1], 0.1 * jnp.ones_like(q[0])

    def mixed() -> Array:
        return jax.jit(lambda q: diffuse(q, air.pressure, exchange, drain))(q)

    here = ALL["chemistry"](q, air, SECONDS), mixed()
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert not compilation.on_processor()
    there = jax.jit(process("chemistry"), static_argnums=2)(q, air, SECONDS), mixed()
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)
    with jax.default_device(jax.devices("cpu")[0]):
        assert compilation.on_processor()


def atoms(q: Array, atom: str) -> np.ndarray:
    """ppb in each cell."""
    rows = (s.atoms.get(atom, 0) * s.to_ppb(np.asarray(q[:, i], np.float64)) for i, s in enumerate(find(NAMES)))
    return np.sum(list(rows), axis=0)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31), sun=st.floats(-1, 1), cloud=st.floats(0, 1), humidity=st.floats(0, 1))
@pytest.mark.requirement("F3", part="atoms of S and N conserved by the chemistry over a state, nothing negative")
def test_sulfur_and_nitrogen_are_kept_and_nothing_becomes_negative(
    seed: int, sun: float, cloud: float, humidity: float
) -> None:
    q, air = state(seed), weather(seed + 1, cos_zenith=sun, cloud_cover=cloud, humidity=humidity)
    after = ALL["chemistry"](q, air, SECONDS)
    assert bool(jnp.all(jnp.isfinite(after)))
    assert bool(jnp.all(after >= 0))
    for atom in ATOMS:
        np.testing.assert_allclose(atoms(after, atom), atoms(q, atom), rtol=2e-6, atol=1e-9)
    for name in ("scavenging", "settling"):
        after = ALL[name](q, air, SECONDS)
        assert bool(jnp.all((after >= 0) & jnp.isfinite(after)))


def test_rain_takes_what_it_takes_and_no_rain_nothing() -> None:
    q, wet, dry = state(5), weather(6), weather(6, rain=0.0)
    np.testing.assert_array_equal(ALL["scavenging"](q, dry, SECONDS), q)
    rate = deposition.wet_rate(NAMES, wet, values(reactions.PARAMETERS)).rate()
    after = ALL["scavenging"](q, wet, SECONDS)
    np.testing.assert_allclose(after, q * np.exp(-SECONDS * np.asarray(rate)), rtol=1e-6)
    assert float(jnp.min(after[:, NAMES.index("TNO3")] / q[:, NAMES.index("TNO3")].clip(1e-9))) < 0.95
    np.testing.assert_array_equal(after[:, NAMES.index("CO")], q[:, NAMES.index("CO")])


def test_large_particles_sink_and_none_is_lost() -> None:
    q, air = state(7), weather(8)
    after = ALL["settling"](q, air, 3600.0)
    mass = np.asarray(air.density * air.thickness, np.float64)[:, None]
    np.testing.assert_allclose((after * mass).sum(0), (q * mass).sum(0), rtol=1e-5)
    moved = [name for i, name in enumerate(NAMES) if not np.array_equal(after[:, i], q[:, i])]
    assert moved == ["DUST", "PMC"]
    height = np.cumsum([40, 70, 140, 350])[:, None, None, None] - np.array([20, 35, 70, 175])[:, None, None, None]
    sunk = [float(((q - after) * mass * height)[:, NAMES.index(name)].sum()) for name in moved]
    assert min(sunk) > 0


def test_settling_without_thickness_says_so() -> None:
    with pytest.raises(ValueError, match="settling needs the thickness of the layers"):
        process("settling")(state(7), weather(8)._replace(thickness=None), SECONDS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_that_of_the_state(dtype: Any) -> None:
    with jax.enable_x64(dtype == np.float64):
        for _, act in reactions.processes(NAMES):
            after = jax.eval_shape(
                lambda q, air, act=act: act(q, air, SECONDS), state(9, dtype=dtype), weather(10, dtype)
            )
            assert after.dtype == dtype


def test_single_precision_is_enough_for_a_day() -> None:
    """288 calls from noon to noon, against double precision."""

    def day(q: Array, air: Weather) -> Array:
        def call(i: int, q: Array) -> Array:
            sun = 0.5 * jnp.cos(2 * jnp.pi * i / 288).astype(q.dtype)
            now = air._replace(cos_zenith=jnp.full_like(air.cos_zenith, sun))
            return process("chemistry")(q, now, SECONDS)

        return jax.lax.fori_loop(0, 288, call, q)

    single = jax.jit(day)(state(11), weather(12))
    with jax.enable_x64(True):
        double = np.asarray(jax.jit(day)(state(11, dtype=np.float64), weather(12, np.float64)))
    scale = double.max(axis=(0, 2, 3), keepdims=True)
    np.testing.assert_allclose(single / scale, double / scale, atol=1e-4)


def test_all_processes_are_differentiated_by_their_named_parameters() -> None:
    """Twelve calls, against finite differences in double precision; and by which parameters there is a slope at all."""
    names = ("so2_uptake_humid", "roc_reactivity", "oh_noon", "in_cloud_fine", "collection_fine", "coarse_diameter")
    priors = values(reactions.PARAMETERS)
    weights = np.random.default_rng(13).uniform(0, 1, (SHAPE[0], len(NAMES), *SHAPE[1:]))

    def felt(shares: Mapping[str, Array], q: Array, air: Weather) -> Array:
        acting = reactions.processes(NAMES, {name: priors[name] * share for name, share in shares.items()})

        def call(q: Array, _: None) -> tuple[Array, None]:
            for _, act in acting:
                q = act(q, air, SECONDS)
            return q, None

        return jnp.sum(weights * jax.lax.scan(call, q, None, length=12)[0])

    with jax.enable_x64(True):
        q, air = state(14, dtype=np.float64), weather(15, np.float64)
        one = {name: jnp.ones(()) for name in priors}
        both = jax.jit(jax.value_and_grad(felt), compiler_options=QUICKLY)  # one function, for compiling takes long
        slope = both(one, q, air)[1]
        assert {name for name in priors if slope[name] == 0} == set(reactions.NOT_FELT)
        for name in names:
            low, high = (
                float(both({**one, name: jnp.full((), 1 + sign * 1e-4, float)}, q, air)[0]) for sign in (-1, 1)
            )
            assert abs(high - low) > 1e-6, name
            assert float(slope[name]) == pytest.approx((high - low) / 2e-4, rel=1e-4), name


@pytest.mark.requirement("F3", part="the state after an hour is differentiable by the named uncertain numbers")
def test_an_hour_of_the_model_can_be_differentiated_by_named_parameters() -> None:
    """Within 2 %: the adjoint of advection is the continuous one. With the discrete one eight digits agree."""
    start, names = "2026-01-10T04", ("so2_uptake_humid", "in_cloud_fine")
    domain = idealised.domain((4, 5), 2000.0, levels=Levels((0, 40, 110, 250, 600)), hill=50.0)
    priors = values(reactions.PARAMETERS)
    with jax.enable_x64(True):
        forcing = open_forcing(
            domain,
            COMPACT,
            weather=idealised.weather(domain, start, 1, x_wind=3.0, humidity=0.8, rain=1e-4, cloud_water=2e-5),
            emissions=idealised.emissions(domain, start, 1, {"NO": 3e-9, "SO2": 2e-9, "ROC": 5e-9}),
            edges=idealised.edges(domain, COMPACT, start, 1),
            dtype=np.float64,
        )
        hour, q = forcing.hour(0), 4 * open_start(domain, COMPACT, idealised.start(domain, COMPACT), dtype=np.float64)

        def sulfate(shares: Mapping[str, Array], q: Array, hour: Hour) -> Array:
            acting = reactions.processes(COMPACT, {name: priors[name] * share for name, share in shares.items()})
            return jnp.mean(advance(q, hour, 2, processes=acting).mean[COMPACT.index("SO4")])

        one = {name: jnp.ones(()) for name in names}
        both = jax.jit(jax.value_and_grad(sulfate), compiler_options=QUICKLY)
        slope = both(one, q, hour)[1]
        for name in names:
            low, high = (
                float(both({**one, name: jnp.full((), 1 + sign * 1e-4, float)}, q, hour)[0]) for sign in (-1, 1)
            )
            assert abs(high - low) > 1e-7, name
            assert float(slope[name]) == pytest.approx((high - low) / 2e-4, rel=0.02), name
