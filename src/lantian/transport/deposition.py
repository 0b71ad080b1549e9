"""What leaves the air: dry deposition by resistances over a mosaic of land, scavenging by rain, settling of large
particles.

Dry: v = 1 / (Ra + Rb + Rc) for gases (Wesely 1989, Atmos. Environ. 23:1293), with the conductances of SO2 and O3 scaled
to other gases by solubility and reactivity as in the EMEP model (Simpson et al. 2012, ACP 12, 7825, section 8);
particles by Ra, a surface term and settling. Wet: the scavenging ratios of Berge and Jakobsen (1998, Tellus B 50:205)
in the form of the EMEP model.

The tables were compared with public code: Wesely's Table 1 and 2 with InMAP's, the rest with EMEP's (``Rsurface``,
``Rb``, ``Aero_Vds``, ``GasParticleCoeffs``, ``DryDep``). What is not done: snow cover, dew, growth of particles with
humidity, two-way exchange of ammonia, a friction velocity of its own for each class of land.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from lantian.transport.diffusivity import GRAVITY, KARMAN
from lantian.transport.parameters import Parameter
from lantian.transport.species import MOLAR_MASS_AIR
from lantian.transport.weather import Weather

FREEZING: Final = 273.15
"""K"""
VISCOSITY: Final = 1.35e-5
"""m2 s-1, kinematic, at 0 degC; with diffusivities at 0 degC the Schmidt number hardly depends on temperature
(EMEP)."""
PRANDTL: Final = 0.71
DIFFUSIVITY_WATER: Final = 21.78e-6
"""m2 s-1 at 0 degC, water vapour in air (Massman 1998)."""
LEAST_FRICTION: Final = 0.01
"""m s-1; a friction velocity below this is taken as this."""
NONE: Final = 1e25
"""s m-1: there is no such path."""

PARAMETERS: Final = (
    Parameter("canopy_uptake", 1.0, 0.3, 3.0, "1", "factor on the conductance of every surface for gases", "judgement"),
    Parameter("no2_reactivity", 0.1, 0.05, 0.5, "1", "f0 of NO2", "Wesely (1989) Table 2; high end EMEP"),
    Parameter("nitrate_gas_share", 0.1, 0.0, 1.0, "1", "nitric acid's share of total nitrate", "judgement: winter"),
    Parameter("ammonia_gas_share", 0.5, 0.0, 1.0, "1", "ammonia's share of total ammonia", "judgement: winter"),
    Parameter("particle_uptake", 0.002, 0.0005, 0.008, "1", "surface velocity over u*", "Wesely et al. (1985); EMEP"),
    Parameter("coarse_diameter", 4.85, 3.0, 8.0, "um", "settling diameter of PMC", "EMEP: 3.0 um, sigma 2.0, by mass"),
    Parameter("dust_diameter", 1.5, 0.5, 2.5, "um", "settling diameter of fine dust", "judgement"),
    Parameter("in_cloud_fine", 1.0, 0.5, 1.6, "1", "in-cloud scavenging ratio of particles / 1e6", "EMEP"),
    Parameter("in_cloud_soot", 0.3, 0.05, 1.0, "1", "the same of black carbon", "between EMEP's fresh 0.05 and aged 1"),
    Parameter("collection_fine", 0.02, 0.005, 0.1, "1", "rain's collection efficiency of fine particles", "EMEP"),
    Parameter("collection_coarse", 0.4, 0.1, 0.7, "1", "the same of coarse particles", "EMEP"),
    Parameter("cloud_threshold", 1e-5, 1e-6, 1e-4, "kg kg-1", "cloud water that makes a cell cloudy", "CMAQ 5"),
)

CLASSES: Final = ("urban", "cropland", "forest", "grass", "bare", "water")
"""Classes of land, in the order of `Land.fraction`: columns 1, 2, 6 (mixed forest), 3 (range), 8 and 7 of Wesely
(1989)."""
ROUGHNESS: Final = np.array([0.8, 0.15, 0.5, 0.12, 0.01, 1e-4])
"""m, by class: USGS classes 1, 2, 15, 7, 19, 16 of WRF's land-use table."""
STEM_AREA: Final = np.array([[0, 0, 5.5, 0, 0, 0], [0, 0, 3.5, 0, 0, 0]], float)
"""Surface area index, summer and winter, by class: leaves plus stems of a forest half evergreen (Simpson et al. 2012:
leaf area 4 to 5 plus 1); zero elsewhere, for EMEP lets it count in forests alone."""


