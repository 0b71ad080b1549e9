"""Values as JSON, to keep beside the files that were made of them, and back."""

from __future__ import annotations

import datetime as dt
import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, cast

from lantian.disclosure.checked import Document, Values, ValuesError
from lantian.disclosure.values import DOCUMENTS

Kind = TypeVar("Kind", bound=Values)


def to_json(values: Values) -> dict[str, Any]:
    """Values as JSON holds them: days as ISO 8601, tuples as lists."""
    return {field.name: _plain(getattr(values, field.name)) for field in fields(values)}


def from_json(template: str, kept: dict[str, Any]) -> Document:
    """Values back from JSON, checked anew. Raises `ValuesError` for an unknown template or field."""
    if template not in DOCUMENTS:
        raise ValuesError(f"template {template!r}: expected one of {', '.join(DOCUMENTS)}")
    return _read(DOCUMENTS[template], kept)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return to_json(cast("Values", value)) if is_dataclass(value) else value


def _read(kind: type[Kind], kept: dict[str, Any]) -> Kind:
    hints = typing.get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    unknown = sorted(kept.keys() - known)
    if unknown:
        raise ValuesError(f"{kind.__name__}: unknown fields {unknown}, expected {', '.join(sorted(known))}")
    return kind(**{name: _back(value, hints[name]) for name, value in kept.items()})


def _back(value: Any, hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if value is None:
        return None
    if origin in (Union, types.UnionType):
        return _back(value, next(one for one in typing.get_args(hint) if one is not type(None)))
    if origin is tuple and isinstance(value, list):
        return tuple(_back(one, typing.get_args(hint)[0]) for one in value)
    if hint is dt.date and isinstance(value, str):
        return dt.date.fromisoformat(value)
    if isinstance(value, dict) and isinstance(hint, type) and issubclass(hint, Values):
        return _read(hint, value)
    return value
