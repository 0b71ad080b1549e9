"""Where the weights of `rebound` come from: counted in pairs that are known, or estimated by EM where none are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from typing import TypeAlias

from lantian.supervision.rebound import Weights
from lantian.supervision.rebound_levels import FIELDS, UNKNOWN

Pair: TypeAlias = Mapping[str, str]
"""Levels of one pair by field, as `rebound_levels.levels` gives them."""

Table: TypeAlias = dict[str, dict[str, float]]


def counted(pairs: Iterable[Pair], shares: Iterable[float] | None = None) -> Table:
    """Shares of the levels among those known, half a pair added to each, so that nothing has the chance 0 or 1.

    ``shares``: how much of each pair counts (1 where not given).
    """
    found = {field: dict.fromkeys(names, 0.5) for field, names in FIELDS.items()}
    weighed = zip(pairs, shares, strict=True) if shares is not None else ((pair, 1.0) for pair in pairs)
    for pair, share in weighed:
        for field, level in pair.items():
            if level != UNKNOWN:
                found[field][level] += share
    return {
        field: {level: count / sum(counts.values()) for level, count in counts.items()}
        for field, counts in found.items()
    }


def learned(same: Iterable[Pair], unrelated: Sequence[Pair], returning: float = 0.1) -> Weights:
    """Weights from pairs that are known to be the same and pairs that are known to be unrelated.

    Equipment is counted in unrelated pairs of the same industry, as most pairs that are looked at are of one.
    """
    u = counted(unrelated)
    u["equipment"] = counted([pair for pair in unrelated if pair["industry"] == "same"])["equipment"]
    return Weights(counted(same), u, returning)


def estimated(
    pairs: Sequence[Pair], start: Weights, field: str, share: float = 0.3, rounds: int = 100
) -> tuple[Weights, float]:
    """Weights from pairs of which nobody knows whether they are the same, by expectation and maximisation.

    The pairs must be those of a register that agree in one strong ``field`` (all with the same telephone, say), as
    returns are too rare among all pairs to be found without help. That field then tells nothing about them and keeps
    its m; the m of all others is estimated, u stays (count it in pairs taken at random: `counted`). Do it once for
    each of two fields and take the m of each from the other's run.

    Args:
        pairs: levels of the pairs.
        start: where to begin.
        field: in which all of them agree.
        share: first guess of the part that is the same.
        rounds: at most; ends earlier where nothing changes any more.

    Returns:
        The weights, and the part of the pairs that is the same.

    Raises:
        ValueError: no pair, an unknown field, or a share that is none.
    """
    if not pairs or field not in FIELDS or not 0 < share < 1:
        raise ValueError(
            f"{len(pairs)} pairs, field {field!r}, share {share}: expected at least one pair, one of "
            f"{', '.join(FIELDS)}, and a share between 0 and 1"
        )
    kinds: dict[tuple[tuple[str, str], ...], int] = {}
    for pair in pairs:
        kind = tuple(sorted((name, level) for name, level in pair.items() if name != field))
        kinds[kind] = kinds.get(kind, 0) + 1
    seen, counts = [dict(kind) for kind in kinds], list(kinds.values())
    weights = start
    for _ in range(rounds):
        sure = [_posterior(pair, weights, share) for pair in seen]
        before, share = share, sum(p * n for p, n in zip(sure, counts, strict=True)) / len(pairs)
        share = min(max(share, 1e-6), 1 - 1e-6)
        m = counted(seen, [p * n for p, n in zip(sure, counts, strict=True)])
        weights = Weights({**m, field: start.m[field]}, start.u, start.returning)
        if abs(share - before) < 1e-7:
            break
    return weights, share


def _posterior(pair: Pair, weights: Weights, share: float) -> float:
    odds = log(share / (1 - share)) + sum(weights.weight(field, level) for field, level in pair.items())
    return 1 / (1 + exp(-max(-500.0, min(500.0, odds))))
