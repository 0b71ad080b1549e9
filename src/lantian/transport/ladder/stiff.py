"""Days of chemistry by the engine, and by SciPy's stiff solvers from the same reactions written out one by one.

What the engine takes for stationary, the radical pool, NO3 and N2O5, has a history in the reference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from scipy.integrate import solve_ivp  # type: ignore[import-untyped]

from lantian.transport import aerosol, chemistry
from lantian.transport.ladder.rung import Values, array
from lantian.transport.parameters import values
from lantian.transport.reactions import PARAMETERS
from lantian.transport.species import MOLAR_MASS_AIR, REGISTRY

CALL: Final = 300.0
"""Seconds between the calls of the slow processes."""
CALLS: Final = 288
"""Of a day."""
KNOBS: Final = values(PARAMETERS)

GASES: Final = ("ROC", "NO", "NO2", "O3", "TNO3")
DAWN: Final = 4.0
"""Local hour at which the day of the photochemistry begins."""


class Start(NamedTuple):
    """Air of a day of photochemistry."""

    ppb: Sequence[float]
    """of `GASES`"""
    emission: Sequence[float]
    """of `GASES`, ppb an hour"""
    kelvin: float
    """mean temperature"""
    declination: float
    """of the sun, degrees"""


CITIES: Final = {
    "city in summer": Start((200, 80, 50, 5, 2), (40, 12, 1.2, 0, 0), 303, 20),
    "city in winter": Start((100, 60, 35, 5, 3), (10, 6, 0.6, 0, 0), 272, -20),
}


class PhotochemicalDay(NamedTuple):
    """A day of several starts at once, ppb (call, species of `GASES`, start) at the end of each call."""

    exact: Values
    computed: Values
    hour: Values
    """(call,) local hour, from 4 to 28"""


def mechanism(y: Values, k: Values) -> Values:
    """Tendencies of ROC, NO, NO2, O3, TNO3 and RP, (6, ...) ppb s-1: the seven reactions, RP a species like others.

    ``k`` holds the fields of `chemistry.Rates` along its first axis.
    """
    roc, no, no2, o3, _, rp = y
    k1, k2, k3, k4, k5, k67 = k
    r1, r2, r3, r4, r5, r67 = k1 * roc, k2 * rp * no, k3 * no2, k4 * no * o3, k5 * rp * rp, k67 * rp * no2
    return np.array([0 * r1, r3 - r2 - r4, r2 + r4 - r3 - r67, r3 - r4, r67, r1 - r2 - r5 - r67])


def constants(rates: chemistry.Rates) -> Values:
    """The rate constants as one array, (6, ...)."""
    return np.array(np.broadcast_arrays(*(array(rate) for rate in rates[:6])))


def photochemical_day(starts: Sequence[Start], dtype: DTypeLike = jnp.float32) -> PhotochemicalDay:
    """A day from 4 h to 4 h by the engine in ``dtype``, and by BDF with a radical pool that has a history.

    Emission enters in pulses between calls, one every half hour. Light and temperature of the reference change all the
    time; the engine sees the rates of the middle of each call, and by how much the sun climbs in it.
    """
    ppb, emission, kelvin, declination = (np.array(column, float) for column in zip(*starts, strict=True))
    hour = DAWN + np.arange(1, CALLS + 1) * CALL / 3600
    exact, computed = [], []
    with jax.enable_x64(True):
        light = _moment((hour - CALL / 7200)[:, None], kelvin, declination, CALL / 3600)
        fine = constants(_moment(DAWN + np.arange(CALLS * 5 + 1)[:, None] * CALL / 18000, kelvin, declination))
        step = jax.jit(lambda x, light: chemistry.react(x, light, CALL))
        x = {name: jnp.asarray(ppb[:, i], dtype) for i, name in enumerate(GASES)}
        y = np.vstack([ppb.T, np.zeros(len(starts))])
        for i in range(CALLS):
            if i % 6 == 0:
                pulse = emission.T / 2
                x = {name: (x[name] + pulse[j]).astype(dtype) for j, name in enumerate(GASES)}
                exact += _half_hour(y + np.vstack([pulse, 0 * pulse[:1]]), fine[:, 5 * i : 5 * i + 31])
                y = exact[-1]
            x = step(x, jax.tree.map(lambda k, i=i: (k[i] if jnp.ndim(k) else k).astype(dtype), light))
            computed.append([array(x[name]) for name in GASES])
    return PhotochemicalDay(np.array(exact)[:, :5], np.array(computed), hour)


def _moment(hour: Values, kelvin: Values, declination: Values, call: float = 0.0) -> chemistry.Rates:
    """Rates at a local hour of a day at 37 N with some cloud after noon, or of a ``call`` of some hours around it."""
    lat, decl = np.radians(37.0), np.radians(declination)

    def sun(hour: Values) -> Values:
        height = np.sin(lat) * np.sin(decl) + np.cos(lat) * np.cos(decl) * np.cos(np.radians(15 * (hour - 12)))
        return array(height)

    cloud = 0.5 * np.exp(-(((hour % 24 - 15) / 2) ** 2))
    climb = sun(hour + call / 2) - sun(hour - call / 2)
    warm = kelvin + 5 * np.cos(np.radians(15 * (hour - 15)))
    return chemistry.Rates(*map(jnp.asarray, chemistry.rates(warm, sun(hour), cloud, KNOBS, climb=climb)))


def _half_hour(y: Values, table: Values) -> list[Values]:
    """The states (6, start) after each of six calls, by BDF; ``table`` (rate, time, start) is the light."""
    end = 6 * CALL
    intervals = table.shape[1] - 1

    def tendency(t: float, flat: Values) -> Values:
        i = min(int(t / end * intervals), intervals - 1)
        k = table[:, i] + (t / end * intervals - i) * (table[:, i + 1] - table[:, i])
        return mechanism(flat.reshape(6, y.shape[1], -1), k[:, :, None]).reshape(flat.shape)

    times = CALL * np.arange(1, 7)
    with quiet_bdf():
        done = solve_ivp(tendency, (0, end), y.ravel(), "BDF", times, rtol=1e-8, atol=1e-10, vectorized=True)
    return [state.reshape(y.shape) for state in _ended(done).y.T]


def quiet_bdf() -> np.errstate:
    """For SciPy's BDF, which subtracts a row that it has not written yet and does not use: it may be no number."""
    return np.errstate(invalid="ignore", over="ignore")


