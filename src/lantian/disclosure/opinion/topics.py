"""Topics of a text by families of words, which are data; a word counts where words of the text begin and end. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from lantian.disclosure.words import indexed, tokens

SHIPPED: Final = Path(__file__).with_name("topics.yaml")
FILE: Final = "topics.yaml"
"""An office's own families, in the data directory."""
_LONGEST = 6
"""Tokens that a word of a family may be cut into."""


class TopicError(ValueError):
    """A file of topics cannot be used; the message says what would be right."""


@dataclass(frozen=True)
class Topic:
    """A topic: its code, names, words, and words that take it away."""

    code: str
    zh: str
    en: str
    words: frozenset[str]
    without: frozenset[str] = frozenset()


class Topics:
    """Families of words, and what they say of a text."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self.all = {one.code: one for one in topics}
        self._of: dict[str, list[str]] = {}
        for one in topics:
            for word in one.words:
                self._of.setdefault(_joined(word), []).append(one.code)
        self._without = {word: one.code for one in topics for word in map(_joined, one.without)}

    @property
    def words(self) -> frozenset[str]:
        """Every word of every family."""
        return frozenset(self._of)

    def of(self, text: str) -> tuple[str, ...]:
        """Codes of the topics of a text, the likeliest first; none where it has no word of any.

        Each different word counts by its length; a topic stands if it has at least a third of what the first has.
        """
        found, gone = self._hits(tokens(text), indexed(text).split())
        scores: dict[str, int] = {}
        for word in found:
            for code in self._of[word]:
                scores[code] = scores.get(code, 0) + len(word)
        best = max((score for code, score in scores.items() if code not in gone), default=0)
        order = {code: number for number, code in enumerate(self.all)}
        kept = [code for code, score in scores.items() if code not in gone and 3 * score >= best]
        return tuple(sorted(kept, key=lambda code: (-scores[code], order[code])))

    def _hits(self, parts: Sequence[str], inside: Sequence[str]) -> tuple[set[str], set[str]]:
        """Words of families: long ones made of several words of the text, short ones inside of one."""
        found = {word for word in inside if word in self._of}
        gone = {self._without[word] for word in inside if word in self._without}
        for start in range(len(parts)):
            word = ""
            for part in parts[start : start + _LONGEST]:
                word += part
                if word in self._of:
                    found.add(word)
                if word in self._without:
                    gone.add(self._without[word])
        return found, gone


def _joined(word: str) -> str:
    return "".join(tokens(word))


@cache
def load(path: Path | None = None) -> Topics:
    """The families of a file (None: the shipped ones). Raises TopicError naming file, entry, field, value."""
    source = path or SHIPPED
    value = yaml.safe_load(source.read_text(encoding="utf-8"))
    if not isinstance(value, list) or not value:
        raise TopicError(f"{source.name}: expected a list of topics")
    found = [_topic(source.name, number, entry) for number, entry in enumerate(value, 1)]
    if twice := {one.code for one in found if sum(other.code == one.code for other in found) > 1}:
        raise TopicError(f"{source.name}: code {sorted(twice)[0]!r} stands twice")
    return Topics(found)


def _topic(name: str, number: int, entry: Any) -> Topic:
    where = f"{name}, entry {number}"
    if not isinstance(entry, Mapping):
        raise TopicError(f"{where}: expected code, zh, en and words")
    for field in ("code", "zh", "en"):
        if not isinstance(entry.get(field), str) or not entry[field].strip():
            raise TopicError(f"{where}, {field}: {entry.get(field)!r}; expected a text")
    words = entry.get("words")
    if not isinstance(words, list) or not words:
        raise TopicError(f"{where}, words: {words!r}; expected a list of words")
    if unknown := sorted(set(entry) - {"code", "zh", "en", "words", "not"}):
        raise TopicError(f"{where}, {unknown[0]}: unknown; expected code, zh, en, words, not")
    without = frozenset(map(str, entry.get("not", [])))
    return Topic(entry["code"], entry["zh"], entry["en"], frozenset(map(str, words)), without)
