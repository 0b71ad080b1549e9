"""Photochemistry and aerosol together, as the model calls them, against a stiff solver over night and day."""

import math
from collections.abc import Mapping
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array, lax
from scipy.integrate import solve_ivp  # type: ignore[import-untyped]

from lantian.transport import aerosol, chemistry, reactions
from lantian.transport.ladder.stiff import quiet_bdf
from lantian.transport.parameters import values
from lantian.transport.species import FULL, MOLAR_MASS_AIR, REGISTRY, find
from lantian.transport.weather import Weather

Amounts = Mapping[str, float]
CALL: Final = 300.0
CALLS: Final = 288
"""Of a day that begins at 18 h."""
MOVING: Final = ("ROC", "NO", "NO2", "O3", "SO2", "SO4", "TNO3", "SOA", "NO3", "N2O5", "RP")
FIXED: Final = ("TNH4", "PPM25", "BC", "DUST")
HAZE: Final[dict[str, float]] = {
    "ROC": 60, "NO": 15, "NO2": 35, "O3": 8, "SO2": 15, "SO4": 8, "TNO3": 12, "TNH4": 50, "PPM25": 25, "BC": 10,
    "DUST": 2, "SOA": 2,
}  # fmt: skip
AIR: Final[dict[str, tuple[dict[str, float], dict[str, float], tuple[float, ...]]]] = {
    "winter haze": (HAZE, {"NO": 2, "NO2": 0.4, "ROC": 4, "SO2": 0.5}, (273.0, 0.80, 0.0, 0.5, 0.0, 0.5)),
    "clean winter": (
        {"ROC": 15, "NO": 0.5, "NO2": 8, "O3": 35, "SO2": 4, "SO4": 1, "TNO3": 2, "TNH4": 6, "PPM25": 5, "BC": 1,
         "DUST": 1, "SOA": 0.5},
        {"NO": 0.1, "NO2": 0.05, "ROC": 0.3, "SO2": 0.05},
        (263.0, 0.35, 0.0, 0.1, 0.0, 0.5),
    ),
    "fog": (
        HAZE | {"NO": 2, "O3": 30},
        {"NO": 0.5, "NO2": 0.1, "ROC": 2, "SO2": 0.3},
        (281.0, 0.98, 1e-4, 0.9, 0.0, 0.5),
    ),
    "summer city": (
        HAZE | {"ROC": 80, "NO": 10, "NO2": 25, "O3": 40, "SO2": 5, "TNO3": 4, "TNH4": 30, "PPM25": 10, "BC": 3},
        {"NO": 1.5, "NO2": 0.3, "ROC": 5, "SO2": 0.2},
        (300.0, 0.60, 0.0, 0.2, 0.32, 0.63),
    ),
}  # fmt: skip
"""Start in ppb, emission in ppb an hour, and the weather: K, humidity, cloud water, cloud cover, and the cosine of the
zenith angle as a mean and an amplitude over the day."""
PRESSURE: Final = 1e5
KNOBS: Final = values(reactions.PARAMETERS)


def weather(air: tuple[float, ...], hours: Any) -> Weather:
    """At hours after 18 h, (1, 1, hours)."""
    kelvin, humidity, water, cloud, mean, swing = air
    angle = 2 * np.pi * (np.asarray(hours) + 6) / 24
    sun = mean + swing * np.cos(angle)
    whole = np.ones((1, 1, sun.size))
    density = PRESSURE / (287.05 * kelvin)
    volumes = (kelvin, PRESSURE, humidity, density, water)
    surfaces = (cloud * whole[0], sun[None], *(0 * whole[0] for _ in range(5)))
    climb = jnp.asarray(-swing * np.sin(angle)[None] * 2 * np.pi / 86_400)
    return Weather(*(jnp.asarray(v * whole) for v in volumes), *map(jnp.asarray, surfaces), sun_climb=climb)


def tables(air: tuple[float, ...]) -> list[dict[str, np.ndarray]]:
    """The rate constants of both chemistries at the beginning of each call and at the day's end."""
    now = weather(air, np.arange(CALLS + 1) * CALL / 3600)
    light = (now.cos_zenith, now.cloud_cover)
    gas = chemistry.rates(now.temperature, *light, KNOBS, now.pressure)
    particles = aerosol.rates(now.temperature, now.humidity, now.pressure, now.density, now.cloud_water, *light, KNOBS)
    return [
        {name: np.broadcast_to(np.asarray(k).ravel(), CALLS + 1) for name, k in made._asdict().items()}
        for made in (gas, particles)
    ]


