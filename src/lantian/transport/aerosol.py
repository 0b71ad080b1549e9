"""Compact inorganic aerosol for winter haze: sulfate from SO2, nitrate from NO2, ammonium nitrate, one SOA lump.

SO2 becomes SO4 by OH, in cloud water and on wet particles. NO2 becomes TNO3 by OH and, with O3, through N2O5 on
particles. NO3 and N2O5 are not carried: both stand in their steady state. NO3 that does not end on a particle gives
back the NO2 and the O3 that made it. ``rates`` holds what only weather and parameters decide (once an hour); ``react``
adds what the particles decide (each step of the chemistry).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log, log10, pi
from typing import Any, Final, NamedTuple

import jax.numpy as jnp
from jax import Array

from lantian.transport import photolysis
from lantian.transport.parameters import Parameter
from lantian.transport.species import MOLAR_MASS_AIR, REGISTRY

PARAMETERS: Final = (
    *photolysis.PARAMETERS,
    Parameter(
        "oh_noon", 2.0e6, 0.5e6, 6.0e6, "cm-3",
        "OH under a clear sky with the sun 60 degrees from the zenith, as at a winter noon in north China",
        "Tan et al. 2018 (ACP 18:12391): 2.4-3.6e6 at noon; Slater et al. 2020 (ACP 20:14847): 1-8e6, mean 2.7e6",
    ),
    Parameter(
        "oh_nitrate_share", 0.5, 0.0, 1.0, "1",
        "share of NO2 + OH that the radicals of the photochemistry (GRS reactions 6 and 7) do not stand for already",
        "judgement; 0 leaves nitrate by day to the photochemistry alone, 1 counts both in full",
    ),
    Parameter(
        "so2_uptake_dry", 2.0e-5, 1.0e-6, 5.0e-5, "1",
        "uptake coefficient of SO2 on fine particles at 50 % relative humidity and below",
        "Zheng B. et al. 2015 (ACP 15:2031)",
    ),
    Parameter(
        "so2_uptake_humid", 5.0e-5, 1.0e-5, 1.0e-4, "1",
        "uptake coefficient of SO2 on fine particles at 100 % relative humidity; linear between 50 and 100 %",
        "Zheng B. et al. 2015 (ACP 15:2031); the mechanism is disputed, so the range is wide",
    ),
    Parameter(
        "cloud_oxidation", 3.0e-4, 3.0e-5, 3.0e-3, "s-1 per g m-3",
        "SO2 oxidised in cloud, per gram of liquid water in a cubic metre of air",
        "30 ppb of O3 at 273 K (Seinfeld & Pandis 2006, ch. 7): pH 4.4, 4.9 and 5.5 give low, prior and high",
    ),
    Parameter(
        "n2o5_uptake_scale", 1.0, 0.1, 2.0, "1",
        "factor on the laboratory uptake coefficients of N2O5",
        "Brown et al. 2009 (JGR 114:D00F10): a tenth; Wang H. et al. 2018 (ACP 18:9705): 0.012-0.055 near Beijing",
    ),
    Parameter(
        "no3_organic_loss", 2.0e-3, 1.0e-4, 5.0e-2, "s-1",
        "loss of NO3 to organic vapours; what it makes is counted as NO2 again, so that nitrogen is kept",
        "judgement for winter; summers with biogenic vapours reach the high end",
    ),
    Parameter(
        "soa_yield", 0.1, 0.02, 0.4, "g g-1",
        "mass of secondary organic aerosol from a mass of reactive organic carbon, once fully aged",
        "judgement; 0.08 g per g of CO (Hodzic & Jimenez 2011) is about 0.4 per g of vapours in China's inventories",
    ),
    Parameter(
        "soa_time", 22.0, 6.0, 72.0, "h",
        "time of that ageing at 1e6 OH cm-3",
        "Hodzic & Jimenez 2011 (GMD 4:901): 1.25e-11 cm3 s-1",
    ),
)  # fmt: skip
"""The uncertain numbers of this file; haze and cloud dim its light as they dim the photochemistry's."""

AMMONIUM_PER_SULFATE: Final = 2.0
"""Ammonium that one sulfate binds before nitrate gets any: (NH4)2SO4, as the particulate factor of SO4 has it."""

