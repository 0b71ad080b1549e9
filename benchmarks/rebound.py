"""Rebound: how many returns of banned workshops are found, beside two named references, and how long that takes.

`python -m benchmarks.rebound` measures on invented registers (`tests.supervision.moves`); `--learn` prints the weights
that `lantian.supervision` holds in rebound_weights.yaml. What it finds in invented registers is no promise for a real
one: there EM (`rebound_learn.estimated`) and a sample checked by hand must say.
"""

import sys
import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import yaml
from rapidfuzz import fuzz, process

from benchmarks.report import Line, machine, peak_memory, table
from lantian.supervision.identity import plain
from lantian.supervision.rebound import CLASSES, Index, Proposal, Weights
from lantian.supervision.rebound_learn import learned
from lantian.supervision.rebound_levels import levels, profile
from tests.supervision.moves import World

LEARN, JUDGE = 1, 20171
"""Seeds: the weights are learned in one invented land, and judged in another."""

BEYOND = {"km60": 0.03, "far": 0.004}
"""Returns further than the generator ever moves one: own assumption, as it happens."""

Found = set[tuple[str, str]]


def learn(banned: int = 4000, unrelated: int = 40_000) -> Weights:
    """Weights of the generator: its returns, and pairs taken at random with as many of one industry."""
    world = World(LEARN, 12_000, banned, returning=0.5)
    known = {site.id: profile(site) for site in (*world.banned, *world.register)}
    same = [levels(known[one], known[other]) for one, other in world.truth.items()]
    draw, people = world.random, [known[site.id] for site in world.register]
    pairs = []
    for _ in range(unrelated):
        one, other = draw.sample(people, 2)
        pairs.append(levels(one, other))
    found = learned(same, pairs)
    place = {**found.m["place"], **BEYOND}
    total = sum(place.values())
    return replace(found, m={**found.m, "place": {level: value / total for level, value in place.items()}})


def as_yaml(weights: Weights) -> str:
    """The weights as the platform's file has them, six digits."""
    sides = {
        side: {field: {k: float(f"{v:.6g}") for k, v in row.items()} for field, row in tab.items()}
        for side, tab in (("m", weights.m), ("u", weights.u))
    }
    return yaml.safe_dump(
        {"returning": weights.returning, **sides}, sort_keys=False, default_flow_style=None, width=150
    )


def quality(found: Found, world: World) -> tuple[float, float]:
    """Precision and recall of pairs."""
    right = len(found & set(world.truth.items()))
    return right / len(found) if found else 1.0, right / len(world.truth)


def ours(proposals: Iterable[Proposal], least: str) -> Found:
    """Pairs of a class or better."""
    names = list(CLASSES)
    return {
        (one.banned.id, one.other.id)
        for one in proposals
        if one.score.rating is not None and names.index(one.score.rating) <= names.index(least)
    }


def exact_name(world: World) -> Found:
    """Reference: names that are equal to the letter."""
    by_name: dict[str, list[str]] = {}
    for site in world.register:
        by_name.setdefault(site.name, []).append(site.id)
    return {(site.id, other) for site in world.banned for other in by_name.get(site.name, [])}


def token_sort(world: World, above: float = 85.0) -> Found:
    """Reference: rapidfuzz's token_sort_ratio on name and address over 85."""
    texts = [plain(f"{site.name} {site.address}") for site in world.register]
    asked = [plain(f"{site.name} {site.address}") for site in world.banned]
    found: Found = set()
    for at in range(0, len(asked), 200):
        scores = process.cdist(
            asked[at : at + 200], texts, scorer=fuzz.token_sort_ratio, score_cutoff=above, dtype=np.uint8
        )
        rows, columns = np.nonzero(scores > above)
        found |= {
            (world.banned[at + int(row)].id, world.register[int(column)].id)
            for row, column in zip(rows, columns, strict=True)
        }
    return found


def run(size: int = 20_000, banned: int = 2000, large: int = 100_000) -> list[Line]:
    """Quality on one register, time on a large one."""
    world = World(JUDGE, size, banned)
    index = Index(world.register)
    proposals = [one for site in world.banned for one in index.returns(site)]
    lines = [Line(f"register of {size}, {banned} banned, {len(world.truth)} of them returned", "precision  recall")]
    lines += [_line(f"  {name} or better", ours(proposals, name), world) for name in CLASSES]
    lines.append(_line("  reference: exact name", exact_name(world), world))
    lines.append(_line("  reference: rapidfuzz token_sort_ratio(name + address) > 85", token_sort(world), world))
    world = World(JUDGE + 1, large, large // 10)
    begin = time.perf_counter()
    index = Index(world.register)
    built = time.perf_counter()
    compared = sum(len(index.near(profile(site))) for site in world.banned)
    looked = time.perf_counter()
    made = [one for site in world.banned for one in index.returns(site)]
    end = time.perf_counter()
    whole = len(world.banned) * len(world.register)
    lines += [
        Line(f"{len(world.register)} sites brought to one form and keyed", f"{built - begin:.1f} s"),
        Line(f"{len(world.banned)} banned looked for in them", f"{end - looked:.1f} s", "one core"),
        Line("pairs compared", f"{compared:,}", f"{whole / max(compared, 1):,.0f} times fewer than all"),
        _line("  likely or better", ours(made, "likely"), world),
        Line("memory at most", f"{peak_memory():.1f} GiB"),
    ]
    return lines


def _line(what: str, found: Found, world: World) -> Line:
    precision, recall = quality(found, world)
    return Line(what, f"{100 * precision:5.1f} %  {100 * recall:5.1f} %", f"{len(found)} pairs")


if __name__ == "__main__":
    if "--learn" in sys.argv:
        sys.stdout.write(as_yaml(learn()))
    else:
        print(table([machine(), *run()]))
