"""Sections and their months as the feeds hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import Feeds, Reader
from lantian.observations.invented import marked
from lantian.observations.water.sections import Section, SectionMonth, months


@dataclass(frozen=True, slots=True)
class WaterYear:
    """The sections that a reader may see with their months; ``example``: ids of the invented ones."""

    sections: Mapping[str, Section]
    months: tuple[SectionMonth, ...]
    example: frozenset[str]

    def of(self, month: date) -> list[SectionMonth]:
        """What was measured in a month, by section."""
        return [one for one in self.months if one.month == month]

    def course(self, section: str) -> list[SectionMonth]:
        """The months of one section, the first first."""
        return [one for one in self.months if one.section == section]

    @property
    def newest(self) -> date | None:
        """The newest month of which anything is known."""
        return max((one.month for one in self.months), default=None)


def read(
    platform: Platform, reader: Reader, end: date, *, back: int = 12, region: str | None = None, as_of: datetime
) -> WaterYear:
    """The months up to that of a day.

    Args:
        platform: the platform.
        reader: who reads; rows that they may not see are not there.
        end: a day of the last month; back: how many months, that one with them.
        region: only sections within it.
        as_of: as it was known then.
    """
    feeds = Feeds(platform)
    rows = marked(platform.engine, feeds.read("water_section", reader, region=region, as_of=as_of))
    sections = {row["section"]: _section(row) for row in rows.iter_rows(named=True)}
    first = step(end, 1 - back)
    samples = feeds.read("water_sample", reader, start=first, end=step(end, 1), region=region, as_of=as_of)
    example = frozenset(rows.filter("example")["section"])
    return WaterYear(sections, tuple(months(samples, sections)), example)


def step(day: date, number: int) -> date:
    """The first day of the month so many months later.

    Example:
        >>> step(date(2016, 12, 16), 1), step(date(2016, 12, 16), -11)
        (datetime.date(2017, 1, 1), datetime.date(2016, 1, 1))
    """
    count = day.year * 12 + day.month - 1 + number
    return date(count // 12, count % 12 + 1, 1)


def last_day(month: date) -> date:
    """The last day of a month."""
    return step(month, 1) - timedelta(days=1)


def _section(row: Mapping[str, object]) -> Section:
    fields = ("name", "region", "body", "target", "water", "lon", "lat")
    given = {name: row[name] for name in fields}
    return Section(id=str(row["section"]), **{**given, "water": given["water"] or ""})  # type: ignore[arg-type]