class _Surface(NamedTuple):
    """Resistances by class, s m-1: Wesely (1989) Table 1, midsummer and late autumn after frost without snow."""

    stomata: np.ndarray = np.array([[NONE, 60, 100, 120, NONE, NONE], [NONE, NONE, 500, NONE, NONE, NONE]])
    leaf: np.ndarray = np.array([[NONE, 2000, 2000, 2000, NONE, NONE], [NONE, NONE, 8000, 9000, NONE, NONE]])
    below_canopy: np.ndarray = np.array([[100, 200, 2000, 100, 0, 0], [100, 10, 1500, 100, 0, 0]], float)
    ground_so2: np.ndarray = np.array([[400, 150, 100, 350, 1000, 1], [400, 150, 200, 350, 1000, 1]], float)
    ground_o3: np.ndarray = np.array([[300, 150, 300, 200, 400, 2000], [300, 150, 300, 200, 400, 2000]], float)
    low_leaf_so2: np.ndarray = np.array([[NONE, 2000, 2000, 2000, NONE, NONE], [NONE, NONE, 6000, 9000, NONE, NONE]])
    low_leaf_o3: np.ndarray = np.array([[NONE, 1000, 1000, 1000, NONE, NONE], [NONE, 1000, 600, 400, NONE, NONE]])


SURFACE: Final = _Surface()
"""Water takes SO2 up without resistance in the table; 1 s m-1 stands for that."""


class _Gas(NamedTuple):
    """Diffusivity m2 s-1 at 0 degC; effective Henry's constant M atm-1; reactivity f0; scavenging ratios / 1e6."""

    diffusivity: float
    henry: float
    reactivity: float
    in_cloud: float = 0.0
    below_cloud: float = 0.0


# Diffusivity: Massman (1998) or Wesely's ratios; H*, f0: EMEP and Wesely (1989) Table 2; ROC as toluene (Sander 2015).
_GASES: Final[Mapping[str, _Gas]] = {
    "SO2": _Gas(10.89e-6, 1e5, 0.0, 0.3, 0.15),
    "O3": _Gas(DIFFUSIVITY_WATER / 1.51, 1e-2, 1.0),
    "NO2": _Gas(13.61e-6, 1e-2, 0.1),  # f0 is the parameter no2_reactivity
    "NO": _Gas(18.02e-6, 2e-3, 0.0),
    "CO": _Gas(18.07e-6, 1e-3, 0.0),
    "ROC": _Gas(DIFFUSIVITY_WATER / 2.3, 0.15, 0.0),
    "HNO3": _Gas(DIFFUSIVITY_WATER / 1.9, 1e14, 0.0, 1.4, 0.5),
    "NH3": _Gas(19.78e-6, 1e5, 0.0, 1.4, 0.5),
}
_MIXED: Final = {"TNO3": ("HNO3", "nitrate_gas_share"), "TNH4": ("NH3", "ammonia_gas_share")}
"""Of a species that is gas and fine particle at once: the gas, and the parameter of its share."""


class _Particle(NamedTuple):
    """Diameter in um or the parameter that has it; density kg m-3; the parameters of scavenging in and below cloud."""

    diameter: float | str
    density: float
    in_cloud: str = "in_cloud_fine"
    collection: str = "collection_fine"


_FINE: Final = _Particle(0.47, 1600.0)  # EMEP: median of mass 0.33 um, sigma 1.8, which settles as 0.33 exp(ln^2 1.8)
_PARTICLES: Final[Mapping[str, _Particle]] = {
    "SO4": _FINE,
    "PPM25": _FINE,
    "SOA": _FINE,
    "BC": _FINE._replace(in_cloud="in_cloud_soot"),
    "DUST": _Particle("dust_diameter", 2600.0),
    "PMC": _Particle("coarse_diameter", 2200.0, collection="collection_coarse"),
}


class Land(NamedTuple):
    """What the ground is like."""

    fraction: Array
    """(class, y, x) parts of the cell by `CLASSES`, sum 1"""
    roughness_length: Array
    """(y, x) m, of the whole cell, the one behind the friction velocity; `roughness` makes it of the fractions"""
    greenness: Array
    """(y, x) season: 0 late autumn and winter without leaves, 1 midsummer; between them conductances are linear"""


def roughness(fraction: Array) -> Array:
    """Roughness length of cells of mixed land, (y, x) m: the mean of the logarithm over ``fraction`` (class, y, x).

    Judgement; more exact rules blend drag at a height.
    """
    # A GPU would multiply float32 with three digits if it were not told.
    return jnp.exp(jnp.tensordot(jnp.log(ROUGHNESS).astype(fraction.dtype), fraction, 1, precision="highest"))


