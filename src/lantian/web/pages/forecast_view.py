"""What the forecast of one place says: a sentence, a card for each day, and how it came out; for 预报 and 今日."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from lantian.forecast import clearing
from lantian.forecast.service import OURS
from lantian.forecast.store import Run
from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.web import figures
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.pages.spots import day_text
from lantian.web.security import Viewer

MOST_DAYS = 7
HEAVY = 5
"""The level from which pollution is heavy."""
WORTH_SAYING = 0.05
"""From this probability on, the chance of heavy pollution is said where none is expected. Judgement."""
_NEAR = {0: ("今天", "today"), 1: ("明天", "tomorrow"), 2: ("后天", "the day after tomorrow")}


@dataclass(frozen=True)
class Card:
    """One day of a place as it counts.

    Attributes:
        row: the published row.
        ours: the row of our own forecast, where the duty forecaster said something else; None where nobody did.
        reason: why it was corrected; empty where it was not.
        actual: what was observed; None while nobody knows.
        words: what the duty forecaster says of the day; empty where nothing.
    """

    row: dict[str, Any]
    ours: dict[str, Any] | None
    reason: str
    actual: dict[str, Any] | None
    words: str = ""

    @property
    def date(self) -> date:
        """The natural day."""
        found: date = self.row["date"]
        return found

    @property
    def corrected(self) -> bool:
        """Whether the duty forecaster's word counts."""
        return self.ours is not None

    @property
    def chances(self) -> list[tuple[int, float]]:
        """The probability of each level that has one, 0 to 1, the best level first; empty where there are none."""
        found = [(level, self.row[f"p{level}"]) for level in range(1, 7)]
        return [(level, share) for level, share in found if share is not None]

    @property
    def bars(self) -> list[dict[str, float]]:
        """The probabilities side by side, 100 wide."""
        bars, x = [], 0.0
        for level, share in self.chances:
            bars.append({"level": level, "x": round(x, 2), "width": round(100 * share, 2), "share": share})
            x += 100 * share
        return bars

    @property
    def heavy(self) -> float:
        """The probability of heavy pollution, 0 to 1; 0 where there are no probabilities."""
        return sum(share for level, share in self.chances if level >= HEAVY)

    @property
    def hit(self) -> bool | None:
        """Whether the level that came is one of those forecast; None while nobody knows."""
        if self.actual is None:
            return None
        return bool(self.row["level_low"] <= self.actual["level"] <= self.row["level_high"])


@dataclass(frozen=True)
class Outlook:
    """The forecast of a place.

    Attributes:
        run: which run it is.
        cards: its days, the first the day after the issue.
        clearing: when the air clears; None where it is clean or nothing is known.
        today: the clock's natural day.
        background: days on which the air outside the engine's nests is the season's background alone.
    """

    run: Run
    cards: list[Card]
    clearing: dict[str, Any] | None
    today: date
    background: Sequence[date] = ()

    @property
    def ahead(self) -> Card | None:
        """The day that is spoken of first: tomorrow, else today, else none, as all are over."""
        coming = [card for card in self.cards if card.date > self.today]
        return next(iter(coming), next((card for card in self.cards if card.date == self.today), None))

    @property
    def known(self) -> list[Card]:
        """The days of which is known what came."""
        return [card for card in self.cards if card.actual is not None]


def outlook_of(desk: ForecastDesk, run: Run, place: str) -> Outlook | None:
    """The forecast of a place in a run; None where it has none."""
    rows = desk.published(run).filter(pl.col("place") == place).sort("date").head(MOST_DAYS).to_dicts()
    if not rows:
        return None
    mine = {
        row["date"]: row
        for row in desk.outlook(run).filter((pl.col("place") == place) & (pl.col("source") == OURS)).to_dicts()
    }
    said = {each.date: each for each in desk.corrections(run, place)}
    observed = desk.observed([place], rows[0]["date"], rows[-1]["date"]).drop_nulls("aqi")
    actual = {row["date"]: row for row in observed.to_dicts()}
    cards = []
    for row in rows:
        corrected = row["source"] != OURS
        day = row["date"]
        last = said.get(day)
        reason, words = (last.reason, last.text) if last else ("", "")
        cards.append(Card(row, mine.get(day) if corrected else None, reason, actual.get(day), words))
    clears = desk.clearing(run).filter((pl.col("place") == place) & (pl.col("source") == OURS)).to_dicts()
    return Outlook(
        run, cards, clears[0] if clears else None, desk.viewer.today, desk.forecasts.store.background_days(run)
    )


