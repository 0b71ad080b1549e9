"""What is said of a fire: its alert, its name. Pure."""

from __future__ import annotations

from lantian.kernel.settings import TIMEZONE
from lantian.observations.alerts import Alert
from lantian.observations.burning.fire import BURNT, SOURCES, Fire


def alert_of(fire: Fire, region_name: str) -> Alert:
    """The alert of a new fire, which becomes a case of the work line burning by itself."""
    seen = f"{fire.found_at.astimezone(TIMEZONE):%m-%d %H:%M}"
    burnt_zh, burnt_en = BURNT.get(fire.kind, BURNT[""])
    source_zh, source_en = SOURCES.get(fire.source, (fire.source, fire.source))
    where = fire.address or f"{fire.lon:.4f}, {fire.lat:.4f}"
    name = f"{region_name}火点 {fire.id}"
    warden_zh = "已派网格员" if fire.warden else "没有当班网格员可派"  # names are for those who handle burning
    warden_en = "a warden was called" if fire.warden else "no warden is on duty there"
    return Alert(
        kind="burning",
        subject=str(fire.id),
        key="found",
        name=name,
        region=fire.region,
        at=fire.found_at,
        zh=f"{region_name}{where} {seen} {source_zh}发现露天焚烧（{burnt_zh}），{warden_zh}",
        en=f"{source_en} at {seen}: open burning ({burnt_en}) at {where}, {region_name}; {warden_en}",
        department="agriculture",
        figures={"source": fire.source, "kind": fire.kind, "signals": fire.signals},
        link=f"/burning/{fire.id}",
        category="burning",
        lon=fire.lon,
        lat=fire.lat,
        example=fire.example,
    )
