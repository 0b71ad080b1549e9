"""Rung of attribution: budgets that close, sources taken away, and the two adjoints side by side."""

from __future__ import annotations

from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lantian.transport.hour import Hour, choose_steps
from lantian.transport.ladder import transposition
from lantian.transport.ladder.flows import (
    DIVERGENT,
    EDDY,
    EMITTED,
    LAYERS,
    NX,
    NY,
    SHEARED,
    Wind,
    back,
    forth,
    hour,
)
from lantian.transport.ladder.rung import Map, Measure, Rung, Values, array
from lantian.transport.step import retreat

HOURS: Final = 6
COUNTED: Final = 4
"""Last hours whose mean the receptors take."""
POINTS: Final = ((6, 6), (12, 15), (18, 22), (9, 25))
"""Cells (y, x) of single receptors."""
CITY: Final = (
    (6, 12), (8, 16), (9, 20), (11, 12), (12, 15), (13, 18), (15, 10), (16, 16), (17, 21), (10, 24), (19, 14), (7, 9),
)  # fmt: skip
"""Stations whose mean is one more receptor."""
PARKS: Final = ((0, 11, 8), (1, 6, 20), (2, 16, 14))
"""Layer and middle cell of three industrial parks, 3 x 3 cells each."""
TOLD: Final = 0.05
"""Share of the receptor's concentration from which on a source is judged."""


class _Attribution(NamedTuple):
    """For one wind; receptors are `POINTS` and last the mean of `CITY`."""

    closure: Values
    """(receptor,) what emission, edges and start explain, over what was modelled"""
    adjoint: Values
    """(park, receptor) contribution by the adjoint, over what was modelled"""
    removed: Values
    """(park, receptor) the same by running without the park"""
    footprint: Values
    """(receptor, y, x) sensitivity to emission in the lowest layer, ug m-3 per ug s-1"""


def _sources() -> tuple[Values, Values]:
    """(layer, y, x) ug s-1 of all sources, and (park, layer, y, x) of each park."""
    y, x = np.mgrid[:NY, :NX]
    parks = np.zeros((len(PARKS), EMITTED, NY, NX))
    for park, (layer, j, i) in zip(parks, PARKS, strict=True):
        park[layer, j - 1 : j + 2, i - 1 : i + 2] = 5e6
    everything = parks.sum(0)
    everything[0] += 1e6 * np.exp(-((x - 13) ** 2 + (y - 11) ** 2) / 50)
    return everything, parks


def _attribution(wind: Wind) -> _Attribution:
    everything, parks = _sources()
    background = 20 * np.exp(-np.linspace(0, 2, LAYERS))
    emission = np.stack([everything, *(everything - park for park in parks)], 1)
    receptors = np.zeros((len(POINTS) + 1, NY, NX))
    for k, cells in enumerate([*([point] for point in POINTS), CITY]):
        for cell in cells:
            receptors[k][cell] = 1 / (COUNTED * len(cells))
    hours = [hour(wind, k, emission=emission, edge=background, velocity=0.003) for k in range(HOURS)]
    steps = [int(choose_steps(now, 300.0)[0]) for now in hours]

    start = np.broadcast_to(background[:, None, None, None], (LAYERS, 1, NY, NX))
    q = jnp.asarray(np.repeat(start, emission.shape[1], 1), jnp.float32)
    modelled = np.zeros((emission.shape[1], len(receptors)))
    for k, now in enumerate(hours):
        q, mean, *_ = forth(q, now, steps[k])
        if k >= HOURS - COUNTED:
            modelled += np.einsum("syx,ryx->sr", array(mean), receptors)

    mu = jnp.zeros((LAYERS, *receptors.shape), jnp.float32)
    explained, of_parks, footprint = np.zeros(len(receptors)), np.zeros((len(parks), len(receptors))), 0.0
    for k in reversed(range(HOURS)):
        weight = jnp.asarray(receptors if k >= HOURS - COUNTED else 0 * receptors, jnp.float32)
        now = _for_receptors(hours[k], len(receptors))
        felt = back(mu, weight, now, steps[k])
        mu, by_emission = felt.mu, array(felt.emission)
        of_parks += np.einsum("lryx,plyx->pr", by_emission, parks)
        explained += np.einsum("lryx,lyx->r", by_emission, everything)
        for name in now.edges._fields:
            species = 2 if name != "top" else 1
            by_edge = np.moveaxis(array(getattr(felt.edges, name)) * array(getattr(now.edges, name)), species, 0)
            explained += by_edge.reshape(len(receptors), -1).sum(1)
        footprint = footprint + by_emission[0]
    explained += np.einsum("zryx,zyx,zyx->r", array(mu), array(hours[0].mass[0]), start[:, 0])
    total = modelled[0]
    return _Attribution(explained / total, of_parks / total, (total - modelled[1:]) / total, np.asarray(footprint))


