"""One entry of a definition file, read with errors that say where it stands and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lantian.kernel.said import SaidError
from lantian.observations.feeds.definition import Words

_NEEDED: Any = object()


class FeedError(SaidError):
    """A definition cannot be used, or what was asked does not fit it; the message names file, entry, field, value
    and what is right.
    """


class Entry:
    """A mapping of the file; what was never asked for is unknown to us, and `nothing_else` says so."""

    def __init__(self, file: str, where: str, content: Mapping[Any, Any]) -> None:
        self.file, self.where, self._content = file, where, content
        self._asked: set[str] = set()

    def fault(self, field: str, value: object, right: str) -> FeedError:
        """The error for a field."""
        place = ", ".join(part for part in (self.file, self.where, field) if part)
        said = "missing" if value is None else repr(value)
        said_zh = "缺少" if value is None else said
        return FeedError(f"{place}: {said}; expected {right}", f"{place}：{said_zh}；应为 {right}")

    def called(self, name: str) -> Entry:
        """The same under a name that says more than its number."""
        self.where = f"{self.where.partition('[')[0]}, {name}"
        return self

    def keys(self) -> Iterator[str]:
        """The names in it."""
        return map(str, self._content)

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return self.raw(name) is not None

    def raw(self, name: str) -> Any:
        """The value as YAML gives it."""
        self._asked.add(name)
        if name in self._content:
            return self._content[name]
        return next((value for key, value in self._content.items() if str(key) == name), None)

    def text(self, name: str, otherwise: str | None = _NEEDED, *, right: str = "some words") -> str:
        """A text; numbers are taken as they are written."""
        value = self.raw(name)
        if value is None and otherwise is not _NEEDED and otherwise is not None:
            return otherwise
        if value is None or isinstance(value, dict | list) or not str(value).strip():
            raise self.fault(name, value, right)
        return str(value).strip()

    def words(self, name: str, *, needed: bool = False) -> Words:
        """`{zh: , en: }`."""
        value = self.raw(name)
        if value is None and not needed:
            return Words("", "")
        if isinstance(value, str):
            return Words(value, value)
        if (
            not isinstance(value, dict)
            or set(value) != {"zh", "en"}
            or not all(str(one).strip() for one in value.values())
        ):
            raise self.fault(name, value, "{zh: ..., en: ...}")
        return Words(str(value["zh"]).strip(), str(value["en"]).strip())

    def flag(self, name: str) -> bool:
        """True or false; false where it is not there."""
        value = self.raw(name)
        if value is not None and not isinstance(value, bool):
            raise self.fault(name, value, "true or false")
        return bool(value)

    def number(self, name: str) -> float | None:
        """A number or nothing."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(name, value, "a number")
        return float(value)

    def whole(self, name: str, most: int) -> int | None:
        """A whole number from 0 to `most`, or nothing."""
        value = self.number(name)
        if value is not None and not (value.is_integer() and 0 <= value <= most):
            raise self.fault(name, value, f"a whole number from 0 to {most}")
        return None if value is None else int(value)

    def one_of(self, name: str, known: Iterable[str], otherwise: Any = _NEEDED) -> Any:
        """One of the known words."""
        value = self.raw(name)
        if value is None and otherwise is not _NEEDED:
            return otherwise
        if not isinstance(value, str) or value not in (listed := list(known)):
            raise self.fault(name, value, f"one of {', '.join(known)}")
        return listed[listed.index(value)]

    def names(self, name: str, known: Sequence[str], *, needed: bool = False) -> tuple[str, ...]:
        """A list of fields; one alone may stand without brackets."""
        value = self.raw(name)
        if value is None and not needed:
            return ()
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or any(one not in known for one in listed):
            raise self.fault(name, value, f"a list of fields: {', '.join(known)}")
        if len(set(listed)) < len(listed):
            raise self.fault(name, value, "each field once")
        return tuple(listed)

    def below(self, name: str) -> Entry:
        """The mapping under a name; an empty one where there is none."""
        value = self.raw(name)
        if value is not None and not isinstance(value, dict):
            raise self.fault(name, value, "a mapping")
        return Entry(self.file, ", ".join(part for part in (self.where, name) if part), value or {})

    def entries(self, name: str) -> list[Entry]:
        """The mappings of a list."""
        value = self.raw(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.fault(name, value, "a list of mappings")
        return [Entry(self.file, f"{name}[{number}]", one) for number, one in enumerate(value, 1)]

    def nothing_else(self) -> None:
        """Raise FeedError for an entry that nobody asked for: a slip of the pen must not be silence."""
        unknown = [str(key) for key in self._content if str(key) not in self._asked]
        if unknown:
            raise self.fault(unknown[0], self._content.get(unknown[0]), f"one of {', '.join(sorted(self._asked))}")
