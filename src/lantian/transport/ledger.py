"""What a receptor feels of everything, and the account of where its value comes from.

A backward run gives the derivative of a receptor's value by every emission, by what comes in through each edge and by
the air at the start. Each times what it multiplies is a part of the value. The parts add up to the modelled value but
for the closure, their sum over the modelled value. It is 1 to rounding where the adjoint of the advection is the
discrete one, a few percent off where it is the continuous one; of a run with chemistry it also tells how far the value
is from being proportional to what made it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import Array
from numpy.typing import NDArray

from lantian.transport.forcing import Forcing
from lantian.transport.hour import Edges, Hour
from lantian.transport.inputs import same_unit

SIDES: Final = Edges._fields
PARTS: Final = ("emission", *SIDES, "start")
"""Where a receptor's value comes from: emission inside, what came in through each edge, what was there at the start."""
_KILOGRAM: Final = 1e9
"""ug"""
_AXES: Final = (-2, -2, -2, -2, -3)
"""The species' axis of each edge."""


@dataclass(frozen=True, eq=False)
class Footprints:
    """What receptors feel of one species that is carried, deposited and washed out but does not react.

    ``data`` holds, with R receptors over T hours (by their beginning, UTC):

    ==================  =====================================  ======================================================
    emission            (receptor, time, layer, y, x)          ug m-3 per kg s-1 emitted through the hour
    edges_west, _east   (receptor, edge_time, z, y)            ug m-3 per ug kg-1 at that time, linear between times
    edges_south, north  (receptor, edge_time, z, x)            the same
    edges_top           (receptor, edge_time, y, x)            the same
    start               (receptor, z, y, x)                    ug m-3 per ug kg-1 in the air at the first hour
    parts               (receptor, part)                       ug m-3: where the value comes from, by `PARTS`
    modelled            (receptor,)                            ug m-3: the value in the forward run
    closure             (receptor,)                            sum of the parts over the modelled value
    ==================  =====================================  ======================================================

    The species and the kind of ``adjoint`` stand in the attributes. Hours after the last of any receptor are not in it.
    Where hours were summed up (``accumulate``), ``time`` and ``edge_time`` are the beginning of such a block, and a
    value is the sum over the block's times.
    """

    data: xr.Dataset

    @property
    def closure(self) -> xr.DataArray:
        """(receptor,) the sum of the parts over the modelled value; NaN where that is zero."""
        return self.data["closure"]

    def contribution(
        self, emissions: xr.Dataset, over: Hashable | Iterable[Hashable] = (), *, rescaled: bool = False
    ) -> xr.DataArray:
        """What these emissions make of the receptors' values, ug m-3.

        ``emissions`` as for `door.open_forcing`, for example those of one sector or area; they must have the hours of
        the footprints. Dimensions (receptor, time, [species,] layer, y, x) but those that are summed ``over``; name
        those that are not wanted, for the full array is as large as the footprints. ``rescaled`` divides by the
        closure, so that the parts add up to the modelled value; the result says so.

        Raises:
            ValueError: emissions without a species, hour or unit that is needed, or in layers that were not kept;
                footprints that are sums over hours; nothing to rescale by.
        """
        gone = {over} if isinstance(over, str) else set(over if isinstance(over, Iterable) else [over])
        felt = self.data["emission"]
        if self.data.attrs["accumulate_hours"] != 1:
            raise ValueError("these footprints are sums over hours; the contribution of an hour needs accumulate=1")
        values = self._emitted(emissions)
        kept = [dim for dim in felt.dims if dim not in gone]
        if unknown := gone - set(felt.dims):
            raise ValueError(
                f"over {', '.join(map(str, unknown))}: the dimensions are {', '.join(map(str, felt.dims))}"
            )
        result = xr.dot(felt.variable, xr.Variable(felt.dims[1:], values), dim=[*gone])
        result = xr.DataArray(result, {k: v for k, v in felt.coords.items() if set(v.dims) <= set(kept)})
        result = result.transpose(*kept).rename("contribution")
        if rescaled:
            result = result / self._divisor()
        told = "divided by the closure, so that all parts add up to the modelled value" if rescaled else "none"
        return result.assign_coords(closure=self.closure).assign_attrs(units="ug m-3", rescaling=told)

    def _divisor(self) -> xr.DataArray:
        closure = self.closure
        if not np.all(closure > 0):
            bad = str(closure.receptor.values[~(closure.values > 0)][0])
            raise ValueError(f"receptor {bad!r}: the modelled value or its parts are zero; nothing can be rescaled")
        return closure

    def _emitted(self, emissions: xr.Dataset) -> NDArray[Any]:
        """(time, [species,] layer, y, x) kg s-1."""
        felt = self.data["emission"]
        several = "species" in felt.dims
        names = [str(name) for name in self.data["species"].values] if several else [self.data.attrs["species"]]
        if not any(name in emissions for name in names):
            raise ValueError(
                f"the emissions have none of {', '.join(names)}; they have {', '.join(map(str, emissions.data_vars))}"
            )
        rows = [_rows(emissions, name, self.data) for name in names]
        values = np.stack(rows, axis=1) if several else rows[0]
        assert values.shape == felt.shape[1:]
        return values


