"""What is said of a fire: its alert, its name. Pure."""

from __future__ import annotations

from datetime import datetime

from lantian.kernel.settings import TIMEZONE
from lantian.observations.alerts import Alert
from lantian.observations.burning.fire import BURNT, SOURCES, Fire
from lantian.observations.burning.settings import Step


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


def escalation_key(to: str) -> str:
    """Key of the alert of an escalation to an office."""
    return f"unanswered-{to}"


def escalation_of(fire: Fire, step: Step, office: str, region_name: str, now: datetime) -> Alert:
    """The alert that tells an office (a region's code) that nobody has answered; it stands at that region."""
    where = fire.address or f"{fire.lon:.4f}, {fire.lat:.4f}"
    minutes = f"{fire.waited(now):.0f}"
    if fire.called:
        zh, en = (
            f"已派 {len(fire.called)} 名网格员，均未应答",
            f"none of the {len(fire.called)} wardens called answered",
        )
    else:
        zh, en = "没有当班网格员可派", "no warden is on duty there"
    level_zh, level_en = ("区县", "county") if step.to == "county" else ("市级", "city")
    return Alert(
        kind="burning",
        subject=str(fire.id),
        key=escalation_key(step.to),
        name=f"{region_name}火点 {fire.id}",
        region=office,
        at=now,
        zh=f"{region_name}{where} 火点已 {minutes} 分钟，{zh}，现报{level_zh}处置",
        en=f"fire at {where}, {region_name}: {minutes} min since it was told, {en}; now with the {level_en}",
        department="agriculture",
        figures={"minutes": round(fire.waited(now)), "called": len(fire.called), "level": fire.level},
        link=f"/burning/{fire.id}",
        lon=fire.lon,
        lat=fire.lat,
        example=fire.example,
    )
