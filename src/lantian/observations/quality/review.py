"""Review 审核: what the analyst decides of hours: right as they are, invalid, or something else; each with a reason.

A rejection or replacement becomes a reviewed statement of the observation store (NaN: taken back), an acceptance a
note. Every decision is audited and can be taken back; then the values of before are stated again. Nothing is deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import polars as pl
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.observations.quality.tables import quality_decision
from lantian.observations.rules import RULES
from lantian.observations.store import ObservationStore
from lantian.standards.codes import ITEMS

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

Verdict = Literal["accept", "reject", "replace"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
HOUR = timedelta(hours=1)
MOST = 31 * 24
"""Hours that one decision may cover."""

MOMENT_AFTER = timedelta(milliseconds=1)
"""A second statement within one moment of the clock is known a microsecond later: the review reads that too."""


@dataclass(frozen=True)
class Decision:
    """A decision as it stood: about which hours, what, why, by whom; `undone_*` once it was taken back.

    `hours`: time (ISO 8601), value before, value after of each hour; None: no value.
    """

    id: int
    place: str
    item: str
    first: datetime
    last: datetime
    decision: Verdict
    hours: tuple[tuple[str, float | None, float | None], ...]
    reason: str
    decided_by: str
    decided_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    undone_reason: str | None

    @property
    def stands(self) -> bool:
        """It was not taken back."""
        return self.undone_at is None

    def covers(self, item: str, time: datetime) -> bool:
        """It speaks of this item and hour."""
        return self.item == item and self.first <= time <= self.last


class Review:
    """The analyst's decisions on a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._engine = platform.engine
        self._store = ObservationStore(platform)

    def decide(
        self,
        place: str,
        item: str,
        first: datetime,
        last: datetime,
        verdict: Verdict,
        reason: str,
        actor: str,
        *,
        value: float | None = None,
    ) -> int:
        """Decide on the hours first to last (both included) of an item; the decision's number.

        `value`: what stands instead in all hours of a replacement; None: a straight line between the hours around.

        Raises ValueError, naming what is wrong and what would be right; LookupError where there is no value to decide
        on.
        """
        times = self._checked(item, first, last, verdict, reason, value)
        before = self._values(place, item, first - HOUR, last + 2 * HOUR)
        if all(before.get(time) is None for time in times):
            raise LookupError(f"{place} {item} {first.isoformat()}: there is no value in these hours")
        after = _after(verdict, times, before, value)
        changed = [time for time in times if after.get(time) != before.get(time)]
        if changed:
            self._state(place, item, {time: after[time] for time in changed}, actor)
        values = {
            "place": place,
            "item": item,
            "first": first,
            "last": last,
            "decision": verdict,
            "hours": [[time.isoformat(), before.get(time), after.get(time)] for time in times],
            "reason": reason.strip(),
            "decided_by": actor,
            "decided_at": self._platform.clock.now(),
        }
        with audit.act(self._engine, actor, reason.strip()) as connection:
            made = quality_decision.insert().values(values).returning(quality_decision.c.id)
            return int(connection.scalars(made).one())

    def undo(self, number: int, reason: str, actor: str) -> None:
        """Take a decision back: what stood before it is stated again.

        Raises LookupError where none of this number stands; ValueError without a reason, or where a later decision
        about the same hours stands: that one first.
        """
        if not reason.strip():
            raise ValueError("reason: missing; a decision is taken back with the reason why")
        found = [one for one in self.decisions(as_of=self._now()) if one.id == number and one.stands]
        if not found:
            raise LookupError(f"no decision {number} stands")
        one = found[0]
        later = [
            other
            for other in self.decisions(as_of=self._now(), places=[one.place], start=one.first, end=one.last + HOUR)
            if other.stands and other.id > one.id and other.item == one.item
        ]
        if later:
            raise ValueError(
                f"decision {number}: decision {later[0].id} about the same hours came later; take that back first"
            )
        restored = {datetime.fromisoformat(time): was for time, was, now in one.hours if was != now}
        if restored:
            self._state(one.place, one.item, restored, actor)
        with audit.act(self._engine, actor, reason.strip()) as connection:
            connection.execute(
                quality_decision.update()
                .where(quality_decision.c.id == number, quality_decision.c.undone_at.is_(None))
                .values(undone_by=actor, undone_at=self._platform.clock.now(), undone_reason=reason.strip())
            )

    def decisions(
        self,
        *,
        as_of: datetime,
        places: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        most: int = 5000,
    ) -> list[Decision]:
        """Decisions known at `as_of` about hours in [start, end), the newest first."""
        column = quality_decision.c
        wanted = [column.decided_at <= as_of]
        wanted += [column.place.in_(list(places))] if places is not None else []
        wanted += [column.last >= start] if start is not None else []
        wanted += [column.first < end] if end is not None else []
        query = sa.select(quality_decision).where(*wanted).order_by(column.id.desc()).limit(most)
        with self._engine.connect() as connection:
            return [_decision(row, as_of) for row in connection.execute(query).mappings()]

    def _now(self) -> datetime:
        return self._platform.clock.now() + MOMENT_AFTER

    def _checked(
        self, item: str, first: datetime, last: datetime, verdict: str, reason: str, value: float | None
    ) -> list[datetime]:
        if verdict not in VERDICTS:
            raise ValueError(f"decision {verdict!r}: expected one of {', '.join(VERDICTS)}")
        if not reason.strip():
            raise ValueError("reason: missing; every decision has one")
        if item not in ITEMS or item not in RULES:
            raise ValueError(f"item {item!r}: expected a measured item such as pm25")
        if first.tzinfo is None or last.tzinfo is None or first != first.replace(minute=0, second=0, microsecond=0):
            raise ValueError(f"hours {first} to {last}: expected the beginnings of hours, with their zone")
        count = int((last - first) / HOUR) + 1
        if not 1 <= count <= MOST:
            raise ValueError(f"hours {first} to {last}: expected 1 to {MOST} hours, the first before the last")
        rule = RULES[item]
        if verdict == "replace" and value is not None and not rule.low <= value <= rule.high:
            raise ValueError(f"value {value}: {item} must lie between {rule.low:g} and {rule.high:g} {rule.unit}")
        return [first + HOUR * k for k in range(count)]

    def _values(self, place: str, item: str, start: datetime, end: datetime) -> dict[datetime, float | None]:
        frame = self._store.hourly([place], start, end, [item], as_of=self._now()).collect()
        return dict(zip(frame["time"].to_list(), frame[item].to_list(), strict=True))

    def _state(self, place: str, item: str, values: dict[datetime, float | None], actor: str) -> None:
        """One reviewed statement: None takes the value back."""
        frame = pl.DataFrame(
            {
                "place": [place] * len(values),
                "time": list(values),
                item: [float("nan") if value is None else float(value) for value in values.values()],
            },
            schema={"place": pl.String, "time": pl.Datetime("us", "UTC"), item: pl.Float64},
        )
        self._store.append(frame, "hour", f"review:{uuid.uuid4()}", "reviewed", actor=actor)


def _after(
    verdict: str, times: Sequence[datetime], before: dict[datetime, float | None], value: float | None
) -> dict[datetime, float | None]:
    """What stands after the decision."""
    if verdict == "accept":
        return {time: before.get(time) for time in times}
    if verdict == "reject":
        return dict.fromkeys(times)
    if value is not None:
        return dict.fromkeys(times, float(value))
    ends = before.get(times[0] - HOUR), before.get(times[-1] + HOUR)
    if ends[0] is None or ends[1] is None:
        raise ValueError("value: missing; a line cannot be drawn, since the hour before or after has no value")
    line = np.linspace(ends[0], ends[1], len(times) + 2)[1:-1]
    return {time: round(float(one), 4) for time, one in zip(times, line, strict=True)}


def _decision(row: sa.RowMapping, as_of: datetime) -> Decision:
    values: dict[str, Any] = {name: row[name] for name in Decision.__dataclass_fields__}
    values["hours"] = tuple((time, before, after) for time, before, after in row["hours"])
    if row["undone_at"] is not None and row["undone_at"] > as_of:
        values |= {"undone_by": None, "undone_at": None, "undone_reason": None}
    return Decision(**values)
