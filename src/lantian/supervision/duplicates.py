"""Cases that may be the same problem, by place, time and subject: proposed with reasons, never merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rapidfuzz import fuzz

from lantian.supervision.identity import plain
from lantian.supervision.routes import distance_km

NEAR_KM = 0.5
"""Findings within this distance may be of one place."""
DAYS = 60
"""Findings so many days apart may be of one problem."""
ALIKE = 85
"""Likeness of names, percent, from which they may be one subject's."""


@dataclass(frozen=True, slots=True)
class Similar:
    """A case that may be the same problem.

    Attributes:
        number, title, state, opened_on: of the other case.
        score: 0 to 1; how much of what can be compared agrees.
        zh, en: why, in words.
    """

    number: str
    title: str
    opened_on: date
    score: float
    zh: str
    en: str


def similar(one: Mapping[str, Any], others: Iterable[Mapping[str, Any]], *, most: int = 8) -> list[Similar]:
    """Cases that may be the same problem as one, the likeliest first.

    Rows as the ledger gives them. A case is proposed when the subject's name is alike, or the place is near and the
    work line the same; both within `DAYS`.
    """
    found = [near for other in others if other["number"] != one["number"] and (near := _compare(one, other))]
    return sorted(found, key=lambda each: (-each.score, each.number))[:most]


def _compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> Similar | None:
    apart = abs((one["opened_on"] - other["opened_on"]).days)
    if apart > DAYS:
        return None
    likeness = _names(one["subject"], other["subject"])
    km = _distance(one, other)
    same_line = one["category"] == other["category"]
    named, near = likeness >= ALIKE, km is not None and km <= NEAR_KM
    if not ((named and (km is None or km <= 10 * NEAR_KM)) or (near and same_line)):
        return None
    zh, en = [], []
    if named:
        zh.append(f"名称相似 {likeness:.0f} %")
        en.append(f"names alike {likeness:.0f} %")
    if km is not None and km <= 10 * NEAR_KM:
        zh.append(f"相距 {1000 * km:.0f} 米")
        en.append(f"{1000 * km:.0f} m apart")
    if same_line:
        zh.append("同一战线")
        en.append("same work line")
    zh.append(f"相隔 {apart} 天")
    en.append(f"{apart} days apart")
    closeness = 0.0 if km is None else max(0.0, 1 - km / (10 * NEAR_KM))
    score = 0.45 * likeness / 100 + 0.3 * closeness + 0.15 * same_line + 0.1 * (1 - apart / DAYS)
    return Similar(other["number"], other["title"], other["opened_on"], round(score, 3), "，".join(zh), ", ".join(en))


def groups(rows: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Rows that may be of one problem together, the largest group first; a row alone is a group of one."""
    rows = list(rows)
    above = list(range(len(rows)))

    def top(k: int) -> int:
        while above[k] != k:
            k = above[k]
        return k

    for k, one in enumerate(rows):
        for n in range(k):
            if top(n) != top(k) and _compare(one, rows[n]):
                above[top(k)] = top(n)
    found: dict[int, list[Mapping[str, Any]]] = {}
    for k, row in enumerate(rows):
        found.setdefault(top(k), []).append(row)
    return sorted(found.values(), key=lambda group: (-len(group), group[0]["number"]))


def _names(one: str, other: str) -> float:
    return fuzz.ratio(plain(one), plain(other)) if one and other else 0.0


def _distance(one: Mapping[str, Any], other: Mapping[str, Any]) -> float | None:
    if None in (one["lon"], other["lon"]):
        return None
    return distance_km(one["lon"], one["lat"], other["lon"], other["lat"])
