"""What a document prints, checked when it is made: a wrong value is refused by its field's name, not found on paper."""

from __future__ import annotations

import datetime as dt
import types
import typing
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, ClassVar, Union


class ValuesError(ValueError):
    """A value that no document can print; the message names class, field, value and what would be right."""


@dataclass(frozen=True)
class Values:
    """The base of every document's values, and of the rows inside them.

    Each field is checked against its annotation: a text must not be blank unless the field has a default, a date is a
    plain date, a tuple holds what it says. Subclasses add ``check`` for what one field alone does not show.
    """

    def __post_init__(self) -> None:
        """Refuse what does not fit.

        Raises:
            ValuesError: naming the first field that does not.
        """
        for field, hint in _fields(type(self)):
            fault = _fault(getattr(self, field.name), hint, blank=field.default is not MISSING)
            if fault:
                self.refuse(field.name, fault)
        self.check()

    def check(self) -> None:
        """Refuse what the fields say together; nothing by default."""

    def refuse(self, field: str, right: str) -> typing.NoReturn:
        """Raise `ValuesError` for a field, saying what would be ``right``."""
        raise ValuesError(f"{type(self).__name__}.{field} is {getattr(self, field)!r}: expected {right}")


@dataclass(frozen=True)
class Document(Values):
    """The values of a whole document: who issues it, on which day.

    Attributes:
        issuer: the unit in whose name it goes out, as the red head prints it.
        issued_on: the day printed below it.
        example: it is about invented things; every page prints 示例.
        number: document number 发文字号, such as ``攻坚办督〔2017〕12号``; empty for papers without one.
        note: a sentence printed at the end, such as what is still provisional.
    """

    template: ClassVar[str] = ""
    title_zh: ClassVar[str] = ""
    title_en: ClassVar[str] = ""

    issuer: str
    issued_on: dt.date
    example: bool = False
    number: str = ""
    note: str = ""


def _fields(kind: type[Values]) -> list[tuple[Field[Any], Any]]:
    hints = typing.get_type_hints(kind)
    return [(field, hints[field.name]) for field in fields(kind)]


def _fault(value: Any, hint: Any, *, blank: bool) -> str:
    """What would be right, empty where the value is."""
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        choices = typing.get_args(hint)
        if value is None:
            return "" if type(None) in choices else "a value"
        return _fault(value, next(one for one in choices if one is not type(None)), blank=blank)
    if origin is tuple:
        return _tuple_fault(value, typing.get_args(hint))
    return _plain_fault(value, hint, blank=blank)


def _tuple_fault(value: Any, inside: tuple[Any, ...]) -> str:
    if not isinstance(value, tuple):
        return "a tuple"
    for number, one in enumerate(value, 1):
        fault = _fault(one, inside[0], blank=False)
        if fault:
            return f"{fault} at place {number}"
    return ""


def _plain_fault(value: Any, hint: type, *, blank: bool) -> str:
    if hint is str:
        return "" if isinstance(value, str) and (blank or value.strip()) else "a text"
    if hint is dt.date:
        return "" if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else "a date"
    if hint is bool:
        return "" if isinstance(value, bool) else "true or false"
    if hint is int:
        return "" if isinstance(value, int) and not isinstance(value, bool) else "a whole number"
    if hint is float:
        known = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if known and value == value and abs(value) != float("inf") else "a finite number"
    if is_dataclass(hint):
        return "" if isinstance(value, hint) else f"a {hint.__name__}"
    raise TypeError(f"a document's values cannot hold {hint!r}")
