"""What the pages of measured feeds share: who reads, answers remembered for them alone, months in the address."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, TypeVar

from fastapi import HTTPException, Query

from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds import Reader
from lantian.web.remember import Memory
from lantian.web.security import Viewer, allow

T = TypeVar("T")
FeedReader = Annotated[Viewer, allow("feeds.read")]
"""A viewer who may read feeds; which rows is decided by the feeds themselves."""

Month = Annotated[str, Query(max_length=7, pattern=r"^$|^(19|20)\d{2}-(0[1-9]|1[0-2])$", description="as 2016-11")]
Region = Annotated[str, Query(max_length=9, pattern=r"^$|^(\d{6}|\d{9}|Z\d{8})$", description="code of a region")]


def reader_of(viewer: Viewer) -> Reader:
    """The viewer as a reader of feeds, whose readings are noted in the log of access; as the page's, also where the
    interface gives what a page computes.
    """
    return replace(Reader.of(viewer.account), via="page")


def remembered(viewer: Viewer, question: tuple[Hashable, ...], compute: Callable[[], T]) -> T:
    """An answer computed once a minute for one account: what another may see is another answer."""
    return Memory(viewer)((*question, viewer.account.login), compute)


def month_of(text: str, otherwise: date) -> date:
    """The first day of a month of the address, never after that of ``otherwise``.

    Raises HTTPException 422 for what is no month.
    """
    if not text:
        return otherwise.replace(day=1)
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise HTTPException(422, f"month {text!r}: expected as 2016-11") from None
    return min(found, otherwise.replace(day=1))


def month_words(month: date, language: str) -> str:
    """A month in words.

    Example:
        >>> month_words(date(2016, 11, 1), "zh"), month_words(date(2016, 11, 1), "en")
        ('2016年11月', 'November 2016')
    """
    return f"{month.year}年{month.month}月" if language == "zh" else f"{month:%B %Y}"


def short(moment: datetime | None) -> str:
    """Day and time in Beijing, where there is little room; a dash for None."""
    return "–" if moment is None else f"{moment.astimezone(TIMEZONE):%m-%d %H:%M}"
