"""What a reader asks for, checked once: which places, which span, known by when, of which grade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations.statements import STAMP, STAMP_TYPE, TIME, VIEWS, Resolution, View

Moment = datetime | date
Places = str | Iterable[str] | None


@dataclass(frozen=True)
class Selection:
    """A question to the store. `start` <= stamp < `end`; a day stands as its midnight UTC, as it does in the
    manifest.
    """

    resolution: Resolution
    places: tuple[str, ...] | None
    start: datetime | None
    end: datetime | None
    as_of: datetime | None
    grade: View

    @classmethod
    def of(
        cls,
        resolution: Resolution,
        places: Places = None,
        start: Moment | None = None,
        end: Moment | None = None,
        as_of: datetime | None = None,
        grade: View = "best",
    ) -> Selection:
        """Check what was asked for. Raises ValueError for a time without a zone, or an unknown resolution or grade."""
        if resolution not in STAMP:
            raise ValueError(f"resolution {resolution!r}: expected one of {', '.join(STAMP)}")
        if grade not in VIEWS:
            raise ValueError(f"grade {grade!r}: expected one of {', '.join(VIEWS)}")
        known = None if as_of is None else instant(as_of, "hour").astimezone(UTC)
        chosen = (places,) if isinstance(places, str) else None if places is None else tuple(places)
        first, last = (None if moment is None else instant(moment, resolution) for moment in (start, end))
        return cls(resolution, chosen, first, last, known, grade)

    def conditions(self) -> list[pl.Expr]:
        """The question as filters over statements."""
        stamp = pl.col(STAMP[self.resolution])
        wanted = [pl.lit(True)]
        if self.places is not None:
            wanted.append(pl.col("place").is_in(self.places))
        if self.start is not None:
            wanted.append(stamp >= literal(self.start, self.resolution))
        if self.end is not None:
            wanted.append(stamp < literal(self.end, self.resolution))
        if self.as_of is not None:
            wanted.append(pl.col("known_at") <= pl.lit(self.as_of, TIME))
        if self.grade != "best":
            wanted.append(pl.col("grade") == self.grade)
        return wanted


def instant(moment: Moment, resolution: Resolution) -> datetime:
    """A moment as an aware datetime. Hours: a date is its midnight in Beijing. Days: a date is its midnight UTC."""
    if isinstance(moment, datetime):
        if resolution == "day":
            raise ValueError(f"{moment}: days are asked for by date, such as date(2016, 12, 1)")
        if moment.tzinfo is None:
            raise ValueError(f"{moment}: a time needs its zone, such as datetime(2016, 12, 1, 8, tzinfo=UTC)")
        return moment
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC if resolution == "day" else TIMEZONE)


def as_stamp(moment: datetime, resolution: Resolution) -> Moment:
    """An instant as the stamp column holds it."""
    return moment.date() if resolution == "day" else moment.astimezone(UTC)


def literal(moment: datetime, resolution: Resolution) -> pl.Expr:
    """An instant as an expression to compare the stamp column with."""
    return pl.lit(as_stamp(moment, resolution), STAMP_TYPE[resolution])
