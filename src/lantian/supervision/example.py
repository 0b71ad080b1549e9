"""Putting the example's campaign into a platform: its story told up to a moment, with invented photographs 示例."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Any

import sqlalchemy as sa
from PIL import Image, ImageDraw

from lantian.kernel import audit
from lantian.kernel.accounts import Account
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.places.outlines import Outline
from lantian.places.regions import is_within
from lantian.places.store import PlaceStore
from lantian.supervision import store
from lantian.supervision.events import BEIJING
from lantian.supervision.evidence import EvidenceStore
from lantian.supervision.register.service import Register
from lantian.supervision.register.store import Planned, PlannedRound
from lantian.supervision.rounds import Campaign
from lantian.supervision.story import Story, tell
from lantian.supervision.tables import supervision_case

_KNOWN = frozenset({"name", "group", "start", "rounds", "days", "until", "seed", "per_city"})
_GROUND = {
    "found": ((196, 178, 150), (120, 96, 66)),
    "mended": ((150, 180, 140), (84, 122, 78)),
    "checked": ((158, 176, 190), (88, 112, 132)),
    "minutes": ((238, 234, 224), (150, 146, 136)),
}


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> Story | None:
    """Tell the campaign of ``[campaign]`` and keep it; None where cases are there already, and nothing changes.

    Raises:
        ValueError: a field is unknown or missing. LookupError: no such group, or no outlines called ``counties``.
    """
    if unknown := sorted(config.keys() - _KNOWN):
        raise ValueError(f"[campaign] {unknown[0]}: unknown; expected {', '.join(sorted(_KNOWN))}")
    if missing := sorted({"name", "group", "start", "until"} - config.keys()):
        raise ValueError(f"[campaign] {missing[0]}: missing")
    with platform.engine.connect() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(supervision_case)):
            return None
    progress.stage("示例督查 campaign")
    campaign = Campaign(
        str(config["name"]),
        date.fromisoformat(str(config["start"])),
        int(config.get("rounds", 15)),
        int(config.get("days", 210)),
    )
    until = datetime.fromisoformat(str(config["until"])).replace(tzinfo=BEIJING)
    proofs = photographs(platform, actor)
    story = tell(
        campaign,
        _counties(PlaceStore(platform.engine), str(config["group"])),
        until,
        seed=int(config.get("seed", 2016)),
        per_city=int(config.get("per_city", 4)),
        proof=proofs.__getitem__,
    )
    with audit.act(platform.engine, actor, f"示例 {campaign.name}") as connection:
        store.add(connection, story.cases)
    _register(platform, campaign, story, actor)
    progress.advance(message=f"{len(story.cases)}")
    return story


def _register(platform: Platform, campaign: Campaign, story: Story, actor: str) -> None:
    """Sites, teams, draws and visits, each as of its own time."""
    register = Register(platform)
    register.store.put_sites(story.sites, actor, "示例")
    schedule = campaign.schedule()
    rounds = tuple(
        PlannedRound(campaign.name, one, settled, None) for one, settled in zip(schedule, story.assigned, strict=True)
    )
    cities = tuple(team.home_region for team in story.teams)
    begun = datetime.combine(campaign.start, time(8), BEIJING)
    register.store.put_campaign(Planned(campaign, cities, story.teams, rounds, True), "2016", begun, actor)
    for number, (made, people) in story.draws.items():
        at = datetime.combine(schedule[number - 1].start, time(8), BEIJING)
        register.keep_list(made.list_hash, people)
        register.store.put_draw(campaign.name, number, made, at, actor)
    seen = [(visit.round, visit.site, visit.at, visit.number) for visit in story.visits]
    register.store.put_visits(campaign.name, seen, actor)


def _counties(places: PlaceStore, group: str) -> dict[str, list[Outline]]:
    outlines = places.outlines("counties").outlines
    cities = places.group(group).members
    return {city: [one for code, one in outlines.items() if is_within(code, city)] for city in cities}


def photographs(platform: Platform, actor: str) -> dict[str, str]:
    """SHA-256 of an invented photograph of each kind, kept once: ``found``, ``mended``, ``checked``, ``minutes``."""
    account = Account(None, actor, actor, example=True)
    kept = EvidenceStore(platform)
    return {kind: kept.put(_photograph(kind), f"示例-{kind}.png", account).sha256 for kind in _GROUND}


@cache
def _photograph(kind: str) -> bytes:
    """A plain picture that says by its stripes that it is none: an example's photograph must fool nobody."""
    light, dark = _GROUND[kind]
    picture = Image.new("RGB", (480, 360), light)
    pen = ImageDraw.Draw(picture)
    for x in range(-360, 480, 48):
        pen.line([(x, 360), (x + 360, 0)], fill=dark, width=10)
    pen.rectangle([120, 150, 360, 210], fill=(255, 255, 255))
    pen.text((240, 180), f"EXAMPLE · {kind}", fill=(30, 30, 30), anchor="mm", font_size=22)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
