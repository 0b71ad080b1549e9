"""Rules that listen: what is special in a feed is a function that is called with its new and revised rows."""

from __future__ import annotations

import importlib
import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    import polars as pl

    from lantian.kernel.bootstrap import Platform

Rule: TypeAlias = "Callable[[Platform, pl.DataFrame, datetime], object]"
_F = TypeVar("_F", bound="Rule")

MODULES: list[str] = [
    "lantian.observations.burning.duties",
    "lantian.observations.power.service",
    "lantian.observations.waste.service",
]
"""Modules that have rules, imported before the first batch is told of: a module with `@arrived` stands here."""

_RULES: defaultdict[str, list[Rule]] = defaultdict(list)
log = logging.getLogger(__name__)


def arrived(name: str) -> Callable[[_F], _F]:
    """Call a function(platform, rows, now) with the new and revised rows of the feed `name` once they are known: after
    their batch, or when the platform's clock has come to their `known_at` (`telling`).

    ``rows`` has the columns of `Feeds.read`; masked fields are in full. The batch is stored already: what the function
    raises is written to the log and to the batch's notes, and does not undo it.
    """

    def register(function: _F) -> _F:
        if function not in _RULES[name]:
            _RULES[name].append(function)
        return function

    return register


def forget(function: Rule) -> None:
    """Call a function no longer."""
    for rules in _RULES.values():
        if function in rules:
            rules.remove(function)


def listened(name: str) -> bool:
    """Whether a rule listens to a feed."""
    for module in MODULES:
        importlib.import_module(module)
    return bool(_RULES.get(name))


def tell(name: str, platform: Platform, rows: pl.DataFrame, now: datetime) -> list[str]:
    """Call the rules of a feed; what went wrong, in words."""
    faults = []
    for rule in _RULES[name] if listened(name) else []:
        try:
            rule(platform, rows, now)
        except Exception as error:
            log.exception("feed %s: the rule %s failed", name, rule.__qualname__)
            faults.append(f"规则未能完成 rule {rule.__qualname__} failed: {type(error).__name__}: {error}")
    return faults