class Sensitivity(Footprints):
    """What receptors feel of every species in a run with chemistry: derivatives at that run, to first order.

    ``data`` as of `Footprints`, with the dimension ``species`` before ``layer``, or before ``y`` or ``x`` of edges and
    start. Derivatives may be negative: more NO can make less O3. The parts are derivative times amount; they say what
    a small change of each makes, and add up to the modelled value only as far as that is proportional to them. The
    closure states how far. Nothing is rescaled. If parameters were asked for, ``parameters (receptor, parameter)`` is
    the derivative by each, ug m-3 per unit of the parameter.
    """

    def _divisor(self) -> xr.DataArray:
        raise ValueError(
            "a run with chemistry is not proportional to what made it: its first-order parts cannot be rescaled; "
            "compare two forward runs"
        )


def _rows(emissions: xr.Dataset, name: str, data: xr.Dataset) -> NDArray[Any]:
    """(time, layer, y, x) kg s-1 of one species at the hours and in the layers of ``data``; zero where it has none."""
    shape = tuple(data.sizes[dim] for dim in ("time", "layer", "y", "x"))
    if name not in emissions:
        return np.zeros(shape)
    given = emissions[name]
    missing = data["time"].values[~np.isin(data["time"].values, given["time"].values)]
    if missing.size:
        raise ValueError(f"{name}: the emissions lack {missing.size} hours of the footprints, first {missing[0]}")
    rows = given.sel(time=data["time"].values).transpose("time", "layer", "y", "x").values
    if rows[:, shape[1] :].any():
        raise ValueError(f"{name} is emitted above the lowest {shape[1]} layers; keep more layers of the footprints")
    if rows.shape[2:] != shape[2:]:
        raise ValueError(f"{name} is emitted in {rows.shape[2:]} cells (y, x); the footprints have {shape[2:]}")
    units = str(given.attrs.get("units"))
    if same_unit(units, "kg m-2 s-1"):
        rows = rows * data["cell_area"].values
    elif not same_unit(units, "kg s-1"):
        raise ValueError(f"{name} is in {units!r}; expected kg s-1 or kg m-2 s-1")
    result = np.zeros(shape, rows.dtype)
    result[:, : rows.shape[1]] = rows[:, : shape[1]]
    return result


