"""Suspects 可疑数据: the flags of one item at one place in an unbroken run, as one thing to decide. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations.quality.review import Decision

GAP = timedelta(hours=2)
"""Flags at most so far apart are one run."""

LESS = ("validity", "order")
"""Checks whose flags say something of the day or of two items: any other one goes before them in the words."""


@dataclass(frozen=True)
class Suspect:
    """A run of flags: of which item, where, which hours (first and last), how many of them, by which checks, what the
    strongest says (zh, en), and the decision that stands about its first hour, if any.
    """

    place: str
    kind: str
    item: str
    first: datetime
    last: datetime
    hours: int
    checks: tuple[str, ...]
    value: float | None
    zh: str
    en: str
    decision: Decision | None = None

    @property
    def day(self) -> date:
        """The day of Beijing in which it begins."""
        return self.first.astimezone(TIMEZONE).date()

    def says(self, language: str) -> str:
        """What the strongest check says."""
        return self.zh if language == "zh" else self.en


def suspects(flags: pl.DataFrame, decisions: Iterable[Decision] = ()) -> list[Suspect]:
    """Group flags (`Quality.flags`) into runs, the newest first."""
    standing = [one for one in decisions if one.stands]
    found = []
    for _, group in flags.sort("time").group_by("place", "item", maintain_order=True):
        run: list[dict[str, object]] = []
        for row in group.iter_rows(named=True):
            if run and row["time"] - run[-1]["time"] > GAP:
                found.append(_suspect(run, standing))
                run = []
            run.append(row)
        found.append(_suspect(run, standing))
    return sorted(found, key=lambda one: (one.first, one.place, one.item), reverse=True)


def _suspect(run: Sequence[dict[str, object]], decisions: Sequence[Decision]) -> Suspect:
    strongest = min(run, key=lambda row: row["check"] in LESS)
    first, last = run[0]["time"], run[-1]["time"]
    place, item = str(run[0]["place"]), str(run[0]["item"])
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    value = strongest["value"]
    decided = next((one for one in decisions if one.place == place and one.covers(item, first)), None)
    return Suspect(
        place,
        str(run[0]["kind"]),
        item,
        first,
        last,
        len({row["time"] for row in run}),
        tuple(dict.fromkeys(str(row["check"]) for row in run)),
        float(value) if isinstance(value, float | int) else None,
        str(strongest["zh"]),
        str(strongest["en"]),
        decided,
    )
