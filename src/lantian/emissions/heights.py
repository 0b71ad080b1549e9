"""Height 高度分配: which layers area sources feed, which lie between given heights above the ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.places.grid import Domain, Field

CEILING: Final = 1200.0
"""m above ground: emissions fill the layers that begin below; what rises higher counts in the topmost of them. By day
the air is mixed as high, by night no plume comes so far.
"""


def layer_count(domain: Domain) -> int:
    """How many layers emissions have."""
    begin = np.array(domain.levels.faces[:-1]) * float(domain.jacobian.max())
    return max(1, int(np.count_nonzero(begin < CEILING)))


def faces(domain: Domain) -> Field:
    """(n + 1, y, x) m above ground."""
    return np.asarray(np.array(domain.levels.faces)[:, None, None] * domain.jacobian)


def area_shares(domain: Domain, heights: Sequence[tuple[float, float, float]]) -> NDArray[np.float32]:
    """(layer, y, x) the share of an area source in each layer, as many layers as have any; adds up to one.

    ``heights``: (bottom, top, share) in m above ground, even in between.
    """
    at, top = faces(domain)[: layer_count(domain) + 1], layer_count(domain)
    below = sum(share * np.clip((at - low) / (high - low), 0, 1) for low, high, share in heights)
    below = np.asarray(below)
    below[top] = 1.0
    shares = np.diff(below, axis=0)
    used = int(np.flatnonzero(shares.max(axis=(1, 2)) > 0).max()) + 1
    return shares[:used].astype(np.float32)