def psi_h(zeta: ArrayLike) -> Array:
    """Integral of (1 - phi_h) / zeta from 0 to ``zeta`` = z/L, with the phi_h of `diffusivity`.

    Unstable 2 ln((1 + sqrt(1 - 16 zeta)) / 2) (Paulson 1970, J. Appl. Meteorol. 9:857); stable, as the
    integral of it, -5 zeta up to 1, from there -4 - 4 ln zeta - zeta.
    """
    stable = jnp.maximum(zeta, 0.0)
    beyond = jnp.maximum(stable, 1.0)
    unstable = 2 * jnp.log((1 + jnp.sqrt(1 - 16 * jnp.minimum(zeta, 0.0))) / 2)
    return unstable - 5 * jnp.minimum(stable, 1.0) - 4 * jnp.log(beyond) - (beyond - 1)


def aerodynamic_resistance(weather: Weather, roughness_length: Array, height: Array) -> Array:
    """Ra = [ln(z/z0) - psi_h(z/L) + psi_h(z0/L)] / (k u*) between the roughness length and ``height`` (m), (y, x) s
    m-1.

    Garratt (1992, pp. 52-58), as in EMEP. A height below twice the roughness length is taken as that.
    """
    z = jnp.maximum(height, 2 * roughness_length)
    inverse = weather.inverse_obukhov
    profile = jnp.log(z / roughness_length) - psi_h(z * inverse) + psi_h(roughness_length * inverse)
    return profile / (KARMAN * jnp.maximum(weather.friction_velocity, LEAST_FRICTION))


def _sunshine(weather: Weather) -> Array:
    """Global radiation, (y, x) W m-2, of zenith angle and cloud: Kasten and Czeplak (1980, Solar Energy 24:177)."""
    clear = jnp.maximum(910 * weather.cos_zenith - 30, 0.0)
    return clear * (1 - 0.75 * jnp.clip(weather.cloud_cover, 0.0, 1.0) ** 3.4)


class _Canopy(NamedTuple):
    """Conductances of the classes, (class, y, x) m s-1: stomata for water vapour, all other surfaces for SO2 and O3."""

    stomata: Array
    so2: Array
    o3: Array


def _canopy(weather: Weather, land: Land) -> _Canopy:
    """Stomata: Wesely (1989) eq. 3; the rest: his paths through leaves, lower canopy (eq. 5, flat land) and ground, in
    parallel.

    Cold surfaces take up less: factor exp(0.2 (-1 - T)) on resistances, 1 to 2 (Simpson et al. 2012 eq. 63).
    """
    sun, celsius = _sunshine(weather), weather.temperature[0] - FREEZING
    light = (sun + 0.1) ** 2 / ((sun + 0.1) ** 2 + 200.0**2)
    warmth = jnp.maximum(celsius * (40 - celsius), 0.0) / 400
    cold = jnp.exp(jnp.clip(0.2 * (-1 - celsius), 0.0, math.log(2.0)))
    convection = 100 * (1 + 1000 / (sun + 10))

    def season(conductance: Array) -> Array:
        return conductance[1] + land.greenness * (conductance[0] - conductance[1])

    def column(table: np.ndarray) -> Array:
        return jnp.asarray(table, sun.dtype)[:, :, None, None]

    def rest(low_leaf: np.ndarray, ground: np.ndarray) -> Array:
        paths = 1 / column(SURFACE.leaf) + 1 / (convection + column(low_leaf))
        return season(paths + 1 / column(SURFACE.below_canopy + ground)) / cold

    return _Canopy(
        season(1 / column(SURFACE.stomata)) * light * warmth,
        rest(SURFACE.low_leaf_so2, SURFACE.ground_so2),
        rest(SURFACE.low_leaf_o3, SURFACE.ground_o3),
    )


