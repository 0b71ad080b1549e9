"""Rung of attribution: budgets that close, sources taken away, and the two adjoints side by side."""

from __future__ import annotations

from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lantian.transport.hour import choose_steps
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
    forth,
    hills,
    hour,
)
from lantian.transport.ladder.rung import Map, Measure, Rung, Values, array
from lantian.transport.receptors import point
from lantian.transport.step import retreat
from lantian.transport.tracer import retrace

HOURS: Final = 6
COUNTED: Final = 4
"""Last hours whose mean the receptors take."""
STATIONS: Final = (
    (6.0, 12.4), (8.3, 16.1), (9.0, 20.0), (11.2, 11.7), (12.4, 15.2), (13.0, 18.5), (15.1, 10.0), (16.3, 16.4),
    (16.8, 21.0), (9.7, 24.3), (18.9, 14.1), (7.4, 9.0), (6.2, 6.1), (12.0, 15.0), (18.4, 21.7), (9.1, 25.5),
)  # fmt: skip
"""Places (y, x) of stations in cells, whole numbers in their middles; all are receptors, the first twelve a city."""
CITY: Final = 12
PARKS: Final = ((0, 11, 8), (1, 6, 20), (2, 16, 14))
"""Layer and middle cell of three industrial parks, 3 x 3 cells each."""
CHIMNEYS: Final = ((1, 8, 13), (2, 13, 20), (2, 17, 9))
"""Layer and cell of single sources."""
TOLD: Final = 0.05
"""Share of the receptor's concentration from which on a source is judged."""


class _Attribution(NamedTuple):
    """For one wind; receptors are `STATIONS` and last the mean of the city's; sources `PARKS`, then `CHIMNEYS`."""

    closure: Values
    """(receptor,) what emission, edges and start explain, over what was modelled"""
    adjoint: Values
    """(source, receptor) contribution by the adjoint, over what was modelled"""
    removed: Values
    """(source, receptor) the same by running without the source"""
    footprint: Values
    """(receptor, y, x) sensitivity to emission in the lowest layer, ug m-3 per ug s-1"""

    def off(self) -> Values:
        """(source, receptor) relative error of the adjoint; NaN where the source makes too little to be judged."""
        judged = np.where(self.removed >= TOLD, self.removed, np.nan)
        return array(abs(self.adjoint - self.removed) / judged)


def _receptors() -> Values:
    """(receptor, y, x) weights of an hourly mean."""
    grid, when = hills().grid, np.datetime64("2026-01-12T00", "ns") + np.arange(COUNTED) * np.timedelta64(1, "h")
    y, x = np.transpose(STATIONS)
    lon, lat = grid.projection.inverse(grid.x[0] + x * grid.spacing, grid.y[0] + y * grid.spacing)
    made = [point(grid, "station", *at, when, "PMC") for at in zip(lon, lat, strict=True)]
    made.append(point(grid, "city", lon[:CITY], lat[:CITY], when, "PMC"))
    return np.stack([one.weights((NY, NX)) for one in made])


def _sources() -> tuple[Values, Values]:
    """(layer, y, x) ug s-1 of all sources, and (source, layer, y, x) of each park and chimney."""
    y, x = np.mgrid[:NY, :NX]
    each = np.zeros((len(PARKS) + len(CHIMNEYS), EMITTED, NY, NX))
    for park, (layer, j, i) in zip(each, PARKS, strict=False):
        park[layer, j - 1 : j + 2, i - 1 : i + 2] = 5e6
    for chimney, at in zip(each[len(PARKS) :], CHIMNEYS, strict=True):
        chimney[at] = 2e7
    everything = each.sum(0)
    everything[0] += 1e6 * np.exp(-((x - 13) ** 2 + (y - 11) ** 2) / 50)
    return everything, each


def _attribution(wind: Wind) -> _Attribution:
    everything, sources = _sources()
    background = 20 * np.exp(-np.linspace(0, 2, LAYERS))
    emission = np.stack([everything, *(everything - source for source in sources)], 1)
    receptors = _receptors()
    air = {"edge": background, "velocity": 0.003, "species": emission.shape[1]}
    hours = [hour(wind, k, emission=emission, **air) for k in range(HOURS)]
    steps = [choose_steps(now, 300.0)[0] for now in hours]

    start = np.broadcast_to(background[:, None, None, None], (LAYERS, 1, NY, NX))
    q = jnp.asarray(np.repeat(start, emission.shape[1], 1), jnp.float32)
    modelled, begins = np.zeros((emission.shape[1], len(receptors))), []
    for k, now in enumerate(hours):
        begins.append(q[:, :1])
        q, mean, *_ = forth(q, now, steps[k])
        if k >= HOURS - COUNTED:
            modelled += np.einsum("syx,ryx->sr", array(mean), receptors)

    mu = jnp.zeros((LAYERS, *receptors.shape), jnp.float32)
    explained, of_sources, footprint = np.zeros(len(receptors)), np.zeros((len(sources), len(receptors))), 0.0
    for k in reversed(range(HOURS)):
        weight = jnp.asarray(receptors if k >= HOURS - COUNTED else 0 * receptors, jnp.float32)
        felt = retrace(mu, weight, begins[k], hours[k], steps[k], index=0, intervals=12, processes=())
        mu, by_emission = felt.mu, array(felt.emission)
        of_sources += np.einsum("lryx,plyx->pr", by_emission, sources)
        explained += np.einsum("lryx,lyx->r", by_emission, everything)
        for name in felt.edges._fields:
            species = 2 if name != "top" else 1
            given = np.take(array(getattr(hours[k].edges, name)), [0], species)
            by_edge = np.moveaxis(array(getattr(felt.edges, name)) * given, species, 0)
            explained += by_edge.reshape(len(receptors), -1).sum(1)
        footprint = footprint + by_emission[0]
    explained += np.einsum("zryx,zyx,zyx->r", array(mu), array(hours[0].mass[0]), start[:, 0])
    total = modelled[0]
    return _Attribution(explained / total, of_sources / total, (total - modelled[1:]) / total, np.asarray(footprint))


def closure() -> Rung:
    """Budgets of stations, brute-force removal of sources, continuous against discrete sensitivities."""
    measures: list[Measure] = []
    stations, footprint = [], np.zeros((NY, NX))
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
        off = result.off()
        measures.append(
            Measure(
                f"{wind.name}: source removed, city",
                f"{wind.zh}：去除源，城市",
                float(np.nanmax(off[:, -1])),
                at_most=0.05,
            )
        )
        stations.append(off[:, :-1])
        footprint = result.footprint[-1]
    parks, chimneys = np.split(np.concatenate(stations, 1), [len(PARKS)])
    correlations = [_correlation(wind) for wind in (DIVERGENT, EDDY)]
    measures += [
        Measure("park removed, single stations", "去除园区，单站", float(np.nanmax(parks)), at_most=0.05),
        Measure("chimney removed, single stations", "去除烟囱，单站", float(np.nanmax(chimneys)), at_most=0.05),
        Measure(
            "continuous and discrete, correlation", "连续与离散相关", min(a for a, _ in correlations), at_least=0.98
        ),
        Measure("the same, worst receptor", "同上，最差受体", min(b for _, b in correlations)),
    ]
    return Rung(
        "closure",
        "闭合与归因",
        "Four hours' mean at stations and over a city, explained by emission, edges and start; sources taken away",
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