_GAS_CONSTANT: Final = 8.314462618  # J mol-1 K-1
_BOLTZMANN: Final = 1.380649e-23  # J K-1
_DIFFUSIVITY: Final = 1.0e-5  # m2 s-1 of the gases taken up (EMEP)
_RADIUS: Final = 0.18e-6  # m, of the dry particle that has the surface of the whole fine mode per mass
_SURFACE: Final = 3.0e-9 / (1500.0 * _RADIUS)  # m2 of dry surface per ug of fine particles of 1500 kg m-3
_KAPPA_INORGANIC: Final = 0.6  # ammonium sulfate 0.61, nitrate 0.67 (Petters & Kreidenweis 2007, table 1)
_KAPPA_OTHER: Final = 0.1  # organic particles (the same, ACP 7:1961)
_SMALLEST_SUN: Final = 0.01  # cosine below which the photolysis formulas are not evaluated; they give nothing there
_CORNER: Final = 1.0e-3  # ppb; rounds the corner where sulfate has bound all ammonium, over some tenths of a ppb
_SMALLEST_DISSOCIATION: Final = 1.0e-12  # ppb2; keeps square roots differentiable, moves nitrate by 1e-6 ppb
_SMALLEST_STEP: Final = 1.0e-12  # below it (1 - exp(-z)) / z is 1; its square still has an inverse in float32
_PM25_PER_PPB: Final = {name: s.pm25 * s.molar_mass / MOLAR_MASS_AIR for name, s in REGISTRY.items()}
_SOA_PER_ROC: Final = REGISTRY["ROC"].molar_mass / REGISTRY["SOA"].molar_mass


class Rates(NamedTuple):
    """What weather and parameters decide, all of one shape; an uptake is per ug of particles in a kg of air."""

    so2_oxidation: Array
    """s-1, by OH and in cloud"""
    so2_on_inorganic: Array
    """s-1 per ug kg-1 of sulfate and nitrate with their ammonium"""
    so2_on_other: Array
    """s-1 per ug kg-1 of all other fine particles"""
    no2_oh: Array
    """s-1, the share of NO2 + OH that counts here"""
    no3_formation: Array
    """ppb-1 s-1, NO2 + O3"""
    n2o5_formation: Array
    """ppb-1 s-1, NO2 + NO3"""
    n2o5_decay: Array
    """s-1, N2O5 back to NO2 + NO3"""
    n2o5_on_sulfate: Array
    """s-1 per ug kg-1 of (NH4)2SO4"""
    n2o5_on_nitrate: Array
    """s-1 per ug kg-1 of NH4NO3"""
    n2o5_on_organic: Array
    """s-1 per ug kg-1 of primary fine particles and SOA"""
    n2o5_on_dust: Array
    """s-1 per ug kg-1 of dust; black carbon counts half"""
    no3_loss: Array
    """s-1, photolysis of NO3 and organic vapours"""
    no3_no: Array
    """ppb-1 s-1, NO3 + NO"""
    dissociation: Array
    """ppb2, of NH4NO3"""
    soa: Array
    """s-1, reactive organic carbon to SOA, the yield inside"""