def _gas_velocity(name: str, weather: Weather, land: Land, ra: Array, canopy: _Canopy, p: Mapping[str, Any]) -> Array:
    """Mean over the classes of 1 / (Ra + Rb + Rc), (y, x) m s-1.

    Rb = 2/(k u*) (Sc/Pr)^(2/3) (Hicks et al. 1987, Water Air Soil Pollut. 36:311); over water ln(z0 k u*/D) / (k u*),
    10 to 1000 s m-1 (Simpson et al. 2012, section 8). 1/Rc = stomata, behind which lies the mesophyll (Wesely 1989 eq.
    6), plus 1e-5 H* G(SO2) + f0 G(O3) (the same). Nitric acid sticks: Rc = max(10, -2 T) (EMEP).
    """
    gas = _GASES[name]
    reactivity = p["no2_reactivity"] if name == "NO2" else gas.reactivity
    transfer = KARMAN * jnp.maximum(weather.friction_velocity, LEAST_FRICTION)
    rb_land = 2 / transfer * (VISCOSITY / gas.diffusivity / PRANDTL) ** (2 / 3)
    z0_water = float(ROUGHNESS[CLASSES.index("water")])
    rb_water = jnp.clip(jnp.log(z0_water * transfer / gas.diffusivity) / transfer, 10.0, 1000.0)
    is_water = np.array([c == "water" for c in CLASSES])[:, None, None]
    if name == "HNO3":
        uptake = 1 / jnp.maximum(10.0, -2 * (weather.temperature[0] - FREEZING))
    else:
        mesophyll = 1 / (gas.henry / 3000 + 100 * reactivity)
        stomata = canopy.stomata * (gas.diffusivity / DIFFUSIVITY_WATER)
        uptake = stomata / (1 + stomata * mesophyll) + 1e-5 * gas.henry * canopy.so2 + reactivity * canopy.o3
    uptake = p["canopy_uptake"] * uptake
    return jnp.sum(land.fraction * uptake / (1 + uptake * (ra + jnp.where(is_water, rb_water, rb_land))), axis=0)


def _particle_velocity(settling: Array, weather: Weather, land: Land, ra: Array, p: Mapping[str, Any]) -> Array:
    """Mean over the classes of vs / (1 - exp(-(Ra + 1/Vds) vs)) (Venkatram and Pleim 1999, Atmos. Environ. 33:3075;
    Simpson et al. 2012 eq. 70), (y, x).

    Surface velocity Vds = u* a1 [1 + (-0.3 h/L)^(2/3) if unstable] with 1/L >= -0.04 (Wesely et al. 1985, J. Geophys.
    Res. 90:2131); a1 = 0.002, in forests 0.0008 of the surface area index if more (Simpson et al. 2012 eqs. 67-69).
    """
    area = jnp.asarray(STEM_AREA, ra.dtype)[:, :, None, None]
    area = area[1] + land.greenness * (area[0] - area[1])
    small = 1e-6  # keeps the slope of the power finite where the air is neutral
    convection = jnp.maximum(-0.3 * weather.mixing_height * jnp.maximum(weather.inverse_obukhov, -0.04), 0.0)
    gain = 1 + (convection + small) ** (2 / 3) - small ** (2 / 3)
    friction = jnp.maximum(weather.friction_velocity, LEAST_FRICTION)
    surface = friction * gain * jnp.maximum(p["particle_uptake"], 0.0008 * area)
    return jnp.sum(land.fraction * settling / -jnp.expm1(-(ra + 1 / surface) * settling), axis=0)


def dry_velocity(
    names: Sequence[str], weather: Weather, land: Land, reference_height: Array, parameters: Mapping[str, Any]
) -> Array:
    """Dry deposition velocities of the species ``names``, (species, y, x) m s-1, for the air at ``reference_height``.

    ``reference_height`` (y, x) m above the displacement height: the centre of the lowest cells. A species in
    equilibrium between gas and particle has the mean by its gas-share parameter, which may be a field (y, x). A name
    that the tables do not have does not deposit.
    """
    ra = aerodynamic_resistance(weather, land.roughness_length, reference_height)
    canopy = _canopy(weather, land)

    def velocity(name: str) -> Array:
        if name in _MIXED:
            gas, share = _MIXED[name]
            part = jnp.asarray(parameters[share], ra.dtype)
            return part * velocity(gas) + (1 - part) * velocity("SO4")
        if name in _GASES:
            return _gas_velocity(name, weather, land, ra, canopy, parameters)
        if name in _PARTICLES:
            settling = _stokes(_PARTICLES[name], weather.temperature[0], weather.pressure[0], parameters)
            return _particle_velocity(settling, weather, land, ra, parameters)
        return jnp.zeros_like(ra)

    return jnp.stack([velocity(name) for name in names])


def _stokes(particle: _Particle, temperature: Array, pressure: Array, p: Mapping[str, Any]) -> Array:
    """Settling velocity d^2 rho g Cc / (18 mu), m s-1, with slip Cc = 1 + Kn (1.257 + 0.4 exp(-1.1/Kn)).

    Kn = 2 lambda/d: Seinfeld and Pandis (2006, eqs. 9.6 for the mean free path lambda, 9.34, 9.42); viscosity mu by
    Sutherland's law of the US Standard Atmosphere (1976).
    """
    named = particle.diameter
    diameter: Any = 1e-6 * (p[named] if isinstance(named, str) else named)
    viscosity = 1.458e-6 * temperature**1.5 / (temperature + 110.4)
    free_path = 2 * viscosity / pressure * jnp.sqrt(np.pi * 8.314462 / (8 * 1e-3 * MOLAR_MASS_AIR) * temperature)
    knudsen = 2 * free_path / diameter
    slip = 1 + knudsen * (1.257 + 0.4 * jnp.exp(-1.1 / knudsen))
    return jnp.asarray(diameter**2 * (particle.density * GRAVITY / 18) * slip / viscosity)


