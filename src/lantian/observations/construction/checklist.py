"""The eight 100 % 八个百分之百 of a site: what a check found, its score, what is missing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from lantian.observations.construction.rules import RuleError

FILE = "construction_checklist.yaml"
"""An office's own checklist, in the data directory."""

WORTH: Mapping[str, float | None] = {"yes": 1.0, "partly": 0.5, "no": 0.0, "na": None}
"""What an answer is worth of its point; None: the point does not apply and counts neither way."""


@dataclass(frozen=True, slots=True)
class Point:
    """One of the eight; ``points``: its weight; ``confidence``: how sure it is that it belongs to the eight."""

    code: str
    zh: str
    en: str
    points: float
    confidence: str


@dataclass(frozen=True, slots=True)
class Score:
    """What a check gave, 0 to 100 (None: nothing was answered); what is missing, only in part, not said."""

    percent: float | None
    missing: tuple[Point, ...]
    partly: tuple[Point, ...]
    unknown: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Checklist:
    """The points of a check."""

    points: tuple[Point, ...]

    def score(self, answers: Mapping[str, Any]) -> Score:
        """Score a check: code of a point -> `yes`, `partly`, `no`, `na`; a point without an answer is not counted.

        Example:
            >>> load().score({"enclosure": "yes", "covering": "no", "video": "partly"}).percent
            50.0
        """
        won = whole = 0.0
        by: dict[str, list[Point]] = {"no": [], "partly": [], "": []}
        for point in self.points:
            answer = answers.get(point.code) or ""
            if answer in by:
                by[answer].append(point)
            worth = WORTH.get(answer)
            if worth is not None:
                won, whole = won + worth * point.points, whole + point.points
        percent = round(100 * won / whole, 1) if whole else None
        return Score(percent, tuple(by["no"]), tuple(by["partly"]), tuple(by[""]))


def load(home: Path | None = None) -> Checklist:
    """The checklist of an office (``<home>/construction_checklist.yaml``), else the shipped one. Raises RuleError."""
    own = home / FILE if home is not None else None
    if own is not None and own.is_file():
        text, where = own.read_text(encoding="utf-8"), str(own)
    else:
        where = "checklist.yaml"
        text = files("lantian.observations.construction").joinpath(where).read_text("utf-8")
    try:
        points = tuple(Point(**{**one, "points": float(one["points"])}) for one in yaml.safe_load(text)["points"])
    except (yaml.YAMLError, TypeError, KeyError, ValueError) as error:
        fields = ", ".join(Point.__dataclass_fields__)
        raise RuleError(f"{where}: {error}; expected `points`, a list of entries with {fields}") from None
    if len({point.code for point in points}) < len(points) or not points:
        raise RuleError(f"{where}: points: expected at least one, each code once")
    return Checklist(points)
