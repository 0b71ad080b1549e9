"""Limits of dust at sites as data: which standard, which clause, how sure, and which one holds where since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from lantian.kernel.accounts import covers
from lantian.observations.construction.site import PHASES, Site

FILE = "construction.yaml"
"""An office's own rules, in the data directory."""

ITEMS = ("pm10", "tsp")
"""What limits are about."""


class RuleError(ValueError):
    """A file of rules that cannot be used; the message names file, entry, field, value and what would be right."""


@dataclass(frozen=True, slots=True)
class Words:
    """The same in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: ``value`` ug/m3 may be exceeded ``allowed`` times a natural day; of which phases, where (None: all)."""

    value: float
    allowed: int = 0
    phases: tuple[str, ...] = ()
    urban: bool | None = None

    def about(self, site: Site) -> bool:
        """Whether it is a limit of this site."""
        return (not self.phases or site.phase in self.phases) and self.urban in (None, site.urban)


@dataclass(frozen=True, slots=True)
class Rule:
    """A standard's rule.

    Attributes:
        item: `pm10` or `tsp`; minutes: length of the mean.
        against: `county`: what is compared is the mean less the county's hourly mean; empty: the mean itself.
        background_cap: a county above this, ug/m3, counts as this.
        limits: one or several, each counted by itself.
        clause, confidence: what it says in short, and how sure the figures are.
    """

    code: str
    zh: str
    en: str
    clause: Words
    item: str
    minutes: int
    limits: tuple[Limit, ...]
    confidence: Words
    against: str = ""
    background_cap: float | None = None

    def limits_of(self, site: Site) -> tuple[Limit, ...]:
        """The limits that a site has to keep."""
        return tuple(limit for limit in self.limits if limit.about(site))


@dataclass(frozen=True, slots=True)
class Holding:
    """That a rule holds in a region since a day; ``example``: in the example only."""

    region: str
    rule: str
    since: date
    confidence: str = ""
    example: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules and where they hold; ``valid_share`` of a mean's minutes, ``episode_gap`` minutes."""

    rules: Mapping[str, Rule]
    holds: tuple[Holding, ...]
    valid_share: float
    episode_gap: int

    def of(self, region: str, day: date, *, example: bool = False) -> Rule | None:
        """The rule that holds in a region on a day: of the nearest region that names one, the latest; None: none.

        ``example``: also those that hold in the example only.
        """
        found = [
            one
            for one in self.holds
            if covers(one.region, region) and one.since <= day and (example or not one.example)
        ]
        best = max(found, key=lambda one: (len(one.region.rstrip("0")), one.since), default=None)
        return self.rules[best.rule] if best else None


def load(home: Path | None = None) -> Rules:
    """The rules of an office (``<home>/construction.yaml``), else the shipped ones.

    Raises RuleError.
    """
    own = home / FILE if home is not None else None
    if own is not None and own.is_file():
        return parse(own.read_text(encoding="utf-8"), str(own))
    return parse(files("lantian.observations.construction").joinpath("rules.yaml").read_text("utf-8"), "rules.yaml")


def parse(text: str, where: str) -> Rules:
    """Rules of a YAML text; ``where`` names it in errors. Raises RuleError."""
    try:
        stated = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RuleError(f"{where}: not YAML: {error}") from None
    if not isinstance(stated, dict) or not isinstance(stated.get("rules"), list):
        raise RuleError(f"{where}: rules: missing; expected a list")
    rules = [_rule(entry, f"{where}, rule {number}") for number, entry in enumerate(stated["rules"], 1)]
    known = {rule.code: rule for rule in rules}
    if len(known) < len(rules):
        raise RuleError(f"{where}: a code stands twice; expected each rule once")
    holds = [_holding(entry, known, f"{where}, holds {n}") for n, entry in enumerate(stated.get("holds") or [], 1)]
    share, gap = stated.get("valid_share", 0.75), stated.get("episode_gap", 120)
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise RuleError(f"{where}: valid_share {share!r}: expected a number above 0, at most 1")
    if not isinstance(gap, int) or gap < 0:
        raise RuleError(f"{where}: episode_gap {gap!r}: expected whole minutes, at least 0")
    return Rules(known, tuple(holds), float(share), gap)


def _rule(entry: Any, where: str) -> Rule:
    entry = _mapping(entry, where, Rule.__dataclass_fields__, ("against", "background_cap"))
    limits = entry["limits"]
    if entry["item"] not in ITEMS:
        raise RuleError(f"{where}: item {entry['item']!r}: expected {' or '.join(ITEMS)}")
    if entry.get("against", "") not in ("", "county"):
        raise RuleError(f"{where}: against {entry['against']!r}: expected county, or leave it out")
    minutes = entry["minutes"]
    if not isinstance(minutes, int) or not 1 <= minutes <= 1440 or 1440 % minutes:
        raise RuleError(f"{where}: minutes {minutes!r}: expected a divisor of 1440")
    if not isinstance(limits, Sequence) or isinstance(limits, str) or not limits:
        raise RuleError(f"{where}: limits {limits!r}: expected a list of at least one")
    for name in ("clause", "confidence"):
        entry[name] = _words(entry[name], f"{where}: {name}")
    made = tuple(_limit(one, f"{where}, limit {n}") for n, one in enumerate(limits, 1))
    return Rule(**{**entry, "limits": made})


def _words(said: Any, where: str) -> Words:
    if isinstance(said, str) and said.strip():
        return Words(said, said)
    if not isinstance(said, dict) or set(said) != {"zh", "en"}:
        raise RuleError(f"{where} {said!r}: expected words, or {{zh: ..., en: ...}}")
    return Words(str(said["zh"]), str(said["en"]))


def _limit(entry: Any, where: str) -> Limit:
    entry = _mapping(entry, where, Limit.__dataclass_fields__, ("allowed", "phases", "urban"))
    value, allowed = entry["value"], entry.get("allowed", 0)
    if not isinstance(value, int | float) or value <= 0:
        raise RuleError(f"{where}: value {value!r}: expected ug/m3 above 0")
    if not isinstance(allowed, int) or allowed < 0:
        raise RuleError(f"{where}: allowed {allowed!r}: expected how many times a day, at least 0")
    phases = tuple(entry.get("phases", ()))
    if unknown := [phase for phase in phases if phase not in PHASES]:
        raise RuleError(f"{where}: phases {unknown[0]!r}: expected of {', '.join(PHASES)}")
    return Limit(float(value), allowed, phases, entry.get("urban"))


def _holding(entry: Any, known: Mapping[str, Rule], where: str) -> Holding:
    entry = _mapping(entry, where, Holding.__dataclass_fields__, ("confidence", "example"))
    if entry["rule"] not in known:
        raise RuleError(f"{where}: rule {entry['rule']!r}: expected one of {', '.join(known)}")
    if not isinstance(entry["since"], date):
        raise RuleError(f"{where}: since {entry['since']!r}: expected a day such as 2019-01-01")
    return Holding(**{**entry, "region": str(entry["region"])})


def _mapping(entry: Any, where: str, fields: Mapping[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise RuleError(f"{where}: {entry!r}: expected fields and values")
    if unknown := sorted(entry.keys() - fields.keys()):
        raise RuleError(f"{where}: {unknown[0]}: unknown; expected {', '.join(fields)}")
    if missing := [name for name in fields if name not in entry and name not in optional]:
        raise RuleError(f"{where}: {missing[0]}: missing")
    return dict(entry)
