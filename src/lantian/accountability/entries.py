"""Entries of a file that people write: each field is taken by name and checked, and what is wrong is one sentence that
names file, entry, field, value and what would be right.

YAML and JSON are read without losing anything: a key that stands twice is refused, and so is one that nobody took.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from lantian.standards import rounding

_NEEDED: Any = object()


class Entry:
    """One mapping of a file.

    Args:
        file: what the file is called in a message.
        where: the entry in words, such as ``rule city, step 2``; empty for the whole file.
        values: field -> value.
        error: the exception that is raised, a ValueError of the file's own kind.
    """

    def __init__(self, file: str, where: str, values: Any, error: type[ValueError] = ValueError) -> None:
        self._file, self._where, self._error = file, where, error
        self._taken: set[str] = set()
        if not isinstance(values, Mapping):
            raise error(f"{self._place()}: {values!r}: expected fields with values")
        self._values: Mapping[str, Any] = values

    def fault(self, field: str, right: str) -> ValueError:
        """The exception to raise for a field whose value is not right."""
        if field not in self._values:
            return self._error(f"{self._place()}: field {field} is missing: expected {right}")
        return self._error(f"{self._place()}: {field} {_shown(self._values[field])}: expected {right}")

    def has(self, field: str) -> bool:
        """Whether the field is there with a value."""
        return self._values.get(field) is not None

    def text(self, field: str, default: str = _NEEDED, *, right: str = "a text") -> str:
        """A text that is not empty."""
        value = self._take(field, default, right)
        if value is default and isinstance(value, str):
            return value
        if not isinstance(value, str) or not value.strip():
            raise self.fault(field, right)
        return value.strip()

    def one_of(self, field: str, words: Sequence[str], default: str = _NEEDED) -> str:
        """One of the given words."""
        right = f"one of {', '.join(words)}"
        value = self.text(field, default, right=right)
        if value is not default and value not in words:
            raise self.fault(field, right)
        return value

    def flag(self, field: str, default: bool = False) -> bool:
        """``true`` or ``false``."""
        value = self._take(field, default, "true or false")
        if not isinstance(value, bool):
            raise self.fault(field, "true or false")
        return value

    def count(self, field: str, *, least: int = 0, right: str = "") -> int:
        """A whole number of at least ``least``."""
        right = right or f"a whole number of at least {least}"
        value = self._take(field, _NEEDED, right)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.fault(field, right)
        return value

    def count_or_none(self, field: str, *, least: int = 0) -> int | None:
        """As ``count``; None where the field is missing or null."""
        return self.count(field, least=least) if self._seen(field) else None

    def decimal(self, field: str, default: Decimal = _NEEDED, *, right: str = "a number") -> Decimal:
        """A number, exactly as it is written."""
        value = self._take(field, default, right)
        try:
            return rounding.as_decimal(value)
        except (TypeError, ValueError):
            raise self.fault(field, right) from None

    def decimal_or_none(self, field: str) -> Decimal | None:
        """As ``decimal``; None where the field is missing or null."""
        return self.decimal(field) if self._seen(field) else None

    def day(self, field: str) -> date:
        """A day such as 2017-10-01."""
        right = "a day such as 2017-10-01"
        value = self._take(field, _NEEDED, right)
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.fault(field, right) from None

    def day_or_none(self, field: str) -> date | None:
        """As ``day``; None where the field is missing or null."""
        return self.day(field) if self._seen(field) else None

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; empty where the field is missing."""
        value = self._take(field, (), "a list of texts")
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
            raise self.fault(field, "a list of texts")
        return tuple(value)

    def entry(self, field: str, where: str = "") -> Entry:
        """A field that has fields itself."""
        value = self._take(field, _NEEDED, "fields with values")
        if not isinstance(value, Mapping):
            raise self.fault(field, "fields with values")
        return Entry(self._file, where or self._inside(field), value, self._error)

    def named(self, field: str, what: str) -> dict[str, Entry]:
        """A field whose keys are names of entries; ``what`` they are called in a message."""
        right = f"a {what} by name"
        value = self._take(field, _NEEDED, right)
        if not isinstance(value, Mapping) or not value:
            raise self.fault(field, right)
        return {str(name): Entry(self._file, f"{what} {name}", each, self._error) for name, each in value.items()}

    def list(self, field: str, what: str, *, needed: bool = False) -> list[Entry]:
        """A list of entries; ``what`` one is called in a message, followed by its id or number."""
        right = f"a list with at least one {what}" if needed else f"a list of {what} entries"
        value = self._take(field, _NEEDED if needed else (), right)
        if not isinstance(value, list | tuple) or (needed and not value):
            raise self.fault(field, right)
        return [
            Entry(self._file, self._inside(f"{what} {_called(each, number)}"), each, self._error)
            for number, each in enumerate(value, 1)
        ]

    def close(self) -> None:
        """Refuse fields that nobody took: a misspelt one would be dropped in silence."""
        for field in self._values:
            if field not in self._taken:
                known = ", ".join(sorted(self._taken))
                raise self._error(f"{self._place()}: {field} {self._values[field]!r}: expected one of {known}")

    def _take(self, field: str, default: Any, right: str) -> Any:
        self._taken.add(field)
        value = self._values.get(field)
        if value is None:
            if default is _NEEDED:
                raise self.fault(field, right)
            return default
        return value

    def _seen(self, field: str) -> bool:
        self._taken.add(field)
        return self.has(field)

    def _inside(self, part: str) -> str:
        return f"{self._where}, {part}" if self._where else part

    def _place(self) -> str:
        return f"{self._file}: {self._where}" if self._where else self._file


def read_yaml(text: str, file: str, error: type[ValueError] = ValueError) -> Entry:
    """The mapping of a YAML text. Raises ``error`` for what is no YAML, and for a key that stands twice."""
    try:
        values = yaml.load(text, _Loader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as fault:
        raise error(f"{file}: {' '.join(str(fault).split())}: expected YAML") from None
    return Entry(file, "", values, error)


def read_json(text: str, file: str, error: type[ValueError] = ValueError) -> Entry:
    """The mapping of a JSON text, numbers as they are written. Raises ``error`` as :func:`read_yaml`."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(found)
        if len(values) != len(found):
            twice = next(key for key, _ in found if [other for other, _ in found].count(key) > 1)
            raise error(f"{file}: field {twice} stands twice: expected it once")
        return values

    try:
        values = json.loads(text, parse_float=Decimal, object_pairs_hook=pairs)
    except json.JSONDecodeError as fault:
        raise error(f"{file}, line {fault.lineno}: {fault.msg}: expected JSON") from None
    return Entry(file, "", values, error)


def text_of(source: str | Path, suffix: str) -> tuple[str, str]:
    """Text and name of a source: a path, or the text itself when it has a line break or begins a JSON object.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return source, f"the given {suffix}"
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file: expected one with {suffix}")
    return path.read_text(encoding="utf-8"), path.name


class _Loader(yaml.SafeLoader):
    """The safe loader, refusing a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Make a mapping of keys that differ."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _shown(value: Any) -> str:
    """A value as it stands in the file."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value) if isinstance(value, date) else repr(value)


def _called(values: Any, number: int) -> str:
    if isinstance(values, Mapping):
        name = values.get("id") or values.get("code")
        if isinstance(name, str) and name:
            return name
    return str(number)
