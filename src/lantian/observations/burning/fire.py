"""A fire as a fold over its events: found, dispatched, seen, arrived, out or false. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from lantian.observations.burning.settings import Settings, Step

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "found": ("发现", "Found"),
        "joined": ("又见", "Seen again"),
        "dispatched": ("派单", "Dispatched"),
        "seen": ("收到", "Answered"),
        "arrived": ("到场", "Arrived"),
        "out": ("扑灭", "Out"),
        "false": ("误报", "False alarm"),
        "escalated": ("升级", "Escalated"),
        "note": ("备注", "Note"),
    }
)
"""Kinds of event: Chinese, English."""

STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "waiting": ("待派单", "Nobody to send"),
        "dispatched": ("已派单", "Dispatched"),
        "seen": ("已接单", "On the way"),
        "arrived": ("已到场", "On the spot"),
        "out": ("已扑灭", "Out"),
        "false": ("误报", "False alarm"),
    }
)
"""States of a fire: Chinese, English."""

ENDED = ("out", "false")
"""States in which nothing more is to be done."""

MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "seen": ("waiting", "dispatched"),
        "arrived": ("waiting", "dispatched", "seen"),
        "out": ("arrived",),
        "false": ("waiting", "dispatched", "seen", "arrived"),
        "note": tuple(STATES),
    }
)
"""What a person may do, in which states."""

SOURCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"camera": ("视频", "Camera"), "satellite": ("卫星", "Satellite"), "report": ("上报", "Report")}
)
"""Where signals come from: Chinese, English."""

BURNT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "straw": ("秸秆", "straw"),
        "garbage": ("垃圾", "refuse"),
        "leaves": ("落叶", "leaves"),
        "other": ("其他", "other"),
        "": ("未分类", "not classified"),
    }
)
"""What burns: Chinese, English."""


class FireError(ValueError):
    """What cannot be done to a fire, in a sentence; ``zh`` in Chinese."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(frozen=True, slots=True)
class FireEvent:
    """Something that happened to a fire; ``data``: `warden` and `name` of who was called, `to` and `level`, `lon`..."""

    seq: int
    at: datetime
    actor: str
    kind: str
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire as it stands.

    Attributes:
        id: its number; region: the county or township; found_at: when it was first seen burning.
        told_at: when the platform heard of it, from which minutes are counted.
        state: of `STATES`; warden, warden_name: who was called last; called: all who were.
        level: how far it was escalated, 0: not; to: whom it went to then; told: accounts of the offices that were told.
        dispatched_at: of the first call; seen_at, arrived_at, ended_at; by whom it was ended, and why.
        signals: how many signals belong to it.
        closed_by, reason: who ended it and what they said; photos: SHA-256 of the pictures sent with any step.
    """

    id: int
    region: str
    lon: float
    lat: float
    found_at: datetime
    source: str
    kind: str = ""
    address: str = ""
    link: str = ""
    example: bool = False
    told_at: datetime | None = None
    state: str = "waiting"
    warden: str = ""
    warden_name: str = ""
    called: tuple[str, ...] = ()
    level: int = 0
    to: str = ""
    told: tuple[str, ...] = ()
    dispatched_at: datetime | None = None
    seen_at: datetime | None = None
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    closed_by: str = ""
    reason: str = ""
    photos: tuple[str, ...] = ()
    signals: int = 0
    events: int = 0

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in ENDED

    @property
    def to_arrival(self) -> float | None:
        """Minutes from the platform's hearing of it to the arrival; None: nobody arrived."""
        return self._minutes(self.arrived_at)

    @property
    def to_out(self) -> float | None:
        """Minutes until it was out; None: it is not, or was a false alarm."""
        return self._minutes(self.ended_at) if self.state == "out" else None

    def waited(self, now: datetime) -> float:
        """Minutes since the platform heard of it."""
        return (now - (self.told_at or self.found_at)).total_seconds() / 60

    def _minutes(self, at: datetime | None) -> float | None:
        return None if at is None or self.told_at is None else (at - self.told_at).total_seconds() / 60


def fold(fire: Fire, events: Sequence[FireEvent]) -> Fire:
    """The fire as its events leave it, in their order; ``fire`` is as it was found."""
    for event in events:
        photos = tuple(dict.fromkeys((*fire.photos, *event.data.get("photos", ()))))
        fire = replace(_after(fire, event), photos=photos, events=fire.events + 1)
    return fire


def refused(fire: Fire, kind: str, reason: str = "", *, photos: bool = False) -> FireError | None:
    """Why something cannot be done by a person now; None: it can. A note with ``photos`` needs no words."""
    if kind not in MOVES:
        return FireError(f"没有“{kind}”这一步", f"kind {kind!r}: expected one of {', '.join(MOVES)}")
    if fire.state not in MOVES[kind]:
        zh, en = KINDS[kind]
        now_zh, now_en = STATES[fire.state]
        hint = ("；请先报到场", "; say first that you have arrived") if kind == "out" and fire.open else ("", "")
        return FireError(
            f"火点 {fire.id} {now_zh}，不能“{zh}”{hint[0]}",
            f"fire {fire.id} stands at “{now_en}”: no “{en}” now{hint[1]}",
        )
    if not reason.strip() and (kind == "false" or (kind == "note" and not photos)):
        return FireError("请写明理由", "reason: missing; say why")
    return None


def due(fire: Fire, settings: Settings, now: datetime) -> tuple[Step, ...]:
    """Steps of escalation that are due and were not taken: nobody has answered for so long; none once it is."""
    if fire.state not in ("waiting", "dispatched"):
        return ()
    since = fire.dispatched_at or fire.told_at or fire.found_at
    return tuple(step for step in settings.escalation[fire.level :] if now - since >= timedelta(minutes=step.after))


def _after(fire: Fire, event: FireEvent) -> Fire:
    kind, data = event.kind, event.data
    if kind == "found":
        return replace(fire, told_at=event.at, signals=int(data.get("signals", 1)))
    if kind == "joined":
        return replace(fire, signals=fire.signals + int(data.get("signals", 1)))
    if kind == "dispatched":
        login = str(data.get("warden", ""))
        return replace(
            fire,
            state="dispatched" if fire.state == "waiting" else fire.state,
            warden=login,
            warden_name=str(data.get("name", "")),
            called=tuple(dict.fromkeys((*fire.called, login))),
            dispatched_at=fire.dispatched_at or event.at,
        )
    if kind == "escalated":
        told = tuple(dict.fromkeys((*fire.told, *data.get("told", ()))))
        return replace(fire, level=int(data.get("level", fire.level + 1)), to=str(data.get("to", "")), told=told)
    if kind == "seen":
        return replace(fire, state="seen", seen_at=event.at, warden=event.actor, warden_name=str(data.get("name", "")))
    if kind == "arrived":
        return replace(
            fire, state="arrived", seen_at=fire.seen_at or event.at, arrived_at=event.at, warden=event.actor,
            warden_name=str(data.get("name", "")) or fire.warden_name,
        )  # fmt: skip
    if kind in ENDED:
        return replace(
            fire, state=kind, ended_at=event.at, closed_by=event.actor, reason=event.reason,
            kind=str(data.get("burnt", "")) or fire.kind,
        )  # fmt: skip
    return fire
