"""What the duty forecaster says 会商: days corrected with a reason, and the text that goes out with a forecast.

Nothing is ever changed or removed: a later word on a day stands beside the earlier one and counts instead of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

import polars as pl
import sqlalchemy as sa

from lantian.forecast import tables
from lantian.forecast.store import Run
from lantian.forecast.store_files import SCHEMAS
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.standards import aqi
from lantian.standards.codes import ITEMS

SOURCE: Final = "duty"
PRIMARY: Final = ("pm25", "pm10", "o3_8h", "no2", "so2", "co")
"""What can be the primary pollutant of a day."""
FARTHEST: Final = 10
"""Days ahead that can be corrected."""
_LONGEST: Final = 2000


@dataclass(frozen=True)
class Correction:
    """A day as the duty forecaster sees it: an AQI between ``aqi_low`` and ``aqi_high``, whose levels follow.

    ``author``, ``written_at`` and ``id`` are set when it is written.
    """

    place: str
    date: date
    aqi_low: int
    aqi_high: int
    reason: str
    primary: tuple[str, ...] = ()
    text: str = ""
    author: str = ""
    written_at: datetime | None = None
    id: int | None = None

    @property
    def level_low(self) -> int:
        """The level of the lower end, 1 to 6."""
        return _level(self.aqi_low)

    @property
    def level_high(self) -> int:
        """The level of the upper end, 1 to 6."""
        return _level(self.aqi_high)

    @property
    def aqi(self) -> int:
        """The middle of the range, by which it is verified beside forecasts of one number."""
        return (self.aqi_low + self.aqi_high) // 2


@dataclass(frozen=True)
class Text:
    """The words that go out with a forecast; a draft (not ``published``) is for the forecasters only."""

    text: str
    published: bool
    author: str
    written_at: datetime


def check(correction: Correction, run: Run) -> None:
    """Raise ValueError for a correction that cannot stand; the message names the field and what would be right."""
    lead = (correction.date - run.day).days
    if not 1 <= lead <= FARTHEST:
        raise ValueError(f"date {correction.date}: expected one of the {FARTHEST} days after {run.day}")
    if not 0 <= correction.aqi_low <= correction.aqi_high <= 500:
        raise ValueError(f"AQI {correction.aqi_low} to {correction.aqi_high}: expected a range within 0 to 500")
    if unknown := [item for item in correction.primary if item not in PRIMARY]:
        raise ValueError(f"primary pollutant {', '.join(unknown)}: expected some of {', '.join(PRIMARY)}")
    # HJ 633: up to an AQI of 50 no pollutant is primary, above it one is.
    if bool(correction.primary) != (correction.aqi_high > 50):
        right = "name one" if correction.aqi_high > 50 else "there is none up to an AQI of 50"
        names = ", ".join(ITEMS[item].symbol for item in correction.primary) or "none"
        raise ValueError(f"primary pollutant {names} of an AQI up to {correction.aqi_high}: {right}")
    if not correction.reason.strip():
        raise ValueError("reason: say why the forecast is corrected")
    if max(len(correction.reason), len(correction.text)) > _LONGEST:
        raise ValueError(f"reason and text: at most {_LONGEST} characters each")


def last_words(corrections: Sequence[Correction]) -> dict[tuple[str, date], Correction]:
    """What counts: the latest correction of each place and day."""
    ordered = sorted(corrections, key=lambda each: (each.written_at or datetime.min.replace(tzinfo=UTC), each.id or 0))
    return {(each.place, each.date): each for each in ordered}


def outlook(corrections: Sequence[Correction], run: Run) -> pl.DataFrame:
    """What counts, as rows of an outlook of the source ``duty``; without probabilities, as none were given."""
    rows = [
        {
            "issue": run.issue,
            "source": SOURCE,
            "place": each.place,
            "date": each.date,
            "lead": (each.date - run.day).days,
            "aqi": each.aqi,
            "aqi_low": each.aqi_low,
            "aqi_high": each.aqi_high,
            "level": _level(each.aqi),
            "level_low": each.level_low,
            "level_high": each.level_high,
            "primary": list(each.primary),
        }
        for each in last_words(corrections).values()
    ]
    return pl.DataFrame(rows, schema=dict(SCHEMAS["outlook"]), orient="row").sort("place", "date")


class DutyBook:
    """Corrections and texts of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.engine
        self._clock = platform.clock

    def correct(self, run: Run, correction: Correction, author: str) -> Correction:
        """Write a correction in the author's name, at the clock's now; raises as `check` does."""
        check(correction, run)
        made = replace(correction, author=author, written_at=self._clock.now(), reason=correction.reason.strip())
        t = tables.correction
        values = {
            "run": run.id,
            "place": made.place,
            "date": made.date,
            "aqi_low": made.aqi_low,
            "aqi_high": made.aqi_high,
            "primary": list(made.primary),
            "text": made.text.strip(),
            "reason": made.reason,
            "author": made.author,
            "written_at": made.written_at,
        }
        with audit.act(self._engine, author, f"forecast {run.folder} corrected: {made.reason}") as connection:
            number = connection.execute(sa.insert(t).values(values).returning(t.c.id)).scalar_one()
        return replace(made, id=number)

    def corrections(
        self, runs: Sequence[Run], places: Sequence[str] | None = None, as_of: datetime | None = None
    ) -> dict[int, list[Correction]]:
        """Everything corrected in runs by ``as_of`` (None: ever), by the run's number, oldest first."""
        t = tables.correction
        query = sa.select(t).where(t.c.run.in_([run.id for run in runs])).order_by(t.c.written_at, t.c.id)
        if places is not None:
            query = query.where(t.c.place.in_(list(places)))
        if as_of is not None:
            query = query.where(t.c.written_at <= as_of)
        found: dict[int, list[Correction]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                values = dict(row._mapping)
                number = values.pop("run")
                values["primary"] = tuple(values["primary"])
                found.setdefault(number, []).append(Correction(**values))
        return found

    def write(self, run: Run, place: str, text: str, author: str, *, published: bool) -> Text:
        """Write the text of a run for a place, as a draft or published, at the clock's now.

        Raises:
            ValueError: no words, or too many.
        """
        words = text.strip()
        if not 0 < len(words) <= _LONGEST:
            raise ValueError(f"text: expected 1 to {_LONGEST} characters, got {len(words)}")
        made = Text(words, published, author, self._clock.now())
        values = {"run": run.id, "place": place, "text": words, "published": published}
        values |= {"author": author, "written_at": made.written_at}
        reason = f"forecast {run.folder} {'published' if published else 'drafted'} for {place}"
        with audit.act(self._engine, author, reason) as connection:
            connection.execute(sa.insert(tables.text).values(values))
        return made

    def texts(self, run: Run, place: str, as_of: datetime | None = None) -> list[Text]:
        """All texts of a run for a place by ``as_of`` (None: ever), newest first."""
        t = tables.text
        query = sa.select(t).where(t.c.run == run.id, t.c.place == place).order_by(t.c.written_at.desc(), t.c.id.desc())
        if as_of is not None:
            query = query.where(t.c.written_at <= as_of)
        with self._engine.connect() as connection:
            return [Text(row.text, row.published, row.author, row.written_at) for row in connection.execute(query)]


def _level(index: int) -> int:
    found = aqi.level_of(index)
    if found is None:
        raise ValueError("a level needs an index")
    return found.number
