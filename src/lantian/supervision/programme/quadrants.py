"""Effort beside result 任务与空气: which places do their tasks, and where the air became better.

The two are set side by side, no more: weather, neighbours and the list of tasks itself may be why they differ, and no
cause is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

from lantian.supervision.programme.rollup import Group
from lantian.supervision.programme.rules import Rules, shipped

Quadrant = Literal["kept_better", "kept_worse", "behind_better", "behind_worse"]
QUADRANTS: Mapping[Quadrant, tuple[str, str]] = {
    "kept_better": ("任务完成，空气改善", "Tasks done, air better"),
    "kept_worse": ("任务完成而空气未改善", "Tasks done, air no better"),
    "behind_better": ("空气改善而任务滞后", "Air better, tasks behind"),
    "behind_worse": ("任务滞后，空气未改善", "Tasks behind, air no better"),
}


@dataclass(frozen=True, slots=True)
class Air:
    """A place's PM2.5 over the period and over the same days a year before, ug/m3 as published, and the change in %."""

    now: float
    before: float
    change: float


@dataclass(frozen=True)
class Place:
    """One place: its tasks beside its air.

    Attributes:
        code: the region.
        total, done, late, silent: tasks, of those in all, done, late, and without the report that is owed.
        kept: share of tasks done or on schedule, 0 to 1; who is silent is neither.
        air: None where a year has no value; then there is no quadrant.
        quadrant: of `QUADRANTS`.
    """

    code: str
    total: int
    done: int
    late: int
    silent: int
    kept: Fraction
    air: Air | None
    quadrant: Quadrant | None

    @property
    def all_done(self) -> bool:
        """Whether every task is done."""
        return self.done == self.total

    @property
    def percent(self) -> int:
        """Share of tasks done or on schedule in whole percent, rounded down."""
        return floor(self.kept * 100)


def place(group: Group, air: Air | None, rules: Rules | None = None) -> Place:
    """Set a place's tasks beside its air. Air whose published mean did not fall is no better."""
    silent = group.states["missing"]
    kept = Fraction(group.total - group.late - silent, group.total)
    quadrant: Quadrant | None = None
    if air is not None:
        keeps = kept * 100 >= (rules or shipped()).kept_share
        better = air.now < air.before
        quadrant = (
            ("kept_better" if better else "kept_worse") if keeps else "behind_better" if better else "behind_worse"
        )
    return Place(group.key, group.total, group.states["done"], group.late, silent, kept, air, quadrant)


def places(groups: Iterable[Group], air: Mapping[str, Air], rules: Rules | None = None) -> list[Place]:
    """Every place of a roll-up by county with its air."""
    return [place(group, air.get(group.key), rules) for group in groups]


def listed(found: Iterable[Place], quadrant: Quadrant) -> list[Place]:
    """The places of a quadrant, those with every task done first, then the largest rise (or fall) first."""
    sign = 1 if quadrant.endswith("better") else -1
    mine = [one for one in found if one.quadrant == quadrant and one.air is not None]
    return sorted(mine, key=lambda one: (not one.all_done, sign * one.air.change if one.air else 0, one.code))


def sentence(one: Place, name: str, language: str) -> str:
    """What stands out about a place, in words, without a cause."""
    air = one.air
    if air is None or one.quadrant is None:
        return f"{name}：无可比的 PM2.5 数据" if language == "zh" else f"{name}: no comparable PM2.5"
    if language == "zh":
        work = (
            f"{one.total} 项任务全部完成"
            if one.all_done
            else f"{one.total} 项任务完成 {one.done} 项、滞后 {one.late} 项"
        )
        work += f"、缺报 {one.silent} 项" if one.silent else ""
        rose = "上升" if air.change > 0 else "下降"
        moved = "与上年同期持平" if air.now == air.before else f"同比{rose} {abs(air.change):.1f}%"
        return f"{name}：{work}，PM2.5 {air.now:.0f} 微克/立方米，{moved}"
    work = f"all {one.total} tasks done" if one.all_done else f"{one.done} of {one.total} tasks done, {one.late} late"
    work += f", {one.silent} not reported" if one.silent else ""
    moved = "as the year before" if air.now == air.before else f"{air.change:+.1f} % on the year".replace("-", "−")
    return f"{name}: {work}, PM2.5 {air.now:.0f} µg/m³, {moved}"