def slope(n: Amounts, g: Amounts, k: Amounts) -> Amounts:
    """Both mechanisms written out, ppb s-1; radicals, NO3 and N2O5 are species of their own."""
    mass = {
        name: n[name] * REGISTRY[name].molar_mass / MOLAR_MASS_AIR * REGISTRY[name].pm25 for name in FULL if name in n
    }
    free = max(n["TNH4"] - 2 * n["SO4"], 0.0)
    root = math.sqrt((free - n["TNO3"]) ** 2 + 4 * k["dissociation"])
    nitrate = max((free + n["TNO3"] - root) / 2, 0.0) if free * n["TNO3"] > k["dissociation"] else 0.0
    salt, organic = nitrate * 80.04 / MOLAR_MASS_AIR, mass["PPM25"] + mass["SOA"]
    wet = k["so2_on_inorganic"] * (mass["SO4"] + salt) + k["so2_on_other"] * (organic + mass["DUST"] + mass["BC"])
    hydrolysis = k["n2o5_on_sulfate"] * mass["SO4"] + k["n2o5_on_nitrate"] * salt + k["n2o5_on_organic"] * organic
    hydrolysis += k["n2o5_on_dust"] * (mass["DUST"] + mass["BC"] / 2)
    r1, r2, r3, r4 = g["k1"] * n["ROC"], g["k2"] * n["RP"] * n["NO"], g["k3"] * n["NO2"], g["k4"] * n["NO"] * n["O3"]
    r5, r67 = g["k5"] * n["RP"] ** 2, g["k67"] * n["RP"] * n["NO2"]
    sulfate, nitric = (k["so2_oxidation"] + wet) * n["SO2"], k["no2_oh"] * n["NO2"]
    made, lost = k["no3_formation"] * n["NO2"] * n["O3"], (k["no3_loss"] + k["no3_no"] * n["NO"]) * n["NO3"]
    joined = k["n2o5_formation"] * n["NO2"] * n["NO3"] - k["n2o5_decay"] * n["N2O5"]
    split, condensed = hydrolysis * n["N2O5"], k["soa"] * n["ROC"]
    return {
        "ROC": -condensed,
        "NO": r3 - r2 - r4,
        "NO2": r2 - r3 + r4 - r67 - nitric - made + lost - joined,
        "O3": r3 - r4 - made + lost,
        "SO2": -sulfate,
        "SO4": sulfate,
        "TNO3": r67 + nitric + 2 * split,
        "SOA": condensed * REGISTRY["ROC"].molar_mass / REGISTRY["SOA"].molar_mass,
        "NO3": made - lost - joined,
        "N2O5": joined - split,
        "RP": r1 - r2 - r5 - r67,
    }


def exact_day(start: Amounts, emission: Amounts, air: tuple[float, ...]) -> np.ndarray:
    """(hour, MOVING) ppb at the end of each hour by SciPy's BDF, with emission all the time."""
    gas, particles = tables(air)
    fixed = {name: float(start[name]) for name in FIXED}
    y = np.array([float(start.get(name, 0)) for name in MOVING])
    given = np.array([float(emission.get(name, 0)) for name in MOVING]) / 3600
    hours = []
    for hour in range(24):

        def tendency(t: float, y: np.ndarray, hour: int = hour) -> np.ndarray:
            place = hour * 12 + t / CALL
            i = min(int(place), CALLS - 1)
            g, k = ({n: v[i] + (place - i) * (v[i + 1] - v[i]) for n, v in table.items()} for table in (gas, particles))
            return given + list(slope(fixed | dict(zip(MOVING, y, strict=True)), g, k).values())

        with quiet_bdf():
            done = solve_ivp(tendency, (0, 3600), y, "BDF", rtol=1e-5, atol=1e-8)
        assert done.success
        y = done.y[:, -1]
        hours.append(y)
    return np.array(hours)


CHEMISTRY: Final = dict(reactions.processes(FULL))["chemistry"]


@jax.jit
def hour_of_calls(q: Array, given: Array, now: Weather, suns: tuple[Array, Array]) -> Array:
    """Twelve calls, each with the sun of its middle and its climb, and before each what was emitted meanwhile."""

    def call(q: Array, sun: tuple[Array, Array]) -> tuple[Array, None]:
        return CHEMISTRY(q + given, now._replace(cos_zenith=sun[0], sun_climb=sun[1]), CALL), None

    return lax.scan(call, q, suns)[0]


def model_day(start: Amounts, emission: Amounts, air: tuple[float, ...]) -> np.ndarray:
    """(hour, FULL) ppb by the model's chemistry, called every five minutes as the model calls it."""
    carried = find(FULL)
    q, given = (
        jnp.asarray([s.from_ppb(float(amounts.get(s.name, 0))) for s in carried])[None, :, None, None]
        for amounts in (start, emission)
    )
    moments = weather(air, (np.arange(CALLS) + 0.5) * CALL / 3600)
    suns = [moment.reshape(24, 12, 1, 1) for moment in (moments.cos_zenith, moments.sun_climb)]
    hours = []
    for sun in zip(*suns, strict=True):
        q = hour_of_calls(q, given / 12, weather(air, [0.0]), sun)
        hours.append([float(s.to_ppb(q[0, i, 0, 0])) for i, s in enumerate(carried)])
    return np.array(hours)


@pytest.mark.requirement("F3", part="photochemistry and aerosol together against a stiff solver over night and day")
@pytest.mark.parametrize("name", AIR)
def test_a_day_of_both_chemistries_is_that_of_the_stiff_solver(name: str) -> None:
    """At most 3 % of each species' diurnal maximum at the end of every hour, and the nitrogen that was put in."""
    start, emission, air = AIR[name]
    with jax.enable_x64(True):
        exact, ours = exact_day(start, emission, air), model_day(start, emission, air)
    true = dict(zip(MOVING, exact.T, strict=True))
    true["TNO3"] = true["TNO3"] + true["NO3"] + 2 * true["N2O5"]
    error = {n: float(np.abs(ours[:, FULL.index(n)] - true[n]).max() / true[n].max()) for n in MOVING[:8]}
    assert max(error.values()) <= 0.03, error
    nitrogen = sum(start[n] + 24 * emission.get(n, 0) for n in ("NO", "NO2", "TNO3"))
    assert sum(ours[-1, FULL.index(n)] for n in ("NO", "NO2", "TNO3")) == pytest.approx(nitrogen, rel=1e-9)
    # The day must have been one on which something happened, or agreement says nothing.
    assert ours[-1, FULL.index("TNO3")] > 1.5 * start["TNO3"]
    assert ours[-1, FULL.index("SO4")] > 1.3 * start["SO4"]
