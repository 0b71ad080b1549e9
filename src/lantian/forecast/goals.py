"""Goals of accuracy 准确率目标: what the city's documents promise at 24 hours, and by which definition it is met.

The documents ask of PM2.5 85 % and of ozone 80 % "at 24 hours", and do not say how accuracy is counted; no official
definition is known. Both candidates are therefore judged side by side, and nothing else is called accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

LEAD: Final = 1
"""The lead that is "24 hours": the natural day after the issue, which at 20:00 begins four hours later."""
CANDIDATES: Final = ("accuracy", "within_25")
"""Scores that "24-hour accuracy" may mean, in the order in which they are printed; see `scores.DEFINITIONS`."""


@dataclass(frozen=True, slots=True)
class Goal:
    """At least ``share`` (0 to 1) of the daily ``item`` at lead `LEAD`."""

    item: str
    share: float


GOALS: Final = (Goal("pm25", 0.85), Goal("o3_8h", 0.80))
"""What the city's documents promise."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A goal by one of the candidates.

    Attributes:
        goal: which.
        score: the candidate.
        n: pairs of forecast and observation at lead `LEAD`.
        leads: lead -> what was reached, 0 to 1; None where the score has no value.
        base: lead -> what persistence reached on the same cases; None where it said nothing.
    """

    goal: Goal
    score: str
    n: int
    leads: Mapping[int, float | None]
    base: Mapping[int, float | None]

    @property
    def reached(self) -> float | None:
        """What was reached at 24 hours."""
        return self.leads.get(LEAD)

    @property
    def met(self) -> bool | None:
        """Whether that is enough, before it is rounded for print; None where nothing was reached."""
        return None if self.reached is None else self.reached >= self.goal.share

    def plain(self) -> dict[str, Any]:
        """As a row for programs."""
        return {
            "item": self.goal.item,
            "goal": self.goal.share,
            "definition": self.score,
            "n": self.n,
            "reached": self.reached,
            "persistence": self.base.get(LEAD),
            "met": self.met,
            "by_lead": {str(lead): value for lead, value in self.leads.items()},
        }


def measured(table: pl.DataFrame, source: str) -> list[Measured]:
    """Every goal by every candidate, of one source and one place (or of several taken together).

    ``table``: `verify.verify` by source and lead. A goal whose item has no case at `LEAD` is left out.
    """
    found = []
    for goal in GOALS:
        wanted = (pl.col("source") == source) & (pl.col("item") == goal.item)
        rows = {row["lead"]: row for row in table.filter(wanted).sort("lead").to_dicts()} if table.height else {}
        if LEAD not in rows:
            continue
        for score in CANDIDATES:
            leads = {lead: row[score] for lead, row in rows.items()}
            base = {lead: row[f"{score}_persistence"] for lead, row in rows.items()}
            found.append(Measured(goal, score, rows[LEAD]["n"], leads, base))
    return found
