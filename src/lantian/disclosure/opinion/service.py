"""The desk of public opinion over the database and the clock::

desk = Opinion(platform)
desk.take_in(files.read(Path("letters.csv")), "editor")
desk.look().alarms
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from lantian.disclosure.opinion import store, topics, trend
from lantian.disclosure.opinion.files import Sent
from lantian.disclosure.opinion.store import Message, Stock
from lantian.disclosure.opinion.topics import Topics
from lantian.disclosure.opinion.trend import Alarm, Rising
from lantian.disclosure.words import telling
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.places.store import PlaceStore
from lantian.supervision.complaints.where import Names
from lantian.supervision.events import BEIJING
from lantian.supervision.personal import mask

SHOWN = 14
"""Days that the desk looks at; before them lie the weeks that they are compared with."""
ALARMED = 3
"""Days for which alarms are told."""
OTHER = ""
"""The topic of messages that have none."""


class OpinionError(ValueError):
    """A message or stock answer cannot be taken; the message says what would be right."""


@dataclass(frozen=True)
class Bunch:
    """Messages of one topic about one region (None: no place is named) in the days looked at."""

    topic: str
    region: str | None
    messages: tuple[Message, ...]
    first: date
    last: date


@dataclass(frozen=True)
class Look:
    """What is written, as of a moment.

    Attributes:
        first, last: the days looked at.
        counts: by topic and day.
        alarms: of the last days, the newest first.
        rising: words that are written more than in the weeks before.
        bunches: by topic and region, the largest first.
        messages: of the days, the newest first.
    """

    first: date
    last: date
    counts: dict[str, dict[date, int]]
    alarms: tuple[Alarm, ...]
    rising: tuple[Rising, ...]
    bunches: tuple[Bunch, ...]
    messages: tuple[Message, ...]

    def total(self, topic: str) -> int:
        """Messages of a topic in the days looked at."""
        return sum(n for day, n in self.counts.get(topic, {}).items() if day >= self.first)


class Opinion:
    """Public opinion of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @cached_property
    def topics(self) -> Topics:
        """``<home>/topics.yaml``, else the shipped families. Raises TopicError."""
        own = self._platform.home / topics.FILE
        return topics.load(own if own.is_file() else None)

    @cached_property
    def names(self) -> Names:
        """Names of all regions."""
        return Names({region.code: region.name for region in PlaceStore(self._platform.engine).regions()})

    def take_in(self, sent: Sequence[Sent], actor: str, *, example: bool = False, as_received: bool = False) -> int:
        """Keep messages with people covered, their topics and place; how many were new.

        ``as_received``: they were known when they were received, as in an invented past.

        Raises OpinionError for one that was received after the clock's now.
        """
        now = self._platform.clock.now()
        if early := next((one for one in sent if one.received_at > now), None):
            raise OpinionError(f"message {early.id}, received {early.received_at}: expected a time up to {now}")
        rows = [
            {
                "id": one.id, "received_at": one.received_at, "channel": one.channel, "text": mask(one.text),
                "region": self._region(one), "topics": list(self.topics.of(one.text)), "recorded_by": actor,
                "recorded_at": one.received_at if as_received else now, "example": example,
            }
            for one in sent
        ]  # fmt: skip
        with audit.act(self._platform.engine, actor, "messages taken in") as connection:
            return store.add(connection, rows)

    def look(self, as_of: datetime | None = None, days: int = SHOWN) -> Look:
        """What is written in the last days, against the weeks before."""
        moment = self._moment(as_of)
        last = moment.astimezone(BEIJING).date()
        first = last - timedelta(days=days - 1)
        since = datetime.combine(first - timedelta(weeks=trend.WEEKS), time(), BEIJING)
        with reading(self._platform.engine).connect() as connection:
            every = store.listed(connection, moment, since)
            known = store.first_day(connection, moment) or last
        counts = {code: dict(Counter(one.day for one in every if code in one.topics)) for code in self.topics.all}
        counts[OTHER] = dict(Counter(one.day for one in every if not one.topics))
        found = [
            alarm
            for back in range(ALARMED)
            for code in self.topics.all
            if (alarm := trend.judge(code, counts[code], last - timedelta(days=back), known))
        ]
        shown = [one for one in every if one.day >= first]
        before = [telling(one.text) for one in every if one.day < first]
        rising = trend.rising([telling(one.text) for one in shown], before, self.topics.words)
        return Look(first, last, counts, tuple(found), tuple(rising), _bunches(shown), tuple(shown))

    def put_stock(self, topic: str, title: str, text: str, actor: str) -> int:
        """Keep a stock answer; its number. Raises OpinionError."""
        if topic not in self.topics.all:
            raise OpinionError(f"topic {topic!r}: expected one of {', '.join(self.topics.all)}")
        if not 0 < len(title.strip()) <= 100 or not 0 < len(text.strip()) <= 2000:
            raise OpinionError("title, text: expected 1 to 100 and 1 to 2000 characters")
        with audit.act(self._platform.engine, actor, f"stock answer: {title}") as connection:
            return store.put_stock(
                connection, topic, title.strip(), text.strip(), actor, self._platform.clock.now(),
                example=self._platform.settings.example,
            )  # fmt: skip

    def retire_stock(self, key: int, actor: str) -> None:
        """Take a stock answer out of use. Raises LookupError."""
        with audit.act(self._platform.engine, actor, f"stock answer {key} out of use") as connection:
            if not store.retire_stock(connection, key, self._platform.clock.now()):
                raise LookupError(f"stock answer {key}: there is none in use")

    def stock(self, topic: str = "", asked: str = "", as_of: datetime | None = None) -> list[Stock]:
        """Stock answers of a topic, or found by words."""
        with reading(self._platform.engine).connect() as connection:
            return store.stock(connection, self._moment(as_of), topic, asked)

    def _region(self, one: Sent) -> str | None:
        if one.place:
            try:
                return PlaceStore(self._platform.engine).resolve(one.place).code
            except LookupError:
                pass
        return self.names.region(f"{one.place} {one.text}")

    def _moment(self, as_of: datetime | None) -> datetime:
        return as_of or self._platform.clock.now()


def _bunches(messages: Sequence[Message]) -> tuple[Bunch, ...]:
    found: dict[tuple[str, str | None], list[Message]] = {}
    for one in messages:
        found.setdefault((one.topics[0] if one.topics else OTHER, one.region), []).append(one)
    made = [
        Bunch(topic, region, tuple(inside), min(one.day for one in inside), max(one.day for one in inside))
        for (topic, region), inside in found.items()
    ]
    return tuple(sorted(made, key=lambda one: (-len(one.messages), one.topic, one.region or "")))