def rates(
    temperature: Any,
    humidity: Any,
    pressure: Any,
    density: Any,
    cloud_water: Any,
    cos_zenith: Any,
    cloud_cover: Any,
    parameters: Mapping[str, Any],
) -> Rates:
    """The rates at this weather: K, 0..1, Pa, kg m-3, kg kg-1, 1, 0..1, in arrays that broadcast.

    Gas kinetics: IUPAC (Atkinson et al. 2004, ACP 4:1461, with the later data sheets of OH + NO2, OH + SO2 and
    NO2 + NO3). Uptake of SO2: Zheng B. et al. 2015; of N2O5: ``n2o5_uptake_coefficients``, and 0.01 on dust and half of
    it on black carbon (Evans & Jacob 2005, GRL 32:L09813, table 1). ``parameters``: values of ``PARAMETERS``.
    """
    t = jnp.asarray(temperature)
    rh = jnp.clip(humidity, 0.0, 1.0)
    air = pressure / t * (1.0e-6 / _BOLTZMANN)  # molecules cm-3
    ppb = 1.0e-9 * air
    cold = jnp.log(300.0 / t)  # powers of 300/T as exponentials: a power of an array costs ten times as much on a CPU
    oh = _hydroxyl(cos_zenith, cloud_cover, parameters)
    so2_oh = _falloff(2.5e-31 * jnp.exp(2.6 * cold) * air, 2.0e-12, 0.53)
    no2_oh = _falloff(3.2e-30 * jnp.exp(4.5 * cold) * air, 3.0e-11, 0.41)
    n2o5_formation = _falloff(3.6e-30 * jnp.exp(4.1 * cold) * air, 1.9e-12 * jnp.exp(-0.2 * cold), 0.35)
    n2o5_decay = _falloff(
        1.3e-3 * jnp.exp(3.5 * cold - 11000.0 / t) * air, 9.7e14 * jnp.exp(-0.1 * cold - 11080.0 / t), 0.35
    )
    dry, humid = parameters["so2_uptake_dry"], parameters["so2_uptake_humid"]
    gamma_so2 = dry + (humid - dry) * jnp.clip(2.0 * rh - 1.0, 0.0, 1.0)
    scale = parameters["n2o5_uptake_scale"]
    gamma_sulfate, gamma_nitrate, gamma_organic = n2o5_uptake_coefficients(t, rh)
    inorganic, other = _growth(rh, _KAPPA_INORGANIC), _growth(rh, _KAPPA_OTHER)
    fields = Rates(
        so2_oxidation=so2_oh * oh + parameters["cloud_oxidation"] * cloud_water * density * 1.0e3,
        so2_on_inorganic=density * _uptake(gamma_so2, 0.064064, t, inorganic),
        so2_on_other=density * _uptake(gamma_so2, 0.064064, t, other),
        no2_oh=parameters["oh_nitrate_share"] * no2_oh * oh,
        no3_formation=1.4e-13 * jnp.exp(-2470.0 / t) * ppb,
        n2o5_formation=n2o5_formation * ppb,
        n2o5_decay=n2o5_decay,
        n2o5_on_sulfate=density * _uptake(scale * gamma_sulfate, 0.10801, t, inorganic),
        n2o5_on_nitrate=density * _uptake(scale * gamma_nitrate, 0.10801, t, inorganic),
        n2o5_on_organic=density * _uptake(scale * gamma_organic, 0.10801, t, other),
        n2o5_on_dust=density * _uptake(scale * 0.01, 0.10801, t, jnp.ones_like(rh)),
        no3_loss=parameters["no3_organic_loss"] + _no3_photolysis(cos_zenith, cloud_cover, parameters),
        no3_no=1.8e-11 * jnp.exp(110.0 / t) * ppb,
        dissociation=dissociation(t, rh, pressure),
        soa=parameters["soa_yield"] * oh * (1.0e-6 / 3600.0) / parameters["soa_time"],
    )
    return Rates(*jnp.broadcast_arrays(*fields))


def react(x: Mapping[str, Array], rates: Rates, dt: float, no: Array | None = None) -> dict[str, Array]:
    """Mole fractions after ``dt`` seconds.

    ``x``: ppb, arrays of one shape, with NO, NO2, O3, SO2, SO4, TNO3 and TNH4; PPM25, BC and DUST add surface if they
    are there, SOA is made from ROC if it is there; all else passes through. Nothing becomes negative; S, N and the mass
    of ROC and SOA together are kept to rounding, because each reaction moves an extent from one species to another.
    ``no``: the mean NO of these seconds, where the photochemistry knows it; at night what was emitted takes its NO3
    and is gone at their end.

    N2O5: NO2 + O3 -> NO3 (a), NO2 + NO3 <-> N2O5 (f, b), N2O5 -> 2 TNO3 on particles (u), NO3 -> NO2 + O3 by light, NO
    or vapours (l). With NO3 and N2O5 steady (own derivation), the share u f NO2 / (u f NO2 + l (u + b)) of the NO3 that
    (a) makes ends as nitrate, and in sum 2 NO2 + O3 -> 2 TNO3 at the rate r = a share NO2 O3. Its extent is r dt (1 -
    exp(-z)) / z with z = a share dt (NO2 + 2 O3), an exponential Rosenbrock step (Hochbruck & Ostermann 2010, Acta
    Numerica 19:209): exact to second order at a given share, at most O3 and half of NO2.
    """
    nitrate, _ = _partition(x["TNO3"], x["TNH4"], x["SO4"], rates.dissociation)
    sulfate = _PM25_PER_PPB["SO4"] * x["SO4"]
    nitrate = _PM25_PER_PPB["TNO3"] * nitrate
    organic = _particles(x, "PPM25", "SOA")
    dust, carbon = _particles(x, "DUST"), _particles(x, "BC")

    uptake = rates.so2_on_inorganic * (sulfate + nitrate) + rates.so2_on_other * (organic + dust + carbon)
    by_oxidation = -jnp.expm1(-dt * (rates.so2_oxidation + uptake)) * x["SO2"]

    by_oh = -jnp.expm1(-dt * rates.no2_oh) * x["NO2"]
    no2, o3 = x["NO2"] - by_oh, x["O3"]

    hydrolysis = (
        rates.n2o5_on_sulfate * sulfate
        + rates.n2o5_on_nitrate * nitrate
        + rates.n2o5_on_organic * organic
        + rates.n2o5_on_dust * (dust + 0.5 * carbon)
    )
    onward = hydrolysis * rates.n2o5_formation * no2
    back = (rates.no3_loss + rates.no3_no * (x["NO"] if no is None else no)) * (hydrolysis + rates.n2o5_decay)
    speed = dt * rates.no3_formation * onward / (onward + back)
    z = jnp.maximum(speed * (no2 + 2.0 * o3), _SMALLEST_STEP)
    by_n2o5 = jnp.minimum(speed * no2 * o3 * (-jnp.expm1(-z) / z), jnp.minimum(0.5 * no2, o3))

    y = dict(x)
    y["SO2"], y["SO4"] = x["SO2"] - by_oxidation, x["SO4"] + by_oxidation
    y["NO2"], y["TNO3"] = no2 - 2.0 * by_n2o5, x["TNO3"] + (by_oh + 2.0 * by_n2o5)
    y["O3"] = o3 - by_n2o5
    if "SOA" in x:
        condensed = -jnp.expm1(-dt * rates.soa) * x["ROC"]
        y["ROC"], y["SOA"] = x["ROC"] - condensed, x["SOA"] + _SOA_PER_ROC * condensed
    return y