def range_text(low: int, high: int) -> str:
    """An AQI range as it is published: `180–230`, one number where both are the same."""
    return f"{low}" if low == high else f"{low}–{high}"


def level_words(low: int, high: int, language: str) -> str:
    """The level(s) of a range: `中度至重度污染`, `moderately to heavily polluted`."""
    first, last = aqi.LEVELS[low - 1], aqi.LEVELS[high - 1]
    if low == high:
        return first.zh if language == "zh" else first.en
    if language == "zh":
        begin = first.zh.removesuffix("污染") if last.zh.endswith("污染") else first.zh
        return f"{begin}至{last.zh}"
    begin = first.en.removesuffix(" polluted") if last.en.endswith(" polluted") else first.en
    return f"{begin} to {last.en}"


def primary_text(items: Sequence[str] | None) -> str:
    """Symbols of primary pollutants; empty where there are none."""
    return ", ".join("O3" if item.startswith("o3") else ITEMS[item].symbol for item in items or ())


def weekday(day: date, language: str) -> str:
    """A day in words without its year: `12月17日 周六`, `Sat 17 Dec`."""
    long = figures.day(day, language)
    return long.split("年", 1)[1] if language == "zh" else long.rsplit(" ", 1)[0]


def _spoken(day: date, language: str) -> str:
    """A day within a sentence: Chinese has no blanks there."""
    return weekday(day, language).replace(" ", "") if language == "zh" else weekday(day, language)


def when_words(day: date, today: date, language: str) -> str:
    """A day as one says it: `明天（12月17日 周六）`."""
    near = {0: ("今天", "today"), 1: ("明天", "tomorrow"), 2: ("后天", "the day after tomorrow")}.get(
        (day - today).days
    )
    text = weekday(day, language)
    if near is None:
        return text
    return f"{near[0]}（{text}）" if language == "zh" else f"{near[1]} ({text})"


def sentence(outlook: Outlook, name: str, language: str) -> str:
    """The answer: tomorrow, how long heavy pollution lasts, and when the air clears; of a past forecast, how it was."""
    zh = language == "zh"
    card = outlook.ahead
    if card is None:
        return _past(outlook, name, zh)
    row = card.row
    day = when_words(card.date, outlook.today, language)
    level = level_words(row["level_low"], row["level_high"], language)
    spread = range_text(row["aqi_low"], row["aqi_high"]).replace("–", "–\u2060")  # no line ends within a range
    primary = primary_text(row["primary"])
    if zh:
        text = f"{name}{day}{level}，AQI {spread}" + (f"，首要污染物 {primary}" if primary else "")
    else:
        text = f"{name}, {day}: {level}, AQI {spread}" + (f", primary pollutant {primary}" if primary else "")
    return text + _spell(outlook, card, language) + _clears(outlook, language)


def _past(outlook: Outlook, name: str, zh: bool) -> str:
    known = outlook.known
    hits = sum(bool(card.hit) for card in known)
    issued = figures.clock_text(outlook.run.issue)
    if zh:
        return f"{name}：{issued} 起报的各天已经过去，{len(known)} 天中 {hits} 天级别在预报范围内"
    return (
        f"{name}: the days forecast at {issued} are over; on {hits} of {len(known)} the level was among those forecast"
    )


def _spell(outlook: Outlook, first: Card, language: str) -> str:
    """How long heavy pollution lasts, or when it comes."""
    zh = language == "zh"
    coming = [card for card in outlook.cards if card.date >= first.date]
    heavy = [card.row["level"] >= HEAVY for card in coming]
    if not any(heavy):
        return _mild(coming, first, language)
    begin = heavy.index(True)
    end = begin
    while end + 1 < len(heavy) and heavy[end + 1]:
        end += 1
    last = _spoken(coming[end].date, language)
    open_end = end == len(heavy) - 1
    if begin == 0:
        if end == 0:
            return ""
        if zh:
            return f"；重污染持续到{last}" + ("以后" if open_end else "")
        return f"; heavy until {last}" + (" or longer" if open_end else "")
    start = _spoken(coming[begin].date, language)
    if zh:
        return f"；重污染从{start}" + ("开始" if begin == end else f"到{last}" + ("以后" if open_end else ""))
    return f"; heavy from {start}" + ("" if begin == end else f" to {last}" + (" or longer" if open_end else ""))


