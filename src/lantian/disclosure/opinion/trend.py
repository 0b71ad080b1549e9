"""Trend and alarm: a day's count against the same weekday before, and words that are new. Pure.

The alarm is stated: a count is unusual where Poisson's chance of so many, given the mean of the same weekday in the
weeks before, is below `CHANCE`, and the robust z (from median and median deviation) is at least `Z`, and it is at least
`LEAST`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, lgamma, log, sqrt
from statistics import median

WEEKS = 8
"""Weeks looked back on; at least `ENOUGH` of them must lie in what is known."""
ENOUGH = 4
CHANCE = 0.001
Z = 3.0
LEAST = 5
SURE = 10.83
"""Log-likelihood ratio from which a word's rise is not chance (0.001, one degree of freedom)."""


@dataclass(frozen=True)
class Alarm:
    """A day on which more was written than usual.

    Attributes:
        mean, median: of the same weekday in the weeks before; ``weeks``: how many of them.
        chance: Poisson's, of so many or more; ``z``: robust.
    """

    topic: str
    day: date
    count: int
    mean: float
    median: float
    weeks: int
    chance: float
    z: float

    def text(self, language: str) -> str:
        """Why, in words."""
        if language == "zh":
            return (
                f"{self.count} 条；前 {self.weeks} 个同一星期几平均 {self.mean:.1f} 条，"
                f"泊松概率 {self.chance:.1g}，稳健 z {self.z:.1f}"
            )
        return (
            f"{self.count} messages; mean of the same weekday in {self.weeks} weeks {self.mean:.1f}, "
            f"Poisson chance {self.chance:.1g}, robust z {self.z:.1f}"
        )


@dataclass(frozen=True)
class Rising:
    """A word that is written more than before: its counts of texts, and the log-likelihood ratio."""

    word: str
    now: int
    before: int
    ratio: float


def judge(topic: str, counts: Mapping[date, int], day: date, first: date) -> Alarm | None:
    """The alarm of a day; None where it is usual or too little is known. ``first``: the first day that is known."""
    past = [day - timedelta(weeks=back) for back in range(1, WEEKS + 1)]
    known = [counts.get(one, 0) for one in past if one >= first]
    count = counts.get(day, 0)
    if len(known) < ENOUGH or count < LEAST:
        return None
    mean, middle = sum(known) / len(known), median(known)
    # Half a message more than seen: a topic that was never written about has no chance of 0 either.
    expected = mean + 0.5 / len(known)
    spread = max(1.4826 * median(abs(one - middle) for one in known), sqrt(max(middle, 1.0)))
    chance, z = tail(count, expected), (count - middle) / spread
    if chance >= CHANCE or z < Z:
        return None
    return Alarm(topic, day, count, mean, float(middle), len(known), chance, z)


def tail(count: int, mean: float) -> float:
    """Poisson's chance of ``count`` or more.

    Example:
        >>> round(tail(5, 1.0), 5), tail(0, 3.0)
        (0.00366, 1.0)
    """
    if count <= 0:
        return 1.0
    if count > mean:  # sum the tail itself: 1 minus the rest would lose it
        total, k = 0.0, count
        while True:
            term = exp(k * log(mean) - mean - lgamma(k + 1))
            total += term
            k += 1
            if term <= total * 1e-12:
                return min(total, 1.0)
    return max(0.0, 1.0 - sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count)))


def rising(
    now: Iterable[Sequence[str]],
    before: Iterable[Sequence[str]],
    known: Iterable[str] = (),
    *,
    most: int = 12,
    least: int = 4,
) -> list[Rising]:
    """Words of more texts than before, by log-likelihood, the surest first; those in ``known`` are left out."""
    recent, past = [frozenset(text) for text in now], [frozenset(text) for text in before]
    if not recent:
        return []
    skip, n, m = frozenset(known), len(recent), len(past)
    a, b = _counts(recent), _counts(past)
    found = []
    for word, count in a.items():
        old = b.get(word, 0)
        if word in skip or count < least or (m and count / n <= old / m):
            continue
        ratio = likelihood(count, n, old, m)
        if ratio >= SURE:
            found.append(Rising(word, count, old, round(ratio, 1)))
    return sorted(found, key=lambda one: (-one.ratio, one.word))[:most]


def likelihood(a: int, n: int, b: int, m: int) -> float:
    """Dunning's log-likelihood ratio that a word stands in ``a`` of ``n`` and ``b`` of ``m`` texts by one rate."""
    if n + m == 0 or a + b in (0, n + m):
        return 0.0
    share = (a + b) / (n + m)
    cells = ((a, n * share), (b, m * share), (n - a, n * (1 - share)), (m - b, m * (1 - share)))
    return max(0.0, 2 * sum(seen * log(seen / due) for seen, due in cells if seen))


def _counts(texts: Iterable[frozenset[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        for word in text:
            found[word] = found.get(word, 0) + 1
    return found
