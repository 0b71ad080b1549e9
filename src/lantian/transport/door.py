"""The door: xarray datasets come in, are checked in full, and leave as a `Forcing` that gives the arrays of each hour.

All faults are told together, a sentence each, with where and what would be right. Nothing wrong is converted in
silence: degrees Celsius, percent or hectopascal are refused with the factor that mends them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import Array
from jax.typing import DTypeLike
from numpy.typing import NDArray

from lantian.places.grid import Domain
from lantian.transport import continuity, deposition, inputs, reactions
from lantian.transport.deposition import CLASSES, Land
from lantian.transport.forcing import Forcing, read
from lantian.transport.inputs import Faults, Values, Variable, has
from lantian.transport.parameters import values
from lantian.transport.species import REGISTRY, find

__all__ = ["DEFAULT_LAND", "DoorError", "Forcing", "open_forcing", "open_start"]

DEFAULT_LAND: Final = {"urban": 0.2, "cropland": 0.6, "forest": 0.1, "grass": 0.1}
"""Land where none is given: the surroundings of a city on the North China Plain; judgement."""


class DoorError(ValueError):
    """What is wrong with the inputs; ``faults`` holds the sentences."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return inputs.text(self.faults)


def open_forcing(
    domain: Domain,
    species: Sequence[str],
    *,
    weather: xr.Dataset,
    emissions: xr.Dataset,
    edges: xr.Dataset,
    land: xr.Dataset | None = None,
    parameters: Mapping[str, Any] | None = None,
    top_velocity: float = 0.5,
    dtype: DTypeLike = np.float32,
) -> Forcing:
    """Check all inputs of a run, and give what makes its hours.

    The datasets are described in docs/design/transport.md; they may lie in memory or be read lazily from files, and
    are then read here and again when their hour comes. The weather's times decide the hours of the run; emissions
    and edges may reach further. A carried species that ``emissions`` does not have is not emitted. Without ``land`` it
    is `DEFAULT_LAND`; without its ``roughness_length`` that of its classes, without ``greenness`` the season's.
    ``parameters``: changed values of `reactions.PARAMETERS`, those of dry deposition act here. ``dtype`` is that of
    all arrays.

    Raises:
        DoorError: anything is missing, of another shape, unit or time, not finite, out of physical bounds, or the
            winds do not close: continuity asks for more than ``top_velocity`` m s-1 through the top, or for steps
            shorter than the shortest.
        ValueError: an unknown species or parameter, a parameter outside its range.
    """
    carried = tuple(s.name for s in find(species))
    if np.dtype(dtype) != jax.dtypes.canonicalize_dtype(dtype):
        raise ValueError("float64 needs jax.config.update('jax_enable_x64', True)")
    faults = Faults()
    for label, given in (("weather", weather), ("emissions", emissions), ("edges", edges), ("land", land)):
        if not isinstance(given, xr.Dataset) and not (label == "land" and given is None):
            faults.add(f"{label}: it must be an xarray Dataset, not {type(given).__name__}.")
    if faults:
        raise DoorError(faults.sentences)
    seen = Values()
    all_knobs = values(reactions.PARAMETERS, parameters)
    knobs = {p.name: all_knobs[p.name] for p in deposition.PARAMETERS}

    times, weather_variables = _weather(domain, weather, faults)
    ground = _land(domain, land, times, dtype, seen, faults)
    emissions, emitted, left_out = _emissions(domain, emissions, carried, times, faults)
    edges, edge_variables = _edges(domain, edges, carried, times, faults)
    if times is None:
        seen.tell(faults)
        raise DoorError(faults.sentences)
    content = (
        ("weather", weather, weather_variables),
        ("emissions", emissions, emitted),
        ("edges", edges, edge_variables),
    )
    for label, dataset, variables in content:
        for t in range(min(len(times), dataset.sizes.get("time", 0))):
            for variable in variables:
                seen.look(label, variable, read(dataset, variable.name, t), times[t], carried)
    seen.tell(faults)
    if faults:
        raise DoorError(faults.sentences)
    forcing = Forcing(
        domain, carried, times, weather, emissions, edges, ground, knobs, left_out, seen.digest.hexdigest(), dtype
    )
    continuity.check(forcing, top_velocity, faults)
    if faults:
        raise DoorError(faults.sentences)
    return forcing


