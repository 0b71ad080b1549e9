"""Values of what is told often: the daily progress brief 每日快报 and the weekly television script 电视口播稿."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from lantian.disclosure.checked import Document, Values
from lantian.disclosure.letters import Count, OrderCase

READ_A_MINUTE = 240
"""Characters that a news reader speaks a minute; an estimate of our own, broadcasting offices use 220 to 260."""
LEAST_SECONDS = 180
"""The weekly item lasts at least three minutes."""


@dataclass(frozen=True)
class Segment(Values):
    """A part of a television item: what is seen and what is said."""

    title: str
    picture: str
    words: str


@dataclass(frozen=True)
class TelevisionScript(Document):
    """The script of the weekly item 每周四电视曝光: pictures beside words, with its length when read aloud.

    Attributes:
        programme: where it is shown.
        airs_on: the day.
        segments: in order; at least one.
    """

    template: ClassVar[str] = "television_script"
    title_zh: ClassVar[str] = "电视专题口播稿"
    title_en: ClassVar[str] = "Television script"

    programme: str = ""
    airs_on: dt.date | None = None
    segments: tuple[Segment, ...] = ()

    def check(self) -> None:
        """Refuse a script without programme, day or words."""
        for name in ("programme", "airs_on", "segments"):
            if not getattr(self, name):
                self.refuse(name, "a value: a script says where, when and what")

    @property
    def characters(self) -> int:
        """Characters that are spoken; marks and spaces are not."""
        return sum(characters(segment.words) for segment in self.segments)

    @property
    def seconds(self) -> int:
        """Length when read at `READ_A_MINUTE`."""
        return self.characters * 60 // READ_A_MINUTE

    @property
    def length(self) -> str:
        """The length in words, and what is missing to three minutes."""
        said = (
            f"全文{self.characters}字，按每分钟{READ_A_MINUTE}字播读约{self.seconds // 60}分{self.seconds % 60:02d}秒"
        )
        if self.seconds >= LEAST_SECONDS:
            return f"{said}，不少于3分钟。"
        missing = -(-LEAST_SECONDS * READ_A_MINUTE // 60) - self.characters
        return f"{said}，不足3分钟，至少还需{missing}字。"


@dataclass(frozen=True)
class BriefAir(Values):
    """The air of a place on the day: AQI, its word, the primary pollutant, PM2.5 in ug/m3, each as printed."""

    place: str
    aqi: str
    level: str
    primary: str = ""
    pm25: str = ""


@dataclass(frozen=True)
class DailyBrief(Document):
    """The daily progress brief 每日快报: air, forecast, cases, duties and what the public asks, on one or two pages.

    Attributes:
        day: the day that is told of.
        headline: the answer first, one sentence.
        air: places, the home first.
        forecast: what is coming, in words.
        counts: handed over, closed, overdue and whatever else is counted.
        overdue: cases to name.
        duties: duties of disclosure that are due or overdue, a sentence each.
        asked: what the public asks most, a sentence each.
    """

    template: ClassVar[str] = "daily_brief"
    title_zh: ClassVar[str] = "攻坚行动每日快报"
    title_en: ClassVar[str] = "Daily brief"

    day: dt.date | None = None
    headline: str = ""
    air: tuple[BriefAir, ...] = ()
    forecast: str = ""
    counts: tuple[Count, ...] = ()
    overdue: tuple[OrderCase, ...] = ()
    duties: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse a brief without day or headline."""
        for name in ("day", "headline"):
            if not getattr(self, name):
                self.refuse(name, "a value: a brief says of which day, and its answer first")


def characters(text: str) -> int:
    """Characters of a text that are read aloud: letters, figures and Chinese characters."""
    return sum(character.isalnum() for character in text)