def equilibrium(
    tno3: Any, tnh4: Any, so4: Any, temperature: Any, humidity: Any, pressure: Any = 1.0e5
) -> tuple[Array, Array]:
    """Particulate nitrate and particulate ammonium, ppb, of the totals TNO3, TNH4 and SO4 in ppb; K, 0..1, Pa.

    Sulfate takes its ammonium first; what is left stands in equilibrium, NH3 HNO3 = Kp (Mozurkewich 1993). The gases
    are the rest of the totals. Finite and differentiable, at zeros too; the slope jumps only where the last nitrate
    evaporates, as in nature.
    """
    return _partition(tno3, tnh4, so4, dissociation(temperature, humidity, pressure))


def dissociation(temperature: Any, humidity: Any, pressure: Any = 1.0e5) -> Array:
    """Dissociation constant of ammonium nitrate, the product of NH3 and HNO3 over it, ppb2; K, 0..1, Pa.

    Mozurkewich 1993 (Atmos. Environ. 27A:261), as in Simpson et al. 2012 (ACP 12:7825): the solid, and the solution
    whose water activity is the humidity. The stabler of the two stands, so that Kp has no jump at deliquescence. The
    paper's unit is nanobar squared: 43.1 at 298.15 K, hence 42.0 ppb2 at one atmosphere, and more aloft.
    """
    t = jnp.asarray(temperature)
    log_t = jnp.log(t)
    dryness = 1.0001 - jnp.clip(humidity, 0.0, 1.0)
    solid = jnp.exp(118.87 - 24084.0 / t - 6.025 * log_t)
    p1 = jnp.exp(-135.94 + 8763.0 / t + 19.12 * log_t)
    p2 = jnp.exp(-122.65 + 9969.0 / t + 16.22 * log_t)
    p3 = jnp.exp(-182.61 + 13875.0 / t + 24.46 * log_t)
    root = jnp.sqrt(dryness)
    solution = (p1 - dryness * (p2 - dryness * p3)) * dryness * root * jnp.sqrt(root)
    return jnp.maximum(solid * jnp.minimum(solution, 1.0) * (1.0e5 / pressure) ** 2, _SMALLEST_DISSOCIATION)


def deliquescence(temperature: Any) -> Array:
    """Relative humidity (0..1) above which ammonium nitrate is a solution; K. Mozurkewich 1993.

    For comparison: ``dissociation`` finds the same point by itself, within 0.04.
    """
    return jnp.exp(618.3 / jnp.asarray(temperature) - 2.551)


def n2o5_uptake_coefficients(temperature: Any, humidity: Any) -> tuple[Array, Array, Array]:
    """Uptake coefficient of N2O5 on sulfate, on nitrate and on organic particles; K, 0..1.

    Sulfate and organic: Evans & Jacob 2005 (GRL 32:L09813, table 1), with the sign of sulfate's exponent turned, a
    printing error that the EMEP model corrects too: uptake grows in the cold. Nitrate: Davis et al. 2008 (ACP 8:5295,
    eq. 6 and its ceiling).
    """
    percent = 100.0 * jnp.asarray(humidity)
    cold = jnp.exp(log(10.0) * jnp.minimum(0.04 * (294.0 - temperature), 0.48))
    sulfate = (2.79e-4 + percent * (1.3e-4 + percent * (-3.43e-6 + percent * 7.52e-8))) * cold
    nitrate = jnp.minimum(1.0 / (1.0 + jnp.exp(8.10774 - 0.04902 * percent)), 0.0154)
    return sulfate, nitrate, jnp.minimum(5.2e-4 * percent, 0.03)


