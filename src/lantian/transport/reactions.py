"""The slow processes over a state: chemistry, scavenging by rain, settling; what `step.advance` calls every 5 minutes.

The chemistry goes level by level, so that what it works on stays in the processor's cache, and is computed again on
the way back, so that a gradient needs little memory. The state is in ug kg-1, the chemistry in ppb.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import jax
import jax.numpy as jnp
from jax import Array, lax

from lantian.transport import aerosol, chemistry, deposition, diffusivity
from lantian.transport.compilation import on_processor
from lantian.transport.forcing import SETTLING
from lantian.transport.parameters import Parameter, values
from lantian.transport.species import REACTIVE, Species, find
from lantian.transport.step import Process, Processes
from lantian.transport.weather import Weather

PARAMETERS: Final[tuple[Parameter, ...]] = tuple(
    dict.fromkeys((*chemistry.PARAMETERS, *aerosol.PARAMETERS, *deposition.PARAMETERS, *diffusivity.PARAMETERS))
)
"""The uncertain numbers of a run. Those of `diffusivity` act where the weather's diffusivity is made."""
NOT_FELT: Final = (
    "canopy_uptake", "no2_reactivity", "particle_uptake", "cloud_threshold", *(p.name for p in diffusivity.PARAMETERS)
)  # fmt: skip
"""Those by which the slow processes have no slope: they act in the forcing alone, or as a threshold."""

_SURFACE: Final = ("PPM25", "BC", "DUST", "SOA")
"""Species that the aerosol chemistry uses where they are carried."""
_UNCHANGED: Final = ("TNH4", "PPM25", "BC", "DUST")
"""Species that take part and stay as they are, to the last digit."""


def processes(
    species: Sequence[str], parameters: Mapping[str, Any] | None = None, *, reactive: bool = True
) -> Processes:
    """The slow processes for the carried ``species``, in the order in which they act.

    "chemistry" where all of `species.REACTIVE` are carried and ``reactive`` is true; "scavenging"; "settling" where a
    species is carried that settles. A process is a function of the state (z, species, y, x) in ug kg-1, the `Weather`
    of the moment and the seconds; it gives the state after. ``parameters``: values by name that differ from the
    priors of `PARAMETERS`, numbers or what JAX differentiates by.
    """
    carried = find(species)
    knobs = values(PARAMETERS, parameters)
    acting: list[tuple[str, Process]] = []
    if reactive and set(REACTIVE) <= set(species):
        acting.append(("chemistry", _chemistry(carried, knobs)))
    acting.append(("scavenging", _scavenging(tuple(species), knobs)))
    sinking = {name: i for i, name in enumerate(species) if name in SETTLING}
    if sinking:
        acting.append(("settling", _settling(sinking, knobs)))
    return tuple(acting)


def _chemistry(carried: tuple[Species, ...], knobs: Mapping[str, Any]) -> Process:
    """Photochemistry and inorganic aerosol, one after the other."""
    taking_part = {s.name: (i, s) for i, s in enumerate(carried) if s.name in (*REACTIVE, *_SURFACE)}

    def rates(weather: Weather, seconds: float) -> tuple[chemistry.Rates, aerosol.Rates]:
        """Of the whole volume at once, for the light is that of a column."""
        light = (weather.cos_zenith, weather.cloud_cover)
        climb = 0.0 if weather.sun_climb is None else seconds * weather.sun_climb
        of_gases = chemistry.rates(weather.temperature, *light, knobs, weather.pressure, climb)
        of_particles = aerosol.rates(
            weather.temperature,
            weather.humidity,
            weather.pressure,
            weather.density,
            weather.cloud_water,
            *light,
            knobs,
        )
        return chemistry.Rates(*(jnp.broadcast_to(r, weather.temperature.shape) for r in of_gases)), of_particles

    def react(q: Array, of_gases: chemistry.Rates, of_particles: aerosol.Rates, seconds: float) -> Array:
        """The species (species, y, x) of one level."""
        x = {name: s.to_ppb(q[i]) for name, (i, s) in taking_part.items()}
        x, no = chemistry.react_and_mean(x, of_gases, seconds)
        x = aerosol.react(x, of_particles, seconds, no)
        rows = list(q)
        for name, (i, s) in taking_part.items():
            if name not in _UNCHANGED:
                rows[i] = s.from_ppb(x[name])
        return jnp.stack(rows)

    def chemistry_of_all(q: Array, weather: Weather, seconds: float) -> Array:
        @jax.checkpoint
        def one(level: tuple[Array, chemistry.Rates, aerosol.Rates]) -> Array:
            return react(*level, seconds)

        levels = (q, *jax.checkpoint(lambda weather: rates(weather, seconds))(weather))
        return by_level(one, levels)

    return chemistry_of_all


def by_level(work: Callable[[Any], Array], levels: Any) -> Array:
    """``work`` on each level: a processor takes them one by one, for its cache; a GPU wants all at once."""
    done: Array = lax.map(work, levels) if on_processor() else jax.vmap(work)(levels)
    return done


def _scavenging(species: tuple[str, ...], knobs: Mapping[str, Any]) -> Process:
    """Loss by rain; where it rains nowhere the state goes through untouched."""

    def scavenge(q: Array, weather: Weather, seconds: float) -> Array:
        def wash(q: Array) -> Array:
            return q * jnp.exp(-seconds * deposition.wet_rate(species, weather, knobs).rate())

        after: Array = lax.cond(jnp.any(weather.rain > 0), wash, lambda q: q, q)
        return after

    return scavenge


def _settling(sinking: Mapping[str, int], knobs: Mapping[str, Any]) -> Process:
    """Coarse particles and dust sink."""

    def sink(q: Array, weather: Weather, seconds: float) -> Array:
        if weather.thickness is None:
            raise ValueError("settling needs the thickness of the layers in the weather")
        air = weather.density * weather.thickness
        for name, i in sinking.items():
            velocity = deposition.settling_velocity(name, weather, knobs)
            q = q.at[:, i].set(deposition.settle(q[:, i], air, velocity, weather.thickness, seconds))
        return q

    return sink