def _ended(done: Any) -> Any:
    if not done.success:
        raise RuntimeError(f"the stiff solver gave up: {done.message}")
    return done


class Haze(NamedTuple):
    """Air of a winter day of the aerosol."""

    ppb: Mapping[str, float]
    kelvin: float
    humidity: float
    """0..1"""
    cloud_water: float
    """kg kg-1"""


SOLID: Final = ("ROC", "NO", "NO2", "O3", "SO2", "SO4", "TNO3", "TNH4", "PPM25", "BC", "DUST", "SOA")
"""Species that the aerosol's reactions know."""
HAZE: Final = dict(zip(SOLID, (200, 0.05, 40, 15, 15, 8, 15, 50, 26, 20, 3, 6), strict=True))
"""ppb; about 220 ug m-3 of fine particles."""
CLEAN: Final = dict(zip(SOLID, (40, 0.05, 12, 30, 5, 1, 1.5, 8, 4, 3, 3, 1), strict=True))
"""ppb; about 25 ug m-3."""
WINTER: Final = {
    "humid haze": Haze(HAZE, 273.0, 0.88, 0.0),
    "dry cold": Haze(CLEAN, 260.0, 0.30, 0.0),
    "fog": Haze(HAZE | {"O3": 35}, 281.0, 0.98, 1.0e-4),
}
STIFF: Final = ("SO2", "SO4", "NO2", "O3", "TNO3", "ROC", "SOA", "NO3", "N2O5")
"""Species that change; NO3 and N2O5 are stationary in the engine, which counts them as nitrate."""
EVENING: Final = 18
"""Local hour at which the day of the aerosol begins."""