def settling_velocity(name: str, weather: Weather, parameters: Mapping[str, Any]) -> Array:
    """Downward velocity of the species in still air, (z, y, x) m s-1; zero for gases, mixed and unknown species."""
    if name not in _PARTICLES:
        return jnp.zeros_like(weather.temperature)
    return _stokes(_PARTICLES[name], weather.temperature, weather.pressure, parameters)


def settle(q: Array, mass: Array, velocity: Array, thickness: Array, dt: ArrayLike) -> Array:
    """Let a species sink for ``dt`` s: ``q`` (z, y, x) after, at any step positive and mass conserving.

    Upwind in space, backward Euler in time (textbook; solved from the top down without a matrix).

    ``mass`` kg of air, ``velocity`` m s-1 and ``thickness`` m of the cells, all (z, y, x). Nothing passes the ground
    here: what settles there is part of `dry_velocity`.
    """
    courant = (velocity * dt / thickness).at[0].set(0.0)

    def down(arriving: Array, cell: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        q_old, m, c = cell
        q_new = (m * q_old + arriving) / (m * (1 + c))
        return m * c * q_new, q_new

    return lax.scan(down, jnp.zeros_like(q[0]), (q, mass, courant), reverse=True)[1]


class WetRate(NamedTuple):
    """First-order loss by rain as a product, for it is two fields of air and two numbers of each species."""

    in_cloud: Array
    """(species, 1, 1) or (species, y, x) s-1 per kg m-2 s-1 of rain"""
    below_cloud: Array
    """the same, below cloud"""
    rain_in_cloud: Array
    """(z, y, x) kg m-2 s-1 where rain forms, zero elsewhere"""
    rain_below_cloud: Array
    """(z, y, x) kg m-2 s-1 where it falls through clear air, zero elsewhere"""

    def rate(self) -> Array:
        """Loss rates, (z, species, y, x) s-1: ``q * exp(-rate * dt)`` is what remains."""
        return self.in_cloud * self.rain_in_cloud[:, None] + self.below_cloud * self.rain_below_cloud[:, None]


def wet_rate(names: Sequence[str], weather: Weather, parameters: Mapping[str, Any]) -> WetRate:
    """Loss of the species ``names`` by rain: in cloud, below it, nothing above its top; exactly zero without rain.

    Gases and cloud: W P / (h rho_w) with scavenging ratio W, rain P kg m-2 s-1, effective depth h = 1000 m and water's
    density 1000 kg m-3, that is (W / 1e6) P s-1. Particles below cloud: A e P / v with A = 5.2 m3 kg-1 s-1 and drops
    falling at v = 5 m s-1 (Berge and Jakobsen 1998; Simpson et al. 2012 section 9). The rain at the ground is taken for
    all heights; where it rains and the column has no cloud, the cloud stands above the model's top and the whole column
    lies below it.
    """
    cloudy = weather.cloud_water > parameters["cloud_threshold"]
    under = jnp.flip(lax.cummax(jnp.flip(cloudy, 0).astype(jnp.int32), axis=0), 0) > 0
    clear_under = ~cloudy & (under | ~jnp.any(cloudy, axis=0))
    rain = jnp.maximum(weather.rain, 0.0)

    def ratios(name: str) -> tuple[Any, Any]:
        if name in _MIXED:
            gas, share = _MIXED[name]
            part = parameters[share]
            return tuple(part * g + (1 - part) * f for g, f in zip(ratios(gas), ratios("SO4"), strict=True))
        if name in _GASES:
            return _GASES[name].in_cloud, _GASES[name].below_cloud
        if name in _PARTICLES:
            particle = _PARTICLES[name]
            return parameters[particle.in_cloud], 5.2 / 5.0 * parameters[particle.collection]
        return 0.0, 0.0

    def stack(values: Sequence[Any]) -> Array:
        fields = [jnp.atleast_2d(jnp.asarray(value, rain.dtype)) for value in values]
        return jnp.stack(jnp.broadcast_arrays(*fields))

    in_cloud, below_cloud = zip(*(ratios(name) for name in names), strict=True)
    return WetRate(stack(in_cloud), stack(below_cloud), jnp.where(cloudy, rain, 0.0), jnp.where(clear_under, rain, 0.0))
