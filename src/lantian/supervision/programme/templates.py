"""Templates of programmes: headings and items with unit, lead department and the usual steps of the reverse schedule.

YAML under ``templates/``; the wording of those shipped is the project's own, which each says of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.findings import categories
from lantian.supervision.programme.task import Step, TaskError, units

NAMES = ("thirty_two", "work_lines")
"""Templates that come with the platform."""


@dataclass(frozen=True, slots=True)
class UsualStep:
    """A usual step: ``at`` percent of the term, ``share`` percent of the whole is owed."""

    text: str
    at: int
    share: int


@dataclass(frozen=True, slots=True)
class Item:
    """An item 任务项: its heading, names, unit, lead department, work line, usual steps."""

    code: str
    heading: str
    zh: str
    en: str
    unit: str
    department: str
    line: str
    steps: tuple[UsualStep, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading 大类 with its items, in order."""

    code: str
    zh: str
    en: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Template:
    """A plan without quantities; ``note`` (zh, en) says whose wording it is."""

    name: str
    edition: str
    zh: str
    en: str
    note: tuple[str, str]
    headings: tuple[Heading, ...] = field(repr=False)

    @property
    def items(self) -> Mapping[str, Item]:
        """Every item by its code, in order."""
        return MappingProxyType({item.code: item for heading in self.headings for item in heading.items})


def schedule(item: Item, start: date, due: date) -> tuple[Step, ...]:
    """The item's usual steps between two days, the last on ``due`` 倒排工期."""
    days = (due - start).days
    return tuple(
        Step(step.text, start + timedelta(days=days * step.at // 100), Decimal(step.share)) for step in item.steps
    )


@cache
def load(name: str = "thirty_two") -> Template:
    """A template by name, or from a file's path. Raises TaskError naming file, entry, field and what would be right."""
    if name in NAMES:
        text = files(__package__).joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
    elif name.endswith((".yaml", ".yml")) and Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise TaskError(f"template {name!r}: expected one of {', '.join(NAMES)}, or a YAML file")
    return _template(name, yaml.safe_load(text))


def _template(name: str, given: Mapping[str, Any]) -> Template:
    patterns = {key: tuple(UsualStep(**step) for step in steps) for key, steps in given.get("patterns", {}).items()}
    for key, steps in patterns.items():
        order = [(step.at, step.share) for step in steps]
        if not steps or order != sorted(order) or order[-1] != (100, 100):
            raise TaskError(f"{name}: patterns: {key}: expected steps in order, the last one at 100 with share 100")
    headings = tuple(_heading(name, row, patterns) for row in given.get("headings", ()))
    codes = [item.code for heading in headings for item in heading.items]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise TaskError(f"{name}: item {twice[0]} stands there twice; expected a code of its own for each")
    note = given.get("note", {})
    return Template(
        str(given.get("name", "")),
        str(given.get("edition", "")),
        str(given.get("zh", "")),
        str(given.get("en", "")),
        (str(note.get("zh", "")), str(note.get("en", ""))),
        headings,
    )


def _heading(name: str, row: Mapping[str, Any], patterns: Mapping[str, tuple[UsualStep, ...]]) -> Heading:
    line = categories().get(str(row.get("code")))
    zh, en = row.get("zh") or (line.zh if line else ""), row.get("en") or (line.en if line else "")
    items = tuple(_item(name, str(row["code"]), one, patterns) for one in row.get("items", ()))
    if not zh or not items:
        raise TaskError(f"{name}: heading {row.get('code')!r}: expected zh, en and items")
    return Heading(str(row["code"]), zh, en, items)


def _item(name: str, heading: str, row: Mapping[str, Any], patterns: Mapping[str, tuple[UsualStep, ...]]) -> Item:
    code = str(row.get("code", ""))
    line = str(row.get("line", code))
    if line not in categories():
        raise TaskError(f"{name}: item {code}: line {line!r}: expected one of {', '.join(categories())}")
    department = str(row.get("department", categories()[line].department))
    for field_, value, known in (
        ("department", department, DEPARTMENTS),
        ("unit", row.get("unit"), units()),
        ("steps", row.get("steps"), patterns),
    ):
        if value not in known:
            raise TaskError(f"{name}: item {code}: {field_} {value!r}: expected one of {', '.join(known)}")
    return Item(
        code, heading, str(row["zh"]), str(row["en"]), str(row["unit"]), department, line, patterns[str(row["steps"])]
    )
