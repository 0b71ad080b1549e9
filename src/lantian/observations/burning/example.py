"""The example's fires 示例: wardens first, then what cameras and satellites saw, then who went there and when."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.observations import alerts
from lantian.observations.burning import store
from lantian.observations.burning.duties import camera_signals, told
from lantian.observations.burning.firms import signals
from lantian.observations.burning.service import Burning
from lantian.observations.feeds import PLATFORM
from lantian.observations.feeds.service import Feeds

_FRESH = timedelta(minutes=15)
"""The newest fires are left as they are: somebody has to answer them on the page."""


_FEEDS = ("warden", "burning_alert", "fire_hotspot")


def install(platform: Platform, folder: Path, actor: str, *, seed: int = 2016) -> int:
    """Bring the feeds of wardens, alerts and hot spots of a folder of feeds, and tell what became of the fires.

    Gives how many fires were told of. Twice changes nothing.
    """
    feeds = Feeds(platform)
    for name in _FEEDS:
        for path in sorted((folder / name).glob("*.csv")):
            feeds.put(name, path, actor, known_at="time", example=True)
    now, burning = platform.clock.now(), Burning(platform)
    seen = camera_signals(feeds.read("burning_alert", PLATFORM), example=True)
    seen += signals(feeds.read("fire_hotspot", PLATFORM), example=True)
    burning.take(seen, actor, told=told(platform, now))
    dice, done = random.Random(seed), 0  # noqa: S311  (an invented course)
    steps = [
        (one, dice.uniform(1, 9), dice.uniform(9, 26), dice.uniform(14, 70), dice.random())
        for one in reversed(burning.listed(now))
    ]
    with audit.act(platform.engine, actor, "example: fires") as connection:
        for fire, seen_after, arrived_after, out_after, chance in steps:
            heard = fire.told_at or fire.found_at
            if not fire.example or fire.state not in ("waiting", "dispatched") or now - heard < _FRESH:
                continue
            who, name = fire.warden or "grid-patrol", fire.warden_name or "示例巡查员"
            minutes = {"seen": seen_after, "arrived": seen_after + arrived_after}
            minutes |= {"false" if chance < 0.15 else "out": seen_after + arrived_after + out_after}
            for kind, after in minutes.items():
                at = heard + timedelta(minutes=after)
                if at <= now:
                    reason = "示例：工地电焊火花，无焚烧" if kind == "false" else ""
                    store.add_event(connection, fire.id, kind, at, who, reason, {"name": name})
            done += 1
    over = [str(one.id) for one in burning.listed(now) if not one.open]
    alerts.end(platform.engine, "burning", over, now, actor)
    return done