def _partition(tno3: Any, tnh4: Any, so4: Any, kp: Any) -> tuple[Array, Array]:
    """Nitrate and ammonium in particles, ppb; the roots are written without differences of near numbers.

    The smaller root n of (free - n) (tno3 - n) = Kp, as in the EMEP model (``Ammonium``); the rounded corner is own.
    """
    sites = AMMONIUM_PER_SULFATE * so4
    total = tnh4 + sites + _CORNER
    root = jnp.sqrt((tnh4 - sites) ** 2 + _CORNER * (2.0 * (tnh4 + sites) + _CORNER))
    bound = jnp.minimum(2.0 * tnh4 * sites / (total + root), tnh4)
    free = tnh4 - bound
    supersaturated = jnp.maximum(free * tno3 - kp, 0.0)
    nitrate = 2.0 * supersaturated / (free + tno3 + jnp.sqrt((free - tno3) ** 2 + 4.0 * kp))
    nitrate = jnp.minimum(nitrate, jnp.minimum(free, tno3))
    return nitrate, bound + nitrate


def _particles(x: Mapping[str, Array], *names: str) -> Any:
    """Dry fine particles of these species, ug in a kg of air; 0 where none is carried."""
    return sum(_PM25_PER_PPB[name] * x[name] for name in names if name in x)


def _falloff(low: Any, high: Any, broadening: float) -> Any:
    """Termolecular rate, cm3 s-1, from its limits (the low one times air); Troe's form as in IUPAC (ACP 4:1461)."""
    width = 0.75 - 1.27 * log10(broadening)
    exponent = 1.0 / (1.0 + (jnp.log10(low / high) / width) ** 2)
    return low * high / (low + high) * jnp.exp(log(broadening) * exponent)


def _hydroxyl(cos_zenith: Any, cloud_cover: Any, parameters: Mapping[str, Any]) -> Any:
    """OH, cm-3: it follows the photolysis of O3 to O(1D) (Rohrer & Berresheim 2006, Nature 442:184).

    That photolysis over the sun's height: J1 of the Master Chemical Mechanism (Saunders et al. 2003, ACP 3:161).
    """
    sun = jnp.maximum(cos_zenith, _SMALLEST_SUN)
    shape = (sun / 0.5) ** 1.743 * jnp.exp(0.474 * (1.0 / 0.5 - 1.0 / sun))
    return parameters["oh_noon"] * shape * _transmission(cloud_cover, parameters)


def _no3_photolysis(cos_zenith: Any, cloud_cover: Any, parameters: Mapping[str, Any]) -> Any:
    """Photolysis of NO3 to NO and to NO2, s-1; Saunders et al. 2003 (ACP 3:161), J5 + J6."""
    sun = jnp.maximum(cos_zenith, _SMALLEST_SUN)
    clear = 2.485e-2 * sun**0.168 * jnp.exp(-0.108 / sun) + 1.747e-1 * sun**0.155 * jnp.exp(-0.125 / sun)
    return clear * _transmission(cloud_cover, parameters)


def _transmission(cloud_cover: Any, parameters: Mapping[str, Any]) -> Any:
    """Share of the clear sky's light that is left, as for the photolysis of NO2 (``photolysis.photolysis_no2``)."""
    cloud = 1.0 - parameters["photolysis_cloud"] * jnp.clip(cloud_cover, 0.0, 1.0) ** 3.4
    return parameters["photolysis_scale"] * cloud


def _growth(humidity: Array, kappa: float) -> Array:
    """Surface of a wet particle over that of the dry one; Petters & Kreidenweis 2007 (ACP 7:1961), without curvature.

    Water beyond 95 % humidity is the cloud's.
    """
    activity = jnp.minimum(humidity, 0.95)
    return jnp.exp(2.0 / 3.0 * jnp.log1p(kappa * activity / (1.0 - activity)))


def _uptake(gamma: Any, molar_mass: float, temperature: Array, growth: Array) -> Any:
    """First-order loss of a gas (kg mol-1) on one ug m-3 of dry particles, s-1.

    Diffusion to the particle and its surface in series (Schwartz 1986; Jacob 2000, Atmos. Environ. 34:2131, eq. 1).
    """
    speed = jnp.sqrt(8.0 * _GAS_CONSTANT / (pi * molar_mass) * temperature)
    taken = gamma * speed
    return _SURFACE * growth * taken / (4.0 + taken * (_RADIUS / _DIFFUSIVITY) * jnp.sqrt(growth))
