"""What a feed 数据资源 is: fields, key, time and place, update rule, checks, owner, page. Pure.

`loading` reads one from a YAML file; docs/feeds.md explains every entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import polars as pl

from lantian.kernel.settings import TIMEZONE

Sensitivity = Literal["open", "shared", "restricted"]
Store = Literal["records", "hourly", "daily", "telemetry"]
Action = Literal["flag", "refuse"]

SENSITIVITIES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"open": ("公开共享", "Open"), "shared": ("按申请共享", "Shared on request"), "restricted": ("受限", "Restricted")}
)
"""Codes with their Chinese and English names."""

STORES: Final = get_args(Store)
ACTIONS: Final = get_args(Action)

TIME: Final = pl.Datetime("us", "UTC")
TYPES: Final[Mapping[str, pl.DataType]] = MappingProxyType(
    {
        "text": pl.String(),
        "integer": pl.Int64(),
        "number": pl.Float64(),
        "date": pl.Date(),
        "time": TIME,
        "choice": pl.String(),
        "flag": pl.Boolean(),
        "region": pl.String(),
        "station": pl.String(),
        "reference": pl.String(),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "link": pl.String(),
        "person": pl.String(),
    }
)
"""Types of fields and the column type of each. Times are aware UTC; codes, ids and links are texts."""

NUMBERS: Final = frozenset({"integer", "number", "lon", "lat"})


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in Chinese and English."""

    zh: str
    en: str

    def __call__(self, language: str) -> str:
        """The words in a language, `zh` or `en`."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: minutes, hours, days, or whole calendar months.

    Example:
        >>> print(Span(1, "month").after(datetime(2016, 12, 1, tzinfo=TIMEZONE)))
        2017-01-01 00:00:00+08:00
    """

    number: int
    unit: Literal["min", "h", "d", "month"]

    def after(self, moment: datetime) -> datetime:
        """The moment so much later; months are those of the calendar in Beijing."""
        if self.unit != "month":
            return moment + self.length
        local = moment.astimezone(TIMEZONE)
        months = local.year * 12 + local.month - 1 + self.number
        first = local.replace(day=1, year=months // 12, month=months % 12 + 1)
        following = (first + timedelta(days=31)).replace(day=1)
        return min(first + timedelta(days=local.day - 1), following - timedelta(days=1)).astimezone(moment.tzinfo)

    @property
    def length(self) -> timedelta:
        """The length; a month counts 30 days here."""
        hours = {"min": 1 / 60, "h": 1, "d": 24, "month": 720}[self.unit]
        return timedelta(hours=hours * self.number)

    def words(self, language: str) -> str:
        """As people say it: ``30 天``, ``30 d``."""
        zh = {"min": "分钟", "h": "小时", "d": "天", "month": "个月"}[self.unit]
        return f"{self.number} {zh if language == 'zh' else self.unit}"


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: column; zh, en: heads of a table for people.
        type: one of `TYPES`; unit: plain text, empty for a pure number.
        required: a row without it is refused; every field of the key is.
        low, high: bounds, included; a value outside is refused.
        decimals: digits shown after the point; None: as they are.
        codes: of a choice, code to words.
        pattern: regular expression that a text must match wholly.
        feed: of a reference, the feed whose key it names.
        mask: permission without which the value is shown covered.
    """

    name: str
    type: str
    zh: str
    en: str
    unit: str = ""
    required: bool = False
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    codes: Mapping[str, Words] = field(default_factory=lambda: MappingProxyType({}))
    pattern: str | None = None
    feed: str | None = None
    mask: str | None = None

    def label(self, language: str) -> str:
        """The head of a column, with the unit."""
        name = self.zh if language == "zh" else self.en
        left, right = ("（", "）") if language == "zh" else (" (", ")")
        return f"{name}{left}{self.unit}{right}" if self.unit else name

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type of its column."""
        return TYPES[self.type]

    @property
    def covered(self) -> bool:
        """Whether somebody may see it only covered."""
        return self.mask is not None or self.type == "person"


@dataclass(frozen=True, slots=True)
class Check:
    """A rule over the fields of a row: a Polars SQL expression, true where all is right; null counts as right."""

    rule: str
    zh: str
    en: str
    action: Action = "flag"


@dataclass(frozen=True, slots=True)
class Update:
    """How often there is something new, and how much later it may come."""

    every: Span
    within: Span

    def due(self, newest: datetime, *, whole: bool = False) -> datetime:
        """When the next should have come if the newest is of this time; never after it would be stale.

        ``whole``: times are days, and the value of a day or a month can come only when it is over.
        """
        following = self.every.after(newest)
        return min(self.every.after(following), self.stale(newest)) if whole else following

    def stale(self, newest: datetime) -> datetime:
        """From when on the feed is stale."""
        return self.within.after(self.every.after(newest))


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of the records: `y` over `x`, one series for each value of `by`."""

    kind: Literal["line", "bar"]
    x: str
    y: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """How the page of a feed looks: columns of its table, picture, map, and the field by which it is sorted."""

    columns: tuple[str, ...]
    chart: Chart | None = None
    map: bool = False
    sort: str | None = None
    falling: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """Where the platform fetches a feed by itself.

    Attributes:
        kind: `poll`.
        url, format: address, and `json` or `csv`.
        rows: where in the JSON the rows stand, as `data.items`; empty: the answer is the list.
        names: their name of a field to ours.
        every, window: how often it is asked, and how far back, so that late values are not lost.
    """

    kind: str
    url: str
    format: Literal["json", "csv"]
    every: Span
    window: Span
    rows: str = ""
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as its definition file says it; see docs/feeds.md.

    ``file`` is where it was read, ``text`` the definition itself.
    """

    name: str
    zh: str
    en: str
    about: Words
    owner: str
    sensitivity: Sensitivity
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    store: Store = "records"
    time: str | None = None
    place: str | tuple[str, str] | None = None
    update: Update | None = None
    checks: tuple[Check, ...] = ()
    page: Hints = Hints(())
    source: Source | None = None
    licence: str = ""
    lineage: Words = Words("", "")
    example: bool = False
    file: str = ""
    text: str = ""

    def field(self, name: str) -> Field:
        """One field. Raises KeyError naming the fields there are."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(f"feed {self.name} has no field {name!r}; it has {', '.join(self.schema)}")

    def title(self, language: str) -> str:
        """Its short name in a language."""
        return self.zh if language == "zh" else self.en

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Columns and their types, in the order of the file."""
        return {one.name: one.dtype for one in self.fields}

    @property
    def references(self) -> tuple[str, ...]:
        """The feeds that its fields refer to, each once."""
        return tuple(dict.fromkeys(one.feed for one in self.fields if one.feed))

    @property
    def masked(self) -> tuple[Field, ...]:
        """Fields that somebody may see only covered."""
        return tuple(one for one in self.fields if one.covered)

    def due(self, newest: datetime) -> datetime | None:
        """When the next record should have come if the newest is of this time; None: nothing regular is promised."""
        if self.update is None or self.time is None:
            return None
        return self.update.due(newest, whole=self.field(self.time).type == "date")

    def position(self) -> tuple[str, str] | None:
        """The names of the fields of longitude and latitude, if it has both."""
        if isinstance(self.place, tuple):
            return self.place
        lon = next((one.name for one in self.fields if one.type == "lon"), None)
        lat = next((one.name for one in self.fields if one.type == "lat"), None)
        return (lon, lat) if lon and lat else None

    def describe(self) -> dict[str, Any]:
        """The entry of the catalogue as JSON: what a program needs to read or write it."""
        return {
            "name": self.name,
            "zh": self.zh,
            "en": self.en,
            "about": {"zh": self.about.zh, "en": self.about.en},
            "owner": self.owner,
            "sensitivity": self.sensitivity,
            "store": self.store,
            "key": list(self.key),
            "time": self.time,
            "place": list(self.place) if isinstance(self.place, tuple) else self.place,
            "licence": self.licence,
            "lineage": {"zh": self.lineage.zh, "en": self.lineage.en},
            "example": self.example,
            "fields": [
                {
                    "name": one.name,
                    "type": one.type,
                    "zh": one.zh,
                    "en": one.en,
                    "unit": one.unit,
                    "required": one.required,
                    "low": one.low,
                    "high": one.high,
                    "codes": {code: {"zh": words.zh, "en": words.en} for code, words in one.codes.items()},
                    "feed": one.feed,
                    "covered": one.covered,
                }
                for one in self.fields
            ],
        }