def _mild(coming: list[Card], first: Card, language: str) -> str:
    """The worst day of a spell without heavy pollution, and the chance of some where it is not small."""
    zh = language == "zh"
    worst = max(coming, key=lambda card: card.row["aqi"])
    if worst is first:
        text = "；此后更好" if zh else "; better after that"
    else:
        day, word = _spoken(worst.date, language), level_words(worst.row["level"], worst.row["level"], language)
        text = f"；最差在{day}，{word}" if zh else f"; worst on {day}, {word}"
    riskiest = max(coming, key=lambda card: card.heavy)
    if riskiest.heavy >= WORTH_SAYING:
        day = _spoken(riskiest.date, language)
        chance = f"{riskiest.heavy:.0%}"
        return text + (f"，重污染概率最高 {chance}（{day}）" if zh else f"; heavy with at most {chance} ({day})")
    return text + ("，没有重污染" if zh else ", no heavy pollution")


def _clears(outlook: Outlook, language: str) -> str:
    zh = language == "zh"
    found = outlook.clearing
    if found is None:
        return ""
    if found["begins"] is None:
        return "；预报期内看不到转清" if zh else "; no clearing within the forecast"
    begins: datetime = found["begins"]
    local = begins.astimezone(TIMEZONE)
    if local.date() < outlook.today:
        return ""
    cause = clearing.words(found["cause"], language)
    share = found["probability"]
    part = part_of_day(local, language)
    day = _spoken(local.date(), language)
    if zh:
        chance = f"（概率 {share:.0%}）" if share is not None else ""
        return f"，预计{day}{part}{'随' + cause if cause else ''}转清{chance}"
    chance = f" (probability {share:.0%})" if share is not None else ""
    return f", clearing {day} {part}{' with the ' + cause if cause else ''}{chance}"


def part_of_day(local: datetime, language: str) -> str:
    """The part of a day: an hour days ahead is not known better than that."""
    names = (("凌晨", "early morning"), ("上午", "morning"), ("下午", "afternoon"), ("晚上", "evening"))
    return names[local.hour // 6][0 if language == "zh" else 1]


@dataclass(frozen=True)
class Coming:
    """What the front page says of the days to come."""

    outlook: Outlook
    sentence: str
    language: str

    @property
    def issued(self) -> str:
        """When it was issued."""
        return issued_words(self.outlook.run, self.language)

    def weekday(self, day: date) -> str:
        """A day's short name: `周六`, `Sat`."""
        long = weekday(day, self.language)
        return long.rsplit(" ", 1)[1] if self.language == "zh" else long.split(" ", 1)[0]

    def told(self, card: Card) -> str:
        """A day in words."""
        row = card.row
        parts = (
            weekday(card.date, self.language),
            f"AQI {range_text(row['aqi_low'], row['aqi_high'])}",
            level_words(row["level_low"], row["level_high"], self.language),
            primary_text(row["primary"]),
        )
        return " · ".join(part for part in parts if part)


def coming_of(viewer: Viewer, place: str, name: str, language: str) -> Coming | None:
    """What is coming at a place by the newest forecast; None where none speaks of a day that is not over."""
    desk = ForecastDesk(viewer)
    run = desk.run()
    outlook = outlook_of(desk, run, place) if run else None
    if outlook is None or outlook.ahead is None:
        return None
    return Coming(outlook, sentence(outlook, name, language), language)


def issued_words(run: Run, language: str) -> str:
    """When a run was issued: `12月16日 20:00`."""
    local = run.issue.astimezone(TIMEZONE)
    return f"{day_text(local.date(), language)} {local:%H:%M}"


def days_of(run: Run) -> list[date]:
    """The days of a run's cards."""
    return [run.day + timedelta(days=lead) for lead in range(1, MOST_DAYS + 1)]