class Ledger:
    """Collects what the hours of a backward run give, and makes the dataset of it.

    ``together``: the species axis of what comes in counts ``receptors`` that all feel the one species of ``species``;
    else it counts ``species``, and receptors come one by one. ``hours``: how many hours the backward run has.
    """

    def __init__(
        self,
        forcing: Forcing,
        receptors: Sequence[str],
        species: Sequence[str],
        hours: int,
        *,
        together: bool,
        layers: int | None = None,
        accumulate: int = 1,
    ) -> None:
        if accumulate < 1 or (layers is not None and layers < 1):
            raise ValueError(f"layers and accumulate: expected 1 or more, got {layers} and {accumulate}")
        self.forcing, self.receptors, self.species = forcing, list(receptors), tuple(species)
        self.hours, self.together, self.accumulate = hours, together, accumulate
        self.index = np.array([forcing.species.index(name) for name in species])
        (nz, ny, nx), r, s = forcing.domain.thickness.shape, len(self.receptors), len(self.species)
        kept = min(forcing.emission_layers, layers or forcing.emission_layers)
        planes = {"west": (nz, ny), "east": (nz, ny), "south": (nz, nx), "north": (nz, nx), "top": (ny, nx)}
        blocks, edge_blocks = -(-hours // accumulate), hours // accumulate + 1
        self.emission = np.zeros((r, blocks, s, kept, ny, nx), forcing.dtype)
        self.edges = {side: np.zeros((r, edge_blocks, s, *plane), forcing.dtype) for side, plane in planes.items()}
        self.start = np.zeros((r, s, nz, ny, nx), forcing.dtype)
        self.parts = np.zeros((r, len(PARTS), s))
        self._waiting: list[tuple[int, slice, tuple[Array, Edges, Array]]] = []

    def add(self, i: int, emission: Array, edges: Edges, hour: Hour, receptor: int = 0) -> None:
        """What `step.Back` says of hour ``i``; fetched when the next one comes, so that the device does not wait."""
        felt = _felt(emission, edges, hour, self.index, self.emission.shape[3], self.together)
        self._waiting.append((i, self._of(receptor), felt))
        if len(self._waiting) > 1:
            self._fetch()

    def begin(self, mu: Array, mass: Array, q: Array | None, receptor: int = 0) -> None:
        """The beginning, with the sensitivity ``mu`` per ug in a cell, the air's ``mass`` and the state ``q`` there."""
        which = self._of(receptor)
        self.start[which] = np.asarray(_spread(mu * mass[:, None], self.together))
        if q is not None:
            value = np.moveaxis(np.asarray(q, np.float64), 1, 0)
            self.parts[which, -1] = np.einsum("rszyx,szyx->rs", self.start[which], value)

    def dataset(self, what: Sequence[Any], modelled: NDArray[np.float64], attributes: dict[str, Any]) -> xr.Dataset:
        """Everything together, as `Footprints` and `Sensitivity` describe it; ``what`` each receptor is, and its
        ``modelled`` value.
        """
        while self._waiting:
            self._fetch()
        domain, times = self.forcing.domain, self.forcing.times
        faces, every = np.array(domain.levels.faces), slice(0, None, self.accumulate)
        time = {"standard_name": "time", "long_name": "UTC, the beginning of what a value is for"}
        data = domain.grid.dataset().drop_vars("map_factor")
        data = data.assign_coords(
            receptor=words(self.receptors),
            what=("receptor", words(map(str, what))),
            time=("time", times[: self.hours][every], time),
            edge_time=("edge_time", times[: self.hours + 1][every], time),
            layer=np.arange(self.emission.shape[3]),
            z=("z", (faces[1:] + faces[:-1]) / 2, {"units": "m"}),
            species=words(self.species),
            part=words(PARTS),
        )
        by_kilogram, by_ratio = {"units": "ug m-3 (kg s-1)-1"}, {"units": "ug m-3 (ug kg-1)-1"}
        data["emission"] = ("receptor", "time", "species", "layer", "y", "x"), self.emission, by_kilogram
        for side, field in self.edges.items():
            plane = ("y", "x") if side == "top" else ("z", "y" if side in ("west", "east") else "x")
            named = xr.Variable(("receptor", "edge_time", "species", *plane), field, by_ratio)
            data[f"edges_{side}"] = named if side == "top" else named.transpose("receptor", "edge_time", "z", ...)
        start = xr.Variable(("receptor", "species", "z", "y", "x"), self.start, by_ratio)
        data["start"] = start.transpose("receptor", "z", ...)
        data["parts"] = ("receptor", "part", "species"), self.parts, {"units": "ug m-3"}
        data["modelled"] = "receptor", modelled, {"units": "ug m-3"}
        with np.errstate(invalid="ignore", divide="ignore"):
            data["closure"] = data["parts"].sum(["part", "species"]) / data["modelled"]
        data["closure"].attrs["units"] = "1"
        return data.assign_attrs(accumulate_hours=self.accumulate, **attributes)

    def _of(self, receptor: int) -> slice:
        return slice(None) if self.together else slice(receptor, receptor + 1)

    def _fetch(self) -> None:
        i, which, felt = self._waiting.pop(0)
        emission, edges, parts = jax.device_get(felt)
        self.emission[which, i // self.accumulate] += emission
        for side, field in zip(SIDES, edges, strict=True):
            for end in (0, 1):
                self.edges[side][which, (i + end) // self.accumulate] += field[:, :, end]
        self.parts[which, :-1] += parts


def words(given: Iterable[str]) -> NDArray[Any]:
    """Words of any length, as Zarr can keep them."""
    return np.array(list(given), dtype=object)


def _spread(felt: Array, together: bool, axis: int = -3) -> Array:
    """What was felt, with the axes (receptor, species, ...) first; ``axis`` is that which counts either."""
    first = jnp.moveaxis(felt, axis, 0)
    return first[:, None] if together else first[None]


@partial(jax.jit, static_argnames=("layers", "together"))
def _felt(
    emission: Array, edges: Edges, hour: Hour, index: Array, layers: int, together: bool
) -> tuple[Array, Edges, Array]:
    """Of an hour: what is felt of a kg s-1 in the lowest ``layers``, of both ends' edges, and their parts (r, 6, s)."""
    felt = [
        _spread(emission, together),
        *(_spread(edge, together, axis) for edge, axis in zip(edges, _AXES, strict=True)),
    ]
    values = [jnp.moveaxis(hour.emission, -3, 0)[index]]
    values += [jnp.moveaxis(edge, axis, 0)[index] for edge, axis in zip(hour.edges, _AXES, strict=True)]
    parts = [jnp.sum(one * value, axis=tuple(range(2, one.ndim))) for one, value in zip(felt, values, strict=True)]
    return felt[0][:, :, :layers] * _KILOGRAM, Edges(*felt[1:]), jnp.stack(parts, axis=1)