class AerosolDay(NamedTuple):
    """A night and a day, ppb (24,) of each species at the end of each hour."""

    exact: Mapping[str, Values]
    computed: Mapping[str, Values]

    def nitrate(self) -> Values:
        """Exact total nitrate as the engine counts it: with what still stands in the air as N2O5 and NO3."""
        return self.exact["TNO3"] + self.exact["NO3"] + 2 * self.exact["N2O5"]


def sun_in_january(hour: float) -> float:
    """Cosine of the zenith angle at a local hour: the low sun of January, and night."""
    off = abs(hour % 24 - 12)
    return 0.5 * math.cos(math.pi * off / 10) if off < 5 else -0.2


def aerosol_day(air: Haze, dt: float = CALL, dtype: DTypeLike = jnp.float32) -> AerosolDay:
    """24 hours from 18 h by the engine in ``dtype`` with calls of ``dt`` seconds, and by Radau."""
    pressure, exact, computed = 101325.0, [], []
    density = pressure / (287.05 * air.kelvin)
    with jax.enable_x64(True):
        react, rates = jax.jit(aerosol.react), jax.jit(aerosol.rates)
        y = {name: float(value) for name, value in air.ppb.items()} | {"NO3": 0.0, "N2O5": 0.0}
        x = {name: jnp.asarray(value, dtype) for name, value in air.ppb.items()}
        for hour in range(EVENING, EVENING + 24):
            sun = sun_in_january(hour)
            k = rates(air.kelvin, air.humidity, pressure, density, air.cloud_water, sun, 0.0, KNOBS)
            y = _stiff_hour(y, jax.tree.map(float, k))
            for _ in range(round(3600 / dt)):
                x = react(x, jax.tree.map(lambda v: v.astype(dtype), k), dt)
            exact.append(y)
            computed.append({name: float(value) for name, value in x.items()})
    return AerosolDay(*({name: array([row[name] for row in rows]) for name in rows[0]} for rows in (exact, computed)))


def _stiff_hour(mixture: Mapping[str, float], k: Any) -> dict[str, float]:
    """An hour at these `aerosol.Rates`."""
    fixed = {name: mixture[name] for name in ("NO", "TNH4", "PPM25", "BC", "DUST")}

    def tendency(_: float, y: Values) -> list[float]:
        now = fixed | dict(zip(STIFF, y, strict=True))
        made = _tendencies(now, k)
        return [made[name] for name in STIFF]

    start = [mixture[name] for name in STIFF]
    end = _ended(solve_ivp(tendency, (0, 3600), start, "Radau", rtol=1e-6, atol=1e-9))
    return fixed | {name: float(value) for name, value in zip(STIFF, end.y[:, -1], strict=True)}


def _tendencies(now: Mapping[str, float], k: Any) -> dict[str, float]:
    """Every reaction of the aerosol by itself, NO3 and N2O5 as species of their own; ppb s-1."""
    nitrate = _nitrate(now["TNO3"], now["TNH4"], now["SO4"], k.dissociation)
    mass = {n: now[n] * REGISTRY[n].molar_mass / MOLAR_MASS_AIR * REGISTRY[n].pm25 for n in SOLID if n != "TNO3"}
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


def _nitrate(tno3: float, tnh4: float, so4: float, kp: Any) -> float:
    """Particulate nitrate in equilibrium, NH3 HNO3 = Kp, by bisection."""
    free = max(tnh4 - 2 * so4, 0.0)
    low, high = 0.0, min(free, tno3)
    if free * tno3 <= kp:
        return 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if (free - middle) * (tno3 - middle) > kp else (low, middle)
    return low