def _for_receptors(now: Hour, count: int) -> Hour:
    """The hour with a species axis as long as there are receptors, each feeling the first species."""

    def repeated(a: jax.Array, axis: int) -> jax.Array:
        return jnp.repeat(jnp.take(a, jnp.array([0]), axis), count, axis)

    edges = now.edges._replace(
        **{name: repeated(getattr(now.edges, name), 1 if name == "top" else 2) for name in now.edges._fields}
    )
    return now._replace(drain=repeated(now.drain, 1), emission=repeated(now.emission, 1), edges=edges)


def closure() -> Rung:
    """Budgets of point receptors, brute-force removal of sources, continuous against discrete sensitivities."""
    measures: list[Measure] = []
    single, footprint = [], np.zeros((NY, NX))
    for wind in (SHEARED, DIVERGENT, EDDY):
        result = _attribution(wind)
        measures += [
            Measure(
                f"{wind.name}: least closure", f"{wind.zh}：最小闭合度", float(result.closure.min()), at_least=0.96
            ),
            Measure(
                f"{wind.name}: largest closure", f"{wind.zh}：最大闭合度", float(result.closure.max()), at_most=1.04
            ),
        ]
        off = abs(result.adjoint - result.removed) / np.maximum(result.removed, TOLD)
        judged = np.where(result.removed >= TOLD, off, 0)
        measures.append(
            Measure(
                f"{wind.name}: park removed, city",
                f"{wind.zh}：去除园区，城市",
                float(judged[:, -1].max()),
                at_most=0.05,
            )
        )
        single.append(float(judged[:, :-1].max()))
        footprint = result.footprint[-1]
    correlations = [_correlation(wind) for wind in (DIVERGENT, EDDY)]
    measures += [
        Measure("park removed, single stations", "去除园区，单站", max(single)),
        Measure(
            "continuous and discrete, correlation", "连续与离散相关", min(a for a, _ in correlations), at_least=0.98
        ),
        Measure("the same, worst receptor", "同上，最差受体", min(b for _, b in correlations)),
    ]
    return Rung(
        "closure",
        "闭合与归因",
        "Four hours' mean at stations and over a city, explained by emission, edges and start; parks taken away",
        tuple(measures),
        (Map("footprint of the city's stations", "城市站点足迹", footprint * 1e9, "ug m-3 per kg s-1"),),
    )


def _correlation(wind: Wind) -> tuple[float, float]:
    """Of both adjoints' sensitivities to emission by hour, layer and place, of two hours' mean at three points.

    All receptors together, and the worst of them.
    """
    ny, nx, nz = transposition.SMALL
    with jax.enable_x64(True):
        hours = [transposition.small(wind, k) for k in (0, 1)]
        run = transposition.linearised(transposition.STEPS)
        receptor = np.zeros((3, ny, nx))
        for k, cell in enumerate(((8, 10), (4, 13), (11, 6))):
            receptor[k][cell] = 0.5
        weight = jnp.asarray(receptor)
        nothing = jnp.zeros((nz, 3, ny, nx))
        begin = jnp.asarray(transposition.start())
        middle = run(begin, nothing, nothing[0], hours[0]).end
        later = run(middle, nothing, weight, hours[1])
        earlier = run(begin, later.of_state, weight, hours[0])
        discrete = np.stack([array(earlier.of_emission), array(later.of_emission)])
        mu, found = nothing, []
        for now in hours[::-1]:
            felt = _back64(mu, weight, now, transposition.STEPS)
            mu = felt.mu
            found.append(array(felt.emission))
    continuous = np.stack(found[::-1])

    def correlation(receptors: slice) -> float:
        one, other = (a[:, :, receptors].ravel() for a in (continuous, discrete))
        return float(np.corrcoef(one, other)[0, 1])

    return correlation(slice(None)), min(correlation(slice(k, k + 1)) for k in range(3))


_back64 = jax.jit(retreat, compiler_options=transposition.QUICKLY)
