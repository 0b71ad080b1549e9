"""Hot topics 热点: texts that speak of one thing, by the words that they share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import TypeVar

from lantian.disclosure.words import telling

Key = TypeVar("Key")


@dataclass(frozen=True)
class Topic:
    """A thing that several texts speak of: its words, the most telling first, and the texts."""

    words: tuple[str, ...]
    keys: tuple[object, ...]

    @property
    def count(self) -> int:
        """How many texts."""
        return len(self.keys)


def topics(texts: Mapping[Key, str], *, least: int = 2, most: int = 8) -> list[Topic]:
    """Groups of texts around their shared words, the largest first; a text stands in one group at most.

    The word that most texts share, weighed by how rare it is in all of them, makes the first group; what is left makes
    the next. ``least``: texts of a group.
    """
    known = {key: frozenset(telling(text)) for key, text in texts.items()}
    total = len(known)
    found: list[Topic] = []
    left = dict(known)
    while left and len(found) < most:
        counts: dict[str, int] = {}
        for words in left.values():
            for word in words:
                counts[word] = counts.get(word, 0) + 1
        common = {word: n for word, n in counts.items() if n >= least and n <= max(least, 0.6 * total)}
        if not common:
            break
        seed = min(common, key=lambda word: (-common[word] * log(1 + total / common[word]) * len(word) ** 0.5, word))
        keys = tuple(key for key, words in left.items() if seed in words)
        beside: dict[str, int] = {}
        for key in keys:
            for word in left[key] - {seed}:
                beside[word] = beside.get(word, 0) + 1
        shared = sorted(
            (word for word, n in beside.items() if n >= max(2, len(keys) / 2)), key=lambda w: (-beside[w], w)
        )
        found.append(Topic((seed, *shared[:3]), keys))
        for key in keys:
            del left[key]
    return sorted(found, key=lambda topic: (-topic.count, topic.words))
