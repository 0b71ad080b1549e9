"""The rules of duties 公开职责规则, read from a table and checked: a wrong entry is named with what would be right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from lantian.disclosure.values import DOCUMENTS

Unit = Literal["working_days", "days"]
Owner = Literal["region", "inspection"]
SHIPPED = Path(__file__).with_name("duties.yaml")
EVENTS: dict[str, tuple[str, str]] = {
    "round_ended": ("督查轮次结束", "A round of inspection ended"),
    "letter_published": ("督查通报公布", "The inspection letter was published"),
    "campaign_started": ("攻坚行动开始", "The campaign began"),
    "campaign_ended": ("攻坚行动结束", "The campaign ended"),
}
"""Kinds of event, in Chinese and English."""
RECURRING = ("weekly", "monthly")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KEYS = (
    *("kind", "zh", "en", "trigger", "weekday", "from", "until", "n", "unit"),
    *("owed_by", "causes", "document", "warn", "clause", "confidence"),
)


class RuleError(ValueError):
    """An entry of a table of duties that cannot be used; names file, entry, field, value and what would be right."""


@dataclass(frozen=True)
class Rule:
    """One duty as a rule.

    Attributes:
        kind: its name in the database.
        trigger: the event kind that makes it, or ``weekly`` or ``monthly`` between ``begins`` and ``ends``.
        n, unit: the term, counted from the day after the trigger.
        owed_by: ``region``: the event's own; ``inspection``: who inspects there.
        document: template of the paper that does it.
        warn: days before the due day from which on it is warned of.
        clause, confidence: where it stands, and how sure that is.
        causes: the event that doing it is.
        weekday: of a weekly duty, 0 is Monday.
    """

    kind: str
    zh: str
    en: str
    trigger: str
    n: int
    unit: Unit
    owed_by: Owner
    document: str
    warn: int
    clause: str
    confidence: str
    causes: str = ""
    weekday: int = 0
    begins: str = ""
    ends: str = ""


@dataclass(frozen=True)
class Rules:
    """A table of duties with its edition."""

    edition: str
    confidence: str
    rules: tuple[Rule, ...]

    def rule(self, kind: str) -> Rule:
        """The rule of a kind. Raises LookupError with the known kinds."""
        for rule in self.rules:
            if rule.kind == kind:
                return rule
        raise LookupError(f"duty {kind!r}: expected one of {', '.join(rule.kind for rule in self.rules)}")


def load(path: Path | None = None) -> Rules:
    """Read a table; None: the shipped one. Raises `RuleError`."""
    return _shipped() if path is None else _read(path)


@cache
def _shipped() -> Rules:
    return _read(SHIPPED)


def _read(path: Path) -> Rules:
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RuleError(f"{path}: cannot be read as a table of duties: {error}") from None
    if not isinstance(table, dict) or not isinstance(table.get("rules"), list):
        raise RuleError(f"{path}: rules is missing, expected a list of duties")
    rules = tuple(_rule(f"{path}: entry {number}", entry) for number, entry in enumerate(table["rules"], 1))
    kinds = [rule.kind for rule in rules]
    for number, kind in enumerate(kinds, 1):
        if kinds.index(kind) != number - 1:
            raise RuleError(f"{path}: entry {number}: kind {kind!r} stands there twice, expected each once")
    return Rules(str(table.get("edition", "")), str(table.get("confidence", "")), rules)


def _rule(where: str, entry: Any) -> Rule:
    if not isinstance(entry, dict):
        raise RuleError(f"{where} is {entry!r}, expected fields such as kind, trigger, n")
    where = f"{where} ({entry.get('kind', 'no kind')})"
    unknown = sorted(entry.keys() - set(_KEYS))
    if unknown:
        raise RuleError(f"{where}: unknown fields {unknown}, expected {', '.join(_KEYS)}")
    trigger = _one_of(where, entry, "trigger", (*EVENTS, *RECURRING))
    recurring = trigger in RECURRING
    return Rule(
        kind=_text(where, entry, "kind"),
        zh=_text(where, entry, "zh"),
        en=_text(where, entry, "en"),
        trigger=trigger,
        n=_whole(where, entry, "n"),
        unit=_one_of(where, entry, "unit", get_args(Unit)),
        owed_by=_one_of(where, entry, "owed_by", get_args(Owner)),
        document=_one_of(where, entry, "document", tuple(DOCUMENTS)),
        warn=_whole(where, entry, "warn"),
        clause=_text(where, entry, "clause"),
        confidence=_text(where, entry, "confidence"),
        causes=_one_of(where, entry, "causes", tuple(EVENTS)) if "causes" in entry else "",
        weekday=WEEKDAYS.index(_one_of(where, entry, "weekday", WEEKDAYS)) if trigger == "weekly" else 0,
        begins=_one_of(where, entry, "from", tuple(EVENTS)) if recurring else "",
        ends=_one_of(where, entry, "until", tuple(EVENTS)) if recurring else "",
    )


def _text(where: str, entry: dict[str, Any], field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise RuleError(f"{where}: {field} is {value!r}, expected a text")
    return value


def _whole(where: str, entry: dict[str, Any], field: str) -> int:
    value = entry.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 366:
        raise RuleError(f"{where}: {field} is {value!r}, expected a whole number from 0 to 366")
    return value


def _one_of(where: str, entry: dict[str, Any], field: str, choices: tuple[str, ...]) -> Any:
    value = entry.get(field)
    if value not in choices:
        raise RuleError(f"{where}: {field} is {value!r}, expected one of {', '.join(choices)}")
    return value
