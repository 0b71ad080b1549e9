"""Periods as pages choose and print them: kinds side by side, a step back and forth, words in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lantian.assessment.periods import Kind, Period, holding, parse
from lantian.web.figures import MONTHS

KINDS: tuple[Kind, ...] = ("month", "quarter", "half-year", "year", "autumn-winter")


@dataclass(frozen=True)
class Span:
    """A chosen period as the form shows it.

    Attributes:
        period: the period.
        known: the part of it that is over; None when none of it is.
        kinds: kind and the period of that kind around the same time, for links.
        before: the period one step back.
        after: the one after it; None when it would lie in the future.
    """

    period: Period
    known: Period | None
    kinds: tuple[tuple[Kind, Period], ...]
    before: Period
    after: Period | None

    @property
    def running(self) -> bool:
        """Whether the period is not over yet."""
        return self.known is not None and self.known.end < self.period.end

    @property
    def known_days(self) -> int:
        """Days of the period that are over."""
        return self.known.days if self.known else 0


def span_of(text: str, last_day: date, default: Period) -> Span:
    """Read what stands in the address.

    Args:
        text: a written period, or nothing for the default.
        last_day: the last day that is over.
        default: shown when nothing is asked for.

    Raises:
        ValueError: the text is no period; the message says what is.
    """
    period = parse(text) if text.strip() else default
    anchor = min(period.end, last_day) if period.start <= last_day else period.start
    after = period.step(1)
    return Span(
        period,
        period.until(last_day) if period.start <= last_day else None,
        tuple((kind, holding(anchor, kind)) for kind in KINDS),
        period.step(-1),
        after if after.start <= last_day else None,
    )


def words(period: Period, language: str, known: Period | None = None) -> str:
    """A period in words: `2016年12月（至15日）`, `December 2016 (to 15 Dec)`."""
    name = _chinese(period) if language == "zh" else _english(period)
    if known is None or known.end >= period.end:
        return name
    if language == "zh":
        short = f"{known.end.day}日" if period.kind == "month" else day_words(known.end, "zh", year=period.start.year)
        return f"{name}（至{short}）"
    return f"{name} (to {day_words(known.end, 'en', year=period.start.year)})"


def day_words(day: date, language: str, year: int | None = None) -> str:
    """A day in words, with its year unless it is the one given: `12月15日`, `15 Dec 2016`."""
    with_year = day.year != year
    if language == "zh":
        return (f"{day.year}年" if with_year else "") + f"{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]}" + (f" {day.year}" if with_year else "")


def run_words(first: date, last: date, language: str, year: int | None = None) -> str:
    """Days from first to last in words: `12月2日—4日`, `2–4 Dec`."""
    if first == last:
        return day_words(last, language, year)
    if (first.year, first.month) != (last.year, last.month):
        dash = "—" if language == "zh" else " – "
        return day_words(first, language, year) + dash + day_words(last, language, first.year)
    if language == "zh":
        return f"{day_words(first, 'zh', year)}—{last.day}日"
    return f"{first.day}–{day_words(last, 'en', year)}"


def _chinese(period: Period) -> str:
    return run_words(period.start, period.end, "zh") if period.kind == "days" else period.label_zh


def _english(period: Period) -> str:
    year, half = period.start.year, "first" if period.start.month == 1 else "second"
    return {
        "month": f"{MONTHS[period.start.month - 1]} {year}",
        "quarter": f"Q{(period.start.month + 2) // 3} {year}",
        "half-year": f"{half} half of {year}",
        "year": f"{year}",
        "autumn-winter": f"autumn-winter {year}–{year + 1}",
        "days": run_words(period.start, period.end, "en"),
    }[period.kind]
