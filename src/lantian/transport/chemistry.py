"""Photochemistry of ozone: the Generic Reaction Set for ROC, NO, NO2, O3 and nitrate.

Azzi, Johnson and Cope (1992, 11th International Clean Air Conference, Brisbane):

==  ==============================  ========================================
R1  ROC + hv -> ROC + RP            k1 ROC: the carbon stays, and stays reactive
R2  RP + NO -> NO2                  k2 RP NO
R3  NO2 + hv -> NO + O3             k3 NO2
R4  NO + O3 -> NO2                  k4 NO O3
R5  RP + RP -> products             k5 RP^2
R6  RP + NO2 -> gas nitrate         k6 RP NO2
R7  RP + NO2 -> particulate nitrate k7 RP NO2
==  ==============================  ========================================

The radical pool RP is in steady state, as in the original; the products of R6 and R7 are total nitrate (TNO3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from lantian.transport import photolysis
from lantian.transport.parameters import Parameter

PER_PPM_MINUTE: Final = 1 / 60_000
"""From ppm-1 min-1, in which the set is published, to ppb-1 s-1."""
SURFACE_PRESSURE: Final = 101_325.0
"""Pa, at which the published rate constants of mole fractions hold."""
REFERENCE_TEMPERATURE: Final = 316.0
"""K, at which a unit of ROC times its reactivity makes radicals as fast as NO2 is split."""
SUBSTEPS: Final = 2
"""Substeps of a call of 300 s: within 3 % of a stiff solver over a day."""
DARK: Final = 1e-12
"""s-1; photolysis below which nothing brightens."""
RADICAL_FLOOR: Final = 1e-8
"""s-1; added in quadrature to the loss of radicals, so that air with neither light nor NOx gives 0 and not 0/0."""

PARAMETERS: Final = (
    *photolysis.PARAMETERS,
    Parameter(
        "roc_reactivity",
        0.0067,
        0.002,
        0.02,
        "1",
        "radicals made by one unit of ROC at 316 K, as a share of NO2 photolysis",
        "AERMOD's GRS7, after Johnson (1984) for urban air per carbon atom; range: a factor of 3, judgement",
    ),
    Parameter(
        "grs_k5",
        10_200 * PER_PPM_MINUTE,
        0.08,
        0.34,
        "ppb-1 s-1",
        "rate constant of RP + RP",
        "AERMOD's GRS7: 10200 ppm-1 min-1, HYSPLIT 10000; range: a factor of 2, judgement",
    ),
    Parameter(
        "grs_k6",
        125 * PER_PPM_MINUTE,
        0.001,
        0.004,
        "ppb-1 s-1",
        "rate constant of RP + NO2 to gaseous nitrate",
        "HYSPLIT and AERMOD's GRS7: 125 ppm-1 min-1; range: a factor of 2, judgement",
    ),
    Parameter(
        "grs_k7",
        125 * PER_PPM_MINUTE,
        0.001,
        0.004,
        "ppb-1 s-1",
        "rate constant of RP + NO2 to particulate nitrate",
        "HYSPLIT and AERMOD's GRS7: 125 ppm-1 min-1; range: a factor of 2, judgement",
    ),
)


class Rates(NamedTuple):
    """Rate constants for mole fractions in ppb; all broadcast against the concentrations."""

    k1: Array
    """s-1: radicals from one ppb of ROC, its reactivity included"""
    k2: Array
    """ppb-1 s-1: RP + NO"""
    k3: Array
    """s-1: NO2 + hv"""
    k4: Array
    """ppb-1 s-1: NO + O3"""
    k5: Array
    """ppb-1 s-1: RP + RP"""
    k67: Array
    """ppb-1 s-1: RP + NO2, both nitrates"""
    brightening: Array | float = 0.0
    """-1..1: in the first half of the call k1 and k3 are less by this share, in the second half they are more"""


def rates(
    temperature: ArrayLike,
    cos_zenith: ArrayLike,
    cloud_cover: ArrayLike,
    parameters: Mapping[str, Any],
    pressure: ArrayLike = SURFACE_PRESSURE,
    climb: ArrayLike = 0.0,
) -> Rates:
    """Rate constants of a call, from ``temperature`` K, ``cos_zenith``, ``cloud_cover`` 0..1 and ``pressure`` Pa.

    All arguments broadcast. Azzi, Johnson and Cope (1992), constants as in HYSPLIT (``GRATES``) and AERMOD
    (``RXNRATES_GRS7``): k1 = a k3 exp(-4710 (1/T - 1/316)); k2 = 5482 exp(242/T) and k4 = 2643 exp(-1370/T), both
    ppm-1 min-1 at sea level. A reaction of two gases slows with the air's density, which those codes leave out.

    All is of the middle of the call but the light: ``climb``, the change of ``cos_zenith`` in the call, gives each half
    its own, for at dawn light doubles in minutes.
    """
    inverse = 1 / jnp.asarray(temperature)
    bimolecular = jnp.asarray(pressure) / SURFACE_PRESSURE
    quarter = 0.25 * jnp.asarray(climb)
    first, second = (
        photolysis.photolysis_no2(c, cloud_cover, parameters) for c in (cos_zenith - quarter, cos_zenith + quarter)
    )
    k3 = 0.5 * (first + second)
    warmth = jnp.exp(-4710 * (inverse - 1 / REFERENCE_TEMPERATURE))
    return Rates(
        k1=parameters["roc_reactivity"] * warmth * k3,
        k2=bimolecular * (5482 * PER_PPM_MINUTE) * jnp.exp(242 * inverse),
        k3=k3,
        k4=bimolecular * (2643 * PER_PPM_MINUTE) * jnp.exp(-1370 * inverse),
        k5=bimolecular * parameters["grs_k5"],
        k67=bimolecular * (parameters["grs_k6"] + parameters["grs_k7"]),
        brightening=0.5 * (second - first) / jnp.maximum(k3, DARK),
    )


def react(x: Mapping[str, Array], rates: Rates, dt: float, substeps: int = SUBSTEPS) -> dict[str, Array]:
    """Mole fractions after ``dt`` seconds of photochemistry at these ``rates``.

    ``x`` holds ppb of ROC, NO, NO2, O3 and TNO3 in arrays of any shapes that broadcast, none negative; other species
    come out as they went in. ROC does not change (R1 gives it back). No result is negative, and NO + NO2 + TNO3 stays
    the same to rounding. The error grows with ``dt / substeps``; with the rates of the middle of the call, 150 s keep
    it within 3 % of a species' diurnal maximum. ``ValueError`` for fewer than one substep.
    """
    return react_and_mean(x, rates, dt, substeps)[0]


def react_and_mean(
    x: Mapping[str, Array], rates: Rates, dt: float, substeps: int = SUBSTEPS
) -> tuple[dict[str, Array], Array]:
    """What `react` gives, and the mean NO of the ``dt`` seconds, ppb: at night most of it is gone at their end."""
    if substeps < 1:
        raise ValueError(f"{substeps} substeps: at least one is needed")
    names = ("NO", "NO2", "O3", "TNO3")
    given = (x["ROC"], *(x[name] for name in names), *rates)
    shape = jnp.broadcast_shapes(*(jnp.shape(array) for array in given))
    gases = tuple(jnp.broadcast_to(jnp.asarray(x[name], jnp.result_type(*given)), shape) for name in names)
    source = rates.k1 * x["ROC"]

    def step(now: tuple[Array, ...], half: Array) -> tuple[tuple[Array, ...], None]:
        light = 1 + half * rates.brightening
        lit = rates._replace(k3=rates.k3 * light)
        *gases, stayed = _substep(now[:4], source * light, lit, dt / substeps)
        return (*gases, now[4] + stayed / dt), None

    halves = jnp.sign(2 * jnp.arange(substeps) + 1 - substeps).astype(gases[0].dtype)
    # On the way back a substep is computed again, which costs less than to store what it went through.
    now, _ = lax.scan(jax.checkpoint(step, prevent_cse=False), (*gases, jnp.zeros_like(gases[0])), halves)
    return {**x, **dict(zip(names, now[:4], strict=True))}, now[4]


def radical_pool(source: Array, no: Array, no2: Array, rates: Rates) -> Array:
    """The radicals RP in ppb at which R1 = R2 + R5 + R6 + R7, from their ``source`` k1 ROC in ppb s-1.

    The positive root of k5 RP^2 + (k2 NO + k67 NO2) RP = source, written without a difference.
    """
    loss = rates.k2 * no + rates.k67 * no2
    return 2 * source / (loss + jnp.sqrt(loss**2 + 4 * rates.k5 * source + RADICAL_FLOOR**2))


def _substep(gases: tuple[Array, ...], source: Array, rates: Rates, h: float) -> tuple[Array, ...]:
    """NO, NO2, O3, TNO3 after ``h`` seconds: half of R6 and R7, all of R2, R3 and R4 together, the other half.

    And the integral of NO over them, ppb s.
    """
    no, no2, o3, tno3 = gases
    pool = radical_pool(source, no, no2, rates)
    # Radicals and NO depend on each other; an estimate of NO at the middle of the substep serves both.
    gain, relax = _balance(no, no2, o3, rates.k2 * pool, rates)
    half_way = 0.5 * h * gain / (1 + 0.5 * h * relax)
    pool = radical_pool(source, no - half_way, no2 + half_way, rates)

    decay = 0.5 * h * rates.k67 * pool
    decay = decay + 0.5 * decay**2
    share = decay / (1 + decay)  # 1 - exp(-decay) to second order, and never above 1
    first = share * no2
    no, no2, o3, stayed = _oxidise(no, no2 - first, o3, rates.k2 * pool, rates, h)
    second = share * no2
    return no, no2 - second, o3, tno3 + (first + second), stayed


def _balance(no: Array, no2: Array, o3: Array, r: Array, rates: Rates) -> tuple[Array, Array]:
    """Net rate R2 + R4 - R3 at which NO turns to NO2, ppb s-1, and minus its slope in what has turned, s-1."""
    return no * (rates.k4 * o3 + r) - rates.k3 * no2, rates.k4 * (no + o3) + rates.k3 + r


def _oxidise(no: Array, no2: Array, o3: Array, r: Array, rates: Rates, h: float) -> tuple[Array, ...]:
    """NO, NO2, O3 after ``h`` seconds of R2 (at ``r`` = k2 RP, s-1), R3 and R4; and the integral of NO.

    Own derivation. What has turned from NO to NO2 obeys the Riccati equation dw/dt = gain - relax w + k4 w^2, with the
    solution w = 2 gain p / (1 + relax p), p = tanh(D h / 2) / D, D^2 = relax^2 - 4 k4 gain; D^2 is written as a sum of
    squares and products, none negative. Without R2 (at night, or r = 0) that is the exact solution of NO + O3 <-> NO2.
    R2 takes no ozone: what it turns, r times the integral of NO, is given back to O3, and meets the NO that is left for
    half the substep, one implicit step of R4; the integral is exact in both limits, a short substep and a fast
    relaxation.
    """
    gain, relax = _balance(no, no2, o3, r, rates)
    slant = rates.k4 * (o3 - no) + rates.k3 + r
    rate2 = slant**2 + 4 * rates.k4 * rates.k3 * (no + no2)
    p = 0.5 * h * _tanh_ratio(0.25 * h * h * rate2)
    turned = 2 * gain * p / (1 + relax * p)
    # Rounding only: `where` and not `minimum`, because at a tie the latter would halve the gradient.
    turned = jnp.where(turned > no, no, turned)
    turned = jnp.where(turned < -no2, -no2, turned)
    no, no2 = no - turned, no2 + turned
    stayed = h * no + p * turned
    spared = r * stayed
    o3 = o3 - turned + spared
    o3 = o3 - lax.stop_gradient(jnp.minimum(o3, 0.0))
    spared = jnp.where(spared > o3, o3, spared)
    middle = 0.5 * h * rates.k4
    again = middle * spared * no / (1 + middle * (no + o3) + 0.5 * h * (rates.k3 + r))
    return no - again, no2 + again, o3 - again, stayed


def _tanh_ratio(square: Array) -> Array:
    """tanh(y) / y of the ``square`` y^2, and its slope, without loss of digits near zero (two terms of the series)."""
    small = square < 1e-3
    y = jnp.sqrt(jnp.where(small, 1.0, square))
    return jnp.where(small, 1 - square * (1 / 3 - square * (2 / 15)), jnp.tanh(y) / y)
