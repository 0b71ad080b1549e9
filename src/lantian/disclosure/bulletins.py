"""Values of bulletins 通报: the monthly ranking and the verification of forecasts.

Numbers stand as they are printed, and beside those that are drawn the number itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lantian.disclosure.checked import Document, Values


@dataclass(frozen=True)
class Bar(Values):
    """A bar of a chart: its name, value, the value as printed, and a mark for what it is compared with."""

    name: str
    value: float
    text: str
    mark: float | None = None
    accent: bool = False


@dataclass(frozen=True)
class RankRow(Values):
    """A place in the month's table; ``rank`` is empty where the data did not suffice. All as printed."""

    rank: str
    place: str
    index: str
    change: str
    greatest: str
    pm25: str
    pm10: str
    so2: str
    no2: str
    co: str
    o3: str
    good: str


@dataclass(frozen=True)
class FineRow(Values):
    """PM2.5 of a place: the month and the year to date, each with the year before, the change and the rank."""

    place: str
    rank: str
    month: str
    month_before: str
    month_change: str
    year_rank: str
    year: str
    year_before: str
    year_change: str


@dataclass(frozen=True)
class Named(Values):
    """A place in a short list: its rank, name and figure."""

    rank: str
    place: str
    figure: str


@dataclass(frozen=True)
class MonthlyBulletin(Document):
    """The monthly ranking 空气质量排名通报.

    Attributes:
        period: the month in words; ``period_label`` as commands write it.
        group: who is ranked.
        state: what must be said before anything else, such as a month that still runs; empty: nothing.
        summary: the answer, a sentence each.
        rows: everybody by composite index; without data at the end.
        fine: PM2.5 of everybody, by the month's rank.
        best, worst: the first and the last ten (or five of a small group), worst first.
        last: the last three.
        improved, declined: by change of the index on the year, best first and worst first.
        interview: development zones that are to be interviewed, with the reason; none where there are no zones.
        chart_index, chart_fine, chart_change: what the three charts draw.
        basis: on what it rests, a sentence each: edition, dust, stations, review.
        caveats: doubts about figures, a sentence each.
    """

    template: ClassVar[str] = "monthly_bulletin"
    title_zh: ClassVar[str] = "空气质量排名通报"
    title_en: ClassVar[str] = "Monthly ranking"

    period: str = ""
    period_label: str = ""
    group: str = ""
    state: str = ""
    summary: tuple[str, ...] = ()
    rows: tuple[RankRow, ...] = ()
    fine: tuple[FineRow, ...] = ()
    best: tuple[Named, ...] = ()
    worst: tuple[Named, ...] = ()
    last: tuple[Named, ...] = ()
    improved: tuple[Named, ...] = ()
    declined: tuple[Named, ...] = ()
    interview: tuple[Named, ...] = ()
    chart_index: tuple[Bar, ...] = ()
    chart_fine: tuple[Bar, ...] = ()
    chart_change: tuple[Bar, ...] = ()
    basis: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse a bulletin without period, group or ranked places."""
        for name in ("period", "period_label", "group", "summary", "rows"):
            if not getattr(self, name):
                self.refuse(name, "a value: a ranking says of whom, when and in which order")


@dataclass(frozen=True)
class ScoreRow(Values):
    """Scores of one source at one lead, as printed; ``ours`` marks the published forecast."""

    lead: str
    source: str
    cells: tuple[str, ...]
    ours: bool = False


@dataclass(frozen=True)
class Definition(Values):
    """What a score means: its name, formula and source."""

    name: str
    formula: str
    source: str


@dataclass(frozen=True)
class VerificationBulletin(Document):
    """How good forecasts were 预报评估通报, beside persistence.

    Attributes:
        period: in words; ``period_label`` as commands write it.
        place: of which place.
        mode: what the forecasts knew of the weather, in words.
        sample: issues and days that it rests on, in words.
        summary: the answer, a sentence each.
        index_columns, index: scores of level, range and primary pollutant.
        value_columns, values: scores of PM2.5.
        chart: hits of the level one day ahead and further, ours with persistence as the mark, percent.
        definitions: of every score printed.
    """

    template: ClassVar[str] = "verification_bulletin"
    title_zh: ClassVar[str] = "空气质量预报评估通报"
    title_en: ClassVar[str] = "Verification of forecasts"

    period: str = ""
    period_label: str = ""
    place: str = ""
    mode: str = ""
    sample: str = ""
    summary: tuple[str, ...] = ()
    index_columns: tuple[str, ...] = ()
    index: tuple[ScoreRow, ...] = ()
    value_columns: tuple[str, ...] = ()
    values: tuple[ScoreRow, ...] = ()
    chart: tuple[Bar, ...] = ()
    definitions: tuple[Definition, ...] = ()

    def check(self) -> None:
        """Refuse a bulletin without scores, and rows that do not fit their columns."""
        for name in ("period", "place", "mode", "sample", "index"):
            if not getattr(self, name):
                self.refuse(name, "a value: a verification says of what, on which sample")
        for name, columns in (("index", self.index_columns), ("values", self.value_columns)):
            if any(len(row.cells) != len(columns) for row in getattr(self, name)):
                self.refuse(name, f"{len(columns)} cells in every row, as there are columns")
