"""The programme's numbers: when a task is late, when a report is due, when a case belongs before the joint meeting."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class AgendaRules:
    """When a case or task is proposed for a meeting; counts from which on, ``overdue_days`` as days past."""

    overdue_days: int = 15
    sent_back: int = 2
    reassigned: int = 1
    failed: int = 2
    most: int = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """Numbers of ``rules.yaml``, which says beside each what it means."""

    edition: str = "2016-12"
    late_days: int = 10
    severe_days: int = 30
    severe_points: int = 25
    report_workday: int = 5
    kept_share: int = 80
    agenda: AgendaRules = field(default_factory=AgendaRules)


def read(path: Path) -> Rules:
    """Read a file of rules. Raises ValueError naming file, entry and value."""
    return _rules(str(path), path.read_text(encoding="utf-8"))


@cache
def shipped() -> Rules:
    """The rules that come with the platform."""
    return _rules("rules.yaml", files(__package__).joinpath("rules.yaml").read_text(encoding="utf-8"))


def _rules(name: str, text: str) -> Rules:
    given = yaml.safe_load(text)
    if not isinstance(given, dict):
        raise ValueError(f"{name}: expected entries such as late_days: 10")  # noqa: TRY004
    agenda = AgendaRules(**_numbers(f"{name}: agenda", given.pop("agenda", {}), AgendaRules))
    edition = str(given.pop("edition", ""))
    return Rules(edition=edition, agenda=agenda, **_numbers(name, given, Rules))


def _numbers(name: str, given: Any, kind: type) -> dict[str, int]:
    known = {one.name for one in fields(kind)} - {"edition", "agenda"}
    if not isinstance(given, dict) or given.keys() - known:
        raise ValueError(f"{name}: unknown entries {sorted(given.keys() - known)}; expected {', '.join(sorted(known))}")
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{name}: {key} {value!r}: expected a whole number from 0 on")
    return given
