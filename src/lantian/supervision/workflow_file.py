"""Reading a workflow from its YAML file, and refusing one that could lose a case.

`load` names file, entry, field and value, and says what would be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml

from lantian.supervision.deadlines import UNITS
from lantian.supervision.workflow import (
    CONDITIONS,
    COUNTS,
    NEEDS,
    Change,
    Desk,
    Escalation,
    Move,
    State,
    Term,
    Workflow,
)
from lantian.supervision.workflow_faults import faults

FOLDER = Path(__file__).with_name("workflows")
_TOP = ("name", "edition", "zh", "en", "source", "initial", "desks", "states", "moves", "extend", "pause")
Part = TypeVar("Part", Desk, State, Move, Term, Escalation, Change)


class WorkflowError(ValueError):
    """A workflow's file cannot be used; the message names file, entry, field, and what would be right."""


def names() -> tuple[str, ...]:
    """The workflows that come with the platform."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@cache
def load(name: str) -> Workflow:
    """A workflow by the name of its file under ``workflows/``. Raises WorkflowError."""
    if name not in names():
        raise WorkflowError(f"workflow {name!r}: expected one of {', '.join(names())}")
    return read(FOLDER / f"{name}.yaml")


def read(path: Path) -> Workflow:
    """Read and check a workflow's file. Raises WorkflowError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise WorkflowError(f"{path.name}: cannot be read: {error}") from None
    try:
        workflow = build(content)
        for fault in faults(workflow):
            raise WorkflowError(fault)
    except WorkflowError as error:
        raise WorkflowError(f"{path.name}: {error}") from None
    return workflow


def build(content: Any) -> Workflow:
    """A workflow from what its file says. Raises WorkflowError."""
    if not isinstance(content, dict):
        raise WorkflowError(f"expected the keys {', '.join(_TOP)}")
    if wrong := sorted(set(_TOP) ^ set(content)):
        raise WorkflowError(f"{wrong[0]}: expected exactly the keys {', '.join(_TOP)}")
    return Workflow(
        **{key: str(content[key]) for key in ("name", "edition", "zh", "en", "source", "initial")},
        desks=_parts("desks", content["desks"], Desk),
        states=_parts("states", content["states"], State, _state),
        moves=_parts("moves", content["moves"], Move, _move),
        extend=_part("extend", content["extend"], Change),
        pause=_part("pause", content["pause"], Change),
    )


def _state(where: str, entry: dict[str, Any]) -> dict[str, Any]:
    if "term" in entry:
        entry["term"] = _part(f"{where}.term", entry["term"], Term)
        _one_of(f"{where}.term.unit", entry["term"].unit, UNITS)
    entry["remind"] = tuple(entry.get("remind", ()))
    steps = [_part(f"{where}.escalate", one, Escalation) for one in entry.get("escalate", ())]
    for step in steps:
        _one_of(f"{where}.escalate.unit", step.unit, UNITS)
    entry["escalate"] = tuple(steps)
    return entry


def _move(where: str, entry: dict[str, Any]) -> dict[str, Any]:
    entry["source"] = entry.pop("from", ())
    for key in ("source", "needs", "when"):
        entry[key] = tuple(entry.get(key, ()))
    for key, allowed in (("needs", NEEDS), ("when", CONDITIONS)):
        for value in entry[key]:
            _one_of(f"{where}.{key}", value, allowed)
    if "counts" in entry:
        _one_of(f"{where}.counts", entry["counts"], COUNTS)
    return entry


def _parts(where: str, given: Any, kind: type[Part], prepare: Any = None) -> Mapping[str, Part]:
    if not isinstance(given, dict) or not given:
        raise WorkflowError(f"{where}: expected entries by name")
    found = {}
    for name, entry in given.items():
        values = {"name": name, **entry}
        found[name] = _part(f"{where}.{name}", prepare(f"{where}.{name}", values) if prepare else values, kind)
    return MappingProxyType(found)


def _part(where: str, given: Any, kind: type[Part]) -> Part:
    if not isinstance(given, dict):
        raise WorkflowError(f"{where}: expected fields, not {given!r}")
    known = {field.name for field in fields(kind)}
    if unknown := sorted(given.keys() - known):
        raise WorkflowError(f"{where}.{unknown[0]}: unknown; expected {', '.join(sorted(known))}")
    try:
        return kind(**given)
    except TypeError as error:
        raise WorkflowError(f"{where}: {str(error).partition(') ')[2] or error}") from None


def _one_of(where: str, value: Any, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise WorkflowError(f"{where}: {value!r}: expected one of {', '.join(allowed)}")