def open_start(domain: Domain, species: Sequence[str], start: xr.Dataset, *, dtype: DTypeLike = np.float32) -> Array:
    """The state (z, species, y, x) in ug kg-1 at which a run starts, its ``species`` in order.

    ``start`` has ``mixing_ratio`` (z, species, y, x). ``DoorError`` as in `open_forcing`.
    """
    carried = [s.name for s in find(species)]
    faults, seen = Faults(), Values()
    if _places(domain, start, "start", faults) and has(start, "start", inputs.START, _sizes(domain), faults):
        seen.look("start", inputs.START, start["mixing_ratio"].values, species=_names(start))
        seen.tell(faults)
    order = _order(start, "start", carried, faults)
    if faults or order is None:
        raise DoorError(faults.sentences)
    return jnp.asarray(start["mixing_ratio"].values[:, order], dtype)


def _sizes(domain: Domain) -> dict[str, int]:
    nz, ny, nx = domain.thickness.shape
    return {"z": nz, "z_face": nz - 1, "y": ny, "y_face": ny + 1, "x": nx, "x_face": nx + 1}


def _places(domain: Domain, dataset: xr.Dataset, label: str, faults: Faults) -> bool:
    """Whether the coordinates x and y, where they are given, are those of the domain."""
    grid = domain.grid
    for name, wanted in (("x", grid.x), ("y", grid.y), ("x_face", grid.x_faces), ("y_face", grid.y_faces)):
        if name not in dataset.coords or dataset[name].shape != wanted.shape:
            continue
        off = np.abs(dataset[name].values - wanted)
        if not np.all(off <= 0.01 * grid.spacing):
            faults.add(
                f"{label}: the coordinate {name} goes from {dataset[name].values[0]:.0f} to "
                f"{dataset[name].values[-1]:.0f}; that of grid {grid.name!r} goes from {wanted[0]:.0f} to "
                f"{wanted[-1]:.0f} m."
            )
            return False
    return True


def _weather(
    domain: Domain, weather: xr.Dataset, faults: Faults
) -> tuple[NDArray[np.datetime64] | None, list[Variable]]:
    """Its times, and the variables whose values can be looked at."""
    times = inputs.whole_hours(weather, "weather", faults, gapless=True)
    if times is not None and len(times) < 2:
        faults.add(f"weather: it has {len(times)} time; a run of one hour needs two, its beginning and its end.")
        times = None
    _places(domain, weather, "weather", faults)
    sizes = _sizes(domain) | ({} if times is None else {"time": len(times)})
    wanted = [*inputs.WEATHER]
    if "horizontal_diffusivity" in weather:
        wanted.append(inputs.HORIZONTAL_DIFFUSIVITY)
    return times, [variable for variable in wanted if has(weather, "weather", variable, sizes, faults)]


def _emissions(
    domain: Domain,
    emissions: xr.Dataset,
    carried: Sequence[str],
    times: NDArray[np.datetime64] | None,
    faults: Faults,
) -> tuple[xr.Dataset, list[Variable], tuple[str, ...]]:
    """The emissions at the run's hours, the variables to look at, and species that are not carried."""
    _places(domain, emissions, "emissions", faults)
    names = [str(name) for name in emissions.data_vars]
    for name in names:
        if name not in REGISTRY:
            faults.add(f"emissions: {name} is no species; known are {', '.join(REGISTRY)}.")
    left_out = tuple(name for name in names if name in REGISTRY and name not in carried)
    if "layer" in emissions.sizes and not 1 <= emissions.sizes["layer"] <= domain.levels.n:
        faults.add(f"emissions: {emissions.sizes['layer']} layers; there must be 1 to {domain.levels.n}.")
    emitted = [
        variable
        for variable in map(inputs.emission, [name for name in carried if name in names])
        if has(emissions, "emissions", variable, _sizes(domain), faults)
    ]
    if not names:
        return emissions, [], left_out
    cut = _at(emissions, "emissions", None if times is None else times[:-1], faults)
    return (emissions, [], left_out) if cut is None else (cut, emitted, left_out)


def _edges(
    domain: Domain,
    edges: xr.Dataset,
    carried: Sequence[str],
    times: NDArray[np.datetime64] | None,
    faults: Faults,
) -> tuple[xr.Dataset, list[Variable]]:
    """The edges at the run's times, with the carried species in order, and the variables to look at."""
    _places(domain, edges, "edges", faults)
    order = _order(edges, "edges", carried, faults)
    there = [variable for variable in inputs.EDGES if has(edges, "edges", variable, _sizes(domain), faults)]
    cut = _at(edges, "edges", times, faults)
    if cut is None or order is None:
        return edges, []
    return (cut if order == list(range(cut.sizes["species"])) else cut.isel(species=order)), there


