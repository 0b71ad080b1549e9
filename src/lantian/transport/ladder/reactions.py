"""Rungs of chemistry: photochemistry and aerosol against stiff solvers of every reaction, and atoms that are kept."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import DTypeLike

from lantian.transport.ladder.rung import Curve, Measure, Rung, Values, array
from lantian.transport.ladder.stiff import (
    CALL,
    CALLS,
    CITIES,
    EVENING,
    GASES,
    WINTER,
    aerosol_day,
    photochemical_day,
    sun_in_january,
)
from lantian.transport.reactions import processes
from lantian.transport.species import FULL, find
from lantian.transport.weather import Weather

LIMIT: Final = 0.03
"""Largest error against a stiff solver."""
AIRS: Final = 512
"""Kinds of air whose atoms are counted."""


def photochemistry() -> Rung:
    """Largest error over a day and a night, relative to each gas's largest value of the day."""
    day = photochemical_day(list(CITIES.values()))
    error = (abs(day.computed - day.exact).max(0) / day.exact.max(0)).max(1)
    summer = [
        Curve(
            f"{name}, city in summer", f"{name}，夏季城市", day.hour, day.computed[:, i, 0], day.exact[:, i, 0],
            "h", "ppb",
        )
        for i, name in enumerate(GASES) if name in ("O3", "NO2", "NO")
    ]  # fmt: skip
    return Rung(
        "photochemistry",
        "光化学",
        "A day and a night of a city's air in summer and in winter, against all seven reactions with radicals that "
        "have a history; largest error over the day's largest value",
        tuple(Measure(name, name, float(error[i]), at_most=LIMIT) for i, name in enumerate(GASES) if name != "ROC"),
        tuple(summer[::-1]),
    )


def aerosol() -> Rung:
    """Largest relative error at the end of an hour, of three winter days."""
    days = {name: aerosol_day(air) for name, air in WINTER.items()}
    measures = []
    for name in ("SO2", "SO4", "NO2", "O3", "TNO3", "SOA"):
        error = 0.0
        for day in days.values():
            exact = day.nitrate() if name == "TNO3" else day.exact[name]
            error = max(error, float(np.max(abs(day.computed[name] / exact - 1))))
        measures.append(Measure(name, name, error, at_most=LIMIT))
    haze, hour = days["humid haze"], EVENING + np.arange(1.0, 25)
    curves = [
        Curve(f"{name}, humid haze", f"{name}，湿霾", hour, haze.computed[name], haze.exact[name], "h", "ppb")
        for name in ("SO4", "TNO3", "NO2")
    ]
    return Rung(
        "aerosol",
        "气溶胶",
        "A night and a day of winter in humid haze, dry cold and fog, against every reaction with NO3 and N2O5 as "
        "species of their own; largest relative error at the end of an hour",
        tuple(measures),
        tuple(curves),
    )


def atoms() -> Rung:
    """Atoms before and after `_mixed_day`; in double precision nothing but the mechanism could lose them."""
    before, after, least = _mixed_day(np.float32)
    with jax.enable_x64(True):
        exact = _mixed_day(np.float64)
    measures = []
    for atom, name, zh in (("S", "sulfur", "硫"), ("N", "nitrogen", "氮")):
        measures += [
            Measure(name, zh, _change(before, after, atom), at_most=1e-4),
            Measure(f"{name}, double precision", f"{zh}，双精度", _change(*exact[:2], atom), at_most=1e-12),
        ]
    return Rung(
        "atoms",
        "原子守恒",
        f"A night and a day of photochemistry and aerosol in {AIRS} kinds of air; largest relative change in one",
        (
            *measures,
            Measure("least mixing ratio", "最小值", min(least, exact[2]), at_least=0.0),
            Measure(
                "share of the mass that reacted", "反应的质量份额", float(abs(after - before).sum() / before.sum())
            ),
        ),
    )


def _mixed_day(dtype: DTypeLike) -> tuple[Values, Values, float]:
    """The states (z, species, y, x) of random air, clean to badly polluted, before and after a day of both chemistries.

    Called every five minutes in ``dtype``, with the sun of the call's middle; and the least value in between.
    """
    rng = np.random.default_rng(21)
    q = np.exp(rng.uniform(np.log(0.01), np.log(300), (1, len(FULL), 1, AIRS)))
    q = np.where(rng.random(q.shape) < 0.1, 0, q)

    def volume(low: float, high: float) -> Array:
        return jnp.asarray(rng.uniform(low, high, (1, 1, AIRS)), dtype)

    kelvin, pressure, cloud = volume(253, 303), volume(7e4, 1.02e5), volume(0, 1)[0]
    humidity, water, rest = volume(0.1, 1), volume(0, 4e-5), jnp.zeros_like(cloud)
    density = pressure / (287.05 * kelvin)
    air = Weather(kelvin, pressure, humidity, density, water, cloud, rest, rest, rest, rest, rest)
    suns = jnp.asarray([sun_in_january(EVENING + (i + 0.5) * CALL / 3600) for i in range(CALLS)], dtype)
    act = dict(processes(FULL))["chemistry"]

    @jax.jit
    def day(q: Array, air: Weather) -> tuple[Array, Array]:
        def call(q: Array, sun: Array) -> tuple[Array, Array]:
            q = act(q, air._replace(cos_zenith=jnp.full_like(air.cloud_cover, sun)), CALL)
            return q, jnp.min(q)

        return lax.scan(call, q, suns)

    before = jnp.asarray(q, dtype)
    after, least = day(before, air)
    return array(before), array(after), float(least.min())


def _change(before: Values, after: Values, atom: str) -> float:
    """Largest change of the atoms in a cell, relative to what was there, 1e-3 ppb at least."""
    one, other = (
        array(sum(s.atoms.get(atom, 0) * s.to_ppb(q[:, i]) for i, s in enumerate(find(FULL)))) for q in (before, after)
    )
    return float(np.max(abs(other - one) / np.maximum(one, 1e-3)))
