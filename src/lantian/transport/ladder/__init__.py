"""The validation ladder: what the engine is held to, from a uniform field to the attribution of a city's air.

In come the names of rungs, or none for all; out comes a `Rung` for each, with its numbers, their limits and fields to
draw. ``lantian model check`` runs it on the user's machine; the tests assert the same rungs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from lantian.transport.ladder.closure import closure
from lantian.transport.ladder.diffusion import diffusion, puff
from lantian.transport.ladder.kinematics import budget, cone, deformation, uniform
from lantian.transport.ladder.plumes import plume
from lantian.transport.ladder.reactions import aerosol, atoms, photochemistry
from lantian.transport.ladder.rung import Curve, Map, Measure, Rung
from lantian.transport.ladder.runs import nest, precision, restart
from lantian.transport.ladder.transposition import adjoint

__all__ = ["RUNGS", "Curve", "Map", "Measure", "Rung", "run"]

RUNGS: Final[Mapping[str, Callable[[], Rung]]] = {
    "uniform": uniform,
    "budget": budget,
    "cone": cone,
    "deformation": deformation,
    "diffusion": diffusion,
    "puff": puff,
    "plume": plume,
    "photochemistry": photochemistry,
    "aerosol": aerosol,
    "atoms": atoms,
    "nest": nest,
    "restart": restart,
    "precision": precision,
    "adjoint": adjoint,
    "closure": closure,
}
"""From the bottom up."""


def run(progress: Callable[[int, int, str], None] | None = None, rungs: Sequence[str] | None = None) -> list[Rung]:
    """Climb the ladder, or the ``rungs`` of these names, in this order.

    ``progress`` is told (done, total, name of the rung that begins), at the end with an empty name. Raises
    ``ValueError`` for a name that is unknown.
    """
    names = list(RUNGS if rungs is None else rungs)
    unknown = [name for name in names if name not in RUNGS]
    if unknown:
        raise ValueError(f"unknown rungs {', '.join(unknown)}; known are {', '.join(RUNGS)}")
    climbed = []
    for number, name in enumerate(names):
        if progress:
            progress(number, len(names), name)
        began = time.perf_counter()
        climbed.append(replace(RUNGS[name](), seconds=time.perf_counter() - began))
    if progress:
        progress(len(names), len(names), "")
    return climbed
