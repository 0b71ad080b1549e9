"""What a program may ask of the observations, checked before anything is read.

Each fault names the parameter, its value and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lantian.kernel.settings import TIMEZONE
from lantian.observations.selection import Moment, instant
from lantian.observations.statements import Resolution
from lantian.places.names import PlaceLookupError
from lantian.places.store import PlaceStore
from lantian.standards.codes import ITEMS
from lantian.web.api.answers import Format, refuse
from lantian.web.security import Viewer


def _parts(given: object) -> object:
    """`a,b` and `a` beside `b` are the same list."""
    if not isinstance(given, list):
        return given
    return [part.strip() for text in given for part in str(text).split(",") if part.strip()]


Listed = Annotated[list[str] | None, BeforeValidator(_parts)]
Text = Annotated[str | None, Field(max_length=40)]


class Parameters(BaseModel):
    """Query parameters of a table; one that the table does not know is refused, so that a slip is not an answer to
    another question.
    """

    model_config = ConfigDict(extra="forbid")

    format: Format = Field("json", description="json (rows as objects), csv, or arrow (an Arrow IPC stream)")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        for name in given:
            if name not in cls.model_fields:
                known = ", ".join(cls.model_fields)
                raise refuse(name, given[name], f"no such parameter; this table has {known}")
        return given


class Span(Parameters):
    """Which places, items and times, and as of when."""

    places: Listed = Field(
        None, description="codes or names of stations and regions, as places=1001A,110000; left out: all"
    )
    start: Text = Field(
        None,
        description="from then on: a date, which is its midnight in Beijing, or a time with its zone, as "
        "2016-12-16T08:00+08:00; left out: from the first",
    )
    end: Text = Field(None, description="up to, not including; written as start; left out: to the last")
    items: Listed = Field(None, description="columns by name, as items=pm25,o3; left out: all that are stored")
    as_of: Text = Field(
        None, description="only what was known then; written as start; left out: all that is known at the clock's now"
    )


@dataclass(frozen=True)
class Question:
    """A checked question: `places` by code, None for all; `start` <= time < `end`; `as_of` never after the clock."""

    places: list[str] | None
    start: Moment | None
    end: Moment | None
    items: list[str] | None
    as_of: datetime


def checked(asked: Span, viewer: Viewer, resolution: Resolution) -> Question:
    """Turn parameters into a question.

    Raises:
        RequestValidationError: a parameter cannot be used; the answer says which, what it was and what would be right.
    """
    read = _day if resolution == "day" else moment
    start, end = (
        None if text is None else read(name, text) for name, text in (("start", asked.start), ("end", asked.end))
    )
    if start is not None and end is not None and instant(start, resolution) >= instant(end, resolution):
        raise refuse("end", asked.end, f"must lie after start, which is {asked.start}; the end itself is not included")
    return Question(
        places=None if asked.places is None else codes_of(asked.places, PlaceStore(viewer.platform.engine)),
        start=start,
        end=end,
        items=None if asked.items is None else known_items(asked.items),
        as_of=viewer.now if asked.as_of is None else _known_by(asked.as_of, viewer.now),
    )


def codes_of(texts: Iterable[str], places: PlaceStore) -> list[str]:
    """Codes of places given by code or name, each once. Raises RequestValidationError for one that nobody knows."""
    gazetteer, codes = places.gazetteer(), []
    for text in texts:
        try:
            codes.append(gazetteer.resolve(text).code)
        except PlaceLookupError as error:
            raise refuse("places", text, str(error)) from None
    return list(dict.fromkeys(codes))


def known_items(names: Iterable[str]) -> list[str]:
    """Names of items, each once. Raises RequestValidationError for one that is none."""
    for name in names:
        if name.removeprefix("n_") not in ITEMS:
            raise refuse("items", name, f"no such item; there are {', '.join(ITEMS)}")
    return list(dict.fromkeys(names))


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise refuse(name, text, "must be a date, as 2016-12-16") from None


def moment(name: str, text: str) -> Moment:
    """A date, or a time with its zone, of a parameter. Raises RequestValidationError for another text."""
    # In an address a plus sign that was not written as %2B arrives as a blank.
    written = re.sub(r" (\d{2}:?\d{2})$", r"+\1", text.strip())
    right = "must be a date, as 2016-12-16, or a time with its zone, as 2016-12-16T12:00Z or 2016-12-16T20:00%2B08:00"
    try:
        if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", written):
            return date.fromisoformat(written)
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise refuse(name, text, right) from None
    if moment.tzinfo is None:
        raise refuse(name, text, right)
    return moment.astimezone(UTC)


def _known_by(text: str, now: datetime) -> datetime:
    known = instant(moment("as_of", text), "hour")
    if known > now:
        shown = now.astimezone(TIMEZONE).isoformat(timespec="minutes")
        raise refuse("as_of", text, f"must not lie after the platform's clock, which shows {shown}")
    return known