def _at(dataset: xr.Dataset, label: str, wanted: NDArray[np.datetime64] | None, faults: Faults) -> xr.Dataset | None:
    """The dataset at the wanted times, still lazy."""
    has_times = inputs.whole_hours(dataset, label, faults, gapless=False)
    if has_times is None or wanted is None:
        return None
    at = inputs.rows(has_times, wanted, label, faults)
    if at is None:
        return None
    together = at[-1] - at[0] == len(at) - 1
    return dataset.isel(time=slice(int(at[0]), int(at[-1]) + 1) if together else at)


def _order(dataset: xr.Dataset, label: str, carried: Sequence[str], faults: Faults) -> list[int] | None:
    """Where each carried species stands along the dataset's species."""
    if "species" not in dataset.coords:
        faults.add(f"{label}: the coordinate species is missing; it must name {', '.join(carried)}.")
        return None
    names = _names(dataset)
    lacking = [name for name in carried if name not in names]
    if lacking:
        faults.add(f"{label}: the species {', '.join(lacking)} are missing; there are {', '.join(names)}.")
        return None
    return [names.index(name) for name in carried]


def _names(dataset: xr.Dataset) -> list[str]:
    """Along its species; none where it does not name them."""
    return [str(name) for name in np.atleast_1d(dataset["species"].values)] if "species" in dataset.coords else []


def _land(
    domain: Domain,
    land: xr.Dataset | None,
    times: NDArray[np.datetime64] | None,
    dtype: DTypeLike,
    seen: Values,
    faults: Faults,
) -> Land:
    """The ground, or the default one."""
    plane = domain.terrain.shape
    fraction = np.zeros((len(CLASSES), *plane))
    surfaces: dict[str, NDArray[Any]] = {}
    if land is None:
        for name, share in DEFAULT_LAND.items():
            fraction[CLASSES.index(name)] = share
    else:
        _places(domain, land, "land", faults)
        wanted = [v for v in (inputs.ROUGHNESS_LENGTH, inputs.GREENNESS) if v.name in land]
        for variable in (inputs.LAND_FRACTION, *wanted):
            if has(land, "land", variable, _sizes(domain), faults):
                surfaces[variable.name] = land[variable.name].values
                seen.look("land", variable, surfaces[variable.name])
        fraction = _classes(land, surfaces.get("land_fraction"), fraction, faults)
    roughness = surfaces.get("roughness_length")
    if roughness is None:
        roughness = np.asarray(deposition.roughness(jnp.asarray(fraction)))
    greenness = surfaces.get("greenness", np.full(plane, 0.0 if times is None else _season(domain, times[0])))
    return Land(*(jnp.asarray(array, dtype) for array in (fraction, roughness, greenness)))


def _classes(land: xr.Dataset, given: NDArray[Any] | None, fraction: NDArray[Any], faults: Faults) -> NDArray[Any]:
    """The fractions by `CLASSES`; one that is not given is zero."""
    if given is None:
        return fraction
    names = [str(name) for name in land["class"].values] if "class" in land.coords else []
    if not names or any(name not in CLASSES for name in names):
        faults.add(f"land: the coordinate class holds {', '.join(names) or 'nothing'}; known are {', '.join(CLASSES)}.")
        return fraction
    total = given.sum(axis=0)
    off = np.nan_to_num(np.abs(total - 1))  # a missing value has been told already
    if np.any(off > 1e-3):
        j, i = np.unravel_index(int(np.argmax(off)), off.shape)
        faults.add(f"land: land_fraction adds up to {total[j, i]:.3f} at y {j}, x {i}; it must add up to 1.")
    for name, share in zip(names, given, strict=True):
        fraction[CLASSES.index(name)] += share
    return fraction


def _season(domain: Domain, time: np.datetime64) -> float:
    """Greenness 0..1 of the time of year: 1 from 20 May to 17 September, 0 from 17 November to 20 March; judgement.

    Half a year later south of the equator.
    """
    day = (time.astype("datetime64[D]") - time.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
    shift = 200.0 if domain.grid.lat.mean() >= 0 else 17.4
    return float(np.clip(0.5 + np.cos(2 * np.pi * (day - shift) / 365.25), 0.0, 1.0))
